"""A bare HTTPS client: the contract is about what is on the wire, so nothing may stand in between."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml


class Answer:
    """One response."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status, self.headers, self.raw = status, headers, body

    @property
    def body(self) -> Any:
        try:
            return json.loads(self.raw)
        except ValueError:
            return self.raw.decode(errors="replace")


class Client:
    """One cluster, by its kubeconfig."""

    def __init__(self, kubeconfig: Path) -> None:
        told = yaml.safe_load(kubeconfig.read_text())
        cluster, user = told["clusters"][0]["cluster"], told["users"][0]["user"]
        self._url = urlsplit(cluster["server"])
        self._token: str = user.get("token", "")
        self._tls = ssl.create_default_context()
        self._tls.check_hostname = False
        if "certificate-authority-data" in cluster:
            self._tls.load_verify_locations(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
        else:
            self._tls.load_verify_locations(cluster["certificate-authority"])
        if "client-certificate-data" in user:
            with tempfile.NamedTemporaryFile() as file:
                file.write(base64.b64decode(user["client-certificate-data"]))
                file.write(base64.b64decode(user["client-key-data"]))
                file.flush()
                self._tls.load_cert_chain(file.name)
        self._connection: http.client.HTTPSConnection | None = None

    def _connect(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(self._url.hostname or "", self._url.port, context=self._tls, timeout=30)

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {self._token}", "User-Agent": "contract/1", **(headers or {})}
        if data is not None:
            sent["Content-Type"] = content
        for attempt in (1, 2):
            if self._connection is None:
                self._connection = self._connect()
            try:
                self._connection.request(method, path, data, sent)
                answer = self._connection.getresponse()
                found: dict[str, str] = {}
                for name, value in answer.getheaders():
                    found[name] = f"{found[name]}, {value}" if name in found else value
                return Answer(answer.status, found, answer.read())
            except (http.client.HTTPException, ConnectionError):
                # The server closed an idle connection: once more on a new one.
                self._connection = None
                if attempt == 2:
                    raise
        raise AssertionError

    def watch(self, path: str, headers: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
        """Events until the server ends the watch."""
        connection = self._connect()
        sent = {"Authorization": f"Bearer {self._token}", **(headers or {})}
        connection.request("GET", path, headers=sent)
        answer = connection.getresponse()
        try:
            while line := answer.readline():
                yield json.loads(line)
        finally:
            connection.close()
