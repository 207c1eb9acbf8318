"""Quantities, selectors, patches, protobuf: the small languages of the API."""

from __future__ import annotations

import base64
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.sandbox import patches
from wizard.sandbox.api import protobuf
from wizard.sandbox.convert import Converter
from wizard.sandbox.quantity import QuantityError, canonical, value, written
from wizard.sandbox.schema import struct
from wizard.sandbox.selectors import field_test, label_test, selects
from wizard.sandbox.status import StatusError


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("1000m", "1"),
        ("0.5", "500m"),
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("1e3", "1e3"),
        ("512", "512"),
        ("1023Ki", "1023Ki"),
        ("100.5m", "100500u"),
        ("0.1n", "1n"),
        ("0.5Ki", "512"),
        (2, "2"),
        (0.25, "250m"),
        ("0", "0"),
        ("-1Gi", "-1Gi"),
    ],
)
def test_quantities_take_one_form(told: Any, kept: str) -> None:
    assert canonical(told) == kept


@pytest.mark.parametrize("told", ["", "much", "1 Gi", "1KiB", "1.2.3", "Gi", "--1", "0x10"])
def test_what_is_no_quantity(told: str) -> None:
    with pytest.raises(QuantityError, match="quantities must match"):
        canonical(told)


@given(number=st.integers(0, 2**50), form=st.sampled_from(["", "m", "k", "M", "Ki", "Mi", "Gi", "u"]))
def test_a_quantity_means_the_same_in_its_form(number: int, form: str) -> None:
    kept = canonical(f"{number}{form}")
    assert value(kept) == value(f"{number}{form}")
    assert canonical(kept) == kept


def test_what_is_finer_than_a_billionth_is_rounded_up() -> None:
    assert written(Fraction(1, 10**10)) == "1n"


LABELS = {"app": "web", "tier": "x", "level": "3"}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("app=web", True),
        ("app==web,tier=x", True),
        ("app!=web", False),
        ("missing!=x", True),
        ("tier in (x, y)", True),
        ("tier notin (x)", False),
        ("missing notin (x)", True),
        ("app", True),
        ("!app", False),
        ("!missing,app", True),
        ("level>2", True),
        ("level<3", False),
        ("app=", False),
        ("example.com/none=", False),
    ],
)
def test_label_selectors(text: str, matches: bool) -> None:
    assert label_test(text)(LABELS) is matches


def test_label_selector_objects() -> None:
    expressions = [{"key": "tier", "operator": "In", "values": ["x"]}, {"key": "no", "operator": "DoesNotExist"}]
    assert selects({"matchLabels": {"app": "web"}, "matchExpressions": expressions}, LABELS)
    assert selects({}, LABELS)
    assert not selects(None, LABELS)


def test_field_selectors() -> None:
    pod = {"metadata": {"name": "p", "namespace": "n"}, "spec": {}, "status": {"phase": "Running"}}
    assert field_test("status.phase=Running,metadata.name!=q", "pods")(pod)
    assert field_test("spec.nodeName=", "pods")(pod)
    assert not field_test("metadata.namespace=other", "pods")(pod)
    with pytest.raises(StatusError, match=r"field label not supported: spec\.colour"):
        field_test("spec.colour=red", "pods")


def test_a_merge_patch_removes_by_null_and_replaces_lists() -> None:
    target = {"a": {"b": 1, "c": 2}, "l": [1, 2]}
    assert patches.merge_patch(target, {"a": {"b": None, "d": {"e": None}}, "l": [3]}) == {
        "a": {"c": 2, "d": {}},
        "l": [3],
    }
    assert target == {"a": {"b": 1, "c": 2}, "l": [1, 2]}


def test_json_patches_escape_and_count() -> None:
    target = {"metadata": {"annotations": {"a/b": "1"}}, "l": [1, 2, 3]}
    done = patches.json_patch(
        target,
        [
            {"op": "replace", "path": "/metadata/annotations/a~1b", "value": "2"},
            {"op": "remove", "path": "/l/1"},
            {"op": "add", "path": "/l/-", "value": 4},
            {"op": "move", "from": "/l/0", "path": "/first"},
        ],
    )
    assert done == {"metadata": {"annotations": {"a/b": "2"}}, "l": [3, 4], "first": 1}
    with pytest.raises(StatusError) as caught:
        patches.json_patch(target, [{"op": "add", "path": "/l/9", "value": 1}])
    assert caught.value.code == 422


def test_a_strategic_patch_merges_by_the_lists_own_key() -> None:
    pod = {"containers": [{"name": "a", "image": "1", "env": [{"name": "X", "value": "1"}]}, {"name": "b"}]}
    patch = {"containers": [{"name": "a", "image": "2", "env": [{"name": "Y"}]}, {"name": "b", "$patch": "delete"}]}
    done = patches.strategic(pod, patch, struct("core.PodSpec"))
    # What a patch names comes first, unless it says in which order it wants the list.
    assert done == {"containers": [{"name": "a", "image": "2", "env": [{"name": "Y"}, {"name": "X", "value": "1"}]}]}


def _field(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2, len(data)]) + data


def test_a_secret_in_protobuf() -> None:
    """As helm sends a release: metadata, a map of bytes, a type."""
    entry = _field(1, b"release") + _field(2, b"\x00\x01")
    labels = _field(11, _field(1, b"owner") + _field(2, b"helm"))
    message = _field(1, _field(1, b"sh.helm.v1") + labels) + _field(2, entry) + _field(3, b"helm.sh/release.v1")
    body = protobuf.MAGIC + _field(1, _field(1, b"v1") + _field(2, b"Secret")) + _field(2, message)
    version, kind, inner = protobuf.type_meta(body)
    assert (version, kind) == ("v1", "Secret")
    assert protobuf.decode(inner, "core.Secret") == {
        "metadata": {"name": "sh.helm.v1", "labels": {"owner": "helm"}},
        "data": {"release": base64.b64encode(b"\x00\x01").decode()},
        "type": "helm.sh/release.v1",
    }


@pytest.mark.parametrize("body", [b"", b"k8s", b"k8s\x00\x0a\xff", b"k8s\x00\x0a\x01"])
def test_broken_protobuf_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(StatusError) as caught:
        protobuf.type_meta(body)
    assert caught.value.code == 400


@given(data=st.binary(max_size=60))
def test_no_bytes_break_the_decoder(data: bytes) -> None:
    try:
        protobuf.decode(data, "core.Pod")
    except StatusError as problem:
        assert problem.code == 400


def test_decoding_twice_changes_nothing() -> None:
    pod = {"metadata": {"name": "p", "labels": {}}, "spec": {"containers": [{"name": "a", "tty": False}]}, "x": 1}
    converter = Converter()
    once = converter.convert(struct("core.Pod"), pod)
    assert converter.unknown == ['unknown field "x"']
    assert Converter().convert(struct("core.Pod"), once) == once
    assert once["spec"]["containers"] == [{"name": "a", "resources": {}}]
