"""Real applications on real sockets: reports are true, and the application never suffers."""

import asyncio
import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import websockets

FRAMEWORKS = [
    ("fastapi_app", ()),
    ("flask_app", ()),
    ("django_app", ()),
    ("django_app", ("--asgi",)),
]
ROUTES = {
    "fastapi_app": "/orders/{number}",
    "flask_app": "/orders/<int:number>",
    "django_app": "/orders/<int:number>",
}
PATIENT = httpx.Timeout(30)


@pytest.fixture(params=FRAMEWORKS, ids=lambda p: "-".join([p[0], *p[1]]))
def framework(request):
    return request.param


@pytest.fixture
def client():
    with httpx.Client(timeout=PATIENT) as client:
        yield client


def test_a_request_is_reported_as_it_was(framework, start, collector, client):
    name, arguments = framework
    app = start(name, collector.url, *arguments, service="shop")
    headers = {"X-Who": "user-3", "Cookie": "sessionid=abc; theme=dark", "User-Agent": "probe/1"}
    answer = client.get(f"{app.url}/orders/3?q=a%20b&api_key=s3cret", headers=headers)
    (record,) = collector.wait(1)
    sent = dict(record["headers"])
    assert record["method"] == "GET"
    assert record["path"] == "/orders/3"
    assert record["query"] in {"q=a%20b&api_key=redacted", "q=a b&api_key=redacted"}
    assert record["status"] == 200
    assert record["response_bytes"] == len(answer.content)
    assert record["duration_us"] > 0
    assert record["peer_ip"] == "127.0.0.1"
    assert record["user_id"] == "user-3"
    assert record["source"] == "shop"
    assert record["host"] == f"127.0.0.1:{app.port}"
    assert record["extra"]["route"] == ROUTES[name]
    assert sent["user-agent"] == "probe/1"
    assert sent["cookie"] == "redacted"
    assert record["session_id"].startswith("hash-")
    assert abs(record["ts"] / 1e6 - time.time()) < 60


def test_no_secret_and_no_body_leaves_by_itself(framework, start, collector, client):
    name, arguments = framework
    app = start(name, collector.url, *arguments)
    client.post(
        f"{app.url}/login",
        json={"user": "ann", "password": "hunter2"},
        headers={"Authorization": "Bearer topsecret", "Cookie": "sessionid=topsecret"},
    )
    (record,) = collector.wait(1)
    assert "request_body" not in record
    assert "response_body" not in record
    assert "topsecret" not in str(record)
    assert record["credential_id"].startswith("hash-")
    assert record["request_bytes"] > 30


def test_bodies_come_when_asked_for_with_secrets_masked(framework, start, collector, client):
    name, arguments = framework
    options = {"request_body_bytes": 64, "response_body_bytes": 64}
    app = start(name, collector.url, *arguments, **options)
    answer = client.post(f"{app.url}/login", json={"password": "hunter2", "note": "n" * 100})
    (record,) = collector.wait(1)
    assert record["request_body"].startswith('{"password":"redacted","note":"nnn')
    assert 50 < len(record["request_body"]) <= 72
    assert "very-secret" not in record["response_body"]
    assert "redacted" in record["response_body"]
    assert answer.json()["read"] == record["request_bytes"] > 100


def test_a_fault_of_the_application_is_a_500(framework, start, collector, client):
    name, arguments = framework
    app = start(name, collector.url, *arguments)
    assert client.get(f"{app.url}/fail").status_code == 500
    (record,) = collector.wait(1)
    assert record["status"] == 500


def test_a_stream_is_counted(framework, start, collector, client):
    name, arguments = framework
    app = start(name, collector.url, *arguments)
    assert len(client.get(f"{app.url}/stream").content) == 1000
    (record,) = collector.wait(1)
    assert record["response_bytes"] == 1000


def load(app, count, threads=4):
    """Statuses of so many requests, sent by a few clients at once."""

    def some(share):
        connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=30)
        statuses = []
        for number in share:
            connection.request("GET", f"/orders/{number}")
            with connection.getresponse() as answer:
                assert json.loads(answer.read()) == {"order": number}
                statuses.append(answer.status)
        connection.close()
        return statuses

    shares = [range(first, count, threads) for first in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        return [status for part in pool.map(some, shares) for status in part]


def test_under_load_every_request_is_reported_once(framework, start, collector):
    name, arguments = framework
    app = start(name, collector.url, *arguments, backoff_s=0.05)
    collector.plan = [503, (429, {"Retry-After": "0"}), 500]
    assert load(app, 400) == [200] * 400
    records = collector.wait(400)
    assert sorted(r["path"] for r in records) == sorted(f"/orders/{n}" for n in range(400))
    assert len({r["event_id"] for r in records}) == 400


TROUBLES = {
    "down": None,
    "slow": None,
    "refuses 401": 401,
    "refuses 413": 413,
    "busy 429": (429, {"Retry-After": "100"}),
    "busy 503": (503, {"Retry-After": "100"}),
}
HELD = 50
"""Requests that the agent may hold."""
BATCH = 20


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", ["fastapi_app", "flask_app"])
def test_trouble_of_the_collector_is_no_trouble_of_the_application(
    name, trouble, start, collector, client
):
    """Under ASGI and WSGI; what cannot be reported is bounded, and what is lost is counted."""
    url = collector.url
    if trouble == "down":
        url = "http://127.0.0.1:9"
    elif trouble == "slow":  # connections are taken and never answered
        collector.hang.set()
    else:
        collector.always = TROUBLES[trouble]
    app = start(name, url, max_records=HELD, batch_records=BATCH, exit_timeout_s=0.2)
    assert load(app, 100) == [200] * 100
    before = app.memory()
    assert load(app, 600) == [200] * 600
    assert app.memory() - before < 24 << 20
    assert client.get(f"{app.url}/orders/7").json() == {"order": 7}
    # An answer leaves before the report of it is written.
    while (stats := client.get(f"{app.url}/stats").json())["recorded"] < 701:
        pass
    assert stats["waiting"] <= HELD
    assert stats["sent"] == stats["faults"] == stats["faulty"] == 0
    settled = sum(stats[name] for name in ("waiting", "dropped", "refused", "undelivered"))
    assert 0 <= stats["recorded"] - settled <= BATCH + 1  # on their way, and this very request
    lost = stats["dropped"] + stats["refused"]
    assert lost >= 701 - HELD - BATCH - 1
    if "413" in trouble:
        assert stats["refused"]
    collector.hang.clear()


# Not Django under ASGI: it has no lifespan, and uvicorn ends by the signal itself.
@pytest.mark.parametrize("name", ROUTES)
def test_what_waits_is_sent_when_the_server_stops(name, start, collector, client):
    app = start(name, collector.url, interval_s=600, exit_timeout_s=20)
    client.get(f"{app.url}/orders/1")
    # The answer leaves before the report of it is written.
    while client.get(f"{app.url}/stats").json()["recorded"] < 1:
        pass
    client.close()
    app.stop()
    # the collector notes what it has read a moment after the sender is gone
    assert "/orders/1" in [record["path"] for record in collector.wait(1)]


def test_requests_come_after_an_outage(start, collector):
    app = start("flask_app", collector.url, backoff_s=0.05, max_backoff_s=0.1)
    collector.always = 503
    assert load(app, 40) == [200] * 40
    collector.always = None
    assert len(collector.wait(40)) == 40


def test_a_mounted_application_has_its_whole_route(start, collector, client):
    app = start("fastapi_app", collector.url)
    client.get(f"{app.url}/inner/things/x")
    (record,) = collector.wait(1)
    assert record["extra"]["route"] == "/inner/things/{name}"


def test_work_after_the_answer_is_not_counted_as_waiting(start, collector, client):
    app = start("fastapi_app", collector.url)
    client.get(f"{app.url}/later")
    (record,) = collector.wait(1)
    assert record["duration_us"] < 300_000


def test_messages_of_a_websocket_are_counted(start, collector):
    app = start("fastapi_app", collector.url)

    async def talk():
        address = f"ws://127.0.0.1:{app.port}/talk/den?token=abc"
        async with websockets.connect(address) as socket:
            for _ in range(3):
                await socket.send("hello")
                await socket.recv()
            await socket.send("bye")
            await socket.wait_closed()

    asyncio.run(talk())
    (record,) = collector.wait(1)
    assert record["status"] == 101
    assert record["query"] == "token=redacted"
    assert record["extra"]["route"] == "/talk/{room}"
    assert record["extra"]["websocket"] == {"messages_in": 4, "messages_out": 3, "close_code": 1000}
    assert (record["request_bytes"], record["response_bytes"]) == (18, 30)
