"""The live stream of a process of its own: what is raised is heard, also after an absence, and what
cannot be told any more is a gap.
"""

import json
import signal
import socket
import time
import urllib.parse

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.integration.test_service import command, running

pytestmark = pytest.mark.slow


def key_of(folder):
    made = command(
        "keys", "create", "--data-dir", str(folder), "--name", "t", "--scopes", "ingest,read"
    )
    return made.strip()


def attack(client, begin=0):
    """NDJSON of a client that tries what a database makes of quotes."""
    return b"\n".join(
        json.dumps(
            {
                "event_id": f"{client}-{number}",
                "ts": 1_700_000_000 + number,
                "method": "GET",
                "url": f"/items?id={number}%27%20UNION%20SELECT%20password%20FROM%20users--",
                "status": 200,
                "client_ip": client,
            }
        ).encode()
        for number in range(begin, begin + 6)
    )


def open_stream(service, key, **query):
    words = urllib.parse.urlencode(query, doseq=True)
    return connect(
        f"ws://127.0.0.1:{service.port}/api/v1/stream?{words}",
        additional_headers={"X-Api-Key": key},
        open_timeout=20,
    )


def heard(stream, reached, seconds=30):
    """Messages up to the first one that is wanted."""
    messages = []
    while True:
        messages.append(json.loads(stream.recv(timeout=seconds)))
        if reached(messages[-1]):
            return messages


def is_alert(message):
    return message["topic"] == "alerts"


def test_what_is_raised_is_heard_as_the_list_shows_it(tmp_path):
    key = key_of(tmp_path)
    with running(tmp_path) as service:
        wanted = {"topics": "alerts", "f": ["entity:cidr:198.51.100.0/24", "risk:gte:40"]}
        with open_stream(service, key, **wanted) as stream:
            assert json.loads(stream.recv())["topic"] == "hello"
            service.call("/api/v1/events", key, attack("203.0.113.1"))
            service.call("/api/v1/events", key, attack("198.51.100.1"))
            row = heard(stream, is_alert)[-1]["items"][0]
        assert row["entity"] == {"kind": "client", "id": "198.51.100.1"}

        def stored():
            return service.call(f"/api/v1/alerts/{row['id']}", key)[0] == 200

        service.wait(stored, "the alert in the store")
        _, listed = service.call(f"/api/v1/alerts/{row['id']}", key)
        late = {"incident", "entity_kind", "references", "explanation"}
        assert {name: listed[name] for name in row if name not in late} == {
            name: value for name, value in row.items() if name not in late
        }


def test_what_was_missed_is_heard_after_coming_back_and_a_restart_is_a_gap(tmp_path):
    key = key_of(tmp_path)
    with running(tmp_path) as service:
        with open_stream(service, key, topics="alerts") as stream:
            cursor = json.loads(stream.recv())["cursor"]
        service.call("/api/v1/events", key, attack("203.0.113.1"))

        def raised():
            return service.call("/api/v1/alerts", key)[1]["total"] > 0

        service.wait(raised, "an alert")
        with open_stream(service, key, topics="alerts", resume=cursor) as stream:
            missed = heard(stream, is_alert)[-1]
            assert missed["items"][0]["entity"]["id"] == "203.0.113.1"
        service.end(signal.SIGKILL)
    with (
        running(tmp_path) as service,
        open_stream(service, key, topics="alerts", resume=missed["cursor"]) as stream,
    ):
        hello, gap = (json.loads(stream.recv(timeout=20)) for _ in range(2))
        assert missed["cursor"].startswith(hello["epoch"]) is False
        assert gap["topic"] == "gap"
        assert service.call("/api/v1/alerts", key)[1]["total"] > 0


def test_a_client_that_never_reads_harms_nobody(tmp_path):
    key = key_of(tmp_path)
    with running(tmp_path) as service:
        request = (
            f"GET /api/v1/stream?topics=alerts,metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"X-Api-Key: {key}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        deaf = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(20)]
        for one in deaf:
            one.sendall(request.encode())
        with open_stream(service, key, topics="alerts") as stream:
            for number in range(1, 20):
                service.call("/api/v1/events", key, attack(f"203.0.113.{number}"))
                found = heard(stream, is_alert)
                assert found
        for one in deaf:
            one.close()
        code, _, _ = service.end()
        assert code == 0


def test_whoever_may_not_hear_is_told_before_the_handshake(tmp_path):
    key_of(tmp_path)
    with running(tmp_path) as service:
        for headers, origin, status in (
            ({}, None, 401),
            ({"X-Api-Key": "aps_nonsense.x"}, None, 401),
            ({"Cookie": "apisentinel=stolen"}, "https://evil.example", 401),
        ):
            with pytest.raises(InvalidStatus) as refused:
                connect(
                    f"ws://127.0.0.1:{service.port}/api/v1/stream",
                    additional_headers=headers,
                    origin=origin,
                )
            assert refused.value.response.status_code == status


def test_a_stop_closes_streams_as_going_away(tmp_path):
    key = key_of(tmp_path)
    with running(tmp_path) as service, open_stream(service, key, topics="alerts") as stream:
        hello = json.loads(stream.recv())
        begin = time.monotonic()
        code, _, err = service.end()
        assert (code, time.monotonic() - begin < 12) == (0, True), err
        bye = json.loads(stream.recv(timeout=10))
        assert bye["topic"] == "bye"
        assert bye["cursor"].startswith(hello["epoch"])
        with pytest.raises(ConnectionClosed) as closed:
            stream.recv(timeout=10)
        assert closed.value.rcvd.code == 1001


def test_a_client_that_says_too_much_is_told_why(tmp_path):
    key = key_of(tmp_path)
    with running(tmp_path) as service, open_stream(service, key, topics="alerts") as stream:
        for _ in range(100):
            stream.send('{"op": "pong"}')
        with pytest.raises(ConnectionClosed) as closed:
            heard(stream, lambda message: False)
        assert closed.value.rcvd.code == 1008
