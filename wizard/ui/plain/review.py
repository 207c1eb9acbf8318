"""Review, deploy and done in plain mode."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal

from wizard.domain.finding import ExitCode, Finding, Severity, UsageError, WizardError
from wizard.domain.plan import Plan
from wizard.domain.profile import Profile
from wizard.ui.flow.chapters import CHAPTERS, chapter_of
from wizard.ui.flow.draft import Draft
from wizard.ui.headless.run import to_the_end
from wizard.ui.headless.words import plan_lines
from wizard.ui.plain.drawers import Desk
from wizard.ui.plain.prompts import Interrupted, Option
from wizard.ui.plain.walk import walk
from wizard.ui.services import Outcome, Saved
from wizard.ui.words import where_it_is


@dataclass(slots=True)
class _Look:
    """What was planned, and whether the target itself was looked at."""

    plan: Plan | None = None
    seen: bool = False
    findings: tuple[Finding, ...] = ()

    @property
    def blocked(self) -> bool:
        wrong = [
            f for f in (*self.findings, *(self.plan.findings if self.plan else ())) if f.severity is Severity.ERROR
        ]
        return self.plan is None or bool(wrong)


def review(desk: Desk, draft: Draft) -> Outcome | None:
    """Until it is deployed, or left; None: back to the start."""
    while True:
        desk.talk.heading("Review", "What will be done, and what will be saved.")
        profile = draft.profile()
        look = _look(desk, profile) if profile else _Look(findings=draft.findings())
        if look.plan is not None:
            desk.talk.lines(plan_lines(look.plan, desk.talk.out.talk_paint, diffs=False))
        desk.talk.findings(look.findings)
        outcome = _choose(desk, draft, look)
        if not isinstance(outcome, str):
            return outcome


def _choose(desk: Desk, draft: Draft, look: _Look) -> Outcome | Literal["again"] | None:
    """`again` where something changed that the plan depends on."""
    while True:
        profile = draft.profile()
        options = []
        if profile is not None and not look.blocked:
            mark = " (SIMULATED)" if profile.simulated else ""
            options.append(Option("deploy", f"Deploy{mark}" if look.plan and look.plan.steps else "Check once more"))
        if draft.findings():
            options.append(Option("fix", f"Put it right: {chapter_of(draft.findings()[0].where.path or '').title}"))
        options += [
            Option("save", "Save the profile" if profile else "Save the draft"),
            Option("yaml", "Show the YAML"),
            *([Option("diffs", "Show the plan with its diffs")] if look.plan else []),
            Option("change", "Change something"),
            Option("home", "Back to the start"),
            Option("quit", "Quit"),
        ]
        chosen = desk.prompts.select("Review", options, menu=True)
        if chosen == "deploy" and profile is not None:
            return deploy(desk, draft, profile, look)
        if chosen == "fix" or chosen == "change":
            change(desk, draft, first=chosen == "fix")
            return "again"
        if chosen == "save":
            save(desk, draft, as_draft=profile is None)
        elif chosen == "yaml":
            desk.talk.lines(["", *draft.yaml().splitlines()])
        elif chosen == "diffs" and look.plan:
            desk.talk.lines(plan_lines(look.plan, desk.talk.out.talk_paint))
        elif may_leave(desk, draft):
            return None if chosen == "home" else Outcome(int(ExitCode.OK))


def change(desk: Desk, draft: Draft, *, first: bool) -> None:
    """From a chapter on; `first`: from that of the first finding."""
    if first:
        walk(desk, draft, chapter_of(draft.findings()[0].where.path or "").id)
        return
    there = [chapter for chapter in CHAPTERS if chapter.when(draft)]
    chosen = desk.prompts.select(
        "Which chapter?", [Option(chapter.id, chapter.title, chapter.lead) for chapter in there]
    )
    walk(desk, draft, chosen)


def save(desk: Desk, draft: Draft, *, as_draft: bool = False) -> Saved | None:
    """None where it could not be written, which is said."""
    name = draft.origin.stem if draft.origin else draft.name or "chat"
    try:
        if as_draft:
            saved = desk.services.save(name, draft.everything, draft=True)
        else:
            name = desk.prompts.text("Name of the profile:", name, lambda text: "" if text.strip() else "needs a name")
            saved = desk.services.save(name.strip(), draft.data, path=draft.origin)
    except UsageError as problem:
        desk.talk.findings(problem.findings)
        return None
    draft.saved(saved.path)
    desk.talk.say(f"saved: {saved.path}")
    return saved


def may_leave(desk: Desk, draft: Draft, *, deployed: bool = False) -> bool:
    """Asks once whether to save what was changed, or deployed and never saved; False where the operator stays."""
    if not draft.changed and not (deployed and draft.origin is None):
        return True
    whole = deployed and draft.profile() is not None
    kept = Option("save", "Save the profile") if whole else Option("save", "Save it as a draft")
    options = [kept, Option("drop", "Leave without saving"), Option("stay", "Stay")]
    chosen = desk.prompts.select("What you said is not saved yet", options)
    if chosen == "save":
        return save(desk, draft, as_draft=not whole) is not None
    return bool(chosen == "drop")


def _look(desk: Desk, profile: Profile) -> _Look:
    """The plan for the target as it is, or for an empty one where it cannot be looked at."""
    try:
        if profile.target.kind == "cluster" or desk.services.kubeconfig(profile):
            desk.talk.say("looking at the target")
            return _Look(asyncio.run(_plan(desk, profile)), seen=True)
    except WizardError as problem:
        return _Look(desk.services.offline_plan(profile), findings=problem.findings)
    return _Look(desk.services.offline_plan(profile), findings=_forbids(profile))


def _forbids(profile: Profile) -> tuple[Finding, ...]:
    from wizard.planning.coverage import undeployable

    gap = undeployable(profile)
    return (gap,) if gap else ()


async def _plan(desk: Desk, profile: Profile) -> Plan:
    session = desk.services.session(profile, desk.talk.say)
    try:
        return (await session.plan())[0]
    finally:
        await session.close()


def deploy(desk: Desk, draft: Draft, profile: Profile, look: _Look) -> Outcome | Literal["again"] | None:
    """Carries it out, then shows where it is; where it fails, asks what next."""
    desk.talk.heading("Deploy", "Ctrl-C lets what runs finish; once more forces.")
    wanted = look.plan.fingerprint if look.plan and look.seen else ""
    code, undo = _run(desk, profile, wanted), False
    while code is not ExitCode.OK:
        options = [
            Option("again", "Try again", "what is done already is left as it is"),
            Option("undo", "Roll back", "undo what this run changed"),
            Option("review", "Back to the review"),
            Option("quit", "Quit", "`wizard` can go on with it later"),
        ]
        chosen = desk.prompts.select(f"It ended with exit code {int(code)}", options)
        if chosen == "review":
            return "again"
        if chosen == "quit":
            return Outcome(int(code))
        undo = chosen == "undo"
        code = _run(desk, profile, "", undo=undo)
        if undo and code is ExitCode.OK:
            desk.talk.say("Rolled back.")
            return "again"
    return _done(desk, draft, profile)


def _run(desk: Desk, profile: Profile, expected: str, *, undo: bool = False) -> ExitCode:
    try:
        session = desk.services.session(profile, desk.talk.say)
        command = session.rollback if undo else lambda: session.apply(expected=expected)
        return asyncio.run(to_the_end(session, command, desk.talk.out))
    except WizardError as problem:
        desk.talk.findings(problem.findings)
        return ExitCode(problem.exit_code)


def _done(desk: Desk, draft: Draft, profile: Profile) -> Outcome | None:
    desk.talk.heading("Done")
    desk.talk.out.answer(where_it_is(profile))
    if profile.target.kind == "sandbox":
        desk.talk.help("The simulated platform ends with this wizard; `wizard --keep` lets it stay.")
    while True:
        options = [
            Option("quit", "Quit"),
            *([Option("save", "Save the profile")] if draft.changed or draft.origin is None else []),
            Option("home", "Back to the start"),
        ]
        chosen = desk.prompts.select("Done", options, menu=True)
        if chosen == "save":
            save(desk, draft)
        elif may_leave(desk, draft, deployed=True):
            return None if chosen == "home" else Outcome(int(ExitCode.OK))


def interrupted(desk: Desk, draft: Draft | None) -> Outcome:
    """After Ctrl-C at a question: asks once whether to keep what was said."""
    words: tuple[str, ...] = ()
    if draft is not None and draft.changed:
        try:
            if desk.prompts.confirm("Save what you said as a draft?", True) and (
                saved := save(desk, draft, as_draft=True)
            ):
                words = (f"the draft is {saved.path}; `wizard --plain` goes on with it",)
        except Interrupted:
            pass  # meant it
    return Outcome(int(ExitCode.ABORTED), words)
