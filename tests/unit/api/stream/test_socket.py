import pytest
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from apisentinel.api.stream import socket as stream
from apisentinel.pipeline.live.bus import Bus

URL = "ws://127.0.0.1:8080/api/v1/stream"


@pytest.fixture
def service(service):
    service.bus = Bus("e")
    return service


@pytest.fixture
def connect(client, key):
    headers = key("read")

    def make(query="", **more):
        return client.websocket_connect(URL + query, headers={**headers, **more})

    return make


def denied(connection):
    with pytest.raises(WebSocketDenialResponse) as error, connection:
        pass
    return error.value.status_code, error.value.json()


def alert(n, risk=50):
    return {
        "id": f"a-{n}",
        "entity": {"kind": "client", "id": "203.0.113.9"},
        "attack_type": "sqli",
        "risk": risk,
        "ts": "2026-11-21T10:00:00Z",
        "evidence": [],
    }


def test_the_first_message_says_where_the_stream_is(connect):
    with connect("?topics=alerts,metrics") as socket:
        hello = socket.receive_json()
        assert hello["topic"] == "hello"
        assert (hello["epoch"], hello["seq"], hello["cursor"], hello["demo"]) == (
            "e", 0, "e-0", False,
        )  # fmt: skip
        assert hello["server_time"] == "2023-11-14T22:13:20Z"
        assert hello["subs"] == ["alerts", "metrics"]


def test_alerts_arrive_as_the_lists_show_them(connect, service):
    with connect("?topics=alerts") as socket:
        socket.receive_json()
        service.bus.publish("alerts", [alert(1)])
        frame = socket.receive_json()
    assert (frame["topic"], frame["cursor"]) == ("alerts", "e-1")
    (item,) = frame["items"]
    assert item["severity"] == "MEDIUM"
    assert item["entity"] == {"kind": "client", "id": "203.0.113.9"}


def test_the_filter_of_the_address_is_kept(connect, service):
    with connect("?topics=alerts,metrics&f=risk:gte:60&f=entity:cidr:203.0.113.0/24") as socket:
        socket.receive_json()
        service.bus.publish("alerts", [alert(1), alert(2, 70)])
        assert [item["id"] for item in socket.receive_json()["items"]] == ["a-2"]


def test_a_client_subscribes_and_leaves(connect, service):
    with connect("?topics=") as socket:
        assert socket.receive_json()["subs"] == []
        socket.send_json({"op": "sub", "topic": "alerts", "f": ["risk:gte:60"], "id": "top"})
        assert socket.receive_json()["subs"] == [{"id": "top", "topic": "alerts"}]
        service.bus.publish("alerts", [alert(1), alert(2, 70)])
        frame = socket.receive_json()
        assert (frame["sub"], [item["id"] for item in frame["items"]]) == ("top", ["a-2"])
        socket.send_json({"op": "unsub", "id": "top"})
        assert socket.receive_json()["subs"] == []


def test_resuming_tells_what_was_missed(connect, service):
    service.bus.publish("alerts", [alert(1)])
    service.bus.publish("alerts", [alert(2)])
    with connect("?topics=alerts&resume=e-1") as socket:
        assert socket.receive_json()["cursor"] == "e-1"
        assert [item["id"] for item in socket.receive_json()["items"]] == ["a-2"]


def test_resuming_after_a_restart_gives_a_gap(connect, service):
    service.bus.publish("alerts", [alert(1)])
    with connect("?topics=alerts&resume=old-7") as socket:
        assert socket.receive_json()["epoch"] == "e"
        assert socket.receive_json() == {"topic": "gap", "from": "e-0", "to": "e-1"}


@pytest.mark.parametrize(
    "said",
    ["", "nonsense", "[]", "{}", '{"op": "sub"}', '{"op": "sub", "topic": "none"}',
     '{"op": "sub", "topic": "alerts", "f": ["x"]}', '{"op": "sub", "topic": "health", "f": ["a"]}',
     '{"op": "drop"}', "[" * 5000, '{"op": "sub", "topic": "alerts", "f": ["a:eq:\\ud800"]}'],
)  # fmt: skip
def test_nonsense_is_answered_and_the_stream_goes_on(connect, service, said):
    with connect("?topics=alerts") as socket:
        socket.receive_json()
        socket.send_text(said)
        answer = socket.receive_json()
        assert answer["topic"] == "error"
        assert len(answer["detail"]) < 1000
        service.bus.publish("alerts", [alert(1)])
        assert socket.receive_json()["topic"] == "alerts"


def closed_after(socket, *texts):
    for text in texts:
        socket.send_text(text)
    with pytest.raises(WebSocketDisconnect) as error:
        list(iter(socket.receive_json, None))
    return error.value.code


def test_a_message_that_is_too_long_ends_the_connection(connect):
    with connect() as socket:
        assert closed_after(socket, "x" * 20_000) == stream.TOO_MUCH


def test_too_many_messages_end_the_connection(connect):
    with connect() as socket:
        assert closed_after(socket, *['{"op": "pong"}'] * 60) == stream.NOT_ALLOWED


def test_too_many_subscriptions_are_refused(connect):
    with connect("?topics=") as socket:
        socket.receive_json()
        for n in range(17):
            socket.send_json({"op": "sub", "topic": "health", "id": str(n)})
        answers = [socket.receive_json() for _ in range(17)]
    assert [answer["topic"] for answer in answers] == ["ok"] * 16 + ["error"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?topics=alert", "Did you mean alerts?"),
        ("?topics=alerts&f=risk", "field:op:value"),
        ("?topics=health&f=risk:gte:1", "none of the topics can be filtered"),
        ("?topics=decision", "Did you mean decisions?"),
        ("?topics=alerts&f=incident:eq:i-1", "alerts have no such field"),
        ("?topics=incidents&f=created:gte:now-1h", "incidents have no such field"),
    ],
)
def test_what_cannot_be_told_is_refused_before_the_handshake(connect, query, said):
    status, problem = denied(connect(query))
    assert status == 400
    assert said in problem["detail"]


def test_every_topic_of_the_contract_can_be_asked_for(connect):
    topics = "metrics,alerts,incidents,decisions,health"
    with connect(f"?topics={topics}") as socket:
        hello = socket.receive_json()
    assert sorted(hello["subs"]) == sorted(topics.split(","))


def test_nobody_hears_without_a_key(client, key):
    assert denied(client.websocket_connect(URL))[0] == 401
    assert denied(client.websocket_connect(URL, headers=key("ingest")))[0] == 403


def test_only_so_many_connections_are_open(connect, monkeypatch):
    monkeypatch.setattr(stream, "CONNECTIONS_EACH", 2)
    with connect() as one, connect() as two:
        one.receive_json()
        two.receive_json()
        assert denied(connect())[0] == 503
    with connect() as again:
        assert again.receive_json()["topic"] == "hello"


def test_a_stop_is_told_and_closes_with_going_away(connect, app, client):
    with connect("?topics=alerts") as one, connect("?topics=metrics") as two:
        for socket in (one, two):
            socket.receive_json()
        assert client.portal.call(app.state.stream_desk.close)
        for socket in (one, two):
            bye = socket.receive_json()
            assert (bye["topic"], bye["cursor"]) == ("bye", "e-0")
            with pytest.raises(WebSocketDisconnect) as closed:
                socket.receive_json()
            assert closed.value.code == 1001
        assert denied(connect())[0] == 503
    app.state.stream_desk.closed = False


def incident(name, risk=50):
    return {
        "id": name, "risk": risk, "severity": "MEDIUM", "attack_types": ["sqli"], "entities": [],
        "endpoints": [], "first_ts": None, "last_ts": None, "alert_ts": None, "requests": 1,
        "requests_before_alert": 1, "reason": "x", "factors": [], "samples": [],
        "entities_total": 1, "merged_into": None, "closed": False,
    }  # fmt: skip


def test_what_people_set_is_part_of_what_is_told(connect, service, client, key):
    service.control.put_incidents([incident("i-1"), incident("i-2")])
    service.control.patch_incident("i-1", {"status": "resolved"}, None, "kim")
    with connect("?topics=incidents&f=status:eq:open") as socket:
        socket.receive_json()
        service.bus.publish("incidents", [incident("i-1", 60), incident("i-2", 60)])
        (item,) = socket.receive_json()["items"]
        assert (item["id"], item["status"], item["version"]) == ("i-2", "open", 1)
        headers = key("respond", "read") | {"If-Match": "*"}
        for status in ("acknowledged", "open"):
            client.patch("/api/v1/incidents/i-2", json={"status": status}, headers=headers)
        (item,) = socket.receive_json()["items"]
        assert (item["id"], item["status"], item["version"]) == ("i-2", "open", 3)


def test_pings_carry_the_cursor(connect, service, monkeypatch):
    monkeypatch.setattr(stream, "PING_S", 0.05)
    with connect("?topics=alerts&f=risk:gte:99") as socket:
        socket.receive_json()
        service.bus.publish("alerts", [alert(1)])
        pings = [socket.receive_json() for _ in range(10)]
    assert {ping["topic"] for ping in pings} == {"ping"}
    assert pings[-1]["cursor"] == "e-1"


def test_a_revoked_key_ends_the_stream(client, app, key, monkeypatch):
    monkeypatch.setattr(stream, "PING_S", 0.05)
    headers = key("read")
    with client.websocket_connect(URL, headers=headers) as socket:
        socket.receive_json()
        (made,) = app.state.authenticator.keys.all()
        app.state.authenticator.keys.revoke(made.id)
        assert closed_after(socket) == stream.NOT_ALLOWED


def test_the_bus_is_left_when_the_last_client_goes(connect, service):
    with connect() as socket:
        socket.receive_json()
        assert service.bus.watchers == 1
    assert service.bus.watchers == 0


def test_a_session_opens_the_stream_from_a_page_of_the_service_only(client, session):
    headers = session("viewer")
    with client.websocket_connect(URL, headers=headers) as socket:
        assert socket.receive_json()["topic"] == "hello"
    for origin in ("https://evil.example", "http://127.0.0.1:8081", "null"):
        foreign = {**headers, "Origin": origin}
        assert denied(client.websocket_connect(URL, headers=foreign))[0] == 403
    silent = {name: value for name, value in headers.items() if name != "Origin"}
    assert denied(client.websocket_connect(URL, headers=silent))[0] == 403


def test_a_ticket_opens_the_stream_once(client, session):
    answer = client.post("/api/v1/stream/ticket", headers=session("viewer"))
    ticket = answer.json()["ticket"]
    with client.websocket_connect(f"{URL}?ticket={ticket}") as socket:
        assert socket.receive_json()["topic"] == "hello"
    assert denied(client.websocket_connect(f"{URL}?ticket={ticket}"))[0] == 401
    assert denied(client.websocket_connect(f"{URL}?ticket=nonsense"))[0] == 401


def test_the_end_of_a_session_ends_its_stream(client, app, session, monkeypatch):
    monkeypatch.setattr(stream, "PING_S", 0.05)
    headers = session("viewer")
    with client.websocket_connect(URL, headers=headers) as socket:
        assert socket.receive_json()["topic"] == "hello"
        token = headers["Cookie"].partition("=")[2]
        app.state.authenticator.sessions.end_cookie(token)
        assert closed_after(socket) == stream.NOT_ALLOWED
