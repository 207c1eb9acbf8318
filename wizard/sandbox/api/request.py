"""What a request asks for: its path taken apart, its body decoded, and the form in which it wants the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from wizard.sandbox.api import protobuf
from wizard.sandbox.auth.identity import NOBODY, User
from wizard.sandbox.kinds import Resource
from wizard.sandbox.status import StatusError, bad_request

Obj = dict[str, Any]


@dataclass(slots=True)
class Call:
    """One request."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    group: str = ""
    version: str = ""
    plural: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    rest: str = ""
    """What follows the subresource: the path of a proxied request."""
    user: User = NOBODY
    warnings: list[str] = field(default_factory=list)
    """Sent as Warning headers."""

    @property
    def dry_run(self) -> bool:
        return bool(self.query.get("dryRun"))

    @property
    def manager(self) -> str:
        """fieldManager, or the program's name from its User-Agent, as the API server does it."""
        told = self.query.get("fieldManager") or self.headers.get("User-Agent", "").partition("/")[0]
        return told[:128] or "unknown"

    @property
    def content_type(self) -> str:
        return self.headers.get("Content-Type", "application/json").partition(";")[0].strip()

    def flag(self, name: str) -> bool:
        return self.query.get(name, "").lower() in ("true", "1")


def split(call: Call) -> bool:
    """Fills in the parts of `/api/v1/...` or `/apis/GROUP/VERSION/...`; False if the path is neither."""
    parts = [unquote(each) for each in call.path.split("/")[1:]]
    if parts[:2] == ["api", "v1"] and len(parts) > 2:
        call.version, parts = "v1", parts[2:]
    elif parts[:1] == ["apis"] and len(parts) > 3:
        call.group, call.version, parts = parts[1], parts[2], parts[3:]
    else:
        return False
    if not parts[-1] and len(parts) <= 2:
        parts = parts[:-1]
    if not parts:
        return False
    if parts[0] == "namespaces" and len(parts) > 2 and parts[2] not in ("status", "finalize"):
        call.namespace, parts = parts[1], parts[2:]
    call.plural = parts[0]
    call.name = parts[1] if len(parts) > 1 else ""
    call.subresource = parts[2] if len(parts) > 2 else ""
    if len(parts) > 3:
        if call.subresource != "proxy":
            return False
        # The path of a proxied request goes on as it was written: an escaped slash is not a slash.
        call.rest = call.path.split("/proxy/", 1)[1]
    return bool(call.plural)


def decode_body(call: Call, resource: Resource | None, type_name: str = "") -> Obj:
    """The body as plain data. Raises StatusError 400, or 415 for a media type nobody reads."""
    kind = call.content_type
    if kind == "application/vnd.kubernetes.protobuf":
        api_version, name, message = protobuf.type_meta(call.body)
        target = type_name or (resource.type if resource else "")
        if name == "DeleteOptions":
            target = "meta.DeleteOptions"
        if not target:
            raise StatusError(415, "UnsupportedMediaType", "custom resources have no protobuf form")
        return {"apiVersion": api_version, "kind": name, **protobuf.decode(message, target)}
    if kind in ("application/yaml", "application/apply-patch+yaml"):
        return _mapping(_yaml(call.body))
    if kind == "application/cbor":
        supported = "application/json, application/yaml, application/vnd.kubernetes.protobuf"
        raise StatusError(
            415,
            "UnsupportedMediaType",
            f"the body of the request was in an unknown format - accepted media types include: {supported}",
        )
    return _mapping(decode_json(call.body))


def decode_json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as problem:
        raise bad_request(f"unable to decode request body: {problem}") from problem


def _yaml(body: bytes) -> Any:
    if body[:1] == b"{":
        return decode_json(body)  # helm and kubectl send JSON under that name; the YAML reader is slow
    import yaml

    try:
        return yaml.load(body, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as problem:
        mark, why = getattr(problem, "problem_mark", None), getattr(problem, "problem", problem)
        raise bad_request(f"error encoding patch: yaml: line {mark.line if mark else 0}: {why}") from problem


def _mapping(value: Any) -> Obj:
    if not isinstance(value, dict):
        raise bad_request("unable to decode request body: the body is no object")
    return value


@dataclass(frozen=True, slots=True)
class Form:
    """How an answer is to look: a whole object, a table of it, or its metadata only."""

    style: str = ""
    """`Table`, `PartialObjectMetadata`, `PartialObjectMetadataList` or empty for the object itself."""
    version: str = "v1"
    yaml: bool = False


def accepted(header: str) -> Form:
    """The first form in an Accept header that there is. Raises StatusError 406."""
    if not header:
        return Form()
    for part in header.split(","):
        media, *options = [each.strip() for each in part.split(";")]
        told = dict(each.partition("=")[::2] for each in options)
        if media in ("application/json", "application/yaml", "application/*", "*/*"):
            style = told.get("as", "")
            if style and (told.get("g") != "meta.k8s.io" or told.get("v") not in ("v1", "v1beta1")):
                continue
            return Form(style, told.get("v", "v1"), media == "application/yaml")
    raise StatusError(
        406,
        "NotAcceptable",
        "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, "
        "application/vnd.kubernetes.protobuf",
        {},
    )
