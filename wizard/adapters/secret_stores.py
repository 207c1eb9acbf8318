"""The operator's stores of secrets: the environment (read only), the keyring."""

from __future__ import annotations

import os
from collections.abc import Mapping

from wizard.domain.secret import Secret


class EnvironmentStore:
    """`WIZARD_SECRET_<NAME>`; for pipelines."""

    name = "environment"

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment

    def get(self, deployment: str, name: str) -> Secret | None:
        value = self._environment.get("WIZARD_SECRET_" + name.upper().replace("-", "_"))
        return Secret(value) if value else None

    def set(self, deployment: str, name: str, value: Secret) -> bool:
        return False


class KeyringStore:
    """The desktop's or the system's keyring, where there is one: service `wizard:<deployment>`.

    keyring takes 0.1 s to import and asks D-Bus: both only happen when a secret is looked up.
    """

    name = "keyring"

    def get(self, deployment: str, name: str) -> Secret | None:
        import keyring
        from keyring.errors import KeyringError

        try:
            value = keyring.get_password(f"wizard:{deployment}", name)
        except (KeyringError, RuntimeError):
            return None  # no back end, or it is locked: the next store is asked
        return Secret(value) if value else None

    def set(self, deployment: str, name: str, value: Secret) -> bool:
        import keyring
        from keyring.errors import KeyringError

        try:
            keyring.set_password(f"wizard:{deployment}", name, value.reveal())
        except (KeyringError, RuntimeError):
            return False
        return backend()[1]


def backend() -> tuple[str, bool]:
    """The keyring's back end: (its name, whether it can keep anything)."""
    import keyring
    from keyring.backends import fail, null

    chosen = keyring.get_keyring()
    # `null` is how a keyring is switched off (PYTHON_KEYRING_BACKEND): it takes every value and keeps none.
    return chosen.name, not isinstance(chosen, fail.Keyring | null.Keyring)
