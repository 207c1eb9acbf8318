"""Open WebUI: waits for its database, migrates it, serves; not ready without it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

from wizard.sandbox.controllers.programs import generic
from wizard.sandbox.controllers.programs.base import MIB, Line, Program, Request, Response, Run
from wizard.sandbox.controllers.services import endpoints_of
from wizard.sandbox.controllers.shapes import SERVICES
from wizard.sandbox.status import StatusError

VERSION = "0.9.6"
_DEPENDENCIES = "Installing external dependencies of functions and tools..."
_BANNER = r"""
 ██████╗ ██████╗ ███████╗███╗   ██╗    ██╗    ██╗███████╗██████╗ ██╗   ██╗██╗
██╔═══██╗██╔══██╗██╔════╝████╗  ██║    ██║    ██║██╔════╝██╔══██╗██║   ██║██║
██║   ██║██████╔╝█████╗  ██╔██╗ ██║    ██║ █╗ ██║█████╗  ██████╔╝██║   ██║██║
╚██████╔╝██║     ███████╗██║ ╚████║    ╚███╔███╔╝███████╗██████╔╝╚██████╔╝██║
 ╚═════╝ ╚═╝     ╚══════╝╚═╝  ╚═══╝     ╚══╝╚══╝ ╚══════╝╚═════╝  ╚═════╝ ╚═╝
"""


def database_of(run: Run) -> tuple[str, str]:
    """Namespace and Service of the database; an empty name where it is outside of the cluster or SQLite."""
    url = run.env("DATABASE_URL")
    if not url or url.startswith("sqlite"):
        return "", ""
    try:
        host = urlsplit(re.sub(r"^postgres(ql)?(\+\w+)?://", "http://", url)).hostname or ""
    except ValueError:
        return "", ""
    name, _, rest = host.partition(".")
    ns = rest.partition(".")[0] or run.ns
    if rest and not rest.endswith((".svc", ".svc.cluster.local")) and rest.count(".") >= 1:
        return "", ""  # db.eu-central-1.rds.amazonaws.com: always there
    return ns, name


def reachable(run: Run) -> str:
    """Empty if the database takes connections, else why not, as psycopg's errors are named."""
    ns, name = database_of(run)
    if not name:
        return ""
    if run.cluster.get(SERVICES, ns, name) is None:
        return "no answer yet (OperationalError)"
    try:
        found = endpoints_of(run.cluster, ns, name)
    except StatusError:
        found = []
    return "" if found else "no answer yet (OperationalError)"


class WaitForDatabase(Program):
    """The init container of our chart (files/wait_for_database.py)."""

    boots = 0.4
    memory = 40 * MIB

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._said_last = ""

    def step(self, now: float) -> float | None:
        first = self.run.started + self.boots
        if now < first:
            return first
        problem = reachable(self.run)
        if not problem:
            self.quit(now, 0, words="database: ready")
            return None
        if problem != self._said_last:
            self.say(now, f"database: not ready: {problem}")
            self._said_last = problem
        if now - self.run.started > float(self.run.env("WAIT_TIMEOUT_SECONDS") or 300):
            self.quit(now, 1, words="database: gave up waiting")
            return None
        return now + 1.0


class OpenWebUI(Program):
    boots = 12.0
    stops = 1.0
    memory = 520 * MIB
    cpu = 0.02
    steady = False

    def http(self, request: Request, now: float) -> Response:
        path = request.path.rstrip("/") or "/"
        if path == "/health":
            return Response.of({"status": True})
        if path in ("/ready", "/health/db"):
            if reachable(self.run):
                return Response.of({"detail": "database is not ready"}, 503)
            return Response.of({"status": True})
        return _page(path, self.version.lstrip("v"))

    @property
    def version(self) -> str:
        tag = self.run.image.rpartition("/")[2].partition("@")[0].partition(":")[2].partition("-")[0]
        return tag if tag.lstrip("v")[:1].isdigit() else f"v{VERSION}"

    def uses(self, now: float) -> tuple[float, float]:
        activity = self.run.world.activity(self.run.ns, now)
        age = now - self.run.started
        if age < self.boots:
            return 0.8, self.memory * (0.3 + 0.7 * age / self.boots)
        memory = self.memory + 90 * MIB * activity
        return self.cpu + 0.25 * activity, memory

    def opening(self) -> list[Line]:
        start, boots = self.run.started, self.boots
        lines: list[Line] = [
            (0.1, "Loading WEBUI_SECRET_KEY from environment"),
            (boots * 0.25, "INFO  [alembic.runtime.migration] Context impl PostgresqlImpl."),
            (boots * 0.25, "INFO  [alembic.runtime.migration] Will assume transactional DDL."),
            (boots * 0.3, "INFO  [open_webui.env] 'ENABLE_SIGNUP' loaded from the latest database entry"),
        ]
        lines += [(boots * 0.6, line) for line in _BANNER.strip("\n").split("\n")]
        lines += [
            (boots * 0.6, f"{self.version} - building the best AI user interface."),
            (boots * 0.6, "https://github.com/open-webui/open-webui"),
            (boots * 0.8, "INFO:     Started server process [1]"),
            (boots * 0.8, "INFO:     Waiting for application startup."),
            (boots * 0.9, _log_line(start + boots * 0.9, f"open_webui.main:lifespan:612 - {_DEPENDENCIES}")),
            (boots * 0.99, "INFO:     Application startup complete."),
            (boots, "INFO:     Uvicorn running on http://0.0.0.0:8080 (Press CTRL+C to quit)"),
        ]  # fmt: skip
        return lines

    def periodic(self, since: float, until: float) -> Iterator[Line]:
        step = 10.0
        tick = math.ceil(max(self.listens_at, since, until - 3600) / step) * step
        jitter = self.run.cluster.jitter
        paths = ("/api/v1/chats/?page=1", "/api/models", "/api/chat/completions", "/api/v1/users/user/settings")
        while tick <= until:
            yield tick, _access(tick, "10.42.0.1", "GET", "/ready", 200)
            if self.run.world.activity(self.run.ns, tick) > jitter("access", tick):
                path = paths[int(jitter("path", tick) * len(paths))]
                method = "POST" if "completions" in path else "GET"
                yield tick + 3, _access(tick + 3, f"10.42.0.{9 + int(jitter('who', tick) * 40)}", method, path, 200)
            tick += step


def _page(path: str, version: str = VERSION) -> Response:
    if path == "/health":
        return Response.of({"status": True})
    if path == "/api/version":
        return Response.of({"version": version})
    if path == "/api/config":
        return Response.of({"status": True, "name": "Open WebUI", "version": version, "features": {"auth": True}})
    if path == "/":
        return Response.text("<!doctype html><title>Open WebUI</title>", content_type="text/html; charset=utf-8")
    return Response.of({"detail": "Not Found"}, 404)


def answer(run: Run, request: Request, now: float) -> Response:
    """What a container that declares port 8080 answers, as on the tests' real control plane."""
    if not run.ready():
        return Response.text("not ready\n", 503)
    if request.path in ("/ready", "/health/db"):
        return Response.of({"status": True})
    return _page(request.path.rstrip("/") or "/")


generic.BY_PORT[8080] = answer


def _log_line(when: float, text: str) -> str:
    stamp = f"{datetime.fromtimestamp(when, UTC):%Y-%m-%d %H:%M:%S}.{int(when * 1000) % 1000:03d}"
    return f"{stamp} | INFO     | {text}"


def _access(when: float, client: str, method: str, path: str, status: int) -> str:
    where = f'uvicorn.protocols.http.httptools_impl:send:483 - {client}:0 - "{method} {path} HTTP/1.1" {status}'
    return _log_line(when, where)
