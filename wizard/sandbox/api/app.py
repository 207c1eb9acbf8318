"""The API server's front: every request comes in here, is let in or not, and goes to who answers it."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from wizard.sandbox.api import subresources
from wizard.sandbox.api.discovery import AGGREGATED, VERSION, Discovery
from wizard.sandbox.api.lists import page
from wizard.sandbox.api.openapi import OpenApi
from wizard.sandbox.api.render import Renderer, dump, partial
from wizard.sandbox.api.request import Call, Form, accepted, decode_body, decode_json, split
from wizard.sandbox.api.reviews import review
from wizard.sandbox.api.tables import Tables
from wizard.sandbox.api.watches import Watch
from wizard.sandbox.cluster import Cluster
from wizard.sandbox.kinds import Resource
from wizard.sandbox.registry import no_warning
from wizard.sandbox.status import (
    StatusError,
    bad_request,
    cause,
    invalid,
    not_allowed,
    not_found,
    unknown_resource,
)
from wizard.sandbox.verbs import PATCHES
from wizard.sandbox.versions import to_request

Obj = dict[str, Any]
_HEALTH = ("/healthz", "/livez", "/readyz")
_RETURN_DELETED = {
    "pods", "persistentvolumeclaims", "persistentvolumes", "serviceaccounts", "resourcequotas", "services",
}  # fmt: skip
"""Resources whose DELETE answers with the object, not with a Status (ReturnDeletedObject)."""
_BODY_LIMIT = 3 * 2**20
"""The API server's --max-request-body-bytes."""


class Api:
    """Answers HTTP for one cluster. `token` is what every request must carry."""

    def __init__(self, cluster: Cluster, token: str) -> None:
        self.cluster = cluster
        self._token = token
        self._store, self._kinds, self._verbs = cluster.store, cluster.kinds, cluster.verbs
        self._discovery, self._openapi = Discovery(cluster.kinds), OpenApi(cluster.kinds)
        self._render = Renderer(Tables(cluster.clock))
        self._random = random.Random(0)
        self._stale_version = 0

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
            return await self._answer(request, call)
        except StatusError as problem:
            return self._failed(problem, call)
        except ConnectionResetError:
            return web.Response()  # nobody is there to read it
        except Exception as problem:
            if self.cluster.raise_bugs:
                raise
            import traceback

            traceback.print_exc()
            return self._failed(StatusError(500, "InternalError", f"Internal error occurred: {problem!r}"), call)
        finally:
            self.cluster.registry.warn = no_warning

    # Who answers ------------------------------------------------------------------------------------

    async def _answer(self, request: web.BaseRequest, call: Call) -> web.StreamResponse:
        path = call.path
        if path in _HEALTH or path.startswith(tuple(f"{each}/" for each in _HEALTH)):
            return web.Response(text="ok")
        if path == "/version" or path == "/version/":
            return _json(VERSION)
        scheme, _, told = call.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(told.encode(), self._token.encode()):
            raise StatusError(401, "Unauthorized", "Unauthorized")
        if path.startswith("/sandbox/"):
            return _json(await self.cluster.admin(call.method, path.removeprefix("/sandbox/"), call.query))
        await self._misbehave(request)
        if found := self._meta(call):
            return found
        if not split(call):
            raise _no_page()
        if call.version not in self._kinds.versions(call.group):
            raise _no_page()
        resource = self._kinds.find(call.group, call.version, call.plural)
        if resource is None or (call.namespace and not resource.namespaced):
            raise unknown_resource()
        return await self._resource(request, call, resource)

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
                raise _no_page()
            return _json(found)
        if path == "/openapi/v3":
            return _json(self._openapi.index())
        if path.startswith("/openapi/v3/"):
            document = self._openapi.document(path.removeprefix("/openapi/v3/"))
            if document is None:
                raise _no_page()
            return web.Response(body=document, content_type="application/json")
        if path in ("", "/"):
            return _json({"paths": ["/api", "/apis", "/healthz", "/livez", "/openapi/v3", "/readyz", "/version"]})
        return None

    async def _resource(self, request: web.BaseRequest, call: Call, resource: Resource) -> web.StreamResponse:
        if call.subresource:
            special = self._special(call, resource)
            if special is not None:
                return await special(request, call, resource)
            if call.subresource not in resource.subresources:
                raise unknown_resource()
        if resource.verbs == ["create"]:
            return self._review(call, resource)
        if resource.namespaced and not call.namespace and call.method in ("POST", "PUT", "PATCH"):
            raise not_allowed()
        if call.method == "GET":
            if call.name:
                return self._get(call, resource)  # asking one object to be watched only gets it
            if call.flag("watch"):
                return await self._watch(request, call, resource)
            return self._list(call, resource)
        if call.method == "POST" and not call.name:
            return self._create(call, resource)
        if call.method == "PUT" and call.name:
            return self._update(call, resource)
        if call.method == "PATCH" and call.name:
            return self._patch(call, resource)
        if call.method == "DELETE":
            return self._delete(call, resource) if call.name else self._delete_all(call, resource)
        raise not_allowed()

    # Reading ----------------------------------------------------------------------------------------

    def _stored(self, call: Call, resource: Resource) -> Obj:
        found = self._store.get(*resource.store, call.namespace, call.name)
        if found is None:
            raise not_found(resource.group, resource.plural, call.name)
        return found

    def _get(self, call: Call, resource: Resource) -> web.Response:
        return self._object(call, resource, self._stored(call, resource))

    def _list(self, call: Call, resource: Resource) -> web.Response:
        form = accepted(call.headers.get("Accept", ""))
        found = page(self._store, call, resource, stale=self._stale_version)
        include = call.query.get("includeObject", "")
        return _body(self._render.listed(resource, found.items, found.meta, form, include), form)

    async def _watch(self, request: web.BaseRequest, call: Call, resource: Resource) -> web.StreamResponse:
        form = accepted(call.headers.get("Accept", ""))
        include = call.query.get("includeObject", "") or "Metadata"
        first = True

        def render(obj: Obj) -> bytes:
            nonlocal first
            if obj.pop("_bookmark", False):
                if form.style == "Table":
                    columns, first = first, False
                    return self._render.bookmark(resource, obj, form, columns=columns)
                return dump(partial(obj, form) if form.style else obj)
            if form.style == "Table":
                meta = {"resourceVersion": obj["metadata"]["resourceVersion"]}
                columns, first = first, False
                return self._render.table(resource, [obj], meta, form, include, columns=columns)
            return self._render.object(resource, obj, form)

        watch = Watch(self._store, call, resource, render)
        if limit := self.cluster.faults.watch_seconds:
            watch.seconds = min(watch.seconds, limit)
        response = web.StreamResponse(
            headers={"Content-Type": "application/json", "Cache-Control": "no-cache, private"}
        )
        with contextlib.suppress(ConnectionResetError):  # a watcher that leaves is no error
            await response.prepare(request)
            async for lines in watch.lines():
                await response.write(lines)
            await response.write_eof()
        return response

    # Writing ----------------------------------------------------------------------------------------

    def _create(self, call: Call, resource: Resource) -> web.Response:
        body = decode_body(call, resource)
        made = self._verbs.create(resource, call.namespace, body, **self._options(call))
        return self._object(call, resource, made, status=201)

    def _update(self, call: Call, resource: Resource) -> web.Response:
        body = decode_body(call, resource)
        found, created = self._verbs.update(
            resource, call.subresource, call.namespace, call.name, body, **self._options(call)
        )
        return self._object(call, resource, found, status=201 if created else 200)

    def _patch(self, call: Call, resource: Resource) -> web.Response:
        style = PATCHES.get(call.content_type)
        if style is None:
            raise StatusError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})
        options = self._options(call)
        if style == "apply":
            body = decode_body(call, resource)
            del options["validation"], options["warn"]
            options["manager"] = call.query.get("fieldManager", "")
            found, created = self._verbs.apply(
                resource,
                call.subresource,
                call.namespace,
                call.name,
                body,
                force=call.flag("force"),
                **options,
            )
            return self._object(call, resource, found, status=201 if created else 200)
        patched = self._verbs.patch(
            resource,
            call.subresource,
            call.namespace,
            call.name,
            style,
            decode_json(call.body),
            **options,
        )
        return self._object(call, resource, patched)

    def _delete(self, call: Call, resource: Resource) -> web.Response:
        options = self._delete_options(call)
        left = self._verbs.delete(
            resource, call.namespace, call.name, options, dry_run=call.dry_run or bool(options.get("dryRun"))
        )
        if "orphanDependents" in options or "propagationPolicy" in options or resource.plural != "jobs":
            pass
        else:
            call.warnings.append(
                "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background "
                "to remove them or set propagationPolicy=Orphan to suppress this warning"
            )
        held = left["metadata"].get("finalizers") or left["metadata"].get("deletionGracePeriodSeconds")
        if held or resource.plural in _RETURN_DELETED or resource.plural == "namespaces":
            return self._object(call, resource, left)
        if resource.crd is not None and call.query.get("returnObject"):
            return self._object(call, resource, left)
        details = {"name": call.name, "group": resource.group, "kind": resource.plural, "uid": left["metadata"]["uid"]}
        details = {key: value for key, value in details.items() if value}
        done = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
        return _json(done, headers=_warnings(call))

    def _delete_all(self, call: Call, resource: Resource) -> web.Response:
        options = self._delete_options(call)
        found = page(self._store, call, resource)
        for each in found.items:
            meta = each["metadata"]
            try:
                self._verbs.delete(resource, meta.get("namespace", ""), meta["name"], options, dry_run=call.dry_run)
            except StatusError as problem:
                if problem.code != 404:
                    raise
        form = accepted(call.headers.get("Accept", ""))
        return _body(self._render.listed(resource, found.items, found.meta, form, ""), form)

    def _delete_options(self, call: Call) -> Obj:
        options = decode_body(call, None, "meta.DeleteOptions") if call.body.strip() else {}
        for name in ("propagationPolicy",):
            if name in call.query:
                options[name] = call.query[name]
        if "gracePeriodSeconds" in call.query:
            options["gracePeriodSeconds"] = int(call.query["gracePeriodSeconds"])
        if "orphanDependents" in call.query:
            options["orphanDependents"] = call.flag("orphanDependents")
        return options

    def _review(self, call: Call, resource: Resource) -> web.Response:
        if call.method != "POST":
            raise not_allowed()
        body = decode_body(call, resource)
        body.setdefault("apiVersion", resource.api_version)
        body.setdefault("kind", resource.kind)
        if resource.plural == "bindings":
            name = body.get("metadata", {}).get("name", "")
            return _json(subresources.bind(self._store, call.namespace, name, body), status=201)
        body.setdefault("metadata", {})
        return _json(review(resource.plural, body, self._token), status=201)

    # Subresources with ways of their own ------------------------------------------------------------

    def _special(
        self, call: Call, resource: Resource
    ) -> Callable[[web.BaseRequest, Call, Resource], Awaitable[web.StreamResponse]] | None:
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
        obj = self._stored(call, resource)
        scale = subresources.scale_of(resource, obj)
        if call.method == "GET":
            return _json(scale)
        if call.method == "PUT":
            scale = decode_body(call, None, "autoscaling1.Scale")
        elif call.method == "PATCH":
            from wizard.sandbox import patches

            body = decode_body(call, None) if "apply" in call.content_type else decode_json(call.body)
            style = PATCHES.get(call.content_type)
            scale = patches.json_patch(scale, body) if style == "json" else patches.merge_patch(scale, body)
        else:
            raise not_allowed()
        registry = self.cluster.registry
        return _json(subresources.set_scale(registry, resource, obj, scale, call.manager, call.dry_run))

    async def _log(self, request: web.BaseRequest, call: Call, resource: Resource) -> web.StreamResponse:
        pod = self._stored(call, resource)
        container = _container(pod, call.query.get("container", ""))
        if not pod["spec"].get("nodeName"):
            return web.Response(status=204)  # nothing has been started, so there is nothing to say
        tail = call.query.get("tailLines")
        lines = self.cluster.controllers.logs(
            call.namespace,
            call.name,
            container,
            int(tail) if tail is not None else None,
            call.flag("previous"),
            call.flag("follow"),
        )
        response: web.StreamResponse | None = None
        async for line in lines:
            # Refusals come with the first line: until then there is a status to be chosen.
            if response is None:
                response = await _text_stream(request)
            await response.write(line.encode() + b"\n")
        if response is None:
            response = await _text_stream(request)
        await response.write_eof()
        return response

    async def _evict(self, request: web.BaseRequest, call: Call, resource: Resource) -> web.StreamResponse:
        body = decode_body(call, None, "policy.Eviction")
        done = subresources.evict(self._store, call.namespace, call.name, body, dry_run=call.dry_run)
        return _json(done, status=201)

    async def _bind(self, request: web.BaseRequest, call: Call, resource: Resource) -> web.StreamResponse:
        body = decode_body(call, None, "core.Binding")
        return _json(subresources.bind(self._store, call.namespace, call.name, body), status=201)

    async def _request_token(self, request: web.BaseRequest, call: Call, resource: Resource) -> web.StreamResponse:
        body = decode_body(call, None, "authentication.TokenRequest")
        return _json(subresources.token(self._store, call.namespace, call.name, body), status=201)

    async def _proxy(self, request: web.BaseRequest, call: Call, resource: Resource) -> web.StreamResponse:
        parts = call.name.split(":")
        name, port = (parts[1], parts[2]) if len(parts) == 3 else (parts[0], parts[1] if len(parts) > 1 else "")
        if self._store.get(*resource.store, call.namespace, name) is None:
            raise not_found(resource.group, resource.plural, name)
        status, headers, body = await self.cluster.controllers.proxy(
            call.namespace, resource.plural, name, port, call.method, f"/{call.rest}", call.query,
            call.headers, call.body,
        )  # fmt: skip
        return web.Response(status=status, headers=dict(headers), body=body)

    async def _no_stream(self, request: web.BaseRequest, call: Call, resource: Resource) -> web.StreamResponse:
        raise StatusError(
            501, "NotImplemented", f"the sandbox has no containers: pods/{call.subresource} is not served"
        )

    # ------------------------------------------------------------------------------------------------

    def _options(self, call: Call) -> dict[str, Any]:
        dry = call.query.get("dryRun", "")
        if dry not in ("", "All"):
            words = f'Unsupported value: ["{dry}"]: supported values: "All"'
            kind = {"POST": "CreateOptions", "PUT": "UpdateOptions"}.get(call.method, "PatchOptions")
            raise invalid("meta.k8s.io", kind, "", [cause("FieldValueNotSupported", "dryRun", words)])
        self.cluster.registry.warn = call.warnings.append
        return {
            "manager": call.manager,
            "dry_run": call.dry_run,
            "validation": call.query.get("fieldValidation", "Warn"),
            "warn": call.warnings.append,
        }

    def _object(self, call: Call, resource: Resource, obj: Obj, status: int = 200) -> web.Response:
        form = accepted(call.headers.get("Accept", ""))
        obj = to_request(resource, obj)
        body = self._render.object(resource, obj, form, call.query.get("includeObject", ""))
        return _body(body, form, status=status, headers=_warnings(call))

    def _failed(self, problem: StatusError, call: Call) -> web.Response:
        headers = _warnings(call)
        retry = (problem.details or {}).get("retryAfterSeconds")
        if problem.code == 429 or retry:
            headers["Retry-After"] = str(retry or 1)
        if problem.reason == _PAGE:
            # Unknown paths are answered by the HTTP server itself, in text.
            return web.Response(status=404, text="404 page not found\n", headers=headers)
        return _json(problem.body(), status=problem.code, headers=headers)

    async def _misbehave(self, request: web.BaseRequest) -> None:
        """What a scenario asked the API to do wrong."""
        faults = self.cluster.faults
        self._stale_version = (self._stale_version or self._store.resource_version) if faults.stale else 0
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


_PAGE = "404 page"


def _no_page() -> StatusError:
    return StatusError(404, _PAGE, "404 page not found")


def _warnings(call: Call) -> dict[str, str]:
    if not call.warnings:
        return {}
    # One header for all of them: aiohttp's plain dict has no room for a second of the same name.
    told = (each.replace("\\", "\\\\").replace('"', '\\"') for each in dict.fromkeys(call.warnings))
    return {"Warning": ", ".join(f'299 - "{each}"' for each in told)}


def _json(value: Obj, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(
        body=dump(value), status=status, headers={**(headers or {}), "Content-Type": "application/json"}
    )


def _body(body: bytes, form: Form, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    kind = "application/json"
    if form.yaml:
        import json

        import yaml

        body, kind = yaml.safe_dump(json.loads(body)).encode(), "application/yaml"
    return web.Response(body=body, status=status, headers={**(headers or {}), "Content-Type": kind})


async def _text_stream(request: web.BaseRequest) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    await response.prepare(request)
    return response
