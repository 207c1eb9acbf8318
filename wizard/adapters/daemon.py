"""Blocking work beside the event loop, in threads that never hold up the end of the process.

asyncio's own pool is joined when a loop ends: a request to a cluster that does not answer would
hold `wizard` for as long as its timeout.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def spawn(name: str, work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread


def begun(name: str, work: Callable[[], T]) -> Future[T]:
    """Runs it in a thread of its own."""
    future: Future[T] = Future()

    def run() -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(work())
        except BaseException as problem:  # noqa: BLE001 - carried over to who waits, whatever it is
            future.set_exception(problem)

    spawn(name, run)
    return future


async def beside(name: str, work: Callable[[], T]) -> T:
    """As `begun`, for a coroutine. A cancelled caller leaves it to end by itself."""
    return await asyncio.wrap_future(begun(name, work))
