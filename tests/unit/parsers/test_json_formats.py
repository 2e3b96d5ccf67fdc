"""JSON formats of servers: their odd values, and how they are told apart."""

import json

import pytest
from tests.unit.parsers.json_rows import ANY, AT, headers, looked, row

from apisentinel.parsers.json_formats import CADDY, ENVOY, NGINX
from apisentinel.parsers.json_lines import JsonLinesParser
from apisentinel.parsers.json_requests import parse_lines
from apisentinel.parsers.mapping import JsonMapping


def test_nginx_request_line_and_single_headers():
    line = {
        "time_local": "10/Oct/2024:15:55:36 +0200",
        "remote_addr": "203.0.113.7",
        "request": "POST /a?b HTTP/2.0",
        "status": "204",
        "http_x_forwarded_for": "198.51.100.1, 10.0.0.1",
        "http_cookie": "sid=1",
        "http_referer": "-",
        "remote_user": "-",
        "request_length": "",
    }
    assert row(line) == {
        "ts": AT,
        "peer_ip": "203.0.113.7",
        "method": "POST",
        "path": "/a",
        "query": "b",
        "http_version": "2.0",
        "status": 204,
    }
    assert headers(line) == [(b"x-forwarded-for", b"198.51.100.1, 10.0.0.1"), (b"cookie", b"sid=1")]


def test_single_headers_with_names_longer_than_their_keys_fit():
    mapping = JsonMapping(
        "short",
        {"u": "url", "m": "method", **{f"k{i}": f"header:x-{'n' * 20}-{i}" for i in range(3)}},
    )
    line = {"m": "GET", "u": "/a?b=c", "k0": "0", "k1": "1", "k2": "2", "ignored": "y" * 40}
    parser = JsonLinesParser(mapping)
    got = parse_lines(json.dumps(line).encode(), parser)
    assert got.batch.headers(0) == [
        (f"x-{'n' * 20}-{i}".encode(), str(i).encode()) for i in range(3)
    ]
    assert (got.batch.text("path", 0), got.batch.text("query", 0), got.batch.text("method", 0)) == (
        b"/a",
        b"b=c",
        b"GET",
    )
    del line["ignored"]
    got = parse_lines(json.dumps(line).encode(), parser)
    assert got.batch.headers(0) == [(f"x-{'n' * 20}-0".encode(), b"0")]


def test_requests_that_are_no_http_are_kept_whole():
    line = '{"remote_addr":"203.0.113.7","request":"\\u0016\\u0003\\u0001","status":400}'
    assert row(line) == {"peer_ip": "203.0.113.7", "status": 400, "path": "\x16\x03\x01"}
    assert row('{"remote_addr":"203.0.113.7","request":"","status":400}') == {
        "peer_ip": "203.0.113.7",
        "status": 400,
    }


def test_hand_made_json_with_hex_escapes_and_empty_values_is_read():
    line = (
        '{"remote_addr":"203.0.113.7","request":"GET /\\x22\\xff HTTP/1.1","status":400,'
        '"request_time":,"bytes_sent":-}'
    )
    assert row(line, JsonLinesParser(NGINX))["path"] == '/"\xff'


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("203.0.113.7:4711", "203.0.113.7"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[::1]", "::1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("203.0.113.7", "203.0.113.7"),
    ],
)
def test_addresses_lose_ports_and_brackets(address, expected):
    line = {"request": {"remote_addr": address, "uri": "/", "method": "GET"}, "status": 200}
    assert row(line, JsonLinesParser(CADDY))["peer_ip"] == expected


def test_first_path_with_a_value_wins():
    line = {"response_code": 200, "x_envoy_original_path": "-", "path": "/p", "method": "GET"}
    assert row(line, JsonLinesParser(ENVOY))["path"] == "/p"
    assert row(line | {"x_envoy_original_path": "/o"}, JsonLinesParser(ENVOY))["path"] == "/o"


def test_dotted_and_nested_keys_are_the_same():
    flat = {
        "@timestamp": "2024-10-10T13:55:36Z",
        "http.request.method": "GET",
        "url.original": "/a",
        "source.ip": "203.0.113.7",
        "http.response": {"status_code": 200},
    }
    assert row(flat) == {
        "ts": AT,
        "method": "GET",
        "path": "/a",
        "peer_ip": "203.0.113.7",
        "status": 200,
    }


def test_parameters_object_becomes_an_encoded_query():
    line = {
        "method": "GET",
        "path": "/a",
        "remote_ip": "203.0.113.7",
        "status": 200,
        "params": {"q": "a b&c=d", "n": 5, "l": ["1", "2"]},
    }
    assert row(line)["query"] == "q=a%20b%26c%3Dd&n=5&l=1&l=2"
    line["params"] = {"q": "&" * 50}
    assert row(line)["query"] == "q=" + "&" * 50


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ({"method": "GET", "path": "/", "remote_ip": "203.0.113.7", "status": 200}, "app-json"),
        (
            {
                "level": 30,
                "time": 1728568536123,
                "req": {"method": "GET", "url": "/"},
                "res": {"statusCode": 200},
            },
            "app-json",
        ),
        ({"method": "GET", "path": "/"}, "ndjson"),
        ({"method": "GET", "path": "/", "level": "x", "event_id": "1"}, "ndjson"),
        ({"http.method": "GET", "http.target": "/", "http.status_code": 200}, "otel"),
    ],
)
def test_detection_by_keys(line, name):
    assert ANY.variants[looked(json.dumps(line).encode()).variant] == name
