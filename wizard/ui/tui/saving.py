"""Asking for a name, and writing a profile or a draft."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wizard.domain.finding import UsageError
from wizard.ui.tui.widgets.dialog import Choose, Prompt

if TYPE_CHECKING:
    from wizard.ui.flow.draft import Draft
    from wizard.ui.tui.app import WizardApp


class Leaving(Choose):
    """The question on the way out; asked once, however often one leaves."""

    def __init__(self) -> None:
        options = [
            ("save", "Save the draft", "go on another time"),
            ("drop", "Discard it", "what was typed is gone"),
            ("stay", "Go on typing", "leave nothing yet"),
        ]
        super().__init__("Keep what you have typed?", options)


async def save_profile(app: WizardApp, draft: Draft, *, as_draft: bool = False) -> bool:
    """False where the operator thought better of it, or it could not be written (which is said)."""
    name: str | None = draft.name
    if not as_draft:
        name = await app.push_screen_wait(
            Prompt("Save the profile", "Name; `wizard --profile NAME` opens it", name or "")
        )
        if not name:
            return False
    try:
        data = draft.everything if as_draft else draft.data
        saved = app.services.save(name or "draft", data, draft=as_draft, path=draft.origin)
    except UsageError as wrong:
        app.notify(wrong.findings[0].summary, title="not saved", severity="error", timeout=10)
        return False
    draft.saved(saved.path)
    app.notify(f"{saved.path}", title="saved", timeout=6)
    return True


async def may_leave(app: WizardApp, draft: Draft) -> bool:
    """Asks once whether to keep what was typed and not saved; False: stay."""
    if not draft.changed:
        return True
    answer = await app.push_screen_wait(Leaving())
    if answer == "save":
        return await save_profile(app, draft, as_draft=draft.profile() is None)
    return answer == "drop"
