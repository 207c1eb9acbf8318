"""What only the postgresql chart does."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.unit.charts.conftest import CHARTS, FULL, Helm, HelmFailed
from tests.unit.charts.objects import environment, of_kind, one

SCRIPT = CHARTS / "postgresql" / "files" / "10-application-database.sh"


def test_a_secret_must_be_named(helm: Helm) -> None:
    with pytest.raises(HelmFailed, match=r"auth\.existingSecret: name a Secret"):
        helm.template("postgresql", {})


def test_passwords_come_from_files(helm: Helm) -> None:
    spec = one(helm.template("postgresql"), "StatefulSet")["spec"]["template"]["spec"]
    env = environment(spec["containers"][0])
    assert env["POSTGRES_PASSWORD_FILE"] == "/run/secrets/postgresql/postgres-password"
    assert env["APP_PASSWORD_FILE"] == "/run/secrets/postgresql/password"
    (secret,) = [volume["secret"] for volume in spec["volumes"] if "secret" in volume]
    assert secret["secretName"] == "postgresql-auth"
    assert secret["defaultMode"] == 0o440


def test_nobody_is_trusted(helm: Helm) -> None:
    env = environment(one(helm.template("postgresql"), "StatefulSet")["spec"]["template"]["spec"]["containers"][0])
    assert "--auth-host=scram-sha-256" in env["POSTGRES_INITDB_ARGS"]
    assert "--auth-local=peer" in env["POSTGRES_INITDB_ARGS"]
    assert env["POSTGRES_HOST_AUTH_METHOD"] == "scram-sha-256"


def test_settings_become_arguments(helm: Helm) -> None:
    def settings(*sets: str) -> list[str]:
        spec = one(helm.template("postgresql", sets=sets), "StatefulSet")["spec"]["template"]["spec"]
        args: list[str] = spec["containers"][0]["args"]
        assert set(args[::2]) == {"-c"}
        return args[1::2]

    assert {
        "shared_buffers=96MB",
        "max_connections=50",
        "jit=off",
        "checkpoint_completion_target=0.9",
    } <= set(settings())
    assert {"shared_buffers=1GB", "max_connections=200", "port=5433"} <= set(
        settings("configuration.shared_buffers=1GB", "configuration.max_connections=200", "service.port=5433")
    )
    for refused in ("configuration.port=1", "configuration.Bad-Name=1"):
        with pytest.raises(HelmFailed, match="schema"):
            settings(refused)


def test_the_data_directory_is_below_the_mount(helm: Helm) -> None:
    container = one(helm.template("postgresql"), "StatefulSet")["spec"]["template"]["spec"]["containers"][0]
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert environment(container)["PGDATA"].startswith(mounts["data"] + "/18/")
    assert container["image"].startswith("docker.io/library/postgres:18.")


def test_only_labelled_clients_and_nothing_outward(helm: Helm) -> None:
    policy = one(helm.template("postgresql"), "NetworkPolicy")["spec"]
    assert policy["egress"] == []
    assert policy["ingress"][0]["from"] == [{"podSelector": {"matchLabels": {"wizard.dev/postgresql-client": "true"}}}]
    wider = one(helm.template("postgresql", FULL["postgresql"]), "NetworkPolicy")["spec"]
    assert wider["ingress"][0]["from"][1] == {
        "namespaceSelector": {"matchLabels": {"wizard.dev/tenant": "true"}},
        "podSelector": {"matchLabels": {"wizard.dev/postgresql-client": "true"}},
    }
    assert wider["egress"] == [{"to": [{"ipBlock": {"cidr": "10.2.0.0/16"}}]}]


def test_a_client_service_and_a_headless_one(helm: Helm) -> None:
    objects = helm.template("postgresql")
    assert {item["spec"].get("clusterIP") for item in of_kind(objects, "Service")} == {None, "None"}
    assert one(objects, "StatefulSet")["spec"]["serviceName"] == "postgresql-headless"


@pytest.mark.parametrize("name", ["postgres", "pg_monitor", "Bad", "a;drop", "1a"])
def test_names_of_the_role_and_the_database_are_plain(helm: Helm, name: str) -> None:
    for key in ("username", "database"):
        with pytest.raises(HelmFailed, match="schema"):
            helm.template("postgresql", sets=(f"auth.{key}={name}",))


def test_the_init_script_is_executable_and_checksummed(helm: Helm) -> None:
    objects = helm.template("postgresql")
    assert one(objects, "ConfigMap")["data"][SCRIPT.name].strip() == SCRIPT.read_text().strip()
    template = one(objects, "StatefulSet")["spec"]["template"]
    assert len(template["metadata"]["annotations"]["checksum/init"]) == 64
    (volume,) = [item["configMap"] for item in template["spec"]["volumes"] if "configMap" in item]
    assert volume == {"name": "postgresql-init", "defaultMode": 0o555}


FAKE_PSQL = """#!/bin/bash
printf '%s\\n' "$@" > "$LOG/argv"
env > "$LOG/env"
cat > "$LOG/sql"
exit "${PSQL_STATUS:-0}"
"""


def _run_script(tmp_path: Path, *, status: int = 0, password: str = "s3cret") -> subprocess.CompletedProcess[str]:
    binaries, data = tmp_path / "bin", tmp_path / "data"
    binaries.mkdir()
    data.mkdir()
    (data / "PG_VERSION").write_text("18")
    (binaries / "psql").write_text(FAKE_PSQL)
    (binaries / "psql").chmod(0o755)
    (tmp_path / "password").write_text(password)
    return subprocess.run(
        ["bash", str(SCRIPT)],
        env={
            "PATH": f"{binaries}:{os.environ['PATH']}",
            "LOG": str(tmp_path),
            "PGDATA": str(data),
            "POSTGRES_USER": "postgres",
            "APP_USERNAME": "openwebui",
            "APP_DATABASE": "chat",
            "APP_PASSWORD_FILE": str(tmp_path / "password"),
            "PSQL_STATUS": str(status),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )


def test_the_init_script_shows_the_password_to_nobody(tmp_path: Path) -> None:
    done = _run_script(tmp_path)
    assert done.returncode == 0, done.stderr
    seen = done.stdout + done.stderr + "".join((tmp_path / n).read_text() for n in ("argv", "env", "sql"))
    assert "s3cret" not in seen
    assert "NOSUPERUSER" in (tmp_path / "sql").read_text()


@pytest.mark.parametrize("fault", [{"status": 3}, {"password": ""}])
def test_a_failed_init_script_leaves_nothing_half_made(tmp_path: Path, fault: dict[str, int]) -> None:
    done = _run_script(tmp_path, **fault)  # type: ignore[arg-type]
    assert done.returncode != 0
    assert list((tmp_path / "data").iterdir()) == []


def _server_binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


@pytest.mark.skipif(_server_binaries() is None or os.geteuid() != 0, reason="needs PostgreSQL's server and root")
def test_on_a_real_server_the_role_owns_its_database_only() -> None:
    """As the image's entrypoint does it: initdb, a server on the socket only, the script; as postgres."""
    binaries = _server_binaries()
    assert binaries
    # Not tmp_path: the user postgres cannot enter it, and a socket's path is short.
    work = Path(tempfile.mkdtemp(prefix="pg"))
    owned = "has_database_privilege('openwebui', datname, 'connect')"
    powers = "rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls"
    script = f"""
        set -e
        export PATH={binaries}:$PATH PGDATA={work}/data PGHOST={work} PGPORT=5432
        export POSTGRES_USER=postgres APP_USERNAME=openwebui APP_DATABASE=chat
        export APP_PASSWORD_FILE={work}/password
        initdb -U postgres --auth-local=peer --auth-host=scram-sha-256 --locale=C.UTF-8 >/dev/null
        trap 'pg_ctl -m fast -w stop >/dev/null' EXIT
        pg_ctl -o "-c listen_addresses= -k {work}" -l {work}/log -w start >/dev/null
        bash {work}/init.sh
        psql -U postgres -d postgres -At -F ' ' \\
            -c "select datname, datdba::regrole, {owned} from pg_database order by 1" \\
            -c "select {powers} from pg_roles where rolname = 'openwebui'" \\
            -c "select left(rolpassword, 14) from pg_authid where rolname = 'openwebui'"
        grep -c ssword {work}/log || true
    """
    try:
        (work / "password").write_text("quo'ted \\ \"p%ssword$x\n")
        shutil.copy(SCRIPT, work / "init.sh")
        subprocess.run(["chown", "-R", "postgres", str(work)], check=True)
        done = subprocess.run(
            ["su", "postgres", "-s", "/bin/bash", "-c", script],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.splitlines()[-7:] == [
            "chat openwebui t",
            "postgres postgres f",
            "template0 postgres t",
            "template1 postgres f",
            "f",
            "SCRAM-SHA-256$",
            "0",
        ]
    finally:
        shutil.rmtree(work, ignore_errors=True)
