"""The desk that interactive front ends work at: profiles, drafts, runs, contexts, looks at the outside."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
import yaml

from wizard import compose
from wizard.adapters import outside
from wizard.adapters.journal import FileJournal
from wizard.catalog import shipped
from wizard.commands import browse
from wizard.commands.base import Choices
from wizard.commands.desk import Desk
from wizard.domain import events as ev
from wizard.domain.events import as_wire
from wizard.domain.finding import UsageError
from wizard.domain.plan import StepSpec
from wizard.domain.profile import parse_profile
from wizard.domain.secret import Secret
from wizard.planning.platform import desired
from wizard.ui.services import Services

SANDBOX = "name: mine\ntarget: {kind: sandbox}\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    (tmp_path / "work" / "profiles").mkdir(parents=True)
    return tmp_path / "work"


@pytest.fixture
def desk(home: Path) -> Desk:
    return Desk(Choices(profile=None), cwd=home)


def test_it_is_what_front_ends_ask_for(desk: Desk) -> None:
    services: Services = desk
    assert services is desk


def test_profiles_are_listed_with_what_they_are(desk: Desk, home: Path) -> None:
    (home / "profiles" / "mine.yaml").write_text(SANDBOX + "models: [a, b]\ntenants: [{name: acme}]\n")
    (home / "profiles" / "broken.yaml").write_text("name: x\ntarget: {kind: moon}\nwhat: 1\n")
    desk.save("half", {"name": "half"}, draft=True)
    found = {(entry.name, entry.draft): entry for entry in desk.profiles()}
    assert next(iter(desk.profiles())).draft  # what was begun comes first
    assert found["mine", False].summary == "2 models, 1 tenant, no domain" and found["mine", False].target == "sandbox"
    assert "and 1 more" in found["broken", False].summary and found["broken", False].target == "moon"
    assert "is missing" in found["half", True].summary
    assert found["demo", False].shipped and not found["mine", False].shipped
    assert desk.read(found["half", True]) == {"name": "half"}


def test_saving(desk: Desk, home: Path) -> None:
    data = yaml.safe_load(SANDBOX)
    desk.save("mine", {"name": "mine"}, draft=True)
    saved = desk.save("mine", data)
    assert saved.path == home / "profiles" / "mine.yaml" and yaml.safe_load(saved.path.read_text()) == data
    assert not any(entry.draft for entry in desk.profiles())  # the draft has become the profile
    saved.path.write_text("# note\n" + saved.path.read_text())
    assert desk.save("mine", data | {"namespace": "other"}).path == saved.path
    assert saved.path.read_text().startswith("# note\n")
    for name in ("", "../x", "a/b", "x.yaml", "two words"):
        with pytest.raises(UsageError):
            desk.save(name, data)


def test_where_a_profile_is_saved(desk: Desk, home: Path, tmp_path: Path) -> None:
    data = yaml.safe_load(SANDBOX)
    elsewhere = tmp_path / "mine.yml"
    elsewhere.write_text(SANDBOX)
    assert desk.save("mine", data, path=elsewhere).path == elsewhere  # its own file
    assert desk.save("other", data, path=elsewhere).path == home / "profiles" / "other.yaml"  # saved as
    demo = shipped.profiles() / "demo.yaml"
    before = demo.read_bytes()
    assert desk.save("demo", data, path=demo).path == home / "profiles" / "demo.yaml"
    assert demo.read_bytes() == before
    (home / "profiles" / "demo.yaml").unlink()
    draft = desk.save("mine2", data, draft=True).path
    assert desk.save("mine2", data, path=draft).path == home / "profiles" / "mine2.yaml"
    bare = tmp_path / "bare"
    bare.mkdir()
    assert Desk(Choices(profile=None), cwd=bare).save("z", data).path == compose.config_dir() / "profiles" / "z.yaml"
    with pytest.raises(UsageError) as refused:
        Desk(Choices(profile=None), cwd=shipped.profiles().parent).save("demo", data)
    assert "came with the wizard" in refused.value.findings[0].summary


def test_files_that_the_operator_names(desk: Desk, home: Path) -> None:
    assert desk.write_file("t.csv", "name\n") == home / "t.csv"
    assert desk.read_file("t.csv") == b"name\n"
    for call in (lambda: desk.read_file("none.csv"), lambda: desk.write_file("t.csv", ""), lambda: desk.read_file(".")):
        with pytest.raises(UsageError):
            call()


def _journal(deployment: str, run: str, *events: ev.Event) -> None:
    kept = FileJournal(compose.state_dir() / "runs" / deployment / f"{run}.jsonl")
    steps = (StepSpec("a", "release", "a"), StepSpec("b", "ready", "b"))
    for at, event in enumerate((ev.RunStarted(run, deployment, steps), *events)):
        kept.write(as_wire(event, at=float(at)))
    kept.close()


def test_unfinished_runs(desk: Desk, home: Path) -> None:
    (home / "profiles" / "production.yaml").write_text(SANDBOX)  # its deployment is called `mine`
    done = (ev.StepStarted("a"), ev.StepSucceeded("a", changed=True))
    _journal("mine", "1", *done)
    _journal("failed", "2", *done, ev.StepFailed("b", ()), ev.RunFinished("2", 4))
    _journal("stopped", "3", ev.RunFinished("3", 6))
    _journal("fine", "4", ev.RunFinished("4", 0))
    found = {run.deployment: run for run in desk.unfinished()}
    assert {name: run.why for name, run in found.items()} == {
        "mine": "cut off",
        "failed": "failed",
        "stopped": "stopped",
    }
    assert (found["mine"].done, found["mine"].steps, found["mine"].what) == (1, 2, "apply")
    assert found["mine"].profile == str(home / "profiles" / "production.yaml") and found["failed"].profile == ""


def test_contexts_and_whether_they_answer(desk: Desk, home: Path) -> None:
    assert desk.contexts() == []
    config = {
        "current-context": "a",
        "contexts": [{"name": "a", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:9"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
    }
    (home.parent / "kubeconfig").write_text(json.dumps(config))
    assert [(c.name, c.server, c.current) for c in desk.contexts()] == [("a", "http://127.0.0.1:9", True)]
    for context in (None, "a", "none"):
        found = asyncio.run(desk.reach(context))
        assert not found.ok and found.words


def test_where_host_names_lead(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def addresses(host: str, *, seconds: float) -> list[str]:
        if host == "slow.example.com":
            raise TimeoutError
        if host == "none.example.com":
            raise OSError("no such name")
        return ["203.0.113.7", "2001:db8::1"]

    monkeypatch.setattr(outside, "addresses", addresses)
    said = {
        host: asyncio.run(desk.resolve(host))
        for host in ("192.0.2.1", "chat.demo.localhost", "a.example.com", "none.example.com", "slow.example.com")
    }
    assert [found.ok for found in said.values()] == [True, True, True, False, False]
    assert said["a.example.com"].words == "203.0.113.7, 2001:db8::1"
    assert "A record" in said["none.example.com"].hint


def test_urls_that_do_not_answer(desk: Desk) -> None:
    assert not asyncio.run(desk.https("https://127.0.0.1:9/")).ok


def test_a_url_that_answers(desk: Desk) -> None:
    async def play() -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readline()
            writer.write(b"HTTP/1.1 302 Found\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        found = await desk.https(f"http://127.0.0.1:{port}/x")
        assert found.ok and found.words == "HTTP 302"
        server.close()

    asyncio.run(play())


def test_secrets_and_where_they_are(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIZARD_SECRET_HOOK", "https://hooks.example.com/s3cr3t")
    text = SANDBOX + "observability: {receivers: [{name: ops, kind: slack, secret: hook}]}\n"
    text += "database: {kind: external, external: {host: db.example.com, secret: db-password}}\n"
    places = {place.name: place for place in asyncio.run(desk.secrets(parse_profile(text, file="x")))}
    assert places["hook"].kept == ("environment",) and not places["hook"].generated
    assert places["db-password"].env == "WIZARD_SECRET_DB_PASSWORD" and not places["db-password"].generated
    assert places["admin-password"].generated and places["admin-password"].kept == ()
    assert "s3cr3t" not in repr(places)
    assert not any(isinstance(value, Secret) for place in places.values() for value in (place.name, *place.kept))


def test_every_secret_has_a_purpose_in_words() -> None:
    from wizard.catalog.charts import chart

    for refs in (desired(parse_profile(SANDBOX, file="x"), chart).secrets,):
        assert {ref.name for ref in refs} <= set(browse._PURPOSES)


def test_plans_for_targets_that_cannot_be_looked_at(desk: Desk) -> None:
    plan = desk.offline_plan(parse_profile(SANDBOX, file="x"))
    assert plan.simulated and plan.steps
    k3s = parse_profile("name: x\ntarget: {kind: k3s, k3s: {host: h}}\n", file="x")
    assert desk.offline_plan(k3s).steps
    aws = parse_profile("name: x\ntarget: {kind: aws, aws: {region: eu-central-1}}\n", file="x")
    with pytest.raises(UsageError):
        desk.session(aws, print)
    assert desk.kubeconfig(k3s) == "" and desk.expected(k3s) == {}


def test_preferences_outlive_the_desk(desk: Desk, home: Path) -> None:
    desk.remember("theme", "dark")
    assert Desk(Choices(profile=None), cwd=home).recall("theme") == "dark"


def test_scenarios(desk: Desk) -> None:
    names = [name for name, title, lesson in desk.scenarios() if title and lesson]
    assert "crash-loop" in names
