"""What both Kubernetes clients share of the wire: list replies, and refusals -> our errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json

from wizard.domain.finding import Where, error
from wizard.ports import (
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    KubeError,
    KubeObject,
    NotFound,
    ServerBusy,
    Unauthenticated,
    Unreachable,
)

METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""Accept header for lists without spec and data."""


def listed(reply: KubeObject) -> KubeObject:
    """A list reply whose `items` is a list: the API server writes null for an empty metadata list."""
    reply["items"] = reply.get("items") or []
    return reply


def parsed(body: bytes, *, what: str) -> KubeObject:
    """The JSON object of a reply. Raises KubeError where it is something else: a login page, a captive portal."""
    # pydantic's parser, which the profile has loaded: two thirds of json's time, for lists of megabytes.
    try:
        reply: object = from_json(body)
    except ValueError:
        reply = None
    if isinstance(reply, dict):
        return reply
    raise no_api_server(body, what)


def no_api_server(said: bytes, what: str) -> KubeError:
    return KubeError(
        error(
            "not-an-api-server",
            f"what answered {what} is no Kubernetes API server",
            detail=f"It said: {said[:100].decode(errors='replace')!r}",
            hint="check the server's address in the kubeconfig, and proxies between here and there",
        )
    )


def not_json(said: bytes, what: str) -> KubeError:
    """A program behind the API server's proxy that does not speak as it should."""
    detail = f"It said: {said[:100].decode(errors='replace')!r}"
    return KubeError(error("not-json", f"what answered {what} did not answer in JSON", detail=detail))


def git_version(reply: KubeObject) -> str:
    """Of a reply to `/version`; `?` where it does not say."""
    return str(reply.get("gitVersion", "?"))


def unreachable(server: str, why: object) -> Unreachable:
    return Unreachable(
        error(
            "cluster-unreachable",
            f"no answer from the API server {server}",
            detail=str(why) or type(why).__name__,
            hint="check that the cluster is up, the context is right, and this host reaches it",
            where=Where(resource=server),
        )
    )


def refused(status: int, body: bytes, *, what: str, headers: Mapping[str, str]) -> KubeError:
    """The most specific error for a reply with HTTP status >= 400. `what` is `GET /api/v1/...`."""
    try:
        parsed: Any = json.loads(body)
    except ValueError:
        parsed = {}
    reply: dict[str, Any] = parsed if isinstance(parsed, dict) else {}
    message = str(reply.get("message") or body[:300].decode(errors="replace")).strip() or f"HTTP {status}"
    given = reply.get("details")
    details: dict[str, Any] = given if isinstance(given, dict) else {}
    where = Where(resource=f"{details.get('kind', '')} {details.get('name', '')}".strip() or what)
    if status == 401:
        return Unauthenticated(
            error(
                "credentials-refused",
                "the cluster refuses these credentials",
                detail=f"{what}: {message}",
                hint="they are wrong or have expired: log in again, or choose another context",
            )
        )
    if status == 403:
        hint = "ask for the missing right, or use credentials that have it"
        if "exceeded quota" in message:
            hint = "raise the namespace's ResourceQuota or lower the requests"
        elif "is being terminated" in message:
            hint = "wait until the namespace is gone, then run again"
        return Forbidden(error(_forbidden_code(message), message, detail=what, hint=hint, where=where))
    if status == 404:
        return NotFound(error("not-found", message, detail=what, where=where))
    if status == 409:
        told = details.get("causes")
        causes = [c for c in told if isinstance(c, dict)] if isinstance(told, list) else []
        return Conflict(error("conflict", message, detail=what, where=where), causes=causes)
    if status == 410 or reply.get("reason") == "Expired":
        return Gone(error("gone", message, detail=what))
    if status in (429, 500, 502, 503, 504):
        # Proxies write header names in lower case, and not every mapping of them is blind to it.
        after = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
        hint = "the API server is overloaded or restarting; run again when it is calm"
        return ServerBusy(
            error("server-busy", message, detail=f"{what}: HTTP {status}", hint=hint),
            retry_after=float(after) if after.isdigit() else None,
        )
    return Invalid(error("invalid", message, detail=f"{what}: HTTP {status}", where=where))


def _forbidden_code(message: str) -> str:
    if "exceeded quota" in message:
        return "quota-exceeded"
    if "is being terminated" in message:
        return "namespace-terminating"
    return "forbidden"
