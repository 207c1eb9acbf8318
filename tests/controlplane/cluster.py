"""Starts and stops one control plane, and asks it things."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Self

from . import build, claims, commands, kubeconfig, netns, pki, processes, stages
from .api import Api, Object
from .nodes import NodeSpec, is_ready

Identity = Literal["admin", "denied", "wrong-token", "unreachable"]

ADMIN_TOKEN = "admin-token-of-a-test-control-plane"
DENIED_TOKEN = "denied-token-of-a-test-control-plane"
_TOKENS: dict[Identity, str] = {
    "admin": ADMIN_TOKEN,
    "denied": DENIED_TOKEN,
    "wrong-token": "no-such-token",
    "unreachable": ADMIN_TOKEN,
}


class ControlPlaneError(Exception):
    """It did not start, or did not do what was asked; the text holds the end of the culprit's log."""


class ControlPlane:
    """A running control plane. Made by `start`; a context manager that stops it."""

    def __init__(self, layout: commands.Layout, workdir: Path, held: Sequence[IO[str] | socket.socket]) -> None:
        self.layout = layout
        self.workdir = workdir
        """Holds the kubeconfigs, and a log for each process."""
        self.server = f"https://127.0.0.1:{layout.ports.api}"
        self.api = Api("127.0.0.1", layout.ports.api, layout.pki.ca, ADMIN_TOKEN)
        self.processes: list[processes.Process] = []
        self.timings: dict[str, float] = {}
        """Seconds from the start until each milestone."""
        self.programs = False
        """Whether programs answer on the pods' addresses."""
        self._held = held
        self._started = time.monotonic()

    @classmethod
    def start(
        cls,
        workdir: Path,
        *,
        nodes: Sequence[NodeSpec] = (NodeSpec(),),
        programs: bool = True,
        say: Callable[[str], None] = lambda line: None,
        timeout: float = 90.0,
    ) -> Self:
        """A fresh one, ready: nodes are Ready, and a pod has been scheduled and has run.

        `programs` needs the network namespace of `netns`; without it, pass False. Raises ControlPlaneError,
        and build.BuildError where the binaries are missing and cannot be built.
        """
        assets = build.build(say)
        if programs and not netns.pod_network_is_local():
            raise ControlPlaneError(
                "programs on pods' addresses need the pod network: run under"
                " `python -m tests.controlplane.netns -- COMMAND`, or pass programs=False"
            )
        workdir.mkdir(parents=True, exist_ok=True)
        data, lock = claims.data_directory()
        try:
            cidr, holder = claims.pod_cidr()
            layout = commands.Layout(
                assets=assets,
                pki=pki.make(workdir / "pki"),
                ports=commands.Ports(*processes.free_ports(5)),
                data=data,
                kubeconfig=workdir / "admin.kubeconfig",
                tokens=workdir / "tokens.csv",
                kwok_config=workdir / "kwok.yaml",
                pod_cidr=cidr,
            )
        except BaseException:
            lock.close()
            shutil.rmtree(data, ignore_errors=True)
            raise
        plane = cls(layout, workdir, (lock, holder))
        try:
            plane._run(nodes, programs, timeout)
        except BaseException:
            plane.stop()
            raise
        return plane

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends every process and removes the data; the logs stay in `workdir`. May be called twice."""
        servers = [each for each in self.processes if each.name in ("etcd", "kube-apiserver")]
        clients = [each for each in self.processes if each not in servers]
        processes.stop(clients, grace=2.0)
        # The API server would take its time, for watches of its own; there is nothing left to lose but that
        # time.
        processes.stop(servers, grace=0.2)
        self.processes = []
        shutil.rmtree(self.layout.data, ignore_errors=True)
        for held in self._held:
            held.close()

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | bytes | None = None,
        content_type: str = "application/json",
    ) -> tuple[int, Object]:
        """As the admin: status and JSON (``{"text": ...}`` for what is not a JSON object)."""
        return self.api.request(method, path, body, content_type)

    def wait_for(self, what: str, check: Callable[[], Any], timeout: float = 30.0, interval: float = 0.05) -> Any:
        """The first truthy value of `check`; ControlPlaneError after `timeout` s, or when a process ended."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                if value := check():
                    return value
            except OSError:
                pass  # not listening yet, or gone in mid-answer: the deadline decides
            for process in self.processes:
                if failure := process.failure():
                    raise ControlPlaneError(f"waiting for {what}: {failure}")
            if time.monotonic() > deadline:
                logs = "\n".join(process.tail(8) for process in self.processes)
                raise ControlPlaneError(f"waited {timeout:.0f} s in vain for {what}\n{logs}")
            time.sleep(interval)

    def kubeconfig(self, identity: Identity = "admin", path: Path | None = None) -> Path:
        """Writes a kubeconfig with mode 0600.

        admin: may do all. denied: a known user without any right (403). wrong-token: as with an expired
        credential (401). unreachable: a port where nothing listens.
        """
        target = path or self.workdir / f"{identity}.kubeconfig"
        server = self.server
        if identity == "unreachable":
            server = f"https://127.0.0.1:{processes.free_ports(1)[0]}"
        return kubeconfig.write(target, server, self.layout.pki.ca, _TOKENS[identity], f"test-{identity}")

    def add_node(self, node: NodeSpec, *, wait: bool = True) -> None:
        """Adds a node, and by default waits until it is Ready and its not-ready taint is gone."""
        self._create("/api/v1/nodes", node.manifest())
        if wait:
            self._wait_for_node(node.name, 30.0)

    def remove_node(self, name: str) -> None:
        """Deletes a node; the controllers delete its pods when they notice (up to a minute)."""
        self.request("DELETE", f"/api/v1/nodes/{name}")

    def _wait_for_node(self, name: str, timeout: float) -> None:
        def ready() -> bool:
            status, node = self.request("GET", f"/api/v1/nodes/{name}")
            return status == 200 and is_ready(node)

        self.wait_for(f"node {name} to be Ready", ready, timeout)

    def _run(self, nodes: Sequence[NodeSpec], programs: bool, timeout: float) -> None:
        layout = self.layout
        layout.tokens.touch(mode=0o600)
        layout.tokens.write_text(
            f'{ADMIN_TOKEN},admin,admin,"system:masters"\n{DENIED_TOKEN},denied,denied,"test:denied"\n'
        )
        layout.kwok_config.write_text(stages.configuration(layout.assets.stages))
        self.kubeconfig("admin", layout.kubeconfig)
        self._spawn("etcd", commands.etcd(layout))
        self._spawn("kube-apiserver", commands.api_server(layout))
        # It serves a second or two before it is ready (it is still writing RBAC's default roles): time to
        # use.
        self.wait_for("the API server to serve", lambda: self._answers("/api/v1/namespaces/kube-system"), timeout)
        self._mark("serving")
        self._spawn("kube-scheduler", commands.scheduler(layout))
        self._create("/apis/storage.k8s.io/v1/storageclasses", stages.storage_class())
        for node in nodes:
            self.add_node(node, wait=False)
        self._spawn("kwok", commands.kwok(layout))
        self._spawn_podside(programs)
        self.wait_for("the API server to be ready", lambda: self._answers("/readyz"), timeout)
        self._mark("api")
        # Only now: started earlier, it finds the API server not healthy, and looks again a whole second
        # later.
        self._spawn("kube-controller-manager", commands.controller_manager(layout))
        for node in nodes:
            self._wait_for_node(node.name, timeout)
        self._mark("nodes")
        account = "/api/v1/namespaces/default/serviceaccounts/default"
        self.wait_for("the service account controller", lambda: self._answers(account), timeout)
        if any(not node.taints for node in nodes):
            self._run_a_pod(timeout)
        self._mark("ready")

    def _answers(self, path: str) -> bool:
        return self.api.raw("GET", path, timeout=5.0)[0] == 200

    def _run_a_pod(self, timeout: float) -> None:
        """The proof that admission, scheduler and kwok work together."""
        pods = "/api/v1/namespaces/kube-system/pods"
        pod = {"metadata": {"name": "probe"}, "spec": {"containers": [{"name": "probe", "image": "probe"}]}}

        def ready() -> bool:
            found = self.request("GET", f"{pods}/probe")[1].get("status", {}).get("conditions", [])
            return any(each["type"] == "Ready" and each["status"] == "True" for each in found)

        # Refused until the namespace has its service account.
        self.wait_for("a pod to be admitted", lambda: self.request("POST", pods, pod)[0] == 201, timeout)
        self.wait_for("a pod to run", ready, timeout, interval=0.02)
        self.request("DELETE", f"{pods}/probe?gracePeriodSeconds=0")
        events = "/api/v1/namespaces/kube-system/events?fieldSelector=involvedObject.name%3Dprobe"
        self.request("DELETE", events)

    def _spawn_podside(self, programs: bool) -> None:
        layout = self.layout
        settings = {
            "host": self.api.host,
            "port": self.api.port,
            "ca": str(layout.pki.ca),
            "token": ADMIN_TOKEN,
            "cert": str(layout.pki.server_cert),
            "key": str(layout.pki.server_key),
            "kubelet_port": layout.ports.kubelet,
            "pod_cidr": layout.pod_cidr,
            "programs": programs,
        }
        file = self.workdir / "podside.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(settings))
        checkout = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join([checkout, *filter(None, [os.environ.get("PYTHONPATH")])])
        argv = [sys.executable, "-m", "tests.controlplane.podside", str(file)]
        self._spawn("podside", argv, {"PYTHONPATH": path})
        self.programs = programs

    def _spawn(self, name: str, argv: Sequence[str], environment: dict[str, str] | None = None) -> None:
        self.processes.append(processes.spawn(name, argv, self.workdir, environment))

    def _create(self, path: str, body: Object) -> None:
        status, answer = self.request("POST", path, body)
        if status != 201:
            raise ControlPlaneError(f"POST {path}: {status} {answer.get('message', answer)}")

    def _mark(self, milestone: str) -> None:
        self.timings[milestone] = round(time.monotonic() - self._started, 2)
