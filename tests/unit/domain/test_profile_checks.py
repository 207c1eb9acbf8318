"""The checks between fields: each problem, all of them at once, none that only follows from another."""

from __future__ import annotations

import pytest

from wizard.domain.finding import Finding, UsageError
from wizard.domain.profile import parse_profile

HEAD = "name: chat\n"
CLUSTER = "target: {kind: cluster}\n"
DOMAIN = "access: {domain: example.com}\n"


def findings_of(source: str) -> tuple[Finding, ...]:
    try:
        parse_profile(HEAD + source, file="p.yaml")
    except UsageError as problem:
        return problem.findings
    return ()


def aws(settings: str, more: str = "") -> str:
    return f"target: {{kind: aws, aws: {{region: eu-central-1, {settings}}}}}\n{more}"


def cluster(more: str) -> str:
    return CLUSTER + more


def k3s(more: str) -> str:
    return "target: {kind: k3s, k3s: {host: h}}\n" + more


CONTRADICTIONS = [
    # profile after the name, path, code, part of the summary or hint
    (cluster("namespace: default"), "namespace", "profile-reserved", "'default'"),
    (cluster("namespace: kube-public"), "namespace", "profile-reserved", ""),
    (cluster("namespace: wizard-system"), "namespace", "profile-reserved", ""),
    (cluster("access: {chat: chat.example.com}"), "access.chat", "profile-missing", "access.domain"),
    (cluster("access: {domain: a.com, chat: chat.b.com}"),
     "access.chat", "profile-conflict", "hostsOutsideDomain"),
    (cluster("access: {domain: a.com, chat: xa.com}"), "access.chat", "profile-conflict", "outside"),
    (cluster("access: {domain: a.com, chat: x.a.com, monitor: x.a.com}"),
     "access.monitor", "profile-duplicate", ""),
    (cluster("access: {domain: a.com, tls: {issuer: letsencrypt-staging}}"),
     "access.tls.issuer", "profile-missing", "access.tls.email"),
    (cluster("admin: {email: a@a.com}\naccess: {domain: a.local, tls: {issuer: letsencrypt-production}}"),
     "access.tls.issuer", "profile-conflict", "no public domain"),
    (cluster("access: {domain: a.com, tls: {issuer: letsencrypt-staging, email: a@a.com, challenge: dns01}}"),
     "access.tls.challenge", "profile-missing", "route53"),
    (cluster("access: {domain: a.com, tls: {issuer: cluster-issuer}}"),
     "access.tls.issuer", "profile-missing", "issuerName"),
    (cluster("tiers: {standard: {min: 5, max: 3}}"), "tiers.standard.min", "profile-range", "at most 3"),
    (cluster("tiers: {standard: {max: 3, onDemandBase: 4}}"),
     "tiers.standard.onDemandBase", "profile-range", "tiers.standard.max"),
    (cluster("tiers: {standard: {ollama: {replicas: 3, maxReplicas: 2}}}"),
     "tiers.standard.ollama.replicas", "profile-range", ""),
    (cluster("tiers: {premium: {}}"), "tiers.premium", "profile-missing", "gpu"),
    (k3s("tiers: {premium: {}}"), "tiers.premium", "profile-missing", "gpu"),
    (aws("", "tiers: {premium: {instanceTypes: [p5.4xlarge, m5.large]}}"),
     "tiers.premium.instanceTypes[1]", "profile-conflict", "GPU"),
    (cluster("chat: {replicas: 3, maxReplicas: 2}"), "chat.replicas", "profile-range", ""),
    (cluster("models: [a, {name: 'A:latest'}]"), "models[1]", "profile-duplicate", "models[0]"),
    (cluster("models: [{name: a, default: true}, {name: b, default: true}]"),
     "models[1].default", "profile-conflict", "models[0]"),
    (cluster("models: [{name: a, tiers: [standard, premium]}]"),
     "models[0].tiers[1]", "profile-reference", "tiers.premium"),
    (cluster("models: [nomic-embed-text]\nchat: {embeddingModel: nomic-embed-txt}"),
     "chat.embeddingModel", "profile-reference", "did you mean 'nomic-embed-text'?"),
    (cluster("tenants: [{name: a}, {name: a}]"), "tenants[1].name", "profile-duplicate", "tenants[0]"),
    (cluster("tenants: [{name: kube-x}]"), "tenants[0].name", "profile-reserved", ""),
    (cluster("tenants: [{name: default}]"), "tenants[0].name", "profile-reserved", ""),
    (cluster("tenants: [{name: " + "a" * 60 + "}]"), "tenants[0].name", "profile-range", "shorten it by 2"),
    (cluster("tenants: [{name: a, tier: premium}]"),
     "tenants[0].tier", "profile-reference", "no tier 'premium'"),
    (cluster("models: [qwen3]\ntenants: [{name: a, models: [qwen4]}]"),
     "tenants[0].models[0]", "profile-reference", "did you mean 'qwen3'?"),
    (cluster("tenants: [{name: a, models: [x]}]"),
     "tenants[0].models[0]", "profile-reference", "add it to `models`"),
    (cluster("tiers: {premium: {gpu: {}}}\nmodels: [{name: m, tiers: [premium]}]\n"
             "tenants: [{name: a, models: [m]}]"),
     "tenants[0].models[0]", "profile-conflict", "not offered on tier standard"),
    (cluster(DOMAIN + "tenants: [{name: a, host: a.example.org}]"),
     "tenants[0].host", "profile-conflict", "outside"),
    (cluster("tenants: [{name: a, host: a.example.org}]"),
     "tenants[0].host", "profile-missing", "access.domain"),
    (cluster(DOMAIN + "tenants: [{name: monitor}]"),
     "tenants[0].name", "profile-duplicate", "access.monitor"),
    (cluster(DOMAIN + "chat: {enabled: true}\ntenants: [{name: chat}]"),
     "tenants[0].name", "profile-duplicate", "access.chat"),
    (cluster(DOMAIN + "tenants: [{name: a}, {name: b, host: a.example.com}]"),
     "tenants[1].host", "profile-duplicate", "tenants[0]"),
    (cluster("tenants: [{name: a, replicas: 3, maxReplicas: 2}]"),
     "tenants[0].replicas", "profile-range", ""),
    (cluster("database: {kind: aurora}"), "database.kind", "profile-conflict", "target aws only"),
    (cluster("database: {kind: external}"), "database.external", "profile-missing", "host"),
    (cluster("database: {aurora: {minAcu: 4, maxAcu: 2}}"),
     "database.aurora.minAcu", "profile-range", "at most 2"),
    (cluster("database: {internal: {instances: 3}}"),
     "database.internal.instances", "profile-conflict", "footprint full"),
    (cluster("secrets: {store: secrets-manager}"), "secrets.store", "profile-conflict", "target aws only"),
    (cluster("backup: {enabled: true, destination: s3}"),
     "backup.destination", "profile-missing", "backup.bucket"),
    (cluster("observability: {logs: {backend: cloudwatch}}"),
     "observability.logs.backend", "profile-conflict", "loki"),
    (cluster("observability: {receivers: [{name: a, kind: slack}]}"),
     "observability.receivers[0]", "profile-missing", "`secret`"),
    (cluster("observability: {receivers: [{name: a, kind: email, to: [a@b.com]}]}"),
     "observability.receivers[0]", "profile-missing", "`smarthost`"),
 
       (cluster("observability:\n  receivers:\n  - {name: a, kind: webhook, secret: x}\n"
             "  - {name: a, kind: slack, secret: y}"),
     "observability.receivers[1].name", "profile-duplicate", ""),
    (aws("zones: 3, zoneNames: [eu-central-1a, eu-central-1b]"),
     "target.aws.zoneNames", "profile-conflict", "3"),
    (aws("zones: 2, zoneNames: [eu-central-1a, us-east-1b]"),
     "target.aws.zoneNames[1]", "profile-conflict", "eu-central-1"),
    (aws("publicAccessCidrs: [203.0.113.0/24, 0.0.0.0/0]"),
     "target.aws.publicAccessCidrs[1]", "profile-range", "whole internet"),
    (aws("publicAccessCidrs: ['::/0']"),
     "target.aws.publicAccessCidrs[0]", "profile-range", "whole internet"),
    (aws("vpc: {cidr: 10.0.0.0/24}"), "target.aws.vpc.cidr", "profile-range", "/16 and /20"),
    (aws("adopt: {vpcId: vpc-0123}"), "target.aws.adopt.vpcId", "profile-missing", "privateSubnets"),
    (aws("loadBalancer: alb"), "target.aws.loadBalancer", "profile-missing", "certificateArn"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "path", "code", "says"), CONTRADICTIONS, ids=[c[0][-50:] for c in CONTRADICTIONS])
def test_a_contradiction(source: str, path: str, code: str, says: str) -> None:
    (finding,) = findings_of(source)
    assert (finding.where.path, finding.code) == (path, code)
    assert finding.where.line is not None
    assert says in f"{finding.summary} {finding.hint}"


FINE = [
    cluster("access: {domain: a.com, chat: chat.b.org, hostsOutsideDomain: true}"),
    cluster("access: {domain: a.com, chat: a.com}"),
    cluster("admin: {email: a@a.com}\naccess: {domain: a.com, tls: {issuer: letsencrypt-production}}"),
    cluster("tiers: {premium: {gpu: {count: 2}}}\ntenants: [{name: a, tier: premium}]"),
    cluster(DOMAIN + "tenants: [{name: chat}]"),  # with tenants, chat.<domain> is free
    cluster(DOMAIN + "observability: {enabled: false}\ntenants: [{name: monitor}]"),
    cluster("database: {kind: external, external: {host: db}}"),
    cluster("database: {internal: {instances: 3}}\nfootprint: full"),
    cluster("backup: {enabled: true, destination: s3, bucket: my-backups}"),
    CLUSTER,
    aws("", "database: {kind: aurora}\nobservability: {logs: {backend: cloudwatch}}\ntiers: {premium: {}}"),
    aws("", "backup: {enabled: true, destination: s3}\nsecrets: {store: secrets-manager}"),
    "target: {kind: sandbox}\ntiers: {premium: {}}",
    "target: {kind: cluster, k3s: {host: h}, aws: {region: eu-central-1, loadBalancer: alb}}",
]


@pytest.mark.parametrize("source", FINE, ids=[source[-50:] for source in FINE])
def test_what_is_fine(source: str) -> None:
    assert findings_of(source) == ()


def test_contradictions_are_found_beside_wrong_values() -> None:
    source = (
        CLUSTER
        + """\
footprint: fat
models: [a]
tiers: {standard: {spotShare: 3, min: 9}}
database: {kind: aurora}
tenants:
  - {name: x, tier: premium, replicas: many}
  - {nme: y}
  - {name: z, models: [b]}
  - {name: x}
"""
    )
    found = [(finding.where.line, finding.where.path) for finding in findings_of(source)]
    assert found == [
        (3, "footprint"),
        (5, "tiers.standard.spotShare"),
        (5, "tiers.standard.min"),
        (6, "database.kind"),
        (8, "tenants[0].replicas"),
        (8, "tenants[0].tier"),
        (9, "tenants[1].name"),
        (9, "tenants[1].nme"),
        (10, "tenants[2].models[0]"),
        (11, "tenants[3].name"),
    ]


@pytest.mark.parametrize(
    ("source", "paths"),
    [
        # A mistyped tier: that tenants refer to it is no second mistake.
        (cluster("tiers: {premum: {}}\ntenants: [{name: a, tier: premium}]"), ["tiers.premum"]),
        (cluster("models: [{nam: qwen3}]\ntenants: [{name: a, models: [qwen3]}]"),
         ["models[0].name", "models[0].nam"]),
        ("target: {kind: awss}\ndatabase: {kind: aurora}", ["target.kind"]),
        ("target: {knd: aws}\ndatabase: {kind: aurora}", ["target.kind", "target.knd"]),
        (cluster("access: {domain: A.com, chat: chat.a.com}"), ["access.domain"]),
        (cluster("access: {domain: a.com, tls: {issuer: letsencrypt-staging, mail: a@a.com}}"),
         ["access.tls.mail"]),
        ("target: {kind: k3s, k3: {host: h}}", ["target.k3"]),
        ("target: {kind: k3s, k3s: {hst: h}}", ["target.k3s.host", "target.k3s.hst"]),
        (cluster("tiers: {premium: {gpus: {}}}"), ["tiers.premium.gpus"]),
        (cluster("tiers: {standard: {min: 7, max: ten}}"), ["tiers.standard.max"]),
    ],
)  # fmt: skip
def test_what_only_follows_from_a_mistake_is_not_said(source: str, paths: list[str]) -> None:
    assert [finding.where.path for finding in findings_of(source)] == paths
