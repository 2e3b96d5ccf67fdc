"""An application over a real control store and a fake pipeline, and clients with credentials."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from tests.unit.api.fake_accounts import MemoryAccounts
from tests.unit.api.fake_door import FakeDoor
from tests.unit.api.http_client import TestClient
from tests.unit.api.live_fixtures import api, live, live_app, open_client  # noqa: F401 (fixtures)

from apisentinel.api.access.people import People
from apisentinel.api.access.secret import Secret
from apisentinel.api.app import create_app
from apisentinel.clock import ManualClock
from apisentinel.pipeline.door.counters import Counters
from apisentinel.pipeline.service_settings import ServiceSettings
from apisentinel.storage.control import ControlStore

START = 1_700_000_000_000_000
ORIGIN = "http://127.0.0.1:8080"
PASSWORD = "correct horse battery"


def _drop(_logger, _method, _event):
    raise structlog.DropEvent


@pytest.fixture(autouse=True)
def _quiet():
    """Fakes crash in places; their traces would fill the output."""
    structlog.configure(processors=[_drop])
    yield
    structlog.reset_defaults()


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
def control(tmp_path, clock):
    store = ControlStore(tmp_path / "control", clock)
    yield store
    store.close()


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def service(settings, control, door, clock):
    counters = Counters()
    door.counters = counters
    return SimpleNamespace(
        settings=settings,
        control=control,
        door=door,
        counters=counters,
        clock=clock,
        started_at=START - 1_000_000,
        health=lambda: {"journal": {"ok": True, "detail": "well"}},
        lag_seconds=lambda: 0.5,
        degradation=SimpleNamespace(level=0),
        metrics=list,
        sources=SimpleNamespace(states=list),
    )


@pytest.fixture
def app(service, accounts, clock):
    return create_app(service, accounts=accounts, secret=Secret(bytes(32)), clock=clock)


@pytest.fixture
def client(app) -> Iterator[TestClient]:
    with TestClient(app, base_url=ORIGIN, raise_server_exceptions=False) as client:
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


@pytest.fixture
def session(app) -> Callable[[str], dict[str, str]]:
    """Headers of a browser in which a user with a role has logged in."""

    def make(role: str) -> dict[str, str]:
        people = People(app.state.accounts, app.state.clock)
        user = people.add(name=f"{role} {len(people.all())}", role=role, password="never checked")
        app.state.authenticator.sessions.reload()
        login = app.state.authenticator.sessions.begin(user.id)
        return {
            "Cookie": f"apisentinel={login.token}",
            "X-CSRF-Token": login.csrf,
            "Origin": ORIGIN,
        }

    return make
