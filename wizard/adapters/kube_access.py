"""What a plain kubeconfig (a token or a client certificate) says, for the clients on the standard library.

For any other (exec plugins, OIDC, proxies, several files) `load` declines, and the whole client is used.
"""

from __future__ import annotations

import base64
import os
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from wizard.domain.finding import PreflightError, error

_CLUSTER_KEYS = {"server", "certificate-authority", "certificate-authority-data", "insecure-skip-tls-verify"}
_USER_KEYS = {
    "token",
    "tokenFile",
    "client-certificate",
    "client-certificate-data",
    "client-key",
    "client-key-data",
}
_NOT_OURS = {"extensions"}


@dataclass(frozen=True, slots=True)
class Access:
    """What a plain kubeconfig says of one context."""

    server: str
    tls: ssl.SSLContext | None
    """None for http."""
    token: str
    context: str


def kubeconfig_paths(explicit: Path | None) -> list[Path]:
    """Where kubectl would look: the given file, else KUBECONFIG's list, else ~/.kube/config."""
    if explicit is not None:
        return [explicit]
    listed = [Path(part) for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return listed or [Path.home() / ".kube" / "config"]


def _named(items: object, name: str, key: str) -> dict[str, Any] | None:
    """The named item's part, empty where it says nothing; None where there is none, or it is no mapping."""
    for item in _mappings(items):
        if item.get("name") == name:
            part = item.get(key) or {}
            return part if isinstance(part, dict) else None
    return None


def _mappings(items: object) -> list[dict[str, Any]]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _unreadable(path: Path, why: object) -> PreflightError:
    return PreflightError(
        error(
            "kubeconfig",
            f"the kubeconfig {path} cannot be read",
            detail=str(why),
            hint="set target.cluster.kubeconfig in the profile, or KUBECONFIG",
        )
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        config: object = yaml.load(path.read_bytes(), Loader=loader) or {}
    except (OSError, yaml.YAMLError, ValueError) as problem:
        raise _unreadable(path, problem) from problem
    if not isinstance(config, dict):
        raise _unreadable(path, "It holds no mapping of contexts, clusters and users.")
    return config


def load(explicit: Path | None, context: str | None) -> Access | None:
    """The access a plain kubeconfig gives, or None for one that needs the whole client.

    Raises PreflightError where the file is missing, cannot be read, or has no such context.
    """
    paths = kubeconfig_paths(explicit)
    if len(paths) != 1:
        return None  # merging several files is the whole client's work
    path = paths[0]
    config = _read(path)
    wanted = context or config.get("current-context") or ""
    contexts = _mappings(config.get("contexts"))
    names = [str(item.get("name")) for item in contexts]
    if any(item.get("name") == wanted and not isinstance(item.get("context") or {}, dict) for item in contexts):
        raise _unreadable(path, f"Its context {wanted!r} is no mapping.")
    chosen = _named(config.get("contexts"), wanted, "context")
    if chosen is None:
        raise PreflightError(
            error(
                "no-such-context",
                f"the kubeconfig {path} has no context {wanted!r}" if wanted else f"{path} names no current context",
                detail=f"It has: {', '.join(names)}" if names else "It has no contexts at all.",
                hint="set target.cluster.context in the profile to one of them",
            )
        )
    cluster = _named(config.get("clusters"), chosen.get("cluster", ""), "cluster")
    user = _named(config.get("users"), chosen.get("user", ""), "user")
    if cluster is None or user is None:
        return None
    if cluster.keys() - _CLUSTER_KEYS - _NOT_OURS or user.keys() - _USER_KEYS - _NOT_OURS:
        return None
    return _access(path.parent, wanted, cluster, user)


def _access(base: Path, context: str, cluster: Mapping[str, Any], user: Mapping[str, Any]) -> Access | None:
    server = str(cluster.get("server", ""))
    token = str(user.get("token", ""))
    try:
        if not token and user.get("tokenFile"):
            token = (base / user["tokenFile"]).read_text().strip()
        parts = urlsplit(server)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:  # .port raises ValueError
            return None
        if parts.scheme == "http":
            return Access(server, None, token, context)
        data, file = cluster.get("certificate-authority-data"), cluster.get("certificate-authority")
        tls = ssl.create_default_context(
            cadata=_decoded(data).decode() if data else None,
            cafile=str(base / file) if file and not data else None,  # inline data overrides the file, as for kubectl
        )
        if cluster.get("insecure-skip-tls-verify"):
            tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
        _client_certificate(tls, base, user)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None  # let the whole client say what is wrong with it, in its own words
    return Access(server, tls, token, context)


def _decoded(text: str) -> bytes:
    """Raises ValueError on garbage: dropped silently, an empty authority would mean the system's own ones."""
    decoded = base64.b64decode("".join(text.split()), validate=True)
    if not decoded:
        raise ValueError("no data")
    return decoded


def _client_certificate(tls: ssl.SSLContext, base: Path, user: Mapping[str, Any]) -> None:
    """The ssl module only loads certificates from files: inline ones pass through a private folder."""
    if "client-certificate-data" in user:
        with tempfile.TemporaryDirectory(prefix="wizard-") as folder:  # 0700
            certificate, key = Path(folder, "crt"), Path(folder, "key")
            certificate.write_bytes(_decoded(user["client-certificate-data"]))
            key.write_bytes(_decoded(user["client-key-data"]))
            tls.load_cert_chain(certificate, key)
    elif "client-certificate" in user:
        tls.load_cert_chain(base / user["client-certificate"], base / user["client-key"])
