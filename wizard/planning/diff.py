"""desired x observed -> plan."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from wizard.domain.finding import Finding, Severity, Where, error
from wizard.domain.plan import Action, Change, Plan, StepSpec
from wizard.planning import observability
from wizard.planning.desired import Component, Desired, SecretObject
from wizard.planning.graph import ordered
from wizard.planning.observed import Look, Observed

POD_SECURITY = "restricted"
KNOWN = frozenset({"postgresql", "ollama", "open-webui", *observability.NAMES})
"""Releases that this wizard may have installed into its namespace."""

_ACTING = frozenset({Change.CREATE, Change.UPDATE, Change.REPAIR})


def wants_look(desired: Desired, observed: Observed) -> tuple[str, ...]:
    """The components that cheap observation does not settle; the rest is left without calling helm."""
    if observed.namespace_phase != "Active":
        return ()
    return tuple(c.name for c in desired.components if _settled(c, observed) is None)


def _settled(component: Component, observed: Observed) -> Change | None:
    """LEAVE or WAIT where record, revision and generations say that the release is as desired."""
    release = observed.releases.get(component.name)
    record = observed.records.get(component.name)
    if release is None or record is None or release.status != "deployed":
        return None
    if record.digest != component.digest or record.revision != release.revision:
        return None
    if dict(record.generations) != dict(observed.generations.get(component.name, {})):
        return None
    return Change.WAIT if component.name in observed.unready else Change.LEAVE


def make_plan(
    desired: Desired,
    observed: Observed,
    *,
    profile: Mapping[str, Any],
    budget: Mapping[str, Any],
    take_back_conflicts: bool = False,
    server: tuple[Action, tuple[Finding, ...]] | None = None,
) -> Plan:
    """The whole difference, with its reasons. `observed.looks` must hold what `wants_look` named,
    except where there is no cluster to look at: then everything is created. `server`: for target k3s, what is done
    on the server and what its preflight found."""
    findings: list[Finding] = [*(server[1] if server else ()), *desired.findings, *observed.blocking]
    actions = [server[0]] if server else []
    actions.append(_namespace(desired, observed, findings))
    actions += [_secret(desired, observed, wanted) for wanted in desired.secret_objects]
    for component in desired.components:
        actions.append(_release(component, observed, findings, take_back=take_back_conflicts))
    for name in left_over(desired, observed):
        reason = "no longer in the profile; its volumes are kept"
        actions.append(Action("release", name, desired.namespace, Change.REMOVE, (reason,)))
    return Plan(
        deployment=desired.deployment,
        namespace=desired.namespace,
        cluster=observed.cluster,
        actions=tuple(actions),
        steps=_steps(desired, actions),
        findings=tuple(findings),
        fingerprint=fingerprint(desired, observed, server[0] if server else None),
        profile=profile,
        budget=budget,
        simulated=desired.simulated,
    )


def left_over(desired: Desired, observed: Observed) -> tuple[str, ...]:
    """The wizard's own releases that the profile no longer means, by name. One that never became ready has no record:
    in a namespace of our own its name tells."""
    wanted = {component.name for component in desired.components}
    ours = observed.records.keys() | (KNOWN if observed.namespace_ours else set())
    return tuple(sorted(ours & observed.releases.keys() - wanted))


def fingerprint(desired: Desired, observed: Observed, server: Action | None = None) -> str:
    """Equal for equal desires on an unmoved cluster: release revisions, specs' generations, Secrets."""
    facts: list[object] = [desired.digest, observed.cluster, observed.namespace_phase]
    facts += sorted((r.name, r.revision, r.status) for r in observed.releases.values())
    facts += sorted((name, sorted(g.items())) for name, g in observed.generations.items())
    facts += sorted(observed.secrets.items())
    looks = ((name, look.drift, str(look.conflicts)) for name, look in observed.looks.items())
    facts += sorted(look for look in looks if look[1] or look[2] != "()")
    if server is not None and server.change in _ACTING:
        facts.append((server.name, server.change.value, server.reasons))
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:24]


def _namespace(desired: Desired, observed: Observed, findings: list[Finding]) -> Action:
    name = desired.namespace
    if observed.namespace_phase == "Terminating":
        findings.append(
            error(
                "namespace-terminating",
                f"namespace {name} is being deleted",
                detail="Nothing can be created in it until its deletion ends; a finalizer may be holding it.",
                hint=f"see `kubectl get namespace {name} -o yaml` under status.conditions; run again when it is gone",
                where=Where(resource=f"namespace {name}"),
            )
        )
        return Action("namespace", name, "", Change.LEAVE, ("being deleted",))
    if not observed.namespace_phase:
        return Action("namespace", name, "", Change.CREATE, ("does not exist",))
    if not observed.namespace_ours:
        return Action("namespace", name, "", Change.LEAVE, ("exists, made by another hand: its labels stay",))
    if observed.namespace_level != POD_SECURITY:
        now = observed.namespace_level or "not set"
        reason = f"Pod Security level is {now}, will be {POD_SECURITY}"
        return Action("namespace", name, "", Change.UPDATE, (reason,))
    return Action("namespace", name, "", Change.LEAVE, ("as desired",))


def _secret(desired: Desired, observed: Observed, wanted: SecretObject) -> Action:
    have = observed.secrets.get(wanted.name)
    keys = ", ".join(wanted.keys)
    if have is None:
        change, reason = Change.CREATE, f"does not exist; keys {keys}"
    elif have != wanted.digest:
        change, reason = Change.UPDATE, f"what it is made of has changed; keys {keys}"
    else:
        change, reason = Change.LEAVE, "as desired"
    return Action("secret", wanted.name, desired.namespace, change, (reason,))


def _release(component: Component, observed: Observed, findings: list[Finding], *, take_back: bool) -> Action:
    def action(change: Change, *reasons: str, diff: str = "", look: Look | None = None) -> Action:
        conflicts = look.conflicts if look else ()
        return Action("release", component.name, component.namespace, change, reasons, diff, conflicts)

    settled = _settled(component, observed)
    if settled is Change.LEAVE:
        return action(Change.LEAVE, f"revision {observed.releases[component.name].revision} is as desired, and ready")
    if settled is Change.WAIT:
        return action(Change.WAIT, f"as desired, not ready: {observed.unready[component.name]}")
    look = observed.looks.get(component.name, Look())
    findings.extend(look.blocking)
    release = observed.releases.get(component.name)
    if release is None:
        return action(Change.CREATE, "not installed", look=look)
    if release.pending:
        diff = manifest_diff(look.deployed, look.rendered)
        reason = f"Helm left revision {release.revision} in {release.status}"
        return action(Change.REPAIR, reason, diff=diff, look=look)
    diff = manifest_diff(look.deployed, look.rendered)
    reasons: list[str] = []
    if release.status != "deployed":
        reasons.append(f"revision {release.revision} is {release.status}")
    if not look.deployed_digest:
        reasons.append("its revision was not made by this wizard" if diff else "taken into the wizard's records")
    elif look.deployed_digest != component.digest:
        reasons.append("chart or values differ")
    else:
        reasons.extend(look.drift)
    if look.conflicts and take_back and not reasons:
        reasons.append("takes back " + ", ".join(f"{c.field} from {c.manager}" for c in look.conflicts))
    # Where nothing is applied, another's field is in nobody's way: worth a word, no more.
    severity = Severity.ERROR if reasons and not take_back else Severity.WARNING
    findings.extend(conflict.finding(severity) for conflict in look.conflicts)
    if reasons:
        return action(Change.UPDATE, *reasons, diff=diff, look=look)
    waiting = observed.unready.get(component.name, "readiness was not yet confirmed")
    return action(Change.WAIT, waiting, look=look)


def _steps(desired: Desired, actions: Iterable[Action]) -> tuple[StepSpec, ...]:
    """Releases are installed at once, side by side; only readiness follows the components' needs, so
    that image pulls overlap."""
    steps: list[StepSpec] = []
    base: tuple[str, ...] = ()
    server: tuple[str, ...] = ()
    actions = tuple(actions)
    for action in actions:
        if action.kind == "server" and action.change in _ACTING:
            steps += _server_steps(action.name)
            base = server = (steps[-1].id,)
    namespace = next(a for a in actions if a.kind == "namespace")
    if namespace.change in _ACTING:
        steps.append(StepSpec("namespace", "namespace", namespace.name, base, f"namespace {namespace.name}"))
        base = ("namespace",)
    if any(a.kind == "secret" and a.change in _ACTING for a in actions):
        steps.append(StepSpec("secrets", "secrets", desired.namespace, base, "secrets"))
        base = ("secrets",)
    releases = {a.name: a.change for a in actions if a.kind == "release"}
    waited = {name for name, change in releases.items() if change in _ACTING or change is Change.WAIT}
    for component in desired.components:
        change = releases[component.name]
        after: tuple[str, ...] = ()
        if change in _ACTING:
            after = (f"release:{component.name}",)
            steps.append(StepSpec(after[0], "release", component.name, base, f"{component.name}: helm release"))
        if component.name in waited:
            needs = tuple(f"ready:{need}" for need in component.needs if need in waited)
            ready = f"ready:{component.name}"
            steps.append(
                StepSpec(ready, "ready", component.name, (*(after or server), *needs), f"{component.name}: ready")
            )
    before_removal = tuple(step.id for step in steps if step.kind == "ready") or server
    for name, change in releases.items():
        if change is Change.REMOVE:
            steps.append(StepSpec(f"remove:{name}", "remove", name, before_removal, f"{name}: uninstall"))
    return ordered(steps)


def _server_steps(host: str) -> list[StepSpec]:
    kinds = (("server-preflight", f"{host}: preflight"), ("k3s-install", f"{host}: k3s"), ("k3s-ready", "k3s: ready"))
    return [
        StepSpec(kind, kind, host, (kinds[number - 1][0],) if number else (), title)
        for number, (kind, title) in enumerate(kinds)
    ]


def _documents(manifest: str) -> dict[str, dict[str, Any]]:
    """`Deployment/open-webui` -> the object; order and comments of the templates do not count."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: dict[str, dict[str, Any]] = {}
    for document in yaml.load_all(manifest, Loader=loader):
        if not isinstance(document, dict) or "kind" not in document:
            continue
        for obj in document.get("items") or () if document["kind"] == "List" else (document,):
            found[f"{obj['kind']}/{obj.get('metadata', {}).get('name', '')}"] = obj
    return found


def manifest_diff(before: str, after: str) -> str:
    """Unified diff by object; empty where both render the same objects. No Secret values: our charts
    render none, and of anybody else's Secret objects only which keys differ is shown."""
    old, new = _documents(before), _documents(after)
    lines: list[str] = []
    for key in sorted(old.keys() | new.keys()):
        a, b = old.get(key, {}), new.get(key, {})
        if key.startswith("Secret/"):
            a, b = _hidden(a, a), _hidden(b, a)
        # Empty for equal texts; objects are not compared, because to Python `1` equals `true`.
        lines += difflib.unified_diff(_text(a), _text(b), f"deployed {key}", f"desired {key}", lineterm="", n=2)
    return "\n".join(lines)


def _text(obj: Mapping[str, Any]) -> list[str]:
    """Canonical YAML, by line; none for an object that is not there."""
    if not obj:
        return []
    return yaml.safe_dump(obj, sort_keys=True, default_flow_style=False, width=200).splitlines()


def _hidden(secret: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The Secret without its values. No hash of them either: a short password is found by trying."""
    shown = dict(secret)
    for part in ("data", "stringData"):
        if part not in secret:
            continue
        values, old = secret[part] or {}, before.get(part) or {}
        shown[part] = {k: "(hidden)" if k in old and old[k] == v else "(hidden, changed)" for k, v in values.items()}
    return shown
