"""A Secret shows its value to nobody who did not ask with reveal()."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import pprint
import traceback
from dataclasses import asdict, dataclass, replace

import pytest
import yaml

from wizard.domain.secret import Secret, SecretRef

VALUE = "correct-horse-battery"


@dataclass(frozen=True)
class Holder:
    """As a Credential or a step would hold one."""

    name: str
    secret: Secret


HOLDER = Holder("x", Secret(VALUE))


@pytest.mark.parametrize(
    "shown",
    [
        repr(HOLDER.secret),
        str(HOLDER.secret),
        f"{HOLDER.secret}",
        f"{HOLDER.secret!r:>40}",
        f"{HOLDER.secret:>40}",
        "{}".format(HOLDER.secret),  # noqa: UP032 - the old ways are what is tested
        "%s %r" % (HOLDER.secret, HOLDER.secret),  # noqa: UP031
        repr(HOLDER),
        repr([HOLDER.secret, {"a": HOLDER.secret}]),
        pprint.pformat({"deep": [HOLDER]}),
        json.dumps({"a": HOLDER.secret}, default=str),
        ascii(HOLDER.secret),
        repr(replace(HOLDER, name="y")),
    ],
)
def test_shown_as_stars(shown: str) -> None:
    assert "***" in shown
    assert VALUE not in shown


def test_a_format_spec_applies_to_the_stars() -> None:
    assert f"{HOLDER.secret:>5}" == "  ***"


@pytest.mark.parametrize(
    "serialise",
    [
        lambda s: json.dumps({"a": s}),
        pickle.dumps,
        lambda s: pickle.dumps(Holder("x", s)),
        copy.copy,
        copy.deepcopy,
        lambda s: asdict(Holder("x", s)),
        yaml.safe_dump,
        yaml.dump,
        lambda s: "".join(["a", s]),
        lambda s: "a" + s,
        lambda s: s.encode(),
        vars,
    ],
)
def test_is_not_serialised_or_joined(serialise) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises((TypeError, AttributeError, yaml.YAMLError)) as raised:
        serialise(Secret(VALUE))
    assert VALUE not in "".join(traceback.format_exception(raised.value))


def test_not_in_a_traceback_with_locals() -> None:
    """The richest kind there is: every frame's locals."""

    def fails(password: Secret) -> None:
        held = {"password": password}
        raise RuntimeError(f"cannot log in with {held}")

    try:
        fails(Secret("".join(["correct-", "horse-", "battery"])))
    except RuntimeError as problem:
        text = "".join(traceback.TracebackException.from_exception(problem, capture_locals=True).format())
    assert "password = ***" in text
    assert "correct-horse" not in text


def test_not_in_a_log(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("x").warning("value %s of %r", HOLDER.secret, HOLDER)
    assert "***" in caplog.text
    assert VALUE not in caplog.text


def test_reveal_and_equality() -> None:
    assert HOLDER.secret.reveal() == VALUE
    assert HOLDER.secret == Secret(VALUE)
    assert len({HOLDER.secret, Secret(VALUE), Secret("other")}) == 2
    assert HOLDER.secret != Secret("other")
    # Not even to itself: a comparison with text would make `==` an oracle in a template or a filter.
    assert HOLDER.secret != VALUE
    assert str not in Secret.__mro__
    assert not hasattr(HOLDER.secret, "__dict__")


def test_environment_name() -> None:
    assert SecretRef("postgresql-password", "pg", "password").env == "WIZARD_SECRET_POSTGRESQL_PASSWORD"
