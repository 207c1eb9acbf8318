"""Bytes as they come -> lines of a bounded length."""

from __future__ import annotations


class Lines:
    """Linear whatever comes in: a line of a megabyte in a thousand pieces is copied once."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: list[bytes] = []
        self._size = self._cut = 0

    def feed(self, data: bytes) -> list[tuple[bytes, int]]:
        """The lines that are complete now, each with how many of its bytes were cut off."""
        first, *rest = data.split(b"\n")
        self._add(first)
        if not rest:
            return []
        limit = self._limit
        out = [self._taken()]
        out += [(each, 0) if len(each) <= limit else (each[:limit], len(each) - limit) for each in rest[:-1]]
        self._add(rest[-1])
        return out

    def rest(self) -> list[tuple[bytes, int]]:
        """What stood after the last end of line."""
        return [self._taken()] if self._size or self._cut else []

    def _add(self, data: bytes) -> None:
        if not data:
            return
        room = self._limit - self._size
        if len(data) > room:
            self._cut += len(data) - room
            data = data[:room]
        if data:
            self._kept.append(data)
            self._size += len(data)

    def _taken(self) -> tuple[bytes, int]:
        line, cut = b"".join(self._kept), self._cut
        self._kept, self._size, self._cut = [], 0, 0
        return line, cut
