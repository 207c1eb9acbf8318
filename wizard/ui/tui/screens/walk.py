"""The walk: one chapter after the other, back and forth, until the profile is whole."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Button, ContentSwitcher, Footer, Static

from wizard.ui.flow.chapters import CHAPTERS, RAIL, findings_of
from wizard.ui.flow.draft import Draft
from wizard.ui.flow.question import Question, Source
from wizard.ui.tui import styling
from wizard.ui.tui.own import app_of, services_of
from wizard.ui.tui.text import clean, plain
from wizard.ui.tui.widgets.bar import Bar
from wizard.ui.tui.widgets.field import Field
from wizard.ui.tui.widgets.findings import Findings
from wizard.ui.tui.widgets.form import Form
from wizard.ui.tui.widgets.rail import Rail

if TYPE_CHECKING:
    from wizard.ui.services import Services

WIDE = 96
"""Cells from which the rail stands at the left and the help at the right."""


class WalkScreen(Screen[bool]):
    """One decision a chapter; every field has its default filled in. Nothing is lost by going back, and nothing
    is done to any server or cluster before you agree to the plan at the end."""

    CSS_PATH = styling.WALK

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+n,f8", "go(1)", "Next", priority=True),
        Binding("ctrl+b,f7", "go(-1)", "Back", priority=True),
        Binding("ctrl+r", "review", "Review", tooltip="Straight to the plan"),
        Binding("ctrl+s", "save", "Save"),
        Binding("ctrl+z", "undo", "Undo", show=False),
        Binding("ctrl+y", "redo", "Redo", show=False),
        Binding("f3", "look_up", "Look up", tooltip="Choose from what is known"),
        Binding("escape", "leave", "Leave", show=False),
    ]

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self.draft = draft
        self._at = 0
        self._visited: set[str] = set()
        self._question: Question | None = None
        self._forms: dict[str, Form] = {}
        self._going = asyncio.Lock()
        """Keys, clicks and the review all lead to chapters: one arrives before the next one sets out."""

    @property
    def services(self) -> Services:
        return services_of(self)

    @property
    def unfinished(self) -> bool:
        return self.draft.changed

    def compose(self) -> ComposeResult:
        yield Bar(self.draft.name or "new profile", "Profile", simulated=self.draft.kind == "sandbox")
        yield Rail()
        with Horizontal(id="walk-body"):
            with Vertical(id="walk-middle"):
                yield Static("", id="walk-lead", markup=False)
                yield ContentSwitcher(id="walk-forms")
                yield Findings(id="walk-findings", short=True)
                with Horizontal(id="walk-buttons"):
                    yield Button("Back", id="back", compact=True)
                    yield Button("Next", variant="primary", id="next", compact=True)
            with VerticalScroll(id="walk-help", can_focus=False):
                yield Static("", id="walk-help-words", markup=False)
        yield Footer(compact=True, show_command_palette=False)

    async def on_mount(self) -> None:
        self._end = self.draft.subscribe(self._draft_changed)
        await self._go_to(0)

    def on_unmount(self) -> None:
        self._end()

    def on_resize(self) -> None:
        wide = self.size.width >= WIDE
        self.set_class(not wide, "-narrow")
        self.query_one(Rail).set_class(not wide, "-line")
        self._show_rail()

    # From chapter to chapter

    async def _go_to(self, at: int) -> None:
        async with self._going:
            await self._show_chapter(at)

    async def _show_chapter(self, at: int) -> None:
        chapter = CHAPTERS[at]
        forms = self.query_one("#walk-forms", ContentSwitcher)
        if chapter.id not in self._forms:
            form = Form(chapter, self.draft)
            await forms.add_content(form, id=form.id)
            self._forms[chapter.id] = form
        # Only now: what the last key has changed may still be on its way to the chapter before.
        self._at = at
        self._visited.add(chapter.id)
        form = self._forms[chapter.id]
        forms.current = form.id
        await form.sync()
        self.query_one("#walk-lead", Static).update(
            Content.assemble((chapter.title, "bold $text-primary"), "  ", (chapter.lead, "$muted"))
        )
        self.query_one("#back", Button).disabled = at == 0
        self.query_one("#next", Button).label = "Review" if at == len(CHAPTERS) - 1 else "Next"
        self._show_rail()
        self._show_findings()
        # Until a field has the focus, the help is no other chapter's.
        self._question = None
        self.query_one("#walk-help-words", Static).update(plain(chapter.lead, "$muted"))
        self.refresh_bindings()
        self.call_after_refresh(form.focus_first)

    async def action_go(self, by: int) -> None:
        to = self._at + by
        if to >= len(CHAPTERS):
            self.action_review()
        elif to >= 0:
            await self._go_to(to)

    def action_review(self) -> None:
        """Only a whole profile can be planned: otherwise the first chapter with something wrong opens."""
        wrong = self._wrong()
        if self.draft.profile() is not None and not any(wrong.values()):
            self.dismiss(True)
            return
        self._visited.update(chapter.id for chapter in CHAPTERS)
        for at, chapter in enumerate(CHAPTERS):
            if wrong[chapter.id]:
                self.notify("something is still missing here", severity="warning", timeout=4)
                self._open_wrong(at)
                return

    @work(group="open", exclusive=True)
    async def _open_wrong(self, at: int) -> None:
        await self._go_to(at)
        for field in self._forms[CHAPTERS[at].id].fields:
            field.touched = True
            field.sync()

    @on(Rail.Chosen)
    async def _rail(self, event: Rail.Chosen) -> None:
        stages = [stage for stage, _ in RAIL]
        at = stages.index(event.stage)
        if at < len(CHAPTERS):
            await self._go_to(at)
        elif event.stage == "review":
            self.action_review()

    @on(Button.Pressed, "#next")
    async def _next(self) -> None:
        await self.action_go(1)

    @on(Button.Pressed, "#back")
    async def _back(self) -> None:
        await self.action_go(-1)

    # The draft

    def _draft_changed(self) -> None:
        if form := self._forms.get(CHAPTERS[self._at].id):
            self._sync(form)

    @work(group="sync", exclusive=True)
    async def _sync(self, form: Form) -> None:
        await form.sync()
        self.query_one(Bar).heading = self.draft.name or "new profile"
        self.query_one(Bar).simulated = self.draft.kind == "sandbox"
        self._show_rail()
        self._show_findings()

    def _wrong(self) -> dict[str, int]:
        """Chapter -> what is wrong in it: findings, and texts that mean no value (the draft never sees those)."""
        found = {chapter.id: len(findings_of(self.draft, chapter)) for chapter in CHAPTERS}
        for form in self._forms.values():
            found[form.chapter.id] += sum(bool(field.wrong) and field.has_class("-shown") for field in form.fields)
        return found

    def _show_rail(self) -> None:
        self.query_one(Rail).show(CHAPTERS[self._at].id, frozenset(self._visited), self._wrong())

    def _show_findings(self) -> None:
        """Beneath the form: what belongs to no field of it (a rule between fields), and what is not deployed yet."""
        chapter = CHAPTERS[self._at]
        fields = {field.question.path for field in self._forms[chapter.id].fields}
        loose = [found for found in findings_of(self.draft, chapter) if (found.where.path or "") not in fields]
        mine = [gap for gap in self.draft.gaps() if gap.where.path and self._here(gap.where.path)]
        self.query_one("#walk-findings", Findings).show((*loose, *mine))

    def _here(self, path: str) -> bool:
        from wizard.ui.flow.chapters import chapter_of

        return chapter_of(path) is CHAPTERS[self._at]

    @on(Field.Changed)
    def _field_changed(self, event: Field.Changed) -> None:
        event.stop()
        self._show_rail()
        if event.field.question.source is Source.HOSTS:
            self._resolve(event.field)

    @on(Field.Focused)
    def _focused(self, event: Field.Focused) -> None:
        event.stop()
        self._question = event.question
        question = event.question
        parts = [Content.styled(clean(question.label), "bold"), plain("\n\n" + question.help, lines=True)]
        if question.allowed:
            parts.append(Content.styled(f"\n\nAllowed: {question.allowed} {question.unit}", "$muted"))
        if question.source is not None and question.source is not Source.HOSTS:
            parts.append(Content.styled("\n\nF3 looks it up.", "$text-accent"))
        for choice in question.choices:
            if choice.note:
                parts.append(
                    Content.assemble("\n\n", (clean(choice.label), "bold"), "\n", (clean(choice.note), "$muted"))
                )
        parts.append(Content.styled(f"\n\n{question.path}", "$faint"))
        self.query_one("#walk-help-words", Static).update(Content("").join(parts))
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "look_up":
            source = self._question.source if self._question else None
            return source in (Source.CONTEXTS, Source.SCENARIOS, Source.INSTANCES, Source.CATALOG)
        return True

    @work(group="resolve", exclusive=True)
    async def _resolve(self, field: Field) -> None:
        host = self.draft.value(field.question.path)
        if not isinstance(host, str) or field.bad:
            field.note("")
            return
        found = await self.services.resolve(host)
        field.note(found.words, "$text-success" if found.ok else "$text-warning")

    @work(group="lookup", exclusive=True)
    async def action_look_up(self) -> None:
        from wizard.ui.tui.looking import look_up

        question = self._question
        if question is not None and (found := await look_up(app_of(self), question, self.draft)) is not None:
            self.draft.answer(question, found)

    def action_undo(self) -> None:
        if not self.draft.undo():
            self.notify("nothing to take back", timeout=2)

    def action_redo(self) -> None:
        if not self.draft.redo():
            self.notify("nothing to bring back", timeout=2)

    @work(group="save", exclusive=True)
    async def action_save(self) -> None:
        from wizard.ui.tui.saving import save_profile

        await save_profile(app_of(self), self.draft, as_draft=self.draft.profile() is None)

    # Leaving

    @work(group="leave", exclusive=True)
    async def action_leave(self) -> None:
        if await self.leaving():
            self.dismiss(False)

    async def leaving(self) -> bool:
        from wizard.ui.tui.saving import may_leave

        return await may_leave(app_of(self), self.draft)
