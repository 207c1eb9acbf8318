"""Checks of what the platform leans on: database, storage, secrets, monitoring."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from wizard.domain.profile.base import Path
from wizard.domain.profile.checks.problem import Problem

if TYPE_CHECKING:
    from wizard.domain.profile.model import Profile
    from wizard.domain.profile.observability import Receiver

_KIND: tuple[Path, ...] = (("target", "kind"), ("target",))


def database(profile: Profile) -> Iterator[Problem]:
    database, at = profile.database, ("database",)
    if database.kind == "aurora" and profile.target.kind != "aws":
        yield _only_on_aws(profile, (*at, "kind"), "aurora", "internal or external")
    if database.kind == "external" and database.external is None:
        yield Problem(
            (*at, "external"),
            "profile-missing",
            "is missing: database.kind is external",
            "add `database.external` with at least `host`",
            ((*at, "kind"), at),
        )
    aurora = database.aurora
    if aurora.min_acu > aurora.max_acu:
        yield Problem(
            (*at, "aurora", "minAcu"),
            "profile-range",
            f"must be at most {aurora.max_acu:g}, as database.aurora.maxAcu says (got {aurora.min_acu:g})",
            reads=((*at, "aurora", "maxAcu"),),
        )
    if database.internal.instances > 1 and profile.footprint == "lean" and database.kind == "internal":
        yield Problem(
            (*at, "internal", "instances"),
            "profile-conflict",
            f"must be 1 with footprint lean (got {database.internal.instances})",
            "use footprint full: its operator replicates and fails over",
            (("footprint",),),
        )


def secrets(profile: Profile) -> Iterator[Problem]:
    if profile.secrets.store == "secrets-manager" and profile.target.kind != "aws":
        yield _only_on_aws(profile, ("secrets", "store"), "secrets-manager", "kubernetes or auto")


def backup(profile: Profile) -> Iterator[Problem]:
    backup = profile.backup
    if backup.enabled and backup.destination == "s3" and backup.bucket is None and profile.target.kind != "aws":
        yield Problem(
            ("backup", "destination"),
            "profile-missing",
            f"s3 needs backup.bucket on target {profile.target.kind}",
            reads=(("backup", "bucket"), ("backup",), *_KIND),
        )


def observability(profile: Profile) -> Iterator[Problem]:
    observability, at = profile.observability, ("observability",)
    if observability.logs.backend == "cloudwatch" and profile.target.kind != "aws":
        yield _only_on_aws(profile, (*at, "logs", "backend"), "cloudwatch", "loki or none")
    first: dict[str, int] = {}
    for index, receiver in enumerate(observability.receivers):
        path: Path = (*at, "receivers", index)
        same = first.setdefault(receiver.name, index)
        if same != index:
            yield Problem(
                (*path, "name"),
                "profile-duplicate",
                f"'{receiver.name}' is already the name of observability.receivers[{same}]",
            )
        yield from _receiver(receiver, path)


def _receiver(receiver: Receiver, at: Path) -> Iterator[Problem]:
    needed: dict[str, object]
    if receiver.kind == "email":
        needed = {"to": receiver.to, "smarthost": receiver.smarthost}
        if receiver.user:
            needed["secret"] = receiver.secret
    else:
        needed = {"secret": receiver.secret}
    for key, value in needed.items():
        if not value:
            yield Problem(
                at,
                "profile-missing",
                f"a receiver of kind {receiver.kind} needs `{key}`",
                "the NAME of a secret, such as slack-webhook; its value is asked for" if key == "secret" else "",
                (at, (*at, key), (*at, "kind")),
            )


def _only_on_aws(profile: Profile, path: Path, value: str, instead: str) -> Problem:
    return Problem(
        path,
        "profile-conflict",
        f"{value} is there on target aws only (target.kind is {profile.target.kind})",
        f"use {instead}",
        _KIND,
    )
