"""Alerts and silences of Alertmanager (API v2); where there is only a Prometheus, the alerts that fire there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from wizard.domain.finding import Finding, UsageError, WizardError, error, warning
from wizard.domain.live import AlertRow, SilenceRow
from wizard.domain.text import text_of
from wizard.observers.amounts import epoch, rfc3339
from wizard.observers.polled import PolledFeed
from wizard.observers.services import Program, ServiceAt, Services, nothing, silent
from wizard.ports import Clock, LiveReader, LiveWriter

_INTERVAL = 5.0
_LONG = 2048

_Alert = tuple[AlertRow, Mapping[str, str]]
"""With its labels as they are."""


class AlertFeed(PolledFeed[AlertRow]):
    name = "alerts"

    def __init__(self, reader: LiveReader, writer: LiveWriter, clock: Clock, services: Services) -> None:
        super().__init__(clock)
        self._reader, self._writer, self._services = reader, writer, services
        self._silences: Sequence[SilenceRow] = ()
        self._labels: Mapping[str, Mapping[str, str]] = {}
        """Fingerprint -> labels, whole and as they are."""
        self._at: ServiceAt | None = None

    @property
    def silences(self) -> Sequence[SilenceRow]:
        """Active and pending ones; they change with `version`, too."""
        return self._silences

    async def silence(self, alert: AlertRow, who: str, why: str, seconds: float) -> str:
        """Silences what has exactly these labels; the silence's id. Raises KubeError, UsageError."""
        now = self._clock.now()
        # The labels as they are, not as they are shown: a silence must match them to the letter.
        labels = self._labels.get(alert.fingerprint) or dict(alert.labels)
        matchers = [{"name": name, "value": value, "isRegex": False, "isEqual": True} for name, value in labels.items()]
        body = {
            "matchers": matchers,
            "startsAt": rfc3339(now),
            "endsAt": rfc3339(now + seconds),
            "createdBy": who,
            "comment": why,
        }
        answer = await self._writer.send("POST", self._alertmanager().path("/api/v2/silences"), body)
        self.nudge()
        return text_of((answer or {}).get("silenceID"))

    async def expire(self, silence: str) -> None:
        """Raises KubeError (NotFound where there is none), UsageError."""
        await self._writer.send("DELETE", self._alertmanager().path(f"/api/v2/silence/{quote(silence, safe='')}"))
        self.nudge()

    def _alertmanager(self) -> ServiceAt:
        if self._at is None or self._at.program is not Program.ALERTMANAGER:
            raise UsageError(
                error("no-alertmanager", "there is no Alertmanager that could silence it", hint="see the alerts pane")
            )
        return self._at

    async def _poll(self) -> float:
        self._at = await self._services.one(Program.ALERTMANAGER) or await self._services.one(Program.PROMETHEUS)
        if self._at is None:
            self._set_silences(())
            return self._none(nothing(Program.ALERTMANAGER, "alerts cannot be shown"))
        try:
            await self._ask(self._at)
        except WizardError as problem:
            if silent(problem):
                self._services.forget()
            raise
        return _INTERVAL

    async def _ask(self, at: ServiceAt) -> None:
        if at.program is Program.PROMETHEUS:
            self._set_silences(())
            self._set_alerts(await self._reader.fetch(at.path("/api/v1/alerts"), _firing), _bare(at))
            return
        alerts = await self._reader.fetch(at.path("/api/v2/alerts"), _alerts)
        silences = await self._reader.fetch(at.path("/api/v2/silences"), _silences)
        self._set_silences(silences)
        self._set_alerts(alerts, None)

    def _set_alerts(self, alerts: Sequence[_Alert], finding: Finding | None) -> None:
        self._labels = {row.fingerprint: labels for row, labels in alerts}
        self._all([row for row, _ in alerts], finding)

    def _set_silences(self, silences: Sequence[SilenceRow]) -> None:
        if silences != self._silences:
            self._silences = silences
            self._version += 1


def _bare(at: ServiceAt) -> Finding:
    return warning(
        "no-alertmanager",
        f"there is no Alertmanager: these are the alerts that fire in Prometheus {at}, and nobody is told of them",
        hint="install Alertmanager with the platform's monitoring",
    )


def _alerts(reply: Any) -> list[_Alert]:
    return [_alert(each) for each in reply if isinstance(each, dict)] if isinstance(reply, list) else []


def _alert(each: Mapping[str, Any]) -> _Alert:
    labels = {str(name): str(value) for name, value in (each.get("labels") or {}).items()}
    notes = each.get("annotations") or {}
    status = each.get("status") or {}
    state = status.get("state")
    row = AlertRow(
        fingerprint=text_of(each.get("fingerprint")),
        name=text_of(labels.get("alertname")),
        severity=text_of(labels.get("severity"), 40),
        state=state if state in ("active", "suppressed") else "unprocessed",
        since=epoch(each.get("startsAt")) or 0.0,
        summary=text_of(notes.get("summary") or notes.get("message"), _LONG),
        description=text_of(notes.get("description"), _LONG),
        runbook_url=text_of(notes.get("runbook_url"), _LONG),
        labels=tuple(sorted((text_of(name), text_of(value, 1024)) for name, value in labels.items())),
        silenced_by=tuple(text_of(one) for one in status.get("silencedBy") or ()),
    )
    return row, labels


def _firing(reply: Any) -> list[_Alert]:
    """Of Prometheus' own API: no fingerprints, so the labels are it."""
    found = ((reply or {}).get("data") or {}).get("alerts") or []
    return [
        _alert(
            {
                "fingerprint": ",".join(
                    f"{name}={value}" for name, value in sorted((each.get("labels") or {}).items())
                ),
                "labels": each.get("labels"),
                "annotations": each.get("annotations"),
                "startsAt": each.get("activeAt"),
                "status": {"state": "active"},
            }
        )
        for each in found
        if each.get("state") == "firing"
    ]


def _silences(reply: Any) -> list[SilenceRow]:
    found = [
        SilenceRow(
            id=text_of(each.get("id")),
            matchers=tuple(_matcher(one) for one in each.get("matchers") or ()),
            by=text_of(each.get("createdBy")),
            why=text_of(each.get("comment"), _LONG),
            until=epoch(each.get("endsAt")) or 0.0,
        )
        for each in reply or ()
        if (each.get("status") or {}).get("state") != "expired"
    ]
    return sorted(found, key=lambda row: (row.until, row.id))


def _matcher(one: Mapping[str, Any]) -> str:
    equal, regex = one.get("isEqual", True), one.get("isRegex")
    sign = ("=~" if regex else "=") if equal else ("!~" if regex else "!=")
    return text_of(f'{one.get("name")}{sign}"{one.get("value")}"')
