"""A bare client of the API server over http.client: enough for the rig, too little for anything else."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Object = dict[str, Any]
"""A Kubernetes object, or an answer, as JSON."""


@dataclass(frozen=True, slots=True)
class Api:
    """One server and one identity. Every call opens its own connection, so threads may share it."""

    host: str
    port: int
    ca: Path
    token: str

    def raw(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | bytes | None = None,
        content_type: str = "application/json",
        timeout: float = 30.0,
    ) -> tuple[int, bytes]:
        """Status and body as they came; OSError when the server cannot be reached."""
        connection = self._connect(timeout)
        try:
            payload = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
            connection.request(method, path, payload, self._headers(content_type))
            response = connection.getresponse()
            return response.status, response.read()
        except http.client.HTTPException as error:
            # A server that goes away in mid-answer; callers that poll want one kind of failure.
            raise ConnectionError(f"{method} {path}: {error!r}") from error
        finally:
            connection.close()

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | bytes | None = None,
        content_type: str = "application/json",
        timeout: float = 30.0,
    ) -> tuple[int, Object]:
        """Status and JSON; what is not a JSON object comes as ``{"text": ...}``."""
        status, data = self.raw(method, path, body, content_type, timeout)
        try:
            parsed = json.loads(data)
        except ValueError:
            parsed = None
        return status, parsed if isinstance(parsed, dict) else {"text": data.decode(errors="replace")}

    def watch(self, path: str, resource_version: str, timeout: float) -> Iterator[tuple[str, Object]]:
        """Events after a version until the server or the timeout (seconds without any event) ends it."""
        connection = self._connect(timeout)
        try:
            query = f"watch=1&allowWatchBookmarks=true&resourceVersion={resource_version}"
            connection.request("GET", f"{path}?{query}", None, self._headers("application/json"))
            response = connection.getresponse()
            if response.status != 200:
                raise ConnectionError(f"watch {path}: status {response.status}")
            while line := response.readline():
                event = json.loads(line)
                yield event["type"], event["object"]
        except http.client.HTTPException as error:
            raise ConnectionError(f"watch {path}: {error!r}") from error
        finally:
            connection.close()

    def _headers(self, content_type: str) -> dict[str, str]:
        headers = {"Content-Type": content_type, "Accept": "application/json, */*"}
        return {**headers, "Authorization": f"Bearer {self.token}"} if self.token else headers

    def _connect(self, timeout: float) -> http.client.HTTPSConnection:
        context = ssl.create_default_context(cafile=str(self.ca))
        return http.client.HTTPSConnection(self.host, self.port, timeout=timeout, context=context)
