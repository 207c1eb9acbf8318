"""Container logs as the kubelet serves them: tail, previous, follow, and its words where there is nothing to show."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator

from wizard.sandbox.clock import micro_stamp
from wizard.sandbox.controllers.cluster import Cluster
from wizard.sandbox.controllers.kubelet.container import Container
from wizard.sandbox.controllers.kubelet.kubelet import Kubelet
from wizard.sandbox.controllers.programs.base import Line, Program
from wizard.sandbox.controllers.shapes import PODS
from wizard.sandbox.status import StatusError

_POLL = 0.2
"""Real seconds between two looks for new lines."""


class Logs:
    def __init__(self, cluster: Cluster, kubelet: Kubelet) -> None:
        self._cluster = cluster
        self._kubelet = kubelet

    async def stream(
        self,
        ns: str,
        pod: str,
        container: str,
        *,
        tail: int | None = None,
        previous: bool = False,
        follow: bool = False,
        since: float = 0.0,
        timestamps: bool = False,
    ) -> AsyncIterator[str]:
        """Lines; `since` in seconds since 1970. Raises StatusError 400 or 404 before the first line."""
        found, program = self._find(ns, pod, container, previous)
        now = self._cluster.now
        lines = program.lines(since, now)
        kept = deque(lines, maxlen=tail) if tail is not None else lines
        last = now
        for line in kept:
            yield _shown(line, timestamps)
        while follow and not previous:
            if program.ended is not None and (program.end or 0) <= last:
                return
            uid = program.run.uid
            worker = self._kubelet.workers.get(uid)
            if worker is None or found.program is not program:
                return
            await self._cluster.clock.sleep(_POLL * max(1.0, self._cluster.clock.speed))
            now = self._cluster.now
            for line in program.lines(last, now):
                yield _shown(line, timestamps)
            last = now

    def _find(self, ns: str, name: str, wanted: str, previous: bool) -> tuple[Container, Program]:
        pod = self._cluster.get(PODS, ns, name)
        if pod is None:
            raise StatusError(404, "NotFound", f'pods "{name}" not found')
        containers = [each["name"] for each in pod["spec"]["containers"]]
        wanted = wanted or containers[0]
        init = [each["name"] for each in pod["spec"].get("initContainers") or ()]
        if wanted not in (*containers, *init):
            raise _bad(f"container {wanted} is not valid for pod {name}")
        if not pod["spec"].get("nodeName"):
            raise _bad(f"pod {name} does not have a host assigned")
        if pod["spec"]["nodeName"] in self._kubelet.lost:
            address = self._kubelet.node_ip(pod["spec"]["nodeName"])
            where = f"https://{address}:10250/containerLogs/{ns}/{name}/{wanted}"
            message = f'Get "{where}": dial tcp {address}:10250: connect: no route to host'
            raise StatusError(500, "InternalError", message)
        found = self._kubelet.container(pod["metadata"]["uid"], wanted)
        if found is None:
            raise _bad(f'container "{wanted}" in pod "{name}" is waiting to start: ContainerCreating')
        if previous:
            # A container that waits to be restarted shows its last run by both names.
            ended = found.program if found.waiting and found.program else found.previous
            if ended is None:
                raise _bad(f'previous terminated container "{wanted}" in pod "{name}" not found')
            return found, ended
        if found.program is None:
            pulling = found.waiting in ("ErrImagePull", "ImagePullBackOff")
            why = "trying and failing to pull image" if pulling else found.waiting or "ContainerCreating"
            raise _bad(f'container "{wanted}" in pod "{name}" is waiting to start: {why}')
        return found, found.program


def _bad(message: str) -> StatusError:
    return StatusError(400, "BadRequest", message)


def _shown(line: Line, timestamps: bool) -> str:
    when, text = line
    return f"{micro_stamp(when)[:-1]}000Z {text}" if timestamps else text
