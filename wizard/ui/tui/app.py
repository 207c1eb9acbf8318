"""The app: themes, leaving, stopping, and the deployment that outlives any screen."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.reactive import Initialize, Reactive
from textual.screen import Screen
from textual.theme import Theme

from wizard.ui.services import Outcome, Services
from wizard.ui.tui import styling, themes

if TYPE_CHECKING:
    from textual.notifications import SeverityLevel
    from textual.worker import Worker

    from wizard.domain.profile import Profile
    from wizard.ui.tui.deployment import Deployment


@dataclass(frozen=True, slots=True)
class Start:
    """What the app opens with."""

    profile: Profile | None = None
    """None: the home screen."""
    deploy: bool = False
    """Whether the plan was agreed to on the command line (`--yes`): no review, straight to the run."""
    watch: bool = False
    """Whether it only shows what is there."""
    agreed_to: tuple[str, ...] = ()


class WizardApp(App[Outcome]):
    """Screens return values to it; what must not die with a screen lives here."""

    TITLE = "wizard"
    CSS_PATH = styling.BASE
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "stop", "Stop", show=False, priority=True, system=True),
        Binding("ctrl+q", "leave", "Quit", priority=True, tooltip="Leave; a run is first brought to a safe point"),
        Binding("question_mark", "help", "Help", key_display="?"),
        # Shown where a question mark would be typed: the footer has one key an action, the first that works.
        Binding("f1", "help", "Help", priority=True),
        Binding("f2", "next_theme", "Theme", show=False),
    ]

    theme: Reactive[str] = Reactive(Initialize(lambda app: app._first_theme))  # type: ignore[attr-defined]

    def __init__(self, services: Services, start: Start | None = None) -> None:
        from wizard.ui.tui.driver import LastingDriver

        # Before Textual works its first style sheet out: changing the theme afterwards does all of that again.
        self._first_theme = themes.first_theme(services.recall("theme"), no_color=bool(os.environ.get("NO_COLOR")))
        super().__init__(driver_class=None if os.environ.get("TEXTUAL_DRIVER") else LastingDriver)
        self.services = services
        self.deployment: Deployment | None = None
        self.hung_up = False
        """Whether the terminal has gone: nobody sees or answers anything any more."""
        self._start = start or Start()
        self._leaving: Worker[None] | None = None
        for theme in themes.OURS:
            self.register_theme(theme)

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        # What ends the process by default brings a run to a safe point first. A terminal sends Ctrl-C as a key:
        # SIGINT comes from elsewhere (kill -INT), and means the same.
        with suppress(NotImplementedError, RuntimeError):  # RuntimeError: not the main thread (tests)
            loop.add_signal_handler(signal.SIGHUP, self._hang_up)
            loop.add_signal_handler(signal.SIGTERM, self._told_to_end)
            loop.add_signal_handler(signal.SIGINT, self.action_stop)
        self.run_worker(self._main(), name="main", exit_on_error=True)

    async def _main(self) -> None:
        from wizard.ui.tui.journey import Journey

        outcome = await Journey(self).run(self._start)
        if self.deployment is not None:
            await self.deployment.close()
        self.exit(outcome, return_code=outcome.exit_code)

    # Stopping and leaving

    def action_stop(self) -> None:
        """Ctrl-C: copies where text is selected, stops a run, else asks whether to leave."""
        if selected := self.screen.get_selected_text():
            self.copy_to_clipboard(selected)
            self.notify("copied")
        elif self.deployment is not None and self.deployment.running:
            words = self.deployment.stop("Ctrl-C")
            if words:
                self.notify(words, severity="warning", timeout=10)
        else:
            self.action_leave()

    def action_leave(self) -> None:
        """Asks only where something could be lost; the screen knows what (`leaving`)."""
        if self._leaving is None or self._leaving.is_finished:  # one question, however often one asks to leave
            self._leaving = self.run_worker(self._leave(), name="leave", group="leave")

    async def _leave(self) -> None:
        from wizard.domain.finding import ExitCode
        from wizard.ui.tui.saving import Leaving
        from wizard.ui.tui.widgets.dialog import Confirm

        if any(isinstance(screen, Confirm | Leaving) for screen in self.screen_stack):
            return  # a screen is asking already
        running = self.deployment is not None and self.deployment.running
        if running and self.deployment is not None:
            stop = await self.push_screen_wait(
                Confirm(
                    "A run is under way",
                    "Leaving brings it to a safe point first: no new step starts, helm is let finish.",
                    yes="Stop and leave",
                    no="Stay",
                )
            )
            if not stop:
                return
            self.deployment.stop("the operator left")
            await self.deployment.wait()
        for screen in reversed(self.screen_stack):
            leaving: Callable[[], Any] | None = getattr(screen, "leaving", None)
            if leaving is not None and not await leaving():
                return
        code = ExitCode.ABORTED
        if self.deployment is not None and self.deployment.code is not None:
            code = self.deployment.code
        elif not self._unfinished():
            code = ExitCode.OK
        await self.end(int(code))

    def _unfinished(self) -> bool:
        return any(getattr(screen, "unfinished", False) for screen in self.screen_stack)

    async def end(self, code: int, words: Iterable[str] = ()) -> None:
        """Lets go of the cluster and ends the app."""
        if self.deployment is not None:
            await self.deployment.close()
        self.exit(Outcome(code, tuple(words)), return_code=code)

    def _hang_up(self) -> None:
        """The terminal was closed. A run goes on to a safe point; the journal says why it stopped."""
        from wizard.ui.tui.driver import let_go_of_terminal

        if self.hung_up:
            return
        self.hung_up = True
        let_go_of_terminal()
        self._end_safely("SIGHUP received: the terminal was closed")

    def _told_to_end(self) -> None:
        self._end_safely("SIGTERM received")

    def _end_safely(self, reason: str) -> None:
        async def ending() -> None:
            from wizard.domain.finding import ExitCode

            code = ExitCode.ABORTED
            if self.deployment is not None and self.deployment.running:
                self.deployment.stop(reason)
                code = await self.deployment.wait() or code
            await self.end(int(code))

        # A task of its own: a worker would be cancelled with the screens that a dying terminal takes down.
        self._ending = asyncio.ensure_future(ending())

    # Looks

    def action_next_theme(self) -> None:
        names = themes.CHOICES
        at = names.index(self.theme) if self.theme in names else -1
        self.theme = names[(at + 1) % len(names)]
        self.notify(f"theme {self.theme}", timeout=2)

    def watch_theme(self, theme: str) -> None:
        if self.is_running:
            self.services.remember("theme", theme)

    def get_theme(self, theme_name: str) -> Theme | None:
        """Ours are known before they can be registered."""
        return themes.BY_NAME.get(theme_name) or super().get_theme(theme_name)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(themes.FALLBACK)

    def action_help(self) -> None:
        from wizard.ui.tui.screens.help import HelpScreen

        if isinstance(self.screen, HelpScreen):  # the same key once more
            self.screen.dismiss(None)
        else:
            self.push_screen(HelpScreen(self.screen))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette has every action of the screen and of the app, by its name."""
        yield SystemCommand("Help", "Keys of this screen", self.action_help)
        yield SystemCommand("Theme", "Choose how it looks", self.action_change_theme)
        yield SystemCommand("Quit", "Leave the wizard", self.action_leave)
        seen: set[str] = set()
        for node, binding, enabled, tooltip in screen.active_bindings.values():
            words = binding.description
            if not words or not enabled or binding.action in seen or node is self:
                continue
            seen.add(binding.action)

            def act(action: str = binding.action, node: Any = node) -> None:
                self.run_worker(self.run_action(action, node))

            yield SystemCommand(words, tooltip or f"key {self.get_key_display(binding)}", act)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """As Textual's, but never markup: what is said here often quotes a file, a cluster, an error."""
        from wizard.ui.tui.text import clean

        words = "\n".join(clean(line, 300) for line in message.splitlines()[:12])
        super().notify(words, title=clean(title, 80), severity=severity, timeout=timeout, markup=False)

    def _fatal_error(self) -> None:
        """As Textual's, but without the locals of each frame: they may hold secrets."""
        from rich.segment import Segments
        from rich.traceback import Traceback

        self.bell()
        traceback = Traceback(show_locals=False, width=None)
        self._exit_renderables.append(Segments(self.console.render(traceback, self.console.options)))
        self._close_messages_no_wait()
