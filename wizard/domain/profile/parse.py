"""YAML text or plain data -> `Profile`, with everything that is wrong said at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from wizard.domain.finding import Finding, UsageError, Where, error
from wizard.domain.profile.base import Path
from wizard.domain.profile.explain import ABSENT, explain, value_at
from wizard.domain.profile.model import Profile
from wizard.domain.profile.overrides import FILE, apply_overrides
from wizard.domain.profile.text import MAX_BYTES, Document, decode, read_yaml

MAX_FINDINGS = 500
"""More than anyone reads; bounds the work on a hostile file."""

_STAND_INS: dict[Path, Any] = {
    ("name",): "x",
    ("target",): {"kind": "sandbox"},
    ("target", "kind"): "sandbox",
}
"""What takes the place of a required value that is wrong, so that the checks between fields can still run.
Checks that read one of these places are not believed then."""


def parse_profile(text: bytes | str, *, file: str, overrides: Sequence[str] = ()) -> Profile:
    """A profile from YAML, with `--set` overrides (`a.b=c`, see overrides.py) applied before validation.

    `file` is only shown, in the findings. UsageError with every finding at once: what is wrong, its
    file:line and path, what is allowed, the nearest right name. Text that is no YAML document at all
    (syntax, encoding, size, aliases) gives the findings up to there.
    """
    if isinstance(text, bytes):
        if len(text) > MAX_BYTES:
            summary = f"the file is larger than {MAX_BYTES // 1024} KiB"
            raise UsageError(error("profile-size", summary, where=Where(file=file)))
        text = decode(text, file)
    document = read_yaml(text, file)
    findings = document.findings
    if document.data is not None and not isinstance(document.data, dict):
        what = "a list" if isinstance(document.data, list) else "a single value"
        summary, line = f"a profile is a mapping of keys and values (got {what})", document.marks[()].line
        hint = "begin with `name: my-platform`"
        raise UsageError(*findings, error("profile-type", summary, hint=hint, where=Where(file=file, line=line)))
    findings += apply_overrides(document, overrides)
    profile, wrong = _validate(document)
    findings += wrong
    if profile is None or findings:
        raise UsageError(*sorted(findings, key=_order))
    return profile


def profile_from_data(data: Mapping[str, Any]) -> Profile:
    """A profile from plain data as YAML would give it (camelCase keys), such as a form's draft.

    UsageError with every finding; these have a path and no line.
    """
    profile, findings = _validate(Document(_plain(data), {}))
    if profile is None or findings:
        raise UsageError(*findings)
    return profile


def check_data(data: Mapping[str, Any]) -> tuple[Finding, ...]:
    """What is wrong with a draft; empty where it is a valid profile."""
    return tuple(_validate(Document(_plain(data), {}))[1])


def _validate(document: Document) -> tuple[Profile | None, list[Finding]]:
    """Validates, and where single values are wrong again without those, for the checks between fields."""
    wrong: dict[Path, None] = {}
    findings: list[Finding] = []
    seen: set[tuple[Path, str]] = set()
    total = 0
    while True:
        pruned, indices = _without(document.data or {}, wrong)
        try:
            profile = Profile.model_validate_json(json.dumps(pruned), by_alias=True, by_name=False)
        except ValidationError as problem:
            profile, all_details = None, problem.errors(include_url=False, include_input=False)
        else:
            return (None if wrong else profile), findings
        before = len(wrong)
        for details in all_details:
            path = _original(details["loc"], indices)
            if path and path[-1] == "[key]":
                path = path[:-1]
                details["type"] = "literal_key"
            if (path, details["type"]) in seen or _follows(details, path, wrong):
                _leave_out(details, path, document, wrong)
                continue
            seen.add((path, details["type"]))
            total += 1
            if total <= MAX_FINDINGS:
                findings.append(explain(details, path, document))
            _leave_out(details, path, document, wrong)
        if len(wrong) == before or total > MAX_FINDINGS:
            if total > MAX_FINDINGS:
                findings.append(error("profile-more", f"{total - MAX_FINDINGS} more findings are not shown"))
            return None, findings


def _leave_out(details: ErrorDetails, path: Path, document: Document, wrong: dict[Path, None]) -> None:
    """Notes what to validate without, the next time."""
    if details["type"] == "profile_problem":
        return
    if details["type"] == "missing" and path not in _STAND_INS:
        path = path[:-1]
    while path and path not in _STAND_INS and value_at(document.data, path, ABSENT) is ABSENT:
        path = path[:-1]
    if path:
        wrong[path] = None


def _follows(details: ErrorDetails, path: Path, wrong: Mapping[Path, None]) -> bool:
    """Whether an error may only be there because of values that were wrong and left out."""
    if details["type"] == "missing":
        return path in wrong
    if details["type"] != "profile_problem":
        return False
    reads: tuple[Path, ...] = details["ctx"]["reads"]
    return any(_touches(bad, read) for bad in wrong for read in (path, *reads)) or any(
        bad[: len(path)] == path for bad in wrong
    )


def _touches(bad: Path, read: Path) -> bool:
    """Whether a wrong value is what was read, holds it, or is one of its own keys or items."""
    return read[: len(bad)] == bad or (len(bad) == len(read) + 1 and bad[:-1] == read)


def _without(data: Any, wrong: Mapping[Path, None]) -> tuple[Any, dict[Path, list[int]]]:
    """A copy without the wrong values and without empty keys, and which index each list item had.

    An empty key (`tenants:` with all of its items commented out, `--set access.domain=`) is one that is not
    set. Within a component's Helm values it is kept: there it removes a chart's default.
    """
    indices: dict[Path, list[int]] = {}

    def copy(value: Any, path: Path, new_path: Path) -> Any:
        if len(path) > 2 and path[0] == "components" and path[2] == "values":
            return value
        if isinstance(value, dict):
            kept = {
                key: copy(item, (*path, key), (*new_path, key))
                for key, item in value.items()
                if item is not None and (*path, key) not in wrong
            }
            return kept
        if isinstance(value, list):
            left = [index for index in range(len(value)) if (*path, index) not in wrong]
            if len(left) < len(value):
                indices[new_path] = left
            return [copy(value[old], (*path, old), (*new_path, new)) for new, old in enumerate(left)]
        return value

    pruned = copy(data, (), ())
    for path, stand_in in _STAND_INS.items():
        if path in wrong:
            holder = pruned if len(path) == 1 else pruned.get(path[0])
            if isinstance(holder, dict):
                holder.setdefault(path[-1], stand_in)
    return pruned, indices


def _original(loc: Sequence[str | int], indices: Mapping[Path, list[int]]) -> Path:
    """An error's place in the data as written, from its place in the pruned copy."""
    original: list[str | int] = []
    for position, part in enumerate(loc):
        kept = indices.get(tuple(loc[:position])) if isinstance(part, int) else None
        original.append(kept[part] if kept is not None and isinstance(part, int) else part)
    return tuple(original)


def _plain(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {str(key): _plain(value) for key, value in data.items()}
    return [_plain(item) for item in data] if isinstance(data, list | tuple) else data


def _order(finding: Finding) -> tuple[bool, bool, int]:
    """By line; then what has none; then what `--set` brought."""
    return finding.where.file == FILE, finding.where.line is None, finding.where.line or 0
