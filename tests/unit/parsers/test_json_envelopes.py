"""JSON lines within JSON lines."""

import json

import pytest
from tests.unit.parsers.json_rows import ANY, EXPECTED, looked, row

from apisentinel.kernels.bytes import padded
from apisentinel.parsers.base import Reason
from apisentinel.parsers.json_lines import UNWRAPPED
from apisentinel.parsers.json_requests import parse_lines
from apisentinel.parsers.json_samples import SAMPLES
from apisentinel.parsers.router import LineRouter


@pytest.mark.parametrize("key", ["log", "message", "MESSAGE", "_raw"])
def test_envelopes_are_taken_off(key):
    line = {key: SAMPLES["caddy"] + "\n", "stream": "stdout"}
    assert row(line) == EXPECTED["caddy"]
    assert row({"message": json.dumps(line)}) == EXPECTED["caddy"]
    assert row({"_source": json.loads(SAMPLES["ecs"])}) == EXPECTED["ecs"]


def test_envelope_of_a_text_line_is_handed_back_with_its_bounds():
    inner = '203.0.113.7 - - [10/Oct/2024:13:55:36 +0000] "GET /\u00e9 HTTP/1.1" 200 5'
    text = json.dumps({"log": inner + "\r\n"}).encode()
    found = looked(text)
    assert found.reason == UNWRAPPED
    assert found.content == inner.encode()


def test_envelope_without_a_request_is_refused_and_keeps_its_bytes():
    line = json.dumps({"log": 'st\u00e4rting "up"\n'}).encode()
    got = parse_lines(line, ANY)
    assert got.reason[0] == Reason.NO_REQUEST
    assert bytes(got.batch.buffer[: len(line)]) == line


def test_too_many_envelopes_are_refused():
    text = SAMPLES["caddy"]
    for _ in range(6):
        text = json.dumps({"log": text})
    assert row(text) == Reason.TOO_DEEP


def test_envoy_keys_named_after_its_headers_are_read_behind_the_prefix_of_a_container():
    line = (
        b'2025-12-31T17:40:00.000000100+01:00 stdout F {"start_time":"2025-12-31T16:40:00.100Z",'
        b'"method":"GET","x-envoy-origin-path":"/a?b=1","response_code":404,"user-agent":"Mozilla",'
        b'"downstream_remote_address":"10.0.0.13:40000",":authority":"crawl.internal"}\n'
    )
    parsed = LineRouter().parse_chunk(padded(line), len(line), final=True)
    assert parsed.formats == {"envoy-json": 1}
    batch = parsed.batch
    assert batch.text("path", 0) == b"/a"
    assert batch.text("query", 0) == b"b=1"
    assert batch.text("host", 0) == b"crawl.internal"
    assert batch.text("peer_ip", 0) == b"10.0.0.13"
    assert batch.numbers["status"][0] == 404
