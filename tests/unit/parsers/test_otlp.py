"""Spans of HTTP servers become requests, under stable and old names, as JSON and protobuf."""

import orjson
import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from apisentinel.errors import RefusedError
from apisentinel.parsers import otlp
from apisentinel.parsers.json_requests import parse_requests

START = 1_700_000_000_123_456_789
TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"
STABLE = {
    "http.request.method": "POST",
    "url.path": "/orders",
    "url.query": "id=1' OR 1=1--",
    "http.response.status_code": 201,
    "client.address": "203.0.113.7",
    "network.peer.address": "10.0.0.1",
    "user_agent.original": "curl/8.0",
    "server.address": "shop.example",
    "url.scheme": "https",
    "http.request.header.x_trace": ["a", "b"],
    "http.response.body.size": 512,
    "enduser.id": "alice",
}
OLD = {
    "http.method": "POST",
    "http.target": "/orders?id=1' OR 1=1--",
    "http.status_code": 201,
    "http.client_ip": "203.0.113.7",
    "net.peer.ip": "10.0.0.1",
    "http.user_agent": "curl/8.0",
    "http.host": "shop.example",
    "http.scheme": "https",
    "http.request.header.x-trace": ["a", "b"],
    "http.response_content_length": 512,
    "enduser.id": "alice",
}


def value(item):
    if isinstance(item, list):
        return {"arrayValue": {"values": [value(one) for one in item]}}
    return {"intValue": str(item)} if isinstance(item, int) else {"stringValue": item}


def span(attributes, *, kind=2, name="POST", **more):
    return {
        "traceId": TRACE,
        "spanId": SPAN,
        "name": name,
        "kind": kind,
        "startTimeUnixNano": str(START),
        "endTimeUnixNano": str(START + 5_000_000),
        "attributes": [{"key": key, "value": value(item)} for key, item in attributes.items()],
        **more,
    }


def export(*spans):
    return {"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}


def as_json(*spans):
    return orjson.dumps(export(*spans)), otlp.JSON_TYPE


def as_protobuf(*spans):
    message = trace_service_pb2.ExportTraceServiceRequest()
    scope = message.resource_spans.add().scope_spans.add()
    for one in spans:
        plain = {key: item for key, item in one.items() if not key.endswith("Id")}
        parsed = json_format.ParseDict(plain, trace_pb2.Span())
        parsed.trace_id, parsed.span_id = bytes.fromhex(TRACE), bytes.fromhex(SPAN)
        scope.spans.append(parsed)
    return message.SerializeToString(), otlp.PROTOBUF_TYPE


@pytest.mark.parametrize("encode", [as_json, as_protobuf])
@pytest.mark.parametrize("attributes", [STABLE, OLD], ids=["stable", "old"])
def test_a_server_span_becomes_a_request(encode, attributes):
    got = otlp.parse_traces(*encode(span(attributes)))
    assert (got.requests, got.ignored, got.rejected) == (1, 0, [])
    batch = parse_requests(got.lines).batch
    texts = ("method", "path", "query", "client_ip", "peer_ip", "user_agent", "host", "user_id")
    assert [batch.text(name, 0) for name in texts] == [
        b"POST", b"/orders", b"id=1' OR 1=1--", b"203.0.113.7", b"10.0.0.1", b"curl/8.0",
        b"shop.example", b"alice",
    ]  # fmt: skip
    assert batch.text("event_id", 0) == f"{TRACE}-{SPAN}".encode()
    assert batch.headers(0) == [(b"x-trace", b"a"), (b"x-trace", b"b")]
    assert (int(batch.ts[0]), int(batch.duration_us[0])) == (START // 1000, 5000)
    assert (int(batch.status[0]), int(batch.response_bytes[0])) == (201, 512)


@pytest.mark.parametrize("encode", [as_json, as_protobuf])
def test_other_spans_are_passed_over(encode):
    got = otlp.parse_traces(
        *encode(span(STABLE, kind=3), span({"rpc.system": "grpc"}), span({}), span(STABLE))
    )
    assert (got.requests, got.ignored, got.rejected) == (1, 3, [])


def test_the_name_of_the_span_helps_out():
    got = otlp.parse_traces(*as_json(span({"http.scheme": "https"}, name="GET /a/b")))
    assert (orjson.loads(got.lines)["method"], orjson.loads(got.lines)["url"]) == ("GET", "/a/b")


def test_a_method_of_its_own_is_kept():
    attributes = STABLE | {
        "http.request.method": "_OTHER",
        "http.request.method_original": "PURGE",
    }
    assert orjson.loads(otlp.parse_traces(*as_json(span(attributes))).lines)["method"] == "PURGE"


def test_spans_that_lack_what_a_request_needs_are_rejected_in_words():
    got = otlp.parse_traces(*as_json(span({"http.method": "GET"}, name="GET"), span(STABLE)))
    assert got.requests == 1
    assert "url.path" in got.rejected[0]


def test_kinds_by_name_and_old_scopes_are_understood():
    document = {
        "resourceSpans": [
            {"instrumentationLibrarySpans": [{"spans": [span(STABLE, kind="SPAN_KIND_SERVER")]}]}
        ]
    }
    assert (
        otlp.parse_traces(orjson.dumps(document), "application/json; charset=utf-8").requests == 1
    )


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", otlp.JSON_TYPE, 400),
        (b"[]", otlp.JSON_TYPE, 400),
        (b"\xff\xff\xff", otlp.PROTOBUF_TYPE, 400),
        (b"", "text/plain", 415),
        (b"", "", 415),
        (b"[" * 100_000, otlp.JSON_TYPE, 400),
    ],
)
def test_what_is_no_export_is_refused(body, kind, status):
    with pytest.raises(RefusedError) as caught:
        otlp.parse_traces(body, kind)
    assert caught.value.status == status


def test_without_the_package_the_refusal_says_what_to_install(monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(otlp, "import_module", missing)
    with pytest.raises(RefusedError, match="apisentinel\\[otlp\\]") as caught:
        otlp.parse_traces(b"", otlp.PROTOBUF_TYPE)
    assert caught.value.status == 415
    assert otlp.parse_traces(b"{}", otlp.JSON_TYPE).requests == 0


def test_the_answer_is_what_exporters_read():
    assert otlp.traces_answer(otlp.JSON_TYPE) == b"{}"
    assert otlp.traces_answer(otlp.PROTOBUF_TYPE) == b""
    response = trace_service_pb2.ExportTraceServiceResponse()
    response.ParseFromString(otlp.traces_answer(otlp.PROTOBUF_TYPE, 300, "no path – 300 times"))
    assert response.partial_success.rejected_spans == 300
    assert response.partial_success.error_message == "no path – 300 times"
    json_format.Parse(otlp.traces_answer(otlp.JSON_TYPE, 3, "x"), response)
    assert response.partial_success.rejected_spans == 3


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "resourceSpans",
                    "scopeSpans",
                    "spans",
                    "attributes",
                    "key",
                    "value",
                    "kind",
                    "stringValue",
                    "intValue",
                    "arrayValue",
                    "values",
                    "traceId",
                    "startTimeUnixNano",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(JSON)
@settings(max_examples=200, deadline=None)
def test_any_json_gives_requests_or_a_refusal(document):
    try:
        body = orjson.dumps(document)
    except TypeError:
        return  # integers beyond 64 bits
    try:
        otlp.parse_traces(body, otlp.JSON_TYPE)
    except RefusedError as refusal:
        assert refusal.status == 400  # noqa: PT017 (not raising is fine, too)


@given(st.dictionaries(st.sampled_from(sorted(STABLE | OLD)), JSON, max_size=8))
@settings(max_examples=200, deadline=None)
def test_attributes_of_any_type_do_no_harm(attributes):
    one = span({})
    one["attributes"] = [{"key": key, "value": item} for key, item in attributes.items()]
    try:
        body = orjson.dumps(export(one))
    except TypeError:
        return
    got = otlp.parse_traces(body, otlp.JSON_TYPE)
    assert got.requests + got.ignored + len(got.rejected) == 1


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_give_requests_or_a_refusal(body):
    try:
        otlp.parse_traces(body, otlp.PROTOBUF_TYPE)
    except RefusedError as refusal:
        assert refusal.status == 400  # noqa: PT017 (not raising is fine, too)
