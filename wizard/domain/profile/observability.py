"""Metrics, logs, alerts and who is told."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from wizard.domain.profile.base import Section
from wizard.domain.profile.scalars import DnsLabel, Duration, Email, SecretName, Size


class Metrics(Section):
    """Prometheus."""

    retention: Duration = Field(default="15d", description="How long metrics are kept.")
    size: Size = Field(default="5Gi", description="Disk for metrics; the oldest go when it fills.")
    interval: Duration = Field(default="30s", description="Time between two readings.")


class Logs(Section):
    """Logs of all pods."""

    backend: Literal["loki", "cloudwatch", "none"] = Field(
        default="loki", description="loki (in the cluster), cloudwatch (AWS only) or none."
    )
    retention: Duration = Field(default="7d", description="How long logs are kept.")
    size: Size = Field(default="5Gi", description="Disk for logs (Loki).")


class Receiver(Section):
    """Someone who is told of alerts. Secrets are given by name; their values are asked for, not kept here."""

    name: DnsLabel = Field(description="Name of the receiver.")
    kind: Literal["email", "slack", "webhook", "pagerduty"] = Field(description="email, slack, webhook or pagerduty.")
    secret: SecretName | None = Field(
        default=None, description="NAME of the secret: SMTP password, webhook URL or PagerDuty routing key."
    )
    to: tuple[Email, ...] = Field(default=(), description="Addresses, for email.")
    sender: Email | None = Field(default=None, description="From address, for email; empty: the first of `to`.")
    smarthost: Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9.-]*:[0-9]{1,5}$")] | None = Field(
        default=None, description="SMTP server as host:port, for email."
    )
    user: str | None = Field(default=None, min_length=1, description="SMTP user, for email; empty: no login.")
    channel: str | None = Field(
        default=None, min_length=1, max_length=80, description="Channel, for slack; empty: the webhook's own."
    )
    severity: Literal["info", "warning", "critical"] = Field(
        default="warning", description="Least severity that is sent."
    )
    send_resolved: bool = Field(default=True, description="Whether the end of an alert is told too.")


class MemoryAlert(Section):
    """The alert on Ollama's memory: above a percentage of its limit for some time."""

    percent: int = Field(default=80, ge=1, le=100, description="Percent of its memory limit.")
    for_: Duration = Field(default="5m", alias="for", description="How long it must be above that.")


class Observability(Section):
    """Prometheus, Alertmanager, Grafana, Loki."""

    enabled: bool = Field(default=True, description="Whether monitoring is installed.")
    metrics: Metrics = Field(default_factory=Metrics, description="Metrics.")
    logs: Logs = Field(default_factory=Logs, description="Logs.")
    receivers: tuple[Receiver, ...] = Field(default=(), description="Who is told of alerts.")
    ollama_memory_alert: MemoryAlert = Field(
        default_factory=MemoryAlert, description="When Ollama's memory raises an alert."
    )
