"""The sandbox's process: an HTTPS server on a free loopback port, and a kubeconfig once it answers."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ctypes
import json
import os
import secrets
import signal
import ssl
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from wizard.sandbox.api.app import Api
from wizard.sandbox.certificate import self_signed
from wizard.sandbox.clock import SimClock, head_start
from wizard.sandbox.cluster import Cluster
from wizard.sandbox.namespaces import NamespaceController
from wizard.sandbox.ports import BadOption, SandboxOptions, StartControllers

KUBECONFIG, STATE = "kubeconfig", "sandbox.json"
CONTEXT = "wizard-sandbox"


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that answers."""

    url: str
    token: str
    certificate: bytes
    cluster: Cluster


async def start(
    options: SandboxOptions,
    *,
    port: int = 0,
    clock: SimClock | None = None,
    controllers: StartControllers | None = None,
) -> tuple[Serving, web.ServerRunner]:
    """Serves in this event loop; the runner's cleanup() ends it. Raises OSError if the port is taken."""
    certificate, key = self_signed()
    NamespaceController.CA = certificate.decode()
    token = secrets.token_urlsafe(32)
    cluster = Cluster(clock or SimClock(options.speed, behind=head_start(options.speed)), options, controllers)
    api = Api(cluster, token)
    runner = web.ServerRunner(web.Server(api.handle, access_log=None, handler_cancellation=True), shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=_tls(certificate, key))
    await site.start()
    bound = runner.addresses[0][1]
    return Serving(f"https://127.0.0.1:{bound}", token, certificate, cluster), runner


def run(state: Path, options: SandboxOptions, *, port: int, keep: bool, controllers: bool) -> int:
    """Until SIGTERM or SIGINT; unless `keep`, also until the parent is gone."""
    if not keep:
        _die_with_parent()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(state, options, port, controllers))
    return 0


async def _run(state: Path, options: SandboxOptions, port: int, controllers: bool) -> None:
    moving: StartControllers | None = None
    if controllers:
        from wizard.sandbox.controllers import start as moving_start

        moving = moving_start
    try:
        serving, runner = await start(options, port=port, controllers=moving)
    except BadOption as problem:
        sys.exit(str(problem))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    kubeconfig = state / KUBECONFIG
    write_private(kubeconfig, kubeconfig_text(serving))
    told = {"pid": os.getpid(), "url": serving.url, "token": serving.token, "kubeconfig": str(kubeconfig)}
    # Last, because whoever started us waits for this file.
    write_private(state / STATE, json.dumps(told))
    try:
        await stop.wait()
    finally:
        for name in (STATE, KUBECONFIG):
            with contextlib.suppress(OSError):
                (state / name).unlink()
        await serving.cluster.close()
        await runner.cleanup()


def kubeconfig_text(serving: Serving) -> str:
    """A kubeconfig as JSON, which is YAML as well."""
    authority = base64.b64encode(serving.certificate).decode()
    name = CONTEXT
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "preferences": {},
            "clusters": [{"name": name, "cluster": {"server": serving.url, "certificate-authority-data": authority}}],
            "users": [{"name": name, "user": {"token": serving.token}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": "default"}}],
        },
        indent=1,
    )


def write_private(path: Path, text: str) -> None:
    """Atomically, readable by nobody else at any moment."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w") as file:
        file.write(text)
    Path(name).replace(path)


def _tls(certificate: bytes, key: bytes) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    # Python reads chains from files only; it is gone before anybody connects.
    with tempfile.NamedTemporaryFile(prefix="wizard-sandbox-") as file:
        file.write(key + certificate)
        file.flush()
        context.load_cert_chain(file.name)
    return context


def _die_with_parent() -> None:
    """Asks the kernel to end us when our parent ends, even if it is killed (Linux)."""
    if sys.platform != "linux":
        return
    parent = os.getppid()
    set_death_signal = 1
    ctypes.CDLL(None, use_errno=True).prctl(set_death_signal, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(0)  # it ended before we asked
