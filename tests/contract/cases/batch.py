"""Jobs and CronJobs."""

from __future__ import annotations

from typing import Any

from ..play import MERGE, Case, Step

JOBS = "/apis/batch/v1/namespaces/{ns}/jobs"
CRONS = "/apis/batch/v1/namespaces/{ns}/cronjobs"


def job(name: str = "once", **spec: Any) -> dict[str, Any]:
    pod = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "x:1"}]}
    return {"metadata": {"name": name}, "spec": {"suspend": True, "template": {"spec": pod}, **spec}}


CASES = [
    Case(
        "jobs",
        [
            Step("create", "POST", JOBS, job()),
            Step(
                "restart always",
                "POST",
                JOBS,
                job("broken", template={"spec": {"containers": [{"name": "main", "image": "x"}]}}),
            ),
            Step(
                "change the template",
                "PATCH",
                f"{JOBS}/once",
                {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 1}}}},
                MERGE,
            ),
            Step(
                "change the image",
                "PATCH",
                f"{JOBS}/once",
                {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "x:2"}]}}}},
                MERGE,
            ),
            Step("change completions", "PATCH", f"{JOBS}/once", {"spec": {"completions": 2}}, MERGE),
            Step("change parallelism", "PATCH", f"{JOBS}/once", {"spec": {"parallelism": 2}}, MERGE),
            Step("own selector", "POST", JOBS, job("broken", selector={"matchLabels": {"a": "b"}})),
            Step("negative backoff", "POST", JOBS, job("broken", backoffLimit=-1)),
            Step(
                "labels of its own",
                "POST",
                JOBS,
                {**job("labelled"), "metadata": {"name": "labelled", "labels": {"a": "b"}}},
            ),
            Step("delete warns", "DELETE", f"{JOBS}/labelled"),
            Step(
                "cron job",
                "POST",
                CRONS,
                {
                    "metadata": {"name": "nightly"},
                    "spec": {"schedule": "0 3 * * *", "suspend": True, "jobTemplate": {"spec": job()["spec"]}},
                },
            ),
            Step(
                "bad schedule",
                "POST",
                CRONS,
                {
                    "metadata": {"name": "broken"},
                    "spec": {"schedule": "sometimes", "jobTemplate": {"spec": job()["spec"]}},
                },
            ),
            Step(
                "no schedule",
                "POST",
                CRONS,
                {"metadata": {"name": "broken"}, "spec": {"jobTemplate": {"spec": job()["spec"]}}},
            ),
        ],
    ),
]
