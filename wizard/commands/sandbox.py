"""sandbox up, down, status, scenario, reset."""

from __future__ import annotations

from dataclasses import asdict

from wizard import compose
from wizard.catalog.scenarios import scenarios
from wizard.domain.finding import ExitCode, PreflightError, error
from wizard.domain.profile import SandboxTarget
from wizard.ui.headless.out import Out


def up(name: str, *, nodes: int, speed: float, seed: int, json: bool) -> int:
    out = Out(json_lines=json)
    compose.sandbox_up(name, SandboxTarget(nodes=nodes, speed=speed, seed=seed), keep=True)
    return _show(name, out)


def down(name: str) -> int:
    out = Out(json_lines=False)
    out.talk([f"sandbox {name} has ended" if compose.sandbox_down(name) else f"no sandbox {name} was running"])
    return int(ExitCode.OK)


def status(name: str, *, json: bool) -> int:
    return _show(name, Out(json_lines=json))


def scenario(sandbox: str, name: str, *, json: bool) -> int:
    """Without a name: lists them."""
    out = Out(json_lines=json)
    known = scenarios()
    if not name:
        if json:
            out.data([asdict(each) for each in known])
        for each in () if json else known:
            out.answer([f"{out.paint(each.name, 'bold')}: {each.title}", f"  {each.lesson}"])
        return int(ExitCode.OK)
    told = compose.sandbox_tell(sandbox, f"scenario/{name}")
    lesson = next((each for each in known if each.name == name), None)
    if json:
        out.data(told)
    elif lesson:
        out.answer([f"SIMULATED: {lesson.title}", f"  {lesson.lesson}"])
    return int(ExitCode.OK)


def reset(sandbox: str) -> int:
    compose.sandbox_tell(sandbox, "reset")
    Out(json_lines=False).talk([f"sandbox {sandbox}: every scenario has ended"])
    return int(ExitCode.OK)


def _show(name: str, out: Out) -> int:
    found = compose.sandbox_status(name)
    if found is None:
        hint = f"`wizard sandbox up --name {name}` starts it"
        raise PreflightError(error("no-sandbox", f"no sandbox {name} runs", hint=hint))
    if out.json:
        out.data(
            {"name": name, "simulated": True, "kubeconfig": str(found.kubeconfig), "url": found.url, "pid": found.pid}
        )
    else:
        out.answer([f"SIMULATED cluster {name} at {found.url}", f"  export KUBECONFIG={found.kubeconfig}"])
    return int(ExitCode.OK)
