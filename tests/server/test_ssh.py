"""The SSH adapter against a real OpenSSH server."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.server.conftest import Answers, MakeShell
from tests.server.machine import PASSWORD, Machine, free_port, keygen
from tests.server.wire import Wire
from wizard.adapters.ssh import SshShell
from wizard.domain.finding import WizardError
from wizard.ports import HostKeyRefused, LoginRefused, ShellError, ShellLost, SudoRefused

T = TypeVar("T")


def on(shell: SshShell, work: Callable[[SshShell], Awaitable[T]]) -> T:
    async def whole() -> T:
        try:
            return await work(shell)
        finally:
            await shell.close()

    return asyncio.run(whole())


def code(problem: WizardError) -> str:
    assert problem.findings[0].hint, "every finding says what to do"
    return problem.findings[0].code


async def hello(shell: SshShell) -> str:
    return (await shell.run("echo hello from $(id -un)")).stdout.decode()


def test_commands_input_output_and_exit_codes(machine: Machine, shell: MakeShell) -> None:
    machine.start()

    async def work(made: SshShell) -> None:
        ran = await made.run("cat; echo words >&2; exit 7", stdin=b"\x00bytes\xff")
        assert (ran.code, ran.stdout, ran.stderr) == (7, b"\x00bytes\xff", "words")
        ran = await made.run('echo "it\'s \\$HOME"; kill -9 $$')
        assert ran.code != 0 and ran.stdout == b"it's $HOME\n"
        ran = await made.run("head -c 9000000 /dev/zero; true")
        assert len(ran.stdout) == 4 * 2**20, "bounded, and the command was not kept from ending"
        assert ran.code == 0
        assert "\x1b" not in (await made.run("printf '\\033[2Jred' >&2")).stderr

    on(shell(), work)


def test_a_command_that_hangs_ends_at_its_deadline(machine: Machine, shell: MakeShell) -> None:
    machine.start()
    with pytest.raises(ShellError) as caught:
        on(shell(), lambda made: made.run("sleep 60", timeout=0.5))
    assert code(caught.value) == "ssh-command-timeout"


def test_ways_to_log_in(machine: Machine, shell: MakeShell, home: Path) -> None:
    machine.start()
    assert on(shell(), hello) == "hello from root\n"
    assert on(shell(user="guest"), hello) == "hello from guest\n"
    ssh = home / ".ssh"
    ssh.mkdir()
    (ssh / "id_ed25519").write_text(machine.key.read_text())
    assert on(shell(key=None), hello) == "hello from root\n"
    (ssh / "id_ed25519").unlink()
    assert on(shell(key=None, given={"ssh-password": PASSWORD}), hello) == "hello from root\n"
    asked = Answers(PASSWORD)
    assert on(shell(asked, key=None, user="ops"), hello) == "hello from ops\n"
    assert asked.asked == ["ops@127.0.0.1"]


def test_the_agent_logs_in(machine: Machine, shell: MakeShell, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    machine.start()
    path = home / "agent"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.DEVNULL)
    try:
        monkeypatch.setenv("SSH_AUTH_SOCK", str(path))
        while subprocess.run(["ssh-add", "-q", str(machine.key)], capture_output=True, check=False).returncode:
            assert agent.poll() is None
        assert on(shell(key=None), hello) == "hello from root\n"
    finally:
        agent.terminate()
        agent.wait()


def test_the_operators_ssh_config_counts_where_the_profile_says_nothing(
    machine: Machine, shell: MakeShell, home: Path
) -> None:
    machine.start()
    (home / ".ssh").mkdir()
    (home / ".ssh/config").write_text(
        f"Host box\n  HostName 127.0.0.1\n  Port {machine.port}\n  User ops\n  IdentityFile {machine.key}\n"
    )
    target = {"host": "box", "hostKey": machine.host_key}
    from wizard.adapters.ssh import SshShell as Made
    from wizard.domain.profile import K3sTarget

    def made(**more: object) -> Made:
        asked = K3sTarget.model_validate(target | more)
        return Made(asked, own_hosts=home / "known", asker=Answers(), given={}.get)  # type: ignore[arg-type]

    assert on(made(), hello) == "hello from ops\n"
    assert on(made(user="guest"), hello) == "hello from guest\n"
    with pytest.raises(ShellLost):  # `box` is no name without the file
        on(made(sshConfig=False), hello)


def test_through_a_jump_host(machine: Machine, shell: MakeShell, tmp_path: Path, home: Path) -> None:
    machine.start()
    (tmp_path / "second").mkdir()
    other = Machine(tmp_path / "second").start()
    try:
        (home / ".ssh").mkdir()
        (home / ".ssh/id_ed25519").write_text(other.key.read_text())
        jump = f"guest@127.0.0.1:{other.port}"
        with pytest.raises(HostKeyRefused) as caught:
            on(shell(jump=jump), hello)
        assert str(other.port) in caught.value.findings[0].summary, "the jump host's own key is verified too"
        asked = Answers(trust=True)
        assert on(shell(asked, jump=jump), hello) == "hello from root\n"
        assert other.fingerprint in asked.asked[0]
    finally:
        other.stop()


def test_a_wrong_key(machine: Machine, shell: MakeShell, tmp_path: Path) -> None:
    machine.start()
    other = keygen(tmp_path / "other")
    with pytest.raises(LoginRefused) as caught:
        on(shell(key=str(other)), hello)
    assert code(caught.value) == "ssh-login" and "WIZARD_SECRET_SSH_PASSWORD" in caught.value.findings[0].hint
    with pytest.raises(LoginRefused):
        on(shell(key=str(other), given={"ssh-password": "wrong"}), hello)


def test_key_files_that_cannot_be_used(machine: Machine, shell: MakeShell, tmp_path: Path) -> None:
    machine.start()
    with pytest.raises(WizardError, match="cannot be read"):
        on(shell(key=str(tmp_path / "nowhere")), hello)
    (tmp_path / "garbage").write_text("no key\n")
    with pytest.raises(WizardError, match="no usable private key"):
        on(shell(key=str(tmp_path / "garbage")), hello)
    locked = keygen(tmp_path / "locked", passphrase="open sesame")
    with (machine.tree / "etc/ssh/authorized").open("a") as keys:
        keys.write(locked.with_suffix(".pub").read_text())
    with pytest.raises(WizardError) as caught:
        on(shell(key=str(locked)), hello)
    assert code(caught.value) == "ssh-key-encrypted"
    assert on(shell(Answers("open sesame"), key=str(locked)), hello) == "hello from root\n"
    assert on(shell(key=str(locked), given={"ssh-passphrase": "open sesame"}), hello) == "hello from root\n"


def test_an_unknown_host_key_is_asked_about_once_and_kept(machine: Machine, shell: MakeShell, tmp_path: Path) -> None:
    machine.start()
    with pytest.raises(HostKeyRefused) as caught:
        on(shell(hostKey=None), hello)
    finding = caught.value.findings[0]
    assert code(caught.value) == "host-key-unknown"
    assert machine.fingerprint in finding.detail and machine.fingerprint in finding.hint
    asked = Answers(trust=True)
    assert on(shell(asked, hostKey=None), hello) == "hello from root\n"
    assert asked.asked == [f"[127.0.0.1]:{machine.port} ssh-ed25519 {machine.fingerprint}"]
    kept = tmp_path / "state/known_hosts"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert on(shell(hostKey=None), hello) == "hello from root\n", "known by now"


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_a_changed_host_key(machine: Machine, shell: MakeShell, kind: str) -> None:
    machine.start()
    before = machine.fingerprint
    on(shell(Answers(trust=True), hostKey=None), hello)
    machine.stop()
    machine.new_host_key(kind)
    machine.start()
    asked = Answers(trust=True)
    with pytest.raises(HostKeyRefused) as caught:
        on(shell(asked, hostKey=None), hello)
    assert code(caught.value) == "host-key-changed" and not asked.asked, "nobody may wave a changed key through"
    assert before in caught.value.findings[0].detail and machine.fingerprint in caught.value.findings[0].detail


def test_the_profiles_host_key_and_fingerprint(machine: Machine, shell: MakeShell) -> None:
    machine.start()
    assert on(shell(hostKey=machine.fingerprint), hello) == "hello from root\n"
    wrong = machine.fingerprint[:-1] + ("A" if machine.fingerprint[-1] != "A" else "B")
    for given in (wrong, machine.host_key.replace("AAAAI", "AAAAJ")):
        with pytest.raises(HostKeyRefused) as caught:
            on(shell(Answers(trust=True), hostKey=given), hello)
        assert code(caught.value) == "host-key-mismatch"


def test_nothing_there(machine: Machine, shell: MakeShell) -> None:
    with pytest.raises(ShellLost) as caught:
        on(shell(port=free_port()), hello)
    assert code(caught.value) == "ssh-refused" and caught.value.temporary
    with pytest.raises(ShellLost) as caught:
        on(shell(host="nowhere.invalid"), hello)
    assert code(caught.value) == "ssh-unknown-host"


async def as_root(made: SshShell) -> tuple[str, bytes]:
    ran = await made.run("id -un; cat", stdin=b"line one\nline two", root=True)
    assert ran.code == 0, ran.stderr
    name, _, rest = ran.stdout.partition(b"\n")
    return name.decode(), rest


@pytest.mark.parametrize("user", ["root", "free", "ops"])
def test_root_by_login_by_sudo_and_by_sudo_with_a_password(machine: Machine, shell: MakeShell, user: str) -> None:
    machine.start()
    given = {"sudo-password": PASSWORD}
    assert on(shell(user=user, given=given), as_root) == ("root", b"line one\nline two")
    asked = Answers(PASSWORD)
    on(shell(asked, user=user), as_root)
    assert len(asked.asked) == (1 if user == "ops" else 0)


def test_a_password_that_sudo_does_not_want_never_reaches_the_command(machine: Machine, shell: MakeShell) -> None:
    machine.start()
    made = shell(user="free", sudo="password", given={"sudo-password": PASSWORD})
    assert on(made, as_root) == ("root", b"line one\nline two")


def test_sudo_denied(machine: Machine, shell: MakeShell) -> None:
    machine.start()
    for settings, given in (
        ({"user": "guest"}, {"sudo-password": PASSWORD}),
        ({"user": "ops"}, {"sudo-password": "wrong"}),
        ({"user": "ops"}, {}),
        ({"user": "ops", "sudo": "passwordless"}, {"sudo-password": PASSWORD}),
    ):
        with pytest.raises(SudoRefused) as caught:
            on(shell(given=given, **settings), as_root)
        finding = caught.value.findings[0]
        assert code(caught.value) == "sudo-denied" and finding.where.path == "target.k3s.sudo"
        assert PASSWORD not in repr(finding)


def test_the_password_is_in_no_command_line_and_no_log(machine: Machine, shell: MakeShell) -> None:
    machine.start()

    async def work(made: SshShell) -> bytes:
        return (await made.run("cat /proc/[0-9]*/cmdline | tr '\\0' ' '", root=True)).stdout

    seen = on(shell(user="ops", given={"sudo-password": PASSWORD}), work)
    assert b"sshd" in seen and PASSWORD.encode() not in seen
    assert PASSWORD not in machine.log


def test_an_upload_is_whole_or_not_there(machine: Machine, shell: MakeShell) -> None:
    machine.mounts.append("mkdir -p /opt/small; mount -t tmpfs -o size=64k none /opt/small")
    machine.start()

    async def work(made: SshShell) -> None:
        await made.upload("/opt/wizard test/a file", b"x" * 300_000, mode=0o600)
        ran = await made.run("stat -c '%a %s %U' '/opt/wizard test/a file'", root=True)
        assert ran.stdout == b"600 300000 root\n"
        with pytest.raises(ShellError) as caught:
            await made.upload("/opt/small/file", b"x" * 300_000, mode=0o600)
        assert code(caught.value) == "upload-failed" and "No space left" in caught.value.findings[0].detail
        assert (await made.run("ls -A /opt/small", root=True)).stdout == b"", "nothing is left behind"

    on(shell(user="ops", given={"sudo-password": PASSWORD}), work)


def test_a_lost_connection_is_temporary_and_the_next_command_connects_anew(machine: Machine, shell: MakeShell) -> None:
    machine.start()
    wire = Wire(machine.port)

    async def work(made: SshShell) -> None:
        await hello(made)
        wire.muted = True
        with pytest.raises(ShellLost) as caught:
            await made.run("echo done > /opt/done; echo done")
        assert caught.value.temporary and code(caught.value) == "ssh-lost"
        assert await hello(made) == "hello from root\n"
        assert wire.cuts == 1

    try:
        on(shell(port=wire.port), work)
    finally:
        wire.close()


def test_a_forward_survives_a_reboot(machine: Machine, shell: MakeShell) -> None:
    machine.start()
    there = socket.create_server(("127.0.0.1", 0))
    there.settimeout(20)
    port = there.getsockname()[1]

    def through(local: int) -> bytes:
        with socket.create_connection(("127.0.0.1", local), timeout=20) as near:
            far, _ = there.accept()
            with far:
                far.sendall(b"hello")
                far.shutdown(socket.SHUT_WR)
                near.sendall(b"and back")
                near.shutdown(socket.SHUT_WR)
                answer = near.recv(100)
                assert far.recv(100) == b"and back"
                return answer

    async def work(made: SshShell) -> None:
        local = await made.forward(port)
        assert await made.forward(port) == local
        assert await asyncio.to_thread(through, local) == b"hello"
        await asyncio.to_thread(machine.reboot)
        assert await asyncio.to_thread(through, local) == b"hello"

    try:
        on(shell(), work)
    finally:
        there.close()


def test_the_servers_own_address(machine: Machine, shell: MakeShell) -> None:
    machine.start()

    async def work(made: SshShell) -> Any:
        return await made.local_address()

    assert on(shell(), work) == "127.0.0.1"
