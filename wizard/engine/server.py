"""The server below the cluster, before anything of the cluster can be asked: only for target k3s."""

from __future__ import annotations

from dataclasses import dataclass

from wizard.domain.finding import Finding, Severity
from wizard.domain.plan import Action, Change
from wizard.ports import Clock
from wizard.steps.server import ServerJob


@dataclass(frozen=True, slots=True)
class ServerView:
    action: Action
    findings: tuple[Finding, ...]
    up: bool
    """Whether there is a cluster of ours to look at, and this machine's clients are connected to it."""


async def view(job: ServerJob, clock: Clock, *, closer: bool = False) -> ServerView:
    """What is to be done on the server, and what forbids it. Where k3s runs, connects to its API.

    `closer` knocks at what would be downloaded even where nothing has to be. Raises ShellError.
    """
    facts, outside = await job.look(clock, closer=False)
    if closer or (job.action().change is not Change.LEAVE and job.closer is None):
        facts, outside = await job.look(clock, closer=True)
    findings = job.findings(facts, outside)
    blocked = any(each.severity is Severity.ERROR for each in findings)
    up = facts.k3s_runs and bool(facts.k3s_ours) and not blocked
    if up:
        await job.machine.connect(await kubeconfig(job))
    return ServerView(job.action(), findings, up)


async def kubeconfig(job: ServerJob) -> bytes:
    """Read anew each time: a k3s that was installed again has another certificate authority."""
    ran = await job.machine.shell.run("cat /etc/rancher/k3s/k3s.yaml", root=True)
    return ran.stdout
