"""The verbs over HTTP, for objects of every kind."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

from aiohttp import web

from wizard.sandbox.api import subresources
from wizard.sandbox.api.answers import body_answer, json_answer, warning_headers
from wizard.sandbox.api.endpoints import Endpoints, stored
from wizard.sandbox.api.lists import number, page
from wizard.sandbox.api.metrics import GROUP as METRICS
from wizard.sandbox.api.metrics import Metrics, register
from wizard.sandbox.api.render import Renderer, dump, partial
from wizard.sandbox.api.request import Call, accepted, decode_body, decode_json
from wizard.sandbox.api.reviews import Reviews
from wizard.sandbox.api.tables import Tables
from wizard.sandbox.api.watches import Watch
from wizard.sandbox.auth.attributes import attributes_of
from wizard.sandbox.auth.authentication import Tokens
from wizard.sandbox.cluster import Cluster
from wizard.sandbox.kinds import Resource
from wizard.sandbox.status import StatusError, cause, invalid, not_allowed, unknown_resource
from wizard.sandbox.verbs import PATCHES
from wizard.sandbox.versions import to_request

Obj = dict[str, Any]
_RETURN_DELETED = {
    "pods", "persistentvolumeclaims", "persistentvolumes", "serviceaccounts", "resourcequotas", "services",
}  # fmt: skip
"""Resources whose DELETE answers with the object, not with a Status (ReturnDeletedObject)."""


class Resources:
    """Of one cluster."""

    def __init__(self, cluster: Cluster, tokens: Tokens) -> None:
        self._cluster = cluster
        self._reviews = Reviews(cluster.rbac, tokens, cluster.clock)
        self._store, self._verbs = cluster.store, cluster.verbs
        self._render = Renderer(Tables(cluster.clock))
        self._endpoints = Endpoints(cluster, tokens)
        self._metrics = Metrics(cluster.store, cluster.controllers, cluster.clock)
        if cluster.moves:
            register(cluster.kinds, cluster.store)
        self.stale_version = 0
        """A version that lists which accept any are answered at; 0 for the present."""

    async def answer(self, request: web.BaseRequest, call: Call, resource: Resource) -> web.StreamResponse:
        """Raises StatusError."""
        if call.subresource:
            special = self._endpoints.of(call, resource)
            if special is not None:
                return await special(request, call, resource)
            if call.subresource not in resource.subresources:
                raise unknown_resource()
        if resource.verbs == ["create"]:
            return self._review(call, resource)
        if resource.namespaced and not call.namespace and call.method in ("POST", "PUT", "PATCH"):
            raise not_allowed()
        if resource.group == METRICS:
            return self._measured(call, resource)
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

    def _get(self, call: Call, resource: Resource) -> web.Response:
        return self._object(call, resource, stored(self._store, call, resource))

    def _list(self, call: Call, resource: Resource) -> web.Response:
        form = accepted(call.headers.get("Accept", ""))
        found = page(self._store, call, resource, stale=self.stale_version)
        include = call.query.get("includeObject", "")
        return body_answer(self._render.listed(resource, found.items, found.meta, form, include), form)

    def _measured(self, call: Call, resource: Resource) -> web.Response:
        if call.name and call.method == "GET":
            return self._object(call, resource, self._metrics.one(call, resource))
        form = accepted(call.headers.get("Accept", ""))
        items = self._metrics.many(call, resource)
        return body_answer(self._render.listed(resource, items, {}, form, ""), form)

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
        if limit := self._cluster.faults.watch_seconds:
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
        self._may_create(call, resource)
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
            self._may_create(call, resource)
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
        if resource.type == "batch.Job" and not options.keys() & {"orphanDependents", "propagationPolicy"}:
            call.warnings.append(
                "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background "
                "to remove them or set propagationPolicy=Orphan to suppress this warning"
            )
        held = left["metadata"].get("finalizers") or left["metadata"].get("deletionGracePeriodSeconds")
        if held or resource.plural in _RETURN_DELETED or resource.plural == "namespaces":
            return self._object(call, resource, left)
        details = {"name": call.name, "group": resource.group, "kind": resource.plural, "uid": left["metadata"]["uid"]}
        details = {key: value for key, value in details.items() if value}
        done = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
        return json_answer(done, headers=warning_headers(call))

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
        return body_answer(self._render.listed(resource, found.items, found.meta, form, ""), form)

    def _delete_options(self, call: Call) -> Obj:
        options = decode_body(call, None, "meta.DeleteOptions") if call.body.strip() else {}
        if "propagationPolicy" in call.query:
            options["propagationPolicy"] = call.query["propagationPolicy"]
        if "gracePeriodSeconds" in call.query:
            options["gracePeriodSeconds"] = number(call.query["gracePeriodSeconds"], "gracePeriodSeconds")
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
            return json_answer(subresources.bind(self._store, call.namespace, name, body), status=201)
        body.setdefault("metadata", {})
        if resource.plural not in ("selfsubjectrulesreviews", "selfsubjectreviews"):
            self._cluster.registry.claim(resource, body, call.manager)
        return json_answer(self._reviews.answer(resource.plural, body, call.user, call.namespace), status=201)

    def _may_create(self, call: Call, resource: Resource) -> None:
        """A write that would create asks for that right as well. Raises StatusError 403."""
        if not call.user.all_mighty and self._store.get(*resource.store, call.namespace, call.name) is None:
            self._cluster.rbac.check(call.user, replace(attributes_of(call), verb="create"))

    def _options(self, call: Call) -> dict[str, Any]:
        dry = call.query.get("dryRun", "")
        if dry not in ("", "All"):
            words = f'Unsupported value: ["{dry}"]: supported values: "All"'
            kind = {"POST": "CreateOptions", "PUT": "UpdateOptions"}.get(call.method, "PatchOptions")
            raise invalid("meta.k8s.io", kind, "", [cause("FieldValueNotSupported", "dryRun", words)])
        self._cluster.registry.warn = call.warnings.append
        self._cluster.registry.user = call.user
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
        return body_answer(body, form, status=status, headers=warning_headers(call))
