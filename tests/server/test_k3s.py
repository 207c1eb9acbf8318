"""From a fresh server to the deployed platform, over a real SSH, with a real helm and an API behind it."""

from __future__ import annotations

import subprocess

import yaml

from tests.server.k3s import NEWER, VERSION
from tests.server.machine import PASSWORD
from tests.server.site import Site, helm

ALL = {"postgresql": 1, "ollama": 1, "open-webui": 1}


def test_a_fresh_server_gets_the_platform_and_a_second_run_changes_nothing(site: Site) -> None:
    site.machine.start()
    plan = site.wizard("plan", "--detailed-exitcode", code=7)
    assert f"+ create  server 127.0.0.1: k3s {VERSION} is not installed" in plan.stdout
    first = site.deploy()
    assert site.revisions() == ALL
    assert f"{site.name} is deployed and ready" in first.stdout
    assert [line for line in first.stderr.splitlines() if " k3s-ready " in line and " done in " in line], first.stderr
    assert len(site.releases.downloads()) == 1

    etc = site.machine.tree / "etc/rancher/k3s"
    config = yaml.safe_load((etc / "config.yaml").read_text())
    assert config["write-kubeconfig-mode"] == "0600" and config["tls-san"] == ["127.0.0.1"]
    assert config["https-listen-port"] == site.releases.api_port
    assert (etc / "wizard").read_text() == f"{site.name}\n"
    assert (etc / "config.yaml").stat().st_mode & 0o777 == 0o600
    assert site.kubeconfig.stat().st_mode & 0o777 == 0o600
    assert not list(site.kubeconfig.parent.glob("process-*")), "what was this process' own is gone with it"

    again = site.deploy()
    assert site.revisions() == ALL and "started" not in again.stderr
    assert len(site.releases.downloads()) == 1
    assert site.wizard("plan", "--detailed-exitcode").code == 0
    assert "ready" in site.wizard("status").stdout
    assert "admin-password" in site.wizard("credentials").stdout
    doctor = site.wizard("doctor").stdout
    assert f"k3s {VERSION} runs as desired" in doctor and "the cluster answers" in doctor


def test_through_ssh_alone_with_sudo_and_a_password_then_destroyed_with_its_server(site: Site) -> None:
    site.settings |= {"apiAccess": "ssh", "user": "ops"}
    site.environment["WIZARD_SECRET_SUDO_PASSWORD"] = PASSWORD
    site.machine.start()
    ran = site.deploy("--json")
    assert ran.events[-1]["event"] == "run-finished"
    assert "ready" in site.wizard("status").stdout
    written = [path.read_text(errors="replace") for path in site.state.rglob("*") if path.is_file()]
    assert written and not any(PASSWORD in text for text in [*written, ran.stdout, ran.stderr, site.machine.log])

    site.wizard("destroy", "--yes", "--server", code=2).finding("needs-delete-data")
    site.wizard("destroy", "--yes", "--server", "--delete-data")
    assert not (site.machine.tree / "usr/local/bin/k3s").exists()
    assert not (site.machine.tree / "etc/rancher/k3s").exists()
    assert "not installed" in site.wizard("plan").stdout


def test_a_wrong_checksum_is_not_run(site: Site) -> None:
    site.releases.pins(site.pins, digests={VERSION: "0" * 64})
    site.machine.start()
    site.deploy(code=4).finding("k3s-checksum")
    assert not (site.machine.tree / "usr/local/bin/k3s").exists()
    assert not (site.machine.tree / "opt/installer.log").exists()
    assert not list((site.machine.tree / "usr/local/bin").glob(".wizard*"))


def test_a_full_disk_is_said_and_the_next_run_goes_on(site: Site) -> None:
    site.machine.mounts.append("mount -t tmpfs -o size=4k none /etc/rancher/k3s")
    (site.machine.tree / "etc/rancher/k3s").mkdir(parents=True)
    (site.machine.tree / "etc/rancher/k3s/ballast").write_text("")
    site.machine.mounts.append("dd if=/dev/zero of=/etc/rancher/k3s/ballast bs=4k count=1 2>/dev/null")
    site.machine.start()
    site.deploy(code=4).finding("upload-failed")
    site.machine.mounts.clear()
    site.machine.modern()
    site.machine.reboot()
    site.deploy()
    assert site.revisions() == ALL


def test_an_installer_that_fails_is_shown_and_the_next_run_goes_on(site: Site) -> None:
    (site.machine.tree / "etc/installer-fails").write_text("")
    site.machine.start()
    ran = site.deploy(code=4)
    ran.finding("k3s-installer")
    assert "as the test wished" in ran.stderr
    (site.machine.tree / "etc/installer-fails").unlink()
    site.deploy()
    assert site.revisions() == ALL
    assert len(site.releases.downloads()) == 1, "what was right already is not downloaded again"


def test_a_newer_pin_upgrades_and_an_older_one_is_refused(site: Site) -> None:
    site.machine.start()
    site.deploy()
    site.releases.pins(site.pins, default=NEWER)
    plan = site.wizard("plan", "--detailed-exitcode", code=7)
    assert f"~ change  server 127.0.0.1: k3s {VERSION} becomes {NEWER}" in plan.stdout
    site.deploy()
    assert site.revisions() == ALL, "the platform was left alone"
    log = (site.machine.tree / "opt/installer.log").read_text()
    assert log == f"installed {VERSION}\ninstalled {NEWER}\n"
    site.releases.pins(site.pins)
    assert "k3s-downgrade" in site.wizard("plan", code=3).stdout


def test_a_version_that_is_not_pinned_is_compared_with_what_k3s_publishes(site: Site) -> None:
    site.settings["version"] = NEWER
    site.machine.start()
    site.deploy()
    assert any("sha256sum-amd64.txt 200" in line for line in site.releases.asked)


def test_a_foreign_k3s_is_left_alone(site: Site) -> None:
    site.machine.program("k3s", "#!/bin/sh\necho 'k3s version v1.36.4+k3s1 (x)'\n")
    site.machine.start()
    site.deploy(code=3).finding("server-foreign-k3s")
    assert not (site.machine.tree / "etc/rancher").exists()


def test_kubectl_may_have_the_context_too(site: Site) -> None:
    site.settings["mergeKubeconfig"] = "true"
    mine = site.home / ".kube/config"
    mine.parent.mkdir()
    mine.write_text(yaml.safe_dump({"clusters": [], "contexts": [], "users": [], "current-context": "work"}))
    site.machine.start()
    site.deploy()
    merged = yaml.safe_load(mine.read_text())
    assert merged["current-context"] == "work"
    assert [each["name"] for each in merged["contexts"]] == [site.name]
    done = subprocess.run(
        [helm(), "list", "-n", site.name, "--kube-context", site.name, "-q"],
        env=site.env(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stdout.split()) == set(ALL)
