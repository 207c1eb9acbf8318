"""Review: what will be done, why, what it costs, what it looks like, and the file that says it all."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.syntax import Syntax
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Static, TabbedContent, TabPane, Tree
from textual.widgets.tree import TreeNode

from wizard.domain.finding import Severity, WizardError
from wizard.domain.plan import Action, Change, Plan
from wizard.ui.diagram import diagram
from wizard.ui.headless.words import summary
from wizard.ui.tui import styling
from wizard.ui.tui.own import app_of
from wizard.ui.tui.text import clean, plain
from wizard.ui.tui.widgets.bar import Bar
from wizard.ui.tui.widgets.findings import Findings

if TYPE_CHECKING:
    from wizard.ui.flow.draft import Draft
    from wizard.ui.tui.deployment import Deployment

MARKS = {
    Change.CREATE: ("+", "$text-success"),
    Change.UPDATE: ("~", "$text-warning"),
    Change.LEAVE: ("=", "$muted"),
    Change.REMOVE: ("-", "$text-error"),
    Change.REPAIR: ("!", "$text-accent"),
    Change.WAIT: ("…", "$text-primary"),
}
_DIFF = {"+": "$text-success", "-": "$text-error", "@": "$text-primary"}


class ReviewScreen(Screen[str]):
    """Nothing has been changed yet. Read what would be, then deploy it; or go back and change your mind."""

    CSS_PATH = styling.RUN

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "deploy", "Deploy"),
        Binding("e", "edit", "Edit"),
        Binding("s", "save", "Save"),
        Binding("r", "again", "Plan again"),
        Binding("1", "tab('plan')", "Plan", show=False),
        Binding("2", "tab('findings')", "Findings", show=False),
        Binding("3", "tab('cost')", "Cost", show=False),
        Binding("4", "tab('diagram')", "Diagram", show=False),
        Binding("5", "tab('yaml')", "YAML", show=False),
        Binding("escape", "back", "Back"),
    ]

    def __init__(self, draft: Draft, deployment: Deployment, *, walked: bool = False) -> None:
        super().__init__()
        self.draft, self.deployment = draft, deployment
        self.walked = walked
        """Whether one came from the walk, and goes back there."""

    def compose(self) -> ComposeResult:
        profile = self.deployment.profile
        yield Bar(profile.name, "Review", simulated=profile.simulated)
        yield Static("", id="review-sum", markup=False)
        with TabbedContent(id="review-tabs"):
            with TabPane("Plan", id="plan"):
                tree: Tree[Action | None] = Tree("", id="review-tree")
                tree.show_root = False
                tree.guide_depth = 2
                yield tree
            with TabPane("Findings", id="findings"), VerticalScroll():
                yield Findings(id="review-findings")
                yield Static("", id="review-none", markup=False)
            with TabPane("Cost", id="cost"), VerticalScroll():
                yield Static(self._cost(), id="review-cost", markup=False)
            with TabPane("Diagram", id="diagram"), VerticalScroll():
                yield Static(plain("\n".join(diagram(profile)), lines=True), id="review-diagram", markup=False)
            with TabPane("YAML", id="yaml"), VerticalScroll():
                yield Static(id="review-yaml", markup=False)
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        # ansi themes have their own sixteen colours; Pygments' would not match them
        look = "ansi_dark" if self.app.current_theme.dark else "ansi_light"
        lines = "\n".join(clean(line) for line in self.draft.yaml().splitlines())
        yaml = Syntax(lines, "yaml", theme=look, background_color="default", word_wrap=True)
        self.query_one("#review-yaml", Static).update(yaml)
        self._plan()
        self.set_interval(0.2, self._progress)

    def _progress(self) -> None:
        self.query_one(Bar).note = self.deployment.progress

    @work(group="plan", exclusive=True)
    async def _plan(self) -> None:
        self._say("looking at the target …", "$muted")
        await self.deployment.make_plan()
        self._show()

    def _show(self) -> None:
        self._progress()
        plan, problem = self.deployment.plan, self.deployment.problem
        findings = (*problem, *(plan.findings if plan else ()))
        self.query_one("#review-findings", Findings).show(findings)
        self.query_one("#review-none", Static).update("" if findings else "nothing to report")
        tabs = self.query_one(TabbedContent)
        tabs.get_tab("findings").label = Content(f"Findings {len(findings)}" if findings else "Findings")
        wrong = [each for each in findings if each.severity is Severity.ERROR]
        if plan is None:
            shown = self._unseen_plan()
            if shown is not None:
                self._grow(shown)
            self._say(f"cannot deploy: {problem[0].summary if problem else 'no plan'}", "$text-error")
            tabs.active = "findings"
        else:
            self._grow(plan)
            if wrong:
                self._say(f"cannot deploy: {wrong[0].summary}", "$text-error")
                tabs.active = "findings"
            elif plan.empty:
                self._say("nothing to do: everything is as desired, and ready", "$text-success")
            else:
                self._say(f"{summary(plan)}. Press d to deploy.", "")
        if tabs.active == "plan":
            self.query_one(Tree).focus()
        self.refresh_bindings()

    def _unseen_plan(self) -> Plan | None:
        """What the profile means, for a target that cannot be looked at."""
        try:
            return self.deployment.services.offline_plan(self.deployment.profile)
        except WizardError:
            return None

    def _say(self, words: str, style: str) -> None:
        self.query_one("#review-sum", Static).update(plain(words, style))

    def _grow(self, plan: Plan) -> None:
        tree: Tree[Action | None] = self.query_one("#review-tree", Tree)
        tree.clear()
        for action in plan.actions:
            mark, style = MARKS[action.change]
            label = Content.assemble(
                (f"{mark} {action.change.value:<7}", style), " ", clean(action.resource), "  ",
                (clean("; ".join(action.reasons)), "$muted"),
            )  # fmt: skip
            node: TreeNode[Action | None] = tree.root.add(_rich(label, self), data=action, expand=False)
            node.allow_expand = bool(action.diff or action.conflicts or len(action.reasons) > 1)
            if len(action.reasons) > 1:
                for reason in action.reasons:
                    node.add_leaf(_rich(plain(reason), self))
            for conflict in action.conflicts:
                words = f"{conflict.field} of {conflict.resource} belongs to {conflict.manager}"
                node.add_leaf(_rich(plain(words, "$text-warning"), self))
            for line in action.diff.splitlines():
                node.add_leaf(_rich(Content.styled(clean(line), _DIFF.get(line[:1], "$muted")), self))
        tree.root.expand()

    def _cost(self) -> Content:
        from wizard.ui.tui.cost import cost_content

        return cost_content(self.deployment.profile)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "deploy":
            plan = self.deployment.plan
            return True if plan is not None and not plan.blocked and not plan.empty else None
        return True

    def action_tab(self, name: str) -> None:
        self.query_one(TabbedContent).active = name

    def action_deploy(self) -> None:
        self.dismiss("deploy")

    def action_edit(self) -> None:
        self.dismiss("edit")

    @work(group="leave", exclusive=True)
    async def action_back(self) -> None:
        # Back into the walk nothing is lost; out to the home screen what was not saved would be.
        if self.walked or await self.leaving():
            self.dismiss("back")

    async def leaving(self) -> bool:
        from wizard.ui.tui.saving import may_leave

        return await may_leave(app_of(self), self.draft)

    def action_again(self) -> None:
        self._plan()

    @work(group="save", exclusive=True)
    async def action_save(self) -> None:
        from wizard.ui.tui.saving import save_profile

        await save_profile(app_of(self), self.draft)


def _rich(content: Content, screen: Screen[str]) -> Text:
    """Trees take Rich text: theme variables are looked up here."""
    text = Text(content.plain, no_wrap=True, overflow="ellipsis")
    for span in content.spans:
        style = span.style
        if isinstance(style, str):
            text.stylize(_colour(style, screen), span.start, span.end)
    return text


def _colour(style: str, screen: Screen[str]) -> str:
    from textual.style import Style

    parsed = Style.parse(style, screen.app.theme_variables)
    return str(parsed.rich_style)
