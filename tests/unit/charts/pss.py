"""The "restricted" Pod Security Standard, baseline included, as its documentation has it
(kubernetes.io/docs/concepts/security/pod-security-standards, v1.37). Says what a pod spec violates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Spec = dict[str, Any]

_VOLUMES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected",
    "secret",
}  # fmt: skip
_SYSCTLS = {
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
}  # fmt: skip
_SELINUX_TYPES = {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}


def violations(spec: Spec, annotations: dict[str, str] | None = None) -> list[str]:
    """What the restricted profile holds against the pod; empty where it is admitted."""
    return [*_pod(spec, annotations or {}), *_containers(spec)]


def _pod(spec: Spec, annotations: dict[str, str]) -> Iterator[str]:
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(field):
            yield field
    for volume in spec.get("volumes", []):
        kinds = set(volume) - {"name"}
        if not kinds <= _VOLUMES:
            yield f"volume {volume['name']}: {kinds}"
    for sysctl in spec.get("securityContext", {}).get("sysctls", []):
        if sysctl["name"] not in _SYSCTLS:
            yield f"sysctl {sysctl['name']}"
    for key, value in annotations.items():
        if key.startswith("container.apparmor.security.beta.kubernetes.io/") and not (
            value == "runtime/default" or value.startswith("localhost/")
        ):
            yield f"AppArmor annotation {key}"
    yield from _common("pod", spec.get("securityContext", {}))


def _common(where: str, context: Spec) -> Iterator[str]:
    """The rules for fields that a pod and a container both have."""
    if context.get("appArmorProfile", {}).get("type", "RuntimeDefault") not in {
        "RuntimeDefault",
        "Localhost",
    }:
        yield f"{where}: AppArmor profile"
    selinux = context.get("seLinuxOptions", {})
    if selinux.get("type", "") not in _SELINUX_TYPES or selinux.get("user") or selinux.get("role"):
        yield f"{where}: SELinux options"
    if context.get("windowsOptions", {}).get("hostProcess"):
        yield f"{where}: Windows host process"
    if context.get("runAsUser") == 0:
        yield f"{where}: runAsUser 0"
    if context.get("seccompProfile", {}).get("type", "RuntimeDefault") not in {"RuntimeDefault", "Localhost"}:
        yield f"{where}: seccomp profile"


def _containers(spec: Spec) -> Iterator[str]:
    pod = spec.get("securityContext", {})
    kinds = ("initContainers", "containers", "ephemeralContainers")
    for container in (item for kind in kinds for item in spec.get(kind, [])):
        where = str(container["name"])
        context = container.get("securityContext", {})
        yield from _common(where, context)
        if context.get("privileged"):
            yield f"{where}: privileged"
        if context.get("procMount", "Default") != "Default":
            yield f"{where}: procMount"
        if context.get("allowPrivilegeEscalation") is not False:
            yield f"{where}: allowPrivilegeEscalation"
        if not context.get("runAsNonRoot", pod.get("runAsNonRoot", False)):
            yield f"{where}: runAsNonRoot"
        if "seccompProfile" not in context and "seccompProfile" not in pod:
            yield f"{where}: no seccomp profile"
        capabilities = context.get("capabilities", {})
        if "ALL" not in capabilities.get("drop", []):
            yield f"{where}: capabilities are not dropped"
        if set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}:
            yield f"{where}: added capabilities"
        if any(port.get("hostPort") for port in container.get("ports", [])):
            yield f"{where}: hostPort"
        for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
            if container.get(probe, {}).get("httpGet", {}).get("host"):
                yield f"{where}: {probe} names a host"
