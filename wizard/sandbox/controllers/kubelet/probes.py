"""Probes (pkg/kubelet/prober): on their own grid of time while something may change, silent while nothing does."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from wizard.sandbox.controllers.shapes import Obj


class Probe:
    """One probe of a running container."""

    def __init__(self, kind: str, spec: Obj, started: float, first: bool) -> None:
        self.kind = kind
        """startup, readiness or liveness."""
        self.spec = spec
        self.passing = first
        self.period = float(spec.get("periodSeconds") or 10)
        self._origin = started + float(spec.get("initialDelaySeconds") or 0)
        self._next = self._origin
        self._streak = 0
        self._streak_ok = first

    def advance(self, now: float, ask: Callable[[dict[str, Any]], str], tell: Callable[[str], None]) -> float | None:
        """Makes the attempts that are due. Returns when the next one matters; None while the outcome is clear.

        `tell` hears of each failed attempt.
        """
        while self._next <= now:
            problem = ask(self.spec)
            ok = not problem
            self._streak = self._streak + 1 if ok == self._streak_ok else 1
            self._streak_ok = ok
            if not ok:
                tell(problem)
            needed = self.spec.get("successThreshold" if ok else "failureThreshold") or (1 if ok else 3)
            if ok != self.passing and self._streak >= needed:
                self.passing = ok
            self._next += self.period
            if self._next <= now and ok == self.passing:
                # Nobody looked for a while because nothing could change: those attempts went as this one did.
                self._next = self._origin + math.ceil((now - self._origin) / self.period + 1e-9) * self.period
        if not ask(self.spec) and self.passing:
            return None
        return self._next

    def failed_for_good(self) -> bool:
        """The failure threshold is reached (startup and liveness: the container has to go)."""
        return not self._streak_ok and self._streak >= (self.spec.get("failureThreshold") or 3)
