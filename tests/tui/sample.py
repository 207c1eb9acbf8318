"""Rows of a platform on an afternoon: five tenants, a few pods not well, three nodes, a log of three pods."""

from __future__ import annotations

from wizard.domain.live import AlertRow, EventRow, LogLine, LogSeverity, ModelRow, NodeRow, PodRow

NOW = 1_780_000_000.0
MI, GI = 2**20, 2**30

TENANTS = ("acme", "globex", "initech", "umbrella", "")
_PARTS = (("open-webui", "standard"), ("postgresql", "standard"), ("ollama", "premium"), ("prometheus", ""))
_TROUBLE = {
    5: ("CrashLoopBackOff", "0/1", 14),
    9: ("ImagePullBackOff", "0/1", 0),
    13: ("ContainerCreating", "0/1", 0),
    17: ("OOMKilled", "0/1", 3),
    21: ("Completed", "0/1", 0),
}


def pod_rows(count: int) -> list[PodRow]:
    """Of five tenants; a few of them not well."""
    rows = []
    for n in range(count):
        tenant, (part, tier) = TENANTS[n % 5], _PARTS[n // 5 % 4]
        status, ready, restarts = _TROUBLE.get(n, ("Running", "1/1", 1 if n == 3 else 0))
        namespace = f"chat-{tenant}" if tenant else "chat"
        busy = status == "Running"
        rows.append(
            PodRow(
                namespace, f"{part}-{n // 20}" + (f"-{n % 5}" if tenant else ""), f"uid-{n}", ready, status, restarts,
                NOW - 90 if restarts else None, NOW - 60 * (n + 1) ** 2, f"ip-10-0-{n % 3}-17.eu-central-1",
                f"10.0.0.{n}", tenant, tier, part,
                (37 * n) % 900 if busy else None, (n * 131 % 1900 + 60) * MI if busy else None,
                250, 1000, 512 * MI, 2 * GI,
            )
        )  # fmt: skip
    return rows


def node_rows() -> list[NodeRow]:
    bad = ("MemoryPressure: kubelet has insufficient memory available",)
    return [
        NodeRow("ip-10-0-0-17.eu-central-1", "Ready", "control-plane", "v1.37.2", NOW - 9e5, "standard", 4000, 16 * GI,
                1200, 9 * GI, 41),
        NodeRow("ip-10-0-1-17.eu-central-1", "Ready", "", "v1.37.2", NOW - 8e5, "standard", 4000, 16 * GI,
                3700, int(15.4 * GI), 62, bad),
        NodeRow("ip-10-0-2-17.eu-central-1", "NotReady", "", "v1.37.2", NOW - 7e4, "premium", 96000, 1152 * GI,
                None, None, 3),
    ]  # fmt: skip


def event_rows() -> list[EventRow]:
    return [
        EventRow("e1", "chat-acme", NOW - 12, "Warning", "BackOff", "pod/open-webui-0-0",
                 "Back-off restarting failed container main in pod open-webui-0-0", 14),
        EventRow("e2", "chat", NOW - 65, "Normal", "Pulled", "pod/ollama-0",
                 "Container image ollama/ollama:0.12 already present on machine", 1),
        EventRow("e3", "chat-globex", NOW - 300, "Warning", "FailedScheduling", "pod/ollama-0-1",
                 "0/3 nodes are available: 3 Insufficient memory. preemption: not eligible", 4),
        EventRow("e4", "chat", NOW - 1000, "Normal", "ScalingReplicaSet", "deployment/open-webui",
                 "Scaled up replica set open-webui-6d5f from 1 to 2", 1),
    ]  # fmt: skip


def alert_rows() -> list[AlertRow]:
    def labels(name: str, severity: str) -> tuple[tuple[str, str], ...]:
        return ("alertname", name), ("namespace", "chat"), ("severity", severity)

    return [
        AlertRow("f1", "PodCrashLooping", "critical", "active", NOW - 840, "open-webui-0-0 keeps crashing",
                 "The container main of pod chat-acme/open-webui-0-0 was started 14 times in the last hour. "
                 "Users of the tenant acme see an error page.\n1. Read its previous logs.\n2. Look at its last change",
                 "https://runbooks.example/crash-loop", labels("PodCrashLooping", "critical")),
        AlertRow("f2", "OllamaMemoryHigh", "warning", "active", NOW - 3000, "Ollama uses 86 % of its memory",
                 "Another model will not fit.", "", labels("OllamaMemoryHigh", "warning")),
        AlertRow("f3", "DiskFilling", "warning", "suppressed", NOW - 90000, "The database's disk is full in 3 days", "",
                 "", labels("DiskFilling", "warning"), ("s1",)),
    ]  # fmt: skip


def model_rows() -> list[ModelRow]:
    return [
        ModelRow("qwen3:0.6b", int(0.52 * GI), "752M", "Q4_K_M", True, int(1.1 * GI), 0, NOW + 240, "ollama-0", "chat"),
        ModelRow(
            "gpt-oss:20b", int(12.8 * GI), "20.9B", "MXFP4", True, 14 * GI, 14 * GI, None, "ollama-0-1", "chat-globex"
        ),
        ModelRow("nomic-embed-text:v1.5", 262 * MI, "137M", "F16", False, 0, 0, None, "ollama-0", "chat"),
    ]


_WORDS = (
    ("INFO", "GET /api/chat 200 in 41 ms", LogSeverity.INFO),
    ("DEBUG", "cache hit for user 17", LogSeverity.DEBUG),
    ("INFO", "loaded model qwen3:0.6b in 2.1 s", LogSeverity.INFO),
    ("WARN", "slow query: 1,204 ms", LogSeverity.WARNING),
    ("ERROR", "connection to server at postgresql failed: Connection refused", LogSeverity.ERROR),
)


def log_lines(count: int, start: int = 0) -> list[LogLine]:
    """Of three pods, a second between two."""
    lines = []
    for n in range(start, start + count):
        level, words, severity = _WORDS[(0, 0, 2, 0, 1, 0, 3, 0, 1, 0, 4)[n % 11]]
        pod = ("open-webui-0", "ollama-0", "postgresql-0")[n % 3]
        lines.append(LogLine(NOW - 300 + n, "chat", pod, "main", f"{level:<5} {words} #{n}", severity))
    return lines
