"""A terminal driver that outlives its terminal, so that a run can come to a safe point after a hang-up."""

from __future__ import annotations

import os
import signal
import sys
from typing import IO, Any

from textual.drivers.linux_driver import LinuxDriver


class _Lasting:
    """A stream whose terminal may go away: what cannot be written is nobody's loss.

    Without it, the first write after a hang-up ends Textual's writer thread, its queue of thirty writes
    fills, and the event loop (helm in the middle of an upgrade) waits for ever.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError:
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError:
            return

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class LastingDriver(LinuxDriver):
    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._file: Any = _Lasting(self._file)


def let_go_of_terminal() -> None:
    """Points the three standard streams nowhere: reading finds the end, writing always works.

    SIGTTOU is ignored as well: setting the attributes of a terminal that is no longer ours would stop us.
    """
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (sys.__stdin__, sys.__stdout__, sys.__stderr__):
        if stream is not None:
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
