"""Help for the screen one came from: its purpose and its keys, from its own bindings."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from wizard.ui.tui.text import plain


def _ours(node: DOMNode) -> set[str]:
    """Actions that our classes bind. Textual's own (scrolling, focus) are what every program does; ours are what
    one came to read."""
    classes = [each for each in type(node).__mro__ if each.__module__.startswith("wizard.")]
    bindings = [binding for each in classes for binding in each.__dict__.get("BINDINGS", ())]
    return {binding.action for binding in bindings if isinstance(binding, Binding)}


class HelpScreen(ModalScreen[None]):
    """Any key leaves."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark,f1,enter", "dismiss", "Close")]

    def __init__(self, about: Screen[Any]) -> None:
        super().__init__()
        self._about = about

    def compose(self) -> ComposeResult:
        box = VerticalScroll(id="help-box")
        box.border_subtitle = "esc closes"
        with box:
            yield Static(self._words())

    def _words(self) -> Content:
        said = getattr(self._about, "HELP", "") or inspect.getdoc(type(self._about)) or ""
        # The lines of a docstring are as long as this file allows, those of the box as long as the screen.
        purpose = "\n\n".join(" ".join(part.split()) for part in said.split("\n\n"))
        parts = [plain(purpose + "\n\n", lines=True)]
        keys: dict[tuple[int, str], list[str]] = {}
        words: dict[tuple[int, str], str] = {}
        for node, binding, enabled, _tooltip in self._about.active_bindings.values():
            if not binding.description or not enabled or binding.action not in _ours(node):
                continue
            # The screen's `leave` is not the app's.
            what = id(node), binding.action
            keys.setdefault(what, []).append(self.app.get_key_display(binding))
            words[what] = binding.description + (f": {binding.tooltip}" if binding.tooltip else "")
        for what, names in keys.items():
            parts.append(Content.styled(f"{' '.join(names[:3]):>14}  ", "$text-accent"))
            parts.append(Content(words[what] + "\n"))
        parts.append(
            Content.styled("\n           tab  Next field or list\n            ^p  Every action by name\n", "$muted")
        )
        return Content("").join(parts)

    async def action_dismiss(self, result: None = None) -> None:
        self.dismiss(result)
