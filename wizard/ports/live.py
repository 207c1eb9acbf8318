"""A cluster as it changes: lists and watches in the API server's tables, streams of lines, and the few writes.

What decodes (`decode`, `take`) is given to the port and runs where the bytes arrive, which for
the adapters is a thread: the caller's event loop gets finished rows. So it must be pure.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from wizard.ports.kube import KubeObject, Resource

T = TypeVar("T")

Decode = Callable[[Mapping[str, Any], KubeObject], T]
"""(cells by their column, object) -> row. With tables the object has nothing but `metadata`; without, cells are
empty and the object is whole."""

Take = Callable[[bytes, int], T]
"""(line without its end, how many bytes of it were cut off) -> row."""


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    rows: Sequence[T]
    resource_version: str


@dataclass(frozen=True, slots=True)
class Change(Generic[T]):
    type: str
    """ADDED, MODIFIED, DELETED or BOOKMARK."""
    resource_version: str
    row: T | None
    """None for a bookmark."""


class LiveReader(Protocol):
    """Every stream begins with an empty batch, which says that it is open, and ends when the server ends it."""

    @property
    def ahead(self) -> float:
        """Seconds that the API server's clock is ahead of this machine's, by its last answer; negative: behind.

        0.0 before there was an answer, and where they agree as well as HTTP can tell (the Date header has whole
        seconds, RFC 9110 section 6.6.1).
        """
        ...

    async def listed(
        self, resource: Resource, namespace: str, decode: Decode[T], *, table: bool = True, labels: str = ""
    ) -> Listed[T]:
        """All of them, in pages. Raises Gone where it changed too fast to be paged through."""
        ...

    def expect(self, resource: Resource, namespace: str, decode: Decode[Any]) -> None:
        """The next `listed` will ask for this, as a table: an adapter that can begins at once, with no loop yet."""
        ...

    def watch(
        self, resource: Resource, namespace: str, decode: Decode[T], *, resource_version: str, table: bool = True
    ) -> AsyncIterator[Sequence[Change[T]]]:
        """What changed after `resource_version`. Raises Gone where that is too old."""
        ...

    def lines(self, path: str, take: Take[T], *, query: Mapping[str, str], limit: int) -> AsyncIterator[Sequence[T]]:
        """A text that goes on, by lines of at most `limit` bytes. A reader that does not come back for more
        slows the sender down: nothing is lost here."""
        ...

    async def fetch(
        self, path: str, decode: Callable[[Any], T], *, query: Mapping[str, str] | None = None, timeout: float = 10.0
    ) -> T:
        """One JSON document of the API server, or of a program behind its proxy. Raises NotFound, ServerBusy."""
        ...

    async def text(
        self, path: str, take: Take[T], *, query: Mapping[str, str] | None = None, limit: int = 2**16
    ) -> list[T]:
        """One text, by its lines. Raises NotFound, Invalid."""
        ...

    async def close(self) -> None: ...


class LiveWriter(Protocol):
    async def send(self, method: str, path: str, body: KubeObject | None = None) -> Any:
        """POST or DELETE; the JSON of the answer, None where it is empty."""
        ...
