"""How much of a core the panes take, how long a key takes to be seen, and whether every line is accounted for.

Each function drives the real panes in a terminal that goes nowhere and returns numbers; `tests/bench` and
`test_speed.py` judge them. `python -m tests.tui.speed` prints them all.
"""

from __future__ import annotations

import asyncio
import os
import random
import resource
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.color import ColorSystem
from textual import events
from textual._compositor import CompositorUpdate
from textual.app import ComposeResult
from textual.pilot import Pilot
from textual.screen import Screen

from tests.tui.fakes import FakeServices, FakeWatch, profile
from tests.tui.host import Bare
from tests.tui.sample import log_lines
from wizard.ui.tui.panes.live import LivePanes
from wizard.ui.tui.panes.source import Watching


@dataclass(frozen=True, slots=True)
class Figures:
    """What one drive cost."""

    seconds: float
    cpu: float
    """Share of one core that the thread of the UI took, 0 to 1."""
    keys: tuple[float, ...] = ()
    """Seconds from each key press until the screen with its effect had been written."""
    work: tuple[float, ...] = ()
    """The same in CPU seconds of the thread of the UI: what a busy machine does not change."""
    rss: int = 0
    """Bytes resident at the end."""
    fed: int = 0
    shown: int = 0
    dropped: int = 0

    @property
    def p99(self) -> float:
        """The 99th percentile of `keys`; the greatest where there are fewer than a hundred."""
        return _p99(self.keys)

    def __str__(self) -> str:
        parts = [f"{self.cpu:.1%} of a core over {self.seconds:.1f} s", f"{self.rss / 2**20:.0f} MB"]
        if self.keys:
            parts.append(
                f"{len(self.keys)} keys, p99 {self.p99 * 1000:.1f} ms ({_p99(self.work) * 1000:.1f} ms of CPU)"
            )
        if self.fed:
            parts.append(f"{self.fed:,} lines, {self.shown:,} taken, {self.dropped:,} dropped")
        return ", ".join(parts)


def _p99(values: Sequence[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.99))] if values else 0.0


class Host(Bare):
    """The panes and nothing else, in a terminal that throws away what it is sent. Without a terminal, Textual does
    not even make the escape sequences; here they are made and written, for they are part of the price."""

    def __init__(self, watch: Watching) -> None:
        super().__init__(FakeServices(FakeWatch()))
        self.panes = LivePanes(watch, profile())
        self.console._color_system = ColorSystem.TRUECOLOR
        self._nowhere = os.open(os.devnull, os.O_WRONLY)
        self.bytes = 0
        self.drawn: Callable[[], None] = lambda: None

    def on_unmount(self) -> None:
        os.close(self._nowhere)

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        super()._display(screen, renderable)
        if isinstance(renderable, CompositorUpdate):
            self.bytes += os.write(self._nowhere, renderable.render_segments(self.console).encode())
            self.drawn()

    @property
    def position(self) -> tuple[object, bool]:
        """What the keys that are pressed here change."""
        table, look = self.panes.pods.table, self.panes.logs.view.look
        return table._cursor, look.times

    def compose(self) -> ComposeResult:
        yield self.panes


@asynccontextmanager
async def running(watch: Watching, size: tuple[int, int]) -> AsyncIterator[tuple[Host, Pilot[None]]]:
    app = Host(watch)
    async with app.run_test(size=size) as pilot:
        await pilot.pause(0.5)
        yield app, pilot


def rss() -> int:
    """Bytes resident now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def pods(
    rows: int = 5000, rate: int = 100, seconds: float = 5.0, size: tuple[int, int] = (160, 50), keys: float = 5.0
) -> Figures:
    """`rate` changes a second of that many pods (moves, restarts, deletions, additions) while somebody presses
    `keys` keys a second: down, up, pages."""
    watch = FakeWatch.sample(rows)
    async with running(watch, size) as (app, _):
        made = list(watch.pods.rows())
        chance = random.Random(7)

        def change(number: int) -> None:
            at = chance.randrange(len(made))
            old = made[at]
            match number % 10:
                case 0:  # a pod goes, another comes
                    made[at] = replace(old, uid=f"{old.uid}'", name=f"{old.name[:40]}x", restarts=0)
                    watch.pods.put([made[at]], [old.key])
                case 1 | 2:
                    status = "CrashLoopBackOff" if old.status == "Running" else "Running"
                    made[at] = replace(old, status=status, restarts=old.restarts + 1)
                    watch.pods.put([made[at]])
                case _:
                    made[at] = replace(old, cpu=chance.randrange(1000), memory=chance.randrange(2**31))
                    watch.pods.put([made[at]])

        return await measured(app, change, rate, seconds, keys)


async def logs(
    rate: int = 20_000, seconds: float = 5.0, size: tuple[int, int] = (160, 50), wrap: bool = False
) -> Figures:
    """That many lines a second into the log. The lines are made beforehand: who makes them is not the UI."""
    watch = FakeWatch.sample()
    watch.said = []
    batch = log_lines(rate // 100)
    async with running(watch, size) as (app, pilot):
        app.panes.show("logs")
        await pilot.pause(0.2)
        if wrap:
            await pilot.press("w")
        feed, view = watch.opened[-1], app.panes.logs.view
        fed = 0

        def say(number: int) -> None:
            nonlocal fed
            feed.say(batch)
            fed += len(batch)

        figures = await measured(app, say, 100, seconds, 2.0, keys=("t", "t"))
        await pilot.pause(0.5)
        return replace(figures, fed=fed, shown=view.buffer.received, dropped=app.panes.logs.dropped)


async def idle(seconds: float = 3.0, rows: int = 5000, size: tuple[int, int] = (160, 50)) -> Figures:
    """Nothing changes."""
    async with running(FakeWatch.sample(rows), size) as (app, _):
        return await measured(app, lambda number: None, 100, seconds, 0)


async def measured(
    app: Host,
    act: Callable[[int], None],
    rate: int,
    seconds: float,
    keys_a_second: float,
    keys: tuple[str, ...] = ("down", "down", "pagedown", "up", "end", "home"),
) -> Figures:
    """Acts `rate` times a second and presses keys in between; what acting itself costs is taken off."""
    presses: list[tuple[float, float]] = []
    acting = 0.0
    began, cpu = time.perf_counter(), time.thread_time()
    done = pressed = 0
    while (now := time.perf_counter() - began) < seconds:
        start = time.thread_time()
        while done < now * rate:
            act(done)
            done += 1
        acting += time.thread_time() - start
        if pressed < now * keys_a_second:
            presses.append(await _press(app, keys[pressed % len(keys)]))
            pressed += 1
        await asyncio.sleep(0.01)
    total = time.perf_counter() - began
    return Figures(
        total,
        (time.thread_time() - cpu - acting) / total,
        tuple(wall for wall, _ in presses),
        tuple(work for _, work in presses),
        rss(),
    )


async def _press(app: Host, key: str) -> tuple[float, float]:
    """Seconds, and CPU seconds, until the first update that was written after the key had its effect."""
    before, seen = app.position, asyncio.Event()

    def drawn() -> None:
        if app.position != before:
            seen.set()

    app.drawn = drawn
    start, work = time.perf_counter(), time.thread_time()
    event = events.Key(key, key if len(key) == 1 else None)
    event.set_sender(app)
    await app._post_message(event)
    await asyncio.wait_for(seen.wait(), 10)
    return time.perf_counter() - start, time.thread_time() - work


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    print("idle, 5,000 pods:        ", asyncio.run(idle(min(seconds, 5))))
    print("5,000 pods, 100 changes/s:", asyncio.run(pods(seconds=seconds)))
    print("20,000 lines/s:          ", asyncio.run(logs(seconds=seconds)))
    print("20,000 lines/s, wrapped: ", asyncio.run(logs(seconds=seconds, wrap=True)))
    print("peak:", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, "MB")


if __name__ == "__main__":
    main()
