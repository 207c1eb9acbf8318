"""The diff of manifests: by object, blind to order and comments, and without what a Secret holds."""

from __future__ import annotations

import base64

from wizard.planning.diff import manifest_diff

SERVICE = """
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  ports:
    - port: 80
  selector: {app: web}
"""
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {replicas: 1}
"""


def test_equal_manifests_have_no_diff() -> None:
    assert manifest_diff("", "") == ""
    assert manifest_diff(SERVICE, SERVICE) == ""


def test_order_comments_and_layout_do_not_count() -> None:
    other = """# Source: web/templates/deployment.yaml
kind: Deployment
spec:
  replicas: 1   # as always
metadata:
  name: web
apiVersion: apps/v1
---
# nothing but a comment
---
metadata: {name: web}
apiVersion: v1
spec: {selector: {"app": 'web'}, ports: [{port: 80}]}
kind: Service
"""
    assert manifest_diff(f"{SERVICE}---{DEPLOYMENT}", other) == ""
    # Within a list, order is meaning.
    two = SERVICE.replace("- port: 80", "- port: 80\n    - port: 81")
    assert manifest_diff(two, two.replace("80", "x").replace("81", "80").replace("x", "81")) != ""


def test_a_change_is_shown_at_its_object() -> None:
    assert manifest_diff(f"{SERVICE}---{DEPLOYMENT}", f"{SERVICE}---{DEPLOYMENT.replace('1}', '2}')}") == (
        "--- deployed Deployment/web\n"
        "+++ desired Deployment/web\n"
        "@@ -4,3 +4,3 @@\n"
        "   name: web\n"
        " spec:\n"
        "-  replicas: 1\n"
        "+  replicas: 2"
    )


def test_a_number_is_not_a_truth_value() -> None:
    assert manifest_diff("kind: A\na: 1\n", "kind: A\na: true\n").splitlines()[-3:-1] == ["-a: 1", "+a: true"]


def test_objects_that_come_and_go() -> None:
    lines = manifest_diff(SERVICE, DEPLOYMENT).splitlines()
    assert "--- deployed Service/web" in lines and "+++ desired Deployment/web" in lines
    assert "+  replicas: 1" in lines and "-  - port: 80" in lines
    assert not [line for line in lines if line.startswith("+") and "port" in line]


def test_objects_of_two_kinds_or_namespaces_do_not_hide_each_other() -> None:
    second = SERVICE.replace("name: web", "name: api")
    assert manifest_diff(SERVICE, f"{SERVICE}---{second}").count("desired Service/api") == 1


def secret(**data: str) -> str:
    lines = "".join(f"  {key}: {base64.b64encode(value.encode()).decode()}\n" for key, value in data.items())
    return f"apiVersion: v1\nkind: Secret\nmetadata: {{name: auth}}\ndata:\n{lines}stringData:\n  plain: tr0ub4dor\n"


def test_what_a_secret_holds_is_never_shown() -> None:
    before, after = secret(password="correct-horse", same="x"), secret(password="battery-staple", same="x")
    diff = manifest_diff(before, after.replace("tr0ub4dor", "hunter2"))
    for value in ("correct-horse", "battery-staple", "tr0ub4dor", "hunter2"):
        assert value not in diff
        assert base64.b64encode(value.encode()).decode() not in diff
    # That they changed is shown, and which.
    assert [line for line in diff.splitlines() if line[:1] == "+"][1:] == [
        "+  password: (hidden, changed)",
        "+  plain: (hidden, changed)",
    ]
    assert manifest_diff(before, before) == ""
    assert "correct-horse" not in manifest_diff("", before)


def test_a_secret_in_a_list() -> None:
    before = "kind: List\nitems:\n  - {kind: Secret, metadata: {name: auth}, stringData: {a: correct-horse}}\n"
    diff = manifest_diff(before, before.replace("correct-horse", "battery-staple"))
    assert "deployed Secret/auth" in diff
    assert "correct-horse" not in diff and "battery-staple" not in diff


def test_nothing_that_depends_on_a_value_is_shown() -> None:
    """Not its length and no hash of it: a short password is found by trying."""
    diffs = {manifest_diff(secret(a="x"), secret(a=value)) for value in ("1234", "a much longer passphrase")}
    assert len(diffs) == 1


def test_a_secret_without_data() -> None:
    empty = "apiVersion: v1\nkind: Secret\nmetadata: {name: auth}\n"
    assert manifest_diff("", empty + "data:\n") != ""
    assert "hunter2" not in manifest_diff(empty, empty + "stringData: {a: hunter2}\n")
    assert "hunter2" not in manifest_diff(empty + "stringData: {a: hunter2}\n", "")
