"""A program in a container: what it says, answers and uses. All of it a function of time, so that nothing ticks."""

from __future__ import annotations

import base64
import heapq
import json
import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wizard.sandbox.controllers.cluster import Cluster
from wizard.sandbox.controllers.shapes import CONFIG_MAPS, PODS, SECRETS, Obj, annotations_of, quantity

if TYPE_CHECKING:
    from wizard.sandbox.controllers.world import World

MIB = 2.0**20
LOGS_ANNOTATION = "wizard.test/logs"
_KEPT = 2000
"""Lines of its own that a program remembers."""

Line = tuple[float, str]
"""When (seconds since 1970), what."""


@dataclass(frozen=True, slots=True)
class Exit:
    """How a container ended."""

    code: int
    reason: str = ""

    @property
    def word(self) -> str:
        return self.reason or ("Completed" if self.code == 0 else "Error")


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> dict[str, Any]:
        """The body as an object; empty if it is none."""
        try:
            found = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: bytes
    content_type: str = "application/json"

    @classmethod
    def of(cls, value: object, status: int = 200) -> Response:
        return cls(status, json.dumps(value, separators=(",", ":")).encode())

    @classmethod
    def text(cls, text: str, status: int = 200, content_type: str = "text/plain; charset=utf-8") -> Response:
        return cls(status, text.encode(), content_type)


class Run:
    """One start of one container: where it is, and what it can find out."""

    def __init__(self, cluster: Cluster, world: World, pod: Obj, container: Obj, restarts: int, slow: float) -> None:
        self.cluster = cluster
        self.world = world
        self.container = container
        self.restarts = restarts
        self.slow = slow
        self.started = cluster.now
        self.uid: str = pod["metadata"]["uid"]
        self.ns: str = pod["metadata"]["namespace"]
        self.pod_name: str = pod["metadata"]["name"]
        self._first = pod
        self.wake: Callable[[], None] = lambda: None
        """Asks the kubelet to look at this pod again."""

    @property
    def pod(self) -> Obj:
        """As it is now; as it was at the start, once it is gone."""
        found = self.cluster.get(PODS, self.ns, self.pod_name)
        return found if found is not None and found["metadata"]["uid"] == self.uid else self._first

    @property
    def image(self) -> str:
        return str(self.container["image"])

    @property
    def name(self) -> str:
        return str(self.container["name"])

    @property
    def args(self) -> list[str]:
        return [*(self.container.get("command") or ()), *(self.container.get("args") or ())]

    @property
    def memory_limit(self) -> float:
        """Bytes; 0 without a limit."""
        return quantity(((self.container.get("resources") or {}).get("limits") or {}).get("memory"))

    def jitter(self, *parts: object) -> float:
        return self.cluster.jitter(self.ns, self.pod_name, self.name, self.restarts, *parts)

    def annotation(self, name: str) -> str:
        return annotations_of(self.pod).get(name, "")

    def ready(self) -> bool:
        return any(e["type"] == "Ready" and e["status"] == "True" for e in self.pod["status"].get("conditions") or ())

    def env(self, name: str) -> str:
        for each in self.container.get("env") or ():
            if each["name"] == name:
                if "value" in each:
                    return str(each["value"])
                source = each.get("valueFrom") or {}
                return self._referred(source.get("secretKeyRef"), source.get("configMapKeyRef"))
        for each in self.container.get("envFrom") or ():
            for kind, resource in (("secretRef", SECRETS), ("configMapRef", CONFIG_MAPS)):
                found = self.cluster.get(resource, self.ns, (each.get(kind) or {}).get("name", ""))
                if found is not None and name in (found.get("data") or {}):
                    value = found["data"][name]
                    return _decoded(value) if resource == SECRETS else str(value)
        return ""

    def _referred(self, secret: Obj | None, config: Obj | None) -> str:
        if secret:
            found = self.cluster.get(SECRETS, self.ns, secret["name"])
            return _decoded((found or {}).get("data", {}).get(secret["key"], "")) if found else ""
        if config:
            found = self.cluster.get(CONFIG_MAPS, self.ns, config["name"])
            return str((found or {}).get("data", {}).get(config["key"], "")) if found else ""
        return ""


def _decoded(value: str) -> str:
    return base64.b64decode(value).decode(errors="replace")


class Program:
    """The common part: boots, listens, runs on. Subclasses say how they differ."""

    boots = 0.3
    """Seconds from the start until it listens."""
    stops = 0.5
    """Seconds from SIGTERM to its end."""
    stop_code = 0
    memory = 24 * MIB
    cpu = 0.003
    steady = True
    """Whether its memory stays what it is: then nobody needs to look for it being killed for memory."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.ended: Exit | None = None
        self.end: float | None = None
        self._said: deque[Line] = deque(maxlen=_KEPT)

    # Life -----------------------------------------------------------------------------------------

    @property
    def listens_at(self) -> float:
        return self.run.started + self.boots * self.run.slow * (0.8 + 0.4 * self.run.jitter("boot"))

    def step(self, now: float) -> float | None:
        """Does what is due, may set `ended`. Returns when it wants to be called again; None: not by itself."""
        return self.listens_at if now < self.listens_at else None

    def quit(self, now: float, code: int, reason: str = "", words: str = "") -> None:
        if self.ended is None:
            if words:
                self.say(now, words)
            self.ended, self.end = Exit(code, reason), now

    def listening(self, now: float) -> bool:
        return self.ended is None and now >= self.listens_at

    def healthy(self, now: float) -> bool:
        """Whether a command in the container that asks for its health would succeed."""
        return self.listening(now)

    def may_be_ready(self, now: float) -> bool:
        """Whether it counts as ready where no probe asks."""
        return True

    # What others see ------------------------------------------------------------------------------

    def http(self, request: Request, now: float) -> Response:
        return Response.text("404 page not found\n", 404)

    def probe(self, spec: Mapping[str, Any], now: float) -> str:
        """Empty if the probe succeeds, else what the kubelet writes after `probe failed: `."""
        if "httpGet" in spec:
            get = spec["httpGet"]
            if not self.listening(now):
                address = f"{self._address()}:{self.port_number(get['port'])}"
                path = get.get("path", "/")
                return f'Get "http://{address}{path}": dial tcp {address}: connect: connection refused'
            status = self.http(Request("GET", get.get("path", "/")), now).status
            # Nobody knows what paths an unknown program has; that it listens is enough.
            if 200 <= status < 400 or (status == 404 and type(self) is Program):
                return ""
            return f"HTTP probe failed with statuscode: {status}"
        if "tcpSocket" in spec or "grpc" in spec:
            if self.listening(now):
                return ""
            port = self.port_number((spec.get("tcpSocket") or spec.get("grpc") or {}).get("port", 0))
            return f"dial tcp {self._address()}:{port}: connect: connection refused"
        return "" if self.healthy(now) else "command terminated with exit code 1"

    def _address(self) -> str:
        return str((self.run.pod.get("status") or {}).get("podIP", "127.0.0.1"))

    def port_number(self, port: object) -> int:
        if isinstance(port, int):
            return port
        for each in self.run.container.get("ports") or ():
            if each.get("name") == port:
                return int(each["containerPort"])
        return int(str(port)) if str(port).isdigit() else 0

    def uses(self, now: float) -> tuple[float, float]:
        """Cores and bytes, of its own accord."""
        return self.cpu, self.memory

    def usage(self, now: float) -> tuple[float, float]:
        """Cores and bytes, with what a scenario adds: memory creeps to a part of the limit, and stays there."""
        cpu, memory = self.uses(now)
        run = self.run
        if run.world.effects.active and run.memory_limit:
            effect = run.world.effects.find("memory", run.pod, run.container, now)
            if effect is not None:
                target = effect.number("ratio", 0.9) * run.memory_limit * (1 + 0.01 * math.sin(now / 37))
                ramp = (now - max(effect.since, run.started)) / max(effect.number("over", 60), 1)
                memory = max(memory, memory + (target - memory) * min(1.0, ramp))
        return cpu, memory

    # Its log --------------------------------------------------------------------------------------

    def say(self, now: float, text: str) -> None:
        for line in text.split("\n"):
            self._said.append((now, line))

    def opening(self) -> list[Line]:
        """What it says while it starts; the offsets are seconds from the start."""
        return []

    def periodic(self, since: float, until: float) -> Iterator[Line]:
        """What it says again and again, newest last."""
        return iter(())

    def lines(self, since: float, until: float) -> Iterator[Line]:
        """Its log in order, from `since` (excluded) to `until` (included)."""
        if self.end is not None:
            until = min(until, self.end)
        run = self.run
        first = [(run.started + at, text) for at, text in self.opening()]
        extra = run.annotation(LOGS_ANNOTATION)
        first += [(run.started + 0.002, text) for text in extra.splitlines()] if extra else []
        if first and extra:
            first.sort(key=lambda line: line[0])
        streams = (iter(first), iter(tuple(self._said)), self.periodic(max(since, run.started), until))
        for when, text in heapq.merge(*streams, key=lambda line: line[0]):
            if since < when <= until:
                yield when, text
