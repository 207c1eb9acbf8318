"""Subresources with ways of their own: scale, logs, eviction, binding, proxies, tokens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from wizard.sandbox import patches
from wizard.sandbox.api import subresources
from wizard.sandbox.api.answers import json_answer, text_stream
from wizard.sandbox.api.lists import number
from wizard.sandbox.api.request import Call, decode_body, decode_json
from wizard.sandbox.api.tables import seconds
from wizard.sandbox.auth.authentication import Tokens
from wizard.sandbox.cluster import Cluster
from wizard.sandbox.kinds import Resource
from wizard.sandbox.status import StatusError, bad_request, not_allowed, not_found
from wizard.sandbox.store import Store
from wizard.sandbox.verbs import PATCHES

Obj = dict[str, Any]


def stored(store: Store, call: Call, resource: Resource) -> Obj:
    """The object that a call names. Raises StatusError 404."""
    found = store.get(*resource.store, call.namespace, call.name)
    if found is None:
        raise not_found(resource.group, resource.plural, call.name)
    return found


_TICK = 1e-6
"""The kubelet gives lines of just that time too; ours stand on whole microseconds."""


class Endpoints:
    """Of one cluster."""

    def __init__(self, cluster: Cluster, tokens: Tokens) -> None:
        self._cluster, self._store, self._tokens = cluster, cluster.store, tokens

    def of(
        self, call: Call, resource: Resource
    ) -> Callable[[web.BaseRequest, Call, Resource], Awaitable[web.StreamResponse]] | None:
        """Who answers this subresource; None where it is the object itself through another door."""
        if call.subresource == "scale" and "scale" in resource.subresources:
            return self._scale
        if resource.type == "core.Pod":
            table = {
                "log": self._log,
                "eviction": self._evict,
                "binding": self._bind,
                "proxy": self._proxy,
                "exec": self._no_stream,
                "attach": self._no_stream,
                "portforward": self._no_stream,
            }
            return table.get(call.subresource)
        if resource.type in ("core.Service", "core.Node") and call.subresource == "proxy":
            return self._proxy
        if resource.type == "core.ServiceAccount" and call.subresource == "token":
            return self._request_token
        return None

    async def _scale(self, request: web.BaseRequest, call: Call, resource: Resource) -> web.StreamResponse:
        obj = stored(self._store, call, resource)
        scale = subresources.scale_of(resource, obj)
        if call.method == "GET":
            return json_answer(scale)
        if call.method == "PUT":
            scale = decode_body(call, None, "autoscaling1.Scale")
        elif call.method == "PATCH":
            body = decode_body(call, None) if "apply" in call.content_type else decode_json(call.body)
            style = PATCHES.get(call.content_type)
            scale = patches.json_patch(scale, body) if style == "json" else patches.merge_patch(scale, body)
        else:
            raise not_allowed()
        registry = self._cluster.registry
        return json_answer(subresources.set_scale(registry, resource, obj, scale, call.manager, call.dry_run))

    async def _log(self, request: web.BaseRequest, call: Call, resource: Resource) -> web.StreamResponse:
        pod = stored(self._store, call, resource)
        container = _container(pod, call.query.get("container", ""))
        if not pod["spec"].get("nodeName"):
            return web.Response(status=204)  # nothing has been started, so there is nothing to say
        tail = call.query.get("tailLines")
        lines = self._cluster.controllers.logs(
            call.namespace,
            call.name,
            container,
            number(tail, "tailLines") if tail is not None else None,
            call.flag("previous"),
            call.flag("follow"),
            since=self._since(call),
            timestamps=call.flag("timestamps"),
        )
        response: web.StreamResponse | None = None
        async for line in lines:
            # Refusals come with the first line: until then there is a status to be chosen.
            if response is None:
                response = await text_stream(request)
            await response.write(line.encode() + b"\n")
        if response is None:
            response = await text_stream(request)
        await response.write_eof()
        return response

    def _since(self, call: Call) -> float:
        """Epoch seconds; 0.0 for all there is."""
        if text := call.query.get("sinceSeconds"):
            return self._cluster.clock.now() - number(text, "sinceSeconds") - _TICK
        if text := call.query.get("sinceTime"):
            try:
                return seconds(text) - _TICK
            except ValueError as problem:
                raise bad_request(f"sinceTime: {text} is no RFC 3339 time") from problem
        return 0.0

    async def _evict(self, request: web.BaseRequest, call: Call, resource: Resource) -> web.StreamResponse:
        body = decode_body(call, None, "policy.Eviction")
        done = subresources.evict(self._store, call.namespace, call.name, body, dry_run=call.dry_run)
        return json_answer(done, status=201)

    async def _bind(self, request: web.BaseRequest, call: Call, resource: Resource) -> web.StreamResponse:
        body = decode_body(call, None, "core.Binding")
        return json_answer(subresources.bind(self._store, call.namespace, call.name, body), status=201)

    async def _request_token(self, request: web.BaseRequest, call: Call, resource: Resource) -> web.StreamResponse:
        body = decode_body(call, None, "authentication.TokenRequest")
        answer = self._tokens.issue(call.namespace, call.name, body)
        return json_answer(answer, status=201)

    async def _proxy(self, request: web.BaseRequest, call: Call, resource: Resource) -> web.StreamResponse:
        parts = call.name.split(":")
        name, port = (parts[1], parts[2]) if len(parts) == 3 else (parts[0], parts[1] if len(parts) > 1 else "")
        if self._store.get(*resource.store, call.namespace, name) is None:
            raise not_found(resource.group, resource.plural, name)
        status, headers, body = await self._cluster.controllers.proxy(
            call.namespace, resource.plural, name, port, call.method, f"/{call.rest}", call.query,
            call.headers, call.body,
        )  # fmt: skip
        return web.Response(status=status, headers=dict(headers), body=body)

    async def _no_stream(self, request: web.BaseRequest, call: Call, resource: Resource) -> web.StreamResponse:
        raise StatusError(
            501, "NotImplemented", f"the sandbox has no containers: pods/{call.subresource} is not served"
        )


def _container(pod: Obj, wanted: str) -> str:
    """The container of a log request. Raises StatusError 400, in the API server's words."""
    spec, name = pod["spec"], pod["metadata"]["name"]
    names = [each["name"] for each in spec.get("containers", ())]
    inits = [each["name"] for each in spec.get("initContainers", ())]
    if not wanted:
        default = pod["metadata"].get("annotations", {}).get("kubectl.kubernetes.io/default-container", "")
        if len(names) == 1 or default in names:
            return default if default in names else str(names[0])
        told = f"a container name must be specified for pod {name}, choose one of: [{' '.join(names)}]"
        if inits:
            told += f" or one of the init containers: [{' '.join(inits)}]"
        raise bad_request(told)
    if wanted not in (*names, *inits):
        raise bad_request(f"container {wanted} is not valid for pod {name}")
    return wanted
