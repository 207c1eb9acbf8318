"""kubectl on both clusters: the same commands in a namespace, and what of the output is compared."""

from __future__ import annotations

import os
import re
import subprocess
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .client import Client

Cut = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Run:
    """One command. `{ns}` in its words is the script's namespace, which is also its own unless it says `-A`."""

    title: str
    words: str
    stdin: str = ""
    cut: Cut = str
    """Leaves of the output what can be compared at all."""
    quiet: bool = False
    """Not compared: only there to bring something about."""


@dataclass(frozen=True, slots=True)
class Script:
    name: str
    runs: list[Run]


class Kubectl:
    """One kubectl, pointed at one cluster, with a home of its own."""

    def __init__(self, binary: str, kubeconfig: Path, home: Path) -> None:
        self._binary, self._kubeconfig = binary, kubeconfig
        self._env = {**os.environ, "KUBECONFIG": str(kubeconfig), "KUBECACHEDIR": str(home), "HOME": str(home)}
        self._env.pop("KUBECTL_EXTERNAL_DIFF", None)

    def __call__(self, *words: str, stdin: str = "") -> tuple[int, str]:
        """The exit code, and all that it printed: what it complains of comes last."""
        done = subprocess.run(
            [self._binary, *words], env=self._env, input=stdin, capture_output=True, text=True, timeout=60
        )
        return done.returncode, done.stdout + done.stderr

    def start(self, *words: str) -> subprocess.Popen[str]:
        """One that goes on; its standard output is to be read."""
        command = [self._binary, *words]
        return subprocess.Popen(command, env=self._env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def play(self, script: Script) -> dict[str, Any]:
        """The transcript: title -> exit code and lines."""
        namespace = f"k-{script.name}-{uuid.uuid4().hex[:6]}"
        transcript: dict[str, Any] = {}
        assert self("create", "namespace", namespace)[0] == 0
        try:
            for run in script.runs:
                words = run.words.replace("{ns}", namespace).split()
                if "-A" not in words:
                    words += ["--namespace", namespace]
                code, text = self(*words, stdin=run.stdin.replace("{ns}", namespace))
                if run.quiet:
                    assert code == 0, f"{script.name}, {run.title}: {text}"
                else:
                    transcript[run.title] = {"status": code, "body": plain(run.cut(text), namespace)}
        finally:
            Client(self._kubeconfig).request("DELETE", f"/api/v1/namespaces/{namespace}")
        return transcript


def lines(*patterns: str) -> Cut:
    """Only the lines in which one of these is found."""
    wanted = re.compile("|".join(patterns))
    return lambda text: "\n".join(line for line in text.splitlines() if wanted.search(line))


def section(start: str, end: str = r"\Z") -> Cut:
    """From the line that begins so to the one that begins as `end` says."""
    wanted = re.compile(rf"^{start}.*?(?=^{end}|\Z)", re.DOTALL | re.MULTILINE)

    def cut(text: str) -> str:
        found = wanted.search(text)
        return found[0] if found else text

    return cut


_WORDS: list[tuple[str, str]] = [
    (r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000", "TIME"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| \+0000)", "TIME"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UID"),
    (r"\b10\.\d+\.\d+\.\d+\b", "IP"),
    (r"\b(\d+[dhms])+( \(x\d+ over (\d+[dhms])+\))?(?=\s|$)", "AGE"),
    (r"(Node:\s+\w+)/\S+", r"\1"),
    (r"kube-api-access-[a-z0-9]{5}", "kube-api-access-xxxxx"),
    (r"\b(web|db|once|often)-[a-z0-9]{8,10}(?=$|[\s,:/\"(])", r"\1-HASH"),
    (r"\b(web|lost|mad)-[a-z0-9]{8,10}-[a-z0-9]{5}\b", r"\1-HASH-xxxxx"),
    (r"\b(once|web)-[a-z0-9]{5}(?=$|[\s,:/\"(])", r"\1-xxxxx"),
    (r"pod-template-hash=[a-z0-9]+", "pod-template-hash=HASH"),
    (r"resourceVersion: \"\d+\"", "resourceVersion: VERSION"),
]
_PATTERNS = [(re.compile(pattern), word) for pattern, word in _WORDS]
_OTHER = re.compile(r"metrics\.k8s\.io|kubelet\s|Container ID:|Image ID:|PodReadyToStartContainers|^(diff|---|\+\+\+) ")
"""Lines of what the real one of our tests has not: a metrics-server, a kubelet; and names of temporary files."""


def plain(text: str, namespace: str) -> list[str]:
    """Lines without what differs from run to run. Columns are as wide as their widest: spaces are taken together."""
    text = text.replace(namespace, "NAMESPACE")
    for pattern, word in _PATTERNS:
        text = pattern.sub(word, text)
    kept = (" ".join(line.split()) for line in text.splitlines() if not _OTHER.search(line))
    return [line for line in kept if line and not set(line) <= {"-", " "}]
