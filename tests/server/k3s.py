"""What stands in for k3s' release files, its binary and systemd on a `Machine`; the cluster is a real API on loopback.

The installer and the binary are downloaded over HTTP, compared by digest and run by the machine's own shell, as on any
server. What the stand-in's "binary" starts is a relay from the API port to the cluster, with the kubeconfig that k3s
would write.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import yaml

from tests.server.machine import Machine, free_port

VERSION, NEWER = "v1.36.4+k3s1", "v1.37.1+k3s1"

_INSTALLER = """#!/bin/sh
# Stands in for k3s' install.sh: the parts that leave something behind.
set -e
[ "$INSTALL_K3S_SKIP_DOWNLOAD" = binary ] || { echo "the wizard brings the binary" >&2; exit 1; }
[ -x "$INSTALL_K3S_BIN_DIR/k3s" ] || { echo "no binary" >&2; exit 1; }
[ ! -e /etc/installer-fails ] || { echo "[ERROR] as the test wished" >&2; exit 1; }
echo "installed $INSTALL_K3S_VERSION" >>/opt/installer.log
printf '[Service]\\nExecStart=/usr/local/bin/k3s %s\\n' "$INSTALL_K3S_EXEC" >/etc/systemd/system/k3s.service
cat >"$INSTALL_K3S_BIN_DIR/k3s-uninstall.sh" <<'END'
#!/bin/sh
systemctl stop k3s
rm -f /etc/systemd/system/k3s.service /etc/systemd/system/k3s.service.enabled /usr/local/bin/k3s
rm -rf /etc/rancher/k3s /var/lib/rancher/k3s
rm -f /usr/local/bin/k3s-uninstall.sh
END
chmod 755 "$INSTALL_K3S_BIN_DIR/k3s-uninstall.sh"
touch /etc/systemd/system/k3s.service.enabled
systemctl restart k3s
"""
_SYSTEMCTL = """#!/bin/sh
# Stands in for systemd: one service, k3s; others are unknown.
verb=; unit=
for word; do case "$word" in -*) ;; *) if [ -z "$verb" ]; then verb=$word; else unit=${word%.service}; fi ;; esac; done
alive() { [ -s /run/$unit.pid ] && kill -0 "$(cat /run/$unit.pid)" 2>/dev/null; }
end() { alive && kill "$(cat /run/$unit.pid)" && while alive; do sleep 0.05; done; rm -f /run/$unit.pid; }
begin() {
  [ "$unit" = k3s ] || return 0
  setsid /usr/local/bin/k3s server </dev/null >/opt/k3s.log 2>&1 9>&- &
  echo $! >/run/$unit.pid
}
case "$verb" in
  is-active) if alive; then echo active; else echo inactive; exit 3; fi ;;
  start) alive || begin ;;
  restart) end; begin ;;
  stop) end ;;
  disable) end ;;
  daemon-reload | enable) ;;
esac
exit 0
"""
_BINARY = """#!/bin/sh
# Stands in for k3s {version}.
case "$1" in
  --version) echo "k3s version {version} (00000000)"; exit 0 ;;
  server) ;;
  *) exit 2 ;;
esac
grep -q 'write-kubeconfig-mode: .0600' /etc/rancher/k3s/config.yaml || exit 1
mkdir -p /var/lib/rancher/k3s
umask 077
cp {kubeconfig} /etc/rancher/k3s/k3s.yaml
exec {python} {relay} {port} {to}
"""
_RELAY = """
import asyncio, ctypes, sys

async def pipe(source, sink):
    try:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
        if sink.can_write_eof():
            sink.write_eof()
    except OSError:
        sink.close()

async def accept(reader, writer):
    try:
        there, out = await asyncio.open_connection("127.0.0.1", int(sys.argv[2]))
    except OSError:
        writer.close()
        return
    await asyncio.gather(pipe(reader, out), pipe(there, writer))
    out.close()
    writer.close()

async def main():
    ctypes.CDLL(None).prctl(15, b"k3s-server", 0, 0, 0)  # PR_SET_NAME: as `ss` shows it
    async with await asyncio.start_server(accept, "127.0.0.1", int(sys.argv[1])) as server:
        await server.serve_forever()

asyncio.run(main())
"""


class Releases:
    """Serves the files of two releases; `pins` is the catalog that names them."""

    def __init__(self, folder: Path, machine: Machine, kubeconfig: Path) -> None:
        self.api_port = free_port()
        self._folder = folder
        self.asked: list[str] = []
        config = yaml.safe_load(kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        to = int(cluster["server"].rpartition(":")[2])
        cluster["server"] = f"https://127.0.0.1:{self.api_port}"
        (machine.tree / "opt/cluster.yaml").write_text(yaml.safe_dump(config))
        (machine.tree / "opt/relay.py").write_text(_RELAY)
        machine.program("systemctl", _SYSTEMCTL)
        (machine.tree / "etc/systemd/system").mkdir(parents=True, exist_ok=True)
        self.digests: dict[str, str] = {}
        for version in (VERSION, NEWER):
            text = _BINARY.format(
                version=version,
                kubeconfig="/opt/cluster.yaml",
                python=Path(sys.executable).resolve(),
                relay="/opt/relay.py",
                port=self.api_port,
                to=to,
            )
            self.digests[version] = self._file(f"releases/{version}/k3s", text)
            self._file(f"releases/{version}/sha256sum-amd64.txt", f"{self.digests[version]}  k3s\n")
            self.installer = self._file(f"raw/{version}/install.sh", _INSTALLER)
        releases = self

        class Handler(SimpleHTTPRequestHandler):
            def log_request(self, code: object = "-", size: object = "-") -> None:
                releases.asked.append(f"{self.command} {self.path} {code}")

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def _file(self, path: str, text: str) -> str:
        """Its digest."""
        full = self._folder / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text)
        return hashlib.sha256(text.encode()).hexdigest()

    def pins(self, path: Path, *, default: str = VERSION, digests: Mapping[str, str] | None = None) -> None:
        """Writes the operator's own catalog of k3s."""
        wanted = {**self.digests, **(digests or {})}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            json.dumps(
                {
                    "base": f"{self.url}/releases",
                    "installers": f"{self.url}/raw",
                    "default": default,
                    "lookedUp": "2026-11-23",
                    "installer": self.installer,
                    "releases": {default: {"amd64": wanted[default], "arm64": wanted[default]}},
                }
            )
        )

    def downloads(self) -> list[str]:
        return [line for line in self.asked if line.startswith("GET") and line.endswith("/k3s 200")]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
