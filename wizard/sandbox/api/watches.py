"""Watches (apiserver's cacher and watch handler): events as lines of JSON, from a point on."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from wizard.sandbox.api.lists import test_of, version_of
from wizard.sandbox.api.request import Call
from wizard.sandbox.kinds import Resource
from wizard.sandbox.selectors import Test
from wizard.sandbox.status import StatusError, cause, invalid
from wizard.sandbox.store import Change, Store

Obj = dict[str, Any]
Render = Callable[[Obj], bytes]

_BOOKMARK_SECONDS = 30.0
"""Real seconds between bookmarks; the API server sends one about every minute."""
_DEFAULT_SECONDS = 1800
"""The API server's --min-request-timeout."""


class Watch:
    """One client's watch. Creating it raises StatusError where the real one refuses before streaming."""

    def __init__(self, store: Store, call: Call, resource: Resource, render: Render) -> None:
        self._store, self._resource, self._render = store, resource, render
        self._test = test_of(call, resource)
        self._namespace = call.namespace
        query = call.query
        self._bookmarks = call.flag("allowWatchBookmarks")
        initial = query.get("sendInitialEvents")
        _check(initial, query.get("resourceVersionMatch", ""))
        self._marks_end = initial == "true"
        wanted = query.get("resourceVersion", "")
        # A version still to come is waited for, and in the end not found: no error, no events.
        asked = min(version_of(wanted), store.resource_version) if wanted else 0
        # Without a version to start from, a watch begins with what is there; so does a streamed list.
        self._lists = self._marks_end or (asked == 0 and initial != "false")
        self._since = asked or store.resource_version
        told = query.get("timeoutSeconds", "")
        self.seconds = float(told) if told.isdigit() and int(told) else _DEFAULT_SECONDS * (1 + random.random())

    async def lines(self) -> AsyncIterator[bytes]:
        """Events, several at a time where several are due. Ends with the watch's time."""
        store, resource = self._store, self._resource
        ends = time.monotonic() + self.seconds
        group, plural = resource.store
        # What is there and what comes after it are taken at one moment: headers were sent since this was made.
        since = store.resource_version if self._lists else self._since
        try:
            cursor = store.watch(group, plural, since)
        except StatusError as problem:
            yield _error(problem)
            return
        if self._lists:
            out = [
                self._event("ADDED", each)
                for each in store.list(group, plural, self._namespace)
                if self._test is None or self._test(each)
            ]
            if self._marks_end:
                out.append(self._bookmark({"k8s.io/initial-events-end": "true"}))
            if out:
                yield b"".join(out)
        bookmark = time.monotonic() + _BOOKMARK_SECONDS
        while True:
            try:
                changes = cursor.read()
            except StatusError as problem:
                yield _error(problem)
                return
            if out := [line for change in changes if (line := self._line(change))]:
                yield b"".join(out)
                await asyncio.sleep(0)
                continue
            now = time.monotonic()
            if now >= ends:
                if self._bookmarks:
                    yield self._bookmark({})
                return
            if self._bookmarks and now >= bookmark:
                bookmark = now + _BOOKMARK_SECONDS
                yield self._bookmark({})
            await cursor.wait(min(ends, bookmark) - now if self._bookmarks else ends - now)

    def _line(self, change: Change) -> bytes:
        if self._namespace and change.obj["metadata"].get("namespace") != self._namespace:
            return b""
        kind = _seen(self._test, change)
        obj = change.obj
        if kind == "DELETED" and change.type != "DELETED" and change.old is not None:
            # What stopped matching is shown as it was when it matched, at the version of the change.
            meta = {**change.old["metadata"], "resourceVersion": str(change.version)}
            obj = {**change.old, "metadata": meta}
        return self._event(kind, obj) if kind else b""

    def _event(self, kind: str, obj: Obj) -> bytes:
        return b'{"type":"' + kind.encode() + b'","object":' + self._render(obj) + b"}\n"

    def _bookmark(self, annotations: dict[str, str]) -> bytes:
        meta: Obj = {"resourceVersion": str(self._store.resource_version)}
        if annotations:
            meta["annotations"] = annotations
        obj = {
            "kind": self._resource.kind,
            "apiVersion": self._resource.api_version,
            "metadata": meta,
            "_bookmark": True,
        }
        return self._event("BOOKMARK", obj)


def _seen(test: Test | None, change: Change) -> str:
    """The event as a watcher with that selector sees it: what stops matching is deleted for it."""
    if test is None or change.type == "ADDED":
        return change.type if test is None or test(change.obj) else ""
    before = change.old is not None and test(change.old)
    if change.type == "DELETED":
        return "DELETED" if before else ""
    now = test(change.obj)
    if now:
        return "MODIFIED" if before else "ADDED"
    return "DELETED" if before else ""


def _check(initial: str | None, match: str) -> None:
    field = "resourceVersionMatch"
    if initial is None and match:
        words = "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
    elif initial is not None and match != "NotOlderThan":
        words = (
            "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
            if not match
            else f'Unsupported value: "{match}": supported values: "NotOlderThan"'
        )
    else:
        return
    raise invalid("meta.k8s.io", "ListOptions", "", [cause("FieldValueForbidden", field, words)])


def _error(problem: StatusError) -> bytes:
    return json.dumps({"type": "ERROR", "object": problem.body()}).encode() + b"\n"
