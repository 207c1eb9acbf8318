"""One soak from start to end: clients, watchers and faults together, then the last comparison."""

from __future__ import annotations

import asyncio
import base64
import json
import random
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.soak.chaos import Absence, Chaos
from tests.soak.client import COUNTERS, Client, Ledger, until
from tests.soak.kinds import CONFIG_MAPS, NAMESPACES
from tests.soak.memory import CEILING, LIMIT, Memory, slope
from tests.soak.mirror import Checkpoint
from tests.soak.reflector import Query, Reflector, fresh_list
from tests.soak.tally import Tally
from tests.soak.wire import Lost, Refused, Server, Wire
from tests.soak.world import clear, objects, prepare, queries_of
from wizard.sandbox import manager

SPEED = 60.0
"""Simulated seconds in a real one: events live for an hour, and their number settles in a real minute."""
WARM_UP = 180.0
"""Seconds after which everything bounded is full: events after 60, the history of the slowest kind after 150."""
_NODES = [{"name": f"node-{number}", "cpu": "64", "memory": "256Gi", "pods": 250} for number in range(3)]
_SILENT = 2
"""Watchers that stop reading for a while, again and again."""
_LAST = 120.0
"""Seconds in which every watcher must have caught up at the end."""
_CHECK_EVERY, _SAMPLE_EVERY, _SAY_EVERY = 2.0, 1.0, 30.0


@dataclass(frozen=True, slots=True)
class Settings:
    seconds: float
    clients: int
    seed: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a soak came to. `growth` is in bytes a change after the warm-up, None in a run no longer than that."""

    settings: Settings
    watchers: int
    tally: Tally
    memory: Memory
    growth: float | None

    @property
    def passed(self) -> bool:
        return not self.tally.differences


@contextmanager
def sandbox(state: Path, seed: int) -> Iterator[tuple[Server, int]]:
    """One of its own, and its process."""
    options = manager.UpOptions(speed=SPEED, seed=seed, nodes=json.dumps(_NODES))
    running = manager.up(state, options=options)
    try:
        config = json.loads(running.kubeconfig.read_text())
        authority = base64.b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"]).decode()
        yield Server(running.url, running.token, authority), running.pid
    finally:
        manager.down(state)


def soak(state: Path, settings: Settings, say: Callable[[str], None] = lambda line: None) -> Outcome:
    """Blocks for about as many seconds as asked, and those of the last comparison."""
    with sandbox(state, settings.seed) as (server, pid):
        return asyncio.run(Soak(server, pid, settings, say).run())


class Soak:
    def __init__(self, server: Server, pid: int, settings: Settings, say: Callable[[str], None]) -> None:
        self._server, self._settings, self._say = server, settings, say
        self._tally, self._raised, self._memory = Tally(), Ledger(), Memory(pid)
        self._dice = random.Random(f"{settings.seed}:checks")
        self._watchers: list[Reflector] = []
        self._absence = Absence()
        self._began = 0.0

    async def run(self) -> Outcome:
        settings, tally = self._settings, self._tally
        async with AsyncExitStack() as stack:
            own = await stack.enter_async_context(Wire(self._server, "soak"))
            before = await objects(own)
            await prepare(own)
            self._began = asyncio.get_running_loop().time()
            stop = asyncio.Event()
            async with asyncio.TaskGroup() as watching:
                clients: list[Client] = []
                tasks: list[asyncio.Task[None]] = []
                for number, queries in enumerate(queries_of(settings.clients, settings.seed)):
                    wire = await stack.enter_async_context(Wire(self._server, f"client-{number}"))
                    clients.append(Client(wire, number, settings.seed, tally, self._raised))
                    tasks += [watching.create_task(each.run()) for each in self._watch(wire, number, queries)]
                chaos = Chaos(own, settings.seed, self._watchers[:_SILENT], self._absence, tally)
                async with asyncio.TaskGroup() as working:
                    for client in clients:
                        working.create_task(client.run(stop))
                    working.create_task(chaos.run(stop))
                    working.create_task(self._compare_now_and_then(stop))
                    working.create_task(self._sample(stop, own))
                    await asyncio.sleep(settings.seconds)
                    stop.set()
                await self._compare_all(own)
                for task in tasks:
                    task.cancel()
            await self._read_the_counters(own)
            await clear(own)
            left = await objects(own)
            if left != before:
                tally.differs("the cluster", f"has {left} objects after everything was deleted, {before} before")
        return self._judged()

    def _watch(self, wire: Wire, number: int, queries: list[Query]) -> list[Reflector]:
        found = [
            Reflector(
                wire,
                query,
                f"client-{number}",
                f"{self._settings.seed}:{number}:{place}",
                self._tally,
                self._absence.wait,
                streams=place % 2 == 1,
            )
            for place, query in enumerate(queries)
        ]
        self._watchers += found
        return found

    # Comparing --------------------------------------------------------------------------------------

    async def _compare_now_and_then(self, stop: asyncio.Event) -> None:
        """Under load, with one query at a time: faults and all, through a connection of its own."""
        queries = list(dict.fromkeys(each.query for each in self._watchers))
        async with Wire(self._server, "checker") as wire:
            while not await until(stop, _CHECK_EVERY / len(queries)):
                try:
                    await self._compare(wire, self._dice.choice(queries))
                except (Lost, Refused) as problem:
                    if isinstance(problem, Refused) and not problem.simulated:
                        self._tally.differs("a fresh list", str(problem))
                    self._tally.saw("fresh lists refused")

    async def _compare(self, wire: Wire, query: Query) -> list[asyncio.Future[bool]]:
        version, found = await fresh_list(wire, query)
        loop = asyncio.get_running_loop()
        told: list[asyncio.Future[bool]] = []
        for each in self._watchers:
            if each.query == query:
                future: asyncio.Future[bool] = loop.create_future()
                future.add_done_callback(self._count)
                each.mirror.expect(Checkpoint(version, found, future))
                told.append(future)
        return told

    def _count(self, told: asyncio.Future[bool]) -> None:
        if not told.cancelled():
            self._tally.saw("comparisons" if told.result() else "comparisons too late")

    async def _compare_all(self, wire: Wire) -> None:
        """The end: nobody writes but the controllers, and every watcher must agree with a fresh list."""
        # Watches end soon from now on, and each says at its end how far it came.
        await wire.call("POST", "/sandbox/faults", query={"watch_seconds": "1"})
        try:
            async with asyncio.timeout(_LAST):
                queries = dict.fromkeys(each.query for each in self._watchers)
                await asyncio.gather(*(self._compare_until_sure(wire, each) for each in queries))
        except TimeoutError:
            for each in self._watchers:
                if each.mirror.waits:
                    self._tally.differs(each.mirror.name, f"did not catch up within {_LAST:g} s")

    async def _compare_until_sure(self, wire: Wire, query: Query) -> None:
        # A watcher that had to list anew cannot tell of a version before that: it is asked again.
        while not all(told := await asyncio.gather(*await self._compare(wire, query))):
            self._tally.saw("last comparisons repeated")
        self._tally.saw("last comparisons", len(told))

    async def _read_the_counters(self, wire: Wire) -> None:
        for name in COUNTERS:
            found = await wire.call("GET", CONFIG_MAPS.path(NAMESPACES[0], name))
            self._raised.check(name, int(found["data"]["count"]), self._tally)

    # Memory -----------------------------------------------------------------------------------------

    async def _sample(self, stop: asyncio.Event, wire: Wire) -> None:
        loop = asyncio.get_running_loop()
        said = 0.0
        while not await until(stop, _SAMPLE_EVERY):
            status = await wire.call("GET", "/sandbox/status")
            seconds = loop.time() - self._began
            self._memory.take(seconds, int(status["resourceVersion"]))
            self._tally.counts["objects, most"] = max(self._tally.counts["objects, most"], int(status["objects"]))
            if seconds - said >= _SAY_EVERY:
                said = seconds
                last = self._memory.samples[-1]
                self._say(
                    f"{seconds:5.0f} s  {last.rss / 2**20:6.1f} MiB  {last.changes} changes  "
                    f"{status['objects']} objects  {self._tally.counts['events']} events seen  "
                    f"{self._tally.counts['comparisons']} comparisons  {len(self._tally.differences)} differences"
                )

    def _judged(self) -> Outcome:
        memory, tally = self._memory, self._tally
        if memory.peak > CEILING:
            tally.differs("memory", f"{memory.peak / 2**20:.0f} MiB at its highest, {CEILING / 2**20:.0f} at most")
        growth = None
        if self._settings.seconds >= 2 * WARM_UP:
            growth = slope(memory.after(WARM_UP))
            if growth > LIMIT:
                tally.differs("memory", f"grows by {growth:.0f} bytes a change, {LIMIT:g} at most")
        return Outcome(self._settings, len(self._watchers), tally, memory, growth)
