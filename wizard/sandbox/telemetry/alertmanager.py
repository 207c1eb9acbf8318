"""Alertmanager's API, version 2: alerts with their silences, groups, silences, status."""

from __future__ import annotations

import hashlib
import json
import re
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from wizard.sandbox.clock import micro_stamp
from wizard.sandbox.controllers.programs.base import Request, Response
from wizard.sandbox.controllers.shapes import Obj
from wizard.sandbox.telemetry.rules import Alert

RECEIVER = "wizard"
_RESOLVE = 300.0
"""Seconds that an alert lives without being heard of again (resolve_timeout)."""


@dataclass(slots=True)
class _Known:
    labels: dict[str, str]
    annotations: dict[str, str]
    starts: float
    updated: float
    ends: float

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(json.dumps(self.labels, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(slots=True)
class _Silence:
    body: Obj
    starts: float
    ends: float
    identity: str
    updated: float

    def covers(self, labels: Mapping[str, str]) -> bool:
        return all(_fits(each, labels) for each in self.body["matchers"])


@dataclass(slots=True)
class Alertmanager:
    alerts: dict[str, _Known] = field(default_factory=dict)
    silences: dict[str, _Silence] = field(default_factory=dict)

    def receive(self, alerts: Iterable[Alert], now: float) -> None:
        """What Prometheus sends each time it has evaluated its rules: those that fire."""
        heard: set[str] = set()
        for alert in alerts:
            if not alert.firing:
                continue
            known = _Known(alert.labels, alert.annotations, alert.since, now, now + _RESOLVE)
            heard.add(known.fingerprint)
            self.alerts[known.fingerprint] = known
        for key, known in list(self.alerts.items()):
            if key not in heard and known.ends > now:
                known.ends = now  # Prometheus says that it is resolved
            if known.ends < now - 2 * _RESOLVE:
                del self.alerts[key]

    def answer(self, request: Request, now: float) -> Response | None:
        path = request.path.rstrip("/").removeprefix("/api/v2/")
        match (request.method, path):
            case ("GET", "alerts"):
                return Response.of(self._alerts(request.query, now))
            case ("POST", "alerts"):
                return self._posted(request, now)
            case ("GET", "alerts/groups"):
                return Response.of(self._groups(request.query, now))
            case ("GET", "silences"):
                return Response.of([self._silence(each, now) for each in self.silences.values()])
            case ("POST", "silences"):
                return self._silenced(request, now)
            case ("GET", "receivers"):
                return Response.of([{"name": RECEIVER}])
            case ("GET", "status"):
                return Response.of(
                    {
                        "cluster": {"name": "simulated", "status": "ready", "peers": []},
                        "config": {"original": f"route:\n  receiver: {RECEIVER}\n"},
                        "uptime": micro_stamp(now),
                        "versionInfo": {
                            "branch": "HEAD",
                            "buildDate": "",
                            "buildUser": "",
                            "goVersion": "go1.26",
                            "revision": "simulated",
                            "version": "0.30.0",
                        },
                    }
                )
        identity = path.removeprefix("silence/")
        if not path.startswith("silence/"):
            return None
        found = self.silences.get(identity)
        if found is None:
            return Response.of(f"silence {identity} not found", 404)
        if request.method == "DELETE":
            found.ends = min(found.ends, now)
            found.updated = now
            return Response(200, b"")
        return Response.of(self._silence(found, now))

    # Alerts -------------------------------------------------------------------------------------------

    def _alerts(self, query: Mapping[str, str], now: float) -> list[Obj]:
        found = [self._shown(each, now) for each in self.alerts.values() if each.ends > now]
        state = {"active": "active", "silenced": "suppressed"}
        for name, value in state.items():
            if query.get(name) == "false":
                found = [each for each in found if each["status"]["state"] != value]
        matchers = [_matcher(text) for text in _all(query, "filter")]
        found = [each for each in found if all(_fits(one, each["labels"]) for one in matchers)]
        return sorted(found, key=lambda each: each["startsAt"])

    def _shown(self, known: _Known, now: float) -> Obj:
        by = [each.identity for each in self.silences.values() if self._active(each, now) and each.covers(known.labels)]
        return {
            "annotations": known.annotations,
            "endsAt": micro_stamp(known.ends),
            "fingerprint": known.fingerprint,
            "receivers": [{"name": RECEIVER}],
            "startsAt": micro_stamp(known.starts),
            "status": {
                "inhibitedBy": [],
                "mutedBy": [],
                "silencedBy": by,
                "state": "suppressed" if by else "active",
            },
            "updatedAt": micro_stamp(known.updated),
            "generatorURL": "",
            "labels": known.labels,
        }

    def _groups(self, query: Mapping[str, str], now: float) -> list[Obj]:
        groups: dict[str, list[Obj]] = {}
        for each in self._alerts(query, now):
            groups.setdefault(each["labels"].get("alertname", ""), []).append(each)
        return [
            {"labels": {"alertname": name}, "receiver": {"name": RECEIVER}, "alerts": alerts}
            for name, alerts in sorted(groups.items())
        ]

    def _posted(self, request: Request, now: float) -> Response:
        try:
            for each in json.loads(request.body):
                starts = _seconds(each.get("startsAt"), now)
                ends = _seconds(each.get("endsAt"), now + _RESOLVE)
                known = _Known(dict(each["labels"]), dict(each.get("annotations") or {}), starts, now, ends)
                self.alerts[known.fingerprint] = known
        except (ValueError, KeyError, TypeError) as problem:
            return Response.of(f"bad alert: {problem}", 400)
        return Response(200, b"")

    # Silences -----------------------------------------------------------------------------------------

    def _active(self, silence: _Silence, now: float) -> bool:
        return silence.starts <= now < silence.ends

    def _silence(self, silence: _Silence, now: float) -> Obj:
        state = "active" if self._active(silence, now) else "pending" if now < silence.starts else "expired"
        return {
            **silence.body,
            "id": silence.identity,
            "startsAt": micro_stamp(silence.starts),
            "endsAt": micro_stamp(silence.ends),
            "updatedAt": micro_stamp(silence.updated),
            "status": {"state": state},
        }

    def _silenced(self, request: Request, now: float) -> Response:
        body = request.json()
        matchers = body.get("matchers")
        if not matchers or any("name" not in each or "value" not in each for each in matchers):
            return Response.of("matchers in body should have at least 1 items", 400)
        told = _seconds(body.get("startsAt"), now)
        # A fast sandbox's time is not its clients': who says "from now on" by his own clock means now.
        apart = time.time() - now
        shift = apart if abs(told - now - apart) < abs(told - now) else 0.0
        ends = _seconds(body.get("endsAt"), now + shift + 3600) - shift
        starts = max(told - shift, now)
        if ends <= starts:
            return Response.of("bad silence: invalid silence: end time must not be before start time", 400)
        identity = str(body.get("id") or uuid.uuid5(uuid.NAMESPACE_URL, f"{now}:{len(self.silences)}"))
        kept = {
            "comment": str(body.get("comment", "")),
            "createdBy": str(body.get("createdBy", "")),
            "matchers": [
                {
                    "isEqual": bool(each.get("isEqual", True)),
                    "isRegex": bool(each.get("isRegex", False)),
                    "name": str(each["name"]),
                    "value": str(each["value"]),
                }
                for each in matchers
            ],
        }
        self.silences[identity] = _Silence(kept, starts, ends, identity, now)
        return Response.of({"silenceID": identity})


def _fits(matcher: Mapping[str, object], labels: Mapping[str, str]) -> bool:
    have, value = labels.get(str(matcher["name"]), ""), str(matcher["value"])
    same = re.fullmatch(value, have) is not None if matcher.get("isRegex") else have == value
    return same == bool(matcher.get("isEqual", True))


def _matcher(text: str) -> Obj:
    found = re.fullmatch(r'\s*(\w+)\s*(=~|!~|!=|=)\s*"?(.*?)"?\s*', text)
    if found is None:
        return {"name": "alertname", "value": text}
    operator = found[2]
    return {"name": found[1], "value": found[3], "isRegex": "~" in operator, "isEqual": not operator.startswith("!")}


def _all(query: Mapping[str, str], name: str) -> list[str]:
    """Every value of a parameter that may come several times, where the mapping keeps them."""
    several = getattr(query, "getall", None)
    if several is not None:
        return list(several(name, []))
    return [query[name]] if name in query else []


def _seconds(text: object, default: float) -> float:
    if not text:
        return default
    return datetime.fromisoformat(str(text)).timestamp()
