"""An application over fakes, and clients with every kind of credential."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.api.fake_accounts import MemoryAccounts
from tests.unit.api.http_client import TestClient

from apisentinel.api.app import create_app
from apisentinel.api.secret import Secret
from apisentinel.clock import ManualClock
from apisentinel.pipeline.service_settings import ServiceSettings

START = 1_700_000_000_000_000


@pytest.fixture
def clock():
    return ManualClock(START)


@pytest.fixture
def accounts():
    return MemoryAccounts()


@pytest.fixture
def settings():
    return ServiceSettings()


@pytest.fixture
def service(settings):
    return SimpleNamespace(settings=settings)


@pytest.fixture
def app(service, accounts, clock):
    return create_app(service, accounts=accounts, secret=Secret(bytes(32)), clock=clock)


@pytest.fixture
def client(app) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://127.0.0.1:8080") as client:
        yield client


@pytest.fixture
def key(app) -> Callable[..., dict[str, str]]:
    """Headers with a new key of the given scopes."""

    def make(*scopes: str, **options: Any) -> dict[str, str]:
        text, _ = app.state.authenticator.keys.create(
            name="test", scopes=scopes, actor="test", **options
        )
        return {"Authorization": f"Bearer {text}"}

    return make
