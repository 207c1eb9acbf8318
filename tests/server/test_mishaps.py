"""What goes wrong in the middle: connections cut at every command, reboots, Ctrl-C, a second wizard."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.server.site import Site
from tests.server.wire import Wire
from wizard import compose
from wizard.adapters.ssh import SshShell
from wizard.domain import events as ev
from wizard.domain.finding import ExitCode
from wizard.ports import Ran
from wizard.steps.base import Options


class Mishap:
    """Calls `happen` at the nth remote command of a run, before it is sent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, happen: Callable[[], None]) -> None:
        self.at, self._happen = 0, happen
        self.commands = 0
        self._counting = False
        original = SshShell._run

        async def counted(shell: SshShell, argv: Sequence[str], stdin: bytes, timeout: float) -> Ran:
            if self._counting:
                self.commands += 1
                if self.commands == self.at:
                    await asyncio.to_thread(self._happen)
            return await original(shell, argv, stdin, timeout)

        monkeypatch.setattr(SshShell, "_run", counted)

    def event(self, event: ev.Event, at: float) -> None:
        if isinstance(event, ev.RunStarted):
            self._counting = True


def deploy(site: Site, mishap: Mishap, at: int) -> ExitCode:
    """One run within this process; from its first step on, the nth command meets the mishap."""
    mishap.at, mishap.commands, mishap._counting = at, 0, False
    argv = site.argv()
    sets = [argv[number + 1] for number, word in enumerate(argv) if word == "--set"]
    profile = compose.load_profile(site.profile, sets)

    async def work() -> ExitCode:
        session = compose.session(profile, Options(patience=2, deadline=60), reach=compose.Reach.START)
        session.subscribe(mishap.event)
        seen: list[Any] = []
        session.subscribe(lambda event, at: seen.append(event))
        try:
            code = await session.apply()
        finally:
            await session.close()
        assert code is ExitCode.OK, seen
        return code

    return asyncio.run(work())


def uninstall(site: Site) -> None:
    """The server is fresh again; what is in the cluster behind it stays."""
    tree = site.machine.tree
    site.machine.stop()
    for name in ("usr/local/bin/k3s", "etc/systemd/system/k3s.service.enabled"):
        (tree / name).unlink(missing_ok=True)
    for path in (tree / "etc/rancher/k3s").glob("*"):
        path.unlink()
    site.machine.reboot()


@pytest.fixture
def here(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The site's operator is this process."""
    for key, value in site.env().items():
        monkeypatch.setenv(key, value)
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.delenv("KUBECONFIG", raising=False)
    return site


def test_a_connection_cut_at_every_command_is_made_anew_within_the_run(
    here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.machine.start()
    wire = Wire(here.machine.port)
    here.through(wire)

    def mute() -> None:
        wire.muted = True

    mishap = Mishap(monkeypatch, mute)
    try:
        at = 1
        while at == 1 or mishap.commands >= at - 1:  # until a run ends before it gets to its mishap
            uninstall(here)
            cuts = wire.cuts
            deploy(here, mishap, at)
            assert wire.cuts > cuts or mishap.commands < at, f"command {at} was not cut"
            at += 1
        assert at > 6, "facts, upload, installation, state"
    finally:
        wire.close()
    assert set(here.revisions()) == {"postgresql", "ollama", "open-webui"}


def test_a_reboot_at_any_command_is_survived(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    here.machine.start()
    mishap = Mishap(monkeypatch, here.machine.reboot)
    at = 1
    while at == 1 or mishap.commands >= at - 1:  # until a run ends before it gets to its mishap
        uninstall(here)
        boots = here.machine.boots
        deploy(here, mishap, at)
        assert here.machine.boots == boots + 1 or mishap.commands < at, f"no reboot at command {at}"
        at += 1
    assert at > 6, "facts, upload, installation, state"


def test_the_first_ctrl_c_lets_the_installation_end_and_the_next_run_goes_on(site: Site) -> None:
    site.machine.start()
    run = site.start("--yes")
    assert run.stderr is not None
    for line in run.stderr:
        if "k3s-install started" in line:
            run.send_signal(signal.SIGINT)
            break
    _, said = run.communicate(timeout=100)
    assert run.returncode == 6, said
    assert "k3s-ready started" not in said
    site.deploy()
    assert set(site.revisions()) == {"postgresql", "ollama", "open-webui"}


def test_a_second_wizard_is_told_who_works_on_the_server(site: Site) -> None:
    held = site.machine.tree / "opt/held"
    site.machine.program("dd", '#!/bin/sh\n[ ! -e /opt/held ] || cat /opt/held >/dev/null\nexec /usr/bin/dd "$@"\n')
    site.machine.start()
    os.mkfifo(held)  # the preflight step's disk probe waits for it
    first = site.start("--yes")
    gate = os.open(held, os.O_WRONLY)  # opens when the plan's own probe reads
    held.rename(held.with_name("used"))
    os.mkfifo(held)
    os.close(gate)
    gate = os.open(held, os.O_WRONLY)  # opens when the step's probe reads: the lock is held
    held.unlink()  # the second one's own probe does not wait
    second = site.deploy(code=5)
    assert "locked by" in second.stderr and "on this machine" in second.stderr
    os.close(gate)
    out, err = first.communicate(timeout=100)
    assert first.returncode == 0, (out, err)
