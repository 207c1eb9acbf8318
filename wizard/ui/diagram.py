"""The platform of a profile as a drawing for a terminal: who reaches what, and where it lives. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from wizard.domain.profile import Profile

_ASCII = str.maketrans(
    {"╭": "+", "╮": "+", "╰": "+", "╯": "+", "─": "-", "│": "|", "▼": "v", "▶": ">", "├": "+", "×": "x"}
)
_WIDTH = 74
_DROP = 44
"""The cell at which the arrow from outside comes in."""
_TENANTS = 6
"""Tenants that are drawn; of the others only their number."""


def diagram(profile: Profile, *, width: int = _WIDTH, unicode: bool = True) -> list[str]:
    """Lines of at most `width` cells (at least 50); plain ASCII where `unicode` is False."""
    width = max(50, min(width, _WIDTH))
    lines = [_target(profile), ""]
    if profile.exposed:
        scheme = "http" if profile.access.tls.issuer == "none" else "https"
        via = f"{profile.access.ingress_class} ingress"
        lines += [f"  people ──{scheme}──▶ {via}, certificates: {profile.access.tls.issuer}", _drop()]
    else:
        lines += ["  you ──▶ kubectl port-forward", _drop()]
    shared = _box(f"namespace {profile.namespace}", _shared(profile), width, entry=profile.shared_chat)
    if profile.shared_chat:
        lines += shared
    for at, tenant in enumerate(profile.tenants[:_TENANTS]):
        host = profile.tenant_host(tenant)
        quota = f"{tenant.quota.cpu} CPU, {tenant.quota.memory}"
        text = [f"Open WebUI ×{tenant.replicas}   {host or 'port-forward'}", f"tier {tenant.tier}; quota {quota}"]
        entry = at == 0 and not profile.shared_chat
        lines += _box(f"namespace {profile.tenant_namespace(tenant)}", text, width, entry=entry)
    if len(profile.tenants) > _TENANTS:
        lines.append(f"  and {len(profile.tenants) - _TENANTS} tenants more, each in a namespace of its own")
    if not profile.shared_chat:
        lines += shared
    if profile.observability.enabled:
        lines += _box("observability", _observed(profile), width)
    return lines if unicode else [line.translate(_ASCII) for line in lines]


def _target(profile: Profile) -> str:
    target = profile.target
    match target.kind:
        case "k3s":
            where = f"k3s on {target.need_k3s().host}"
        case "aws":
            where = f"AWS {target.need_aws().region}, EKS"
        case "cluster":
            where = f"cluster {target.cluster.context or '(current context)'}"
        case _:
            where = f"simulated cluster, {target.sandbox.nodes} node{'s' if target.sandbox.nodes > 1 else ''}"
    mark = " (SIMULATED)" if profile.simulated else ""
    return f"{profile.name} on {where}{mark}"


def _drop() -> str:
    return " " * _DROP + "│"


def _shared(profile: Profile) -> list[str]:
    if not profile.shared_chat:
        return _engines(profile)
    chat = f"Open WebUI ×{profile.chat.replicas}"
    host = f"   {profile.chat_host}" if profile.exposed and profile.chat_host else ""
    return [chat + host, "  │", *_engines(profile, branch=True)]


def _engines(profile: Profile, *, branch: bool = False) -> list[str]:
    lines: list[str] = []
    arrow, last = ("  ├──▶ ", "  ╰──▶ ") if branch else ("", "")
    for name, tier in profile.tiers.present().items():
        lines.append(f"{arrow}Ollama {name} ×{tier.ollama.replicas}   {_models(profile, name)}")
    lines.append(f"{last}{_database(profile)}")
    return lines


def _models(profile: Profile, tier: str) -> str:
    names = [model.name for model in profile.tier_models(tier)]  # type: ignore[arg-type]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return (", ".join(names[:3]) + more) if names else "no models"


def _database(profile: Profile) -> str:
    match profile.database.kind:
        case "internal":
            internal = profile.database.internal
            return f"PostgreSQL {internal.version} ×{internal.instances}   {internal.storage}"
        case "aurora":
            return f"Aurora PostgreSQL   writer and {profile.database.aurora.readers} readers"
        case _:
            return "PostgreSQL, outside"


def _observed(profile: Profile) -> list[str]:
    logs = {"loki": "Loki", "cloudwatch": "CloudWatch", "none": "no logs"}[profile.observability.logs.backend]
    first = f"Prometheus {profile.observability.metrics.retention}, Alertmanager, Grafana, {logs}"
    told = [receiver.name for receiver in profile.observability.receivers]
    return [first, f"alerts go to: {', '.join(told) if told else 'nobody yet'}"]


def _box(title: str, lines: Iterable[str], width: int, *, entry: bool = False) -> list[str]:
    room = width - 4
    title = _cut(title, _DROP - 5)
    top = f"╭ {title} " + "─" * (width - len(title) - 4) + "╮"
    if entry:
        top = top[:_DROP] + "▼" + top[_DROP + 1 :]
    return [top, *(f"│ {_cut(line, room).ljust(room)} │" for line in lines), "╰" + "─" * (width - 2) + "╯"]


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"
