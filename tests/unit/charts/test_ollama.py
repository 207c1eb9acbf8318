"""What only the ollama chart does."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.unit.charts.conftest import CHARTS, FULL, Helm, HelmFailed
from tests.unit.charts.objects import environment, of_kind, one

SCRIPT = CHARTS / "ollama" / "files" / "pull-models.sh"


def _job_name(helm: Helm, models: list[str], *sets: str) -> str:
    name: str = one(helm.template("ollama", {"models": models}, sets=sets), "Job")["metadata"]["name"]
    return name


def test_no_models_no_job(helm: Helm) -> None:
    objects = helm.template("ollama")
    assert not of_kind(objects, "Job")
    assert len(of_kind(objects, "NetworkPolicy")) == 1


def test_the_job_says_what_it_pulls(helm: Helm) -> None:
    job = one(helm.template("ollama", {"models": ["llama3.2:1b", "nomic-embed-text"]}), "Job")
    assert job["metadata"]["annotations"] == {"wizard.dev/models": "llama3.2:1b,nomic-embed-text"}
    assert "helm.sh/hook" not in job["metadata"]["annotations"]
    assert "ttlSecondsAfterFinished" not in job["spec"]
    container = job["spec"]["template"]["spec"]["containers"][0]
    assert container["args"] == ["llama3.2:1b", "nomic-embed-text"]
    assert environment(container)["OLLAMA_HOST"] == "http://ollama:11434"
    assert not any("llama3.2" in part for part in container["command"])


def test_the_job_is_a_new_one_when_its_pod_changes_and_only_then(helm: Helm) -> None:
    """A Job's pod template is immutable: same name must mean same template."""
    name = _job_name(helm, ["a"])
    assert re.fullmatch(r"ollama-pull-[0-9a-f]{8}", name)
    same = (
        "server.keepAlive=1h",
        "resources.limits.memory=2Gi",
        "podAnnotations.x=y",
        "commonLabels.x=y",
        "env.OLLAMA_DEBUG=on",
        "persistence.size=50Gi",
        "networkPolicy.allowRegistry=false",
        "replicaCount=0",
    )
    assert {_job_name(helm, ["a"], pair) for pair in same} == {name}
    others = [_job_name(helm, models) for models in (["b"], ["a", "b"], ["b", "a"])]
    others += [_job_name(helm, ["a"], pair) for pair in ("image.tag=0.33.0", "pullJob.revision=again")]
    assert len({name, *others}) == 6


def test_the_jobs_pod_is_not_behind_the_service(helm: Helm) -> None:
    objects = helm.template("ollama", {"models": ["a"]})
    labels = one(objects, "Job")["spec"]["template"]["metadata"]["labels"].items()
    assert not labels >= one(objects, "Service")["spec"]["selector"].items()
    server = one(objects, "NetworkPolicy", "ollama")["spec"]
    assert labels >= server["ingress"][0]["from"][0]["podSelector"]["matchLabels"].items()


@pytest.mark.parametrize(
    "model",
    [
        "a;b",
        "$(id)",
        "`id`",
        "--insecure",
        "-x",
        "a b",
        "a,b",
        "a\nb",
        "../x",
        "a|b",
        "",
        "a'b",
        "a:b:c",
        "http://x/y",
        "é",
    ],
)
def test_a_hostile_model_name_is_refused(helm: Helm, model: str) -> None:
    with pytest.raises(HelmFailed, match="schema"):
        helm.template("ollama", {"models": [model]})


@pytest.mark.parametrize(
    "model",
    [
        "llama3.2",
        "llama3.2:1b",
        "qwen3:0.6b-q4_K_M",
        "user/model:tag",
        "hf.co/bartowski/Model_1.B-GGUF:Q4_K_M",
        "localhost:5000/a/b:c",
    ],
)
def test_a_model_name_as_ollama_knows_them_is_accepted(helm: Helm, model: str) -> None:
    assert one(helm.template("ollama", {"models": [model]}), "Job")


def test_the_server_is_told_its_settings(helm: Helm) -> None:
    spec = one(helm.template("ollama"), "Deployment")["spec"]["template"]["spec"]
    env = environment(spec["containers"][0])
    expected = {
        "OLLAMA_HOST": "0.0.0.0:11434",
        "OLLAMA_MODELS": "/models",
        "OLLAMA_KEEP_ALIVE": "10m",
        "OLLAMA_NUM_PARALLEL": "1",
        "OLLAMA_MAX_LOADED_MODELS": "1",
        "OLLAMA_CONTEXT_LENGTH": "4096",
        "OLLAMA_FLASH_ATTENTION": "true",
        "OLLAMA_NO_CLOUD": "true",
    }
    assert env.items() >= expected.items()
    mounts = {mount["mountPath"] for mount in spec["containers"][0]["volumeMounts"]}
    assert {env["OLLAMA_MODELS"], env["HOME"], "/tmp"} <= mounts


def test_large_numbers_stay_whole(helm: Helm) -> None:
    spec = one(helm.template("ollama", {"server": {"contextLength": 1048576}}), "Deployment")["spec"]
    assert environment(spec["template"]["spec"]["containers"][0])["OLLAMA_CONTEXT_LENGTH"] == "1048576"


def test_the_volume_decides_the_strategy(helm: Helm) -> None:
    assert one(helm.template("ollama"), "Deployment")["spec"]["strategy"] == {"type": "Recreate"}
    gpu = one(helm.template("ollama", FULL["ollama"]), "Deployment")["spec"]["strategy"]
    assert gpu["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}


def test_the_autoscaler_owns_the_number_of_pods(helm: Helm) -> None:
    objects = helm.template("ollama", FULL["ollama"])
    assert "replicas" not in one(objects, "Deployment")["spec"]
    assert one(objects, "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["name"] == "ollama"
    assert one(helm.template("ollama"), "Deployment")["spec"]["replicas"] == 1


@pytest.mark.parametrize("pair", ["autoscaling.enabled=true", "replicaCount=2"])
def test_several_pods_need_a_volume_that_all_can_write(helm: Helm, pair: str) -> None:
    with pytest.raises(HelmFailed, match="ReadWriteMany"):
        helm.template("ollama", sets=(pair,))


def test_gpus_are_limits(helm: Helm) -> None:
    spec = one(helm.template("ollama", FULL["ollama"]), "Deployment")["spec"]["template"]["spec"]
    assert spec["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "2"
    assert spec["runtimeClassName"] == "nvidia"
    assert "runtimeClassName" not in one(helm.template("ollama"), "Deployment")["spec"]["template"]["spec"]


def test_only_the_registry_is_reached(helm: Helm) -> None:
    rules = one(helm.template("ollama"), "NetworkPolicy")["spec"]["egress"]
    assert [{port["port"] for port in rule["ports"]} for rule in rules] == [{53}, {443}]
    assert "169.254.0.0/16" in rules[1]["to"][0]["ipBlock"]["except"]
    closed = one(helm.template("ollama", sets=("networkPolicy.allowRegistry=false",)), "NetworkPolicy")
    assert len(closed["spec"]["egress"]) == 1


def test_kubernetes_leaves_the_script_as_it_is(helm: Helm) -> None:
    command = one(helm.template("ollama", {"models": ["a"]}), "Job")["spec"]["template"]["spec"]["containers"][0][
        "command"
    ]
    # The kubelet makes $( of $$(, and could take a lone $( for a variable of its own.
    assert not re.search(r"(?<!\$)\$\(", command[2])
    assert command[2].replace("$$(", "$(").strip() == SCRIPT.read_text().strip()


# As the real client without a terminal (Ollama 0.32.15, progress/progress.go): frames of escape sequences.
FAKE_OLLAMA = r"""#!/bin/bash
case $1 in
list) [[ -e $LOG/up ]] || { touch "$LOG/up"; exit 1; } ;;
pull)
  printf '%s\n' "$3" >> "$LOG/pulled"
  [[ $2 == -- ]] || exit 9
  printf '\033[?2026h\033[?25l\033[1Gpulling manifest \xe2\xa0\x8b \033[K\033[?25h\033[?2026l' >&2
  [[ $3 == missing ]] && { printf 'Error: pull model manifest: file does not exist\n' >&2; exit 1; }
  for percent in 1 1 1 50 100; do
    printf '\033[?2026h\033[?25l\033[A\033[1Gpulling manifest \033[K\n' >&2
    printf 'pulling 0123abcd: %3d%% \xe2\x96\x95\xe2\x96\x88 %d MB/100 MB\033[K' "$percent" "$RANDOM" >&2
    printf '\033[?25h\033[?2026l' >&2
  done
  printf '\nsuccess \033[K\n' >&2 ;;
esac
"""


def _pull(tmp_path: Path, *models: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "ollama").write_text(FAKE_OLLAMA)
    (tmp_path / "ollama").chmod(0o755)
    return subprocess.run(
        ["/bin/bash", "-c", SCRIPT.read_text(), "pull-models", *models],
        env={
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "LOG": str(tmp_path),
            "OLLAMA_HOST": "http://ollama:11434",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def test_progress_is_clean_lines_each_said_once(tmp_path: Path) -> None:
    done = _pull(tmp_path, "llama3.2:1b")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.fullmatch(r"[ -~\n]*", done.stdout), "no escape sequence, no carriage return"
    assert [line.split(" ", 1)[1] for line in done.stdout.splitlines()] == [
        "waiting for http://ollama:11434",
        "llama3.2:1b: pulling",
        "llama3.2:1b: pulling manifest",
        "llama3.2:1b: layer 0123abcd 1%",
        "llama3.2:1b: layer 0123abcd 50%",
        "llama3.2:1b: layer 0123abcd 100%",
        "llama3.2:1b: success",
        "llama3.2:1b: ready",
        "all 1 models are ready",
    ]


def test_a_failed_model_keeps_no_other_away(tmp_path: Path) -> None:
    done = _pull(tmp_path, "missing", "good")
    assert done.returncode == 1
    assert (tmp_path / "pulled").read_text().split() == ["missing", "good"]
    assert "missing: Error: pull model manifest: file does not exist" in done.stdout
    assert "good: ready" in done.stdout
    assert done.stdout.splitlines()[-1].endswith("not pulled: missing")


def test_the_shell_never_reads_a_name(tmp_path: Path) -> None:
    """Were the schema ever to let one through."""
    hostile = ["$(touch pwned)", "`touch pwned`", "; touch pwned", "--insecure", "a b", "* ?"]
    done = _pull(tmp_path, *hostile)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "pulled").read_text().splitlines() == hostile
    assert not Path("pwned").exists() and not (tmp_path / "pwned").exists()
