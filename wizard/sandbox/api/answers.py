"""Answers: bytes, headers and status codes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from wizard.sandbox.api.render import dump
from wizard.sandbox.api.request import Call, Form
from wizard.sandbox.status import StatusError

Obj = dict[str, Any]
PAGE = "404 page"


def no_page() -> StatusError:
    """Of a path that nobody serves."""
    return StatusError(404, PAGE, "404 page not found")


def warning_headers(call: Call) -> dict[str, str]:
    """The warnings of a call as headers."""
    if not call.warnings:
        return {}
    # One header for all of them: aiohttp's plain dict has no room for a second of the same name.
    told = (each.replace("\\", "\\\\").replace('"', '\\"') for each in dict.fromkeys(call.warnings))
    return {"Warning": ", ".join(f'299 - "{each}"' for each in told)}


def json_answer(value: Obj, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """An object as JSON."""
    return web.Response(
        body=dump(value), status=status, headers={**(headers or {}), "Content-Type": "application/json"}
    )


def body_answer(
    body: bytes, form: Form, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """JSON that is already written, or the same as YAML."""
    kind = "application/json"
    if form.yaml:
        import yaml

        body, kind = yaml.safe_dump(json.loads(body)).encode(), "application/yaml"
    return web.Response(body=body, status=status, headers={**(headers or {}), "Content-Type": kind})


async def text_stream(request: web.BaseRequest) -> web.StreamResponse:
    """The beginning of an answer that goes on in lines."""
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    await response.prepare(request)
    return response


def failed(problem: StatusError, call: Call) -> web.Response:
    """A refusal as its Status."""
    headers = warning_headers(call)
    retry = (problem.details or {}).get("retryAfterSeconds")
    if problem.code == 429 or retry:
        headers["Retry-After"] = str(retry or 1)
    if problem.reason == PAGE:
        # Unknown paths are answered by the HTTP server itself, in text.
        return web.Response(status=404, text="404 page not found\n", headers=headers)
    return json_answer(problem.body(), status=problem.code, headers=headers)
