"""The API server's front: every request comes in here, is let in or not, and goes to who answers it."""

from __future__ import annotations

import asyncio
import random
import traceback
from email.utils import formatdate

from aiohttp import web

from wizard.sandbox.api.answers import failed, json_answer, no_page
from wizard.sandbox.api.discovery import AGGREGATED, VERSION, Discovery
from wizard.sandbox.api.openapi import OpenApi
from wizard.sandbox.api.request import Call, split
from wizard.sandbox.api.resources import Resources
from wizard.sandbox.auth.attributes import attributes_of
from wizard.sandbox.auth.authentication import Tokens, impersonated
from wizard.sandbox.auth.identity import User
from wizard.sandbox.cluster import Cluster
from wizard.sandbox.registry import no_warning
from wizard.sandbox.status import StatusError, unknown_resource

_HEALTH = ("/healthz", "/livez", "/readyz")
_BODY_LIMIT = 3 * 2**20
"""The API server's --max-request-body-bytes."""


class Api:
    """Answers HTTP for one cluster. `token` is the administrator's."""

    def __init__(self, cluster: Cluster, token: str) -> None:
        self.cluster = cluster
        self._tokens = Tokens(cluster.store, token)
        self._store, self._kinds = cluster.store, cluster.kinds
        self._discovery, self._openapi = Discovery(cluster.kinds), OpenApi(cluster.kinds)
        self._resources = Resources(cluster, self._tokens)
        self._random = random.Random(0)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """The whole server as aiohttp's low-level handler."""
        call = Call(
            request.method,
            request.raw_path.partition("?")[0] if "/proxy/" in request.raw_path else request.path,
            request.query,
            request.headers,
            await request.read(),
        )
        try:
            if len(call.body) > _BODY_LIMIT:
                raise StatusError(413, "RequestEntityTooLarge", "limit is 3145728")
            response = await self._answer(request, call)
            if not response.prepared:
                # A client that compares it with its own clock knows how far apart the two are.
                response.headers["Date"] = formatdate(self.cluster.clock.now(), usegmt=True)
            return response
        except StatusError as problem:
            return failed(problem, call)
        except ConnectionResetError:
            return web.Response()  # nobody is there to read it
        except Exception as problem:
            if self.cluster.raise_bugs:
                raise
            traceback.print_exc()
            return failed(StatusError(500, "InternalError", f"Internal error occurred: {problem!r}"), call)
        finally:
            self.cluster.registry.warn = no_warning

    # Who answers ------------------------------------------------------------------------------------

    async def _answer(self, request: web.BaseRequest, call: Call) -> web.StreamResponse:
        path = call.path
        if path in _HEALTH or path.startswith(tuple(f"{each}/" for each in _HEALTH)):
            return web.Response(text="ok")
        if path == "/version" or path == "/version/":
            return json_answer(VERSION)
        about_resource = split(call)
        wanted = attributes_of(call)
        call.user = impersonated(self._authenticated(call), call.headers, wanted, self.cluster.rbac)
        if path.startswith("/sandbox/"):
            self.cluster.rbac.check(call.user, wanted)
            return json_answer(await self.cluster.admin(call.method, path.removeprefix("/sandbox/"), call.query))
        await self._misbehave(request)
        self.cluster.rbac.check(call.user, wanted)
        if found := self._meta(call):
            return found
        if not about_resource:
            raise no_page()
        if call.version not in self._kinds.versions(call.group):
            raise no_page()
        resource = self._kinds.find(call.group, call.version, call.plural)
        if resource is None or (call.namespace and not resource.namespaced):
            raise unknown_resource()
        return await self._resources.answer(request, call, resource)

    def _authenticated(self, call: Call) -> User:
        """Raises StatusError 401."""
        scheme, _, told = call.headers.get("Authorization", "").partition(" ")
        found = self._tokens.user(told) if scheme.lower() == "bearer" else None
        if found is None:
            raise StatusError(401, "Unauthorized", "Unauthorized")
        return found

    def _meta(self, call: Call) -> web.Response | None:
        """Discovery and OpenAPI."""
        path = call.path.rstrip("/")
        if path in ("/api", "/apis"):
            wanted = call.headers.get("Accept", "")
            if "as=APIGroupDiscoveryList" in wanted and "v=v2;" in wanted.replace(" ", "") + ";":
                body, tag = self._discovery.aggregated(path)
                headers = {"ETag": tag, "Vary": "Accept", "Cache-Control": "public"}
                if call.headers.get("If-None-Match") == tag:
                    return web.Response(status=304, headers=headers)
                return web.Response(body=body, headers={**headers, "Content-Type": AGGREGATED})
        parts = path.split("/")
        if path in ("/api", "/apis", "/api/v1") or (parts[1] == "apis" and len(parts) in (3, 4)):
            found = self._discovery.legacy(path)
            if found is None:
                raise no_page()
            return json_answer(found)
        if path == "/openapi/v3":
            return json_answer(self._openapi.index())
        if path.startswith("/openapi/v3/"):
            document = self._openapi.document(path.removeprefix("/openapi/v3/"))
            if document is None:
                raise no_page()
            return web.Response(body=document, content_type="application/json")
        if path in ("", "/"):
            return json_answer({"paths": ["/api", "/apis", "/healthz", "/livez", "/openapi/v3", "/readyz", "/version"]})
        return None

    async def _misbehave(self, request: web.BaseRequest) -> None:
        """What a scenario asked the API to do wrong."""
        faults = self.cluster.faults
        stale = self._resources.stale_version or self._store.resource_version
        self._resources.stale_version = stale if faults.stale else 0
        if faults.delay:
            await asyncio.sleep(faults.delay)
        if not (faults.too_many or faults.errors or faults.dropped):
            return
        chance = self._random.random()
        if chance < faults.too_many:
            raise StatusError(
                429,
                "TooManyRequests",
                "Too many requests, please try again later.",
                {"retryAfterSeconds": 1},
            )
        chance -= faults.too_many
        if chance < faults.errors:
            raise StatusError(
                500, "InternalError", "Internal error occurred: etcdserver: request timed out (simulated)"
            )
        if chance - faults.errors < faults.dropped and request.transport is not None:
            request.transport.abort()
            raise ConnectionResetError("dropped on purpose")
