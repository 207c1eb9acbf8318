"""metrics.k8s.io: what is used is what the simulated load says, of those who have run for long enough."""

from __future__ import annotations

import pytest

from tests.unit.sandbox.moving_cluster import NS, Sandbox, simulated, workload
from wizard.sandbox.api.metrics import GROUP, Metrics, cells, register
from wizard.sandbox.api.request import Call
from wizard.sandbox.controllers.shapes import DEPLOYMENTS
from wizard.sandbox.kinds import Resource
from wizard.sandbox.status import StatusError


def _served(box: Sandbox) -> tuple[Metrics, Resource, Resource]:
    kinds = box.cluster.kinds
    register(kinds, box.store)
    pods, nodes = (kinds.find(GROUP, "v1beta1", each) for each in ("pods", "nodes"))
    assert pods is not None and nodes is not None
    return Metrics(box.store, box.moving, box.clock), pods, nodes


def _get(**more: str) -> Call:
    query = {key: more.pop(key) for key in list(more) if key in ("labelSelector", "watch")}
    return Call("GET", "", query, {}, b"", **more)  # type: ignore[arg-type]


@simulated([{"name": "a"}, {"name": "b"}])
async def test_pods_and_nodes(box: Sandbox) -> None:
    metrics, pods, nodes = _served(box)
    box.create(DEPLOYMENTS, "web", workload("web", 2))
    await box.until(lambda: box.status(DEPLOYMENTS, "web").get("readyReplicas") == 2)
    assert metrics.many(_get(namespace=NS), pods) == [], "nothing was measured yet"
    name = box.pods(app="web")[0]["metadata"]["name"]
    with pytest.raises(StatusError, match=f'podmetrics.metrics.k8s.io "{NS}/{name}" not found'):
        metrics.one(_get(namespace=NS, name=name), pods)
    await box.clock.advance(20)
    found = metrics.many(_get(), pods)
    assert [each["metadata"]["labels"]["app"] for each in found] == ["web", "web"]
    assert found[0]["containers"] == [{"name": "main", "usage": {"cpu": "3000000n", "memory": "24576Ki"}}]
    assert metrics.one(_get(namespace=NS, name=name), pods)["window"] == "15s"
    assert metrics.many(_get(labelSelector="app=other"), pods) == []
    assert cells(found[0], box.clock.now())[1:] == ["3m", "24576Ki", "15s"]
    with pytest.raises(StatusError, match="does not allow this method"):
        metrics.many(_get(watch="true"), pods)

    assert [each["metadata"]["name"] for each in metrics.many(_get(), nodes)] == ["a", "b"]
    assert metrics.one(_get(name="a"), nodes)["usage"] == {"cpu": "123000000n", "memory": "382976Ki"}
    with pytest.raises(StatusError, match=r'nodemetrics.metrics.k8s.io "c" not found'):
        metrics.one(_get(name="c"), nodes)
    box.moving.scenario("lost-node")
    await box.clock.advance(60)
    assert len(metrics.many(_get(), nodes)) == 1


@simulated()
async def test_who_may_view_may_view_what_is_used(box: Sandbox) -> None:
    _served(box)
    await box.clock.advance(1)
    view = box.store.get("rbac.authorization.k8s.io", "clusterroles", "", "view")
    assert view is not None and any(GROUP in each["apiGroups"] for each in view["rules"])
