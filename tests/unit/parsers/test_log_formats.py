"""nginx ``log_format`` and Apache ``LogFormat`` strings become parsers, or an error that marks the
place.
"""

import json
from pathlib import Path

import pytest
from tests.unit.parsers.reading import parse, reasons, row

from apisentinel.errors import ConfigError
from apisentinel.parsers.apache_format import compile_apache
from apisentinel.parsers.detect import compile_log_format
from apisentinel.parsers.nginx_format import compile_nginx
from apisentinel.parsers.router import LineRouter

TIME = 1728568536000000
CORPUS = Path(__file__).parents[2] / "corpus" / "log_formats.ndjson"
CASES = [json.loads(text) for text in CORPUS.read_text().splitlines()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["log_format"][:40])
def test_line_of_a_given_format_is_read(case):
    router = LineRouter(compile_log_format(case["log_format"]), "custom")
    parsed = parse(case["line"].encode(), router)
    assert reasons(parsed) == {}
    assert row(parsed) == case["row"]


def test_line_with_more_than_the_format_says_is_refused():
    router = LineRouter(compile_nginx("$remote_addr $status $request_uri [$msec]"), "custom")
    assert reasons(
        parse(b"203.0.113.7 200 /a [1728568536.000] and something more", router, final=False)
    ) == {"NO_MATCH": 1}


@pytest.mark.parametrize(
    ("log_format", "message", "mark"),
    [
        ("$remote_addr $http_user_agent $request", "may hold blanks", 13),
        ("$remote_addr$request", "is followed directly by $request", 0),
        ("$remote_addr $status", "names no request", None),
        ("%h %{User-agent}i %r", "may hold blanks", 3),
        ('%h "%r" %{%A}t', "is a time that is not known", 8),
        ("%h%r", "is followed directly by %r", 0),
        ("no variables", "neither an nginx variable", None),
        ("$remote_addr" + " $request_id" * 1000, "characters; at most", None),
        (
            '"$request" ' + " ".join(f"$http_x{i}|" for i in range(40)),
            "at most 32 header fields",
            None,
        ),
    ],
)
def test_doubtful_format_is_refused_with_its_place(log_format, message, mark):
    with pytest.raises(ConfigError) as caught:
        compile_log_format(log_format)
    text = str(caught.value)
    assert message in text
    if mark is not None:
        assert text.endswith(f"\n  {log_format}\n  {' ' * mark}^")


def test_json_log_format_gives_a_json_parser():
    parser = compile_nginx(
        """escape=json '{"ip":"$remote_addr","uri":"$request_uri","status":$status,"t":"$msec"}'"""
    )
    parsed = parse(
        b'{"ip":"203.0.113.7","uri":"/a?b=1","status":404,"t":"1728568536.000"}',
        LineRouter(parser, "custom"),
    )
    assert row(parsed) | {"path": "/a", "query": "b=1", "status": 404, "ts": TIME} == row(parsed)


def test_apache_and_nginx_agree_on_the_combined_format():
    line = (
        b'203.0.113.7 - bob [10/Oct/2024:13:55:36 +0000] "GET /a HTTP/1.1" 200 5 '
        b'"http://a.example/" "x"\n'
    )
    nginx = compile_nginx(
        '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
        '"$http_referer" "$http_user_agent"'
    )
    apache = compile_apache('%h %l %u %t \\"%r\\" %>s %b \\"%{Referer}i\\" \\"%{User-Agent}i\\"')
    results = [row(parse(line, LineRouter(parser, "x"))) for parser in (nginx, apache, None)]
    assert results[0] == results[1] == results[2]


UPSTREAM = (
    '$remote_addr [$time_local] "$request" $status $upstream_addr $upstream_status'
    " $upstream_response_time $request_time"
)


@pytest.mark.parametrize(
    "lists",
    [
        "10.0.0.1:80 200 0.010",
        "- - -",
        "10.0.0.1:80, 10.0.0.2:80 502, 200 0.010, 0.020",
        "10.0.0.1:80, unix:/run/a.sock : [2001:db8::1]:80 502, 200 : 200 0.010, - : 0.020",
    ],
)
def test_lists_of_upstreams_need_no_quotes(lists):
    line = f'1.2.3.4 [10/Oct/2023:13:55:36 +0000] "GET /a HTTP/1.1" 200 {lists} 0.250\n'
    router = LineRouter(compile_log_format(UPSTREAM), "custom")
    found = row(parse(line.encode(), router))
    assert (found["path"], found["status"], found["duration_us"]) == ("/a", 200, 250_000)
