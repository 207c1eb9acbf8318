"""One alert: what it means, what to do, what it is about; and silencing it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Footer, Static

from wizard.ui.tui import styling
from wizard.ui.tui.panes.alerts import Line
from wizard.ui.tui.panes.words import clock, now, span
from wizard.ui.tui.text import plain


class AlertScreen(ModalScreen[str]):
    """What its rule says about an alert. Answers `silence`, `expire` or nothing."""

    CSS_PATH = styling.DASHBOARD

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "answer('silence')", "Mute"),
        Binding("x", "answer('expire')", "End silence"),
        Binding("y", "copy", "Copy", tooltip="All of it, to the clipboard"),
        Binding("escape,q,enter", "answer('')", "Close"),
    ]

    def __init__(self, line: Line) -> None:
        super().__init__()
        self.line = line

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="alert-box") as box:
            box.border_title = plain(self.line.alert.name if self.line.alert else "Silence", limit=70)
            yield Static(self.words(), markup=False)
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if parameters == ("silence",):
            return self.line.alert is not None
        if parameters == ("expire",):
            return self.line.silenced
        return super().check_action(action, parameters)

    def words(self) -> Content:
        """Meaning first, labels last."""
        parts: list[Content] = []

        def part(head: str, text: str, style: str = "") -> None:
            if text:
                parts.append(Content.assemble(plain(head + "\n", "$muted", lines=True), plain(text, style, lines=True)))

        alert, silence = self.line.alert, self.line.silence
        if alert is not None:
            tone = "bold $text-error" if alert.severity in ("critical", "error") else "bold $text-warning"
            part(f"{alert.severity or 'alert'} since {clock(alert.since)} ({span(now() - alert.since)})",
                 alert.summary or alert.name, tone)  # fmt: skip
            nothing = "" if alert.summary else "Its rule says nothing about it."
            part("What it means", alert.description or nothing)
            part("What to do", alert.runbook_url and f"Read {alert.runbook_url}")
        if silence is not None:
            left = span(silence.until - now())
            part(f"Silenced until {clock(silence.until)} ({left} left)", f"{silence.by}: {silence.why}")
            if alert is None:
                part("Silences", "\n".join(silence.matchers))
        if alert is not None:
            part("About", "\n".join(f"{name} = {value}" for name, value in alert.labels if name != "alertname"))
        return Content("\n\n").join(parts)

    def action_answer(self, answer: str) -> None:
        self.dismiss(answer)

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self.words().plain)
        self.notify("copied", timeout=2)
