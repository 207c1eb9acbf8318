"""The programs in the pods: Open WebUI, Ollama, PostgreSQL and the monitoring, as alive as their pods and no more.

A program listens on its pod's own address, from when the pod runs until it does not. So a pod that is gone
refuses the connection by itself, and nothing has to be looked up when one comes in.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import sys
from typing import TYPE_CHECKING, Any

from . import web
from .api import Object

if TYPE_CHECKING:
    from .podside import State

MODELS_ANNOTATION = "wizard.dev/models"
"""On a Job that pulls: the models, separated by commas, that Ollama has once the Job is complete."""

OPEN_WEBUI, OLLAMA, POSTGRESQL = 8080, 11434, 5432
PROMETHEUS, ALERTMANAGER, LOKI, GRAFANA = 9090, 9093, 3100, 3000
MONITORING = (PROMETHEUS, ALERTMANAGER, LOKI, GRAFANA)
PORTS = (OPEN_WEBUI, OLLAMA, POSTGRESQL, *MONITORING)

_OLLAMA_VERSION = "0.31.1"
_WEBUI_VERSION = "0.9.6"


class Listeners:
    """One listening socket for each known port that a container of a running pod declares."""

    def __init__(self, state: State, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> None:
        self._state = state
        self._network = network
        self._open: dict[str, dict[int, asyncio.Server]] = {}
        """By the pod's uid."""

    async def update(self, pod: Object) -> None:
        """Brings the pod's sockets in line with it; in the order of the events, for addresses come back."""
        uid = pod["metadata"]["uid"]
        wanted = set() if pod.get("gone") else self._wanted(pod)
        current = self._open.get(uid, {})
        for port in current.keys() - wanted:
            current.pop(port).close()
        for port in wanted - current.keys():
            address = pod["status"]["podIP"]
            try:
                server = await asyncio.start_server(self._connected(pod, port), address, port)
            except OSError as error:
                print(f"cannot listen on {address}:{port}: {error}", file=sys.stderr, flush=True)
                continue
            self._open.setdefault(uid, {})[port] = server
        if not self._open.get(uid):
            self._open.pop(uid, None)

    def _wanted(self, pod: Object) -> set[int]:
        status = pod.get("status", {})
        address = status.get("podIP")
        # A pod on the host's network has the node's address, which is not ours to listen on.
        if status.get("phase") != "Running" or not address or ipaddress.ip_address(address) not in self._network:
            return set()
        running = {each["name"] for each in status.get("containerStatuses", []) if "running" in each.get("state", {})}
        return {
            port["containerPort"]
            for container in pod["spec"]["containers"]
            if container["name"] in running
            for port in container.get("ports", [])
            if port["containerPort"] in PORTS
        }

    def _connected(self, pod: Object, port: int) -> Any:
        key = (pod["metadata"]["namespace"], pod["metadata"]["name"])

        async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if port == POSTGRESQL:
                # Accepts, and says nothing: enough for a check of the port, too little for a client.
                with contextlib.suppress(OSError):
                    await reader.read()
                writer.close()
                return
            await web.handle(reader, writer, answer)

        async def answer(request: web.Request, writer: asyncio.StreamWriter) -> None:
            if not _ready(self._state.pods.get(key)):
                web.answer(writer, 503, "not ready\n", "text/plain")
            elif port == OPEN_WEBUI:
                open_webui(request, writer)
            elif port in MONITORING:
                monitoring(request, writer)
            else:
                ollama(request, writer, self._state.models.setdefault(key[0], {}))

        return play


def _ready(pod: Object | None) -> bool:
    conditions = (pod or {}).get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def open_webui(request: web.Request, writer: asyncio.StreamWriter) -> None:
    """Paths and bodies as in Open WebUI's own routes."""
    if request.path in ("/health", "/health/db", "/ready"):
        web.answer(writer, 200, {"status": True})
    elif request.path == "/api/version":
        web.answer(writer, 200, {"version": _WEBUI_VERSION})
    elif request.path == "/":
        web.answer(writer, 200, "<!doctype html><title>Open WebUI</title>", "text/html")
    else:
        web.answer(writer, 404, {"detail": "Not Found"})


def monitoring(request: web.Request, writer: asyncio.StreamWriter) -> None:
    """Prometheus, Alertmanager, Loki and Grafana: that they are up, and nothing of what they know."""
    if request.path in ("/-/ready", "/-/healthy", "/ready"):
        web.answer(writer, 200, "ready\n", "text/plain")
    elif request.path == "/api/health":
        web.answer(writer, 200, {"database": "ok"})
    else:
        web.answer(writer, 404, "404 page not found", "text/plain")


def ollama(request: web.Request, writer: asyncio.StreamWriter, models: dict[str, str]) -> None:
    """What Ollama's API says of what is there; `models` is the server's list, and changes with it."""
    if request.path == "/":
        web.answer(writer, 200, "Ollama is running", "text/plain")
    elif request.path == "/api/version":
        web.answer(writer, 200, {"version": _OLLAMA_VERSION})
    elif request.path == "/api/tags":
        listed = [{"name": name, "model": name, "modified_at": when, "size": 0} for name, when in models.items()]
        web.answer(writer, 200, {"models": listed})
    elif request.path == "/api/ps":
        web.answer(writer, 200, {"models": []})
    elif request.path == "/api/delete" and request.method == "DELETE":
        asked = request.json()
        name = str(asked.get("model") or asked.get("name"))
        if models.pop(name, None) is None:
            web.answer(writer, 404, {"error": f"model '{name}' not found"})
        else:
            web.answer(writer, 200, {})
    else:
        web.answer(writer, 404, "404 page not found", "text/plain")
