"""One certificate for all: making keys costs more than the tests that use them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.adapters.api_server import ApiServer, Pem, make_pem, serving


@pytest.fixture(scope="session")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Pem:
    return make_pem(tmp_path_factory.mktemp("pki"), "server")


@pytest.fixture(scope="session")
def other_pem(tmp_path_factory: pytest.TempPathFactory) -> Pem:
    return make_pem(tmp_path_factory.mktemp("pki"), "other")


@pytest.fixture
def api(pem: Pem, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiServer]:
    for name in ("KUBECONFIG", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving(pem) as server:
        yield server
