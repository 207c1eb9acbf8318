"""How Ollama writes things: models as JSON, streams of JSON lines, and its two kinds of log lines."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from wizard.sandbox.clock import micro_stamp
from wizard.sandbox.controllers.programs import models
from wizard.sandbox.controllers.programs.base import Response
from wizard.sandbox.controllers.shapes import Obj
from wizard.sandbox.controllers.world import Model


def listed(model: Model) -> Obj:
    details = models.Details(model.name, model.size)
    return {
        "name": model.name,
        "model": model.name,
        "modified_at": micro_stamp(model.pulled),
        "size": int(model.size),
        "digest": details.digest,
        "details": {
            "parent_model": "",
            "format": "gguf",
            "family": details.family,
            "families": [details.family],
            "parameter_size": details.parameters,
            "quantization_level": "Q4_K_M",
        },
    }


def shown(model: Model) -> Obj:
    found = listed(model)
    return {
        "modelfile": f"FROM {model.name}",
        "parameters": "",
        "template": "{{ .Prompt }}",
        "details": found["details"],
        "model_info": {"general.architecture": found["details"]["family"]},
        "capabilities": ["embedding" if "embed" in model.name else "completion"],
    }


def stream(steps: list[Obj]) -> Response:
    text = "".join(json.dumps(step, separators=(",", ":")) + "\n" for step in steps)
    return Response(200, text.encode(), "application/x-ndjson")


def tag(image: str) -> str:
    tag = image.rpartition("/")[2].partition("@")[0].partition(":")[2]
    return tag if tag[:1].isdigit() else ""


def info(when: float, where: str, text: str) -> str:
    stamp = f"{datetime.fromtimestamp(when, UTC):%Y-%m-%dT%H:%M:%S}.{int(when * 1000) % 1000:03d}Z"
    return f"time={stamp} level=INFO source={where} {text}"


def gin(when: float, status: int, took: str, client: str, method: str, path: str) -> str:
    stamp = f"{datetime.fromtimestamp(when, UTC):%Y/%m/%d - %H:%M:%S}"
    return f'[GIN] {stamp} | {status} | {took:>13} | {client:>15} | {method:<8} "{path}"'
