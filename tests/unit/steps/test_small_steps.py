"""Namespace, revert, remove and cleanup: each changes one thing, may be run again, and touches nothing of others."""

from __future__ import annotations

import asyncio

import pytest

from tests.unit.fakes import Bench, ManualClock, component, desired_of, ours, revision
from wizard.domain.events import StepProgress
from wizard.domain.plan import StepSpec
from wizard.planning.desired import SYSTEM_NAMESPACE, SecretObject
from wizard.planning.observed import Record
from wizard.ports import CLAIMS, CONFIG_MAPS, NAMESPACES, SECRETS, Release
from wizard.steps import record
from wizard.steps.base import Options
from wizard.steps.cleanup import CleanupStep
from wizard.steps.namespace import NamespaceStep, manifest
from wizard.steps.remove import RemoveStep
from wizard.steps.revert import RevertStep

WEB = Record("aa", 2, {})
INSTANCE = "app.kubernetes.io/instance"


def bench(*, delete_data: bool = False, secrets: tuple[str, ...] = ()) -> Bench:
    made = Bench(
        desired_of(component("web"), component("db"), secret_objects=tuple(SecretObject(name, ()) for name in secrets)),
        options=Options(delete_data=delete_data),
        clock=ManualClock(auto=True),
    )
    asyncio.run(record.write(made.kube, "prod", {"web": WEB, "db": WEB}))
    return made


def there(b: Bench, plural: str, namespace: str = "chat") -> set[str]:
    return {name for kind, within, name in b.kube.objects if (kind, within) == (plural, namespace)}


# Namespace.


def test_a_namespace_is_made_with_its_level_and_marks() -> None:
    b = bench()
    b.kube.drop(NAMESPACES, "", "chat")
    step = NamespaceStep(StepSpec("namespace", "namespace", "chat"), b.context)
    assert not asyncio.run(step.satisfied())
    assert asyncio.run(step.apply())
    labels = b.kube.at(NAMESPACES, "", "chat")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert labels["wizard.dev/deployment"] == "prod"
    assert asyncio.run(step.satisfied())


@pytest.mark.parametrize("label", ["pod-security.kubernetes.io/enforce", "app.kubernetes.io/managed-by"])
def test_a_namespace_that_lost_a_mark_is_put_right_and_keeps_others_labels(label: str) -> None:
    b = bench()
    b.kube.put(NAMESPACES, "", "chat", manifest("chat", "prod"))
    live = b.kube.at(NAMESPACES, "", "chat")["metadata"]["labels"]
    live.update({label: "other", "team": "x"})
    step = NamespaceStep(StepSpec("namespace", "namespace", "chat"), b.context)
    assert not asyncio.run(step.satisfied())
    asyncio.run(step.apply())
    assert asyncio.run(step.satisfied())
    assert b.kube.at(NAMESPACES, "", "chat")["metadata"]["labels"]["team"] == "x"


# Revert.


def revert(b: Bench, target: Release | None) -> RevertStep:
    return RevertStep(StepSpec("revert:web", "revert", "web"), b.context, target, b.helm.revisions.get("web", []))


def test_revert_goes_back_once_and_forgets_the_record() -> None:
    b = bench()
    first = revision(1, ours("r1", "aa"))
    b.helm.have("web", first, revision(2, ours("r2", "bb"), status="deployed"))
    b.context.workloads["web"] = ()
    step = revert(b, first)
    assert not asyncio.run(step.satisfied())
    assert asyncio.run(step.apply())
    assert b.helm.revisions["web"][-1].description == "Rollback to 1"
    assert asyncio.run(step.satisfied()), "a second attempt finds it done"
    assert asyncio.run(record.read(b.kube, "prod")) == {"db": WEB}
    assert "web" not in b.context.workloads, "the reverted manifests may consist of others"


def test_revert_to_a_revision_of_another_hand_is_never_taken_for_done() -> None:
    b = bench()
    foreign = revision(1, "Upgrade complete")
    b.helm.have("web", foreign, revision(2, "Upgrade complete", status="deployed"))
    assert not asyncio.run(revert(b, foreign).satisfied())


def test_revert_of_a_failed_revision_with_the_same_digest_is_done_all_the_same() -> None:
    b = bench()
    first = revision(1, ours("r1", "aa"))
    b.helm.have("web", first, revision(2, ours("r2", "aa"), status="failed"))
    assert not asyncio.run(revert(b, first).satisfied())


def test_revert_of_an_install_uninstalls_and_may_be_repeated() -> None:
    b = bench()
    b.helm.have("web", revision(1, ours("r1"), status="deployed"))
    step = revert(b, None)
    assert not asyncio.run(step.satisfied())
    assert asyncio.run(step.apply())
    assert "web" not in b.helm.revisions
    assert asyncio.run(step.satisfied())
    assert asyncio.run(step.apply())


# Remove.


def claims(b: Bench) -> None:
    for name, instance in {"data-web": "web", "data-db": "db", "foreign": "other"}.items():
        b.kube.put(CLAIMS, "chat", name, {"metadata": {"labels": {INSTANCE: instance}}})
    b.kube.put(CLAIMS, "chat", "unlabelled", {})


@pytest.mark.parametrize("delete_data", [False, True])
def test_remove_takes_the_release_and_volumes_only_when_told(delete_data: bool) -> None:
    b = bench(delete_data=delete_data)
    b.helm.have("web", revision(1, status="deployed"))
    b.helm.have("db", revision(1, status="deployed", name="db"))
    claims(b)
    step = RemoveStep(StepSpec("remove:web", "remove", "web"), b.context)
    assert not asyncio.run(step.satisfied())
    assert asyncio.run(step.apply())
    assert set(b.helm.revisions) == {"db"}
    assert there(b, "persistentvolumeclaims") == {"data-db", "foreign", "unlabelled"} | (
        set() if delete_data else {"data-web"}
    )
    assert asyncio.run(record.read(b.kube, "prod")) == {"db": WEB}
    assert asyncio.run(step.satisfied())
    assert asyncio.run(step.apply()), "an earlier attempt got this far"


def test_remove_is_not_done_while_a_record_or_a_release_is_left() -> None:
    b = bench()
    step = RemoveStep(StepSpec("remove:web", "remove", "web"), b.context)
    assert not asyncio.run(step.satisfied())
    asyncio.run(record.write(b.kube, "prod", {"web": None}))
    assert asyncio.run(step.satisfied())
    b.helm.have("web", revision(1, status="failed"))
    assert not asyncio.run(step.satisfied())


def test_a_claim_that_vanishes_while_it_is_removed() -> None:
    b = bench(delete_data=True)
    claims(b)
    b.kube.before("delete", lambda: b.kube.drop(CLAIMS, "chat", "data-web"), "persistentvolumeclaims")
    assert asyncio.run(RemoveStep(StepSpec("remove:web", "remove", "web"), b.context).apply())


# Cleanup.


def cleanup(b: Bench) -> bool:
    return asyncio.run(CleanupStep(StepSpec("cleanup", "cleanup", "chat"), b.context).apply())


def test_cleanup_takes_the_record_alone_unless_told() -> None:
    b = bench(secrets=("web-secret",))
    claims(b)
    b.kube.put(SECRETS, "chat", "web-secret", {})
    b.kube.put(NAMESPACES, "", "chat", manifest("chat", "prod"))
    assert cleanup(b)
    assert not there(b, "configmaps", SYSTEM_NAMESPACE)
    assert there(b, "secrets") == {"web-secret"}
    assert len(there(b, "persistentvolumeclaims")) == 4
    assert b.kube.at(NAMESPACES, "", "chat")
    assert not cleanup(b), "nothing is left to change"


@pytest.mark.parametrize(
    ("labels", "ours_"),
    [
        ({"app.kubernetes.io/managed-by": "wizard", "wizard.dev/deployment": "prod"}, True),
        ({"app.kubernetes.io/managed-by": "wizard", "wizard.dev/deployment": "other"}, False),
        ({"app.kubernetes.io/managed-by": "argo", "wizard.dev/deployment": "prod"}, False),
        ({}, False),
    ],
)
def test_cleanup_with_data_takes_what_is_ours_and_no_namespace_of_others(labels: dict[str, str], ours_: bool) -> None:
    b = bench(delete_data=True, secrets=("web-secret", "never-made"))
    claims(b)
    b.kube.put(SECRETS, "chat", "web-secret", {})
    b.kube.put(SECRETS, "chat", "of-somebody-else", {})
    b.kube.put(NAMESPACES, "", "chat", {"metadata": {"labels": labels}})
    b.kube.put(CONFIG_MAPS, SYSTEM_NAMESPACE, "other-deployment", {})
    assert cleanup(b)
    assert there(b, "secrets") == {"of-somebody-else"}
    assert there(b, "persistentvolumeclaims") == {"foreign", "unlabelled"}
    assert there(b, "configmaps", SYSTEM_NAMESPACE) == {"other-deployment"}
    assert ("chat" in there(b, "namespaces", "")) is not ours_


def test_cleanup_waits_until_the_namespace_is_gone_and_says_what_keeps_it() -> None:
    b = bench(delete_data=True)
    b.kube.put(NAMESPACES, "", "chat", manifest("chat", "prod"))
    left = [{"type": "Remaining", "status": "True", "message": "1 claim has a finalizer"}]
    ending = {**manifest("chat", "prod"), "status": {"phase": "Terminating", "conditions": left}}

    def still_there() -> None:
        b.kube.put(NAMESPACES, "", "chat", ending)

    def gone() -> None:
        b.kube.drop(NAMESPACES, "", "chat")

    b.kube.before("get", lambda: None, "namespaces")  # whose it is
    b.kube.before("get", still_there, "namespaces")
    b.kube.before("get", lambda: None, "namespaces")
    b.kube.before("get", gone, "namespaces")
    assert cleanup(b)
    assert {event.message for event in b.of(StepProgress)} == {"1 claim has a finalizer"}
    assert b.clock.slept == [0.5, 0.5]
