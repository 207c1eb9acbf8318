"""Alerting rules and who is told: what Prometheus and Alertmanager are given of the profile. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from wizard.domain.profile import Profile
from wizard.domain.profile.observability import Receiver

RUNBOOKS = "docs/runbooks"
"""What `runbook_url` begins with: a path of this project's, until its pages have an address."""
SECRETS_PATH = "/run/secrets/alertmanager"
"""Where the chart mounts the receivers' secrets, one file for each."""
NOBODY = "nobody"

_FIELD = re.compile(r"\$\{(\w+)\}")
_LEVELS = ("info", "warning", "critical")
_HTTPS, _ANY_PORT = 443, {"ports": [{"protocol": "TCP", "port": 1, "endPort": 65535}]}


def rules(profile: Profile, texts: Mapping[str, str]) -> dict[str, Any]:
    """Rule file -> its content, of those that have something to watch in this profile."""
    alert = profile.observability.ollama_memory_alert
    fields = {
        "namespace": profile.namespace,
        "runbooks": RUNBOOKS,
        "ollama_memory_percent": str(alert.percent),
        "ollama_memory_for": alert.for_,
    }
    without = set()
    if profile.database.kind != "internal":
        without.add("postgresql")
    if profile.observability.logs.backend != "loki":
        without.add("logs")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return {
        name: yaml.load(_FIELD.sub(lambda field: fields[field[1]], text), Loader=loader)
        for name, text in texts.items()
        if name not in without
    }


def configuration(profile: Profile) -> dict[str, Any]:
    """Alertmanager's configuration; secrets are named by file, and never in it."""
    receivers = profile.observability.receivers
    routes = [
        {
            "receiver": receiver.name,
            # At least this severe; `none` (the Watchdog's) goes to nobody.
            "matchers": [f'severity=~"{"|".join(_LEVELS[_LEVELS.index(receiver.severity) :])}"'],
            # The next receiver is asked too.
            "continue": True,
        }
        for receiver in receivers
    ]
    return {
        "route": {
            "receiver": NOBODY,
            "group_by": ["alertname", "namespace"],
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": "12h",
            **({"routes": routes} if routes else {}),
        },
        "receivers": [{"name": NOBODY}, *map(_receiver, receivers)],
        "inhibit_rules": [
            # One cause, one message.
            _inhibit('alertname="VolumeFull"', 'alertname="VolumeFilling"', ["namespace", "persistentvolumeclaim"]),
            _inhibit('alertname="NodeNotReady"', 'severity="warning"', ["node"]),
            _inhibit('alertname="NodeMemoryPressure"', 'alertname="NodeMemoryLow"', ["node"]),
            _inhibit('alertname="NodeDiskPressure"', 'alertname="NodeDiskFilling"', ["node"]),
            _inhibit('alertname="PostgreSQLDown"', 'component="open-webui"', ["namespace"]),
            _inhibit('alertname="OpenWebUIDown"', 'alertname=~"OpenWebUI(Errors|Slow)"', ["namespace"]),
        ],
    }


def _inhibit(source: str, target: str, equal: list[str]) -> dict[str, Any]:
    return {"source_matchers": [source], "target_matchers": [target], "equal": equal}


def _receiver(receiver: Receiver) -> dict[str, Any]:
    file = f"{SECRETS_PATH}/{receiver.secret}"
    settings: dict[str, Any] = {"send_resolved": receiver.send_resolved}
    match receiver.kind:
        case "email":
            settings |= {
                "to": ", ".join(receiver.to),
                "from": receiver.sender or receiver.to[0],
                "smarthost": receiver.smarthost,
            }
            if receiver.user:
                settings |= {"auth_username": receiver.user, "auth_password_file": file}
        case "slack":
            settings["api_url_file"] = file
            if receiver.channel:
                settings["channel"] = receiver.channel
        case "webhook":
            settings["url_file"] = file
        case "pagerduty":
            settings |= {"routing_key_file": file, "severity": "{{ .CommonLabels.severity }}"}
    return {"name": receiver.name, f"{receiver.kind}_configs": [settings]}


def receiver_secrets(profile: Profile) -> tuple[str, ...]:
    """Names of the secrets that receivers need, each once."""
    named = (receiver.secret for receiver in profile.observability.receivers)
    return tuple(sorted({name for name in named if name is not None}))


def receiver_policy(profile: Profile) -> dict[str, Any]:
    """What Alertmanager's network policy must let out. Where a webhook is, only its secret knows: any port."""
    ports: set[int] = set()
    anywhere = False
    for receiver in profile.observability.receivers:
        if receiver.kind == "email" and receiver.smarthost:
            ports.add(int(receiver.smarthost.rpartition(":")[2]))
        elif receiver.kind == "webhook":
            anywhere = True
        else:
            ports.add(_HTTPS)
    policy: dict[str, Any] = {}
    if ports:
        policy["receiverPorts"] = sorted(ports)
    if anywhere:
        policy["extraEgress"] = [_ANY_PORT]
    return policy
