"""The text types of a profile: each a pattern, the words that explain it to an operator, an example.

The patterns stay within what Rust's regex (pydantic), Python's `re` and ECMAScript (the JSON schema)
read alike: no look-around, no `\\w`, no `\\d`.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError


@dataclass(frozen=True, slots=True)
class Words:
    what: str
    """What the text must be, completing "must be ..."."""
    example: str


WORDS: dict[str, Words] = {}
"""Pattern -> its explanation; `explain.py` looks up here what pydantic only knows as a regex."""


def _text(pattern: str, what: str, example: str, *, max_length: int | None = None) -> Any:
    WORDS[pattern] = Words(what, example)
    return Field(pattern=pattern, max_length=max_length)


def _number_as_text(value: object) -> object:
    # `cpu: 2` is how everyone writes it; Kubernetes takes a number and a text alike.
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value


def _network(value: str) -> str:
    try:
        ip_network(value)
    except ValueError as problem:
        raise PydanticCustomError(
            "profile_format",
            "must be a network in CIDR form",
            {"hint": f"{problem}; for example 10.0.0.0/16"},
        ) from None
    return value


_LABEL = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_SEGMENT = "[A-Za-z0-9][A-Za-z0-9._-]*"

REFERENCE_PATTERN = "^[a-z](?:[a-z0-9-]*[a-z0-9])?$"

DnsLabel = Annotated[
    str,
    _text(
        f"^{_LABEL}$",
        "a DNS label: lower-case letters, digits and '-', beginning and ending with a letter or digit",
        "acme",
        max_length=63,
    ),
]
ShortName = Annotated[str, Field(pattern=f"^{_LABEL}$", max_length=40)]
SecretName = Annotated[
    str,
    _text(
        REFERENCE_PATTERN,
        "the NAME of a secret (lower-case letters, digits and '-'), never its value",
        "slack-webhook",
        max_length=63,
    ),
]
HostName = Annotated[
    str,
    _text(
        rf"^(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]*[a-z0-9])?$",
        "a full host name: lower-case labels separated by dots, with no port, scheme or final dot",
        "chat.example.com",
        max_length=253,
    ),
]
ServerAddress = Annotated[
    str,
    # No leading '-': the address ends up as an argument of SSH tools.
    _text("^[A-Za-z0-9:][A-Za-z0-9.:-]*$", "a host name or an IP address", "server.example.com", max_length=253),
]
Jump = Annotated[
    str,
    _text(
        r"^(?:[A-Za-z_][A-Za-z0-9_.-]*@)?[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]{1,5})?$",
        "a jump host as [user@]host[:port]",
        "ops@bastion.example.com:2222",
    ),
]
UserName = Annotated[str, _text("^[A-Za-z_][A-Za-z0-9_.-]*$", "a user name", "ubuntu", max_length=64)]
HostKey = Annotated[
    str,
    _text(
        "^(?:SHA256:[A-Za-z0-9+/]{43}=?|(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)) [A-Za-z0-9+/=]+)$",
        "an SSH host key: its fingerprint SHA256:..., or the key type and the base64 key",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI...",
    ),
]
Email = Annotated[
    str,
    _text(
        r"^[A-Za-z0-9._%+'-]+@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]+$",
        "an e-mail address",
        "operator@example.com",
        max_length=254,
    ),
]
Size = Annotated[
    str,
    _text(
        r"^[1-9][0-9]*(?:\.[0-9]+)?(?:Ki|Mi|Gi|Ti|k|M|G|T)$",
        "a size as Kubernetes writes it: a number with Ki, Mi, Gi or Ti (or k, M, G, T)",
        "5Gi",
    ),
]
Cpu = Annotated[
    str,
    BeforeValidator(_number_as_text, json_schema_input_type=str | float),
    _text(
        r"^(?:[0-9]+(?:\.[0-9]{1,3})?|[1-9][0-9]*m)$",
        "processors as Kubernetes writes them: cores, or thousandths of a core with m",
        "500m",
    ),
]
Duration = Annotated[
    str,
    _text(
        "^(?:[1-9][0-9]*[smhdwy])+$",
        "a duration: a number with s, m, h, d, w or y",
        "15d",
    ),
]
KeepAlive = Annotated[
    str,
    _text("^(?:forever|0s|(?:[1-9][0-9]*[smh])+)$", "a duration with s, m or h, or `forever`", "5m"),
]
ModelName = Annotated[
    str,
    _text(
        f"^(?:(?:{_SEGMENT}(?::[0-9]+)?/)?{_SEGMENT}/)?{_SEGMENT}(?::{_SEGMENT})?$",
        "a model name as Ollama writes it: [registry/][namespace/]name[:tag]",
        "qwen3:0.6b",
        max_length=200,
    ),
]
Cidr = Annotated[
    str,
    _text("^[0-9a-fA-F.:]+/[0-9]{1,3}$", "a network in CIDR form", "10.0.0.0/16"),
    AfterValidator(_network),
]
Cron = Annotated[
    str,
    _text(r"^[0-9*/,-]+(?: [0-9A-Za-z*/,-]+){4}$", "a cron schedule of five fields, in UTC", "0 3 * * *"),
]
PostgresName = Annotated[
    str,
    _text(
        "^[a-z_][a-z0-9_]*$",
        "a PostgreSQL identifier: lower-case letters, digits and '_'",
        "openwebui",
        max_length=63,
    ),
]
Region = Annotated[str, _text("^[a-z]{2}(?:-[a-z]+)+-[0-9]$", "an AWS region", "eu-central-1")]
Zone = Annotated[str, _text("^[a-z]{2}(?:-[a-z]+)+-[0-9][a-z]$", "an availability zone", "eu-central-1a")]
InstanceType = Annotated[
    str,
    _text("^[a-z][a-z0-9-]*[.](?:[a-z0-9]+|metal-[a-z0-9]+)$", "an EC2 instance type", "m5.2xlarge"),
]
EksVersion = Annotated[str, _text("^1[.][0-9]{2}$", "a Kubernetes minor version, in quotes", '"1.35"')]
AccountId = Annotated[str, _text("^[0-9]{12}$", "an AWS account id of 12 digits, in quotes", '"123456789012"')]
Arn = Annotated[str, _text("^arn:aws[a-z-]*:[^ ]+$", "an ARN", "arn:aws:iam::123456789012:role/deployer")]
