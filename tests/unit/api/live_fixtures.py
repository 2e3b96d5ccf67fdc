"""A real service that has judged an attack, behind a real application."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.unit.api.http_client import TestClient
from tests.unit.api.live_service import COUNT, HOST, HOSTILE, headers_of, lines, settle
from tests.unit.pipeline.live.live_traffic import requests

from apisentinel.api.app import create_app
from apisentinel.pipeline.live.settings import DegradationSettings, RuntimeSettings
from apisentinel.pipeline.service import Service
from apisentinel.pipeline.service_settings import ServiceSettings


@pytest.fixture(scope="session")
def live(tmp_path_factory) -> Iterator[Service]:
    """Its data folder lives as long as the tests."""
    folder = tmp_path_factory.mktemp("data")
    # on a busy machine quiet requests are sampled on purpose; here nothing may be missing
    runtime = RuntimeSettings(degradation=DegradationSettings(force=0))
    service = Service(ServiceSettings(data_dir=folder, runtime=runtime))
    service.start()
    rows = requests(COUNT)
    last = rows[-1]["ts"]
    rows += [
        {"method": "GET", "path": f"/h/{name}", "client_ip": "198.51.100.77", "ts": last + k,
         "user_agent": text, "referer": text, "event_id": f"hostile-{name}", "user_id": text}
        for k, (name, text) in enumerate(HOSTILE.items())
    ]  # fmt: skip
    receipt = service.door.submit_requests(lines(rows), source="http")
    assert receipt.accepted == len(rows)
    settle(service)
    yield service
    service.stop()


@pytest.fixture(scope="session")
def live_app(live):
    return create_app(live)


@pytest.fixture(scope="session")
def open_client(live_app) -> Iterator[TestClient]:
    with TestClient(live_app, base_url=HOST) as client:
        yield client


@pytest.fixture(scope="session")
def api(open_client, live_app):
    """A client that may read and write."""

    class Api:
        headers = headers_of(live_app, "read", "respond")

        def __call__(self, method: str, path: str, **more: Any) -> Any:
            given = {**self.headers, **more.pop("headers", {})}
            return open_client.request(method, f"/api/v1/{path}", headers=given, **more)

        def get(self, path: str, status: int = 200, **params: Any) -> Any:
            answer = self("GET", path, params=params)
            assert answer.status_code == status, answer.text
            return answer.json()

        def everything(self, path: str, **params: Any) -> list[dict[str, Any]]:
            """All rows of a list, page after page."""
            rows: list[dict[str, Any]] = []
            cursor = None
            while True:
                more = {} if cursor is None else {"cursor": cursor}
                page = self.get(path, **params, **more)
                rows += page["items"]
                cursor = page["next"]
                if cursor is None:
                    return rows

    return Api()
