"""Plain mode from its start menu to its end."""

from __future__ import annotations

import time

from wizard.domain.finding import ExitCode, UsageError
from wizard.ui.flow.draft import Draft
from wizard.ui.flow.presets import new_draft
from wizard.ui.plain.drawers import Desk
from wizard.ui.plain.prompts import Interrupted, Option, Prompts, prompts
from wizard.ui.plain.review import interrupted, may_leave, review
from wizard.ui.plain.talk import Talk
from wizard.ui.plain.walk import walk
from wizard.ui.services import Outcome, ProfileEntry, Services, UnfinishedRun


def run_plain(
    services: Services, *, draft: Draft | None = None, asking: Prompts | None = None, talk: Talk | None = None
) -> Outcome:
    """The walk at a terminal, until it is left. With a draft it begins at the review of that one."""
    desk = Desk(services, asking or prompts(), talk or Talk())
    return _App(desk).run(draft)


class _App:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._draft: Draft | None = None

    def run(self, draft: Draft | None) -> Outcome:
        try:
            if draft is not None:
                outcome = self._through(draft, begin="review")
                if outcome is not None:
                    return outcome
            while True:
                outcome = self._home()
                if outcome is not None:
                    return outcome
        except (Interrupted, KeyboardInterrupt):  # at a question, or while something is looked up
            return interrupted(self._desk, self._draft)

    def _home(self) -> Outcome | None:
        """One choice of the start menu, and where it leads; None: ask again."""
        self._draft = None
        services = self._desk.services
        profiles, unfinished = services.profiles(), services.unfinished()
        self._desk.talk.heading("wizard", "Open WebUI, Ollama and PostgreSQL on a server or a cluster of yours.")
        demo = next((entry for entry in profiles if entry.name == "demo" and not entry.draft), None)
        options = [Option(run, f"Go on with {run.deployment}", _run_words(run)) for run in unfinished if run.profile]
        options += [
            Option(entry, f"Go on with the draft {entry.name}", entry.summary) for entry in profiles if entry.draft
        ]
        options.append(Option("new", "New profile", "nine short chapters, each with its defaults filled in"))
        if any(not entry.draft for entry in profiles):
            options.append(Option("open", "Open a profile"))
        if demo:
            options.append(Option("demo", "Demo", "a simulated cluster on this machine, nothing else is touched"))
        options.append(Option("quit", "Quit"))
        chosen = self._desk.prompts.select("What do you want to do?", options)
        if chosen == "quit":
            return Outcome(int(ExitCode.OK))
        if chosen == "new":
            return self._through(new_draft(), begin="walk")
        if chosen == "open":
            chosen = self._which([entry for entry in profiles if not entry.draft])
        if chosen == "demo":
            chosen = demo
        if isinstance(chosen, UnfinishedRun):
            path = chosen.profile
            chosen = next((entry for entry in profiles if str(entry.path) == path or entry.name == path), None)
        return self._open(chosen) if isinstance(chosen, ProfileEntry) else None

    def _which(self, profiles: list[ProfileEntry]) -> ProfileEntry | None:
        options = [Option(e, e.name, ", ".join(part for part in (e.target, e.summary) if part)) for e in profiles]
        chosen = self._desk.prompts.select("Which profile?", [*options, Option("back", "Go back")])
        return chosen if isinstance(chosen, ProfileEntry) else None

    def _open(self, entry: ProfileEntry) -> Outcome | None:
        try:
            data = self._desk.services.read(entry)
        except UsageError as problem:
            self._desk.talk.findings(problem.findings)
            return None
        return self._through(Draft(data, entry.path), begin="walk" if entry.draft else "review")

    def _through(self, draft: Draft, *, begin: str) -> Outcome | None:
        self._draft = draft
        while begin == "walk" and not walk(self._desk, draft):
            if may_leave(self._desk, draft):
                return None
        return review(self._desk, draft)


def _run_words(run: UnfinishedRun) -> str:
    minutes = max(0, int(time.time() - run.at)) // 60
    ago = f"{minutes} min" if minutes < 120 else f"{minutes // 60} h" if minutes < 2880 else f"{minutes // 1440} days"
    return f"{run.what} {run.why} {ago} ago, {run.done} of {run.steps} steps done"
