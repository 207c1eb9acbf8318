"""Done: where it is, how to log in, what next."""

from __future__ import annotations

import asyncio
import webbrowser
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Static

from wizard.domain.finding import WizardError
from wizard.ui.tui import styling
from wizard.ui.tui.text import clean, fit, plain
from wizard.ui.tui.widgets.bar import Bar

if TYPE_CHECKING:
    from wizard.engine.inventory import Credential
    from wizard.ui.tui.deployment import Deployment


class DoneScreen(Screen[str]):
    """The platform is there. Watch it, copy its address, or leave: it stays."""

    CSS_PATH = styling.RUN

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "answer('watch')", "Watch"),
        Binding("c", "copy", "Copy address"),
        Binding("o", "open", "Open"),
        Binding("p", "credentials", "Credentials", tooltip="Show or hide the passwords"),
        Binding("h,escape", "answer('home')", "Home"),
        Binding("q,enter", "answer('quit')", "Finish"),
    ]

    def __init__(self, deployment: Deployment) -> None:
        super().__init__()
        self.deployment = deployment
        self._credentials: list[Credential] | None = None

    def compose(self) -> ComposeResult:
        profile = self.deployment.profile
        yield Bar(profile.name, "Done", simulated=profile.simulated)
        with VerticalScroll(id="done-box"):
            yield Static(plain(f"✓ {profile.name} is deployed and ready.", "bold $text-success"))
            yield Static("", id="done-urls", markup=False)
            yield Static("", id="done-credentials", markup=False)
            yield Static(self._next(), id="done-next", markup=False)
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self._show_urls({})
        if self.urls and not self.deployment.simulated:
            self._ask_urls()

    @property
    def urls(self) -> tuple[str, ...]:
        return self.deployment.urls

    def _show_urls(self, states: dict[str, tuple[bool, str]]) -> None:
        parts: list[Content] = []
        for url in self.urls:
            words, style = "", "$muted"
            if self.deployment.simulated:
                words = "simulated: no browser reaches it"
            elif url in states:
                ok, words = states[url]
                style = "$text-success" if ok else "$text-warning"
            parts.append(Content.assemble("  ", (url, "bold"), "  ", (words, style)))
        if not self.urls:
            command = f"kubectl -n {self.deployment.profile.namespace} port-forward svc/open-webui 8080:80"
            parts.append(plain(f"  {command}\n  then http://localhost:8080", lines=True))
        self.query_one("#done-urls", Static).update(Content("\n").join(parts))

    @work(group="urls")
    async def _ask_urls(self) -> None:
        states: dict[str, tuple[bool, str]] = {}

        async def ask(url: str) -> None:
            found = await self.deployment.services.https(url)
            states[url] = (found.ok, found.words)
            self._show_urls(states)

        await asyncio.gather(*(ask(url) for url in self.urls))

    def _next(self) -> Content:
        name = self.deployment.profile.name
        lines = [
            ("wizard watch", f"--profile {name}", "pods, alerts and logs, live"),
            ("wizard", f"--profile {name}", "change it, bring it up to date"),
            ("wizard rollback", f"--profile {name}", "undo the last run"),
            ("wizard destroy", f"--profile {name}", "uninstall; volumes stay"),
        ]
        text = [Content.styled("Next", "bold")]
        text += [Content.assemble(f"  {f'{a} {b}':<36} ", (note, "$muted")) for a, b, note in lines]
        return Content("\n").join(text)

    def action_answer(self, answer: str) -> None:
        self.dismiss(answer)

    def action_copy(self) -> None:
        if self.urls:
            self.app.copy_to_clipboard(self.urls[0])
            self.notify(f"copied {self.urls[0]}")
        else:
            self.notify("there is no address yet: the profile has no domain", severity="warning")

    def action_open(self) -> None:
        if not self.urls or self.deployment.simulated:
            self.notify("nothing to open: " + ("it is simulated" if self.urls else "the profile has no domain"))
        elif not webbrowser.open(self.urls[0]):
            self.notify("no browser on this machine; c copies the address", severity="warning")

    @work(group="credentials", exclusive=True)
    async def action_credentials(self) -> None:
        shown = self.query_one("#done-credentials", Static)
        if self._credentials is not None:
            self._credentials = None
            shown.update("")
            return
        try:
            self._credentials = await self.deployment.credentials()
        except WizardError as wrong:
            shown.update(plain(wrong.findings[0].summary, "$text-error"))
            return
        rows = [Content.assemble(("Log in as ", "bold"), plain(self.deployment.profile.admin_email))]
        for each in self._credentials:
            value = each.value.reveal() if each.value is not None else "not made yet"
            rows.append(Content.assemble(f"  {fit(clean(each.ref.name), 28)} ", (plain(value).plain, "$text-accent")))
        rows.append(Content.styled("  p hides them again", "$muted"))
        shown.update(Content("\n").join(rows))
