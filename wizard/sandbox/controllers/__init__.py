"""The moving half of the sandbox: controllers, scheduler, kubelets, and the programs in the pods.

Entered by `start()`. What belongs here changes objects as a cluster would, after the fact and on its own time;
what answers requests, validates or stores them is wizard.sandbox's other half.
"""

from __future__ import annotations

from wizard.sandbox.clock import SimClock
from wizard.sandbox.controllers.moving import Moving
from wizard.sandbox.ports import SandboxOptions
from wizard.sandbox.store import Store

__all__ = ["Moving", "start"]


def start(store: Store, clock: SimClock, options: SandboxOptions) -> Moving:
    """Creates the nodes and their like, and moves everything from then on. Needs a running event loop."""
    return Moving(store, clock, options)
