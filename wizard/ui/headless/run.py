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


def subscribe(session: Session, out: Out) -> None:
    """Lets the session's events be seen the way `out` wants them."""
    if out.json:
        session.subscribers.append(out.event)
    elif sys.stderr.isatty() and out.talk_paint("", "dim"):
        session.subscribers.append(LiveLines(sys.stderr, out.talk_paint))
    else:
        session.subscribers.append(Lines(sys.stderr, out.talk_paint))


async def to_the_end(session: Session, command: Callable[[], Awaitable[ExitCode]]) -> ExitCode:
    """The command's exit code. The first signal drains, a second one forces."""
    loop = asyncio.get_running_loop()
    seen = 0

    def stop(number: signal.Signals) -> None:
        nonlocal seen
        seen += 1
        if seen == 1:
            session.drain(f"{number.name} received")
        else:
            session.force()

    for number in _STOPPING:
        with suppress(NotImplementedError):  # no signal handlers on this platform's loop
            loop.add_signal_handler(number, stop, number)
    try:
        return await command()
    finally:
        for number in _STOPPING:
            with suppress(NotImplementedError):
                loop.remove_signal_handler(number)
        await session.close()
