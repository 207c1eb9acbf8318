"""Measures the dashboard's data half: lists, churn and floods of log lines. For `make bench` and the tests.

Servers and clients that are not measured run in processes of their own: threads would share the
interpreter with what is.

    python -m tests.live_rig list KUBECONFIG            start to full list, as a whole process
    python -m tests.live_rig change KUBECONFIG RATE S   changes pods at a rate
    python -m tests.live_rig logs RATE S                an API server with one pod that talks at a rate
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from wizard.adapters.clock import SystemClock
from wizard.adapters.kube_access import load
from wizard.adapters.kube_http import Pool, connection, headers
from wizard.adapters.kube_live import QuickLive
from wizard.domain.live import LogSelection
from wizard.observers.watch import Watch, WatchPorts

_TICK = 0.1
"""Seconds between two looks of a screen."""


@dataclass(frozen=True, slots=True)
class Share:
    loop: float
    """Of a core, of the thread with the event loop."""
    process: float
    """Of a core, all threads."""
    seen: int
    """Changes of rows, or lines."""
    longest: float
    """Seconds that the loop was busy with something else at most."""
    memory: float
    """MiB at most."""


@dataclass(frozen=True, slots=True)
class Flood:
    share: Share
    sent: int
    taken: int
    dropped: int
    waiting: int

    @property
    def exact(self) -> bool:
        return self.taken + self.dropped + self.waiting == self.sent


def watch_of(kubeconfig: Path, namespace: str = "chat") -> Watch:
    access = load(kubeconfig, None)
    assert access is not None, f"{kubeconfig} is no plain kubeconfig"
    live = QuickLive(access)
    return Watch(WatchPorts(live, live, SystemClock(), live.close), namespace)


async def _until(check: Callable[[], bool], seconds: float) -> None:
    """Feeds are polled, as a screen does it."""
    async with asyncio.timeout(120):
        while True:
            if check():
                return
            await asyncio.sleep(seconds)


# Lists -------------------------------------------------------------------------------------------


def full_list(kubeconfig: Path) -> float:
    """Seconds of a whole process that starts, lists all pods as rows, and ends."""
    return _process([sys.executable, "-m", "tests.live_rig", "list", str(kubeconfig)])


def kubectl_list(kubeconfig: Path, kubectl: str = "kubectl") -> float:
    return _process([kubectl, "--kubeconfig", str(kubeconfig), "get", "pods", "-A"])


def _process(argv: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


async def _list(kubeconfig: Path) -> int:
    watch = watch_of(kubeconfig)
    await watch.pods.start()
    await _until(lambda: watch.pods.state.live, 0.002)
    found = len(watch.pods.rows())
    await watch.stop()
    return found


# Changes -----------------------------------------------------------------------------------------


def churn(kubeconfig: Path, rate: int = 100, seconds: float = 60.0) -> Share:
    """What a screen's thread pays for the rows of all feeds while pods change."""
    return asyncio.run(_churn(kubeconfig, rate, seconds))


async def _churn(kubeconfig: Path, rate: int, seconds: float) -> Share:
    watch = watch_of(kubeconfig)
    await watch.start()
    await _until(lambda: watch.pods.state.live and watch.events.state.live, 0.01)
    await asyncio.sleep(5)  # what comes once (requests, tiers) is not what is measured
    version = watch.pods.version

    def look() -> int:
        nonlocal version
        changes = watch.pods.changed_since(version)
        version = watch.pods.version
        return len(watch.pods.rows()) if changes is None else len(changes.upserts) + len(changes.removed)

    argv = [sys.executable, "-m", "tests.live_rig", "change", str(kubeconfig), str(rate), str(seconds)]
    changer = await asyncio.create_subprocess_exec(*argv)
    share = await measured(look, seconds)
    changer.terminate()
    await changer.wait()
    await watch.stop()
    return share


async def measured(look: Callable[[], int], seconds: float) -> Share:
    """Calls `look` as often as a screen does, and measures the thread that it runs in."""
    seen, longest = 0, 0.0
    began, thread, process = time.monotonic(), time.thread_time(), time.process_time()
    while (now := time.monotonic()) - began < seconds:
        seen += look()
        busy = time.monotonic()
        await asyncio.sleep(max(0.0, _TICK - (busy - now)))
        longest = max(longest, time.monotonic() - busy - _TICK)
    passed = time.monotonic() - began
    return Share(
        (time.thread_time() - thread) / passed,
        (time.process_time() - process) / passed,
        seen,
        longest,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


def change(kubeconfig: Path, rate: int, seconds: float) -> int:
    """Gives pods another tier, in turn: a change that a row shows and no controller minds. How many."""
    access = load(kubeconfig, None)
    assert access is not None
    body = json.loads(Pool(access).request("GET", "/api/v1/pods", query={"limit": "500"}))
    pods = [(each["metadata"]["namespace"], each["metadata"]["name"]) for each in body["items"]]
    link = connection(access, 10.0)
    told = {**headers(access, "application/json"), "Content-Type": "application/merge-patch+json"}
    began, done = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        namespace, name = pods[done % len(pods)]
        patch = {"metadata": {"labels": {"wizard.dev/tier": f"c{done}"}}}
        link.request("PATCH", f"/api/v1/namespaces/{namespace}/pods/{name}", json.dumps(patch), told)
        link.getresponse().read()
        done += 1
        time.sleep(max(0.0, began + done / rate - time.monotonic()))
    return done


# Logs --------------------------------------------------------------------------------------------

LOG_PATH = "/api/v1/namespaces/chat/pods/talker/log"


def flood(home: Path, rate: int = 20_000, seconds: float = 30.0, take: int = 5000) -> Flood:
    """A screen that takes lines ten times a second while one pod talks; `take`: at most so many at once."""
    argv = [sys.executable, "-m", "tests.live_rig", "logs", str(rate), str(seconds)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        path = home / "flood.kubeconfig"
        path.write_text(kubeconfig_of(server.stdout.readline().strip()))
        found = asyncio.run(_flood(path, rate, seconds, take))
        server.terminate()
    return found


async def _flood(kubeconfig: Path, rate: int, seconds: float, take: int) -> Flood:
    watch = watch_of(kubeconfig)
    feed = watch.logs(LogSelection(pods=(("chat", "talker"),), container="talker", source="pods"))
    taken = 0

    def look() -> int:
        nonlocal taken
        lines = feed.take(take)
        taken += len(lines)
        return len(lines)

    await feed.start()
    share = await measured(look, seconds)
    await _until(lambda: feed.done, 0.05)
    found = Flood(share, int(rate * seconds), taken, feed.dropped, feed.waiting)
    await watch.stop()
    return found


def kubeconfig_of(server: str) -> str:
    return json.dumps(
        {
            "current-context": "x",
            "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
            "clusters": [{"name": "x", "cluster": {"server": server}}],
            "users": [{"name": "x", "user": {"token": "t"}}],
        }
    )


def serve_logs(rate: int, seconds: float) -> None:
    """One pod, whose container says `rate` lines a second for so long, and then has ended."""
    total = int(rate * seconds)
    said = 0

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None: ...

        def do_GET(self) -> None:
            nonlocal said
            if not self.path.startswith(LOG_PATH):
                phase = "Succeeded" if said >= total else "Running"
                body = json.dumps({"metadata": {"uid": "u"}, "status": {"phase": phase}}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                return
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            began = time.monotonic()
            while said < total:
                due = min(total, int((time.monotonic() - began) * rate))
                stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
                lines = [
                    f'{stamp}.{number % 10**6:06d}000Z {{"level":"info","msg":"request {number}","took":"12ms"}}\n'
                    for number in range(said, due)
                ]
                said = due
                if data := "".join(lines).encode():
                    self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
                time.sleep(0.01)
            self.wfile.write(b"0\r\n\r\n")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


def main(argv: list[str]) -> int:
    match argv:
        case ["list", kubeconfig]:
            print(asyncio.run(_list(Path(kubeconfig))))
        case ["change", kubeconfig, rate, seconds]:
            print(change(Path(kubeconfig), int(rate), float(seconds)))
        case ["logs", rate, seconds]:
            serve_logs(int(rate), float(seconds))
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
