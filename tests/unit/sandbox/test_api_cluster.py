"""What the API server's own controllers do: namespaces, garbage, CRDs, protection. On a virtual clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from wizard.sandbox.clock import VirtualClock
from wizard.sandbox.cluster import Cluster
from wizard.sandbox.ports import SandboxOptions
from wizard.sandbox.status import StatusError

MAPS = ("", "configmaps")
Obj = dict[str, Any]


class Box:
    """A cluster in which nothing moves but the API server itself."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.cluster = Cluster(self.clock, SandboxOptions(seed=1))
        self.store = self.cluster.store

    async def settle(self, seconds: float = 1) -> None:
        await self.clock.advance(seconds)

    def map(self, name: str, ns: str = "default", **meta: Any) -> Obj:
        made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": ns, **meta}}
        return self.store.create(*MAPS, made)

    def has(self, name: str, ns: str = "default") -> bool:
        return self.store.get(*MAPS, ns, name) is not None


def owned(owner: Obj, **more: Any) -> Obj:
    meta = owner["metadata"]
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": meta["name"], "uid": meta["uid"], **more}
    return {"ownerReferences": [reference]}


def run(scenario: Callable[[Box], Awaitable[None]]) -> None:
    async def inside() -> None:
        box = Box()
        await box.settle()
        await scenario(box)
        await box.cluster.close()

    asyncio.run(inside())


def test_a_namespace_is_furnished_and_emptied() -> None:
    async def scenario(box: Box) -> None:
        box.store.create("", "namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}})
        await box.settle()
        assert box.store.get("", "serviceaccounts", "n", "default")
        assert box.has("kube-root-ca.crt", "n")
        box.map("plain", "n")
        box.map("held", "n", finalizers=["a.b/c"])
        box.store.delete("", "namespaces", "", "n")
        with pytest.raises(StatusError, match="being terminated"):
            box.map("late", "n")
        await box.settle(5)
        assert box.has("held", "n") and not box.has("plain", "n")
        found = box.store.get("", "namespaces", "", "n")
        assert found is not None and found["status"]["phase"] == "Terminating"
        messages = {each["type"]: each["message"] for each in found["status"]["conditions"]}
        assert "a.b/c in 1 resource instances" in messages["NamespaceFinalizersRemaining"]
        box.store.mutate(*MAPS, "n", "held", lambda obj: obj["metadata"].pop("finalizers"))
        await box.settle(5)
        assert box.store.get("", "namespaces", "", "n") is None

    run(scenario)


def test_the_root_ca_comes_back() -> None:
    async def scenario(box: Box) -> None:
        box.store.delete(*MAPS, "default", "kube-root-ca.crt")
        await box.settle()
        assert box.has("kube-root-ca.crt")

    run(scenario)


def test_dependents_go_with_their_last_owner() -> None:
    async def scenario(box: Box) -> None:
        one, two = box.map("one"), box.map("two")
        both: Obj = {"ownerReferences": [*owned(one)["ownerReferences"], *owned(two)["ownerReferences"]]}
        box.map("shared", **both)
        box.map("child", **owned(one))
        grandchild = box.store.get(*MAPS, "default", "child")
        assert grandchild is not None
        box.map("grandchild", **owned(grandchild))
        box.store.delete(*MAPS, "default", "one")
        await box.settle()
        assert [box.has(each) for each in ("child", "grandchild", "shared")] == [False, False, True]
        shared = box.store.get(*MAPS, "default", "shared")
        assert shared is not None and [each["name"] for each in shared["metadata"]["ownerReferences"]] == ["two"]
        box.store.delete(*MAPS, "default", "two")
        await box.settle()
        assert not box.has("shared")

    run(scenario)


def test_what_was_never_owned_by_anybody_alive_is_collected() -> None:
    async def scenario(box: Box) -> None:
        reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "no-such"}
        box.map("stray", ownerReferences=[reference])
        await box.settle()
        assert not box.has("stray")

    run(scenario)


def test_foreground_deletion_waits_for_what_blocks_it() -> None:
    async def scenario(box: Box) -> None:
        owner = box.map("owner")
        box.map("child", finalizers=["a.b/c"], **owned(owner, blockOwnerDeletion=True))
        box.store.delete(*MAPS, "default", "owner", propagation="Foreground")
        await box.settle()
        assert box.has("owner") and box.has("child")
        box.store.mutate(*MAPS, "default", "child", lambda obj: obj["metadata"].pop("finalizers"))
        await box.settle()
        assert not box.has("owner") and not box.has("child")

    run(scenario)


def test_a_claim_in_use_is_protected() -> None:
    async def scenario(box: Box) -> None:
        spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        meta = {"name": "data", "namespace": "default"}
        claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta, "spec": spec}
        box.store.create("", "persistentvolumeclaims", claim)
        volume = {"name": "v", "persistentVolumeClaim": {"claimName": "data"}}
        pod = {"containers": [{"name": "a", "image": "a"}], "volumes": [volume]}
        made = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "default"}, "spec": pod}
        box.store.create("", "pods", made)
        box.store.delete("", "persistentvolumeclaims", "default", "data")
        await box.settle()
        assert box.store.get("", "persistentvolumeclaims", "default", "data") is not None
        box.store.delete("", "pods", "default", "p")
        await box.settle()
        assert box.store.get("", "persistentvolumeclaims", "default", "data") is None

    run(scenario)


def test_resources_of_a_definition_go_before_it() -> None:
    async def scenario(box: Box) -> None:
        version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
        names = {"plural": "toys", "kind": "Toy"}
        spec = {"group": "t.dev", "names": names, "scope": "Namespaced", "versions": [version]}
        crds = ("apiextensions.k8s.io", "customresourcedefinitions")
        head = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
        box.store.create(*crds, {**head, "metadata": {"name": "toys.t.dev"}, "spec": spec})
        await box.settle()
        assert box.cluster.kinds.find("t.dev", "v1", "toys") is not None
        meta = {"name": "ball", "namespace": "default", "finalizers": ["a.b/c"]}
        box.store.create("t.dev", "toys", {"apiVersion": "t.dev/v1", "kind": "Toy", "metadata": meta})
        box.store.delete(*crds, "", "toys.t.dev")
        await box.settle(5)
        assert box.store.get(*crds, "", "toys.t.dev") is not None
        box.store.mutate("t.dev", "toys", "default", "ball", lambda obj: obj["metadata"].pop("finalizers"))
        await box.settle(5)
        assert box.store.get(*crds, "", "toys.t.dev") is None
        assert box.cluster.kinds.find("t.dev", "v1", "toys") is None

    run(scenario)


def test_controllers_meet_the_same_rules_as_clients() -> None:
    async def scenario(box: Box) -> None:
        quota = {"apiVersion": "v1", "kind": "ResourceQuota", "spec": {"hard": {"pods": "1"}}}
        box.store.create("", "resourcequotas", {**quota, "metadata": {"name": "q", "namespace": "default"}})
        spec = {"containers": [{"name": "a", "image": "a"}]}

        def pod(name: str) -> Obj:
            meta = {"name": name, "namespace": "default"}
            return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}

        made = box.store.create("", "pods", pod("one"))
        assert made["spec"]["dnsPolicy"] == "ClusterFirst"
        assert made["metadata"]["managedFields"][0]["manager"] == "kube-controller-manager"
        with pytest.raises(StatusError, match="exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1"):
            box.store.create("", "pods", pod("two"))
        await box.settle()
        found = box.store.get("", "resourcequotas", "default", "q")
        assert found is not None and found["status"]["used"] == {"pods": "1"}

    run(scenario)
