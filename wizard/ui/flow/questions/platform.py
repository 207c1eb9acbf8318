"""Access, data, observability and secrets: how people reach it, what it leans on, who is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wizard.ui.flow.declare import Group, ask, both, has, kind, rows, says, unless
from wizard.ui.flow.question import Source

_AWS, _DOMAIN = kind("aws"), has("access.domain")
_ISSUED = both(_DOMAIN, says("access.tls.issuer", "letsencrypt-staging", "letsencrypt-production"))

ACCESS = (
    Group(
        "Domain",
        (
            ask("access.domain", "Domain", source=Source.HOSTS, placeholder="example.com"),
            ask("access.chat", "Host name of the chat", advanced=True, when=_DOMAIN, source=Source.HOSTS),
            ask("access.monitor", "Host name of Grafana", advanced=True, when=_DOMAIN, source=Source.HOSTS),
            ask("access.hostsOutsideDomain", "Hosts outside the domain", advanced=True, when=_DOMAIN),
            ask("access.ingress", "Serve from outside", advanced=True, when=_DOMAIN),
            ask("access.ingressClass", "Ingress class", advanced=True, when=_DOMAIN),
            ask("access.routes", "Routes", advanced=True, when=_DOMAIN),
        ),
    ),
    Group(
        "HTTPS",
        (
            ask(
                "access.tls.issuer",
                "Certificates",
                notes={
                    "own-ca": "works at once and offline; browsers ask until they trust the CA",
                    "letsencrypt-staging": "to try it out: no limits, browsers do not trust it",
                    "letsencrypt-production": "trusted everywhere; 5 failures an hour, so try staging first",
                    "cluster-issuer": "a ClusterIssuer that the cluster has",
                    "none": "plain HTTP: passwords cross the network in the clear",
                },
            ),
            ask("access.tls.email", "E-mail for Let's Encrypt", when=_ISSUED),
            ask("access.tls.challenge", "Challenge", when=_ISSUED, advanced=True),
            ask("access.tls.issuerName", "ClusterIssuer", when=says("access.tls.issuer", "cluster-issuer")),
            ask("access.tls.hsts", "HSTS", advanced=True, when=_ISSUED),
        ),
        when=_DOMAIN,
    ),
    Group(
        "DNS",
        (
            ask("access.dns.provider", "DNS records", advanced=True),
            ask("access.dns.zoneId", "Hosted zone", advanced=True, when=says("access.dns.provider", "route53")),
        ),
        when=_DOMAIN,
    ),
    Group(
        "First admin",
        (
            ask("admin.email", "E-mail", more="Let's Encrypt writes to it as well."),
            ask("admin.name", "Name", advanced=True),
        ),
    ),
)


_INTERNAL, _AURORA, _EXTERNAL = (says("database.kind", kind) for kind in ("internal", "aurora", "external"))
_SERVERLESS = says("database.aurora.serverless")

DATA = (
    Group(
        "Database",
        (
            ask(
                "database.kind",
                "PostgreSQL",
                only={"aurora": _AWS},
                notes={
                    "internal": "in the cluster",
                    "aurora": "a writer and readers over the zones",
                    "external": "a server that someone else runs",
                },
            ),
            ask("database.internal.storage", "Disk", when=_INTERNAL),
            ask("database.internal.version", "Version", when=_INTERNAL, advanced=True),
            ask("database.internal.instances", "Instances", when=_INTERNAL, advanced=True),
            ask("database.internal.maxConnections", "Connections at most", when=_INTERNAL, advanced=True),
            ask("database.external.host", "Server", when=_EXTERNAL, source=Source.HOSTS),
            ask("database.external.port", "Port", when=_EXTERNAL),
            ask("database.external.database", "Database", when=_EXTERNAL),
            ask("database.external.user", "Role", when=_EXTERNAL),
            ask("database.external.secret", "Password's secret", when=_EXTERNAL),
            ask("database.external.sslMode", "TLS", when=_EXTERNAL),
            ask("database.aurora.readers", "Readers", when=_AURORA),
            ask("database.aurora.serverless", "Serverless", when=_AURORA),
            ask("database.aurora.minAcu", "Least capacity", when=both(_AURORA, _SERVERLESS), unit="ACU"),
            ask("database.aurora.maxAcu", "Most capacity", when=both(_AURORA, _SERVERLESS), unit="ACU"),
            ask("database.aurora.instanceClass", "Instance class", when=both(_AURORA, unless(_SERVERLESS))),
            ask("database.aurora.engineVersion", "Version", when=_AURORA, advanced=True),
            ask("database.aurora.backupDays", "Keep backups", when=_AURORA, advanced=True, unit="days"),
            ask("database.aurora.deletionProtection", "Deletion protection", when=_AURORA, advanced=True),
            ask("database.aurora.finalSnapshot", "Final snapshot", when=_AURORA, advanced=True),
            ask("database.aurora.performanceInsights", "Performance Insights", when=_AURORA, advanced=True),
        ),
    ),
    Group(
        "Volumes",
        (
            ask("storage.models", "Model store"),
            ask("storage.openWebui", "Open WebUI"),
            ask("storage.className", "Storage class", advanced=True, placeholder="the cluster's default"),
            ask("storage.modelsClassName", "Storage class of the models", advanced=True),
            ask("storage.modelsAccess", "Access mode of the models", advanced=True),
            ask("target.aws.efsThroughput", "EFS throughput", advanced=True, when=_AWS),
            ask("target.aws.efsBackup", "Back up the models", advanced=True, when=_AWS),
        ),
    ),
    Group(
        "Backups",
        (
            ask("backup.enabled", "Scheduled backups"),
            ask("backup.schedule", "Schedule", when=says("backup.enabled")),
            ask("backup.keep", "Keep", when=says("backup.enabled"), unit="backups"),
            ask("backup.destination", "Destination", when=says("backup.enabled")),
            ask(
                "backup.size",
                "Disk",
                when=both(says("backup.enabled"), says("backup.destination", "volume")),
            ),
            ask("backup.bucket", "Bucket", when=both(says("backup.enabled"), says("backup.destination", "s3"))),
        ),
    ),
)


def _receiver(*kinds: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda row: row.get("kind") in kinds


_ON, _LOKI = says("observability.enabled"), says("observability.logs.backend", "loki")

OBSERVABILITY = (
    Group("Monitoring", (ask("observability.enabled", "Monitoring", more="Prometheus, Alertmanager, Grafana, Loki."),)),
    Group(
        "Metrics",
        (
            ask("observability.metrics.retention", "Keep metrics"),
            ask("observability.metrics.size", "Disk"),
            ask("observability.metrics.interval", "Interval", advanced=True),
        ),
        when=_ON,
    ),
    Group(
        "Logs",
        (
            ask("observability.logs.backend", "Logs", only={"cloudwatch": _AWS}),
            ask("observability.logs.retention", "Keep logs", when=unless(says("observability.logs.backend", "none"))),
            ask("observability.logs.size", "Disk", when=_LOKI),
        ),
        when=_ON,
    ),
    Group(
        "Alerts",
        (
            ask("observability.ollamaMemoryAlert.percent", "Ollama's memory above", unit="percent"),
            ask("observability.ollamaMemoryAlert.for", "For"),
            rows(
                "observability.receivers",
                "Receivers",
                ask("observability.receivers[].name", "Name", placeholder="operations"),
                ask("observability.receivers[].kind", "Kind"),
                ask("observability.receivers[].to", "To", in_row=_receiver("email")),
                ask("observability.receivers[].smarthost", "SMTP server", in_row=_receiver("email"),
                    placeholder="smtp.example.com:587"),
                ask("observability.receivers[].user", "SMTP user", in_row=_receiver("email")),
                ask("observability.receivers[].sender", "From", in_row=_receiver("email"), advanced=True),
                ask("observability.receivers[].secret", "Name of its secret"),
                ask("observability.receivers[].channel", "Channel", in_row=_receiver("slack"), placeholder="#platform"),
                ask("observability.receivers[].severity", "Least severity"),
                ask("observability.receivers[].sendResolved", "Tell the end too", advanced=True),
                more="Without one, alerts are seen in the wizard and in Grafana only.",
            ),
        ),
        when=_ON,
    ),
)  # fmt: skip

SECRETS = (
    Group(
        "Secrets",
        (ask("secrets.store", "Store", advanced=True, only={"secrets-manager": _AWS}),),
    ),
    Group(
        "Security",
        (
            ask("security.networkPolicies", "Network policies", advanced=True),
            ask("security.podSecurity", "Pod Security", advanced=True),
        ),
    ),
    Group(
        "Images",
        (
            ask("images.registry", "Registry mirror", advanced=True, placeholder="registry.example.com/mirror"),
            ask("images.pullSecrets", "Pull secrets", advanced=True),
        ),
    ),
    Group("Components", (ask("components", "Overrides", advanced=True),)),
)
