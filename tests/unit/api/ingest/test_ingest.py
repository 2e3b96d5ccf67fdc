import asyncio
import gc
import gzip
import json
import threading

import msgspec
import pytest
import zstandard
from starlette.requests import Request
from structlog.testing import capture_logs

from apisentinel.api.access.keyring import FRESH_SECONDS
from apisentinel.api.http.problems import LOG_PAUSE_S
from apisentinel.api.ingest.agent_reports import INSTANCES
from apisentinel.api.ingest.turned_away import _is_drained
from apisentinel.errors import RefusedError
from apisentinel.pipeline.service_settings import ServiceSettings

LINES = b'{"method":"GET","path":"/a"}\n{"method":"GET","path":"/b"}\n'


def post(client, key, body=LINES, path="/api/v1/events", **headers):
    return client.post(path, content=body, headers=key("ingest") | headers)


def test_an_answer_says_what_became_of_each_record(client, key, door):
    answer = post(client, key, LINES + b"broken\n")
    assert answer.status_code == 202
    assert answer.json() == {
        "accepted": 2,
        "deduplicated": 0,
        "rejected": [{"line": 3, "error": "broken"}],
        "rejected_total": 1,
    }
    assert door.bodies == [(LINES + b"broken\n", "http", None)]


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [("gzip", gzip.compress), ("zstd", zstandard.ZstdCompressor().compress), ("identity", bytes)],
)
def test_encodings_are_undone(client, key, door, encoding, encode):
    answer = post(client, key, encode(LINES), **{"Content-Encoding": encoding})
    assert answer.status_code == 202
    assert door.bodies[0][0] == LINES


def test_the_idempotency_key_reaches_the_door(client, key, door):
    post(client, key, **{"Idempotency-Key": "batch-7"})
    assert door.bodies[0][2] == "batch-7"


def test_a_body_in_pieces_without_a_length_is_taken(client, key, door):
    answer = client.post(
        "/api/v1/events", content=iter([LINES[:10], LINES[10:]]), headers=key("ingest")
    )
    assert answer.status_code == 202
    assert door.bodies[0][0] == LINES


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Encoding": "br"}, LINES, 415),
        ({"Content-Type": "application/msgpack"}, LINES, 415),
        ({"Content-Encoding": "gzip"}, LINES, 400),
        ({"Content-Encoding": "gzip"}, gzip.compress(LINES, mtime=0)[:-4], 400),
        ({}, b"x" * 2_000_000, 413),
        ({"Content-Encoding": "gzip"}, gzip.compress(b"x" * 2_000_000, mtime=0), 413),
        ({"Idempotency-Key": "k" * 256}, LINES, 422),
    ],
    ids=[
        "brotli",
        "msgpack",
        "not packed",
        "cut off",
        "too long",
        "a bomb",
        "a long key",
    ],
)
def test_what_cannot_be_taken_is_refused(client, key, door, app, headers, body, status):
    app.state.intake.body_bytes = 1_000_000
    answer = post(client, key, body, **headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert door.bodies == []


@pytest.mark.parametrize(("status", "retry"), [(422, None), (429, 1), (503, 30)])
def test_the_door_says_when_to_try_again(client, key, door, status, retry):
    door.refusal = RefusedError(status, "no", retry_after=retry)
    answer = post(client, key)
    assert answer.status_code == status
    assert answer.headers.get("retry-after") == (None if retry is None else str(retry))


def test_a_failure_that_goes_on_is_logged_now_and_then(client, key, door, clock):
    door.refusal = RefusedError(503, "disk full", retry_after=30)
    with capture_logs() as lines:
        for _ in range(5):
            post(client, key)
        clock.advance(LOG_PAUSE_S)
        post(client, key)
    assert [line["detail"] for line in lines if line["event"] == "request_failed"] == [
        "disk full",
        "disk full",
    ]


def test_what_middlewares_have_lost_is_counted_once(client, key, app):
    def lost():
        return app.state.service.counters.totals()["agent_lost"]

    def say(text):
        assert post(client, key, **{"X-Sentinel-Agent": text}).status_code == 202

    say("instance=a; recorded=9; dropped=2; refused=1; faulty=1")
    say("instance=a; recorded=9; dropped=2; refused=1; faulty=1")
    assert lost() == 4
    say("instance=a; recorded=20; dropped=5; refused=1; faulty=1")
    say("instance=b; recorded=1; dropped=1; refused=0; faulty=0")
    assert lost() == 8
    for odd in (
        "",
        "dropped=5",
        "instance=c; dropped=-1",
        "=;=;;",
        "instance=c; dropped=" + "9" * 200,
        "instance=" + "c" * 400 + "; dropped=1",
    ):
        say(odd)
    assert lost() == 8
    reports, many = app.state.agent_reports, INSTANCES + 10
    assert sum(reports.news(f"instance={n}; dropped=1") for n in range(many)) == many
    assert reports.news("instance=a; dropped=1") == 1  # forgotten


def test_all_bodies_together_have_a_budget(client, key, app):
    app.state.limits.bodies.reserve(app.state.limits.bodies.limit - 10)
    answer = post(client, key)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert app.state.limits.bodies.used == app.state.limits.bodies.limit - 10


def test_room_is_given_back_after_refusals_too(client, key, app):
    post(client, key)
    post(client, key, b"\x1f\x8b nonsense", **{"Content-Encoding": "gzip"})
    assert app.state.limits.bodies.used == 0


def hec(client, key, body, path="/services/collector/event", scheme="Splunk"):
    text = key("ingest")["Authorization"].replace("Bearer", scheme)
    return client.post(path, content=body, headers={"Authorization": text})


@pytest.mark.parametrize(
    "path", ["/services/collector", "/services/collector/event", "/services/collector/event/1.0"]
)
def test_splunk_senders_are_answered_in_their_words(client, key, door, path):
    event = {"time": 1.5, "event": {"method": "GET", "path": "/a"}}
    answer = hec(client, key, json.dumps(event) * 2, path)
    assert (answer.status_code, answer.json()) == (200, {"text": "Success", "code": 0})
    assert door.batches[0][0] == 2


def test_splunk_codes(client, key, door):
    assert hec(client, key, b"").json()["code"] == 5
    assert hec(client, key, b"nonsense").json()["code"] == 6
    assert hec(client, key, b'{"time":1}').json()["code"] == 12
    assert client.post("/services/collector/event", content=b"{}").json()["code"] == 2
    wrong = {"Authorization": "Splunk wrong"}
    answer = client.post("/services/collector/event", content=b"{}", headers=wrong)
    assert (answer.status_code, answer.json()["code"]) == (403, 4)
    door.refusal = RefusedError(429, "full", retry_after=2)
    answer = hec(client, key, b'{"event":{"method":"GET","path":"/a"}}')
    assert (answer.status_code, answer.json()["code"]) == (503, 9)
    assert answer.headers["retry-after"] == "2"


def test_a_body_that_will_be_refused_is_not_looked_at(client, key, door):
    door.full = RefusedError(429, "full", retry_after=3)
    answer = post(client, key, b"no gzip", **{"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
    assert not door.bodies
    door.full = None
    assert post(client, key, b"no gzip", **{"Content-Encoding": "gzip"}).status_code == 400


def test_under_overload_a_body_costs_no_look_at_its_sender(client, key, door, app, monkeypatch):
    """With the answer that the route gives, and the headers of all answers."""
    assert post(client, key).status_code == 202
    door.full = RefusedError(429, "full", retry_after=3)
    monkeypatch.setattr(app.state.authenticator, "authenticate", None)
    answer = post(client, key, LINES * 10_000)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert len(door.bodies) == 1


def test_who_sends_no_known_key_learns_nothing_of_the_load(client, key, door):
    post(client, key)
    door.full = RefusedError(429, "full", retry_after=3)
    for headers in ({}, {"Authorization": "Bearer aps_no.such"}, {"Authorization": "Basic eA=="}):
        answer = client.post("/api/v1/events", content=LINES, headers=headers)
        assert answer.status_code == 401


def test_a_known_key_with_a_wrong_secret_is_refused_as_wrong_under_overload(client, key, door):
    post(client, key)
    door.full = RefusedError(429, "full", retry_after=3)
    right = key("ingest")["Authorization"]
    assert client.post(
        "/api/v1/events", content=LINES, headers={"Authorization": right}
    ).status_code == 429  # fmt: skip
    wrong = {"Authorization": right[:-4] + "AAAA"}
    assert client.post("/api/v1/events", content=LINES, headers=wrong).status_code == 401
    assert client.post("/v1/traces", content=b"{}", headers=wrong).status_code == 401
    assert client.post("/services/collector", content=b"{}", headers=wrong).json()["code"] == 4


@pytest.mark.parametrize("how", ["scope", "revoked", "stale"])
def test_under_overload_a_key_that_may_not_is_told_so_by_the_route(
    client, key, door, app, clock, how
):
    headers = key("read" if how == "scope" else "ingest")
    client.post("/api/v1/events", content=LINES, headers=headers)
    door.full = RefusedError(429, "full", retry_after=3)
    keys = app.state.authenticator.keys
    if how == "revoked":
        keys.revoke(keys.all()[0].id)
    elif how == "stale":
        app.state.accounts.save_key(msgspec.structs.replace(keys.all()[0], revoked=clock.now()))
        clock.advance(FRESH_SECONDS + 0.1)
    expected = 403 if how == "scope" else 401
    assert client.post("/api/v1/events", content=LINES, headers=headers).status_code == expected


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/services/collector/event", "application/json"),
        ("/services/collector/raw/1.0", "text/plain"),
        ("/v1/traces", "application/json"),
        ("/v1/traces", "application/x-protobuf"),
    ],
)
def test_senders_of_other_words_are_turned_away_in_them(
    client, key, door, app, monkeypatch, path, kind
):
    def sent():
        return client.post(
            path, content=LINES * 1_000, headers=key("ingest") | {"Content-Type": kind}
        )

    client.get("/services/collector/health")
    door.full = RefusedError(429, "full", retry_after=3)
    with monkeypatch.context() as off:
        off.setattr("apisentinel.api.ingest.turned_away.PATHS", {})
        late = sent()
    monkeypatch.setattr(app.state.authenticator, "authenticate", None)
    early = sent()
    assert early.status_code == (429 if "traces" in path else 503)
    for name in ("content-type", "retry-after"):
        assert early.headers[name] == late.headers[name]
    assert (early.status_code, early.content) == (late.status_code, late.content)


def test_an_export_of_another_type_is_told_so_under_overload(client, key, door):
    door.full = RefusedError(429, "full", retry_after=3)
    assert post(client, key, b"x", "/v1/traces", **{"Content-Type": "text/css"}).status_code == 415


def test_bodies_that_find_a_full_queue_are_counted(client, key, app, door):
    post(client, key)
    app.state.intake._waiting_bytes = app.state.intake._queue_bytes
    answer = post(client, key)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert door.counters.totals()["refused"] == 1
    with capture_logs() as lines:
        app.state.limits.bodies.reserve(app.state.limits.bodies.limit)
        app.state.intake._waiting_bytes = 0
        assert post(client, key).status_code == 503
    assert [line["log_level"] for line in lines] == ["warning"]


@pytest.mark.parametrize("last", [{"type": "http.disconnect"}, None])
def test_a_body_that_does_not_end_gets_no_answer(last):
    messages = [{"type": "http.request", "body": b"x", "more_body": True}, last]

    async def receive():
        message = messages.pop(0)
        return message or await asyncio.sleep(60)

    assert not asyncio.run(_is_drained(receive, 0.01))


def test_splunk_health_follows_the_door(client, door):
    assert client.get("/services/collector/health").status_code == 200
    door.stopping = True
    assert client.get("/services/collector/health").status_code == 503


def span(**attributes):
    return {
        "kind": 2,
        "name": "GET /a",
        "traceId": "0" * 31 + "1",
        "spanId": "0" * 15 + "1",
        "startTimeUnixNano": "1700000000000000000",
        "attributes": [
            {"key": name, "value": {"stringValue": value}} for name, value in attributes.items()
        ],
    }


def traces(*spans):
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()


def test_server_spans_become_requests(client, key, door):
    body = traces(span(**{"http.request.method": "GET", "url.path": "/a"}))
    answer = post(client, key, body, "/v1/traces", **{"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()) == (200, {})
    assert answer.headers["content-type"] == "application/json"
    assert door.bodies[0][1] == "otlp"


def test_otlp_errors(client, key, door):
    assert post(client, key, b"{", "/v1/traces").status_code == 415
    kind = {"Content-Type": "application/json"}
    assert post(client, key, b"{", "/v1/traces", **kind).status_code == 400
    door.refusal = RefusedError(429, "full", retry_after=1)
    body = traces(span(**{"http.request.method": "GET", "url.path": "/a"}))
    answer = post(client, key, body, "/v1/traces", **kind)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert answer.json() == {"code": 8, "message": "full"}


def test_the_limit_of_bodies_is_that_of_the_door(app):
    assert app.state.intake.body_bytes == ServiceSettings().door.max_body_bytes


def test_bodies_that_would_wait_long_are_refused(app):
    intake = app.state.intake
    size = intake._queue_bytes
    entered = threading.Event()
    go = threading.Event()

    def slow():
        entered.set()
        go.wait(10)
        return "done"

    async def scenario():
        first = asyncio.ensure_future(intake._in_turn(slow, 2 * size))  # large, but alone
        await asyncio.to_thread(entered.wait, 10)
        with pytest.raises(RefusedError) as refused:
            await intake._in_turn(slow, 1)
        go.set()
        return refused.value, await first, await intake._in_turn(slow, size)

    refused, *done = asyncio.run(scenario())
    assert (refused.status, refused.retry_after) == (503, 1)
    assert done == ["done", "done"]


def test_bodies_are_let_go_at_once(app):
    """Also those that are refused: a body in a circle of objects stays for many seconds."""
    intake = app.state.intake

    class Body(bytes):
        pass

    def refuse(body):
        raise RefusedError(429, "later")

    async def send(work):
        pieces = [
            {"type": "http.request", "body": Body(b"abc"), "more_body": True},
            {"type": "http.request", "body": Body(b"def"), "more_body": False},
        ]

        async def receive():
            return pieces.pop(0)

        request = Request({"type": "http", "method": "POST", "headers": []}, receive)
        try:
            return await intake.run(request, work)
        except RefusedError as refused:
            return refused.status

    async def scenario():
        gc.collect()
        gc.disable()
        try:
            done = [await send(bytes.upper), await send(refuse)]
            return done, [one for one in gc.get_objects() if type(one) is Body]
        finally:
            gc.enable()

    assert asyncio.run(scenario()) == ([b"ABCDEF", 429], [])


def test_spans_in_protobuf_are_answered_in_protobuf(client, key, door):
    service = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
    export = service.ExportTraceServiceRequest()
    spans = export.resource_spans.add().scope_spans.add().spans
    for name in ("GET /a", "nothing that could be a request"):
        made = spans.add(name=name, kind=2, start_time_unix_nano=1_700_000_000 * 10**9)
        made.trace_id, made.span_id = bytes(15) + b"\1", bytes(7) + b"\1"
    for attribute, value in (("http.request.method", "GET"), ("url.path", "/a")):
        spans[0].attributes.add(key=attribute).value.string_value = value
    spans[1].attributes.add(key="http.request.method").value.string_value = "GET"
    kind = {"Content-Type": "application/x-protobuf"}
    answer = post(client, key, export.SerializeToString(), "/v1/traces", **kind)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-protobuf"
    told = service.ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert told.rejected_spans == door.counters.totals()["rejected"]
    assert door.bodies[0][0].count(b"\n") == 2 - told.rejected_spans


def test_a_refusal_in_protobuf_is_a_status(client, key, door):
    pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
    kind = {"Content-Type": "application/x-protobuf"}
    answer = post(client, key, b"\xff\xff nonsense", "/v1/traces", **kind)
    assert answer.status_code == 400
    assert answer.content.startswith(b"\x08\x03\x12")
