"""The side of the pods: a child process that answers for the kubelets and plays the pods' programs.

``python -m tests.controlplane.podside SETTINGS.json``, started by cluster.py. A process of its own, so that
watching thousands of pods takes no time from the process under test. Standard library only.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from . import kubelet, programs
from .api import Api, Object
from .processes import PARENT_VARIABLE

Change = tuple[str, Object]
"""("pods" | "jobs", the object); an object that is gone carries {"gone": True} beside its metadata."""


class State:
    """What the cluster last said: pods by (namespace, name), and the models that Jobs pulled."""

    def __init__(self) -> None:
        self.pods: dict[tuple[str, str], Object] = {}
        self.models: dict[str, dict[str, str]] = {}
        """Namespace -> model -> when its pull ended. It outlives the Job, as a file on a volume would."""
        self._seen_jobs: set[str] = set()

    def apply(self, kind: str, item: Object) -> None:
        meta = item["metadata"]
        if kind == "pods":
            key = (meta["namespace"], meta["name"])
            if item.get("gone"):
                known = self.pods.get(key)
                # The same name may already belong to the next pod (StatefulSets).
                if known is not None and known["metadata"]["uid"] == meta["uid"]:
                    del self.pods[key]
            else:
                self.pods[key] = item
        elif meta["uid"] not in self._seen_jobs and _completed(item):
            # Once a Job: a model that was deleted since must not come back with the Job's next event.
            self._seen_jobs.add(meta["uid"])
            pulled = (meta.get("annotations") or {}).get(programs.MODELS_ANNOTATION, "")
            for model in filter(None, (part.strip() for part in pulled.split(","))):
                when = item["status"].get("completionTime") or meta["creationTimestamp"]
                self.models.setdefault(meta["namespace"], {})[model] = when


def _completed(job: Object) -> bool:
    conditions = job.get("status", {}).get("conditions", [])
    return any(each["type"] == "Complete" and each["status"] == "True" for each in conditions)


def follow(api: Api, path: str, deliver: Callable[[Object], None]) -> None:
    """Lists and watches for ever. A fresh list also tells what vanished while nobody watched."""
    known: dict[str, Object] = {}
    while True:
        try:
            status, listed = api.request("GET", path)
            if status != 200:
                raise ConnectionError(f"list {path}: status {status}")
            current = {item["metadata"]["uid"]: item for item in listed["items"]}
            for uid in known.keys() - current.keys():
                deliver({**known[uid], "gone": True})
            known = current
            for item in current.values():
                deliver(item)
            for kind, item in api.watch(path, listed["metadata"]["resourceVersion"], timeout=600):
                if kind == "ERROR":
                    break  # 410 Gone, most likely: list again
                uid = item["metadata"].get("uid", "")
                if kind == "DELETED":
                    known.pop(uid, None)
                    deliver({**item, "gone": True})
                elif kind in ("ADDED", "MODIFIED"):
                    known[uid] = item
                    deliver(item)
        except (OSError, ValueError) as error:
            print(f"watch {path}: {error!r}; again in 0.2 s", file=sys.stderr, flush=True)
            time.sleep(0.2)


async def serve(settings: Object) -> None:
    """Runs until a signal comes."""
    api = Api(settings["host"], settings["port"], Path(settings["ca"]), settings["token"])
    loop = asyncio.get_running_loop()
    changes: asyncio.Queue[Change] = asyncio.Queue()
    state = State()
    done = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, done.set)
    await kubelet.serve(state, settings["kubelet_port"], settings["cert"], settings["key"])
    network = ipaddress.ip_network(settings["pod_cidr"])
    listeners = programs.Listeners(state, network) if settings["programs"] else None
    for kind, path in (("pods", "/api/v1/pods"), ("jobs", "/apis/batch/v1/jobs")):

        def deliver(item: Object, kind: str = kind) -> None:
            loop.call_soon_threadsafe(changes.put_nowait, (kind, item))

        # Daemons: they block in reads that nothing can interrupt.
        threading.Thread(target=follow, args=(api, path, deliver), daemon=True).start()
    tasks = [
        asyncio.create_task(_consume(changes, state, listeners)),
        asyncio.create_task(done.wait()),
    ]
    # A task that fails must end the process: cluster.py then shows the log instead of waiting in vain.
    finished, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in finished:
        task.result()


async def _consume(changes: asyncio.Queue[Change], state: State, listeners: programs.Listeners | None) -> None:
    while True:
        kind, item = await changes.get()
        state.apply(kind, item)
        if kind == "pods" and listeners is not None:
            await listeners.update(item)


def _die_with(parent: int) -> None:
    """As main.go does it: a death signal would come when the thread ends that started us."""
    while os.getppid() == parent:
        time.sleep(0.1)
    os._exit(1)


def main(argv: list[str]) -> int:
    """Ends with the process that CONTROLPLANE_PARENT names, or at SIGTERM."""
    settings = json.loads(Path(argv[0]).read_text())
    if parent := os.environ.get(PARENT_VARIABLE):
        threading.Thread(target=_die_with, args=(int(parent),), daemon=True).start()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # a listening socket for each port of each pod
    asyncio.run(serve(settings))
    # The watching threads are in the middle of a read, and would be waited for.
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
