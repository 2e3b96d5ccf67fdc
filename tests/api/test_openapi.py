"""Whatever the description of the API allows, asked by every role: no crash, no answer that the
description does not know.

``SCHEMA_EXAMPLES`` sets how many requests each route gets from each role; more at night.
"""

import os
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.unit.api.http_client import TestClient
from tests.unit.api.live_service import HOST, lines, settle
from tests.unit.pipeline.live.live_traffic import SMALL, requests

from apisentinel.api.access.gate import ROLES
from apisentinel.api.access.people import People
from apisentinel.api.access.secret import Secret
from apisentinel.api.app import create_app
from apisentinel.pipeline.service import Service
from apisentinel.pipeline.service_settings import ServiceSettings

EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "3"))
WHO = [*sorted(ROLES), "bouncer", "ingest", "nobody"]
"""Users of every role, keys of the scopes that no role has alone, and a caller without either."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
PATH = "/api/v1/openapi.json"
ENDS_A_SESSION = {"/api/v1/logout", "/api/v1/me/password"}


def described() -> dict[str, Any]:
    """The document, of an application around a service that was never started."""
    service: Any = SimpleNamespace(
        settings=ServiceSettings(),
        control=SimpleNamespace(setting=lambda _: None),
        door=SimpleNamespace(check=None),
    )
    accounts: Any = SimpleNamespace(setting=lambda _: None)
    app = create_app(service, accounts=accounts, secret=Secret(bytes(32)))
    document: dict[str, Any] = app.openapi()
    # who asks is chosen here, not drawn
    del document["components"]["securitySchemes"]
    for operations in document["paths"].values():
        for operation in operations.values():
            operation.pop("security", None)
    return document


DOCUMENT = described()
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = {operation.ok().label: operation.ok() for operation in SCHEMA.get_all_operations()}


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """A service of its own: what is sent here would count elsewhere."""
    folder = tmp_path_factory.mktemp("data")
    running = Service(ServiceSettings(data_dir=folder, detection=SMALL))
    running.start()
    running.door.submit_requests(lines(requests(1_200)), source="http")
    settle(running)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def app(service):
    app = create_app(service)
    for rate in (app.state.limits.anonymous, app.state.limits.keys, app.state.limits.logins):
        rate.change(10_000_000)  # the rates are not what is tested here
    return app


@pytest.fixture(scope="module")
def client(app):
    with TestClient(app, base_url=HOST, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def headers_of(app):
    """Headers of one of `WHO`; a user whose session may have ended gets a new one."""
    people = People(app.state.accounts, app.state.clock)
    users = {role: people.add(name=role, role=role, password="never checked") for role in ROLES}
    app.state.authenticator.sessions.reload()
    known: dict[str, dict[str, str]] = {}

    def make(who: str, *, anew: bool = False) -> dict[str, str]:
        if who == "nobody":
            return {}
        if who in known and not anew:
            return known[who]
        if who in users:
            login = app.state.authenticator.sessions.begin(users[who].id)
            known[who] = {
                "Cookie": f"apisentinel={login.token}",
                "X-CSRF-Token": login.csrf,
                "Origin": HOST,
            }
        else:
            text, _ = app.state.authenticator.keys.create(name=who, scopes=(who,), actor="test")
            known[who] = {"Authorization": f"Bearer {text}"}
        return known[who]

    return make


@pytest.fixture(scope="module")
def known_ids(client, headers_of):
    """Ids that exist, by the name of the parameter: made-up ones are never found."""
    admin = headers_of("admin")

    def first(path: str, member: str) -> str:
        items = client.get(f"/api/v1/{path}", headers=admin).json()["items"]
        return str(items[0][member])

    return {
        "incident_id": first("incidents", "id"),
        "alert_id": first("alerts", "id"),
        "event_id": first("events", "event_id"),
        "entity_id": first("entities", "id"),
        "endpoint_id": first("endpoints", "endpoint"),
        "kind": "client",
        "of": "events",
    }


@pytest.mark.parametrize("label", sorted(OPERATIONS))
def test_every_answer_is_one_of_the_description(client, headers_of, known_ids, label):
    operation = OPERATIONS[label]
    modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def ask(data):
        mode = data.draw(st.sampled_from(modes))
        case = data.draw(operation.as_strategy(generation_mode=mode))
        if data.draw(st.booleans()):
            found = {name: known_ids[name] for name in case.path_parameters if name in known_ids}
            case.path_parameters = {**case.path_parameters, **found}
        for who in WHO:
            sent = case.as_transport_kwargs(base_url=HOST)
            given_headers = headers_of(who, anew=operation.path in ENDS_A_SESSION)
            headers = {**dict(sent.get("headers") or {}), **given_headers}
            try:
                answer = client.request(
                    sent["method"],
                    sent["url"],
                    headers=headers,
                    params=sent.get("params"),
                    json=sent.get("json"),
                    content=sent.get("data"),
                )
            except httpx.InvalidURL:  # longer than the client would ever send
                reject()
            case.validate_response(answer, checks=CHECKS, headers=headers)

    ask()


def test_the_description_has_every_route():
    assert len(OPERATIONS) > 70
