"""plan, deploy, apply, rollback, destroy."""

from __future__ import annotations

import json
from pathlib import Path

from wizard import compose
from wizard.commands.base import Choices, ask, insist, need_consent, open_session
from wizard.domain.finding import ExitCode, UsageError, error
from wizard.domain.plan import Plan
from wizard.domain.profile import Profile, profile_from_data
from wizard.engine.session import Session
from wizard.ui.headless.out import Out
from wizard.ui.headless.run import to_the_end
from wizard.ui.headless.words import plan_lines
from wizard.ui.words import where_it_is


def plan(choices: Choices, *, detailed_exitcode: bool = False, diffs: bool = True, offline: bool = False) -> int:
    out = Out(json_lines=choices.json)
    profile = choices.load()
    nothing = compose.missing(profile)
    reach = compose.Reach.NONE if nothing or offline else compose.Reach.THERE
    session = open_session(choices, out, profile=profile, reach=reach)
    if nothing is None and not offline:
        made = compose.run(_planned(session))
    else:
        # What the profile means can be shown all the same.
        made = session.offline_plan()
        out.talk([f"planned without looking at a cluster: {nothing.summary if nothing else 'as asked'}"])
    out.plan(made, diffs=diffs)
    if made.blocked:
        return int(ExitCode.PREFLIGHT)
    return int(ExitCode.CHANGES if detailed_exitcode and not made.empty else ExitCode.OK)


async def _planned(session: Session) -> Plan:
    try:
        return (await session.plan())[0]
    finally:
        await session.close()


def deploy(choices: Choices, *, undo: bool = False) -> int:
    out = Out(json_lines=choices.json)
    agreed = None
    asking = need_consent(choices, out)
    profile = choices.load()
    session = open_session(choices, out, profile=profile, reach=compose.Reach.START)
    if asking:

        def agreed(made: Plan) -> bool:
            return ask(out, plan_lines(made, out.talk_paint), "Apply this plan?")

    code: ExitCode = compose.run(to_the_end(session, lambda: session.apply(agreed=agreed, undo=undo), out))
    return _finish(code, profile, out)


def apply(file: str, choices: Choices) -> int:
    """A saved plan needs no question: who applies it has read it."""
    out = Out(json_lines=choices.json)
    saved = _read_plan(Path(file))
    profile = profile_from_data(saved.profile)
    session = open_session(choices, out, profile=profile, reach=compose.Reach.START)
    code: ExitCode = compose.run(to_the_end(session, lambda: session.apply(expected=saved.fingerprint), out))
    return _finish(code, profile, out)


def _finish(code: ExitCode, profile: Profile, out: Out) -> int:
    if code is ExitCode.OK and not out.json:
        out.answer(where_it_is(profile))
    return int(code)


def _read_plan(path: Path) -> Plan:
    try:
        saved = Plan.from_dict(json.loads(path.read_bytes()))
        if not isinstance(saved.fingerprint, str) or not saved.fingerprint:
            raise ValueError("without its fingerprint nobody can tell whether the cluster has moved since")
        return saved
    except OSError as problem:
        raise UsageError(error("plan-file", f"{path} cannot be read", detail=str(problem))) from problem
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise UsageError(
            error(
                "plan-file",
                f"{path} is not a plan of this wizard",
                detail=f"{type(problem).__name__}: {problem}",
                hint="make one with `wizard plan --profile P --json > FILE`",
            )
        ) from problem


def rollback(choices: Choices, run: str) -> int:
    out = Out(json_lines=choices.json)
    session = open_session(choices, out)
    insist(choices, out, f"Undo the changes of {run or 'the last run'}?")
    return int(compose.run(to_the_end(session, lambda: session.rollback(run=run), out)))


def destroy(choices: Choices, *, delete_data: bool, server: bool = False) -> int:
    out = Out(json_lines=choices.json)
    profile = choices.load()
    if server and profile.target.kind != "k3s":
        raise UsageError(error("not-a-server", "--server is for target k3s", hint="leave it out"))
    if server and not delete_data:
        why = "k3s keeps the volumes on the server's disk: they go with it."
        hint = "add --delete-data to say that you know, or leave --server out"
        raise UsageError(error("needs-delete-data", "--server deletes all data", detail=why, hint=hint))
    session = open_session(choices, out, profile=profile, delete_data=delete_data, server=server)
    data = " AND DELETE ITS DATA" if delete_data else ""
    data += f", AND REMOVE K3S FROM {profile.target.need_k3s().host}" if server else ""
    insist(choices, out, f"Uninstall {session.desired.deployment}{data}?")
    return int(compose.run(to_the_end(session, session.destroy, out)))
