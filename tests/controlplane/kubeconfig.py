"""Kubeconfig files for the identities that tests need."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import yaml


def write(path: Path, server: str, ca: Path, token: str, name: str) -> Path:
    """One context, called `name`. The mode is 0600 from the start: clients warn about anything wider."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [
            {
                "name": name,
                "cluster": {
                    "server": server,
                    "certificate-authority-data": base64.b64encode(ca.read_bytes()).decode(),
                },
            }
        ],
        "users": [{"name": name, "user": {"token": token}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
    }
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        yaml.safe_dump(config, handle)
    return path
