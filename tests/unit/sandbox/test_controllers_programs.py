"""The platform's programs: Open WebUI waits for its database, Ollama pulls, and all of them talk."""

from __future__ import annotations

import json

from tests.unit.sandbox.moving_cluster import Sandbox, condition, is_ready, simulated
from tests.unit.sandbox.platform_cluster import all_ready, ollama, open_webui, pod_of, postgresql
from wizard.sandbox.controllers.programs import models
from wizard.sandbox.controllers.shapes import JOBS, STATEFUL_SETS


@simulated("2")
async def test_open_webui_waits_for_its_database(box: Sandbox) -> None:
    open_webui(box)
    await box.clock.advance(90)
    pod = pod_of(box, "open-webui")
    name = pod["metadata"]["name"]
    assert pod["status"]["phase"] == "Pending"
    waiting = await box.log(name, "wait-for-database")
    assert waiting == ["database: not ready: no answer yet (OperationalError)"]
    postgresql(box)
    await box.until(lambda: all_ready(box, "open-webui"))
    await box.clock.advance(1)
    assert (await box.log(name, "wait-for-database"))[-1] == "database: ready"
    text = "\n".join(await box.log(name, "open-webui"))
    assert "v0.9.6 - building the best AI user interface." in text
    assert "Uvicorn running on http://0.0.0.0:8080" in text
    assert await box.http("services/open-webui:http", "/ready") == (200, b'{"status":true}')

    # The database goes: Open WebUI lives on, and is not ready.
    box.edit(STATEFUL_SETS, "postgresql", lambda obj: obj["spec"].update({"replicas": 0}))
    await box.until(lambda: not is_ready(pod_of(box, "open-webui")))
    assert await box.http(f"pods/{name}:8080", "/health") == (200, b'{"status":true}')
    assert (await box.http(f"pods/{name}:8080", "/ready"))[0] == 503
    unhealthy = [message for reason, message in box.events(name) if reason == "Unhealthy"]
    assert "Readiness probe failed: HTTP probe failed with statuscode: 503" in unhealthy
    assert pod_of(box, "open-webui")["status"]["containerStatuses"][0]["restartCount"] == 0
    box.edit(STATEFUL_SETS, "postgresql", lambda obj: obj["spec"].update({"replicas": 1}))
    await box.until(lambda: is_ready(pod_of(box, "open-webui")))


@simulated()
async def test_the_pull_job_takes_as_long_as_the_models(box: Sandbox) -> None:
    ollama(box, "qwen3:0.6b,llama3.2:1b")
    await box.until(lambda: all_ready(box, "ollama"))
    started = box.clock.now()
    await box.until(lambda: box.status(JOBS, "pull").get("ready"))
    await box.clock.advance(1)
    assert json.loads((await box.http("services/ollama:http", "/api/tags"))[1]) == {"models": []}
    await box.until(lambda: box.status(JOBS, "pull").get("succeeded"))
    seconds = sum(found.seconds for name in ("qwen3:0.6b", "llama3.2:1b") if (found := models.details(name)))
    assert seconds * 0.8 < box.clock.now() - started < seconds * 1.5 + 20
    tags = json.loads((await box.http("services/ollama:http", "/api/tags"))[1])["models"]
    assert {each["name"] for each in tags} == {"qwen3:0.6b", "llama3.2:1b"}
    (job_pod,) = [pod for pod in box.pods() if "job-name" in pod["metadata"]["labels"]]
    log = await box.log(job_pod["metadata"]["name"])
    assert any("qwen3:0.6b: layer " in line and line.endswith("%") for line in log)
    assert log[-1].endswith("all 2 models are ready")


@simulated()
async def test_a_model_that_the_registry_does_not_have(box: Sandbox) -> None:
    ollama(box, "does-not-exist:1b")
    await box.until(lambda: box.status(JOBS, "pull").get("failed") == 3, 400)
    await box.clock.advance(3)
    assert condition(box.get(JOBS, "pull"), "Failed")["reason"] == "BackoffLimitExceeded"
    pods = [pod for pod in box.pods() if "job-name" in pod["metadata"]["labels"]]
    log = await box.log(pods[0]["metadata"]["name"])
    assert any("pull model manifest: file does not exist" in line for line in log)
    assert log[-1].endswith("not pulled: does-not-exist:1b")


@simulated()
async def test_ollamas_api(box: Sandbox) -> None:
    ollama(box)
    await box.until(lambda: box.status(JOBS, "pull").get("succeeded"))

    async def ask(path: str, body: object, method: str = "POST") -> tuple[int, list[dict[str, object]]]:
        status, answer = await box.http("services/ollama:http", path, method, json.dumps(body).encode())
        return status, [json.loads(line) for line in answer.splitlines() if line.startswith(b"{")]

    status, pieces = await ask("/api/chat", {"model": "qwen3:0.6b", "messages": []})
    assert status == 200 and pieces[-1]["done"] is True
    again = await ask("/api/chat", {"model": "qwen3:0.6b", "messages": []})
    assert [each.get("message") for each in again[1]] == [each.get("message") for each in pieces]
    status, whole = await ask("/api/generate", {"model": "qwen3:0.6b", "prompt": "x", "stream": False})
    assert status == 200 and "simulated" in str(whole[0]["response"])
    _, running = await ask("/api/ps", {}, "GET")
    assert "qwen3:0.6b" in json.dumps(running)
    assert await ask("/api/chat", {"model": "nobody"}) == (404, [{"error": "model 'nobody' not found"}])
    status, steps = await ask("/api/pull", {"model": "llama3.2:1b"})
    assert status == 200 and steps[0] == {"status": "pulling manifest"} and steps[-1] == {"status": "success"}
    status, refused = await ask("/api/pull", {"model": "gpt-oss:20b"})
    status, refused = await ask("/api/generate", {"model": "gpt-oss:20b", "prompt": "x"})
    assert status == 500 and "requires more system memory" in str(refused[0]["error"])
    assert any(
        "POST" in line and "/api/chat" in line for line in await box.log(pod_of(box, "ollama")["metadata"]["name"])
    )


@simulated()
async def test_models_on_no_claim_go_with_the_pod(box: Sandbox) -> None:
    ollama(box)
    await box.until(lambda: box.status(JOBS, "pull").get("succeeded"))
    box.store.delete("", "pods", "t", pod_of(box, "ollama")["metadata"]["name"], grace=0)
    await box.until(lambda: all_ready(box, "ollama"))
    await box.clock.advance(2)
    assert json.loads((await box.http("services/ollama:http", "/api/tags"))[1]) == {"models": []}
