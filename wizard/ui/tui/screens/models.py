"""The catalog of models: what each takes, whether it fits the tier, and what would make it fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Footer, Input, OptionList, Static
from textual.widgets.option_list import Option

from wizard.catalog import instances, models
from wizard.catalog.charts import chart
from wizard.domain.profile import OllamaSettings, Profile, TierName
from wizard.planning.budget import SERVER_MEMORY, quantity
from wizard.planning.fit import Fit, fit, need
from wizard.planning.platform import desired
from wizard.planning.room import Room, server_room, shown, tier_room
from wizard.ui.headless.words import size
from wizard.ui.tui import styling
from wizard.ui.tui.text import clean, plain
from wizard.ui.tui.text import fit as cells

if TYPE_CHECKING:
    from wizard.catalog.models import Model
    from wizard.ui.flow.draft import Draft

_MARKS = {"fits": ("✓ fits", "$text-success"), "tight": ("! tight", "$text-warning"), "no": ("✗ no", "$text-error")}


@dataclass(frozen=True, slots=True)
class _Place:
    """A tier as models see it."""

    name: TierName
    settings: OllamaSettings
    room: Room | None


class Filter(Input):
    """Lets go of the space key, which takes a model in or out: words are separated by commas."""

    def check_consume_key(self, key: str, character: str | None = None) -> bool:
        return key != "space" and super().check_consume_key(key, character)


class ModelsScreen(ModalScreen["list[str] | None"]):
    """Type to filter, words separated by commas; space takes a model in or out; Enter keeps the choice. A name that
    is not in the catalog can be typed whole, and Enter takes it."""

    CSS_PATH = styling.WALK

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "keep", "Keep", priority=True),
        Binding("down", "move(1)", "Down", show=False, priority=True),
        Binding("up", "move(-1)", "Up", show=False, priority=True),
        Binding("space", "take", "Take in or out", priority=True),
        Binding("tab", "tier", "Other tier", priority=True),
        Binding("escape", "leave", "Cancel"),
    ]

    def __init__(self, draft: Draft, *, several: bool = True) -> None:
        super().__init__()
        self._several = several
        self._chosen = [str(row.get("name", "")) for row in draft.rows("models")] if several else []
        self._places = _places(draft)
        self._tier = 0
        self._listed: tuple[Model, ...] = ()

    def compose(self) -> ComposeResult:
        box = Vertical(id="models-box")
        box.border_title = "Models"
        with box:
            yield Filter(placeholder="filter: a name, a purpose (code, vision), fits; several: code,fits", compact=True)
            yield Static("", id="models-head", markup=False)
            yield OptionList(compact=True, markup=False, id="models-list")
            yield Static("", id="models-about", markup=False)
            yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self._fill()

    @property
    def _place(self) -> _Place:
        return self._places[self._tier]

    def _fit(self, model: Model) -> Fit | None:
        place = self._place
        return fit(model, place.settings, place.room) if place.room is not None else None

    def _fill(self) -> None:
        place = self._place
        room = f"{shown(place.room.usable)}, {place.room.what}" if place.room else "its memory is not known here"
        head = f"tier {place.name}: {room}; context {place.settings.context_length} tokens"
        self.query_one("#models-head", Static).update(plain(head, "$muted"))
        wanted = self.query_one(Input).value.casefold().replace(",", " ").split()
        self._listed = tuple(each for each in models.catalog().models if self._matches(each, wanted))
        listed = self.query_one(OptionList)
        at = listed.highlighted or 0
        listed.set_options(Option(self._line(each)) for each in self._listed)
        listed.highlighted = min(at, len(self._listed) - 1) if self._listed else None
        self._about()

    def _matches(self, model: Model, words: list[str]) -> bool:
        found = self._fit(model) if "fits" in words else None
        text = f"{model.name} {' '.join(model.purpose)} {model.license}".casefold()
        return all((found is None or found.ok) if word == "fits" else word in text for word in words)

    @property
    def _room(self) -> int:
        """Cells left on a line for what a model is for: the list is 112 wide at most, and one line is one model."""
        return max(8, min(self.app.size.width * 98 // 100, 112) - (67 if self.app.size.width < 100 else 86))

    def _line(self, model: Model) -> Content:
        found = self._fit(model)
        mark, style = _MARKS[found.verdict] if found else ("", "")
        taken = "●" if model.name in self._chosen else "○" if self._several else " "
        narrow = self.app.size.width < 100
        license_ = "" if narrow else cells(clean(model.license), 18) + " "
        takes = shown(need(model, self._place.settings).total)
        return Content.assemble(
            (f"{taken} ", "$text-accent"), cells(clean(model.name), 24), f"{size(model.size):>9} ",
            (f"{takes:>9} ", "$muted"), (f"{model.context // 1024:>5}K ", "$muted"),
            (license_, "$muted"), (cells(mark, 8), style), (cells(", ".join(model.purpose), self._room), "$muted"),
        )  # fmt: skip

    @on(OptionList.OptionHighlighted)
    def _about(self) -> None:
        at = self.query_one(OptionList).highlighted
        about = self.query_one("#models-about", Static)
        if at is None:
            typed = self.query_one(Input).value.strip()
            words = f"not in the catalog: Enter takes {typed} as it is" if _is_name(typed) else "nothing is like that"
            about.update(plain(words if typed else "", "$muted"))
            return
        model = self._listed[at]
        place = self._place
        active = f" ({model.active:g} active)" if model.active else ""
        purpose = ", ".join(model.purpose)
        what = f"{model.parameters:g} billion parameters{active}, {model.quantization}, {model.license}; {purpose}"
        parts = [plain(what)]
        if place.room is not None:
            found = fit(model, place.settings, place.room, models=models.catalog(), instances=instances.catalog())
            parts.append(plain(found.why, "$muted"))
            if found.remedies:
                parts.append(plain("what would make it fit: " + "; or ".join(found.remedies[:3]), "$text-accent"))
        about.update(Content("\n").join(parts))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._fill()

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_take()

    def action_move(self, by: int) -> None:
        listed = self.query_one(OptionList)
        listed.action_cursor_down() if by > 0 else listed.action_cursor_up()

    def action_tier(self) -> None:
        self._tier = (self._tier + 1) % len(self._places)
        self._fill()

    def action_take(self) -> None:
        at = self.query_one(OptionList).highlighted
        if at is None:
            return
        name = self._listed[at].name
        if not self._several:
            self.dismiss([name])
        elif name in self._chosen:
            self._chosen.remove(name)
        else:
            self._chosen.append(name)
        self._fill()

    def action_keep(self) -> None:
        typed, at = self.query_one(Input).value.strip(), self.query_one(OptionList).highlighted
        if not self._several:
            name = self._listed[at].name if at is not None else typed
            if name and not _is_name(name):
                self.notify(f"{name} is no model's name", severity="warning")
                return
            self.dismiss([name] if name else None)
            return
        unknown = typed if typed and not self._listed else ""
        if unknown and not _is_name(unknown):
            self.notify(f"{unknown} is no model's name", severity="warning")
            return
        if unknown and unknown not in self._chosen:
            self._chosen.append(unknown)
        self.dismiss(self._chosen)

    def action_leave(self) -> None:
        self.dismiss(None)


def _is_name(text: str) -> bool:
    """Whether a text can be a model's name, and no filter that nothing passed (`code,fits`)."""
    return text != "fits" and not any(character.isspace() or character == "," for character in text)


def _places(draft: Draft) -> list[_Place]:
    """The tiers of the profile, as far as it is whole: else a standard tier with its defaults."""
    profile = draft.profile()
    if profile is None:
        return [_Place("standard", OllamaSettings(), None)]
    return [_Place(name, tier.ollama, _room(profile, name)) for name, tier in profile.tiers.present().items()]


def _room(profile: Profile, name: TierName) -> Room | None:
    if profile.target.kind != "k3s" or name == "premium":
        return tier_room(profile, name, instances.catalog(), _limit(profile, name))
    # The reference server; how much a real one has is asked when it is connected to.
    others = [each for each in desired(profile, chart).components if each.name != "ollama"]
    return server_room(SERVER_MEMORY, others)


def _limit(profile: Profile, name: TierName) -> int | None:
    """Memory limit of the tier's Ollama where the profile sets one, in bytes."""
    resources = profile.tiers.present()[name].ollama.resources
    memory = resources.limits.memory if resources is not None else None
    return int(quantity(memory)) if memory else None
