"""What a chapter shows beside its questions: whether the target answers, what it costs, which secrets there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Button, Static

from wizard.domain.finding import Finding, Severity, WizardError
from wizard.domain.secret import Secret
from wizard.ui.tui.own import services_of
from wizard.ui.tui.text import clean, plain
from wizard.ui.tui.widgets.dialog import Choose, Prompt
from wizard.ui.tui.widgets.findings import Findings

if TYPE_CHECKING:
    from wizard.ui.flow.draft import Draft
    from wizard.ui.services import SecretPlace, Services


class Extra(Vertical):
    """Knows the draft, and is told when it has changed."""

    DEFAULT_CSS = """
    Extra { height: auto; width: 1fr; margin-bottom: 1; }
    Extra > Static { height: auto; width: 1fr; }
    Extra > Button { margin-top: 1; padding: 0 1; }
    """

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self.draft = draft

    def compose(self) -> ComposeResult:
        yield Static(markup=False)

    def update(self, words: Content) -> None:
        for each in self.query(Static):
            each.update(words)

    @property
    def services(self) -> Services:
        return services_of(self)

    def sync(self) -> None:
        raise NotImplementedError


class Connection(Extra):
    """Whether the cluster answers, asked again when context or file change."""

    _asked: tuple[object, object] | None = None

    def sync(self) -> None:
        self.display = self.draft.kind == "cluster"
        what = (self.draft.value("target.cluster.context"), self.draft.value("target.cluster.kubeconfig"))
        if self.display and what != self._asked:
            self._asked = what
            self._ask(*what)

    @work(group="reach", exclusive=True)
    async def _ask(self, context: str | None, kubeconfig: str | None) -> None:
        self.update(plain("asking the cluster …", "$muted"))
        found = await self.services.reach(context, kubeconfig)
        mark, style = ("✓ ", "$text-success") if found.ok else ("✗ ", "$text-warning")
        hint = f"\n  do: {clean(found.hint, 200)}" if found.hint and not found.ok else ""
        self.update(Content.assemble((mark, style), clean(found.words, 200), (hint, "$muted")))


class Server(Extra):
    """Whether the server can be reached and will do: asked for, since it logs in."""

    def compose(self) -> ComposeResult:
        yield Button("Check the server", id="check", compact=True)
        yield Findings()

    def sync(self) -> None:
        self.display = self.draft.kind == "k3s"

    @on(Button.Pressed, "#check")
    @work(group="check", exclusive=True)
    async def _check(self) -> None:
        found = self.query_one(Findings)
        profile = self.draft.profile()
        if profile is None:
            wrong = self.draft.findings()
            found.show(wrong[:3])
            return
        found.show((Finding(Severity.INFO, "server-check", f"looking at {profile.target.need_k3s().host} …"),))
        try:
            findings = await self.services.inspect(profile)
        except WizardError as wrong:
            found.show(wrong.findings)
            return
        found.show(findings or (Finding(Severity.INFO, "server-fine", "the server will do"),))


class Estimate(Extra):
    """What it costs a month, as one changes it."""

    def sync(self) -> None:
        from wizard.ui.tui.cost import cost_content

        profile = self.draft.profile()
        self.display = self.draft.kind == "aws"
        if self.display:
            words = plain("the estimate comes when the profile is whole", "$muted")
            self.update(cost_content(profile, short=True) if profile is not None else words)


class Secrets(Extra):
    """Which secrets the profile needs and where they are; never a value."""

    _asked: object = None
    _places: Sequence[SecretPlace] = ()

    def compose(self) -> ComposeResult:
        yield from super().compose()
        yield Button("Give a secret", id="give", compact=True)

    def sync(self) -> None:
        profile = self.draft.profile()
        if profile is None:
            self._asked = None
            self.update(plain("the list comes when the profile is whole", "$muted"))
        elif profile != self._asked:
            self._asked = profile
            self._ask()

    @work(group="secrets", exclusive=True)
    async def _ask(self) -> None:
        profile = self.draft.profile()
        if profile is None:
            return
        try:
            places = await self.services.secrets(profile)
        except WizardError as wrong:
            self.update(plain(wrong.findings[0].summary, "$text-warning"))
            return
        self._places = places
        self.update(Content("\n").join(_place(each) for each in places))

    @on(Button.Pressed, "#give")
    @work(group="give", exclusive=True)
    async def _give(self) -> None:
        """Into the operator's keyring, for those that somebody else decides, or that should not be generated."""
        profile = self.draft.profile()
        if profile is None or not self._places:
            return
        options = [(each.name, each.name, each.purpose) for each in sorted(self._places, key=lambda p: p.generated)]
        name = await self.app.push_screen_wait(Choose("Which secret?", options))
        if name is None:
            return
        typed = await self.app.push_screen_wait(
            Prompt(name, "Its value goes into your keyring, and nowhere else.", password=True)
        )
        if not typed:
            return
        if await self.services.keep_secret(profile, name, Secret(typed)):
            self.notify(f"{clean(name)} is in the keyring")
            self._ask()
        else:
            env = next(each.env for each in self._places if each.name == name)
            self.notify(f"no keyring keeps it here: set {env} instead", severity="warning", timeout=10)


def _place(each: SecretPlace) -> Content:
    if each.kept:
        words, style = f"there, in {clean(', '.join(each.kept), 60)}", "$text-success"
    elif each.generated:
        words, style = "will be generated", "$muted"
    else:
        words, style = f"you give it: {each.env}", "$text-warning"
    line = Content.assemble(("● ", style), (clean(each.name, 60), "bold"), "  ", (words, style))
    return Content.assemble(line, "\n  ", (clean(each.purpose, 200), "$muted")) if each.purpose else line


_EXTRAS: dict[str, tuple[type[Extra], ...]] = {
    "where": (Connection, Server),
    "tiers": (Estimate,),
    "secrets": (Secrets,),
}


def extras(chapter: str, draft: Draft) -> list[Extra]:
    return [made(draft) for made in _EXTRAS.get(chapter, ())]
