"""What a sandbox's process does with its options, and for whom."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.contract.client import Client
from wizard import compose
from wizard.domain.profile.target import SandboxTarget
from wizard.sandbox import manager
from wizard.sandbox.clock import SimClock, head_start


def test_a_fast_clock_starts_in_the_past_and_a_true_one_does_not() -> None:
    assert (head_start(1), head_start(0.5), head_start(20), head_start(10_000)) == (0, 0, 19 * 900, 86_400)
    began = time.time()
    assert began - 101 < SimClock(2, behind=100).now() <= time.time() - 99


def test_it_starts_with_the_scenario_it_is_given_and_its_time_is_behind(tmp_path: Path) -> None:
    running = manager.up(tmp_path, options=manager.UpOptions(speed=20, seed=1, extra={"scenario": "crash-loop"}))
    try:
        client = Client(running.kubeconfig)
        status = client.request("GET", "/sandbox/status")
        assert status.body["scenarios"] == ["crash-loop"]
        behind = time.time() - status.body["time"]
        assert 0 < behind <= 19 * 900
        assert client.request("GET", "/apis/metrics.k8s.io/v1beta1/nodes").body["kind"] == "NodeMetricsList"
        account = "/api/v1/namespaces/default/serviceaccounts/default/token"
        token = client.request("POST", account, {"spec": {}}).body["status"]["token"]
        poor = {"Authorization": f"Bearer {token}"}
        assert client.request("POST", "/sandbox/reset", headers=poor).status == 403
        assert client.request("POST", "/sandbox/reset").status == 200
        assert client.request("GET", "/sandbox/status").body["scenarios"] == []
    finally:
        manager.down(tmp_path)


def test_a_scenario_that_there_is_not_is_refused_with_those_there_are(tmp_path: Path) -> None:
    options = manager.UpOptions(extra={"scenario": "nowhere"})
    with pytest.raises(manager.SandboxError, match=r"no scenario nowhere; there are api-dropped, .*slow-node"):
        manager.up(tmp_path, options=options)


def test_a_profiles_scenario_is_what_its_sandbox_starts_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    running = compose.sandbox_up("t", SandboxTarget(scenario="slow-node", nodes=2), keep=False)
    try:
        status = Client(running.kubeconfig).request("GET", "/sandbox/status").body
        assert (status["scenarios"], status["speed"]) == (["slow-node"], SandboxTarget().speed)
    finally:
        assert compose.sandbox_down("t")
