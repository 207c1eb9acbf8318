"""What the engine sees of a cluster, and what it makes of the API server's own words."""

from __future__ import annotations

import asyncio
import base64
import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.fakes import Bench, FakeKube, MemoryStore, component, deployment, desired_of, ours, revision
from wizard.domain.finding import error
from wizard.domain.plan import FieldConflict
from wizard.domain.secret import SecretRef
from wizard.engine.observe import environment_clashes, look, newest_releases, observe
from wizard.planning.desired import SYSTEM_NAMESPACE, SecretEntry, SecretObject
from wizard.planning.observed import Look, Observed, Record
from wizard.ports import (
    CLAIMS,
    CONFIG_MAPS,
    DEPLOYMENTS,
    NAMESPACES,
    SECRETS,
    SERVICES,
    Conflict,
    Forbidden,
    Invalid,
    KubeObject,
    Release,
)
from wizard.steps.namespace import manifest

HELM = {"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "chat"}


def release_secret(name: str, version: str, status: str = "deployed", **labels: str) -> KubeObject:
    return {
        "metadata": {
            "name": f"sh.helm.release.v1.{name}.v{version}",
            "labels": {"owner": "helm", "name": name, "version": version, "status": status, **labels},
        }
    }


def test_the_newest_revision_counts_as_a_number() -> None:
    found = newest_releases(
        [
            release_secret("web", "9", "superseded"),
            release_secret("web", "10", "pending-upgrade", modifiedAt="1800000000"),
            release_secret("web", "2", "superseded"),
            release_secret("db", "1"),
        ],
        "chat",
    )
    assert found == {
        "web": Release("web", "chat", 10, "pending-upgrade", updated=1_800_000_000.0),
        "db": Release("db", "chat", 1, "deployed"),
    }


@pytest.mark.parametrize(
    "labels",
    [
        {},
        {"owner": "somebody", "name": "x", "version": "1"},
        {"owner": "helm", "name": "x"},
        {"owner": "helm", "name": "x", "version": "one"},
        {"owner": "helm", "name": "x", "version": "-1"},
        {"owner": "helm", "version": "1"},
        {"owner": "helm", "name": "x", "version": "²"},
    ],
)
def test_other_secrets_are_no_releases(labels: Mapping[str, str]) -> None:
    assert (
        newest_releases([{"metadata": {"name": "x", "labels": dict(labels)}}, {"metadata": {"name": "y"}}], "chat")
        == {}
    )


def test_an_odd_time_is_no_time() -> None:
    found = newest_releases([release_secret("web", "1", modifiedAt="yesterday")], "chat")
    assert found["web"].updated == 0


@given(st.lists(st.dictionaries(st.sampled_from(["owner", "name", "version", "status", "modifiedAt"]), st.text())))
def test_garbage_labels_never_end_the_observation(labels: list[dict[str, str]]) -> None:
    newest_releases([{"metadata": {"name": "x", "labels": {"owner": "helm", **each}}} for each in labels], "chat")


def _seen(bench: Bench) -> Observed:
    return asyncio.run(observe(bench.kube, bench.desired))


def test_an_empty_cluster() -> None:
    bench = Bench()
    bench.kube.drop(NAMESPACES, "", "chat")
    seen = _seen(bench)
    assert seen == Observed(cluster="cluster-uid")
    assert bench.kube.count("list", "secrets") == 1
    assert len(bench.kube.calls) == 8


def test_a_whole_cluster_in_eight_reads() -> None:
    made = SecretObject("web-secret", (SecretEntry("k", "s"),))
    other = SecretObject("db-secret", (SecretEntry("k", "s"),))
    bench = Bench(desired_of(secret_objects=(made, other)))
    kube = bench.kube
    space = manifest("chat", "prod")
    kube.put(NAMESPACES, "", "chat", {**space, "status": {"phase": "Terminating"}})
    kube.put(SECRETS, "chat", "r", release_secret("web", "3", "failed"))
    kube.put(SECRETS, "chat", "web-secret", {"metadata": {"annotations": {"wizard.dev/made-of": "d1"}}})
    kube.put(SECRETS, "chat", "db-secret", {})
    kube.put(SECRETS, "chat", "somebody-elses", {})
    ready = yaml.safe_load(deployment("web", "web"))
    ready["status"] = {
        "observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1,
    }  # fmt: skip
    kube.put(DEPLOYMENTS, "chat", "web", ready)
    kube.put(DEPLOYMENTS, "chat", "slow", yaml.safe_load(deployment("slow", "db")))
    kube.put(DEPLOYMENTS, "chat", "by-hand", {"metadata": {"labels": {"app.kubernetes.io/instance": "x"}}})
    kube.put(CONFIG_MAPS, SYSTEM_NAMESPACE, "prod", {"data": {"web": '{"digest":"d","revision":3,"generations":{}}'}})
    kube.calls.clear()
    seen = _seen(bench)
    assert len(kube.calls) == 8
    assert (seen.namespace_phase, seen.namespace_level, seen.namespace_ours) == ("Terminating", "restricted", True)
    assert {(r.name, r.revision, r.status) for r in seen.releases.values()} == {("web", 3, "failed")}
    assert seen.secrets == {"web-secret": "d1", "db-secret": "?"}
    assert seen.records == {"web": Record("d", 3, {})}
    assert seen.generations == {"web": {"Deployment/web": 1}, "db": {"Deployment/slow": 1}}
    assert set(seen.unready) == {"db"}
    assert seen.unready["db"].startswith("Deployment/slow: ")


PASSWORD = SecretRef("db-password", "web-secret", "password")
GIVEN = desired_of(
    secrets=(PASSWORD,), secret_objects=(SecretObject("web-secret", (SecretEntry("password", "db-password"),)),)
)


@pytest.mark.parametrize(
    ("environment", "live", "codes"),
    [
        ({}, "used", []),
        ({"db-password": "used"}, "used", []),
        ({"db-password": "other"}, None, []),
        ({"db-password": "other"}, "used", ["secret-differs"]),
    ],
)
def test_secrets_of_the_environment_against_those_in_use(
    environment: dict[str, str], live: str | None, codes: list[str]
) -> None:
    kube = FakeKube()
    if live:
        kube.put(SECRETS, "chat", "web-secret", {"data": {"password": base64.b64encode(live.encode()).decode()}})
    stores = (MemoryStore("environment", environment), MemoryStore("keyring", {"db-password": "a third"}))
    found = asyncio.run(environment_clashes(kube, GIVEN, stores))
    assert [f.code for f in found] == codes
    assert kube.count("get") == (1 if environment else 0), "nothing is asked where nothing is given"
    assert all("other" not in str(f) and "'used'" not in str(f) for f in found)
    assert all("WIZARD_SECRET_DB_PASSWORD" in f.hint for f in found)


class Looked:
    """One deployed release `web`, looked at closely."""

    def __init__(self, *, digest: str = "aa", chart: str = "web", description: str | None = None) -> None:
        self.bench = Bench()
        self.kube, self.helm = self.bench.kube, self.bench.helm
        past = replace(revision(1, ours("run-1", digest) if description is None else description), chart=chart)
        self.helm.have("web", replace(past, status="deployed"))
        self.live = yaml.safe_load(deployment("web", "web"))
        self.live["metadata"]["annotations"] = dict(HELM)
        self.kube.put(DEPLOYMENTS, "chat", "web", self.live)
        self.observed = Observed(cluster="cluster-uid", releases={"web": self.helm.revisions["web"][-1]})

    def __call__(self) -> Look:
        seen = asyncio.run(look(self.kube, self.helm, self.bench.desired, self.observed, ["web"]))
        assert self.kube.at(NAMESPACES, "", "chat")
        return seen.looks["web"]


def test_as_deployed() -> None:
    looked = Looked()
    found = looked()
    assert found == Look("aa", deployment("web", "web"), deployment("web", "web"))


def test_drift_is_what_differs_and_not_what_the_server_counts() -> None:
    looked = Looked()
    looked.kube.change(DEPLOYMENTS, "chat", "web", status={"replicas": 7})
    looked.kube.at(DEPLOYMENTS, "chat", "web")["metadata"].update(
        generation=40, managedFields=[{"manager": "kubectl"}], resourceVersion="9999", finalizers=["x"]
    )
    # Its controller writes a status between our look at it and the server's answer.
    looked.kube.before("apply", lambda: looked.kube.change(DEPLOYMENTS, "chat", "web", status={"replicas": 8}) and None)
    assert looked().drift == ()


@pytest.mark.parametrize("where", ["spec", "labels", "annotations", "top"])
def test_drift_in_each_part_that_somebody_can_change(where: str) -> None:
    looked = Looked()
    live = looked.kube.at(DEPLOYMENTS, "chat", "web")
    if where == "spec":
        live["spec"]["template"]["image"] = "img:by-hand"
    elif where == "top":
        looked.helm.rendered["web"] = yaml.safe_dump({**looked.live, "data": {"k": "v"}})
    else:
        name, key = ("app.kubernetes.io/instance", "labels") if where == "labels" else (next(iter(HELM)), "annotations")
        live["metadata"][key][name] = "by-hand"
    before = copy.deepcopy(looked.kube.objects)
    assert looked().drift == ("deployment chat/web differs from what is deployed",)
    assert looked.kube.objects == before, "a look writes nothing"


def test_a_missing_object_is_drift() -> None:
    looked = Looked()
    looked.kube.drop(DEPLOYMENTS, "chat", "web")
    assert looked().drift == ("deployment chat/web is missing",)


def test_conflicts_name_field_and_manager() -> None:
    looked = Looked()
    key = ("deployments", "chat", "web")
    looked.kube.owners[key] = {".spec.replicas": "kubectl"}
    looked.kube.at(DEPLOYMENTS, "chat", "web")["spec"]["replicas"] = 4
    found = looked()
    assert found.conflicts == (FieldConflict("deployment chat/web", ".spec.replicas", "kubectl"),)
    assert found.drift == ()


def test_a_helm_without_server_side_apply_meets_no_conflict() -> None:
    looked = Looked()
    looked.helm.server_side = False
    looked.kube.owners[("deployments", "chat", "web")] = {".spec.replicas": "kubectl"}
    looked.kube.at(DEPLOYMENTS, "chat", "web")["spec"]["replicas"] = 4
    found = looked()
    assert found.conflicts == ()
    assert found.drift == ("deployment chat/web differs from what is deployed",)


CAUSES: list[tuple[dict[str, str], tuple[str, str]]] = [
    # As kube-apiserver 1.37 words them (managedfields/internal/conflict.go).
    (
        {"message": 'conflict with "kubectl" with subresource "scale" using apps/v1', "field": ".spec.replicas"},
        (".spec.replicas", "kubectl"),
    ),
    ({"message": 'conflict with "kubectl-edit" using apps/v1', "field": ".a"}, (".a", "kubectl-edit")),
    (
        {"message": 'conflict with "before-first-apply" using apps/v1 at 2026-11-23T20:00:00Z', "field": ".b"},
        (".b", "before-first-apply"),
    ),
    ({"message": "something else", "field": ".c"}, (".c", "something else")),
    ({"field": ".d"}, (".d", "?")),
    ({"message": 'conflict with "x"'}, ("?", "x")),
    ({}, ("?", "?")),
]


def test_every_cause_of_a_conflict_is_told() -> None:
    looked = Looked()
    looked.kube.fail("apply", Conflict(error("conflict", "7 conflicts"), causes=[cause for cause, _ in CAUSES]))
    found = {(c.field, c.manager) for c in looked().conflicts}
    assert found == {expected for _, expected in CAUSES}


@pytest.mark.parametrize("kind", [Invalid, Forbidden])
def test_what_the_server_refuses_blocks(kind: type[Invalid | Forbidden]) -> None:
    looked = Looked()
    looked.kube.fail("apply", kind(error("invalid", "spec: Forbidden: updates to statefulset spec")))
    (finding,) = looked().blocking
    assert finding.code == "cannot-apply"
    assert "updates to statefulset spec" in finding.detail
    assert finding.where.resource == "deployment chat/web"


def test_labels_that_a_chart_leaves_empty_are_no_traceback() -> None:
    looked = Looked()
    looked.helm.rendered["web"] = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, labels: , annotations: }\nspec: {}\n"
    )
    looked()


def test_another_ones_release_under_our_name_blocks() -> None:
    looked = Looked(chart="nginx", description="Install complete")
    (finding,) = looked().blocking
    assert finding.code == "foreign-release"
    assert "nginx 1.0.0" in finding.detail


@pytest.mark.parametrize(("chart", "description"), [("web", "Upgrade complete"), ("nginx", ours("run-1"))])
def test_our_chart_by_hand_or_our_run_with_another_chart_does_not_block(chart: str, description: str) -> None:
    assert Looked(chart=chart, description=description)().blocking == ()


def test_the_digest_of_a_rollback_is_what_it_went_back_to() -> None:
    looked = Looked()
    looked.helm.have(
        "web",
        revision(1, ours("r1", "aa")),
        revision(2, ours("r2", "bb")),
        revision(3, "Rollback to 1", status="deployed"),
    )
    assert looked().deployed_digest == "aa"


class Fresh:
    """No release yet; something may stand in its way."""

    def __init__(self) -> None:
        self.bench = Bench()
        claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": {}}
        self.bench.helm.rendered["web"] = "---\n".join([deployment("web", "web"), yaml.safe_dump(claim), "# empty\n"])

    def __call__(self) -> Look:
        bench = self.bench
        seen = asyncio.run(look(bench.kube, bench.helm, bench.desired, bench.observed, ["web"]))
        return seen.looks["web"]


def test_nothing_in_the_way() -> None:
    fresh = Fresh()
    fresh.bench.kube.put(SERVICES, "chat", "web", {})
    assert fresh().blocking == ()
    assert fresh.bench.helm.calls == [("render", "web")]


@pytest.mark.parametrize(
    ("notes", "detail"),
    [
        ({}, "It was not made by Helm."),
        ({**HELM, "meta.helm.sh/release-name": "other"}, "It belongs to release other."),
        ({**HELM, "meta.helm.sh/release-namespace": "elsewhere"}, "It belongs to release web."),
    ],
)
def test_a_foreign_object_in_the_way_blocks(notes: dict[str, Any], detail: str) -> None:
    fresh = Fresh()
    fresh.bench.kube.put(CLAIMS, "chat", "data", {"metadata": {"annotations": notes}})
    (finding,) = fresh().blocking
    assert finding.code == "foreign-object"
    assert finding.detail == detail
    assert finding.where.resource == "persistentvolumeclaim chat/data"


def test_a_kept_object_of_the_same_release_is_adopted() -> None:
    fresh = Fresh()
    fresh.bench.kube.put(CLAIMS, "chat", "data", {"metadata": {"annotations": HELM}})
    assert fresh().blocking == ()


def test_looks_of_before_are_kept() -> None:
    bench = Bench(desired_of(component("web"), component("db")))
    observed = replace(bench.observed, looks={"db": Look("kept")})
    seen = asyncio.run(look(bench.kube, bench.helm, bench.desired, observed, ["web"]))
    assert set(seen.looks) == {"web", "db"}
    assert seen.looks["db"] == Look("kept")
