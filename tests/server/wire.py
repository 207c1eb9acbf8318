"""A TCP relay that can be cut: what a bad network does to a connection."""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Lock, Thread


class Wire:
    """Relays loopback connections to `port`. While `muted`, the first answer that comes back cuts its connection:
    the other side has done what was asked, and nobody hears of it."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.muted = False
        self.cuts = 0
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._lock = Lock()
        self._threads = [Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                near.close()
                continue
            with self._lock:
                self._pairs.append((near, far))
            for source, sink, back in ((near, far, False), (far, near, True)):
                thread = Thread(target=self._relay, args=(source, sink, back), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _relay(self, source: socket.socket, sink: socket.socket, back: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if back and self.muted:
                    self.muted = False
                    self.cut()
                    return
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def cut(self) -> None:
        """Every connection ends now, without a word."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        self.cuts += 1
        for pair in pairs:
            for end in pair:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(5)
