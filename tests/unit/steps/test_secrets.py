"""Where secret values come from, where they go, and that they show nowhere."""

from __future__ import annotations

import asyncio
import base64
import traceback

import pytest

from tests.unit.fakes import Bench, MemoryStore, desired_of
from wizard.domain.events import Noticed, as_wire
from wizard.domain.finding import PreflightError
from wizard.domain.plan import StepSpec
from wizard.domain.secret import Secret, SecretRef
from wizard.planning.desired import SecretEntry, SecretObject
from wizard.ports import SECRETS
from wizard.steps.secrets import MADE_OF, SecretsStep, clashes, decode, generate

PASSWORD = SecretRef("db-password", "db-secret", "password")
EXTERNAL = SecretRef("api-key", "web-secret", "key", generated=False)
DB = SecretObject("db-secret", (SecretEntry("password", "db-password"),))
WEB = SecretObject(
    "web-secret",
    (SecretEntry("url", "postgresql://u:{db-password}@db/x?k={db-password}", True), SecretEntry("key", "api-key")),
)
DESIRED = desired_of(secrets=(PASSWORD,), secret_objects=(DB,))
BOTH = desired_of(secrets=(PASSWORD, EXTERNAL), secret_objects=(DB, WEB))


def encoded(**values: str) -> dict[str, dict[str, str]]:
    return {"data": {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}}


def step_of(bench: Bench) -> SecretsStep:
    return SecretsStep(StepSpec("secrets", "secrets", "chat"), bench.context)


def live(bench: Bench, name: str = "db-secret") -> dict[str, str]:
    return {key: value.reveal() for key, value in decode(bench.kube.at(SECRETS, "chat", name)).items()}


def notices(bench: Bench) -> list[str]:
    return [event.finding.code for event in bench.of(Noticed)]


@pytest.mark.parametrize(
    ("environment", "keyring", "cluster", "used", "said"),
    [
        ("e", "e", "e", "e", []),
        ("e", "k", None, "e", []),
        (None, "k", None, "k", []),
        (None, None, "c", "c", []),
        (None, "c", "c", "c", []),
        (None, "k", "c", "c", ["secret-differs"]),
        ("e", "c", "c", "c", ["secret-differs"]),
    ],
)
def test_order_of_look_up(
    environment: str | None, keyring: str | None, cluster: str | None, used: str, said: list[str]
) -> None:
    stores = tuple(
        MemoryStore(name, {"db-password": value} if value else {})
        for name, value in {"environment": environment, "keyring": keyring}.items()
    )
    bench = Bench(DESIRED, stores=stores)
    if cluster:
        bench.kube.put(SECRETS, "chat", "db-secret", encoded(password=cluster))
    assert asyncio.run(step_of(bench).apply())
    assert live(bench) == {"password": used}
    assert notices(bench) == said
    assert {scope for store in stores for scope in store.scopes} == {"prod@cluster-uid"}
    assert stores[1].values == ({"db-password": Secret(keyring)} if keyring else {}), "a store is not overwritten"


def test_generated_values_go_to_the_keyring_and_come_back() -> None:
    environment, keyring = MemoryStore("environment", keeps=False), MemoryStore("keyring")
    bench = Bench(DESIRED, stores=(environment, keyring))
    asyncio.run(step_of(bench).apply())
    made = live(bench)["password"]
    assert keyring.values["db-password"].reveal() == made
    assert len(made) == 32
    assert made.isalnum()
    assert notices(bench) == []
    asyncio.run(step_of(bench).apply())
    assert live(bench)["password"] == made


def test_where_nothing_keeps_a_generated_value_it_is_said() -> None:
    bench = Bench(DESIRED, stores=(MemoryStore("environment", keeps=False),))
    asyncio.run(step_of(bench).apply())
    assert notices(bench) == ["secrets-only-in-cluster"]
    assert live(bench)["password"] not in str(bench.events)


def test_generated_values_differ_and_have_the_length_asked_for() -> None:
    assert len({generate(20).reveal() for _ in range(50)}) == 50
    assert {len(generate(n).reveal()) for n in (1, 64)} == {1, 64}


def test_templates_are_filled_with_url_quoted_values() -> None:
    stores = (MemoryStore("environment", {"db-password": "p@ss/w:rd &%é{api-key}", "api-key": "raw/{db-password}"}),)
    bench = Bench(BOTH, stores=stores)
    asyncio.run(step_of(bench).apply())
    quoted = "p%40ss%2Fw%3Ard%20%26%25%C3%A9%7Bapi-key%7D"
    assert live(bench, "web-secret") == {
        "url": f"postgresql://u:{quoted}@db/x?k={quoted}",
        "key": "raw/{db-password}",
    }
    assert live(bench)["password"] == "p@ss/w:rd &%é{api-key}"


def test_a_secret_that_nobody_has_and_that_is_not_ours_to_make_is_asked_for() -> None:
    bench = Bench(BOTH, stores=(MemoryStore("environment", {"db-password": "hush-hush"}),))
    with pytest.raises(PreflightError) as refused:
        asyncio.run(step_of(bench).apply())
    (finding,) = refused.value.findings
    assert finding.code == "secret-missing"
    assert "WIZARD_SECRET_API_KEY" in finding.hint
    assert "keyring set wizard:prod@cluster-uid api-key" in finding.hint
    assert not bench.kube.count("apply"), "half of the Secrets would start half of the platform"


def test_values_show_nowhere() -> None:
    stores = (MemoryStore("keyring", {"db-password": "hush-hush"}),)
    bench = Bench(BOTH, stores=stores)
    bench.kube.put(SECRETS, "chat", "db-secret", encoded(password="in-use-here"))
    with pytest.raises(PreflightError) as refused:
        asyncio.run(step_of(bench).apply())
    told = [repr(refused.value), str(refused.value), *traceback.format_exception(refused.value)]
    told += [str(as_wire(event, at=0)) + repr(event) for event in bench.events]
    told += [repr(stores[0].values), f"{Secret('hush-hush')} {Secret('hush-hush')!r} {Secret('hush-hush'):>20}"]
    assert len(told) > 5
    assert not any(value in text for text in told for value in ("hush-hush", "in-use-here"))


def test_satisfied_by_what_each_secret_is_made_of() -> None:
    bench = Bench(DESIRED, stores=(MemoryStore("environment", {"db-password": "x"}),))
    assert not asyncio.run(step_of(bench).satisfied())
    asyncio.run(step_of(bench).apply())
    assert asyncio.run(step_of(bench).satisfied())
    bench.kube.at(SECRETS, "chat", "db-secret")["metadata"]["annotations"][MADE_OF] = "something else"
    assert not asyncio.run(step_of(bench).satisfied())
    bench.kube.at(SECRETS, "chat", "db-secret")["metadata"].pop("annotations")
    assert not asyncio.run(step_of(bench).satisfied())


def test_what_is_no_text_is_left_out() -> None:
    obj = {"data": {"ok": "eA==", "no-base64": "!", "no-text": base64.b64encode(b"\xff\xfe").decode(), "empty": ""}}
    assert decode(obj) == {"ok": Secret("x"), "empty": Secret("")}
    assert decode({}) == {}


def test_clashes_only_where_a_generated_secret_in_use_differs() -> None:
    in_use = {"db-secret": encoded(password="used"), "web-secret": encoded(key="used")}
    given = {"db-password": Secret("other"), "api-key": Secret("rotated")}
    (finding,) = clashes(BOTH, given, in_use)
    assert finding.summary == "db-password in the environment differs from the cluster's"
    assert finding.where.resource == "secret chat/db-secret"
    assert clashes(BOTH, {"db-password": Secret("used")}, in_use) == ()
    assert clashes(BOTH, {}, in_use) == ()
    assert clashes(BOTH, given, {}) == ()
