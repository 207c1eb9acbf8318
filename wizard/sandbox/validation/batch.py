"""Jobs and CronJobs."""

from __future__ import annotations

from typing import Any

from wizard.sandbox.selectors import selects
from wizard.sandbox.validation import pods
from wizard.sandbox.validation.problems import IMMUTABLE, Problems

Obj = dict[str, Any]


def job(obj: Obj, found: Problems) -> None:
    spec = obj["spec"]
    _spec(spec, "spec", found)
    if spec.get("manualSelector"):
        return
    uid = obj["metadata"].get("uid")
    selector = spec.get("selector") or {}
    if selector.get("matchLabels") != {"batch.kubernetes.io/controller-uid": uid}:
        found.invalid("spec.selector", selector, "`selector` not auto-generated")
    labels = spec["template"].get("metadata", {}).get("labels", {})
    if not selects(selector, labels):
        ordered = {key: labels[key] for key in sorted(labels)}
        found.invalid("spec.template.metadata.labels", ordered, "`selector` does not match template `labels`")


def _spec(spec: Obj, field: str, found: Problems) -> None:
    for key in ("parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"):
        found.not_negative(f"{field}.{key}", spec.get(key))
    template = spec.get("template") or {}
    pods.template(template, f"{field}.template", found)
    policy = (template.get("spec") or {}).get("restartPolicy")
    if policy == "Always" or not policy:
        found.required(f"{field}.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"')
    elif policy not in ("OnFailure", "Never"):
        found.unsupported(f"{field}.template.spec.restartPolicy", policy, ["OnFailure", "Never"])


def job_update(new: Obj, old: Obj, found: Problems) -> None:
    before, after = old["spec"], new["spec"]
    if before.get("completionMode") != "Indexed":
        found.immutable("spec.completions", after.get("completions"), before.get("completions"))
    found.immutable("spec.selector", after.get("selector"), before.get("selector"))
    if not _mutable(old) and before.get("template") != after.get("template"):
        found.invalid("spec.template", after.get("template"), IMMUTABLE)
    elif _mutable(old) and _fixed(before["template"]) != _fixed(after["template"]):
        # The node-related directives of a job that has not started may change, for queueing systems.
        found.invalid("spec.template.spec", after["template"].get("spec"), IMMUTABLE)
    found.immutable("spec.completionMode", after.get("completionMode"), before.get("completionMode"))
    found.immutable("spec.podFailurePolicy", after.get("podFailurePolicy"), before.get("podFailurePolicy"))
    found.immutable("spec.backoffLimitPerIndex", after.get("backoffLimitPerIndex"), before.get("backoffLimitPerIndex"))


def _mutable(old: Obj) -> bool:
    return bool(old["spec"].get("suspend")) and not old.get("status", {}).get("startTime")


def _fixed(template: Obj) -> Obj:
    """The parts of a pod template that never change: all but where its pods may run."""
    spec = dict(template.get("spec") or {})
    for key in ("nodeSelector", "affinity", "tolerations", "schedulingGates"):
        spec.pop(key, None)
    for kind in ("containers", "initContainers"):
        if kind in spec:
            spec[kind] = [{key: value for key, value in each.items() if key != "resources"} for each in spec[kind]]
    return spec


def cron_job(obj: Obj, found: Problems) -> None:
    spec = obj["spec"]
    schedule = spec.get("schedule", "")
    if not schedule:
        found.required("spec.schedule")
    elif problem := schedule_problem(schedule):
        found.invalid("spec.schedule", schedule, problem)
    found.one_of("spec.concurrencyPolicy", spec.get("concurrencyPolicy"), ("Allow", "Forbid", "Replace"))
    _spec((spec.get("jobTemplate") or {}).get("spec") or {}, "spec.jobTemplate.spec", found)
    if len(obj["metadata"].get("name", "")) > 52:
        found.invalid("metadata.name", obj["metadata"]["name"], "must be no more than 52 characters")


def schedule_problem(schedule: str) -> str:
    """What the cron parser says; empty if it is content."""
    if schedule.startswith("@"):
        known = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
        return "" if schedule in known or schedule.startswith("@every ") else f"unrecognized descriptor: {schedule}"
    fields = schedule.split()
    if len(fields) != 5:
        return f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]"
    return ""
