"""The rig does what its users rely on: it starts, its controllers work, and nothing of it is left."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from . import build, claims, commands
from .api import Api, Object
from .cluster import ADMIN_TOKEN, ControlPlane, ControlPlaneError, Identity
from .nodes import NodeSpec
from .testing import apps, create, job, pod, ready, until

pytestmark = pytest.mark.controlplane


def test_identities_get_what_their_names_say(controlplane: ControlPlane, tmp_path: Path) -> None:
    expected: dict[Identity, int] = {"admin": 200, "denied": 403, "wrong-token": 401}
    for identity, code in expected.items():
        file = controlplane.kubeconfig(identity, tmp_path / identity)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        config = yaml.safe_load(file.read_text())
        token = config["users"][0]["user"]["token"]
        api = Api("127.0.0.1", controlplane.layout.ports.api, controlplane.layout.pki.ca, token)
        assert api.request("GET", "/api/v1/nodes")[0] == code
    config = yaml.safe_load(controlplane.kubeconfig("unreachable", tmp_path / "unreachable").read_text())
    port = int(config["clusters"][0]["cluster"]["server"].rpartition(":")[2])
    with pytest.raises(ConnectionRefusedError):
        Api("127.0.0.1", port, controlplane.layout.pki.ca, ADMIN_TOKEN).request("GET", "/readyz")


def test_clients_can_parse_the_version(controlplane: ControlPlane) -> None:
    version = controlplane.request("GET", "/version")[1]
    assert (version["gitVersion"], version["major"], version["minor"]) == (
        build.KUBERNETES_VERSION,
        "1",
        "37",
    )


def test_a_deployment_becomes_available(controlplane: ControlPlane, namespace: str) -> None:
    create(controlplane, f"/apis/apps/v1/namespaces/{namespace}/deployments", apps("web", replicas=2))

    def available() -> bool:
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments/web"
        status = controlplane.request("GET", path)[1]["status"]
        conditions = {each["type"]: each["status"] for each in status.get("conditions", [])}
        return status.get("readyReplicas") == 2 and conditions.get("Available") == "True"

    controlplane.wait_for("the deployment", available)


def test_a_pod_too_large_for_the_node_stays_pending(controlplane: ControlPlane, namespace: str) -> None:
    create(
        controlplane,
        f"/api/v1/namespaces/{namespace}/pods",
        pod("large", resources={"requests": {"memory": "6Gi"}}),
    )

    def unschedulable(found: Object) -> bool:
        return any(each.get("reason") == "Unschedulable" for each in found["status"].get("conditions", []))

    until(controlplane, namespace, "large", unschedulable)


def test_a_claim_is_bound_and_its_volume_goes_with_it(controlplane: ControlPlane, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    create(controlplane, path, {"metadata": {"name": "data"}, "spec": claim})

    def bound() -> str | None:
        found = controlplane.request("GET", f"{path}/data")[1]
        return str(found["spec"]["volumeName"]) if found["status"]["phase"] == "Bound" else None

    volume = controlplane.wait_for("the claim to be bound", bound)
    controlplane.request("DELETE", f"{path}/data")
    gone = f"/api/v1/persistentvolumes/{volume}"
    controlplane.wait_for("the volume to go", lambda: controlplane.request("GET", gone)[0] == 404)


@pytest.mark.parametrize("kind", ["containers", "initContainers"])
def test_an_image_that_cannot_be_pulled(controlplane: ControlPlane, namespace: str, kind: str) -> None:
    body = pod("bad")
    image = "registry.invalid/does-not-exist:1"
    body["spec"][kind] = [{"name": "bad", "image": image}]
    create(controlplane, f"/api/v1/namespaces/{namespace}/pods", body)
    field = "containerStatuses" if kind == "containers" else "initContainerStatuses"

    def backing_off(found: Object) -> bool:
        waiting = found["status"].get(field, [{}])[0].get("state", {}).get("waiting", {})
        return waiting.get("reason") == "ImagePullBackOff" and f'pulling image "{image}"' in waiting["message"]

    found = until(controlplane, namespace, "bad", backing_off)
    assert found["status"]["phase"] == "Pending"
    assert not ready(found)
    events = controlplane.request("GET", f"/api/v1/namespaces/{namespace}/events")[1]["items"]
    failed = [each["message"] for each in events if (each["type"], each["reason"]) == ("Warning", "Failed")]
    assert any(message.startswith(f'Failed to pull image "{image}"') for message in failed)
    assert "Error: ImagePullBackOff" in failed


@pytest.mark.parametrize(
    ("image", "code", "reason"), [("crash-loop:1", 1, "Error"), ("oom-killed:1", 137, "OOMKilled")]
)
def test_a_container_that_crashes(
    controlplane: ControlPlane, namespace: str, image: str, code: int, reason: str
) -> None:
    create(controlplane, f"/api/v1/namespaces/{namespace}/pods", pod("crash", image))

    def looping(found: Object) -> bool:
        status = found["status"].get("containerStatuses", [{}])[0]
        return bool(status.get("state", {}).get("waiting", {}).get("reason") == "CrashLoopBackOff")

    status = until(controlplane, namespace, "crash", looping)["status"]["containerStatuses"][0]
    assert status["restartCount"] >= 1
    last = status["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"]) == (code, reason)


def test_readiness_can_be_withheld_delayed_and_given_back(controlplane: ControlPlane, namespace: str) -> None:
    pods = f"/api/v1/namespaces/{namespace}/pods"
    create(controlplane, pods, pod("never", annotations={"wizard.test/never-ready": "true"}))
    started = time.monotonic()
    create(controlplane, pods, pod("late", annotations={"wizard.test/ready-after": "2s"}))
    found = until(controlplane, namespace, "late", lambda each: each["status"]["phase"] == "Running")
    assert not ready(found)
    until(controlplane, namespace, "late", ready)
    assert time.monotonic() - started > 1.9
    found = controlplane.request("GET", f"{pods}/never")[1]
    assert found["status"]["phase"] == "Running"
    assert not ready(found)
    # Both also in the life of a pod: it recovers, and it fails again.
    _annotate_never_ready(controlplane, f"{pods}/never", None)
    until(controlplane, namespace, "never", ready)
    _annotate_never_ready(controlplane, f"{pods}/never", "true")
    until(controlplane, namespace, "never", lambda each: not ready(each))


def _annotate_never_ready(plane: ControlPlane, path: str, value: str | None) -> None:
    patch = {"metadata": {"annotations": {"wizard.test/never-ready": value}}}
    assert plane.request("PATCH", path, patch, "application/merge-patch+json")[0] == 200


@pytest.mark.parametrize(("annotation", "wanted"), [({}, "Complete"), ({"wizard.test/job-fails": "true"}, "Failed")])
def test_a_job_ends_as_asked(
    controlplane: ControlPlane, namespace: str, annotation: dict[str, str], wanted: str
) -> None:
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    create(controlplane, path, job("work", pod_annotations=annotation))

    def ended() -> list[str]:
        conditions = controlplane.request("GET", f"{path}/work")[1]["status"].get("conditions", [])
        return [each["type"] for each in conditions if each["type"] in ("Complete", "Failed")]

    assert controlplane.wait_for("the job to end", ended) == [wanted]


def test_pod_security_refuses_a_privileged_pod(controlplane: ControlPlane, namespace: str) -> None:
    label = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    controlplane.request("PATCH", f"/api/v1/namespaces/{namespace}", label, "application/merge-patch+json")
    body = pod("root", securityContext={"privileged": True})

    def refused() -> str | None:  # the admission plugin learns of the label by its own watch
        status, answer = controlplane.request("POST", f"/api/v1/namespaces/{namespace}/pods?dryRun=All", body)
        return str(answer["message"]) if status == 403 else None

    assert 'violates PodSecurity "restricted' in controlplane.wait_for("the refusal", refused)


def test_nodes_come_and_go_and_two_planes_share_no_address(
    controlplane: ControlPlane, fresh_controlplane: ControlPlane
) -> None:
    assert controlplane.layout.pod_cidr != fresh_controlplane.layout.pod_cidr
    taint = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}
    spec = NodeSpec("gpu", labels={"tier": "premium"}, taints=[taint], resources={"nvidia.com/gpu": "8"})
    fresh_controlplane.add_node(spec)
    node = fresh_controlplane.request("GET", "/api/v1/nodes/gpu")[1]
    assert node["status"]["allocatable"]["nvidia.com/gpu"] == "8"
    assert node["metadata"]["labels"]["tier"] == "premium"
    assert node["spec"]["taints"] == [taint]
    fresh_controlplane.remove_node("gpu")
    assert fresh_controlplane.request("GET", "/api/v1/nodes/gpu")[0] == 404


def test_a_start_that_fails_shows_the_culprits_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "etcd", lambda layout: ["sh", "-c", "echo the disk is on fire; exit 3"])
    with pytest.raises(ControlPlaneError, match=r"(?s)etcd ended with 3.*the disk is on fire"):
        ControlPlane.start(tmp_path, programs=False)


def test_nothing_outlives_a_killed_parent(tmp_path: Path) -> None:
    # Started by a thread that ends: a death signal tied to that thread would kill the control plane here.
    script = f"""
import threading, sys, time
from pathlib import Path
from tests.controlplane.cluster import ControlPlane
planes = []
start = lambda: planes.append(ControlPlane.start(Path({str(tmp_path)!r}), programs=False))
thread = threading.Thread(target=start)
thread.start(); thread.join()
time.sleep(0.5)
assert not [each.failure() for each in planes[0].processes if each.failure()]
print(planes[0].layout.data, flush=True)
time.sleep(60)
"""
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=root) as parent:
        assert parent.stdout is not None
        data = Path(parent.stdout.readline().strip())
        family = _descendants(parent.pid)
        parent.send_signal(signal.SIGKILL)
    assert len(family) >= 7  # etcd, API server, manager, scheduler, kwok's guard, kwok, podside
    deadline = time.monotonic() + 5
    while alive := [pid for pid in family if _alive(pid)]:
        assert time.monotonic() < deadline, f"still alive: {alive}"
        time.sleep(0.05)
    # The data cannot go with the processes; the next start removes it.
    os.utime(data, (0, 0))
    directory, lock = claims.data_directory()
    with lock:
        assert not data.exists()
    directory.joinpath("lock").unlink()
    directory.rmdir()


def _descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = entry.read_text().rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(int(entry.parent.name))
    found = list(children.get(pid, []))
    return found + [deeper for child in found for deeper in _descendants(child)]


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_without_go_and_without_a_cache_the_build_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(build.BuildError, match="Go is not installed"):
        build.build()
    assert build.main() == 1


def test_envtest_assets_are_used_where_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "etcd").touch()
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    assets = build.Assets(Path("/cache"))
    assert assets.command("etcd")[-1] == str(tmp_path / "etcd")
    assert assets.command("kube-scheduler") == ["/cache/controlplane", "kube-scheduler"]
