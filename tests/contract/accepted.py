"""Where the sandbox may differ from the real API server, each with its reason. Status codes never may."""

from __future__ import annotations

ACCEPTED: dict[tuple[str, str], str] = {
    ("creating", "no json"): "the words of Go's JSON parser about a body that is none",
    ("creating", "a list"): "the words of Go's JSON parser about a body that is none",
    ("scale", "after"): "a PUT of an unchanged Scale of none also takes the replicas from their owner",
    ("customs", "wrong type"): "a second cause from the scale subresource's own look at the field",
    ("lists", "bad continue"): "the words of Go's base64 and JSON parsers about a token that is none",
    ("accounts", "token"): "managedFields of a TokenRequest, which nothing stores",
}
