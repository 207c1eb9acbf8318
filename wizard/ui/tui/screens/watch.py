"""The dashboard on its own: `wizard watch`, and what one comes to after a deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Footer

from wizard.domain.finding import WizardError
from wizard.ui.services import Services
from wizard.ui.tui import styling
from wizard.ui.tui.panes import doing
from wizard.ui.tui.panes.live import LivePanes
from wizard.ui.tui.widgets.bar import Bar
from wizard.ui.tui.widgets.findings import Findings

if TYPE_CHECKING:
    from wizard.domain.profile import Profile
    from wizard.observers.watch import Watch


class WatchScreen(Screen[None]):
    """The dashboard, with a watch of its own that ends with it."""

    CSS_PATH = styling.DASHBOARD

    HELP = (
        "The platform, live. The numbers go to the panes, z shows one alone; / filters, s sorts, g groups, "
        "Enter opens. A pane that is cut off says since when and why, and comes back by itself."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "scenario", "Break it", tooltip="Let the simulated cluster play a fault"),
        Binding("r", "again", "Try again", show=False),
        Binding("escape,q", "back", "Back"),
    ]

    def __init__(self, profile: Profile) -> None:
        super().__init__()
        self.profile = profile
        self._watch: Watch | None = None

    def compose(self) -> ComposeResult:
        yield Bar(self.profile.name, "Watch", simulated=self.profile.simulated)
        yield Findings(id="watch-findings")
        yield Vertical(id="watch-live")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self._open()

    @property
    def services(self) -> Services:
        services: Services = self.app.services  # type: ignore[attr-defined]  # the app's, or a test's
        return services

    @work(group="watch", exclusive=True)
    async def _open(self) -> None:
        findings = self.query_one(Findings)
        try:
            watch = self.services.watch(self.profile)
            self._watch = watch
            await watch.start()
        except WizardError as wrong:
            self._watch = None
            findings.show(wrong.findings)
            self.refresh_bindings()
            return
        findings.show(())
        await self.query_one("#watch-live").mount(LivePanes(watch, self.profile))
        self.refresh_bindings()

    async def on_unmount(self) -> None:
        if self._watch is not None:
            await self._watch.stop()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "scenario":
            return self.profile.simulated
        if action == "again":
            return self._watch is None
        return super().check_action(action, parameters)

    def action_again(self) -> None:
        self._open()

    @work(group="doing", exclusive=True)
    async def action_scenario(self) -> None:
        await doing.scenario(self.app, self.services, self.profile)

    def action_back(self) -> None:
        self.dismiss(None)
