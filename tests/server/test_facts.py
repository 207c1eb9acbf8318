"""The questions that a server is asked, on a real one, and `wizard doctor`."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from tests.server.conftest import MakeShell
from tests.server.machine import PASSWORD, Machine
from wizard.catalog.scripts import script
from wizard.planning.server_facts import Facts, parse


def facts(shell: MakeShell, **variables: str) -> Facts:
    async def work() -> Facts:
        made = shell(user="ops", given={"sudo-password": PASSWORD})
        try:
            asked = {"API_PORT": "6443", "HOSTS": "", "URLS": "", "SPEED": "", **variables}
            return parse((await made.run(script("facts", asked), root=True)).stdout.decode())
        finally:
            await made.close()

    return asyncio.run(work())


def test_what_a_fresh_server_says(machine: Machine, shell: MakeShell) -> None:
    machine.modern()
    machine.start()
    seen = facts(shell, HOSTS="localhost nowhere.invalid", SPEED="1", URLS="http://127.0.0.1:1/x?a=b")
    assert (seen.init, seen.cgroup, seen.controllers >= {"memory", "cpu", "pids"}) == ("systemd", 2, True)
    assert seen.memory > 2**30 and seen.cpus == os.cpu_count() and seen.disk_free > 2**30
    assert seen.disk_path == "/var/lib" and seen.sync is not None and 0 < seen.sync < 5
    assert seen.dns["nowhere.invalid"] == () and set(seen.dns["localhost"]) & {"127.0.0.1", "::1"}
    assert seen.reach == {"http://127.0.0.1:1/x?a=b": "000"}
    assert seen.k3s_path == "" and not seen.others and seen.firewall == "none"
    assert "127.0.0.1" in seen.addresses
    assert not list((machine.tree / "var/lib").glob(".wizard-speed*"))


def test_firewalls_other_clusters_and_taken_ports(machine: Machine, shell: MakeShell) -> None:
    machine.modern()
    machine.program(
        "ufw",
        "#!/bin/sh\ncat <<END\nStatus: active\n\nTo   Action  From\n--   ------  ----\n"
        "22/tcp                     ALLOW       Anywhere\nAnywhere                   ALLOW       10.42.0.0/16\nEND\n",
    )
    (machine.tree / "etc/kubernetes/manifests").mkdir(parents=True)
    (machine.tree / "etc/kubernetes/manifests/kube-apiserver.yaml").write_text("x")
    machine.start()
    seen = facts(shell, API_PORT=str(machine.port))
    assert seen.firewall == "ufw" and len(seen.rules) == 2 and seen.rules[0].startswith("22/tcp")
    assert seen.others == ("kubeadm",)
    assert seen.ports[machine.port] == ("sshd",)


def doctor(machine: Machine, tmp_path: Path, *sets: str, **environment: str) -> tuple[int, str]:
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    given = ["host=127.0.0.1", f"port={machine.port}", f"key={machine.key}", *sets]
    done = subprocess.run(
        [sys.executable, "-m", "wizard", "doctor", "--profile", "k3s-4gb", "--set", "access.ingress=false"]
        + [part for each in given for part in ("--set", f"target.k3s.{each}")],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "WIZARD_HELM": os.environ.get("WIZARD_HELM", ""),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "LANG": "C.UTF-8",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return done.returncode, done.stdout + done.stderr


def test_doctor_says_all_that_is_wrong_with_what_to_do(machine: Machine, tmp_path: Path) -> None:
    machine.modern()
    machine.offline()
    (machine.tree / "etc/k0s").mkdir()
    (machine.tree / "etc/k0s/k0s.yaml").write_text("x")
    machine.start()
    code, said = doctor(machine, tmp_path)
    assert code == 3 and "the host key of" in said and machine.fingerprint in said
    code, said = doctor(machine, tmp_path, f"hostKey={machine.fingerprint}")
    assert code == 3, said
    assert "FAIL server   another Kubernetes is on the server: k0s" in said
    assert "FAIL server   the server cannot reach github.com" in said
    assert said.count("do: ") >= 3
    code, said = doctor(machine, tmp_path, f"hostKey={machine.fingerprint}", "user=ops")
    assert code == 3 and "does not let this login become root" in said
    wrong = {"WIZARD_SECRET_SUDO_PASSWORD": "no such secret words"}
    code, said = doctor(machine, tmp_path, f"hostKey={machine.fingerprint}", "user=ops", **wrong)
    assert code == 3 and "no such secret words" not in said
