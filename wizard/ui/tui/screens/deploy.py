"""Deploy: the steps as they go, and beneath them what happens in the cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import ContentSwitcher, Footer, Static

from wizard.domain.finding import ExitCode, WizardError
from wizard.domain.run import StepStatus
from wizard.ui.tui import styling
from wizard.ui.tui.text import clean, plain
from wizard.ui.tui.widgets.bar import Bar
from wizard.ui.tui.widgets.findings import Findings
from wizard.ui.tui.widgets.steps import StepTree, seconds
from wizard.ui.tui.widgets.talk import Talk

if TYPE_CHECKING:
    from wizard.observers.watch import Watch
    from wizard.ui.tui.deployment import Deployment

_ENDS = {
    ExitCode.ABORTED: ("Stopped", "$text-warning"),
    ExitCode.LOCKED: ("Another wizard is at work", "$text-warning"),
}
_DONE = {"apply": "Deployed and ready", "rollback": "Rolled back", "destroy": "Uninstalled"}
_DOING = {"apply": "Deploying", "rollback": "Rolling back", "destroy": "Uninstalling"}


class DeployScreen(Screen[str]):
    """The run, live. Enter on a step explains it; what has failed can be tried again or rolled back, and what
    worked stays. Ctrl-C once lets running steps end, twice cuts them off."""

    CSS_PATH = styling.BOTH

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "retry", "Retry", tooltip="Plan again, and go on from what is there"),
        Binding("u", "rollback", "Roll back", tooltip="Undo what this run changed, newest first"),
        # `l` is for logs in the live panes, and this key must lead back from there.
        Binding("v", "switch", "Talk/live", tooltip="What the run says, or the live panes of the cluster"),
        Binding("ctrl+c", "app.stop", "Stop", priority=True),
        Binding("c,enter", "go_on", "Continue"),
        Binding("escape", "back", "Back", show=False),
    ]

    def __init__(self, deployment: Deployment) -> None:
        super().__init__()
        self.deployment = deployment
        self._seen = -1
        self._explained: set[str] = set()
        self._expected: dict[str, float] = {}
        self._watch: Watch | None = None

    def compose(self) -> ComposeResult:
        profile = self.deployment.profile
        yield Bar(profile.name, "Deploy", simulated=profile.simulated)
        yield Static("", id="deploy-sum", markup=False)
        with Vertical(id="deploy-steps"):
            yield StepTree(id="deploy-tree")
        yield Findings(id="deploy-problem")
        with ContentSwitcher(initial="deploy-talk", id="deploy-under"):
            yield Talk(id="deploy-talk")
            yield Vertical(id="deploy-live")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self.query_one(StepTree).focus()
        self._expect()
        self.deployment.when_ended(self._ended)
        # Ten snapshots a second are more than an eye follows; events in between cost nothing.
        self.set_interval(0.1, self._draw)
        if not self.deployment.running and self.deployment.code is None:
            self.deployment.apply()

    @work(thread=True, group="expect")
    def _expect(self) -> None:
        self._expected = dict(self.deployment.services.expected(self.deployment.profile))

    @property
    def unfinished(self) -> bool:
        return self.deployment.code not in (ExitCode.OK, None)

    # Drawing

    def _draw(self) -> None:
        deployment = self.deployment
        if self._seen != deployment.version:
            self._seen = deployment.version
            self.query_one(Findings).show(deployment.problem)
            self.query_one(Talk).show(deployment.talk)
            self._explain_new_failure()
            self.refresh_bindings()
        elif not deployment.running:
            return  # nothing moves any more: no clock to draw
        tree = self.query_one(StepTree)
        tree.show(deployment.state, deployment.now(), self._expected)
        self.query_one("#deploy-sum", Static).update(self._sum())

    def _sum(self) -> Content:
        deployment, state = self.deployment, self.deployment.state
        final = sum(each.status.final for each in state.steps.values())
        took = seconds(deployment.now() - deployment.started) if deployment.started else "0:00"
        words = f"{final} of {len(state.steps)} steps" if state.steps else ""
        if deployment.code is not None:
            if deployment.code is ExitCode.OK:
                return Content.assemble((_DONE[state.what], "bold $text-success"), f" in {took}, {words}")
            end, style = _ENDS.get(deployment.code, ("Failed", "$text-error"))
            more = f" after {took}, {words}; what worked stays" if state.steps else ""
            return Content.assemble((end, f"bold {style}"), more)
        if deployment.progress and not state.steps:
            return plain(deployment.progress, "$muted")
        stopping = ("  stopping: what runs is let finish", "$text-warning") if state.draining else ""
        return Content.assemble((_DOING[state.what], "bold"), f"  {took}  {words}", stopping)

    def _explain_new_failure(self) -> None:
        for step, each in self.deployment.state.steps.items():
            if each.status is StepStatus.FAILED and step not in self._explained:
                self._explained.add(step)
                if self.app.screen is self:
                    self._explain(step)
                return

    # The operator

    @on(StepTree.Opened)
    def _opened(self, event: StepTree.Opened) -> None:
        event.stop()
        if self.deployment.code is ExitCode.OK:
            self.action_go_on()
        else:
            self._explain(event.step)

    @work(group="explain", exclusive=True)
    async def _explain(self, step: str) -> None:
        from wizard.ui.tui.screens.explain import ExplainScreen

        answer = await self.app.push_screen_wait(ExplainScreen(self.deployment, step))
        if answer == "retry":
            self.action_retry()
        elif answer == "rollback":
            self.action_rollback()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        deployment = self.deployment
        ended = deployment.code is not None and not deployment.running
        match action:
            case "retry":
                return ended and deployment.code is not ExitCode.OK
            case "rollback":
                return ended and bool(deployment.state.releases) and deployment.state.what == "apply"
            case "go_on":
                return ended and deployment.code is ExitCode.OK
            case "back":
                return ended
            case _:
                return True

    def action_retry(self) -> None:
        if not self.deployment.running:
            self._explained.clear()
            self.deployment.retry()

    @work(group="rollback", exclusive=True)
    async def action_rollback(self) -> None:
        from wizard.ui.tui.widgets.dialog import Confirm

        body = "Every Helm release that this run changed goes back to the revision it had before; new ones go."
        asked = Confirm("Roll this run back?", body, yes="Roll back", no="Leave it so", danger=True)
        if await self.app.push_screen_wait(asked) and not self.deployment.running:
            self.deployment.rollback()

    def action_go_on(self) -> None:
        self._leave("done" if self.deployment.state.what == "apply" else "review")

    def action_back(self) -> None:
        self._leave("review")

    @work(group="leave", exclusive=True)
    async def _leave(self, answer: str) -> None:
        if self._watch is not None:
            await self._watch.stop()
        self.app.clear_notifications()  # "Enter goes on" has been heard
        self.dismiss(answer)

    async def leaving(self) -> bool:
        if self._watch is not None:
            await self._watch.stop()
        return True

    def action_switch(self) -> None:
        under = self.query_one("#deploy-under", ContentSwitcher)
        if under.current == "deploy-talk":
            self._show_live()
        else:
            under.current = "deploy-talk"
            self.query_one(StepTree).focus()

    @work(group="live", exclusive=True)
    async def _show_live(self) -> None:
        from wizard.ui.tui.panes.live import LivePanes

        live = self.query_one("#deploy-live", Vertical)
        if self._watch is None:
            try:
                watch = self.deployment.services.watch(self.deployment.profile)
            except WizardError as wrong:
                self.notify(clean(wrong.findings[0].summary), severity="warning")
                return
            self._watch = watch
            await watch.start()
            await live.mount(LivePanes(watch, self.deployment.profile))
        self.query_one("#deploy-under", ContentSwitcher).current = "deploy-live"

    def _ended(self) -> None:
        if not self.is_attached:
            return
        self._draw()
        self.refresh_bindings()
        code: Any = self.deployment.code
        if code is ExitCode.OK and self.deployment.state.what == "apply" and self.app.screen is self:
            self.notify("deployed and ready: Enter goes on", timeout=6)
