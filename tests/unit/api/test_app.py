import asyncio

import pytest
from fastapi import APIRouter, Depends

from apisentinel.api.access.gate import needs, refuse_undeclared
from apisentinel.api.http.guard import Guard


@pytest.fixture
def app(app):
    router = APIRouter()

    @router.get("/api/v1/thing", dependencies=[Depends(needs("read"))])
    def read() -> dict[str, int]:
        return {"a": 1}

    @router.post("/api/v1/thing", dependencies=[Depends(needs("write"))])
    def write(body: dict[str, str]) -> dict[str, str]:
        return body

    @router.get("/api/v1/crash", dependencies=[Depends(needs("public"))])
    def crash() -> None:
        raise RuntimeError("hunter2")

    app.include_router(router)
    return app


def test_a_key_opens_what_its_scopes_allow(client, key):
    assert client.get("/api/v1/thing", headers=key("read")).json() == {"a": 1}
    assert client.get("/api/v1/thing", headers=key("ingest")).status_code == 403
    assert client.get("/api/v1/thing").status_code == 401


def test_nobody_learns_more_than_that_a_key_is_wrong(client, key):
    right = key("read")["Authorization"]
    wrong = {
        client.get("/api/v1/thing", headers={"Authorization": text}).text[:90]
        for text in (right + "x", "Bearer nonsense", right.replace("aps_", "aps_0"))
    }
    assert len(wrong) == 1


def test_errors_are_problem_documents_with_the_number_of_the_request(client):
    answer = client.get("/api/v1/thing")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert "www-authenticate" in answer.headers


def test_a_crash_says_nothing_of_its_cause(client):
    answer = client.get("/api/v1/crash")
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_wrong_fields_are_named_and_not_repeated(client, key):
    answer = client.post("/api/v1/thing", headers=key("admin"), json={"password": ["hunter2"]})
    assert answer.status_code == 422
    assert "hunter2" not in answer.text
    assert answer.json()["errors"][0]["field"] == "body.password"


def test_large_bodies_are_refused_on_every_route(client, key):
    answer = client.post("/api/v1/thing", headers=key("admin"), content=b"x" * 1_100_000)
    assert answer.status_code == 413


def test_a_foreign_name_is_refused(client, key):
    headers = key("read") | {"Host": "attacker.example"}
    assert client.get("/api/v1/thing", headers=headers).status_code == 400


def test_a_route_without_a_permission_does_not_start(app):
    app.add_api_route("/api/v1/forgotten", lambda: None)
    with pytest.raises(RuntimeError, match="forgotten"):
        refuse_undeclared(app.routes)


def test_a_body_that_does_not_come_is_given_up(app, settings):
    limits = settings.server.limits.model_copy(update={"body_seconds": 0.01})
    guard = Guard(app, settings.server.model_copy(update={"limits": limits}))
    sent = []

    async def receive():
        await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/login",
        "query_string": b"",
        "scheme": "http",
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 1),
    }
    asyncio.run(guard(scope, receive, send))
    assert sent[0]["status"] == 408
