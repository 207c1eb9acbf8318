"""Playing the whole app without a terminal: keys in, the screen's text out, waiting until something is so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

from textual import events
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Input

from tests.tui.desk import FakeDesk
from wizard.ui.flow.chapters import CHAPTERS
from wizard.ui.services import Outcome, Services
from wizard.ui.tui.app import Start, WizardApp
from wizard.ui.tui.screens.home import HomeScreen
from wizard.ui.tui.screens.walk import WalkScreen
from wizard.ui.tui.widgets.field import Field
from wizard.ui.tui.widgets.rail import Rail

W = TypeVar("W", bound=Widget)
PATIENCE = 10.0
"""Seconds after which what a test waits for will not come."""


_KEYS = {" ": "space", ".": "full_stop", "/": "slash", "-": "minus", "_": "underscore", "@": "at", ":": "colon",
         ",": "comma", "=": "equals_sign", "%": "percent_sign", "+": "plus", "?": "question_mark"}  # fmt: skip
_CHARACTERS = {name: character for character, name in _KEYS.items()}


class Player:
    """One app under a pilot."""

    def __init__(self, app: WizardApp, pilot: Pilot[Outcome], desk: FakeDesk) -> None:
        self.app, self.pilot, self.desk = app, pilot, desk

    @property
    def screen(self) -> str:
        """Name of the class of the screen on top."""
        return type(self.app.screen).__name__

    @property
    def text(self) -> str:
        """What stands on the screen, line by line."""
        return "\n".join(strip.text.rstrip() for strip in self.app.screen._compositor.render_strips())

    async def until(self, so: Callable[[], object], what: str = "", seconds: float = PATIENCE) -> None:
        deadline = time.monotonic() + seconds
        while True:
            await self.settle()
            if self.app.screen_stack:
                self.app.screen._on_timer_update()  # lay out and draw now: a pilot does not wait for the next frame
            if so():
                return
            await asyncio.sleep(0.01)  # between looks; what is waited for is `so`
            if time.monotonic() > deadline:
                raise AssertionError(f"{what or 'it'} did not come; {self.screen} shows\n{self.text}")

    async def sees(self, *words: str) -> None:
        for each in words:
            await self.until(lambda each=each: each in self.text, repr(each))  # type: ignore[misc]

    async def on(self, screen: str) -> None:
        await self.until(lambda: self.screen == screen and self.app.screen.is_mounted, screen)

    async def settle(self) -> None:
        """Until app, screen and what has the focus have worked off what was queued for them.

        What other widgets, workers and timers do is waited for by `until`.
        """
        await asyncio.sleep(0)
        focused = self.app.screen.focused if self.app.screen_stack else None
        nodes = [self.app, *(focused.ancestors_with_self if focused is not None else [self.app.screen])]
        heard = [asyncio.Event() for _ in nodes]
        waiting = [each for node, each in zip(nodes, heard, strict=True) if node.call_later(each.set)]

        async def all_heard() -> None:
            for each in waiting:
                await each.wait()

        async def crashed() -> None:
            await self.app._exception_event.wait()

        crash = asyncio.ensure_future(crashed())
        done = asyncio.ensure_future(all_heard())
        await asyncio.wait([crash, done], timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        done.cancel()
        crash.cancel()

    async def press(self, *keys: str) -> None:
        """As `Pilot.press`, which waits for an idle process after each key: 40 ms, too long for whole walks."""
        driver = self.app._driver
        assert driver is not None
        for key in keys:
            event = events.Key(key, _CHARACTERS.get(key, key if len(key) == 1 else None))
            event.set_sender(self.app)
            driver.send_message(event)
            await self.settle()
            await self.settle()
        await self.until(lambda: True)

    async def type(self, text: str) -> None:
        await self.press(*(_KEYS.get(character, character) for character in text))

    # The walk

    @property
    def walk(self) -> WalkScreen:
        assert isinstance(self.app.screen, WalkScreen), self.screen
        return self.app.screen

    @property
    def chapter(self) -> str:
        return CHAPTERS[self.walk._at].id

    async def go(self, chapter: str) -> None:
        """By the keys for next and back."""
        names = [each.id for each in CHAPTERS]
        while self.chapter != chapter:
            at = self.chapter
            await self.press("ctrl+n" if names.index(chapter) > names.index(at) else "ctrl+b")
            await self.until(lambda at=at: self.chapter != at, "another chapter")  # type: ignore[misc]

    async def jump(self, chapter: str) -> None:
        """As a click on the rail: for stories about something else than the way there."""
        self.walk.post_message(Rail.Chosen(chapter))
        await self.until(lambda: self.chapter == chapter and self.walk._forms[chapter].fields, chapter)
        await self.until(lambda: self.app.screen.focused is not None and self.app.screen.focused.is_on_screen)

    def field(self, path: str) -> Field:
        found = [field for field in self.app.screen.query(Field) if field.question.path == path]
        assert found, f"no field {path} on {self.screen}"
        return found[0]

    async def to(self, path: str) -> Field:
        """Tabs to a field, as far as it takes."""
        field = self.field(path)
        for _ in range(150):
            if field.has_focus_within:
                return field
            await self.press("tab")
        raise AssertionError(f"tab never comes to {path}\n{self.text}")

    async def answer(self, path: str, text: str) -> Field:
        """Replaces what stands in a field of one line."""
        field = await self.to(path)
        await self.press("end", "ctrl+u")
        await self.type(text)
        assert field.query_one(Input).value == text, (field.query_one(Input).value, text)
        return field

    def problem(self, path: str) -> str:
        """What stands beneath a field in red; empty where nothing does."""
        shown = self.field(path).query(".field--problem.-some")
        return str(shown.first().visual) if shown else ""  # type: ignore[attr-defined]


def play(
    story: Callable[[Player], Awaitable[Any]],
    desk: FakeDesk | None = None,
    start: Start | None = None,
    size: tuple[int, int] = (80, 24),
    *,
    until: str = "",
    notifications: bool = True,
) -> WizardApp:
    """Runs the app with its story; the app afterwards. Without a profile to start with it waits for the home screen."""

    async def run() -> WizardApp:
        there = desk or FakeDesk()
        app = WizardApp(cast(Services, there), start)
        app.animation_level = "none"
        async with app.run_test(size=size, notifications=notifications) as pilot:
            player = Player(app, pilot, there)
            await player.on(until or (HomeScreen.__name__ if start is None else "ReviewScreen"))
            await story(player)
        return app

    return asyncio.run(run())


async def new_profile(player: Player, kind: str = "sandbox") -> None:
    """Into the walk, on the chapter of the target, with a kind chosen by keys."""
    await player.press("n")
    await player.on("WalkScreen")
    kinds = ["sandbox", "cluster", "k3s", "aws"]
    offered = [choice.value for choice in player.field("target.kind").question.choices]
    assert sorted(offered) == sorted(kinds)
    await player.to("target.kind")
    await player.until(lambda: player.field("target.kind").has_focus_within)
    here = offered.index("sandbox")
    keys = (
        ["down"] * (offered.index(kind) - here) if offered.index(kind) > here else ["up"] * (here - offered.index(kind))
    )
    await player.press(*keys, "enter")
    await player.until(lambda: player.walk.draft.kind == kind, f"kind {kind}")
