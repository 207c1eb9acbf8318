"""Pod Security admission: the `baseline` and `restricted` levels, as namespaces ask for by label."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from wizard.sandbox.kinds import Resource
from wizard.sandbox.status import forbidden
from wizard.sandbox.store import Obj, Store

_PREFIX = "pod-security.kubernetes.io/"
_CAPABILITIES = {
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE",
    "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
}  # fmt: skip
_SYSCTLS = {
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
}  # fmt: skip
_VOLUMES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected",
    "secret",
}  # fmt: skip
_SECCOMP = ("RuntimeDefault", "Localhost")

Check = Callable[[Obj], str]
"""What a pod spec violates, as `reason (detail)`; empty where it does not."""


def _containers(spec: Obj) -> list[Obj]:
    kinds = ("initContainers", "containers", "ephemeralContainers")
    return [each for kind in kinds for each in spec.get(kind) or ()]


def _context(container: Obj) -> Obj:
    found: Obj = container.get("securityContext") or {}
    return found


def _quoted(names: list[str]) -> str:
    return ", ".join(f'"{each}"' for each in names)


def _named(names: list[str]) -> str:
    return f"container{'s' if len(names) > 1 else ''} {_quoted(names)}"


def _bad(spec: Obj, test: Callable[[Obj], bool]) -> list[str]:
    return [each.get("name", "") for each in _containers(spec) if test(each)]


def _escalation(spec: Obj) -> str:
    bad = _bad(spec, lambda each: _context(each).get("allowPrivilegeEscalation") is not False)
    detail = f"{_named(bad)} must set securityContext.allowPrivilegeEscalation=false"
    return f"allowPrivilegeEscalation != false ({detail})" if bad else ""


def _added(container: Obj) -> list[str]:
    found: list[str] = (_context(container).get("capabilities") or {}).get("add") or []
    return found


def _capabilities_baseline(spec: Obj) -> str:
    bad = _bad(spec, lambda each: any(name not in _CAPABILITIES for name in _added(each)))
    names = sorted({name for each in _containers(spec) for name in _added(each) if name not in _CAPABILITIES})
    detail = f"{_named(bad)} must not include {_quoted(names)} in securityContext.capabilities.add"
    return f"non-default capabilities ({detail})" if bad else ""


def _capabilities_restricted(spec: Obj) -> str:
    undropped = _bad(spec, lambda each: "ALL" not in ((_context(each).get("capabilities") or {}).get("drop") or ()))
    adding = _bad(spec, lambda each: any(name != "NET_BIND_SERVICE" for name in _added(each)))
    names = sorted({name for each in _containers(spec) for name in _added(each) if name != "NET_BIND_SERVICE"})
    details = []
    if undropped:
        details.append(f'{_named(undropped)} must set securityContext.capabilities.drop=["ALL"]')
    if adding:
        details.append(f"{_named(adding)} must not include {_quoted(names)} in securityContext.capabilities.add")
    return f"unrestricted capabilities ({'; '.join(details)})" if details else ""


def _host_namespaces(spec: Obj) -> str:
    used = [f"{each}=true" for each in ("hostNetwork", "hostPID", "hostIPC") if spec.get(each)]
    return f"host namespaces ({', '.join(used)})" if used else ""


def _host_paths(spec: Obj) -> str:
    used = [each["name"] for each in spec.get("volumes") or () if "hostPath" in each]
    return f"hostPath volumes (volume{'s' if len(used) > 1 else ''} {_quoted(used)})" if used else ""


def _host_ports(spec: Obj) -> str:
    def ports(container: Obj) -> list[int]:
        return [each["hostPort"] for each in container.get("ports") or () if each.get("hostPort")]

    bad = _bad(spec, lambda each: bool(ports(each)))
    used = sorted({str(port) for each in _containers(spec) for port in ports(each)})
    verb, noun = ("uses" if len(bad) == 1 else "use"), ("hostPort" if len(used) == 1 else "hostPorts")
    return f"hostPort ({_named(bad)} {verb} {noun} {', '.join(used)})" if bad else ""


def _privileged(spec: Obj) -> str:
    bad = _bad(spec, lambda each: bool(_context(each).get("privileged")))
    return f"privileged ({_named(bad)} must not set securityContext.privileged=true)" if bad else ""


def _proc_mount(spec: Obj) -> str:
    bad = _bad(spec, lambda each: _context(each).get("procMount", "Default") != "Default")
    return f'procMount ({_named(bad)} must not set securityContext.procMount to "Unmasked")' if bad else ""


def _restricted_volumes(spec: Obj) -> str:
    bad = [
        (each["name"], kind)
        for each in spec.get("volumes") or ()
        for kind in each
        if kind != "name" and kind not in _VOLUMES
    ]
    if not bad:
        return ""
    names, kinds = [name for name, _ in bad], sorted({kind for _, kind in bad})
    verb = "uses restricted volume type" if len(names) == 1 else "use restricted volume types"
    noun = f"volume{'s' if len(names) > 1 else ''}"
    return f"restricted volume types ({noun} {_quoted(names)} {verb} {_quoted(kinds)})"


def _non_root(spec: Obj) -> str:
    pod = _context(spec).get("runAsNonRoot")
    explicit = _bad(spec, lambda each: _context(each).get("runAsNonRoot") is False)
    setters = ["pod"] if pod is False else []
    if explicit:
        setters.append(_named(explicit))
    if setters:
        return f"runAsNonRoot != true ({' and '.join(setters)} must not set securityContext.runAsNonRoot=false)"
    implicit = _bad(spec, lambda each: _context(each).get("runAsNonRoot") is None and not pod)
    detail = f"pod or {_named(implicit)} must set securityContext.runAsNonRoot=true"
    return f"runAsNonRoot != true ({detail})" if implicit else ""


def _user(spec: Obj) -> str:
    setters = ["pod"] if _context(spec).get("runAsUser") == 0 else []
    if bad := _bad(spec, lambda each: _context(each).get("runAsUser") == 0):
        setters.append(_named(bad))
    return f"runAsUser=0 ({' and '.join(setters)} must not set runAsUser=0)" if setters else ""


def _profile(owner: Obj) -> str | None:
    profile = _context(owner).get("seccompProfile")
    return profile.get("type", "") if profile else None


def _seccomp_explicit(spec: Obj, test: Callable[[str | None], bool]) -> str:
    setters = ["pod"] if test(_profile(spec)) else []
    bad = _bad(spec, lambda each: test(_profile(each)))
    if bad:
        setters.append(_named(bad))
    values = sorted({str(_profile(each)) for each in (spec, *_containers(spec)) if test(_profile(each))})
    detail = f"{' and '.join(setters)} must not set securityContext.seccompProfile.type to {_quoted(values)}"
    return f"seccompProfile ({detail})" if setters else ""


def _seccomp_baseline(spec: Obj) -> str:
    return _seccomp_explicit(spec, lambda kind: kind == "Unconfined")


def _seccomp_restricted(spec: Obj) -> str:
    if found := _seccomp_explicit(spec, lambda kind: kind is not None and kind not in _SECCOMP):
        return found
    pod = _profile(spec) in _SECCOMP
    bad = _bad(spec, lambda each: _profile(each) is None and not pod)
    wanted = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    return f"seccompProfile (pod or {_named(bad)} {wanted})" if bad else ""


def _sysctls(spec: Obj) -> str:
    bad = [each["name"] for each in _context(spec).get("sysctls") or () if each["name"] not in _SYSCTLS]
    return f"forbidden sysctls ({', '.join(bad)})" if bad else ""


_BASELINE: dict[str, Check] = {
    "capabilities_baseline": _capabilities_baseline,
    "hostNamespaces": _host_namespaces,
    "hostPathVolumes": _host_paths,
    "hostPorts": _host_ports,
    "privileged": _privileged,
    "procMount": _proc_mount,
    "seccompProfile_baseline": _seccomp_baseline,
    "sysctls": _sysctls,
}
_RESTRICTED: dict[str, Check] = {
    "allowPrivilegeEscalation": _escalation,
    "capabilities_restricted": _capabilities_restricted,
    "restrictedVolumes": _restricted_volumes,
    "runAsNonRoot": _non_root,
    "runAsUser": _user,
    "seccompProfile_restricted": _seccomp_restricted,
}
_OVERRIDDEN = {"capabilities_baseline", "seccompProfile_baseline", "hostPathVolumes"}
"""Baseline checks that a stricter one of `restricted` replaces."""


def violations(level: str, spec: Obj) -> Iterator[str]:
    """What a pod spec violates of that level, in the order in which it is told."""
    if level not in ("baseline", "restricted"):
        return
    for name, check in _BASELINE.items():
        if (level != "restricted" or name not in _OVERRIDDEN) and (found := check(spec)):
            yield found
    if level == "restricted":
        for check in _RESTRICTED.values():
            if found := check(spec):
                yield found


class PodSecurity:
    """`warn` takes the text of a Warning header."""

    def __init__(self, store: Store, warn: Callable[[], Callable[[str], None]]) -> None:
        self._store, self._warn = store, warn

    def mutate(self, resource: Resource, obj: Obj, old: Obj | None) -> None:
        pass

    def validate(self, resource: Resource, obj: Obj, old: Obj | None) -> None:
        spec = _pod_spec(resource, obj)
        if spec is None or (old is not None and _pod_spec(resource, old) == spec):
            return
        namespace = self._store.get("", "namespaces", "", obj["metadata"].get("namespace", ""))
        labels: Obj = (namespace or {"metadata": {}})["metadata"].get("labels", {})
        if resource.type == "core.Pod" and (told := _told(labels, "enforce", spec)):
            why = f"violates PodSecurity {told}"
            raise forbidden("", "pods", obj["metadata"]["name"], why)
        # Templates are never refused, but their author is warned: the pods will be.
        if told := _told(labels, "warn", spec):
            self._warn()(f"would violate PodSecurity {told}")


def _told(labels: Obj, mode: str, spec: Obj) -> str:
    level = labels.get(_PREFIX + mode, "privileged")
    found = list(violations(level, spec))
    version = labels.get(f"{_PREFIX}{mode}-version", "latest")
    return f'"{level}:{version}": {", ".join(found)}' if found else ""


def _pod_spec(resource: Resource, obj: Obj) -> Obj | None:
    spec: Any = obj.get("spec") or {}
    if resource.type == "core.Pod":
        return dict(spec)
    if resource.type == "batch.CronJob":
        spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    if resource.type in _TEMPLATED:
        return (spec.get("template") or {}).get("spec") or {}
    return None


_TEMPLATED = {
    "apps.Deployment", "apps.ReplicaSet", "apps.StatefulSet", "apps.DaemonSet", "batch.Job", "batch.CronJob",
}  # fmt: skip
