"""The first screen: go on with what was begun, open a profile, begin a new one, see the demo."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, OptionList, Static
from textual.widgets.option_list import Option

from wizard.domain.finding import WizardError
from wizard.ui.services import ProfileEntry, UnfinishedRun
from wizard.ui.tui.own import services_of
from wizard.ui.tui.text import clean, fit, plain
from wizard.ui.tui.widgets.bar import Bar


@dataclass(frozen=True, slots=True)
class Choice:
    kind: str
    """`new`, `open`, `watch` or `quit`."""
    entry: ProfileEntry | None = None


class HomeScreen(Screen[Choice]):
    """Where everything begins. Enter opens what is marked; a profile opens at its review, nothing is changed yet."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", "New profile"),
        Binding("d", "demo", "Demo"),
        Binding("w", "watch", "Watch", tooltip="Show what runs there, without deploying"),
        Binding("j", "move(1)", "Down", show=False),
        Binding("k", "move(-1)", "Up", show=False),
        Binding("q", "app.leave", "Quit", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._entries: dict[str, ProfileEntry] = {}

    def compose(self) -> ComposeResult:
        yield Bar("wizard")
        with Vertical(id="home-box"):
            yield Static("Open WebUI, Ollama and PostgreSQL, observed and yours.", id="home-lead")
            yield OptionList(*self._always(), id="home-list", markup=False)
            yield Static("", id="home-note", markup=False)
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()
        # After the first frame: nobody should wait for a folder to be read.
        self.call_after_refresh(self._fill)

    def _always(self) -> list[Option]:
        return [
            Option(_line("New profile", "decide where, how big, for whom; then deploy"), id="new"),
            Option(_line("Demo", "a simulated cluster; nothing outside is touched"), id="demo"),
        ]

    @work(thread=True, group="home")
    def _fill(self) -> None:
        services = services_of(self)
        try:
            runs, profiles, note = services.unfinished(), services.profiles(), ""
        except WizardError as wrong:
            runs, profiles, note = (), (), wrong.findings[0].summary
        self.app.call_from_thread(self._filled, list(runs), list(profiles), note)

    def _filled(self, runs: list[UnfinishedRun], profiles: list[ProfileEntry], note: str) -> None:
        by_path = {str(entry.path): entry for entry in profiles}
        options: list[Option | None] = []
        for at, run in enumerate(runs[:3]):
            entry = by_path.get(run.profile)
            if entry is not None:
                self._entries[f"run{at}"] = entry
                options.append(Option(_line(f"Continue {run.deployment}", _about(run)), id=f"run{at}"))
        if options:
            options.append(None)
        options += self._always()
        mine = [entry for entry in profiles if not entry.shipped]
        examples = [entry for entry in profiles if entry.shipped]
        for heading, group in (("Yours", mine), ("Examples", examples)):
            if not group:
                continue
            options += [None, Option(plain(heading, "$muted"), disabled=True)]
            for entry in group:
                id_ = f"open{len(self._entries)}"
                self._entries[id_] = entry
                mark = "draft, " if entry.draft else ""
                options.append(Option(_line(entry.name, f"{mark}{entry.target}: {entry.summary}"), id=id_))
        listed = self.query_one(OptionList)
        marked = listed.highlighted or 0
        listed.set_options(options)
        # What can be gone on with is what one most likely came for.
        listed.highlighted = min(marked, listed.option_count - 1)
        self.query_one("#home-note", Static).update(plain(note, "$text-error"))

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        id_ = event.option_id or ""
        if id_ == "new":
            self.action_new()
        elif id_ == "demo":
            self.action_demo()
        elif id_ in self._entries:
            self.dismiss(Choice("open", self._entries[id_]))

    def action_move(self, by: int) -> None:
        listed = self.query_one(OptionList)
        listed.action_cursor_down() if by > 0 else listed.action_cursor_up()

    def action_new(self) -> None:
        self.dismiss(Choice("new"))

    def action_demo(self) -> None:
        demo = next((entry for entry in self._entries.values() if entry.name == "demo" and not entry.draft), None)
        if demo is None:
            try:
                demo = next((entry for entry in services_of(self).profiles() if entry.name == "demo"), None)
            except WizardError as wrong:
                self.notify(wrong.findings[0].summary, severity="error")
                return
        if demo is None:
            self.notify("no profile named demo is there", severity="error")
        else:
            self.dismiss(Choice("open", demo))

    def action_watch(self) -> None:
        listed = self.query_one(OptionList)
        option = listed.highlighted_option
        entry = self._entries.get(option.id or "") if option else None
        if entry is None:
            self.notify("mark a profile first: its cluster is what is shown")
        else:
            self.dismiss(Choice("watch", entry))


def _line(name: str, note: str) -> Content:
    return Content.assemble(fit(clean(name, 40), 24), "  ", (clean(note, 200), "$muted"))


def _about(run: UnfinishedRun) -> str:
    ago = max(0.0, time.time() - run.at)
    when = next(
        f"{int(ago // n)} {unit} ago"
        for n, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
        if ago >= n or n == 1
    )
    return f"{run.what} {run.why} after {run.done} of {run.steps} steps, {when}"
