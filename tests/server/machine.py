"""`Machine`: sshd in mount and PID namespaces of its own, so that what the wizard installs goes nowhere.

Everything that an installer touches is a folder under the test's own: /etc (a copy), /usr/local, /var/lib, /run, /home
and /opt. Ending the process that made the namespaces ends every process in them: that is also how it "reboots".
Only the network is shared, of which loopback is used.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

SSHD = Path("/usr/sbin/sshd")
PASSWORD = "correct horse battery staple"
PRIVATE = ("usr/local/bin", "usr/local/sbin", "var/lib", "run", "home", "opt")

_BOOT = """
set -eu
for folder in etc {private}; do mkdir -p "/$folder"; mount --bind {tree}/$folder "/$folder"; done
mkdir -p /run/sshd /run/systemd/system /run/lock /home/root /home/ops /home/guest
chown ops:ops /home/ops; chown guest:guest /home/guest
{mounts}
for unit in /etc/systemd/system/*.enabled; do [ -e "$unit" ] && systemctl start "$(basename "$unit" .enabled)"; done
exec {sshd} -D -e -f /etc/ssh/sshd_config
"""
_CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey /etc/ssh/host_key
AuthorizedKeysFile /etc/ssh/authorized
StrictModes no
UsePAM yes
PasswordAuthentication yes
KbdInteractiveAuthentication no
PermitRootLogin yes
PidFile none
PrintMotd no
UseDNS no
"""
_PAM = "auth required pam_unix.so\naccount required pam_unix.so\nsession optional pam_unix.so\n"


def missing() -> str:
    """Why there can be no such machine here; empty where there can."""
    if not SSHD.exists():
        return "sshd is not installed (Debian: openssh-server)"
    if shutil.which("sudo") is None:
        return "sudo is not installed"
    if os.geteuid() != 0:
        return "sshd for several users, and mounts, need root"
    tried = subprocess.run(["unshare", "-m", "-p", "-f", "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else f"unshare is not permitted here: {tried.stderr.decode().strip()}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def keygen(path: Path, *, kind: str = "ed25519", passphrase: str = "") -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-f", str(path)], check=True)
    return path


class Machine:
    """Users: root, `ops` (sudo with its password), `free` (sudo without), `guest` (no sudo); all with PASSWORD.

    The key `key` logs in as each of them."""

    def __init__(self, folder: Path) -> None:
        self.tree, self.port = folder / "tree", free_port()
        self.key = keygen(folder / "key")
        self.mounts: list[str] = []
        """More mounts, as lines of the boot script: a full disk, for example."""
        self.boots = 0
        self._log = folder / "sshd.log"
        self._process: subprocess.Popen[bytes] | None = None
        for part in PRIVATE:
            (self.tree / part).mkdir(parents=True)
        shutil.copytree("/etc", self.tree / "etc", symlinks=True)
        self._users()
        self.new_host_key()
        ssh = self.tree / "etc/ssh"
        shutil.copy(self.key.with_suffix(".pub"), ssh / "authorized")
        (ssh / "sshd_config").write_text(_CONFIG.format(port=self.port))

    def _users(self) -> None:
        etc = self.tree / "etc"
        hashed = subprocess.run(
            ["openssl", "passwd", "-6", "-stdin"], input=PASSWORD, capture_output=True, text=True, check=True
        ).stdout.strip()
        names = {"root": 0, "ops": 2001, "free": 2002, "guest": 2003}
        kept = [line for line in (etc / "passwd").read_text().splitlines() if line.split(":")[0] not in names]
        kept += [f"{name}:x:{uid}:{uid}::/home/{name}:/bin/sh" for name, uid in names.items()]
        (etc / "passwd").write_text("\n".join(kept) + "\n")
        with (etc / "group").open("a") as groups:
            groups.writelines(f"{name}:x:{uid}:\n" for name, uid in names.items() if uid)
        (etc / "shadow").write_text("".join(f"{name}:{hashed}:19000:0:99999:7:::\n" for name in names))
        (etc / "sudoers").write_text(
            'Defaults secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"\nDefaults !lecture\n'
            "root ALL=(ALL) ALL\nops ALL=(ALL) ALL\nfree ALL=(ALL) NOPASSWD: ALL\n"
        )
        (etc / "sudoers").chmod(0o440)
        for service in ("sshd", "sudo"):
            (etc / "pam.d" / service).write_text(_PAM)

    def new_host_key(self, kind: str = "ed25519") -> None:
        path = self.tree / "etc/ssh/host_key"
        path.unlink(missing_ok=True)
        keygen(path, kind=kind)

    @property
    def host_key(self) -> str:
        """`ssh-ed25519 AAAA...`"""
        return " ".join((self.tree / "etc/ssh/host_key.pub").read_text().split()[:2])

    @property
    def fingerprint(self) -> str:
        shown = subprocess.run(
            ["ssh-keygen", "-lf", str(self.tree / "etc/ssh/host_key.pub")], capture_output=True, text=True, check=True
        )
        return shown.stdout.split()[1]

    def modern(self) -> None:
        """Shows cgroup v2 and 4 GiB with three processors' worth of room, whatever this machine is: the kubelet that
        would care is not run."""
        self.mounts.append(
            "mount -t tmpfs none /sys/fs/cgroup; echo cpuset cpu io memory pids >/sys/fs/cgroup/cgroup.controllers"
        )
        self.program(
            "stat", '#!/bin/sh\n[ "$*" = "-fc %T /sys/fs/cgroup" ] && echo cgroup2fs || exec /usr/bin/stat "$@"\n'
        )

    def offline(self) -> None:
        """Nothing outside is asked: curl and wget answer as without a network."""
        for name in ("curl", "wget"):
            self.program(name, "#!/bin/sh\nprintf 000\nexit 7\n")

    def program(self, name: str, text: str) -> Path:
        """Puts a script into the machine's /usr/local/bin, which comes first on its PATH."""
        path = self.tree / "usr/local/bin" / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def start(self) -> Machine:
        self.boots += 1
        boot = self.tree.parent / "boot.sh"
        boot.write_text(
            _BOOT.format(private=" ".join(PRIVATE), tree=self.tree, mounts="\n".join(self.mounts), sshd=SSHD)
        )
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                ["unshare", "-m", "-p", "-f", "--kill-child", "--mount-proc", "sh", str(boot)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
                start_new_session=True,
            )
        deadline = time.monotonic() + 20
        while True:
            assert self._process.poll() is None, self._log.read_text()
            if self._answers():
                return self
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.02)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        """All processes in it end at once, as in a power cut; what is on its disk stays."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
            # The kernel ends what is in the namespace after the process that made it: a new sshd needs its port.
            deadline = time.monotonic() + 20
            while self._answers():
                assert time.monotonic() < deadline, self._log.read_text()
                time.sleep(0.02)

    def reboot(self) -> None:
        self.stop()
        shutil.rmtree(self.tree / "run")
        (self.tree / "run").mkdir()
        self.start()

    @property
    def log(self) -> str:
        return self._log.read_text()
