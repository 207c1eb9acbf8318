"""A step explained: what it does, what went wrong, the last words of what failed, and what one can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Footer, Static

from wizard.domain.run import StepStatus
from wizard.ui.tui import styling
from wizard.ui.tui.text import clean, plain
from wizard.ui.tui.widgets.findings import finding_content
from wizard.ui.tui.widgets.steps import seconds

if TYPE_CHECKING:
    from wizard.domain.run import StepState
    from wizard.ui.tui.deployment import Deployment

_KIND = {
    "namespace": "Makes the namespace, with its labels and its Pod Security level.",
    "secrets": "Makes the Secrets that charts refer to by name; values are generated where none is given.",
    "release": "Installs or upgrades the Helm release, without waiting for its pods.",
    "ready": "Waits until every workload of the release is ready, and asks the program itself.",
    "remove": "Uninstalls the Helm release; volumes stay.",
}


class ExplainScreen(ModalScreen[str]):
    """Answers `retry`, `rollback`, or nothing: leave it so."""

    CSS_PATH = styling.RUN

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "answer('retry')", "Retry"),
        Binding("u", "answer('rollback')", "Roll back"),
        Binding("c", "copy", "Copy command"),
        Binding("escape,q,enter", "answer('')", "Leave it so"),
    ]

    def __init__(self, deployment: Deployment, step: str) -> None:
        super().__init__()
        self.deployment, self.step = deployment, step
        self._state = deployment.state.steps[step]

    @property
    def state(self) -> StepState:
        """The last one known: a retry begins with no steps while this screen is still closing."""
        self._state = self.deployment.state.steps.get(self.step, self._state)
        return self._state

    def compose(self) -> ComposeResult:
        box = Vertical(id="explain-box", classes="-failed" if self.state.status is StepStatus.FAILED else "")
        box.border_title = plain(self.state.spec.title, limit=60)
        with box:
            with VerticalScroll(id="explain-words"):
                yield Static(self._words(), markup=False)
            yield Footer(compact=True, show_command_palette=False)

    def _words(self) -> Content:
        state = self.state
        took = (state.ended or self.deployment.now()) - state.started if state.started else 0.0
        head = f"{state.status.value}" + (f" after {seconds(took)}" if state.started else "")
        head += f", attempt {state.attempt}" if state.attempt > 1 else ""
        parts = [Content.styled(f"{_KIND.get(state.spec.kind, '')}\n", "$muted"), Content.styled(f"{head}\n\n", "bold")]
        for finding in state.findings:
            parts += [finding_content(finding), Content("\n\n")]
        if state.message and not state.findings:
            parts.append(plain(f"{state.message}\n\n", lines=True))
        if state.spec.needs:
            titles = [self.deployment.state.steps[need].spec.title for need in state.spec.needs]
            parts.append(plain(f"waits for: {', '.join(titles)}\n", "$muted", lines=True))
        said = [line for line in self.deployment.talk if line.step == self.step][-8:]
        if said:
            parts.append(Content.styled("\nlast words\n", "$muted"))
            parts += [Content(f"  {clean(line.text)}\n") for line in said]
        parts.append(Content.styled("\nlook further\n", "$muted"))
        parts.append(plain(f"  {self._command()}\n", "$text-accent", lines=True))
        return Content("").join(parts)

    def _command(self) -> str:
        spec, namespace = self.state.spec, self.deployment.profile.namespace
        where = self.deployment.kubeconfig
        prefix = f"KUBECONFIG={where} " if where else ""
        match spec.kind:
            case "release" | "remove":
                return f"{prefix}helm -n {namespace} history {spec.target}"
            case "ready":
                return f"{prefix}kubectl -n {namespace} describe pods -l app.kubernetes.io/instance={spec.target}"
            case _:
                return f"{prefix}kubectl -n {namespace} get events --sort-by=.lastTimestamp"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "answer" and parameters and parameters[0]:
            over = not self.deployment.running and self.state.status in (StepStatus.FAILED, StepStatus.SKIPPED)
            return over if parameters[0] == "retry" else over and bool(self.deployment.state.releases)
        return True

    def on_mount(self) -> None:
        # The run may end while this is open: then retrying becomes possible.
        self.set_interval(0.5, self.refresh_bindings)

    def action_answer(self, answer: str) -> None:
        self.dismiss(answer)

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self._command())
        self.notify("copied")
