"""Runs the façade's commands to their end, with the signals that stop them."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress

from wizard.domain.finding import ExitCode
from wizard.engine.session import Session
from wizard.ui.headless.out import Out
from wizard.ui.headless.progress import Lines, LiveLines

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def subscribe(session: Session, out: Out) -> LiveLines | None:
    """Lets the session's events be seen the way `out` wants them; the live lines, where there are any."""
    if out.json:
        session.subscribe(out.event)
    elif sys.stderr.isatty() and out.talk_paint("", "dim"):
        live = LiveLines(sys.stderr, out.talk_paint)
        session.subscribe(live)
        return live
    else:
        session.subscribe(Lines(sys.stderr, out.talk_paint))
    return None


async def _tick(live: LiveLines, now: Callable[[], float]) -> None:
    while True:
        await asyncio.sleep(1)
        live.tick(now())


async def to_the_end(session: Session, command: Callable[[], Awaitable[ExitCode]], out: Out) -> ExitCode:
    """The command's exit code; its events are shown by `out`. The first signal drains, a second one forces."""
    live = subscribe(session, out)
    loop = asyncio.get_running_loop()
    seen = 0

    task = asyncio.ensure_future(command())

    def stop(number: signal.Signals) -> None:
        nonlocal seen
        seen += 1
        if not session.running:
            task.cancel()  # nothing has begun, nothing has to be brought to an end
        elif seen == 1:
            session.drain(f"{number.name} received")
        else:
            session.force()

    for number in _STOPPING:
        with suppress(NotImplementedError):  # no signal handlers on this platform's loop
            loop.add_signal_handler(number, stop, number)
    ticking = asyncio.create_task(_tick(live, session.now)) if live else None
    try:
        return await task
    except asyncio.CancelledError:
        out.talk(["aborted: nothing was changed"])
        return ExitCode.ABORTED
    finally:
        if ticking:
            ticking.cancel()
        for number in _STOPPING:
            with suppress(NotImplementedError):
                loop.remove_signal_handler(number)
        await session.close()
