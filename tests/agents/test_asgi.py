"""The ASGI middleware hands everything on as it was, and reports it."""

import asyncio

import pytest
from apisentinel_agent import Agent
from apisentinel_agent.asgi import SentinelMiddleware


@pytest.fixture
def agent():
    made = Agent(url="http://127.0.0.1:9", key="k", exit_timeout_s=0.0)
    made.seen = []
    made.record = made.seen.append
    return made


def scope(**more):
    return {
        "type": "http",
        "method": "GET",
        "path": "/a b",
        "query_string": b"x=1",
        "headers": [(b"host", b"h")],
        "client": ("192.0.2.1", 5),
        **more,
    }


def run(app, agent, scope, messages=()):
    """What the server gets from the wrapped application."""
    sent = []
    waiting = list(messages)

    async def receive():
        return waiting.pop(0)

    async def send(message):
        sent.append(message)

    asyncio.run(SentinelMiddleware(app, agent)(scope, receive, send))
    return sent


async def hello(scope, receive, send):
    await send({"type": "http.response.start", "status": 201, "headers": []})
    await send({"type": "http.response.body", "body": b"ab", "more_body": True})
    await send({"type": "http.response.body", "body": b"c"})


def test_messages_pass_unchanged(agent):
    bare = []

    async def collect(message):
        bare.append(message)

    asyncio.run(hello(scope(), None, collect))
    assert run(hello, agent, scope()) == bare
    (exchange,) = agent.seen
    assert (exchange.status, exchange.response_bytes, exchange.path) == (201, 3, "/a%20b")


def test_an_exception_passes_and_is_a_500(agent):
    async def broken(scope, receive, send):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        run(broken, agent, scope())
    assert agent.seen[0].status == 500


def test_a_status_that_was_sent_stays_when_the_body_breaks(agent):
    async def broken(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise KeyError

    with pytest.raises(KeyError):
        run(broken, agent, scope())
    assert agent.seen[0].status == 200


def test_a_client_that_leaves_is_a_499(agent):
    async def cancelled(scope, receive, send):
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        run(cancelled, agent, scope())
    assert agent.seen[0].status == 499


def test_a_body_without_a_length_is_counted_as_it_is_read(agent):
    async def reader(scope, receive, send):
        while (await receive()).get("more_body"):
            pass
        await hello(scope, receive, send)

    pieces = [
        {"type": "http.request", "body": b"12345", "more_body": True},
        {"type": "http.request", "body": b"678"},
    ]
    run(reader, agent, scope(), pieces)
    assert agent.seen[0].request_bytes == 8


def test_callables_are_asked_and_may_fail(agent):
    def fails(_scope):
        raise RuntimeError

    made = Agent(
        url="http://127.0.0.1:9",
        key="k",
        user=lambda s: s["who"],
        client=fails,
        session=lambda _: 7,
        route=lambda _: "/r/{x}",
    )
    seen = made.seen = []
    made.record = seen.append
    run(hello, made, scope(who="ann"))
    (exchange,) = seen
    assert (exchange.user, exchange.client, exchange.session, exchange.route) == (
        "ann",
        None,
        "7",
        "/r/{x}",
    )
    assert made.faults == 1


class User:
    is_authenticated = True
    identity = "u-1"


class Guest:
    is_authenticated = False
    identity = "nobody"


@pytest.mark.parametrize(
    ("more", "user"),
    [
        ({"user": User()}, "u-1"),
        ({"user": Guest()}, None),
        ({"state": {"user_id": 12}}, "12"),
        ({"state": {}}, None),
        ({}, None),
    ],
)
def test_the_user_comes_from_the_framework(agent, more, user):
    run(hello, agent, scope(**more))
    assert agent.seen[0].user == user


def test_ids_are_text_for_everybody(agent):
    run(hello, agent, scope(path="/\udcff", state={"user_id": "a\udc00"}))
    (exchange,) = agent.seen
    assert (exchange.path, exchange.user) == ("/%FF", "a?")


def test_a_scope_that_makes_no_sense_does_not_stop_the_application(agent):
    odd = scope(headers=[(b"content-length", b"\xff")], client=None, query_string=b"\xff=\x00")
    assert len(run(hello, agent, odd)) == 3
    assert len(agent.seen) == 1


def test_ignored_paths_and_an_agent_that_is_off_report_nothing(agent):
    quiet = Agent(url="http://127.0.0.1:9", key="k", ignore_paths=["/a b"])
    off = Agent(enabled=False)
    for made in (quiet, off):
        seen = []
        made.record = seen.append
        assert len(run(hello, made, scope())) == 3
        assert seen == []


def test_a_websocket_that_is_not_accepted_is_a_403(agent):
    async def closes(scope, receive, send):
        await send({"type": "websocket.close", "code": 4001})

    run(closes, agent, scope(type="websocket"))
    (exchange,) = agent.seen
    assert exchange.status == 403
    assert exchange.extra["websocket"]["close_code"] == 4001


def test_a_websocket_whose_application_fails_is_reported(agent):
    async def fails(scope, receive, send):
        await send({"type": "websocket.accept"})
        await receive()
        raise KeyError

    with pytest.raises(KeyError):
        run(fails, agent, scope(type="websocket"), [{"type": "websocket.receive", "text": "äb"}])
    (exchange,) = agent.seen
    assert (exchange.status, exchange.request_bytes) == (101, 3)
    assert exchange.extra["websocket"] == {"messages_in": 1, "messages_out": 0, "close_code": 1011}
