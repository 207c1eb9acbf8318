"""One writer per deployment: a Lease in the cluster, renewed while it is held.

While it is held, no other wizard changes this deployment: another one's `acquire` raises LockedError.
A holder that died without letting go is taken over when its lease has run out, or at once where
it can be proved dead: same machine, same boot, and no such process.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable

from wizard.domain.finding import Finding, LockedError, Where, WizardError, error
from wizard.domain.holder import Holder
from wizard.planning.desired import PART_OF, SYSTEM_NAMESPACE
from wizard.ports import LEASES, NAMESPACES, Clock, Conflict, Kube, KubeObject, NotFound, ServerBusy
from wizard.steps.namespace import MANAGED_BY

DURATION = 20
"""Seconds a lease is good for without renewal."""
_RENEW = 5.0
_ANSWER = 5.0
"""Seconds a renewal may wait for its answer: less than the client's own limit, which is longer than a lease."""

_USER, _HOST, _PROCESS = "wizard.dev/user", "wizard.dev/host", "wizard.dev/process"


def _timestamp(seconds: float) -> str:
    """MicroTime of the API: RFC 3339 with microseconds."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _seconds(text: str) -> float:
    return dt.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _written(lease: KubeObject) -> str:
    """When it was last renewed, or else taken; empty where it does not say."""
    return str(lease["spec"].get("renewTime") or lease["spec"].get("acquireTime") or "")


class Lock:
    """`async with Lock(...)`: held inside; renewed in the background; let go at the end.

    `lost` is called once when the lease could not be renewed before it ran out: whoever holds the
    lock must then stop writing. `outage` tells whether the API is away on purpose. Raises LockedError
    from entering where another one holds it.
    """

    def __init__(
        self,
        kube: Kube,
        clock: Clock,
        deployment: str,
        holder: Holder,
        *,
        dead: Callable[[str], bool],
        lost: Callable[[], None],
        outage: Callable[[], bool] = lambda: False,
    ) -> None:
        self._kube, self._clock, self._name, self._holder = kube, clock, deployment, holder
        self._dead, self._lost, self._outage = dead, lost, outage
        self._lease: KubeObject = {}
        self._renewing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Lock:
        await self._ensure_namespace()
        while True:
            try:
                self._lease = await self._take()
                break
            except Conflict:
                continue  # another one was quicker: look again at who
        self._renewing = asyncio.create_task(self._renew())
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.gather(self._renewing, return_exceptions=True)
        try:
            await self._let_go()
        except WizardError:
            return  # it runs out by itself; what the run was about is done

    async def _let_go(self) -> None:
        current = await self._kube.get(LEASES, SYSTEM_NAMESPACE, self._name)
        if current["spec"].get("holderIdentity") == self._identity:
            current["spec"]["holderIdentity"] = ""
            await self._kube.replace(LEASES, current)

    @property
    def _identity(self) -> str:
        return f"{self._holder.user}@{self._holder.host}/{self._holder.run}"

    async def _ensure_namespace(self) -> None:
        labels = {MANAGED_BY: "wizard", "app.kubernetes.io/part-of": PART_OF}
        wanted = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": SYSTEM_NAMESPACE, "labels": labels},
        }
        try:
            await self._kube.create(NAMESPACES, wanted)
        except Conflict:
            return

    async def _take(self) -> KubeObject:
        try:
            current = await self._kube.get(LEASES, SYSTEM_NAMESPACE, self._name)
        except NotFound:
            metadata = {"name": self._name, "namespace": SYSTEM_NAMESPACE}
            fresh = {"apiVersion": LEASES.api_version, "kind": LEASES.kind, "metadata": metadata, "spec": {}}
            return await self._kube.create(LEASES, self._filled(fresh), SYSTEM_NAMESPACE)
        if self._free(current):
            return await self._kube.replace(LEASES, self._filled(current))
        if not self._run_out(current):
            raise LockedError(self._finding(current))
        # Run out by our clock. The holder's may differ from it: a lease that is still renewed is held.
        await self._clock.sleep(_RENEW + 1)
        later = await self._kube.get(LEASES, SYSTEM_NAMESPACE, self._name)
        if later["metadata"]["resourceVersion"] != current["metadata"]["resourceVersion"]:
            raise LockedError(self._finding(later))
        return await self._kube.replace(LEASES, self._filled(later))

    def _free(self, lease: KubeObject) -> bool:
        """Let go, its holder proved dead, or without any time: then nobody who renews holds it."""
        if not lease["spec"].get("holderIdentity") or not _written(lease):
            return True
        return self._dead(lease["metadata"].get("annotations", {}).get(_PROCESS, ""))

    def _run_out(self, lease: KubeObject) -> bool:
        lasts = lease["spec"].get("leaseDurationSeconds", DURATION)
        return bool(self._clock.now() > _seconds(_written(lease)) + lasts)

    def _filled(self, lease: KubeObject) -> KubeObject:
        now = _timestamp(self._clock.now())
        lease["spec"] = {
            **lease["spec"],
            "holderIdentity": self._identity,
            "leaseDurationSeconds": DURATION,
            "acquireTime": now,
            "renewTime": now,
            "leaseTransitions": lease["spec"].get("leaseTransitions", 0) + 1,
        }
        who = {_USER: self._holder.user, _HOST: self._holder.host, _PROCESS: self._holder.process}
        lease["metadata"]["annotations"] = {**lease["metadata"].get("annotations", {}), **who}
        return lease

    async def _renew(self) -> None:
        good_until = self._clock.monotonic() + DURATION
        while True:
            await self._clock.sleep(_RENEW)
            try:
                async with asyncio.timeout(_ANSWER):
                    still_ours = await self._renewed()
                good_until = self._clock.monotonic() + DURATION
            except NotFound:
                still_ours = False
            except (WizardError, TimeoutError):
                # While the API itself is stopped and started, nobody else can take the lease either.
                still_ours = self._clock.monotonic() < good_until or self._outage()
            if not still_ours:
                self._lost()  # this run no longer is the one writer
                return

    async def _renewed(self) -> bool:
        """False where somebody else took it meanwhile."""
        for _ in range(2):
            self._lease["spec"]["renewTime"] = _timestamp(self._clock.now())
            try:
                self._lease = await self._kube.replace(LEASES, self._lease)
            except Conflict:
                # Also met by a write of our own that the API server kept but whose answer was lost.
                self._lease = await self._kube.get(LEASES, SYSTEM_NAMESPACE, self._name)
                if self._lease["spec"].get("holderIdentity") != self._identity:
                    return False
            else:
                return True
        raise ServerBusy(error("lock-contended", f"lease {SYSTEM_NAMESPACE}/{self._name} changes under our hands"))

    def _finding(self, lease: KubeObject) -> Finding:
        who = lease["metadata"].get("annotations", {})
        spec = lease["spec"]
        return error(
            "locked",
            f"locked by {who.get(_USER, spec['holderIdentity'])} since {spec.get('acquireTime', '?')[:19]}Z "
            f"on {who.get(_HOST, 'an unknown host')}",
            detail=f"Last renewed {spec.get('renewTime', '?')[:19]}Z; it is good for {DURATION} s after that.",
            hint="wait for that run to end; if its process is gone, the lock runs out by itself",
            where=Where(resource=f"lease {SYSTEM_NAMESPACE}/{self._name}"),
        )
