"""Wrong values are explained in the operator's words, at the right line, all at once."""

from __future__ import annotations

import pytest

from wizard.domain.finding import Finding, UsageError
from wizard.domain.profile import check_data, parse_profile, profile_from_data

HEAD = "name: chat\ntarget: {kind: cluster}\n"


def findings_of(source: str) -> tuple[Finding, ...]:
    with pytest.raises(UsageError) as caught:
        parse_profile(source, file="p.yaml")
    return caught.value.findings


CASES = [
    # source after HEAD (which is two lines), code, line, path, in the summary, in detail and hint
    ("acess: {}", "profile-unknown-key", 3, "acess", "unknown key", "did you mean `access`?"),
    ("domain: x", "profile-unknown-key", 3, "domain", "unknown key", "did you mean `access.domain`?"),
    ("xyzzy: 1", "profile-unknown-key", 3, "xyzzy", "unknown key", "allowed here: name, target,"),
    ("access:\n  ingress_class: x", "profile-unknown-key", 4, "access.ingress_class", "", "`ingressClass`"),
    ("a.b: 1", "profile-unknown-key", 3, "a\\.b", "unknown key", ""),
    ("components: {openwebui: {}}", "profile-unknown-key", 3, "components.openwebui", "", "`open-webui`"),
    ("tenants:\n- tier: standard", "profile-missing", 4, "tenants[0].name", "is missing", "namespace"),
    ("observability:\n  receivers:\n  - name: a", "profile-missing", 5,
     "observability.receivers[0].kind", "", ""),
    ("footprint: fat", "profile-choice", 3, "footprint", "must be one of: lean, full (got 'fat')", ""),
    ("footprint: leen", "profile-choice", 3, "footprint", "(got 'leen')", "did you mean 'lean'?"),
    ("footprint: no", "profile-choice", 3, "footprint", "(got no)", ""),
    ("tiers:\n  standard:\n    max: 0", "profile-range", 5,
     "tiers.standard.max", "from 1 to 450 (got 0)", ""),
    ("tiers: {standard: {spotShare: 70}}", "profile-range", 3, "tiers.standard.spotShare", "from 0 to 1", ""),
    ("tiers: {standard: {min: two}}", "profile-type", 3,
     "tiers.standard.min", "whole number (got 'two')", ""),
    ("tiers: {standard: {min: 1.5}}", "profile-type", 3, "tiers.standard.min", "whole number (got 1.5)", ""),
    ("tiers: {standard: {min: '2'}}", "profile-type", 3, "tiers.standard.min", "(got '2')", ""),
    ("tiers: {standard: {min: true}}", "profile-type", 3, "tiers.standard.min", "(got true)", ""),
    ("tiers: {standard: {instanceTypes: m5.large}}", "profile-type", 3,
     "tiers.standard.instanceTypes", "a list", "[m5.large]"),
    ("tiers: {standard: {instanceTypes: []}}", "profile-range", 3,
     "tiers.standard.instanceTypes", "not be empty", ""),
    ("tiers: {standard: {instanceTypes: [m5large]}}", "profile-format", 3,
     "tiers.standard.instanceTypes[0]", "EC2", "m5.2xlarge"),
    ("tiers: [standard]", "profile-type", 3, "tiers", "must be a mapping", "its keys: standard, premium"),
    ("database: {aurora: {maxAcu: 1.3}}", "profile-range", 3,
     "database.aurora.maxAcu", "multiple of 0.5", ""),
    ("database: {internal: {version: 17}}", "profile-choice", 3,
     "database.internal.version", "16, 17, 18", ""),
    ("target2: x", "profile-unknown-key", 3, "target2", "", "did you mean `target`?"),
    ("access: {ingress: maybe}", "profile-type", 3, "access.ingress", "true or false (got 'maybe')", ""),
    ("access: {domain: 10.0.0.1}", "profile-format", 3,
     "access.domain", "a full host name", "chat.example.com"),
    ("access: {domain: localhost}", "profile-format", 3, "access.domain", "a full host name", ""),
    ("access: {domain: 'https://Example.com/'}", "profile-format", 3,
     "access.domain", "", "did you mean 'example.com'?"),
    ("access:\n  domain:\n    no.such: x", "profile-type", 5, "access.domain", "(got a mapping)", ""),
    ("namespace: Chat_Room", "profile-format", 3, "namespace", "a DNS label", "did you mean 'chat-room'?"),
    ("namespace: " + "a" * 64, "profile-range", 3, "namespace", "at most 63 characters (got 64)", ""),
    ("admin: {email: me}", "profile-format", 3, "admin.email", "an e-mail address (got 'me')", ""),
    ("admin: {name: no}", "profile-type", 3, "admin.name", "must be text (got no)", 'quote it: "no"'),
    ("chat: {title: 2026}", "profile-type", 3, "chat.title", "must be text (got 2026)", 'quote it: "2026"'),
    ("storage: {models: 5GB}", "profile-format", 3, "storage.models", "a size", "did you mean '5Gi'?"),
    ("storage: {models: 5}", "profile-type", 3, "storage.models", "a size", "for example 5Gi"),
    ("storage: {models: 0Gi}", "profile-format", 3, "storage.models", "a size", ""),
    ("observability: {metrics: {retention: 15 days}}", "profile-format", 3,
     "observability.metrics.retention", "a duration", "'15d'"),
    ("observability: {metrics: {retention: 1 month}}", "profile-format", 3,
     "observability.metrics.retention", "a duration", "for example 15d"),
    ("models: qwen3", "profile-type", 3, "models", "must be a list", "[qwen3]"),
    ("models:\n- qwen3\n- a b", "profile-format", 5, "models[1]", "a model name", "'a-b'"),
    ("models: ['-x']", "profile-format", 3, "models[0]", "a model name", ""),
    ("models: [{name: x, tier: standard}]", "profile-unknown-key", 3, "models[0].tier", "", "`tiers`"),
    ("models: [{tiers: [gpu]}, x]", "profile-missing", 3, "models[0].name", "", ""),
    ("models:\n- x\n-\n", "profile-type", 5, "models[1]", "(got nothing)", ""),
    ("backup: {schedule: daily}", "profile-format", 3, "backup.schedule", "cron", ""),
    ("images: {registry: 'https://mirror'}", "profile-format", 3, "images.registry", "wrong form", "Mirror"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "code", "line", "path", "summary", "more"), CASES, ids=[case[0][:40] for case in CASES]
)
def test_a_wrong_value(source: str, code: str, line: int, path: str, summary: str, more: str) -> None:
    finding = findings_of(HEAD + source)[0]
    assert (finding.code, finding.where.line, finding.where.path) == (code, line, path)
    assert finding.where.file == "p.yaml"
    assert finding.summary.startswith(f"{path}: ")
    assert summary in finding.summary
    assert more in f"{finding.detail} {finding.hint}"


TARGETS = [
    ("kind: k3\n", "target.kind", "did you mean 'k3s'?"),
    ("kind: k3s\n", "target.k3s", "at least `host`"),
    ("kind: aws\n", "target.aws", "at least `region`"),
    ("{}\n", "target.kind", "Kind of target"),
    ("kind: k3s\n  k3s: {user: root}\n", "target.k3s.host", "Address"),
    ("kind: k3s\n  k3s: {host: -oProxyCommand=x}\n", "target.k3s.host", "server.example.com"),
    ("kind: k3s\n  k3s: {host: h, port: 70000}\n", "target.k3s.port", ""),
    ("kind: k3s\n  k3s: {host: h, hostKey: abc}\n", "target.k3s.hostKey", "ssh-ed25519"),
    ("kind: aws\n  aws: {region: Frankfurt}\n", "target.aws.region", "eu-central-1"),
    ("kind: aws\n  aws: {region: eu-central-1, zones: 5}\n", "target.aws.zones", ""),
    (
        "kind: aws\n  aws: {region: eu-central-1, eksVersion: 1.35}\n",
        "target.aws.eksVersion",
        'quote it: "1.35"',
    ),
    ("kind: aws\n  aws: {region: eu-central-1, account: 012345678901}\n", "", ""),
    (
        "kind: aws\n  aws: {region: eu-central-1, vpc: {cidr: 300.0.0.0/16}}\n",
        "target.aws.vpc.cidr",
        "10.0.0.0/16",
    ),
    (
        "kind: aws\n  aws: {region: eu-central-1, vpc: {cidr: 10.0.0.1/16}}\n",
        "target.aws.vpc.cidr",
        "host bits",
    ),
]


@pytest.mark.parametrize(("source", "path", "more"), TARGETS, ids=[case[0][:50] for case in TARGETS])
def test_a_wrong_target(source: str, path: str, more: str) -> None:
    text = f"name: x\ntarget:\n  {source}"
    if not path:  # an account id with a leading zero is text in YAML 1.2, and right as it stands
        parse_profile(text, file="p.yaml")
        return
    (finding,) = findings_of(text)
    assert finding.where.path == path
    assert more in f"{finding.detail} {finding.hint}"


def test_everything_at_once_in_the_order_of_the_file() -> None:
    source = "name: Chat\ntarget: {kind: k3}\nmodels: [qwen3, qwen3:latest]\nfootprint: x\nbogus: 1\n"
    source += "tenants: [{name: a, tier: premium}]\n"
    found = [(finding.where.line, finding.where.path) for finding in findings_of(source)]
    assert found == [
        (1, "name"),
        (2, "target.kind"),
        (3, "models[1]"),
        (4, "footprint"),
        (5, "bogus"),
        (6, "tenants[0].tier"),
    ]


def test_an_empty_profile_says_what_it_needs() -> None:
    found = findings_of("# nothing yet\n")
    assert [finding.where.path for finding in found] == ["name", "target"]
    assert {finding.code for finding in found} == {"profile-missing"}


def test_an_empty_key_is_one_that_is_not_set() -> None:
    profile = parse_profile(HEAD + "tenants:\n#  - name: acme\naccess:\n  domain:\nstorage:\n", file="p.yaml")
    assert (profile.tenants, profile.access.domain, profile.storage.models) == ((), None, "20Gi")


@pytest.mark.parametrize(
    "value", ["https://hooks.slack.com/services/T0/B0/s3cr3t", "s3cr3t!", "{s3cr3t: 1}", "[s3cr3t]"]
)
def test_a_secret_pasted_in_place_of_its_name_is_not_repeated(value: str) -> None:
    source = f"{HEAD}observability: {{receivers: [{{name: a, kind: slack, secret: '{value}'}}]}}"
    for text in (source, source.replace("'", "")):
        for finding in findings_of(text):
            assert "s3cr3t" not in str(finding.as_dict())


def test_control_characters_in_values_are_shown_escaped() -> None:
    (finding,) = findings_of(HEAD + r'footprint: "\e[31m\u202e"')
    assert finding.summary.isprintable()
    assert r"\x1b[31m" in finding.summary


@pytest.mark.parametrize(
    "source",
    [
        r'"\e[31m": 1',
        r'{"a\e": 1, "a\e": 2}',
        r'models: "\u202ex"',
        'models: "' + "x" * 5000 + '"',
        '"' + "k" * 5000 + '": 1',
        'tiers: {standard: {nodeSelector: {"\\e]0;x": 1}}}',
    ],
)
def test_no_key_or_value_reaches_the_terminal_raw(source: str) -> None:
    text = HEAD + source if not source.startswith("{") else source
    for finding in findings_of(text):
        for said in (finding.summary, finding.detail, finding.hint, str(finding.where)):
            assert said.isprintable()
            assert len(said) < 1000


def test_long_values_are_cut() -> None:
    (finding,) = findings_of(HEAD + "footprint: " + "x" * 10_000)
    assert len(finding.summary) < 200


def test_findings_are_bounded() -> None:
    found = findings_of(HEAD + "\n".join(f"k{number}: 1" for number in range(2000)))
    assert len(found) == 501
    assert found[-1].summary == "1500 more findings are not shown"


def test_plain_data_gives_findings_without_lines() -> None:
    draft = {"name": "chat", "target": {"kind": "k3"}, "models": ("qwen3", {"name": "x", "tiers": ("gpu",)})}
    found = check_data(draft)
    assert [(finding.where.path, finding.where.line, finding.where.file) for finding in found] == [
        ("target.kind", None, None),
        ("models[1].tiers[0]", None, None),
    ]
    with pytest.raises(UsageError):
        profile_from_data(draft)
    assert check_data({"name": "chat", "target": {"kind": "cluster"}}) == ()
