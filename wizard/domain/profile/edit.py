"""Changes a profile's YAML text to say something else, and leaves its comments where they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from wizard.domain.finding import UsageError
from wizard.domain.profile.text import read_yaml

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def edit_yaml(text: str, data: Mapping[str, Any]) -> str:
    """`text` with the least changes that make it say `data`.

    Where that cannot be done for certain (an unusual layout), the data is written anew beneath the comments
    that the file begins with. Keys that hold nothing are left as they are: they say nothing.
    """
    try:
        root = yaml.compose(text, Loader=_LOADER)
        edits = _Edits(text)
        if isinstance(root, yaml.MappingNode) and not root.flow_style:
            edits.mapping(root, data)
            made = edits.applied()
            said: Any = read_yaml(made, "").data or {}  # as a profile is read: `2026-01-01` is text there
            # Within Helm values null says something: it takes a chart's default away.
            if _bare(said) == _bare(data) and said.get("components") == data.get("components"):
                return made
    except (yaml.YAMLError, UsageError, _TooUnusual):
        pass  # what follows does without the old text's layout
    head = []
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            break
        head.append(line)
    return "".join(f"{line}\n" for line in head) + dump(data)


def dump(data: Any) -> str:
    """Block style, in the order given."""
    text: str = yaml.dump(data, Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=100)
    return text


class _TooUnusual(Exception):
    """A layout that is not edited but written anew."""


@dataclass(slots=True)
class _Edits:
    text: str
    made: list[tuple[int, int, str]] = field(default_factory=list)
    """From, to, what stands there instead."""

    def applied(self) -> str:
        text, last = self.text, len(self.text) + 1
        # Of two insertions at one place the earlier one comes first in the text: it is applied last.
        for begin, end, new in reversed(sorted(self.made, key=lambda edit: edit[:2])):
            if end > last:
                raise _TooUnusual
            text, last = text[:begin] + new + text[end:], begin
        return text

    def mapping(self, node: Any, data: Mapping[str, Any]) -> None:
        """A block mapping: keys that stay are edited in place, new ones come after the one before them."""
        there = {key.value: (key, value) for key, value in node.value}
        if len(there) != len(node.value):
            raise _TooUnusual  # keys that are there twice, or merged
        indent = node.start_mark.column
        at = self._line_start(node.start_mark.index)
        for key, (key_node, value_node) in there.items():
            if key not in data and not _is_null(value_node):
                self.made.append((self._line_start(key_node.start_mark.index), self._after(value_node, key_node), ""))
        fresh: list[str] = []
        for key, value in data.items():
            if key not in there:
                fresh.append(_indented(dump({key: value}), indent))
                continue
            self._insert(at, fresh)
            fresh = []
            key_node, value_node = there[key]
            self._value(key_node, value_node, value)
            at = max(at, self._after(value_node, key_node))
        self._insert(at, fresh)

    def _insert(self, at: int, parts: list[str]) -> None:
        if parts:
            lead = "\n" if at and self.text[at - 1] != "\n" else ""
            self.made.append((at, at, lead + "".join(parts)))

    def _value(self, key_node: Any, node: Any, value: Any) -> None:
        if _bare(_read(node)) == _bare(value):
            return
        block = not getattr(node, "flow_style", True)
        if isinstance(node, yaml.MappingNode) and isinstance(value, Mapping) and value and block:
            self.mapping(node, value)
        elif isinstance(node, yaml.SequenceNode) and isinstance(value, list) and value and block:
            self._sequence(node, value)
        elif isinstance(value, Mapping | list) and value and (block or isinstance(node, yaml.ScalarNode)):
            end = self._after(node, key_node)
            indent = key_node.start_mark.column + (2 if isinstance(value, Mapping) else 0)
            # A comment behind a key with nothing in it stays; what follows a value on its line goes with it.
            begin = end - 1 if _is_empty(node) and self.text[end - 1] == "\n" else key_node.end_mark.index + 1
            self.made.append((begin, end, "\n" + _indented(dump(value), indent)))
        elif isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            raise _TooUnusual
        else:
            begin, end = node.start_mark.index, self._content_end(node)
            if _is_empty(node):
                begin = end = key_node.end_mark.index + 1  # past the colon
            self.made.append((begin, end, (" " if begin == end else "") + _inline(value)))

    def _sequence(self, node: Any, value: Sequence[Any]) -> None:
        """A block sequence: what is alike at both ends stays, the middle is edited item by item."""
        items, old = node.value, [_bare(_read(item)) for item in node.value]
        new = [_bare(item) for item in value]
        first = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
        last = 0
        while last < min(len(old), len(new)) - first and old[-1 - last] == new[-1 - last]:
            last += 1
        begin = node.start_mark.column
        middle, wanted = items[first : len(items) - last], list(value[first : len(value) - last])
        for item, fresh in zip(middle, wanted, strict=False):
            if isinstance(item, yaml.MappingNode) and not item.flow_style and isinstance(fresh, Mapping) and fresh:
                if next(iter(fresh)) != item.value[0][0].value or item.value[0][0].value not in fresh:
                    raise _TooUnusual  # its first key stands behind the dash
                self.mapping(item, fresh)
            else:
                self.made.append((item.start_mark.index, self._content_end(item), _inline(fresh)))
        for item in middle[len(wanted) :]:
            self.made.append((self._line_start(item.start_mark.index), self._after(item), ""))
        before = items[first + min(len(middle), len(wanted)) - 1] if first + min(len(middle), len(wanted)) else None
        at = self._after(before) if before is not None else self._line_start(items[0].start_mark.index)
        self._insert(at, [_indented(dump([fresh]), begin) for fresh in wanted[len(middle) :]])

    def _line_start(self, index: int) -> int:
        return self.text.rfind("\n", 0, index) + 1

    def _after(self, node: Any, key: Any = None) -> int:
        """Where the line after a node's content begins; a node with nothing in it ends with its key."""
        last = key.end_mark.index if key is not None and _is_empty(node) else self._content_end(node)
        end = self.text.find("\n", last)
        return len(self.text) if end < 0 else end + 1

    def _content_end(self, node: Any) -> int:
        """A block's end mark lies behind the comments that follow it: its last value's end is meant."""
        if isinstance(node, yaml.ScalarNode) or node.flow_style or not node.value:
            end: int = node.end_mark.index
            return end - 1 if getattr(node, "style", None) in ("|", ">") and self.text[end - 1] == "\n" else end
        last = node.value[-1]
        if not isinstance(last, tuple):
            return self._content_end(last)
        key, value = last
        colon: int = key.end_mark.index + 1
        return colon if _is_empty(value) else self._content_end(value)


def _read(node: Any) -> Any:
    """The value of a node."""
    return yaml.constructor.SafeConstructor().construct_document(node)


def _bare(data: Any) -> Any:
    """Without keys that hold nothing."""
    if isinstance(data, Mapping):
        return {key: _bare(value) for key, value in data.items() if value is not None}
    return [_bare(item) for item in data] if isinstance(data, list) else data


def _is_empty(node: Any) -> bool:
    """Nothing is written there; where the parser says it lies is of no use."""
    return _is_null(node) and not node.value


def _is_null(node: Any) -> bool:
    return isinstance(node, yaml.ScalarNode) and str(node.tag) == "tag:yaml.org,2002:null"


def _inline(value: Any) -> str:
    text: str = yaml.dump(value, Dumper=_DUMPER, default_flow_style=True, allow_unicode=True, width=10_000)
    return text.removesuffix("...\n").rstrip("\n")


def _indented(text: str, columns: int) -> str:
    return "".join(" " * columns + line if line.strip() else line for line in text.splitlines(keepends=True))
