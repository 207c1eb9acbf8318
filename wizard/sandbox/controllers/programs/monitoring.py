"""Prometheus, Alertmanager, Grafana, Loki and what feeds them: what they answer comes from wizard.sandbox.telemetry."""

from __future__ import annotations

from datetime import UTC, datetime

from wizard.sandbox.controllers.programs.base import MIB, Line, Program, Request, Response


def _logfmt(when: float, text: str) -> str:
    stamp = f"{datetime.fromtimestamp(when, UTC):%Y-%m-%dT%H:%M:%S}.{int(when * 1000) % 1000:03d}Z"
    return f"time={stamp} level=INFO {text}"


class _Telemetry(Program):
    """Answers from the telemetry under one name; 404 where there is none."""

    name = ""
    healthy_paths: tuple[str, ...] = ("/-/healthy", "/-/ready")
    healthy_words = ""

    def http(self, request: Request, now: float) -> Response:
        if request.path in self.healthy_paths:
            return Response.text(self.healthy_words or "ready\n")
        found = self.run.world.telemetry
        response = found.http(self.name, self.run, request, now) if found is not None else None
        return response if isinstance(response, Response) else super().http(request, now)


class Prometheus(_Telemetry):
    name = "prometheus"
    boots = 2.5
    memory = 130 * MIB
    cpu = 0.03
    healthy_words = "Prometheus Server is Ready.\n"

    def opening(self) -> list[Line]:
        start = self.run.started
        said = (
            (0.1, 'source=main.go:627 msg="No retention was set: using the default time retention" duration=15d'),
            (0.1, 'source=main.go:674 msg="Starting Prometheus Server" version="(version=3.8.1)"'),
            (0.4, 'source=head.go:657 msg="Replaying WAL, this may take a while" component=tsdb'),
            (self.boots * 0.9, 'source=main.go:1523 msg="Loading configuration file"'),
            (self.boots, 'source=main.go:1299 msg="Server is ready to receive web requests."'),
        )  # fmt: skip
        return [(at, _logfmt(start + at, text)) for at, text in said]


class Alertmanager(_Telemetry):
    name = "alertmanager"
    boots = 1.0
    memory = 24 * MIB
    healthy_words = "OK"

    def opening(self) -> list[Line]:
        start = self.run.started
        said = (
            (0.1, 'source=main.go:190 msg="Starting Alertmanager" version="(version=0.30.0, branch=HEAD)"'),
            (self.boots * 0.5, 'source=coordinator.go:112 msg="Loading configuration file"'),
            (self.boots, 'source=tls_config.go:347 msg="Listening on" address=[::]:9093'),
        )  # fmt: skip
        return [(at, _logfmt(start + at, text)) for at, text in said]


class Grafana(_Telemetry):
    name = "grafana"
    boots = 5.0
    memory = 95 * MIB
    cpu = 0.01
    healthy_paths = ()

    def http(self, request: Request, now: float) -> Response:
        if request.path == "/api/health":
            return Response.of({"database": "ok", "version": "12.3.1"})
        if request.path in ("/", "/login"):
            return Response.text("<!doctype html><title>Grafana</title>", content_type="text/html; charset=utf-8")
        return super().http(request, now)

    def opening(self) -> list[Line]:
        start = self.run.started
        said = (
            (0.2, 'logger=settings msg="Starting Grafana" version=12.3.1'),
            (self.boots * 0.5, 'logger=migrator msg="migrations completed" performed=0 skipped=726'),
            (self.boots, 'logger=http.server msg="HTTP Server Listen" address=[::]:3000 protocol=http subUrl= socket='),
        )
        return [(at, _logfmt(start + at, text)) for at, text in said]


class Loki(_Telemetry):
    name = "loki"
    boots = 3.0
    memory = 80 * MIB
    cpu = 0.015
    healthy_paths = ("/ready",)

    def opening(self) -> list[Line]:
        start = self.run.started
        said = (
            (0.1, 'caller=main.go:126 msg="Starting Loki" version="(version=3.6.3, branch=release-3.6.x)"'),
            (self.boots, 'caller=loki.go:568 msg="Loki started" startup_time=2.9s'),
        )
        return [(at, _logfmt(start + at, text)) for at, text in said]


class Alloy(_Telemetry):
    """Reads logs and sends them on; nobody asks it anything but whether it is well."""

    name = "alloy"
    boots = 1.5
    memory = 70 * MIB
    cpu = 0.01
    healthy_words = "Alloy is ready.\n"

    def opening(self) -> list[Line]:
        start = self.run.started
        said = (
            (0.1, 'msg="running usage stats reporter"'),
            (self.boots, 'msg="now listening for http traffic" service=http addr=0.0.0.0:12345'),
        )
        return [(at, _logfmt(start + at, text)) for at, text in said]


class NodeExporter(_Telemetry):
    name = "node-exporter"
    boots = 0.3
    memory = 14 * MIB
    healthy_paths = ("/",)
    healthy_words = "<html><head><title>Node Exporter</title></head></html>"

    def opening(self) -> list[Line]:
        text = 'source=tls_config.go:372 msg="Listening on" address=[::]:9100'
        return [(self.boots, _logfmt(self.run.started + self.boots, text))]


class KubeStateMetrics(_Telemetry):
    name = "kube-state-metrics"
    boots = 0.8
    memory = 36 * MIB
    healthy_paths = ("/livez", "/readyz")
    healthy_words = "OK"

    def opening(self) -> list[Line]:
        text = 'msg="Started kube-state-metrics self metrics server" telemetryAddress=[::]:8081'
        return [(self.boots, _logfmt(self.run.started + self.boots, text))]
