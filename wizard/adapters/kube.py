"""The Kubernetes API through kubernetes.aio: its kubeconfig, authentication and connection pool.

Objects stay plain JSON: the generated models would cost more time than the requests, and drop the
fields that they do not know.
"""

from __future__ import annotations

import asyncio
import builtins
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import yaml
from kubernetes.aio import client as vendor
from kubernetes.aio import config as vendor_config
from kubernetes.aio.config.config_exception import ConfigException

from wizard.adapters.kube_wire import METADATA_LIST, git_version, listed, parsed, refused, unreachable
from wizard.domain.finding import PreflightError, error
from wizard.domain.text import plain
from wizard.ports import KubeObject, Resource, WatchEvent

_TIMEOUT = 30.0
"""Seconds for one request that is not a watch."""
_WATCH_SECONDS = 290
"""After this the server ends a watch: below the five minutes at which common proxies cut it."""
_BODY_LIMIT = 2**20
_LINE = 2000
"""Characters of a log line that a finding quotes."""

_BAD_CONFIG = (ConfigException, yaml.YAMLError, OSError, ValueError, KeyError, TypeError, AttributeError, IndexError)
"""What the vendor's loader raises on a file that is no kubeconfig; it checks little before it reads on."""


class KubeAdapter:
    """Implements ports.Kube. Connects on the first request; one instance per event loop."""

    def __init__(self, *, kubeconfig: Path | None, context: str | None) -> None:
        self._kubeconfig, self._context = kubeconfig, context
        self._client: Any = None
        self._connecting = asyncio.Lock()

    async def get(self, resource: Resource, namespace: str, name: str) -> KubeObject:
        return await self._json("GET", resource.path(namespace, name))

    async def list(
        self, resource: Resource, namespace: str = "", *, labels: str = "", metadata_only: bool = False
    ) -> KubeObject:
        query = {"labelSelector": labels} if labels else {}
        accept = METADATA_LIST if metadata_only else "application/json"
        return listed(await self._json("GET", resource.path(namespace), query=query, accept=accept))

    async def version(self) -> str:
        return git_version(await self._json("GET", "/version"))

    async def create(self, resource: Resource, obj: KubeObject, namespace: str = "") -> KubeObject:
        return await self._json("POST", resource.path(namespace), body=obj)

    async def replace(self, resource: Resource, obj: KubeObject) -> KubeObject:
        meta = obj["metadata"]
        return await self._json("PUT", resource.path(meta.get("namespace", ""), meta["name"]), body=obj)

    async def apply(
        self,
        resource: Resource,
        obj: KubeObject,
        *,
        manager: str = "wizard",
        force: bool = False,
        dry_run: bool = False,
    ) -> KubeObject:
        meta = obj["metadata"]
        query = {"fieldManager": manager, "force": str(force).lower()}
        if dry_run:
            query["dryRun"] = "All"
        path = resource.path(meta.get("namespace", ""), meta["name"])
        return await self._json("PATCH", path, query=query, body=obj, content="application/apply-patch+yaml")

    async def delete(self, resource: Resource, namespace: str, name: str) -> None:
        await self._json("DELETE", resource.path(namespace, name), body={"propagationPolicy": "Background"})

    async def watch(self, resource: Resource, namespace: str, *, resource_version: str) -> AsyncIterator[WatchEvent]:
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(_WATCH_SECONDS),
        }
        path = resource.path(namespace)
        response = await self._request("GET", path, query=query, timeout=_WATCH_SECONDS + 30)
        try:
            async for line in response.content:
                event = parsed(line, what=f"WATCH {path}")
                obj = event.get("object")
                if not isinstance(obj, dict) or not isinstance(event.get("type"), str):
                    raise ValueError("what came from the watch is no event")
                if event["type"] == "ERROR":
                    code = obj.get("code") or 500
                    raise refused(code, json.dumps(obj).encode(), what=f"WATCH {path}", headers={})
                obj.setdefault("kind", resource.kind)
                yield WatchEvent(event["type"], obj)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as problem:
            raise unreachable(self._server, problem) from problem
        finally:
            response.close()

    async def logs(
        self, namespace: str, pod: str, *, container: str = "", tail: int = 20, previous: bool = False
    ) -> builtins.list[str]:
        query = {"tailLines": str(tail)}
        if container:
            query["container"] = container
        if previous:
            query["previous"] = "true"
        response = await self._request("GET", f"/api/v1/namespaces/{namespace}/pods/{pod}/log", query=query)
        body = await self._read(response)
        # Progress bars overwrite their line: what stands last in it is what a reader would have seen.
        lines = [line.rstrip("\r").rpartition("\r")[2] for line in body.decode(errors="replace").split("\n")]
        return [clean for line in lines if (clean := plain(line, _LINE).strip())]

    async def service_get(self, namespace: str, service: str, port: str, path: str) -> tuple[int, bytes]:
        proxied = f"/api/v1/namespaces/{namespace}/services/{service}:{port}/proxy{path}"
        response = await self._request("GET", proxied, raw=True, accept="*/*", timeout=10.0)
        return response.status, await self._read(response)

    async def body(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: KubeObject | None = None,
        accept: str = "application/json",
        timeout: float = _TIMEOUT,
        limit: int | None = _BODY_LIMIT,
    ) -> bytes:
        """Of an answer below 400. Raises KubeError."""
        response = await self._request(method, path, query=query, body=body, accept=accept, timeout=timeout)
        return await self._read(response, limit)

    async def pieces(self, path: str, *, query: Mapping[str, str], accept: str, quiet: float) -> AsyncIterator[bytes]:
        """What arrives of a GET that goes on; first an empty piece, which says that it is open. It ends when
        nothing has come for `quiet` seconds."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_TIMEOUT, sock_read=quiet)
        response = await self._request("GET", path, query=query, accept=accept, timeout=timeout)
        try:
            yield b""
            async for piece in response.content.iter_any():
                yield piece
        except TimeoutError:
            return
        except (aiohttp.ClientError, OSError) as problem:
            raise unreachable(self._server, problem) from problem
        finally:
            response.close()

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None

    @property
    def _server(self) -> str:
        return str(self._client.configuration.host) if self._client else ""

    async def _json(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: KubeObject | None = None,
        accept: str = "application/json",
        content: str = "application/json",
    ) -> KubeObject:
        response = await self._request(method, path, query=query, body=body, accept=accept, content=content)
        return parsed(await self._read(response, limit=None), what=f"{method} {path}")

    async def _request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: KubeObject | None = None,
        accept: str = "application/json",
        content: str = "application/json",
        raw: bool = False,
        timeout: float | aiohttp.ClientTimeout = _TIMEOUT,
    ) -> aiohttp.ClientResponse:
        """`raw` gives replies of any status back: those of a proxied program are not the API server's."""
        client = await self._connected()
        headers = {"Accept": accept, "Content-Type": content, "User-Agent": "wizard"}
        # The loader's hook refreshes a token that has expired (exec plugins, OIDC) before each request.
        await client.update_params_for_auth(headers, [], ["BearerToken"], path, method, None)
        url = f"{client.configuration.host}{quote(path, safe='/:?=&%')}" + (f"?{urlencode(query)}" if query else "")
        if not isinstance(timeout, aiohttp.ClientTimeout):
            timeout = aiohttp.ClientTimeout(total=timeout)
        try:
            reply = await client.rest_client.request(method, url, headers=headers, body=body, _request_timeout=timeout)
            response: aiohttp.ClientResponse = reply.response
            if response.status >= 400 and not raw:
                what = f"{method} {path}"
                failed = refused(response.status, await response.read(), what=what, headers=response.headers)
                raise failed
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            raise unreachable(self._server, problem) from problem
        return response

    async def _read(self, response: aiohttp.ClientResponse, limit: int | None = _BODY_LIMIT) -> bytes:
        try:
            if limit is None:
                return await response.read()
            body = bytearray()
            # One read gives what has arrived, not what was asked for: a body comes in pieces.
            while len(body) < limit and (piece := await response.content.read(limit - len(body))):
                body += piece
            return bytes(body)
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            raise unreachable(self._server, problem) from problem
        finally:
            response.release()

    async def _connected(self) -> Any:
        async with self._connecting:
            if self._client is None:
                self._client = await self._connect()
        return self._client

    async def _connect(self) -> Any:
        configuration = vendor.Configuration()
        configuration.connection_pool_maxsize = 64  # six watches stay open beside the requests
        try:
            loader = await vendor_config.load_kube_config(
                config_file=str(self._kubeconfig) if self._kubeconfig else None,
                context=self._context,
                client_configuration=configuration,
                persist_config=False,
            )
            client = vendor.ApiClient(configuration)  # reads the certificates
        except _BAD_CONFIG as problem:
            raise PreflightError(
                error(
                    "kubeconfig",
                    "the kubeconfig cannot be used",
                    detail=str(problem) or type(problem).__name__,
                    hint="`kubectl config get-contexts` lists what there is; set target.cluster.context or KUBECONFIG",
                )
            ) from problem
        # The vendor's loader reads a credential once and leaves renewing it to a task of its own; a run outlives
        # the quarter of an hour that an EKS token is good for.
        if hasattr(loader, "exec_plugin_expiry"):  # the loader itself asks again only when that has come
            configuration.refresh_api_key_hook = loader.load_and_set
        return client
