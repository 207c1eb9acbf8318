"""A line of a Line API widget that takes typed words: the filter of a table, the search of a log.

It is no Input of its own, so that arrows still move the cursor below while one types, as in fzf.
"""

from __future__ import annotations

from textual import events
from textual.widget import Widget

from wizard.ui.tui.text import clean

_MOST = 200


class FilterLine(Widget):
    """Mixed into a focusable widget that draws `filter_text` and is told by `filter_changed`."""

    filter_text = ""
    typing = False
    """Whether keys go into the words now."""

    @property
    def filter_shown(self) -> bool:
        return self.typing or bool(self.filter_text)

    def filter_changed(self, text: str) -> None:
        """Called with the words so far, also when only `typing` changed."""
        raise NotImplementedError

    def filter_done(self) -> None:
        """Called when Enter ends typing."""

    def set_filter(self, text: str, *, typing: bool = False) -> None:
        before = self.filter_shown
        self.filter_text, self.typing = clean(text, _MOST), typing
        self.filter_changed(self.filter_text)
        if self.filter_shown is not before:
            self.refresh_bindings()

    def action_filter(self) -> None:
        self.set_filter(self.filter_text, typing=True)

    def action_clear_filter(self) -> None:
        self.set_filter("")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a filter, escape is the screen's."""
        if action == "clear_filter":
            return self.filter_shown
        return super().check_action(action, parameters)

    def check_consume_key(self, key: str, character: str | None) -> bool:
        return self.typing and character is not None and character.isprintable()

    def on_key(self, event: events.Key) -> None:
        if not self.typing:
            return
        text = self.filter_text
        match event.key:
            case "enter" | "tab":
                self.set_filter(text)
                self.filter_done()
            case "backspace" | "ctrl+h":
                if text:
                    self.set_filter(text[:-1], typing=True)
                else:
                    self.set_filter("")
            case "ctrl+u":
                self.set_filter("", typing=True)
            case "ctrl+w":
                self.set_filter(text.rstrip().rpartition(" ")[0], typing=True)
            case _:
                if event.character is None or not event.is_printable:
                    return  # arrows, pages, escape: as always
                self.set_filter(text + event.character, typing=True)
        event.stop()
        event.prevent_default()

    def on_paste(self, event: events.Paste) -> None:
        if self.typing:
            self.set_filter(self.filter_text + event.text, typing=True)
            event.stop()

    def on_blur(self) -> None:
        if self.typing:
            self.set_filter(self.filter_text)
