"""The operator's stores: what has no back end, or is locked, is passed over and never said to keep anything."""

from __future__ import annotations

from collections.abc import Iterator

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from keyring.errors import KeyringError, KeyringLocked

from wizard.adapters.secret_stores import EnvironmentStore, KeyringStore, backend
from wizard.domain.secret import Secret


class Memory(KeyringBackend):
    priority = 1
    problem: Exception | None = None

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        if self.problem:
            raise self.problem
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.problem:
            raise self.problem
        self.kept[(service, username)] = password


@pytest.fixture(autouse=True)
def own_keyring() -> Iterator[Memory]:
    before, mine = keyring.get_keyring(), Memory()
    keyring.set_keyring(mine)
    yield mine
    keyring.set_keyring(before)


def test_a_keyring_keeps_by_deployment_and_name(own_keyring: Memory) -> None:
    store = KeyringStore()
    assert store.get("prod@uid", "db") is None
    assert store.set("prod@uid", "db", Secret("x"))
    assert store.get("prod@uid", "db") == Secret("x")
    assert store.get("prod@other", "db") is None
    assert own_keyring.kept == {("wizard:prod@uid", "db"): "x"}
    assert backend()[1]


@pytest.mark.parametrize("problem", [KeyringLocked("locked"), KeyringError("x"), RuntimeError("no D-Bus")])
def test_a_locked_or_broken_keyring_is_passed_over(own_keyring: Memory, problem: Exception) -> None:
    own_keyring.problem = problem
    assert KeyringStore().get("prod", "db") is None
    assert not KeyringStore().set("prod", "db", Secret("x"))


@pytest.mark.parametrize("kind", [fail.Keyring, null.Keyring])
def test_no_back_end_keeps_nothing_and_says_so(kind: type[KeyringBackend]) -> None:
    """The null back end is keyring's own way to be switched off: it takes every value and keeps none."""
    keyring.set_keyring(kind())
    assert KeyringStore().get("prod", "db") is None
    assert not KeyringStore().set("prod", "db", Secret("x"))
    assert not backend()[1]


def test_the_environment_by_name_and_read_only() -> None:
    environment = {"WIZARD_SECRET_DB_PASSWORD": "x", "WIZARD_SECRET_EMPTY": ""}
    store = EnvironmentStore(environment)
    assert store.get("any", "db-password") == Secret("x")
    assert store.get("any", "empty") is None
    assert store.get("any", "other") is None
    assert not store.set("any", "other", Secret("y"))
    assert len(environment) == 2


def test_the_real_environment_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIZARD_SECRET_X", "y")
    assert EnvironmentStore().get("any", "x") == Secret("y")
