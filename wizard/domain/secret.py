"""`Secret`: the one type that holds a secret value, so that no log or traceback can show it."""

from __future__ import annotations

from dataclasses import dataclass


class Secret:
    """A secret string. Its repr, str and format are `***`; only `reveal()` gives the value.

    Not a `str` subclass on purpose: joining, formatting or serialising it by accident fails
    or prints stars instead of leaking.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a Secret is not serialised")


@dataclass(frozen=True, slots=True)
class SecretRef:
    """A secret that the platform needs, by name; says nothing of its value."""

    name: str
    """Stable name, also of the environment variable: `postgresql-password` is
    `WIZARD_SECRET_POSTGRESQL_PASSWORD`."""
    kubernetes_secret: str
    """Name of the Kubernetes Secret that charts refer to."""
    key: str
    """Key within that Secret."""
    length: int = 32
    """Characters generated when no store has it."""
    generated: bool = True
    """False for a secret that somebody else decides, such as an external database's password."""

    @property
    def env(self) -> str:
        return "WIZARD_SECRET_" + self.name.upper().replace("-", "_")
