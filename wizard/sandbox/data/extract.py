"""Writes types.json, kinds.json and roles.json again, from Kubernetes' Go sources and a running API server.

    python -m wizard.sandbox.data.extract --modules ~/go/pkg/mod/k8s.io --version v0.37.2 --server URL \\
        --token TOKEN

Field names, protobuf numbers, merge keys and list types all stand in the types.go files, as struct
tags and markers. Discovery and the columns of tables come from a server: they are computed there.
"""

from __future__ import annotations

import argparse
import json
import re
import ssl
import urllib.request
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PACKAGES = {
    "meta": "apimachinery/pkg/apis/meta/v1",
    "core": "api/core/v1",
    "apps": "api/apps/v1",
    "batch": "api/batch/v1",
    "networking": "api/networking/v1",
    "policy": "api/policy/v1",
    "autoscaling": "api/autoscaling/v2",
    "autoscaling1": "api/autoscaling/v1",
    "rbac": "api/rbac/v1",
    "coordination": "api/coordination/v1",
    "discovery": "api/discovery/v1",
    "storage": "api/storage/v1",
    "scheduling": "api/scheduling/v1",
    "node": "api/node/v1",
    "events": "api/events/v1",
    "admissionregistration": "api/admissionregistration/v1",
    "authentication": "api/authentication/v1",
    "authorization": "api/authorization/v1",
    "apiextensions": "apiextensions-apiserver/pkg/apis/apiextensions/v1",
    "apiregistration": "kube-aggregator/pkg/apis/apiregistration/v1",
}
"""Our short name of each package whose types are kept, and its place in the module cache."""
GROUPS = {
    ("", "v1"): "core",
    ("apps", "v1"): "apps",
    ("batch", "v1"): "batch",
    ("networking.k8s.io", "v1"): "networking",
    ("policy", "v1"): "policy",
    ("autoscaling", "v2"): "autoscaling",
    ("rbac.authorization.k8s.io", "v1"): "rbac",
    ("coordination.k8s.io", "v1"): "coordination",
    ("discovery.k8s.io", "v1"): "discovery",
    ("storage.k8s.io", "v1"): "storage",
    ("scheduling.k8s.io", "v1"): "scheduling",
    ("node.k8s.io", "v1"): "node",
    ("events.k8s.io", "v1"): "events",
    ("admissionregistration.k8s.io", "v1"): "admissionregistration",
    ("authentication.k8s.io", "v1"): "authentication",
    ("authorization.k8s.io", "v1"): "authorization",
    ("apiextensions.k8s.io", "v1"): "apiextensions",
    ("apiregistration.k8s.io", "v1"): "apiregistration",
}
SKIPPED = {"componentstatuses", "podtemplates", "replicationcontrollers", "csistoragecapacities",
           "volumeattributesclasses", "servicecidrs", "ipaddresses"}  # fmt: skip
SPECIAL = {
    "meta.Time": "t",
    "meta.MicroTime": "T",
    "meta.Duration": "s",
    "meta.FieldsV1": "j",
    "apiextensions.JSON": "j",
    "apiextensions.JSONSchemaPropsOrBool": "j",
    "apiextensions.JSONSchemaPropsOrArray": "j",
    "apiextensions.JSONSchemaPropsOrStringArray": "j",
    "resource.Quantity": "q",
    "intstr.IntOrString": "x",
    "runtime.RawExtension": "j",
    "runtime.Object": "j",
    "types.UID": "s",
    "types.NodeName": "s",
}
PLAIN = {"string": "s", "bool": "b", "byte": "y", "float64": "f",
         "int": "i", "int8": "i", "int16": "i", "int32": "i", "int64": "i", "uint32": "i"}  # fmt: skip
_TYPE = re.compile(r"^type (\w+) (?:= )?(.+?)(?:\s*//.*)?$")
_FIELD = re.compile(r"^\t(?:(\w+)\s+)?(\*?[\w.\[\]*]+)\s+`(.*)`")
_TAG = re.compile(r'(\w+):"([^"]*)"')


class Sources:
    """The types of all packages, as Go declares them."""

    def __init__(self, modules: Path, version: str) -> None:
        self.aliases: dict[str, str] = {}
        self.structs: dict[str, dict[str, str]] = {}
        self._short = {place: short for short, place in PACKAGES.items()}
        for short, place in PACKAGES.items():
            module, _, rest = place.partition("/")
            folder = modules / f"{module}@{version}" / rest
            for path in sorted(folder.glob("*types*.go")):
                if not path.name.endswith("_test.go"):
                    self._read(short, path.read_text())

    def _read(self, package: str, text: str) -> None:
        imports = self._imports(text)
        marks: list[str] = []
        current: dict[str, str] | None = None
        for line in text.splitlines():
            stripped = line.strip()
            if stripped.startswith("//"):
                marks.append(stripped[2:].strip())
                continue
            found = _TYPE.match(line)
            if found and found[2].startswith("struct"):
                current = self.structs.setdefault(f"{package}.{found[1]}", {})
                if "+structType=atomic" in marks:
                    current[""] = "atomic"
            elif found and not found[2].endswith("{"):
                self.aliases[f"{package}.{found[1]}"] = self._go(found[2], package, imports)
            elif line == "}":
                current = None
            elif current is not None and (field := _FIELD.match(line)):
                self._field(current, field, marks, package, imports)
            if not stripped.startswith("//"):
                marks = []

    def _imports(self, text: str) -> dict[str, str]:
        """Import name -> our package name, of one file."""
        found = {"resource": "resource", "intstr": "intstr", "runtime": "runtime", "types": "types"}
        for name, path in re.findall(r'^(?:import )?\s*(\w+)?\s*"k8s\.io/([^"]+)"', text, re.M):
            if path in self._short:
                found[name or path.rpartition("/")[2]] = self._short[path]
        return found

    def _field(
        self,
        struct: dict[str, str],
        field: re.Match[str],
        marks: list[str],
        package: str,
        imports: dict[str, str],
    ) -> None:
        tags = dict(_TAG.findall(field[3]))
        name, _, options = tags.get("json", "").partition(",")
        if name == "-" or "json" not in tags:
            return
        number = [*tags.get("protobuf", "").split(","), "0", "0"][1] or "0"
        pointer = field[2].startswith("*")
        words = [self._go(field[2].removeprefix("*"), package, imports), number]
        if pointer:
            words.append("*")
        if "omit" not in options:
            words.append("!")
        if "omitzero" in options:
            words.append("zero")
        keys = [mark.partition("=")[2] for mark in marks if mark.startswith("+listMapKey=")]
        for mark in marks:
            if mark in ("+listType=atomic", "+mapType=atomic", "+structType=atomic"):
                words.append("atomic")
            elif mark == "+listType=set":
                words.append("set")
            elif mark.startswith("+default=") and " " not in mark and "ref(" not in mark:
                words.append("default=" + mark.removeprefix("+default="))
        if keys:
            words.append("map=" + ",".join(keys))
        if "merge" in tags.get("patchStrategy", ""):
            words.append("merge=" + tags.get("patchMergeKey", ""))
        if "retainKeys" in tags.get("patchStrategy", ""):
            words.append("retain")
        inline = not name
        struct[("+" + field[2].rpartition(".")[2].lstrip("*")) if inline else name] = " ".join(words)

    def _go(self, text: str, package: str, imports: dict[str, str]) -> str:
        """A Go type in our notation, names still unresolved: `[]core.Container`, `{}s`, `?core.Protocol`."""
        text = text.strip().removeprefix("*")
        if text == "[]byte":
            return "B"
        if text.startswith("[]"):
            return "[]" + self._go(text[2:], package, imports)
        if text.startswith("map["):
            return "{}" + self._go(text.partition("]")[2], package, imports)
        if text in PLAIN:
            return PLAIN[text]
        qualifier, _, name = text.rpartition(".")
        return f"{imports.get(qualifier, qualifier) if qualifier else package}.{name}"

    def resolve(self, kind: str) -> str:
        """Follows aliases: `core.Protocol` is `s`, `core.ResourceList` is `{}q`."""
        for prefix in ("[]", "{}"):
            if kind.startswith(prefix):
                return prefix + self.resolve(kind[2:])
        if kind in SPECIAL:
            return SPECIAL[kind]
        if kind in self.aliases:
            return self.resolve(self.aliases[kind])
        if "." in kind and kind.partition(".")[0] not in PACKAGES:
            return "j"  # of an alpha group that is not served: taken as it comes
        return kind

    def reachable(self, roots: list[str]) -> dict[str, dict[str, str]]:
        """The structs that those need, fields resolved."""
        kept: dict[str, dict[str, str]] = {}
        todo = list(roots)
        while todo:
            name = todo.pop()
            if name in kept:
                continue
            if name not in self.structs:
                raise SystemExit(f"{name} is not a struct that was read")
            kept[name] = {}
            for field, words in self.structs[name].items():
                if not field:
                    kept[name][field] = words
                    continue
                kind, _, rest = words.partition(" ")
                kind = self.resolve(kind)
                kept[name][field] = f"{kind} {rest}"
                struct = kind.replace("[]", "").replace("{}", "")
                if "." in struct:
                    todo.append(struct)
        return dict(sorted(kept.items()))


_OF_PARTS = re.compile("system:(controller|certificates.k8s.io|kube|node|volume|persistent|heapster)")
"""Roles of the control plane's own programs, whom the sandbox does not ask."""


class Server:
    """The API server to ask."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url, token
        self._tls = ssl._create_unverified_context()

    def get(self, path: str, accept: str = "application/json") -> Any:
        headers = {"Accept": accept, "Authorization": f"Bearer {self._token}"}
        request = urllib.request.Request(self._url + path, headers=headers)
        with urllib.request.urlopen(request, context=self._tls) as answer:
            return json.load(answer)

    def kinds(self) -> list[dict[str, Any]]:
        accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
        table = "application/json;as=Table;g=meta.k8s.io;v=v1"
        found = []
        for path in ("/api", "/apis"):
            for group in self.get(path, accept)["items"]:
                for version in group["versions"]:
                    key = (group["metadata"].get("name", ""), version["version"])
                    for resource in version["resources"] if key in GROUPS else []:
                        if resource["resource"] in SKIPPED:
                            continue
                        entry = {
                            "group": key[0],
                            "version": key[1],
                            "plural": resource["resource"],
                            "kind": resource["responseKind"]["kind"],
                            "type": f"{GROUPS[key]}.{resource['responseKind']['kind']}",
                            "singular": resource.get("singularResource", ""),
                            "namespaced": resource["scope"] == "Namespaced",
                            "verbs": resource["verbs"],
                            "short": resource.get("shortNames", []),
                            "categories": resource.get("categories", []),
                            "subresources": resource.get("subresources", []),
                        }
                        if "list" in resource["verbs"]:
                            base = f"/apis/{key[0]}/{key[1]}" if key[0] else f"/api/{key[1]}"
                            answer = self.get(f"{base}/{entry['plural']}?limit=1", table)
                            entry["columns"] = answer["columnDefinitions"]
                        found.append(entry)
        return found

    def roles(self) -> list[dict[str, Any]]:
        """The ClusterRoles and bindings that an API server makes for people, not those of its own parts."""
        found = []
        for kind in ("ClusterRole", "ClusterRoleBinding"):
            for each in self.get(f"/apis/rbac.authorization.k8s.io/v1/{kind.lower()}s")["items"]:
                meta = each["metadata"]
                if "kubernetes.io/bootstrapping" not in meta.get("labels", {}) or _OF_PARTS.match(meta["name"]):
                    continue
                if each.get("aggregationRule"):
                    each.pop("rules", None)  # the controller fills them in
                kept = {key: meta[key] for key in ("name", "labels", "annotations")}
                found.append({"kind": kind, **each, "metadata": kept})
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--modules", type=Path, required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--server", required=True)
    parser.add_argument("--token", required=True)
    options = parser.parse_args()
    server = Server(options.server, options.token)
    kinds = server.kinds()
    roots = sorted({entry["type"] for entry in kinds})
    roots += ["meta.ObjectMeta", "meta.ListMeta", "meta.DeleteOptions", "meta.Status", "policy.Eviction"]
    roots += ["autoscaling1.Scale", "authentication.TokenRequest", "core.Binding"]
    types = Sources(options.modules, options.version).reachable(roots)
    (HERE / "types.json").write_text(json.dumps(types, indent=0) + "\n")
    (HERE / "kinds.json").write_text("[\n" + ",\n".join(json.dumps(each) for each in kinds) + "\n]\n")
    roles = ",\n".join(json.dumps(each) for each in server.roles())
    (HERE / "roles.json").write_text(f"[\n{roles}\n]\n")


if __name__ == "__main__":
    main()
