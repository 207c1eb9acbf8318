"""The scheduler's filter plugins in their order, with their reasons (pkg/scheduler/framework/plugins)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wizard.sandbox.controllers.cluster import Cluster
from wizard.sandbox.controllers.scheduler.cache import (
    Cache,
    NodeInfo,
    affinity_terms,
    anti_terms,
    host_ports,
)
from wizard.sandbox.controllers.shapes import Obj, holds, labels_of, selects

HELPLESS = "Preemption is not helpful for scheduling"
NO_VICTIMS = "No preemption victims found for incoming pod"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a node will not do. `final`: removing pods from it would not help either."""

    reasons: tuple[str, ...]
    final: bool = True


@dataclass(slots=True)
class Attempt:
    """One pod on its way through the filters; `memo` keeps what is the same for all nodes."""

    cluster: Cluster
    cache: Cache
    pod: Obj
    requests: Mapping[str, float]
    volumes: list[Obj] = field(default_factory=list)
    """Bound volumes of its claims."""
    memo: dict[str, Any] = field(default_factory=dict)


def tolerates(tolerations: Iterable[Mapping[str, Any]], taint: Mapping[str, Any]) -> bool:
    for each in tolerations:
        if each.get("effect") and each["effect"] != taint["effect"]:
            continue
        if not each.get("key"):
            if each.get("operator") == "Exists":
                return True
            continue
        if each["key"] != taint["key"]:
            continue
        if each.get("operator") == "Exists" or each.get("value", "") == taint.get("value", ""):
            return True
    return False


def node_matches(spec: Mapping[str, Any], node: Obj) -> bool:
    """nodeSelector and required node affinity of a pod's spec."""
    labels = labels_of(node)
    if not (spec.get("nodeSelector") or {}).items() <= labels.items():
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    return required is None or any(term_matches(term, node) for term in required.get("nodeSelectorTerms") or ())


def term_matches(term: Mapping[str, Any], node: Obj) -> bool:
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    if not expressions and not fields:
        return False
    names = {"metadata.name": node["metadata"]["name"]}
    return all(holds(each, labels_of(node)) for each in expressions) and all(holds(each, names) for each in fields)


def _unschedulable(attempt: Attempt, info: NodeInfo) -> Verdict | None:
    taint = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
    if info.node["spec"].get("unschedulable") and not tolerates(attempt.pod["spec"].get("tolerations") or (), taint):
        return Verdict(("node(s) were unschedulable",))
    return None


def _taints(attempt: Attempt, info: NodeInfo) -> Verdict | None:
    tolerations = attempt.pod["spec"].get("tolerations") or ()
    for taint in info.node["spec"].get("taints") or ():
        if taint["effect"] != "PreferNoSchedule" and not tolerates(tolerations, taint):
            return Verdict(("node(s) had untolerated taint(s)",))
    return None


def _node_affinity(attempt: Attempt, info: NodeInfo) -> Verdict | None:
    if node_matches(attempt.pod["spec"], info.node):
        return None
    return Verdict(("node(s) didn't match Pod's node affinity/selector",))


def _ports(attempt: Attempt, info: NodeInfo) -> Verdict | None:
    if any(info.ports.get(port) for port in host_ports(attempt.pod)):
        return Verdict(("node(s) didn't have free ports for the requested pod ports",), final=False)
    return None


def _resources(attempt: Attempt, info: NodeInfo) -> Verdict | None:
    missing: list[str] = []
    final = False
    if len(info.pods) + 1 > info.allocatable.get("pods", 110):
        missing.append("Too many pods")
    for name, wanted in attempt.requests.items():
        have = info.allocatable.get(name, 0.0)
        if wanted and wanted > have - info.requested[name] + 1e-9:
            missing.append(f"Insufficient {name}")
            final = final or wanted > have
    return Verdict(tuple(missing), final) if missing else None


def _volume_nodes(attempt: Attempt, info: NodeInfo) -> Verdict | None:
    for volume in attempt.volumes:
        required = (volume["spec"].get("nodeAffinity") or {}).get("required")
        if required and not any(term_matches(term, info.node) for term in required["nodeSelectorTerms"]):
            return Verdict(("node(s) didn't match PersistentVolume's node affinity",))
    return None


def _spread(attempt: Attempt, info: NodeInfo) -> Verdict | None:
    constraints = [
        each
        for each in attempt.pod["spec"].get("topologySpreadConstraints") or ()
        if each.get("whenUnsatisfiable", "DoNotSchedule") == "DoNotSchedule"
    ]
    text = "node(s) didn't match pod topology spread constraints"
    for number, constraint in enumerate(constraints):
        key = constraint["topologyKey"]
        domain = labels_of(info.node).get(key)
        if domain is None:
            return Verdict((f"{text} (missing required label)",))
        counts = attempt.memo.get(f"spread{number}")
        if counts is None:
            counts = attempt.memo[f"spread{number}"] = spread_counts(attempt, constraint)
        least = 0 if len(counts) < constraint.get("minDomains", 1) else min(counts.values(), default=0)
        itself = int(selects(constraint.get("labelSelector"), labels_of(attempt.pod)))
        if counts.get(domain, 0) + itself - least > constraint.get("maxSkew", 1):
            return Verdict((text,), final=False)
    return None


def spread_counts(attempt: Attempt, constraint: Mapping[str, Any]) -> Counter[str]:
    """Pods that the constraint selects, by domain, over the nodes that the pod could go to."""
    counts: Counter[str] = Counter()
    selector = dict(constraint.get("labelSelector") or {})
    mine = labels_of(attempt.pod)
    same = {key: mine[key] for key in constraint.get("matchLabelKeys") or () if key in mine}
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), **same}
    ns = attempt.pod["metadata"]["namespace"]
    for info in attempt.cache.nodes.values():
        domain = labels_of(info.node).get(constraint["topologyKey"])
        if domain is None or not node_matches(attempt.pod["spec"], info.node):
            continue
        counts[domain] += 0
        for pod in info.pods.values():
            meta = pod["metadata"]
            if meta["namespace"] == ns and "deletionTimestamp" not in meta and selects(selector, labels_of(pod)):
                counts[domain] += 1
    return counts


def _term_selects(term: Mapping[str, Any], home: str, pod: Obj, cluster: Cluster) -> bool:
    ns = pod["metadata"]["namespace"]
    spaces = term.get("namespaces") or ()
    chosen = ns in spaces
    if "namespaceSelector" in term and not chosen:
        found = cluster.get(("", "namespaces"), "", ns)
        chosen = selects(term["namespaceSelector"], labels_of(found) if found else {})
    elif not spaces:
        chosen = ns == home
    return chosen and selects(term.get("labelSelector"), labels_of(pod))


def _domains(attempt: Attempt, term: Mapping[str, Any], memo: str) -> set[str]:
    """Domains that already hold a pod which the term selects."""
    found: set[str] | None = attempt.memo.get(memo)
    if found is None:
        home = attempt.pod["metadata"]["namespace"]
        found = set()
        for info in attempt.cache.nodes.values():
            domain = labels_of(info.node).get(term["topologyKey"])
            if domain is not None and any(
                _term_selects(term, home, pod, attempt.cluster) for pod in info.pods.values()
            ):
                found.add(domain)
        attempt.memo[memo] = found
    return found


def _pod_affinity(attempt: Attempt, info: NodeInfo) -> Verdict | None:
    labels = labels_of(info.node)
    home = attempt.pod["metadata"]["namespace"]
    for number, term in enumerate(affinity_terms(attempt.pod)):
        domain = labels.get(term["topologyKey"])
        domains = _domains(attempt, term, f"affinity{number}")
        # The first of a group that wants to be together has nobody to join.
        first = not domains and _term_selects(term, home, attempt.pod, attempt.cluster)
        if domain is None or (domain not in domains and not first):
            return Verdict(("node(s) didn't match pod affinity rules",))
    for number, term in enumerate(anti_terms(attempt.pod)):
        domain = labels.get(term["topologyKey"])
        if domain is not None and domain in _domains(attempt, term, f"anti{number}"):
            return Verdict(("node(s) didn't match pod anti-affinity rules",), final=False)
    closed = attempt.memo.get("closed")
    if closed is None:
        closed = attempt.memo["closed"] = _closed_to(attempt)
    if any((key, labels.get(key)) in closed for key in {key for key, _ in closed}):
        return Verdict(("node(s) didn't satisfy existing pods anti-affinity rules",), final=False)
    return None


def _closed_to(attempt: Attempt) -> set[tuple[str, str]]:
    """Topology domains where some pod there wants no pod like this one."""
    found: set[tuple[str, str]] = set()
    for uid, other in attempt.cache.repelling.items():
        info = attempt.cache.nodes.get(attempt.cache.where(uid))
        if info is None:
            continue
        for term in anti_terms(other):
            domain = labels_of(info.node).get(term["topologyKey"])
            if domain and _term_selects(term, other["metadata"]["namespace"], attempt.pod, attempt.cluster):
                found.add((term["topologyKey"], domain))
    return found


FILTERS: tuple[Callable[[Attempt, NodeInfo], Verdict | None], ...] = (
    _unschedulable,
    _taints,
    _node_affinity,
    _ports,
    _resources,
    _volume_nodes,
    _spread,
    _pod_affinity,
)


def judge(attempt: Attempt, info: NodeInfo) -> Verdict | None:
    """The first filter's objection to a node, or None."""
    for check in FILTERS:
        verdict = check(attempt, info)
        if verdict is not None:
            return verdict
    return None


def explain(verdicts: Iterable[Verdict], total: int) -> str:
    """The scheduler's sentence (framework.FitError), with what preemption would have to say."""
    verdicts = list(verdicts)
    if not total:
        return "no nodes available to schedule pods"
    reasons = Counter(reason for verdict in verdicts for reason in verdict.reasons)
    help_ = Counter(HELPLESS if verdict.final else NO_VICTIMS for verdict in verdicts)

    def joined(counts: Counter[str]) -> str:
        return ", ".join(sorted(f"{count} {reason}" for reason, count in counts.items()))

    head = f"0/{total} nodes are available: "
    return f"{head}{joined(reasons)}. preemption: {head}{joined(help_)}."
