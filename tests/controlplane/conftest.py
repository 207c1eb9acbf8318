"""The rig's own tests use the fixtures that it offers to others."""

from __future__ import annotations

from tests.controlplane.plugin import controlplane, fresh_controlplane, namespace, pod_network

__all__ = ["controlplane", "fresh_controlplane", "namespace", "pod_network"]
