"""All panes together: one at a time on a small screen, two or four on a larger one, any one alone when maximised."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.screen import ModalScreen

from wizard.ui.services import Services
from wizard.ui.tui.panes import doing, words
from wizard.ui.tui.panes.alerts import AlertsPane
from wizard.ui.tui.panes.events import EventsPane
from wizard.ui.tui.panes.logs import LogsPane
from wizard.ui.tui.panes.models import ModelsPane
from wizard.ui.tui.panes.nodes import NodesPane
from wizard.ui.tui.panes.pane import Pane
from wizard.ui.tui.panes.pods import PodsPane
from wizard.ui.tui.panes.source import Watching
from wizard.ui.tui.panes.tabs import PaneTabs
from wizard.ui.tui.panes.tenants import TenantsPane
from wizard.ui.tui.widgets.grid.arranging import Arranging
from wizard.ui.tui.widgets.logview import LogView

if TYPE_CHECKING:
    from wizard.domain.profile import Profile

POLL = 0.1
"""Seconds between two looks at the feeds."""
WIDE, TALL = 160, 30
"""Columns from which four panes stand in a square, and lines from which the log stands under another pane."""
_NAMES = ("Pods", "Alerts", "Logs", "Nodes", "Events", "Tenants", "Models")
_FIXED = ("pods", "alerts", "logs")
_KEPT = "watch"


class LivePanes(Vertical):
    """The live dashboard of one deployment; also part of the Deploy screen. `watch` is started by who made it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(n), f"show({n})", name, show=False) for n, name in enumerate(_NAMES, 1)),
        Binding("z", "maximise", "Zoom", tooltip="This pane alone, or all again"),
        Binding("escape", "minimise", "All panes", show=False),
        Binding("right_square_bracket", "turn(1)", "Next pane", show=False, key_display="]"),
        Binding("left_square_bracket", "turn(-1)", "Previous pane", show=False, key_display="["),
    ]

    def __init__(self, watch: Watching, profile: Profile | None = None) -> None:
        super().__init__()
        self.watch_ = watch
        self.pods = PodsPane(watch.pods)
        self.alerts = AlertsPane(watch.alerts)
        self.logs = LogsPane(watch)
        self.panes: tuple[Pane, ...] = (
            self.pods,
            self.alerts,
            self.logs,
            NodesPane(watch.nodes),
            EventsPane(watch.events),
            TenantsPane(watch.pods, profile),
            ModelsPane(watch.models),
        )
        self.by = {pane.NAME: pane for pane in self.panes}
        self.current, self.side, self.alone = "pods", "nodes", False
        self._tabs = PaneTabs(self.panes)
        self._above = "pods"
        """What stands over the log while the log has the focus."""
        self._dirty = self._settled = False

    def compose(self) -> ComposeResult:
        yield self._tabs
        with Container(id="panes"):
            yield from self.panes

    def on_mount(self) -> None:
        words.read = self.watch_.now
        self._restore(self.services.recall(_KEPT))
        self._arrange()
        self.set_interval(POLL, self._poll)
        self.set_interval(1.0, self._tick)
        self.call_after_refresh(self._settle)

    @property
    def services(self) -> Services:
        services: Services = self.app.services  # type: ignore[attr-defined]  # the app's, or a test's
        return services

    # Polling -------------------------------------------------------------------------------------

    @property
    def _seen(self) -> bool:
        """Whether anybody can see the panes: on top, or under a dialog."""
        return self.screen.is_current or isinstance(self.app.screen, ModalScreen)

    def _poll(self) -> None:
        self.logs.poll()
        if not self._seen:
            return
        for pane in self.panes:
            if pane is not self.logs and pane.has_class("-shown"):
                pane.poll()

    def _tick(self) -> None:
        if self._dirty:
            self._dirty = False
            self.services.remember(_KEPT, self.arrangement)
        if not self._seen:
            return
        self.pods.count()
        for pane in self.panes:
            if pane.has_class("-shown"):
                pane.tick()
            elif pane.NAME == "tenants":
                pane.tick()  # its badge is a sum
        self._tabs.show(self.current)

    # Layout --------------------------------------------------------------------------------------

    @property
    def mode(self) -> str:
        """`tabs`, `stack` or `split`, by the room there is."""
        if self.alone:
            return "tabs"
        if self.size.width >= WIDE and self.size.height >= 20:
            return "split"
        return "stack" if self.size.height >= TALL else "tabs"

    def shown(self) -> set[str]:
        """Names of the panes in sight."""
        match self.mode:
            case "split":
                return {*_FIXED, self.side}
            case "stack":
                return {self.current, "logs"} if self.current != "logs" else {self._above, "logs"}
            case _:
                return {self.current}

    def _arrange(self) -> None:
        mode, shown = self.mode, self.shown()
        for name in ("tabs", "stack", "split"):
            self.set_class(mode == name, f"-{name}")
        for pane in self.panes:
            pane.set_class(pane.NAME in shown, "-shown")
            if pane.NAME in shown:
                pane.appear()
        self._tabs.show(self.current)

    def on_resize(self) -> None:
        self._arrange()

    def show(self, name: str) -> None:
        """Brings a pane into sight and gives it the focus."""
        self.current = name
        if name not in _FIXED:
            self.side = name
        if name != "logs":
            self._above = name
        self._dirty = True
        self._arrange()
        self.focus_current()

    def _settle(self) -> None:
        # Only now: a screen gives its first focus to whatever comes first.
        self._settled = True
        self.focus_current()
        # What lives by now lives on: looking through all of it for garbage stops the screen for 80 ms, time and again.
        gc.freeze()
        self.set_timer(5, gc.freeze)  # and the rows, which have come by then

    def focus_current(self) -> None:
        # What was hidden until now takes the focus only after the styles have been applied.
        self.by[self.current].main.focus(scroll_visible=False)
        self.call_after_refresh(self._focus_again)

    def _focus_again(self) -> None:
        main = self.by[self.current].main
        if self.screen.is_current and not main.has_focus:
            main.focus(scroll_visible=False)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """A click into a pane makes it the current one."""
        for node in event.widget.ancestors:
            if isinstance(node, Pane) and self._settled:
                if self.current != node.NAME:
                    self.current, self._dirty = node.NAME, True
                    self._above = node.NAME if node.NAME != "logs" else self._above
                    self._tabs.show(self.current)
                return

    def action_show(self, number: int) -> None:
        self.show(self.panes[number - 1].NAME)

    def action_turn(self, by: int) -> None:
        names = [pane.NAME for pane in self.panes]
        self.show(names[(names.index(self.current) + by) % len(names)])

    def action_maximise(self) -> None:
        self.alone, self._dirty = not self.alone, True
        self._arrange()
        self.focus_current()

    def action_minimise(self) -> None:
        self.action_maximise()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.alone if action == "minimise" else super().check_action(action, parameters)

    @on(PaneTabs.Chosen)
    def _tab_chosen(self, event: PaneTabs.Chosen) -> None:
        event.stop()
        self.show(event.name)

    # Memory --------------------------------------------------------------------------------------

    @property
    def arrangement(self) -> dict[str, Any]:
        panes = {pane.NAME: pane.arrangement for pane in self.panes}
        return {"current": self.current, "side": self.side, "alone": self.alone, "panes": panes}

    def _restore(self, kept: object) -> None:
        if not isinstance(kept, dict):
            return
        current, side = str(kept.get("current")), str(kept.get("side"))
        self.current = current if current in self.by else "pods"
        self.side = side if side in self.by and side not in _FIXED else "nodes"
        self.alone = kept.get("alone") is True
        panes = kept.get("panes")
        if isinstance(panes, dict):
            for name, arrangement in panes.items():
                if name in self.by:
                    self.by[name].restore(arrangement)

    @on(Arranging.Arranged)
    @on(LogView.Changed)
    def _rearranged(self) -> None:
        self._dirty = True
        for pane in self.panes:
            pane.entitle()

    # What is asked about one row -----------------------------------------------------------------

    @on(PodsPane.Wanted)
    def _pods_wanted(self, event: PodsPane.Wanted) -> None:
        event.stop()
        if event.what == "logs":
            self.logs.show_pods(event.pods)
            self.show("logs")
        elif event.what == "delete":
            self._delete(event)
        else:
            from wizard.ui.tui.screens.pod import PodScreen

            self.app.push_screen(PodScreen(self.watch_, event.pods[0], event.what))

    @on(TenantsPane.Opened)
    def _tenant_opened(self, event: TenantsPane.Opened) -> None:
        event.stop()
        self.pods.table.set_filter(f"tenant:{event.tenant}")
        self.show("pods")

    @work(group="doing")
    async def _delete(self, event: PodsPane.Wanted) -> None:
        await doing.delete(self.app, self.watch_, event.pods[0])

    @on(AlertsPane.Wanted)
    @work(group="doing")
    async def _alert_wanted(self, event: AlertsPane.Wanted) -> None:
        event.stop()
        what = event.what
        if what == "explain":
            from wizard.ui.tui.screens.alert import AlertScreen

            what = await self.app.push_screen_wait(AlertScreen(event.line))
        if what == "silence":
            await doing.silence(self.app, self.watch_.alerts, event.line)
        elif what == "expire":
            await doing.expire(self.app, self.watch_.alerts, event.line)
