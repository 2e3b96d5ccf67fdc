"""JSON formats: what each column of a line becomes."""

import json

import numpy as np
import pytest

from apisentinel.kernels.bytes import padded
from apisentinel.parsers.base import Reason
from apisentinel.parsers.json_choice import MAPPINGS
from apisentinel.parsers.json_formats import CADDY, ENVOY, NGINX
from apisentinel.parsers.json_lines import UNWRAPPED, AnyJsonParser, JsonLinesParser
from apisentinel.parsers.json_requests import parse_lines, parse_requests, split_lines
from apisentinel.parsers.json_samples import SAMPLES
from apisentinel.parsers.mapping import JsonMapping
from apisentinel.parsers.router import LineRouter
from apisentinel.records.batch import NO_TIME, TEXT_COLUMNS, empty_columns

ANY = AnyJsonParser()
BY_NAME = {mapping.name: JsonLinesParser(mapping) for mapping in MAPPINGS}


def row(line, parser=ANY):
    """All known fields of one line, or its reason."""
    if isinstance(line, dict):
        line = json.dumps(line)
    if isinstance(line, str):
        line = line.encode()
    got = parse_lines(line, parser)
    if got.reason[0]:
        return Reason(int(got.reason[0]))
    texts = {name: got.batch.text(name, 0) for name in TEXT_COLUMNS}
    numbers = {name: int(column[0]) for name, column in got.batch.numbers.items() if name != "seq"}
    fields = {name: text.decode("latin-1") for name, text in texts.items() if text is not None}
    fields |= {name: value for name, value in numbers.items() if value not in {-1, NO_TIME}}
    fields.pop("headers", None)
    return fields


def headers(line, parser=ANY):
    got = parse_lines(json.dumps(line).encode(), parser)
    return got.batch.headers(0)


AT = 1728568536_000000
BASE = {
    "method": "GET",
    "host": "shop.example",
    "path": "/cart",
    "query": "id=7",
    "status": 200,
    "peer_ip": "203.0.113.7",
    "user_agent": "curl/8.5.0",
}
EXPECTED = {
    "ndjson": BASE | {"ts": AT, "scheme": "https"},
    "nginx-json": BASE | {"ts": AT, "response_bytes": 2326, "duration_us": 12000},
    "caddy": BASE
    | {
        "ts": AT + 123000,
        "http_version": "2.0",
        "client_ip": "203.0.113.7",
        "request_bytes": 0,
        "response_bytes": 2326,
        "duration_us": 929,
    },
    "traefik-json": BASE
    | {
        "ts": AT + 123456,
        "http_version": "1.1",
        "scheme": "https",
        "response_bytes": 2326,
        "duration_us": 929,
    },
    "envoy-json": BASE
    | {
        "ts": AT + 123000,
        "http_version": "1.1",
        "event_id": "7c2f0a7e-8d3c-4a9f-b9c5-0b2f4c1d9e11",
        "request_bytes": 0,
        "response_bytes": 2326,
        "duration_us": 12000,
    },
    "kong": BASE
    | {
        "ts": AT + 123000,
        "user_id": "alice",
        "request_bytes": 120,
        "response_bytes": 2326,
        "duration_us": 12000,
    },
    "apigateway": {k: v for k, v in BASE.items() if k not in {"host", "query"}}
    | {
        "ts": AT,
        "path": "/prod/cart",
        "http_version": "1.1",
        "event_id": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
        "response_bytes": 2326,
        "duration_us": 12000,
    },
    "gcp": BASE
    | {
        "ts": AT + 123000,
        "scheme": "https",
        "event_id": "1x2y3z",
        "request_bytes": 120,
        "response_bytes": 2326,
        "duration_us": 12000,
    },
    "azure": BASE
    | {
        "ts": AT,
        "http_version": "1.1",
        "request_bytes": 120,
        "response_bytes": 2326,
        "duration_us": 12000,
    },
    "cloudfront-json": BASE
    | {
        "ts": AT,
        "scheme": "https",
        "http_version": "2.0",
        "event_id": "abc==",
        "user_agent": "curl/8.5.0 test",
        "response_bytes": 2326,
        "duration_us": 12000,
    },
    "cloudflare": BASE
    | {"ts": AT, "http_version": "2", "event_id": "8d0b1c2d3e4f5a6b", "response_bytes": 2326},
    "aws-waf": {k: v for k, v in BASE.items() if k != "status"}
    | {"ts": AT + 123000, "http_version": "1.1", "event_id": "r1"},
    "modsecurity": BASE
    | {
        "ts": AT,
        "method": "POST",
        "http_version": "1.1",
        "event_id": "172856853612",
        "request_body": "item=7",
    },
    "har": {k: v for k, v in BASE.items() if k != "peer_ip"}
    | {
        "ts": AT + 123000,
        "method": "POST",
        "scheme": "https",
        "http_version": "1.1",
        "request_body": "item=7",
        "response_body": "ok",
        "request_bytes": 6,
        "response_bytes": 2,
        "duration_us": 12500,
    },
    "ecs": BASE
    | {
        "ts": AT + 123000,
        "http_version": "1.1",
        "referer": "https://shop.example/",
        "response_bytes": 2326,
        "duration_us": 12000,
    },
    "otel": BASE | {"ts": AT, "event_id": "eee19b7ec3c1b174"},
    "app-json": BASE | {"ts": AT + 123000, "user_id": "alice", "duration_us": 12000},
}


@pytest.mark.parametrize("name", EXPECTED)
def test_format_gives_its_columns_by_name_and_by_detection(name):
    assert row(SAMPLES[name], BY_NAME[name]) == EXPECTED[name]
    assert row(SAMPLES[name]) == EXPECTED[name]


def test_every_format_has_an_expectation():
    assert set(EXPECTED) == set(BY_NAME)


@pytest.mark.parametrize("name", EXPECTED)
def test_detection_names_the_format(name):
    line = SAMPLES[name].encode()
    begin, end = split_lines(line)
    spans, numbers = empty_columns(1)
    variant, reason = np.full(1, 255, np.uint8), np.zeros(1, np.uint8)
    ANY.parse_into(
        padded(line),
        begin,
        end,
        np.zeros(1, np.int32),
        0,
        spans,
        numbers,
        reason,
        variant,
        np.zeros(2, np.int64),
    )
    assert ANY.variants[variant[0]] == name


# ---- our own format


def test_request_takes_agent_referer_and_host_from_headers():
    got = row(
        {
            "method": "GET",
            "path": "/",
            "headers": {"User-Agent": "a", "REFERER": "b", "Host": "c:8443"},
        }
    )
    assert got == {"method": "GET", "path": "/", "user_agent": "a", "referer": "b", "host": "c"}


def test_given_agent_wins_over_headers():
    assert (
        row(
            {"method": "GET", "path": "/", "user_agent": "own", "headers": {"user-agent": "other"}}
        )["user_agent"]
        == "own"
    )


@pytest.mark.parametrize(
    "value",
    [
        {"A-b": "1", "C": ["2", "3"]},
        [["A-b", "1"], ["C", "2"], ["C", "3"]],
        [{"name": "A-b", "value": "1"}, {"value": "2", "name": "C"}, {"Name": "C", "Value": "3"}],
        {
            "a-b": [{"key": "A-b", "value": "1"}],
            "c": [{"key": "C", "value": "2"}, {"key": "C", "value": "3"}],
        },
    ],
)
def test_headers_of_every_shape_become_pairs(value):
    line = {"method": "GET", "path": "/", "headers": value}
    assert headers(line, BY_NAME["ndjson"]) == [(b"a-b", b"1"), (b"c", b"2"), (b"c", b"3")]


def test_repeated_header_that_would_not_fit_is_joined():
    name = "x-" + "n" * 300
    line = json.dumps({"headers": {name: ["a"] * 50}, "method": "GET", "path": "/"})
    got = parse_requests(line.encode()).batch.headers(0)
    assert got == [(name.encode(), b", ".join([b"a"] * 50))]


def test_header_separators_inside_values_become_spaces():
    line = {"method": "GET", "path": "/", "headers": {"a\x1fb": "c\x1ed"}}
    assert headers(line) == [(b"a b", b"c d")]


def test_header_values_that_are_no_strings_are_written_as_they_are():
    assert headers(
        {"method": "GET", "path": "/", "headers": {"dnt": 1, "x": None, "y": True, "z": []}}
    ) == [
        (b"dnt", b"1"),
        (b"x", b""),
        (b"y", b"true"),
    ]


@pytest.mark.parametrize("value", ["text", 5, None, [1, 2], [[]], [{}], {}, [["only"]], [None]])
def test_odd_headers_do_no_harm(value):
    got = row({"method": "GET", "path": "/p", "headers": value})
    assert got["path"] == "/p"


@pytest.mark.parametrize(
    ("url", "fields"),
    [
        ("/a?b=c?d", {"path": "/a", "query": "b=c?d"}),
        ("https://u:p@h.example:8443/a", {"scheme": "https", "host": "h.example", "path": "/a"}),
        (
            "http://h.example?x=1",
            {"scheme": "http", "host": "h.example", "path": "/", "query": "x=1"},
        ),
        ("*", {"path": "*"}),
        ("h.example:443", {"path": "h.example:443"}),
        ("/%2e%2e/\u00e9", {"path": "/%2e%2e/\u00c3\u00a9"}),
    ],
)
def test_url_is_split(url, fields):
    assert row({"method": "GET", "url": url}, BY_NAME["ndjson"]) == {"method": "GET"} | fields


def test_path_and_query_are_kept_as_given_and_a_query_in_the_path_is_split_off():
    assert row({"method": "GET", "path": "/a", "query": "?x=1"})["query"] == "x=1"
    assert row({"method": "GET", "path": "/a?x=1"}) == {
        "method": "GET",
        "path": "/a",
        "query": "x=1",
    }
    assert row({"method": "GET", "path": "/a?y", "query": "x"})["path"] == "/a?y"


def test_bodies_are_text_raw_json_or_base64():
    base = {"method": "POST", "path": "/"}
    own = BY_NAME["ndjson"]
    assert row(base | {"request_body": "a\nb\u00e9"}, own)["request_body"] == "a\nb\u00c3\u00a9"
    assert (
        row('{"method":"POST","path":"/","request_body":{"a": [1, "}"]}}', own)["request_body"]
        == '{"a": [1, "}"]}'
    )
    assert row(base | {"request_body_base64": "AP/+aGk="}, own)["request_body"] == "\x00\xff\xfehi"
    assert row(base | {"response_body_base64": "aGk"}, own)["response_body"] == "hi"
    assert row(base | {"request_body_base64": "not base64!"}, own)["request_body"] == "not base64!"


def test_bodies_are_cut_at_their_limit():
    got = row({"method": "POST", "path": "/", "request_body": "x" * 100_000})
    assert len(got["request_body"]) == 65536


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", Reason.EMPTY),
        (b"   \r", Reason.EMPTY),
        (b"nonsense", Reason.BAD_JSON),
        (b"[]", Reason.BAD_JSON),
        (b'"x"', Reason.BAD_JSON),
        (b'{"method":"GET","path":"/"', Reason.BAD_JSON),
        (b'{"method":"GET","path":"/"}}', Reason.BAD_JSON),
        (b'{"method":"GET","path":"/",}', Reason.BAD_JSON),
        (b'{"method":"GET","path":"/\\x41"}', Reason.BAD_JSON),
        (b'{"method":"GET","path":"/\x01"}', Reason.BAD_JSON),
        (b'{"method":"GET","path":"/","a":01}', Reason.BAD_JSON),
        (b'{"method":"GET","path":"/","a":NaN}', Reason.BAD_JSON),
        (b'{"method":"GET","path":"/","a":' + b"[" * 40 + b"]" * 40 + b"}", Reason.TOO_DEEP),
        (b"{}", Reason.NO_REQUEST),
        (b'{"method":"GET"}', Reason.NO_REQUEST),
        (b'{"path":"/"}', Reason.NO_REQUEST),
        (b'{"method":"","path":"/"}', Reason.NO_REQUEST),
        (b'{"method":null,"path":"/"}', Reason.NO_REQUEST),
        (b'{"method":"GET","path":"/","ts":"yesterday"}', Reason.BAD_TIME),
        (b'{"method":"GET","path":"/","ts":true}', Reason.BAD_TIME),
        (b'{"method":"GET","path":"/","ts":"2024-02-30T00:00:00Z"}', Reason.BAD_TIME),
        (b'{"method":"GET","path":"/","status":"OK"}', Reason.BAD_NUMBER),
        (b'{"method":"GET","path":"/","status":1e9}', Reason.BAD_NUMBER),
        (b'{"method":"GET","path":"/","response_bytes":1e99}', Reason.BAD_NUMBER),
    ],
)
def test_broken_request_has_its_reason_and_keeps_its_bytes(line, reason):
    got = parse_requests(line + b"\n")
    assert Reason(int(got.reason[0])) == reason
    assert got.error(0)
    assert bytes(got.batch.buffer[: len(line)]) == line


def test_rejected_lines_do_not_move_the_others():
    got = parse_requests(
        b'{"method":"GET","path":"/1"}\n\nbad\n{"method":"GET","path":"/2"}\r\n{"method"'
    )
    assert got.row.tolist() == [0, -1, -1, 1, -1]
    assert [got.batch.text("path", i) for i in range(2)] == [b"/1", b"/2"]
    assert got.batch.numbers["seq"].tolist() == [0, 3]


def test_bytes_that_are_no_utf8_do_not_hide_a_request():
    got = parse_requests(b'{"method":"GET","path":"/\xff\xfe"}')
    assert got.batch.text("path", 0) == b"/\xff\xfe"


def test_escapes_are_undone_everywhere():
    line = (
        b'{"m\\u0065thod":"G\\u0045T","status":"\\u0032\\u0030\\u0030",'
        b'"path":"\\/a\\"\\\\\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\\ud800x"}'
    )
    got = parse_requests(line)
    assert got.batch.text("method", 0) == b"GET"
    assert got.batch.text("path", 0) == '/a"\\\b\f\n\r\t\u00e9\U0001f600\ufffdx'.encode()
    assert got.batch.numbers["status"][0] == 200


def test_last_of_repeated_keys_counts():
    assert row('{"method":"GET","path":"/1","path":"/2"}')["path"] == "/2"


def test_depth_of_the_limit_is_accepted():
    inner = b"[" * 31 + b"]" * 31
    assert parse_requests(b'{"method":"GET","path":"/","extra":' + inner + b"}").reason[0] == 0
    assert (
        parse_requests(b'{"method":"GET","path":"/","extra":[' + inner + b"]}").reason[0]
        == Reason.TOO_DEEP
    )


def test_byte_order_mark_is_skipped():
    assert parse_requests(b'\xef\xbb\xbf{"method":"GET","path":"/"}').reason[0] == 0


# ---- other formats


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
    text = json.dumps(line).encode()
    begin, end = split_lines(text)
    spans, numbers = empty_columns(1)
    variant, reason = np.full(1, 255, np.uint8), np.zeros(1, np.uint8)
    ANY.parse_into(
        padded(text),
        begin,
        end,
        np.zeros(1, np.int32),
        0,
        spans,
        numbers,
        reason,
        variant,
        np.zeros(2, np.int64),
    )
    assert ANY.variants[variant[0]] == name


# ---- envelopes


@pytest.mark.parametrize("key", ["log", "message", "MESSAGE", "_raw"])
def test_envelopes_are_taken_off(key):
    line = {key: SAMPLES["caddy"] + "\n", "stream": "stdout"}
    assert row(line) == EXPECTED["caddy"]
    assert row({"message": json.dumps(line)}) == EXPECTED["caddy"]
    assert row({"_source": json.loads(SAMPLES["ecs"])}) == EXPECTED["ecs"]


def test_envelope_of_a_text_line_is_handed_back_with_its_bounds():
    inner = '203.0.113.7 - - [10/Oct/2024:13:55:36 +0000] "GET /\u00e9 HTTP/1.1" 200 5'
    text = json.dumps({"log": inner + "\r\n"}).encode()
    begin, end = split_lines(text)
    spans, numbers = empty_columns(1)
    variant, reason, buffer = np.zeros(1, np.uint8), np.zeros(1, np.uint8), padded(text)
    ANY.parse_into(
        buffer,
        begin,
        end,
        np.zeros(1, np.int32),
        0,
        spans,
        numbers,
        reason,
        variant,
        np.zeros(2, np.int64),
    )
    assert reason[0] == UNWRAPPED
    assert buffer[begin[0] : end[0]].tobytes() == inner.encode()


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
