"""Ages go by the cluster's clock: a laptop that is an hour off shows the same ages as one that is not."""

from __future__ import annotations

import http.server
import threading
import time
from email.utils import formatdate

import pytest

from tests.unit.observers.cluster import Cluster
from wizard.adapters.kube_access import Access
from wizard.adapters.kube_http import Pool
from wizard.observers.clock import ClusterClock


class _Clock:
    def now(self) -> float:
        return 1000.0

    def monotonic(self) -> float:
        return 5.0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)


def test_now_is_what_the_cluster_takes_it_to_be() -> None:
    cluster = Cluster()
    clock = ClusterClock(_Clock(), cluster)
    assert clock.now() == 1000.0 and clock.monotonic() == 5.0
    cluster.ahead = 600.0
    assert clock.now() == 1600.0 and clock.monotonic() == 5.0


@pytest.mark.parametrize(
    ("date", "wanted"),
    [
        (lambda: formatdate(time.time() + 600, usegmt=True), 600.0),
        (lambda: formatdate(time.time() - 600, usegmt=True), -600.0),
        (lambda: formatdate(time.time(), usegmt=True), 0.0),
        (lambda: "yesterday, I think", 0.0),
        (lambda: None, 0.0),
    ],
    ids=["ahead", "behind", "agree", "no date", "none"],
)
def test_an_answer_says_how_far_the_clocks_are_apart(date: object, wanted: float) -> None:
    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(200)
            said = date()  # type: ignore[operator]
            if said is not None:
                self.send_header("Date", said)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        pool = Pool(Access(f"http://127.0.0.1:{server.server_port}", None, "", "test"))
        pool.request("GET", "/version")
        assert pool.ahead == pytest.approx(wanted, abs=2.0)
        pool.close()
        server.shutdown()
