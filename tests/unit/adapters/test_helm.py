"""helm as a child process: what it is given, what its words mean, how it is ended; and the real one."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.unit.adapters.api_server import Answer, ApiServer, Pem, kubeconfig, status
from tests.unit.fakes import until
from wizard.adapters.helm import HelmAdapter, _release, _seconds
from wizard.domain.finding import WizardError
from wizard.ports import HelmError, HelmFieldConflict, ReleaseBusy, ReleaseMissing, ReleaseRequest, Unreachable

FAKE = """#!{python} -S
import json, os, signal, sys, time
folder = {folder!r}
sys.stdin_text = "" if "-" not in sys.argv else sys.stdin.read()
signal.signal(signal.SIGTERM, lambda *_: (open(folder + "/terminated", "w").close(), os._exit(143)))
with open(folder + "/asked.tmp", "w") as file:
    json.dump({{"argv": sys.argv[1:], "env": dict(os.environ), "stdin": sys.stdin_text, "pid": os.getpid(),
               "sid": os.getsid(0), "tty_in": sys.stdin.isatty()}}, file)
os.rename(folder + "/asked.tmp", folder + "/asked")
while os.path.exists(folder + "/hang"):
    time.sleep(0.01)
sys.stdout.write(open(folder + "/stdout").read())
sys.stderr.write(open(folder + "/stderr").read())
sys.exit(int(open(folder + "/code").read()))
"""

REQUEST = ReleaseRequest(
    "web",
    "chat",
    "/charts/web",
    {"adminPassword": "not-a-secret-but-a-value", "n": [1, None]},
    "wizard run=r digest=aa",
)
UPGRADED = {"name": "web", "version": 3, "info": {"status": "deployed", "description": "d"}, "manifest": "kind: X"}


@dataclass
class Recorder:
    folder: Path

    def answers(self, stdout: Any = "", *, stderr: str = "", code: int = 0) -> None:
        text = stdout if isinstance(stdout, str) else json.dumps(stdout)
        for name, value in {"stdout": text, "stderr": stderr, "code": str(code)}.items():
            (self.folder / name).write_text(value)

    @property
    def asked(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads((self.folder / "asked").read_text())
        return read

    @property
    def argv(self) -> list[str]:
        return list(self.asked["argv"])

    def adapter(self, **more: Any) -> HelmAdapter:
        return HelmAdapter(self.folder / "helm", **{"kubeconfig": None, "context": None, **more})


@pytest.fixture
def helm(tmp_path: Path) -> Recorder:
    script = tmp_path / "helm"
    script.write_text(FAKE.format(python=sys.executable, folder=str(tmp_path)))
    script.chmod(0o700)
    recorder = Recorder(tmp_path)
    recorder.answers()
    return recorder


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


def test_values_go_by_stdin_and_never_by_argv(helm: Recorder) -> None:
    helm.answers(UPGRADED)
    done = run(helm.adapter(kubeconfig=Path("/k c"), context="ctx;x").upgrade(REQUEST))
    assert json.loads(helm.asked["stdin"]) == REQUEST.values
    assert "not-a-secret-but-a-value" not in str(helm.argv)
    assert helm.argv[:3] == ["upgrade", "web", "/charts/web"]
    assert helm.argv[-4:] == ["--kubeconfig", "/k c", "--kube-context", "ctx;x"], "no shell is in between"
    pairs = list(zip(helm.argv, helm.argv[1:], strict=False))
    for pair in (("--values", "-"), ("--namespace", "chat"), ("--description", "wizard run=r digest=aa"),
                 ("--timeout", "300s"), ("--history-max", "10"), ("--output", "json")):  # fmt: skip
        assert pair in pairs
    assert "--install" in helm.argv
    assert not {"--wait", "--create-namespace", "--force-conflicts", "--force", "--atomic"} & set(helm.argv)
    assert (done.release.revision, done.release.status, done.manifest) == (3, "deployed", "kind: X")


@pytest.mark.parametrize(("version", "taken"), [("4.3.1", True), ("3.19.0", False)])
def test_taking_back_fields_where_helm_knows_of_owners(helm: Recorder, version: str, taken: bool) -> None:
    helm.answers(UPGRADED)
    adapter = helm.adapter(version=version)
    run(adapter.upgrade(ReleaseRequest("web", "chat", "/c", {}, take_back_conflicts=True)))
    assert adapter.server_side is taken
    assert ("--force-conflicts" in helm.argv) is taken


def test_words_before_the_answer_are_passed_over(helm: Recorder) -> None:
    helm.answers("Pulled: registry/x\nDigest: sha256:00\n" + json.dumps(UPGRADED))
    assert run(helm.adapter().upgrade(REQUEST)).release.revision == 3


@pytest.mark.parametrize("stdout", ["", "words", "{", "[]", "{}"])
def test_an_answer_that_cannot_be_read_is_a_finding(helm: Recorder, stdout: str) -> None:
    helm.answers(stdout)
    with pytest.raises(HelmError) as failed:
        run(helm.adapter().upgrade(REQUEST))
    assert failed.value.findings[0].code == "helm-answer"
    if stdout not in ("[]", "{}"):
        with pytest.raises(HelmError):
            run(helm.adapter().list("chat"))


def test_what_helm_is_not_told(helm: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIZARD_SECRET_DB_PASSWORD", "hush")
    monkeypatch.setenv("HELM_NAMESPACE", "elsewhere")
    monkeypatch.setenv("HELM_KUBECONTEXT", "another")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    monkeypatch.setenv("KUBECONFIG", "/of/the/operator")
    run(helm.adapter().render(REQUEST))
    environment = helm.asked["env"]
    assert not [name for name in environment if name.startswith(("HELM_", "WIZARD_SECRET_"))]
    assert environment["HTTPS_PROXY"] == "http://proxy"
    assert environment["KUBECONFIG"] == "/of/the/operator"
    assert "hush" not in json.dumps(helm.asked)


def test_the_other_commands(helm: Recorder) -> None:
    adapter = helm.adapter()
    helm.answers("kind: Y\n")
    assert run(adapter.render(REQUEST)) == "kind: Y\n"
    assert helm.argv == ["template", "web", "/charts/web", "--namespace", "chat", "--values", "-"]
    assert run(adapter.manifest("web", "chat")) == "kind: Y\n"
    assert helm.argv == ["get", "manifest", "web", "--namespace", "chat"]
    assert not helm.asked["tty_in"]
    run(adapter.rollback("web", "chat", 7))
    assert helm.argv[:3] == ["rollback", "web", "7"]
    run(adapter.uninstall("web", "chat"))
    assert helm.argv[:2] == ["uninstall", "web"]
    assert ("--namespace", "chat") in list(zip(helm.argv, helm.argv[1:], strict=False))
    helm.answers("v4.3.1")
    assert run(adapter.version()) == "v4.3.1"


def test_lists_and_histories(helm: Recorder) -> None:
    row = {"name": "web", "revision": "4", "status": "pending-upgrade", "chart": "open-webui-1.2.3",
           "updated": "2026-11-23 19:36:01.5 +0000 UTC"}  # fmt: skip
    helm.answers([row])
    (release,) = run(helm.adapter().list("chat"))
    assert (release.name, release.revision, release.pending, release.updated) == ("web", 4, True, 1795462561.5)
    assert {"--deployed", "--failed", "--pending", "--uninstalling"} <= set(helm.argv)
    assert "--all" not in helm.argv, "helm 4 dropped it"
    rows = [{"revision": n, "status": "superseded", "chart": "a-1.0.0", "description": f"d{n}"} for n in (10, 9, 11)]
    helm.answers(rows)
    past = run(helm.adapter().history("web", "chat"))
    assert [(r.revision, r.description) for r in past] == [(9, "d9"), (10, "d10"), (11, "d11")]
    helm.answers("", stderr="Error: release: not found\n", code=1)
    assert run(helm.adapter().history("web", "chat")) == []


# helm 4.3.1's own words, as they were seen or as its sources have them.
WORDS: list[tuple[str, type[WizardError], str, bool]] = [
    ("Error: release: not found", ReleaseMissing, "release-missing", False),
    ("Error: uninstall: Release not loaded: web: release: not found", ReleaseMissing, "release-missing", False),
    (
        "Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress",
        ReleaseBusy, "release-busy", True,
    ),
    (
        'Error: UPGRADE FAILED: conflict occurred while applying object chat/web apps/v1, Kind=Deployment: Apply '
        'failed with 1 conflict: conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas',
        HelmFieldConflict, "field-conflict", False,
    ),
    (
        'Error: pods "web-0" is forbidden: exceeded quota: q, requested: cpu=1, used: cpu=1, limited: cpu=1',
        HelmError, "quota-exceeded", False,
    ),
    (
        'Error: secrets "sh.helm.release.v1.web.v1" is forbidden: unable to create new content in namespace chat '
        "because it is being terminated",
        HelmError, "namespace-terminating", False,
    ),
    (
        'Error: Unable to continue with install: Service "web" in namespace "chat" exists and cannot be imported into '
        'the current release: invalid ownership metadata; annotation validation error: key "meta.helm.sh/release-name"',
        HelmError, "foreign-object", False,
    ),
    (
        "Error: UPGRADE FAILED: values don't meet the specifications of the schema(s) in the following chart(s):\n"
        "web:\n- at '/replicas': got string, want integer",
        HelmError, "chart-values", False,
    ),
    (
        "Error: kubernetes cluster unreachable: the server has asked for the client to provide credentials",
        HelmError, "helm-denied", False,
    ),
    ("Error: query: failed to query with labels: Unauthorized", HelmError, "helm-denied", False),
    (
        "Error: You must be logged in to the server (the server has asked for the client to provide credentials)",
        HelmError, "helm-denied", False,
    ),
    (
        'Error: query: failed to query with labels: secrets is forbidden: User "x" cannot list resource "secrets"',
        HelmError, "helm-denied", False,
    ),
    (
        'Error: kubernetes cluster unreachable: Get "http://127.0.0.1:1/version": dial tcp 127.0.0.1:1: connect: '
        "connection refused",
        Unreachable, "helm-unreachable", True,
    ),
    (
        'Error: Get "https://gone.example:6443/version": dial tcp: lookup gone.example: no such host',
        Unreachable, "helm-unreachable", True,
    ),
    ("Error: UPGRADE FAILED: etcdserver: request timed out", Unreachable, "helm-server-busy", True),
    # pyhelm3 tells of etcd's errors that stand beside "not found": taken for that, a live release would look absent.
    (
        "Error: query: etcdserver: leader changed: release: not found",
        Unreachable, "helm-server-busy", True,
    ),
    ("Error: the server is currently unable to handle the request", Unreachable, "helm-server-busy", True),
    ('Error: INSTALLATION FAILED: chart "web" is odd', HelmError, "helm-failed", False),
    ("", HelmError, "helm-failed", False),
    ("\udcff\udcfe", HelmError, "helm-failed", False),
]  # fmt: skip


@pytest.mark.parametrize(("words", "kind", "code", "temporary"), WORDS)
def test_helms_words_have_their_error(
    helm: Recorder, words: str, kind: type[WizardError], code: str, temporary: bool
) -> None:
    helm.answers(code=1)
    (helm.folder / "stderr").write_bytes(words.encode(errors="surrogateescape"))
    script = helm.folder / "helm"
    script.write_text(
        script.read_text().replace(
            'sys.stderr.write(open(folder + "/stderr").read())',
            'sys.stderr.buffer.write(open(folder + "/stderr", "rb").read())',
        )
    )
    with pytest.raises(WizardError) as failed:
        run(helm.adapter().upgrade(REQUEST))
    (finding,) = failed.value.findings
    assert type(failed.value) is kind
    assert finding.code == code
    assert failed.value.temporary is temporary
    assert finding.detail.startswith(words[:40] if words.isascii() and words else ("helm gave", "\ufffd"))
    assert finding.where.resource == "release chat/web"
    assert failed.value.__cause__ is not None


def test_a_helm_that_cannot_be_started(tmp_path: Path) -> None:
    with pytest.raises(HelmError) as failed:
        run(HelmAdapter(tmp_path / "none", kubeconfig=None, context=None).version())
    assert failed.value.findings[0].code == "helm-not-executable"


# Its life.


def _hanging(helm: Recorder, work: Callable[[asyncio.Task[Any]], Coroutine[Any, Any, None]]) -> None:
    (helm.folder / "hang").touch()

    async def main() -> None:
        task = asyncio.ensure_future(helm.adapter().upgrade(REQUEST))
        async with asyncio.timeout(10):
            await until((helm.folder / "asked").exists)
            await work(task)

    asyncio.run(main())


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_it_has_a_session_of_its_own(helm: Recorder) -> None:
    """The terminal's Ctrl-C goes to the whole foreground group."""

    async def work(task: asyncio.Task[Any]) -> None:
        assert helm.asked["sid"] == helm.asked["pid"] != os.getsid(0)
        helm.answers(UPGRADED)
        (helm.folder / "hang").unlink()
        assert (await task).release.revision == 3

    _hanging(helm, work)


def test_a_cancelled_call_ends_helm_gently_and_waits_for_it(helm: Recorder) -> None:
    async def work(task: asyncio.Task[Any]) -> None:
        pid = helm.asked["pid"]
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (helm.folder / "terminated").exists(), "SIGTERM, to helm itself"
        assert not _alive(pid)

    _hanging(helm, work)


def test_one_that_was_killed_by_another_hand_is_an_error(helm: Recorder) -> None:
    async def work(task: asyncio.Task[Any]) -> None:
        os.kill(helm.asked["pid"], signal.SIGKILL)
        with pytest.raises(HelmError, match="helm failed on release chat/web"):
            await task

    _hanging(helm, work)


# What it prints.


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-11-23 19:36:01.123456789 +0000 UTC", 1795462561.123456),
        ("2026-11-23 19:36:01.5 +0000 UTC", 1795462561.5),
        ("2026-11-23 19:36:01 +0000 UTC", 1795462561.0),
        ("2026-11-23 21:06:01.5 +0130 +0130", 1795462561.5),
        ("2026-11-23 12:36:01.000000001 -0700 MST", 1795462561.0),
        ("2026-11-23T19:36:01.123456789Z", 1795462561.123456),
        ("2026-11-23T19:36:01Z", 1795462561.0),
        ("2026-11-23T20:36:01.25+01:00", 1795462561.25),
        ("", 0.0),
        ("yesterday", 0.0),
        ("2026-11-23", 0.0),
        ("2026-13-45 99:99:99 +0000 UTC", 0.0),
        ("0001-01-01 00:00:00 +0000 UTC", -62135596800.0),
    ],
)
def test_helms_times(text: str, seconds: float) -> None:
    assert _seconds(text) == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize(
    ("chart", "name", "version"),
    [
        ("open-webui-1.2.3", "open-webui", "1.2.3"),
        ("postgresql-v16.0.1", "postgresql", "v16.0.1"),
        ("web-1.2.3-rc.1", "web", "1.2.3-rc.1"),
        ("web-1.2.3-0.4.5", "web", "1.2.3-0.4.5"),
        ("web-2-1.0.0+build.5", "web-2", "1.0.0+build.5"),
        ("web-0.0.0-20261123.1.2", "web", "0.0.0-20261123.1.2"),
        ("web", "", ""),
        ("", "", ""),
    ],
)
def test_chart_and_version(chart: str, name: str, version: str) -> None:
    release = _release({"revision": "1", "status": "deployed", "chart": chart}, "r", "chat")
    assert (release.chart, release.chart_version) == (name, version)


# The real helm, against a server that answers as an API server would.

REAL = os.environ.get("WIZARD_HELM", "")
needs_helm = pytest.mark.skipif(not REAL, reason="WIZARD_HELM is not set")


@pytest.fixture
def real(tmp_path: Path, api: ApiServer, pem: Pem) -> HelmAdapter:
    cluster = {"server": api.url, "certificate-authority": str(pem.certificate)}
    return HelmAdapter(Path(REAL), kubeconfig=kubeconfig(tmp_path / "k", cluster=cluster), context="here")


@needs_helm
@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (Answer({"kind": "SecretList", "apiVersion": "v1", "items": []}), ReleaseMissing, "release-missing"),
        (status(401, "Unauthorized", reason="Unauthorized", status="Failure"), HelmError, "helm-denied"),
        (status(403, "secrets is forbidden", reason="Forbidden", status="Failure"), HelmError, "helm-denied"),
        (
            status(500, "etcdserver: leader changed", reason="InternalError", status="Failure"),
            Unreachable,
            "helm-server-busy",
        ),
    ],
)
def test_the_real_helms_words(
    real: HelmAdapter, api: ApiServer, answer: Answer, kind: type[WizardError], code: str
) -> None:
    api.say(Answer({"major": "1", "minor": "37", "gitVersion": "v1.37.2"}), answer)
    with pytest.raises(WizardError) as failed:
        run(real.manifest("web", "chat"))
    assert (type(failed.value), failed.value.findings[0].code) == (kind, code), failed.value.findings[0].detail


@needs_helm
def test_the_real_helm_calls_wrong_credentials_unreachable(real: HelmAdapter, api: ApiServer) -> None:
    """Taken at its word, it would be tried again and again."""
    api.say(status(401, "Unauthorized", reason="Unauthorized", status="Failure"))
    with pytest.raises(HelmError) as failed:
        run(real.list("chat"))
    assert failed.value.findings[0].code == "helm-denied"
    assert not failed.value.temporary


@needs_helm
def test_the_real_helm_unreachable_and_its_own_version(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path / "k", cluster={"server": "http://127.0.0.1:1"})
    adapter = HelmAdapter(Path(REAL), kubeconfig=path, context=None)
    with pytest.raises(Unreachable) as failed:
        run(adapter.list("chat"))
    assert failed.value.temporary
    assert run(adapter.version()).startswith("v4.")


@needs_helm
def test_the_real_helm_renders_and_refuses_values(tmp_path: Path) -> None:
    chart = tmp_path / "web"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: 1.0.0\n")
    (chart / "templates" / "c.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {v: {{ .Values.v | quote }}}\n"
    )
    (chart / "values.schema.json").write_text('{"properties": {"v": {"type": "string"}}}')
    adapter = HelmAdapter(Path(REAL), kubeconfig=None, context=None)
    assert 'data: {v: "ü\'\\"$(x)"}' in run(adapter.render(ReleaseRequest("r", "chat", str(chart), {"v": "ü'\"$(x)"})))
    with pytest.raises(HelmError) as failed:
        run(adapter.render(ReleaseRequest("r", "chat", str(chart), {"v": 7})))
    assert failed.value.findings[0].code == "chart-values"
