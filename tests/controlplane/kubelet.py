"""The kubelets' log endpoint, for every pod of every node.

kwok's own log emulation shows one fixed file to all pods. Here a log is a function of the pod and the time
instead: some first lines when the container starts, then a line each second. So tail, since, timestamps and
follow need no state, and two readers always see the same.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from . import web
from .api import Object
from .kwok import CRASH_IMAGE, OOM_IMAGE

if TYPE_CHECKING:
    from .podside import State

LOGS_ANNOTATION = "wizard.test/logs"
"""On a pod: lines that every container of it logs when it starts, as they are."""

FATAL_LINE = "FATAL: crash-loop: cannot start, giving up (exit code 1)"
"""The last words of a container that crashes."""

_MAX_LINES = 5000


@dataclass(frozen=True, slots=True)
class Line:
    when: datetime
    text: str


class NoLog(Exception):
    """There is none to show; the text is the kubelet's."""


async def serve(state: State, port: int, cert: str, key: str) -> asyncio.Server:
    """Listens on 127.0.0.1 with TLS, which is all that the API server asks of a kubelet."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await web.handle(reader, writer, answer)

    async def answer(request: web.Request, writer: asyncio.StreamWriter) -> None:
        parts = request.path.strip("/").split("/")
        if len(parts) != 4 or parts[0] != "containerLogs":
            web.answer(writer, 404, "404 page not found\n", "text/plain")
            return
        _, namespace, name, container = parts
        try:
            pod = state.pods.get((namespace, name))
            if pod is None:
                raise NoLog(f'pods "{name}" not found')
            lines = select(list(log_of(pod, container, request.query.get("previous") == "true")), request.query)
        except NoLog as reason:
            web.answer(writer, 400, str(reason), "text/plain")
            return
        await _send(state, request, writer, pod, container, lines)

    return await asyncio.start_server(connected, "127.0.0.1", port, ssl=context)


async def _send(
    state: State,
    request: web.Request,
    writer: asyncio.StreamWriter,
    pod: Object,
    container: str,
    lines: list[Line],
) -> None:
    stamped = request.query.get("timestamps") == "true"
    web.head(writer, 200, "text/plain", "Transfer-Encoding: chunked")
    _chunk(writer, lines, stamped)
    last = lines[-1].when if lines else datetime.now(UTC)
    meta = pod["metadata"]
    while request.query.get("follow") == "true":
        await writer.drain()
        await asyncio.sleep(0.2)
        current = state.pods.get((meta["namespace"], meta["name"]))
        if current is None or current["metadata"]["uid"] != meta["uid"]:
            break
        try:
            fresh = [line for line in log_of(current, container, previous=False) if line.when > last]
        except NoLog:
            break
        if fresh:
            last = fresh[-1].when
            _chunk(writer, fresh, stamped)
        if "running" not in (_status(current, container) or {}).get("state", {}):
            break  # a container that ended ends the stream
    writer.write(b"0\r\n\r\n")


def _chunk(writer: asyncio.StreamWriter, lines: list[Line], stamped: bool) -> None:
    data = "".join(f"{_stamp(line.when)} {line.text}\n" if stamped else f"{line.text}\n" for line in lines).encode()
    if data:
        writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")


def select(lines: list[Line], query: dict[str, str]) -> list[Line]:
    """The lines that the options of `kubectl logs` ask for."""
    if since := query.get("sinceTime"):
        lines = [line for line in lines if line.when >= datetime.fromisoformat(since)]
    if seconds := query.get("sinceSeconds"):
        start = datetime.now(UTC) - timedelta(seconds=float(seconds))
        lines = [line for line in lines if line.when >= start]
    tail = query.get("tailLines")
    return lines[-int(tail) :] if tail and int(tail) > 0 else [] if tail else lines


def log_of(pod: Object, container: str, previous: bool) -> Iterator[Line]:
    """What the container has written until now. Raises NoLog where the kubelet would refuse."""
    name = pod["metadata"]["name"]
    status = _status(pod, container)
    state = (status or {}).get("state", {})
    ended = (status or {}).get("lastState", {}).get("terminated")
    if previous and ended is None:
        raise NoLog(f'previous terminated container "{container}" in pod "{name}" not found')
    if previous or (ended is not None and "waiting" in state):
        state = {"terminated": ended}
    if "waiting" in state or status is None:
        reason = state.get("waiting", {}).get("reason", "ContainerCreating")
        why = "trying and failing to pull image" if reason in ("ErrImagePull", "ImagePullBackOff") else reason
        raise NoLog(f'container "{container}" in pod "{name}" is waiting to start: {why}')
    running = "running" in state
    run = state["running"] if running else state["terminated"]
    started = datetime.fromisoformat(run["startedAt"])
    texts = [f"starting {status['image']} in pod {name}", "reading the configuration"]
    texts += (pod["metadata"].get("annotations") or {}).get(LOGS_ANNOTATION, "").splitlines()
    if running:
        texts.append("ready to serve")
    elif run["exitCode"] == 0:
        texts.append("done")
    elif CRASH_IMAGE in status["image"]:
        texts.append(FATAL_LINE)
    elif OOM_IMAGE in status["image"]:
        texts.append("allocating more memory")  # and then nothing: the kernel lets nobody speak
    else:
        texts.append("FATAL: the job was asked to fail (exit code 1)")
    for number, text in enumerate(texts):
        yield Line(started + timedelta(milliseconds=number), text)
    if running:
        age = int((datetime.now(UTC) - started).total_seconds())
        for second in range(max(1, age - _MAX_LINES), age + 1):
            yield Line(started + timedelta(seconds=second), f"still running after {second} s")


def _status(pod: Object, container: str) -> Object | None:
    known = pod.get("status", {})
    for each in [*(known.get("initContainerStatuses") or []), *(known.get("containerStatuses") or [])]:
        if each["name"] == container:
            found: Object = each
            return found
    return None


def _stamp(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "000Z")
