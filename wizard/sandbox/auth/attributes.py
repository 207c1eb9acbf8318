"""What a request asks for, in the words of authorization (apiserver's RequestInfo)."""

from __future__ import annotations

from wizard.sandbox.api.request import Call
from wizard.sandbox.auth.identity import Attributes

_METHODS = {"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_OF_COLLECTIONS = {"get": "list", "delete": "deletecollection"}


def attributes_of(call: Call) -> Attributes:
    """Of a call whose path was taken apart; one that names no resource is about its path."""
    verb = _METHODS.get(call.method, call.method.lower())
    if not call.plural:
        return Attributes(verb, path=call.path)
    name = call.name
    if not name:
        verb = _OF_COLLECTIONS.get(verb, verb)
        if verb == "list" and call.flag("watch"):
            verb = "watch"
        field_, _, value = call.query.get("fieldSelector", "").partition("=")
        if verb in ("list", "watch", "deletecollection") and field_ == "metadata.name" and "," not in value:
            name = value.removeprefix("=")  # one object by another way: a rule that names it allows it
    resource = f"{call.plural}/{call.subresource}" if call.subresource else call.plural
    namespace = call.name if (call.group, call.plural) == ("", "namespaces") else call.namespace
    return Attributes(verb, call.group, resource, namespace, name)
