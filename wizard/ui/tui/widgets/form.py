"""A chapter as a form: its groups, the fields that make sense now, the rest folded away."""

from __future__ import annotations

from textual import events, work
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.widget import AwaitMount, Widget
from textual.widgets import Static

from wizard.ui.flow.declare import Chapter, Group
from wizard.ui.flow.draft import Draft
from wizard.ui.tui.text import plain
from wizard.ui.tui.widgets.field import Field


class Fold(Static, can_focus=True):
    """`▸ More settings (7)`: Enter, space or a click opens it."""

    DEFAULT_CSS = """
    Fold { height: 1; width: auto; color: $muted; margin-bottom: 1; display: none; }
    Fold.-shown { display: block; }
    Fold:focus { color: $text-primary; text-style: bold; }
    Fold:hover { color: $text-primary; }
    """
    opened = False

    _mark = ""

    def show(self, count: int) -> None:
        self.set_class(count > 0, "-shown")
        mark = "▾ Fewer settings" if self.opened else f"▸ More settings ({count})"
        if mark != self._mark:
            self._mark = mark
            self.update(plain(mark))

    def toggle(self) -> None:
        self.opened = not self.opened
        form = next(each for each in self.ancestors if isinstance(each, Form))
        form.fold()

    def on_click(self) -> None:
        self.toggle()

    def on_key(self, event: events.Key) -> None:
        if event.key in ("enter", "space"):
            event.stop()
            self.toggle()


class GroupBox(Vertical):
    """One group: its title, its fields, its fold and what is folded.

    A field is mounted when it is first shown: a chapter has dozens, most of them never are, and each one costs.
    """

    DEFAULT_CSS = """
    GroupBox { height: auto; display: none; }
    GroupBox.-shown { display: block; }
    GroupBox > .group--title { text-style: bold; height: 1; margin-bottom: 1; }
    """

    def __init__(self, group: Group, draft: Draft, chapter: str) -> None:
        super().__init__()
        self.group, self.draft, self._chapter = group, draft, chapter
        self.fields = [Field(question, draft) for question in group.questions]
        self._fold = Fold()

    def compose(self) -> ComposeResult:
        if self.group.title and self.group.title != self._chapter:
            yield Static(plain(self.group.title), classes="group--title")
        yield self._fold

    def grow(self) -> list[AwaitMount]:
        """Mounts what is shown for the first time. All of a form at once: each mounting is a layout."""
        shown = {question.path for question in self.group.shown(self.draft)}
        fold = self._fold
        folded = [field for field in self.fields if field.question.advanced and field.question.path in shown]
        # A folded field that is wrong must be in sight.
        if any(field.bad for field in folded):
            fold.opened = True
        self.set_class(bool(shown), "-shown")
        fold.show(len(folded))
        new: dict[Widget | None, list[Field]] = {}
        for field in self.fields:
            wanted = field.question.path in shown and (not field.question.advanced or fold.opened)
            field.set_class(wanted, "-shown")
            if wanted and not field.is_attached:
                new.setdefault(self._next(field), []).append(field)
        return [self.mount_all(fields, before=below) for below, fields in new.items()]

    def tell(self) -> None:
        """The fields have the draft's answers."""
        for field in self.fields:
            if field.is_attached and field.has_class("-shown"):
                field.sync()

    def _next(self, field: Field) -> Widget | None:
        """What stands below a field that is shown for the first time; None at the end."""
        order = [*self._of(advanced=False), self._fold, *self._of(advanced=True)]
        return next((each for each in order[order.index(field) + 1 :] if each.is_attached), None)

    def _of(self, *, advanced: bool) -> list[Field]:
        return [field for field in self.fields if field.question.advanced is advanced]


class Form(VerticalScroll, can_focus=False):
    """Fields of one chapter, and before them what else the chapter has to show (`extras`)."""

    DEFAULT_CSS = """
    Form { height: 1fr; padding: 0 2; scrollbar-gutter: stable; }
    """

    def __init__(self, chapter: Chapter, draft: Draft) -> None:
        super().__init__(id=f"form-{chapter.id}")
        self.chapter, self.draft = chapter, draft
        self._boxes = [GroupBox(group, draft, chapter.title) for group in chapter.groups]

    @property
    def fields(self) -> list[Field]:
        """Of the whole chapter, also those that make no sense now."""
        return [field for box in self._boxes for field in box.fields]

    def compose(self) -> ComposeResult:
        from wizard.ui.tui.widgets.extras import extras

        yield from extras(self.chapter.id, self.draft)
        yield from self._boxes

    @work(group="sync", exclusive=True)
    async def fold(self) -> None:
        """Something was folded, or unfolded."""
        await self.sync()

    async def sync(self) -> None:
        """The draft has changed: other fields may make sense now."""
        from wizard.ui.tui.widgets.extras import Extra

        for mounted in [mounted for box in self._boxes for mounted in box.grow()]:
            await mounted
        for box in self._boxes:
            box.tell()
        for each in self.query(Extra):
            each.sync()

    def focus_first(self) -> None:
        """The first field that is wrong or needed, else the first."""
        fields = [field for field in self.fields if field.has_class("-shown")]
        for field in [*(each for each in fields if each.bad), *fields]:
            target = next((w for w in field.query("*") if w.focusable), None)
            if target is not None:
                target.focus()
                return
        for fold in self.query(Fold):
            if fold.has_class("-shown"):
                fold.focus()
                return
