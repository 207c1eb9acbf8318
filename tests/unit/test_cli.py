"""The command line as a pipeline and an operator meet it: exit codes, what is on which stream, what is said."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from wizard import __version__
from wizard.cli import main
from wizard.domain.plan import Plan

ROOT = Path(__file__).resolve().parents[2]
EXIT_CODES = {
    0: "done", 1: "bug", 2: "usage or invalid profile", 3: "preflight failed", 4: "deployment failed", 5: "locked",
    6: "aborted", 7: "plan --detailed-exitcode found changes",
}  # fmt: skip
"""As the design publishes them."""


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Place:
    """An empty working directory and an empty home: nothing is found but what the wizard ships."""

    cwd: Path
    home: Path

    def run(self, *argv: str, environment: Mapping[str, str] | None = None) -> Ran:
        """In a process of its own, with no terminal, as a pipeline does."""
        clean = {"PATH": os.environ["PATH"], "HOME": str(self.home), "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}
        argv = (sys.executable, "-m", "wizard", *argv)
        done = subprocess.run(
            argv, cwd=self.cwd, env=clean | dict(environment or {}), capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip
        return Ran(done.returncode, done.stdout, done.stderr)

    def write(self, name: str, text: str) -> str:
        (self.cwd / name).write_text(text)
        return name


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    cwd, home = tmp_path / "cwd", tmp_path / "home"
    cwd.mkdir()
    home.mkdir()
    monkeypatch.chdir(cwd)
    monkeypatch.setenv("HOME", str(home))
    for name in [name for name in os.environ if name.startswith(("XDG_", "WIZARD_", "KUBE", "_WIZARD"))]:
        monkeypatch.delenv(name)
    return Place(cwd, home)


def call(*argv: str) -> Result:
    """In this process; its streams are no terminals."""
    return CliRunner().invoke(main, list(argv), catch_exceptions=False)


def findings(text: str) -> list[dict[str, Any]]:
    """The findings of a JSON answer that says what went wrong."""
    data = json.loads(text)
    assert (data["v"], data["event"]) == (1, "error")
    found: list[dict[str, Any]] = data["findings"]
    return found


# --- asking


def test_version_and_help(place: Place) -> None:
    assert place.run("--version") == Ran(0, f"wizard {__version__}\n", "")
    ran = place.run("--help")
    assert (ran.code, ran.err) == (0, "")
    for name in ("plan", "apply", "status", "rollback", "destroy", "credentials", "doctor", "schema", "completion"):
        assert re.search(rf"^  {name} ", ran.out, re.MULTILINE), name
    # Somebody may ask in a container that has no home, no locale, nothing.
    assert place.run("--help", environment={"HOME": "/nonexistent", "LANG": "C"}).code == 0


def test_help_lists_the_exit_codes() -> None:
    words = " ".join(call("--help").output.split())
    listed = re.findall(r"(\d) ([a-z][a-z -]*[a-z])(?=[,.])", words.split("Exit codes:")[1])
    assert {int(code): text for code, text in listed} == EXIT_CODES


def test_the_readme_lists_the_exit_codes() -> None:
    table = (ROOT / "README.md").read_text().split("### Exit codes")[1].split("##")[0]
    assert [int(code) for code in re.findall(r"^\| (\d) \|", table, re.MULTILINE)] == sorted(EXIT_CODES)


@pytest.mark.parametrize("name", sorted(main.commands))
def test_each_command_has_help_that_fits_80_columns(name: str) -> None:
    result = call(name, "--help")
    assert result.exit_code == 0
    assert max(map(len, result.output.splitlines())) <= 80
    assert result.output.splitlines()[2].strip()  # says what it does


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str) -> None:
    result = call("completion", shell)
    assert result.exit_code == 0
    assert "_WIZARD_COMPLETE" in result.output
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=result.output, text=True, check=True)


def test_completion_of_another_shell() -> None:
    assert call("completion", "tcsh").exit_code == 2


def test_schema_is_the_published_file(place: Place) -> None:
    ran = place.run("schema")
    assert ran == Ran(0, (ROOT / "assets/schema/profile.schema.json").read_text(), "")


# --- usage


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ((), "which profile?"),
        (("--yes",), "which profile?"),
        (("plan",), "which profile?"),
        (("destroy", "--yes"), "which profile?"),
        (("nonsense",), "No such command 'nonsense'"),
        (("plan", "--nonsense"), "No such option '--nonsense'"),
        (("--profile",), "requires an argument"),
        (("--profile", "demo", "plan"), "after the command: wizard plan"),
        (("--set", "a=b", "status"), "after the command: wizard status"),
        (("plan", "--profile", "demo", "surplus"), "unexpected extra argument"),
        (("--profile", "demo", "--patience", "-1"), "--patience"),
        (("--profile", "demo", "--deadline", "soon"), "--deadline"),
        (("apply",), "Missing argument 'FILE'"),
        (("credentials", "steal"), "'steal' is not one of"),
    ],
)
def test_usage(argv: tuple[str, ...], words: str, place: Place) -> None:
    result = call(*argv)
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())
    assert result.stdout == ""


def test_an_unknown_profile_names_the_nearest(place: Place) -> None:
    ran = place.run("plan", "--profile", "dmeo")
    assert (ran.code, ran.out) == (2, "")
    assert "there is no profile 'dmeo'" in ran.err
    assert "did you mean 'demo'?" in ran.err
    far = place.run("plan", "--profile", "xyzzy")
    assert "there are: cluster, demo, k3s-4gb, prod" in far.err


def test_an_invalid_profile_lists_all_with_file_and_line(place: Place) -> None:
    name = place.write(
        "bad.yaml",
        "name: Prod!\ntarget:\n  kind: clutser\nmodels: [qwen3:0.6b]\nstorage:\n  models: big\n  colour: red\n",
    )
    ran = place.run("--profile", name, "--yes")
    assert (ran.code, ran.out) == (2, "")
    places = re.findall(r"^error: .*\((bad\.yaml:\d+) (\S+)\)", ran.err, re.MULTILINE)
    assert places == [
        ("bad.yaml:1", "name"),
        ("bad.yaml:3", "target.kind"),
        ("bad.yaml:6", "storage.models"),
        ("bad.yaml:7", "storage.colour"),
    ]
    assert "cluster" in ran.err  # the nearest right word


@pytest.mark.parametrize(
    ("override", "code"),
    [
        ("target.kind", "profile-override"),
        ("=x", "profile-override"),
        ("storage.models=big", "profile-format"),
        ("nonsense.key=1", "profile-unknown-key"),
        ("target.kind=moon", "profile-choice"),
    ],
)
def test_a_wrong_override(override: str, code: str, place: Place) -> None:
    result = call("plan", "--profile", "demo", "--set", override, "--json")
    assert result.exit_code == 2
    (finding,) = findings(result.stdout)
    assert finding["where"]["file"] == "--set"
    assert (finding["severity"], finding["code"]) == ("error", code)
    assert finding["summary"]


def test_overrides_are_applied_in_order(place: Place) -> None:
    result = call(
        "plan", "--profile", "demo", "--json", "--set", "name=one", "--set", "name=two", "--set", "namespace=ai"
    )
    assert result.exit_code == 0
    plan = Plan.from_dict(json.loads(result.stdout))
    assert (plan.deployment, plan.namespace) == ("two", "ai")


# --- nobody to ask


@pytest.mark.parametrize("command", [(), ("rollback",), ("destroy",)])
def test_no_terminal_and_no_yes(command: tuple[str, ...], place: Place) -> None:
    ran = place.run(*command, "--profile", "cluster")
    assert (ran.code, ran.out) == (2, "")
    assert "there is no terminal to ask at" in ran.err
    assert "do: add --yes, or look first with --plan" in ran.err


def test_json_never_asks(place: Place) -> None:
    result = call("--profile", "cluster", "--json")
    assert result.exit_code == 2
    assert [finding["code"] for finding in findings(result.stdout)] == ["needs-yes"]


def test_no_cluster_to_be_found(place: Place) -> None:
    ran = place.run("--profile", "cluster", "--yes")
    assert (ran.code, ran.out) == (3, "")
    assert re.search(r"^error: .*kubeconfig", ran.err)
    assert "Traceback" not in ran.err


# --- errors as JSON


@pytest.mark.parametrize(
    ("argv", "exit_code"),
    [
        (("--json",), 2),
        (("plan", "--json"), 2),
        (("plan", "--json", "--profile", "nowhere"), 2),
        (("plan", "--profile", "demo", "--nonsense", "--json"), 2),
        (("nonsense", "--json"), 2),
        (("status", "--profile", "prod", "--json"), 2),
        (("status", "--profile", "cluster", "--json"), 3),
        (("apply", "nowhere.json", "--json"), 2),
        (("--profile", "cluster", "--yes", "--json"), 3),
    ],
)
def test_errors_are_json_where_json_was_asked_for(argv: tuple[str, ...], exit_code: int, place: Place) -> None:
    ran = place.run(*argv)
    assert ran.code == exit_code
    assert json.loads(ran.out)["exit_code"] == exit_code
    assert findings(ran.out)[0]["severity"] == "error"
    assert ran.err == ""


def test_a_value_that_looks_like_the_option_is_none(place: Place) -> None:
    result = call("plan", "--", "--json")
    assert result.exit_code == 2 and result.stdout == ""


# --- plan


def test_plan_of_the_demo_from_nowhere(place: Place) -> None:
    ran = place.run("plan", "--profile", "demo")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0] == "demo: namespace chat SIMULATED"
    assert lines[-1] == "14 to create"
    for name in ("postgresql", "ollama", "open-webui", "prometheus", "grafana", "loki"):
        assert f"+ create  release chat/{name}: not installed" in lines
    assert ran.err.startswith("planned without looking at a cluster")
    assert [path.name for path in place.cwd.rglob("*")] == []
    assert [path.name for path in place.home.rglob("*")] == []  # looking leaves no trace


def test_the_top_level_option_plans_the_same(place: Place) -> None:
    assert call("--profile", "demo", "--plan").output == call("plan", "--profile", "demo").output


def test_plan_as_json_is_the_same_every_time(place: Place) -> None:
    one, two = (place.run("plan", "--offline", "--profile", "k3s-4gb", "--json") for _ in range(2))
    assert one == two and one.code == 0
    plan = Plan.from_dict(json.loads(one.out))
    assert not plan.blocked and len(plan.fingerprint) == 24 and plan.profile["name"] == "chat"
    assert [step.id for step in plan.steps][:4] == ["server-preflight", "k3s-install", "k3s-ready", "namespace"]


def test_detailed_exitcode(place: Place) -> None:
    assert call("plan", "--profile", "demo", "--detailed-exitcode").exit_code == 7
    assert call("plan", "--profile", "prod", "--detailed-exitcode").exit_code == 3  # cannot be applied: says so first


def test_a_plan_that_cannot_be_applied(place: Place) -> None:
    result = call("plan", "--profile", "prod")
    assert result.exit_code == 3
    assert "error: tenants with namespaces of their own: not deployed by this version (tenants)" in result.stdout


def test_plan_in_ascii(place: Place) -> None:
    plain = {"LANG": "C", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    ran = place.run("plan", "--profile", "demo", environment=plain)
    assert ran.code == 0
    assert ran.out.isascii() and ran.err.isascii()


# --- apply


@pytest.fixture
def saved(place: Place) -> dict[str, Any]:
    """A plan as `plan --json` wrote it, made to point at a cluster that is nowhere: no test here can reach one."""
    data: dict[str, Any] = json.loads(call("plan", "--offline", "--profile", "k3s-4gb", "--json").stdout)
    data["profile"]["target"] = {"kind": "cluster", "cluster": {"kubeconfig": "/nonexistent/config"}}
    return data


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "1",
        '"text"',
        "{}",
        '{"schema": "wizard.dev/plan/v1"}',
        "\x00\x01",
        "name: yaml\n",
        "[" * 100_000,
    ],
    ids=range(11),
)
def test_apply_of_garbage(text: str, place: Place) -> None:
    ran = place.run("apply", place.write("plan.json", text), "--yes")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: plan.json is not a plan of this wizard [plan-file]\n")
    assert "do: make one with `wizard plan --profile P --json > FILE`" in ran.err


@pytest.mark.parametrize("fingerprint", ["", None, 0, False, []])
def test_apply_of_a_plan_without_a_fingerprint(fingerprint: object, saved: dict[str, Any], place: Place) -> None:
    """It is what tells whether the cluster has moved since somebody read the plan: none is no consent."""
    text = json.dumps({**saved, "fingerprint": fingerprint})
    result = call("apply", place.write("plan.json", text))
    assert result.exit_code == 2
    assert "is not a plan of this wizard" in result.stderr


def test_apply_of_a_truncated_plan(saved: dict[str, Any], place: Place) -> None:
    text = json.dumps(saved)
    for length in (1, len(text) // 2, len(text) - 1):
        assert call("apply", place.write("plan.json", text[:length])).exit_code == 2


def test_apply_of_no_file(place: Place) -> None:
    assert "cannot be read" in call("apply", "nowhere.json").stderr
    assert call("apply", str(place.cwd)).exit_code == 2
    (place.cwd / "latin").write_bytes(b"\xff\xfe\xfa")
    assert call("apply", "latin").exit_code == 2


def test_apply_of_a_plan_that_somebody_edited(saved: dict[str, Any], place: Place) -> None:
    """Never a bug's exit code, whatever is written in the file."""
    for key in saved:
        others: list[Any] = [None, "text", 5, [1], {"a": [1]}, [{}], [[1]]]
        for wrong in others:
            text = json.dumps({**saved, key: wrong})
            result = CliRunner().invoke(main, ["apply", place.write("plan.json", text)])
            assert result.exit_code in (2, 3), (key, wrong, result.output)  # 3: read, and there is no cluster
            assert "Traceback" not in result.output


def test_apply_of_a_plan_for_a_target_that_is_not_deployable(place: Place) -> None:
    saved = call("plan", "--profile", "prod", "--json").stdout
    result = call("apply", place.write("plan.json", saved))
    assert result.exit_code == 2
    assert "target aws: not deployed by this version" in result.stderr


def test_apply_of_a_plan_with_a_profile_that_is_not_valid(saved: dict[str, Any], place: Place) -> None:
    broken = {**saved, "profile": {**saved["profile"], "name": "Not A Label", "surplus": 1}}
    result = call("apply", place.write("plan.json", json.dumps(broken)))
    assert result.exit_code == 2
    assert "(name)" in result.stderr and "(surplus)" in result.stderr


# --- doctor


def test_doctor_without_a_profile(place: Place) -> None:
    ran = place.run("doctor", "--json", environment={"WIZARD_HELM": "/nonexistent/helm"})
    checks = {check["name"]: check for check in json.loads(ran.out)}
    assert checks["wizard"]["ok"] and __version__ in checks["wizard"]["words"]
    assert not checks["helm"]["ok"] and checks["helm"]["hint"]
    assert checks["state"]["ok"]
    assert ran.code == 3


# --- bugs


@pytest.mark.parametrize("argv", ["plan --profile demo", "plan --profile demo --json", "plan --profile nowhere --json"])
def test_a_reader_that_has_gone_is_no_bug(argv: str, place: Place) -> None:
    """`wizard plan --profile demo | head -0`."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as gone:
        done = subprocess.run(
            [sys.executable, "-m", "wizard", *argv.split()], cwd=place.cwd, stdout=gone, stderr=subprocess.PIPE,
            text=True, check=False, env={"PATH": os.environ["PATH"], "HOME": str(place.home), "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
    assert done.returncode == (2 if "nowhere" in argv else 0)
    assert "Traceback" not in done.stderr and "BrokenPipe" not in done.stderr


def test_a_bug_has_its_own_exit_code_and_shows_no_locals(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> int:
        password = "correct-horse-battery"
        raise RuntimeError(f"unexpected {len(password)}")

    monkeypatch.setattr("wizard.commands.deploy.plan", broken)
    result = call("plan", "--profile", "demo")
    assert result.exit_code == 1
    assert "RuntimeError: unexpected 21" in result.stderr
    assert "this is a bug of the wizard" in result.stderr


def test_an_interrupt_is_an_abort(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("wizard.commands.deploy.plan", interrupted)
    assert call("plan", "--profile", "demo").exit_code == 6


def test_a_finding_inside_a_task_group_is_still_a_finding(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    from wizard.domain.finding import LockedError, error

    def locked(*_: object, **__: object) -> int:
        raise ExceptionGroup("tasks", [ExceptionGroup("more", [LockedError(error("locked", "by ana"))])])

    monkeypatch.setattr("wizard.commands.deploy.plan", locked)
    result = call("plan", "--profile", "demo")
    assert (result.exit_code, result.stderr) == (5, "error: by ana [locked]\n")
