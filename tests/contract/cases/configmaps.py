"""The verbs, on the simplest objects there are."""

from __future__ import annotations

from typing import Any

from ..play import JSON_PATCH, MERGE, STRATEGIC, Case, Saved, Step

MAPS = "/api/v1/namespaces/{ns}/configmaps"
SECRETS = "/api/v1/namespaces/{ns}/secrets"
ONE = f"{MAPS}/one"


def config_map(name: str = "one", **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": "1"}, **more}


def _with_version(change: dict[str, Any]) -> Any:
    def body(saved: Saved) -> Any:
        return {**saved["one"], **change}

    return body


CASES = [
    Case(
        "verbs",
        [
            Step("create", "POST", MAPS, config_map(), save="one"),
            Step("create again", "POST", MAPS, config_map()),
            Step("get", "GET", ONE),
            Step("get what is not there", "GET", f"{MAPS}/nothing"),
            Step("get an unknown resource", "GET", "/api/v1/namespaces/{ns}/nothings"),
            Step("get an unknown group", "GET", "/apis/no.such/v1/things"),
            Step("put without a version", "PUT", ONE, config_map(data={"a": "2"})),
            Step("put with an old version", "PUT", ONE, _with_version({"data": {"a": "3"}})),
            Step("put another name", "PUT", ONE, config_map("two")),
            Step("put no name", "PUT", ONE, {"data": {}}),
            Step("put what is not there", "PUT", f"{MAPS}/two", config_map("two")),
            Step(
                "put another uid",
                "PUT",
                ONE,
                config_map(metadata={"name": "one", "uid": "00000000-0000-4000-8000-000000000000"}),
            ),
            Step("merge patch", "PATCH", ONE, {"data": {"b": "2"}, "metadata": {"labels": {"x": "y"}}}, MERGE),
            Step("merge patch removes", "PATCH", ONE, {"data": {"b": None}}, MERGE),
            Step("merge patch changes nothing", "PATCH", ONE, {"data": {"a": "2"}}, MERGE),
            Step("strategic patch", "PATCH", ONE, {"data": {"c": "3"}}, STRATEGIC),
            Step("json patch", "PATCH", ONE, [{"op": "add", "path": "/data/d", "value": "4"}], JSON_PATCH),
            Step("json patch of nothing", "PATCH", ONE, [{"op": "remove", "path": "/data/zzz"}], JSON_PATCH),
            Step(
                "json patch with a test that fails",
                "PATCH",
                ONE,
                [{"op": "test", "path": "/data/a", "value": "9"}],
                JSON_PATCH,
            ),
            Step("json patch that is none", "PATCH", ONE, {"data": {}}, JSON_PATCH),
            Step("patch with an unknown type", "PATCH", ONE, {"data": {}}, "application/json"),
            Step("patch what is not there", "PATCH", f"{MAPS}/two", {"data": {}}, MERGE),
            Step(
                "patch with an old version",
                "PATCH",
                ONE,
                lambda saved: {"metadata": {"resourceVersion": saved["one"]["metadata"]["resourceVersion"]}},
                MERGE,
            ),
            Step("patch the name", "PATCH", ONE, {"metadata": {"name": "two"}}, MERGE),
            Step("patch to another type", "PATCH", ONE, {"data": {"a": 1}}, MERGE),
            Step("get after all", "GET", ONE),
            Step(
                "delete with another uid",
                "DELETE",
                ONE,
                {"preconditions": {"uid": "00000000-0000-4000-8000-000000000000"}},
            ),
            Step("delete dry", "DELETE", f"{ONE}?dryRun=All"),
            Step("delete", "DELETE", ONE),
            Step("delete again", "DELETE", ONE),
            Step("post to a name", "POST", ONE, config_map()),
            Step("put to a list", "PUT", MAPS, config_map()),
        ],
    ),
    Case(
        "creating",
        [
            Step("dry run", "POST", f"{MAPS}?dryRun=All", config_map()),
            Step("dry run left nothing", "GET", ONE),
            Step("dry run of another kind", "POST", f"{MAPS}?dryRun=Some", config_map()),
            Step("generated name", "POST", MAPS, {"metadata": {"generateName": "gen-"}}),
            Step("no name", "POST", MAPS, {"data": {"a": "1"}}),
            Step("bad name", "POST", MAPS, config_map("Not_A_Name")),
            Step("long name", "POST", MAPS, config_map("n" * 254)),
            Step("wrong kind", "POST", MAPS, {**config_map(), "kind": "Secret"}),
            Step("wrong version", "POST", MAPS, {**config_map(), "apiVersion": "apps/v1"}),
            Step("another namespace", "POST", MAPS, config_map(metadata={"name": "one", "namespace": "default"})),
            Step("a namespace that is not there", "POST", MAPS.replace("{ns}", "not-there"), config_map()),
            Step("no json", "POST", MAPS, b"{nothing"),
            Step("a list", "POST", MAPS, b"[]"),
            Step("unknown field, strict", "POST", f"{MAPS}?fieldValidation=Strict", config_map(extra=1)),
            Step("unknown field, warned of", "POST", MAPS, config_map("warned", extra={"a": 1})),
            Step("unknown field, ignored", "POST", f"{MAPS}?fieldValidation=Ignore", config_map("ignored", extra=1)),
            Step(
                "unknown nested field, strict",
                "POST",
                f"{MAPS}?fieldValidation=Strict",
                config_map(metadata={"name": "one", "colour": "red"}),
            ),
            Step("bad label key", "POST", MAPS, config_map(metadata={"name": "one", "labels": {"a b": "c"}})),
            Step("bad label value", "POST", MAPS, config_map(metadata={"name": "one", "labels": {"a": "-"}})),
            Step("bad annotation key", "POST", MAPS, config_map(metadata={"name": "one", "annotations": {"/": ""}})),
            Step("bad finalizer", "POST", MAPS, config_map(metadata={"name": "one", "finalizers": ["short"]})),
            Step("bad key", "POST", MAPS, config_map(data={"a b": "c"})),
            Step("wrong type", "POST", MAPS, config_map(data={"a": 1})),
            Step("wrong type of the whole", "POST", MAPS, config_map(data=["a"])),
            Step("immutable", "POST", MAPS, config_map("still", immutable=True)),
            Step("change the immutable", "PATCH", f"{MAPS}/still", {"data": {"a": "2"}}, MERGE),
            Step("label the immutable", "PATCH", f"{MAPS}/still", {"metadata": {"labels": {"a": "b"}}}, MERGE),
            Step("field manager", "POST", f"{MAPS}?fieldManager=someone", config_map("managed")),
            Step("empty values", "POST", MAPS, config_map("empty", data={}, binaryData={"x": ""})),
        ],
    ),
    Case(
        "secrets",
        [
            Step("text is encoded", "POST", SECRETS, {"metadata": {"name": "one"}, "stringData": {"a": "b"}}),
            Step("type is kept", "PATCH", f"{SECRETS}/one", {"type": "other/kind"}, MERGE),
            Step("not base64", "POST", SECRETS, {"metadata": {"name": "two"}, "data": {"a": "%%%"}}),
            Step("immutable", "PATCH", f"{SECRETS}/one", {"immutable": True}, MERGE),
            Step("changed", "PATCH", f"{SECRETS}/one", {"stringData": {"a": "c"}}, MERGE),
            Step("made mutable", "PATCH", f"{SECRETS}/one", {"immutable": None}, MERGE),
            Step(
                "tls without a key",
                "POST",
                SECRETS,
                {"metadata": {"name": "tls"}, "type": "kubernetes.io/tls", "data": {"tls.crt": "YQ=="}},
            ),
            Step(
                "docker without a config",
                "POST",
                SECRETS,
                {"metadata": {"name": "pull"}, "type": "kubernetes.io/dockerconfigjson", "data": {}},
            ),
        ],
    ),
    Case(
        "finalizers",
        [
            Step("create", "POST", MAPS, config_map(metadata={"name": "one", "finalizers": ["a.b/c"]})),
            Step("delete", "DELETE", ONE),
            Step("still there", "GET", ONE),
            Step("delete again", "DELETE", ONE),
            Step("a new finalizer", "PATCH", ONE, {"metadata": {"finalizers": ["a.b/c", "d.e/f"]}}, MERGE),
            Step("the last one goes", "PATCH", ONE, {"metadata": {"finalizers": None}}, MERGE),
            Step("gone", "GET", ONE),
            Step("create for the foreground", "POST", MAPS, config_map()),
            Step("foreground", "DELETE", ONE, {"propagationPolicy": "Foreground"}, quiet=True),
            Step("gone as well", "GET", ONE, until=lambda answer: answer.status == 404),
        ],
    ),
]
