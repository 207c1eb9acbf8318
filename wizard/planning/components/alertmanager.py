"""Alertmanager: who is told of alerts."""

from __future__ import annotations

from typing import Any, Final

from wizard.catalog.charts import Chart
from wizard.domain.profile import Profile
from wizard.domain.secret import SecretRef
from wizard.planning.alerts import configuration, receiver_policy, receiver_secrets
from wizard.planning.components.base import OBSERVABILITY, component, volume
from wizard.planning.desired import Component, HttpCheck, SecretEntry, SecretObject

NAME: Final = "alertmanager"
SECRET = "alertmanager-receivers"  # noqa: S105 - a name
PORT = 9093


def secrets(profile: Profile) -> tuple[SecretRef, ...]:
    """Those of the receivers: an SMTP password, a webhook's URL. None is the wizard's to generate."""
    return tuple(SecretRef(name, SECRET, name, generated=False) for name in receiver_secrets(profile))


def secret_object(profile: Profile) -> SecretObject | None:
    """None where no receiver has a secret."""
    entries = tuple(SecretEntry(name, name) for name in receiver_secrets(profile))
    return SecretObject(SECRET, entries) if entries else None


def plan(profile: Profile, chart: Chart) -> Component:
    values: dict[str, Any] = {"config": configuration(profile)}
    if profile.storage.class_name:
        values["persistence"] = volume(profile, chart.defaults["persistence"]["size"])
    if (wanted := secret_object(profile)) is not None:
        values["secrets"] = {"existingSecret": SECRET}
        # A Secret with other keys is mounted anew; another value of the same key reaches the file by itself.
        values["podAnnotations"] = {"wizard.dev/secrets": wanted.digest}
    if policy := receiver_policy(profile):
        values["networkPolicy"] = policy
    check = HttpCheck(NAME, "http", "/-/ready", "Alertmanager's readiness")
    return component(profile, chart, NAME, values, checks=(check,), part=OBSERVABILITY)
