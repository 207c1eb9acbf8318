"""How the API server's proxy reaches what runs: Service, endpoint, pod, port, program."""

from __future__ import annotations

from collections.abc import Mapping

from wizard.sandbox.controllers.cluster import Cluster
from wizard.sandbox.controllers.kubelet.kubelet import Kubelet
from wizard.sandbox.controllers.programs.base import Request, Response
from wizard.sandbox.controllers.services import endpoints_of
from wizard.sandbox.controllers.shapes import PODS, SERVICES, Obj
from wizard.sandbox.status import StatusError


class Network:
    def __init__(self, cluster: Cluster, kubelet: Kubelet) -> None:
        self._cluster = cluster
        self._kubelet = kubelet
        self._turn = 0

    async def send(self, ns: str, kind: str, name: str, port: str, request: Request) -> Response:
        """Raises StatusError 404, or 503 where nothing answers."""
        pod, number = self._service(ns, name, port) if kind == "services" else self._pod(ns, name, port)
        now = self._cluster.now
        node = pod["spec"].get("nodeName", "")
        address = (pod.get("status") or {}).get("podIP", "")
        for container in pod["spec"]["containers"]:
            declared = {each["containerPort"] for each in container.get("ports") or ()}
            if number not in declared and len(pod["spec"]["containers"]) > 1:
                continue
            program = self._kubelet.program(pod["metadata"]["uid"], container["name"])
            if program is None or not program.listening(now) or (declared and number not in declared):
                continue
            if node in self._kubelet.lost:
                break
            slow = self._kubelet.slowness(node)
            if slow > 1:
                await self._cluster.clock.sleep(0.3 * slow)
            return program.http(request, now)
        reason = "i/o timeout" if node in self._kubelet.lost else "connect: connection refused"
        message = f"error trying to reach service: dial tcp {address}:{number}: {reason}"
        raise StatusError(503, "ServiceUnavailable", message)

    def _service(self, ns: str, name: str, port: str) -> tuple[Obj, int]:
        service = self._cluster.get(SERVICES, ns, name)
        if service is None:
            raise StatusError(404, "NotFound", f'services "{name}" not found')
        ports = service["spec"].get("ports") or []
        chosen = next((p for p in ports if port in (p.get("name"), str(p["port"]))), None)
        if chosen is None and not port and len(ports) == 1:
            chosen = ports[0]
        if chosen is None:
            raise StatusError(503, "ServiceUnavailable", f'no service port "{port}" found for service "{name}"')
        found = endpoints_of(self._cluster, ns, name)
        found.sort(key=lambda each: each[0]["metadata"]["name"])
        reached = [
            (pod, each["port"])
            for pod, endpoint_ports in found
            for each in endpoint_ports
            if each["name"] == chosen.get("name", "")
        ]
        if not reached:
            raise StatusError(503, "ServiceUnavailable", f'no endpoints available for service "{name}"')
        self._turn += 1
        return reached[self._turn % len(reached)]

    def _pod(self, ns: str, name: str, port: str) -> tuple[Obj, int]:
        pod = self._cluster.get(PODS, ns, name)
        if pod is None:
            raise StatusError(404, "NotFound", f'pods "{name}" not found')
        if not (pod.get("status") or {}).get("podIP"):
            raise StatusError(503, "ServiceUnavailable", "address not allowed")
        if port.isdigit():
            return pod, int(port)
        for container in pod["spec"]["containers"]:
            for each in container.get("ports") or ():
                if not port or each.get("name") == port:
                    return pod, int(each["containerPort"])
        return pod, 80


def request_of(method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> Request:
    return Request(method.upper(), "/" + path.lstrip("/"), query, dict(headers), body)
