"""Steps on the server: what it is, k3s on it, its API ready. And what they share: the job."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from wizard.catalog.k3s import ARCHITECTURES, K3s
from wizard.catalog.scripts import script
from wizard.domain.events import StepProgress
from wizard.domain.finding import Finding, PreflightError, Severity, Where, WizardError, error
from wizard.domain.plan import Action, Change, StepSpec
from wizard.domain.profile import Profile
from wizard.planning import k3s
from wizard.planning.desired import Component
from wizard.planning.k3s import Wish
from wizard.planning.server import Outside, hosts, judge, urls
from wizard.planning.server_facts import Facts, parse
from wizard.planning.server_network import firewall_commands
from wizard.ports import NODES, Clock, Server, ShellError, ShellLost
from wizard.steps.base import Context

CONFIG = "/etc/rancher/k3s/config.yaml"
_ASKING, _INSTALLING = 180.0, 1500.0
"""Seconds for the questions (downloads are knocked at, 15 s each) and for k3s' download, installation and start."""
_STARTING = 300.0
"""Seconds that k3s may take from its installation to its first answer: systemd starts it again and again, for ever."""
_STATE = """
state=$(systemctl is-active k3s 2>/dev/null) || true
[ -n "$state" ] || { rc-service k3s status >/dev/null 2>&1 && state=active; }
if [ "$state" = active ]; then
  # The kubeconfig is written before anything listens: which way leads to the API can only be tried out after that.
  at=https://127.0.0.1:%d/version
  if command -v curl >/dev/null 2>&1; then curl -sk -m 5 -o /dev/null "$at" || state="waiting for its API"
  else
    wget -q -T 5 --no-check-certificate -O /dev/null "$at"
    case $? in 0 | 6 | 8) ;; *) state="waiting for its API" ;; esac
  fi
fi
echo "$state"; cat /etc/rancher/k3s/k3s.yaml 2>/dev/null; true
"""
"""Prints the service's state on a line, then the kubeconfig. The API answers anonymous requests too, if only by 401."""


@dataclass(slots=True)
class ServerJob:
    """One server of one run."""

    machine: Server
    wanted: Wish
    pins: K3s
    profile: Profile
    components: tuple[Component, ...]
    facts: Facts | None = None
    """As last seen."""
    restarting: bool = False
    """Whether k3s is being stopped and started: its API is away then, and nobody's lease can be renewed."""
    cluster_up: Callable[[], Awaitable[None]] | None = None
    """Called once when the API answers for the first time."""
    closer: tuple[Facts, Outside] | None = field(default=None)
    """The last look that also knocked at the downloads and measured the disk."""

    async def look(self, clock: Clock, *, closer: bool) -> tuple[Facts, Outside]:
        """Asks the server what it is. `closer`: downloads and disk too, which takes seconds. Raises ShellError."""
        names = hosts(self.profile)
        downloads: tuple[str, ...] = ()
        if closer:
            architecture = ARCHITECTURES.get(self.facts.arch if self.facts else "x86_64", "amd64")
            found = self.pins.download(self.wanted.version, architecture)
            downloads = urls(self.profile, (found.sums, found.installer))
        began, at = clock.monotonic(), clock.now()
        ran = await self.machine.shell.run(
            script(
                "facts",
                {
                    "API_PORT": str(self.wanted.api_port),
                    "HOSTS": " ".join(names),
                    "URLS": " ".join(downloads),
                    "SPEED": "1" if closer else "",
                },
            ),
            root=True,
            timeout=_ASKING,
        )
        took = clock.monotonic() - began
        try:
            self.facts = parse(ran.stdout.decode(errors="replace"))
        except ValueError as problem:
            raise ShellError(
                error(
                    "server-facts",
                    "the server's answers were not understood",
                    detail=f"{problem}. {ran.stderr}",
                    hint="log in by hand and look whether a plain `sh` works there; report it if it does",
                )
            ) from problem
        server = (await self.machine.addresses(self.wanted.host), (await self.machine.shell.local_address(),))
        outside = Outside(
            now=at + took / 2,
            slack=took,
            server=tuple(address for part in server for address in part if address),
            dns={name: await self.machine.addresses(name) for name in names},
        )
        if closer:
            self.closer = (self.facts, outside)
        elif self.closer is not None:
            self.facts = replace(self.facts, reach=self.closer[0].reach, sync=self.closer[0].sync)
        return self.facts, outside

    def findings(self, facts: Facts, outside: Outside) -> tuple[Finding, ...]:
        return judge(self.profile, self.components, self.wanted, facts, outside)

    def action(self) -> Action:
        return k3s.action(self.wanted, self.facts or Facts())


def _job(context: Context) -> ServerJob:
    assert context.server is not None, "a plan has steps on the server only where there is one"
    return context.server


class ServerPreflightStep:
    """The same questions as before the plan, asked again right before something is changed."""

    def __init__(self, spec: StepSpec, context: Context) -> None:
        self.spec, self._context, self._job = spec, context, _job(context)

    async def satisfied(self) -> bool:
        return False

    async def apply(self) -> bool:
        facts, outside = await self._job.look(self._context.clock, closer=True)
        wrong = [each for each in self._job.findings(facts, outside) if each.severity is Severity.ERROR]
        if wrong:
            raise PreflightError(*wrong)
        return False


class K3sInstallStep:
    def __init__(self, spec: StepSpec, context: Context) -> None:
        self.spec, self._context, self._job = spec, context, _job(context)

    async def satisfied(self) -> bool:
        await self._job.look(self._context.clock, closer=False)
        return self._job.action().change is Change.LEAVE

    async def apply(self) -> bool:
        job, wanted = self._job, self._job.wanted
        facts = job.facts
        assert facts is not None, "satisfied() has looked"
        download = job.pins.download(wanted.version, ARCHITECTURES[facts.arch])
        pinned = "" if download.pinned else ", compared with the digests that k3s publishes"
        self._say(f"downloading and installing k3s {wanted.version}{pinned}")
        job.restarting = True
        await job.machine.shell.upload(CONFIG, wanted.config.encode(), mode=0o600)
        ran = await job.machine.shell.run(
            script(
                "install-k3s",
                {
                    "VERSION": download.version,
                    "BINARY": download.binary,
                    "BINARY_SHA256": download.sha256,
                    "SUMS": download.sums,
                    "NAME": download.name,
                    "INSTALLER": download.installer,
                    "INSTALLER_SHA256": download.installer_sha256,
                    "CONFIG_SHA256": wanted.digest,
                    "DEPLOYMENT": wanted.deployment,
                    "ZRAM": "1" if k3s.wants_zram(wanted, facts) else "",
                    "FIREWALL": "\n".join(firewall_commands(wanted, facts)),
                },
            ),
            root=True,
            timeout=_INSTALLING,
        )
        if ran.code != 0:
            raise _failed(ran.code, ran.stderr, wanted.host)
        return True

    def _say(self, words: str) -> None:
        self._context.emit(StepProgress(self.spec.id, words))


_CODES: dict[int, tuple[str, str, str, bool]] = {
    20: ("k3s-busy", "another installation runs on the server", "wait for it to end, then run again", False),
    21: ("k3s-download", "k3s could not be downloaded", "check the server's way to github.com; run again", True),
    22: (
        "k3s-checksum",
        "what was downloaded is not the k3s that was expected, and was not run",
        "do not go on through this network or mirror; with a newer wizard, or pins of your own, it may be right",
        False,
    ),
    23: ("k3s-installer", "k3s' installer failed", "see `journalctl -u k3s` on the server; run again to go on", False),
    24: ("k3s-config-moved", "the server's configuration was changed meanwhile", "run again", True),
    25: ("server-disk-full", "the server's disk is full", "free space: `df -h`; then run again to go on", False),
    26: ("server-foreign-k3s", "that k3s was not installed by this wizard", "remove it with k3s-uninstall.sh", False),
}
"""Exit code of assets/server/*.sh -> code, summary, hint, whether trying again may help."""


def _failed(code: int, why: str, host: str) -> WizardError:
    known = _CODES.get(
        code, ("k3s-install", "k3s was not installed", "read the lines above; run again to go on", False)
    )
    finding = error(known[0], known[1], detail=why, hint=known[2], where=Where(resource=f"server {host}"))
    made: WizardError = ShellLost(finding) if known[3] else ShellError(finding)
    return made


class K3sReadyStep:
    """k3s runs, its API answers, its node is Ready, and this machine has the kubeconfig."""

    def __init__(self, spec: StepSpec, context: Context) -> None:
        self.spec, self._context, self._job = spec, context, _job(context)

    async def satisfied(self) -> bool:
        return False  # the kubeconfig is fetched in any case: a new k3s has a new certificate authority

    async def apply(self) -> bool:
        context, job = self._context, self._job
        until = context.clock.monotonic() + _STARTING
        while (text := await self._kubeconfig()) is None:
            if context.clock.monotonic() > until:
                raise await self._gave_up()
            await context.clock.sleep(1)
        await job.machine.connect(text)
        while why := await self._unready():
            context.emit(StepProgress(self.spec.id, why))
            await context.clock.sleep(1)
        job.restarting = False
        if job.cluster_up is not None:
            await job.cluster_up()
            job.cluster_up = None
        return True

    async def _kubeconfig(self) -> bytes | None:
        """None while k3s is starting. Raises ShellError where it has given up."""
        ran = await self._job.machine.shell.run(
            _STATE % self._job.wanted.api_port,
            root=True,
        )
        state, _, config = ran.stdout.partition(b"\n")
        if state == b"failed":
            raise await self._gave_up()
        if state == b"active" and config.strip():
            return config
        self._context.emit(StepProgress(self.spec.id, f"k3s is {state.decode(errors='replace')[:40] or 'starting'}"))
        return None

    async def _gave_up(self) -> ShellError:
        ran = await self._job.machine.shell.run("journalctl -u k3s -n 8 --no-pager -o cat 2>&1 || true", root=True)
        return ShellError(
            error(
                "k3s-failed",
                "k3s does not start",
                detail=ran.stdout.decode(errors="replace")[-1500:],
                hint="see `journalctl -u k3s` on the server; run again to go on",
                where=Where(resource=f"server {self._job.wanted.host}"),
            )
        )

    async def _unready(self) -> str:
        """What there is to wait for; empty when the node takes pods."""
        try:
            nodes = (await self._context.kube.list(NODES))["items"]
        except WizardError as problem:
            if not problem.temporary:
                raise
            return "the Kubernetes API does not answer yet"
        for node in nodes:
            for condition in node.get("status", {}).get("conditions", ()):
                if condition["type"] == "Ready" and condition["status"] == "True":
                    return ""
        return "waiting for the node to be Ready"


class K3sRemoveStep:
    """`destroy --server`: k3s with all that is on it."""

    def __init__(self, spec: StepSpec, context: Context) -> None:
        self.spec, self._context, self._job = spec, context, _job(context)

    async def satisfied(self) -> bool:
        facts, _ = await self._job.look(self._context.clock, closer=False)
        return not facts.k3s_path and not facts.k3s_ours

    async def apply(self) -> bool:
        self._job.restarting = True
        ran = await self._job.machine.shell.run(script("uninstall-k3s", {}), root=True, timeout=_INSTALLING)
        if ran.code != 0:
            raise _failed(ran.code, ran.stderr, self._job.wanted.host)
        return True
