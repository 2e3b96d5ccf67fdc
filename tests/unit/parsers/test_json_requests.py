"""Our own JSON format: what each field of a request becomes."""

import json

import pytest
from tests.unit.parsers.json_rows import BY_NAME, headers, row

from apisentinel.parsers.base import Reason
from apisentinel.parsers.json_requests import parse_requests


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
