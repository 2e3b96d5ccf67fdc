"""Mappings of users: TOML files and nginx log formats."""

import json

import pytest

from apisentinel.errors import ConfigError
from apisentinel.parsers.json_lines import JsonLinesParser
from apisentinel.parsers.json_nginx import from_nginx_json
from apisentinel.parsers.json_requests import parse_lines
from apisentinel.parsers.json_walk import path_hash
from apisentinel.parsers.mapping import JsonMapping, compile_mapping, splits
from apisentinel.parsers.mapping_file import load_mapping, parse_mapping
from apisentinel.parsers.registry import make

TOML = """
required = [["url"], ["status"]]

[fields]
"http.path" = "url"
took = { column = "duration", unit = "ms" }
tenant = { column = "header", name = "X-Tenant" }
when = "ts"

[fields.res]
code = "status"
"""


def test_toml_mapping_reads_lines():
    parser = JsonLinesParser(parse_mapping(TOML, "mine.toml"))
    line = {
        "http": {"path": "/a?b"},
        "took": 1.5,
        "tenant": "t1",
        "when": 1728568536,
        "res": {"code": 404},
    }
    got = parse_lines(json.dumps(line).encode(), parser)
    assert got.batch.text("path", 0) == b"/a"
    assert got.batch.headers(0) == [(b"x-tenant", b"t1")]
    assert (got.batch.numbers["status"][0], got.batch.numbers["duration_us"][0]) == (404, 1500)
    assert parser.name == "json:mine.toml"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[fields", "no valid TOML"),
        ("", "fields"),
        ("[fields]", "fields"),
        ('[fields]\na = "uri"', "unknown column 'uri'"),
        ('[fields]\na = "duration:min"', "unknown unit 'min'"),
        ('[fields]\na = "header"', "needs its name"),
        ('[fields]\na = "method:x"', "takes no 'x'"),
        ("[fields]\na = 5", "must name a column"),
        ('[fields]\na = { column = "duration", unit = "min" }', "unit"),
        ('[fields]\na = { column = "url", colour = "red" }', "colour"),
        ('colour = "red"\n[fields]\na = "url"', "colour"),
        ('required = [["nothing"]]\n[fields]\na = "url"', "unknown column 'nothing'"),
        ('[fields]\nh = "headers"\n"h.host" = "host"', "the whole value above it is"),
    ],
)
def test_faults_of_a_mapping_are_named(text, words):
    with pytest.raises(ConfigError, match=r"mine\.toml") as caught:
        parse_mapping(text, "mine.toml")
    assert words in str(caught.value)


def test_all_faults_are_told_at_once():
    with pytest.raises(ConfigError) as caught:
        parse_mapping('[fields]\na = "uri"\nb = "stat"', "mine.toml")
    assert "'uri'" in str(caught.value)
    assert "'stat'" in str(caught.value)


def test_mapping_file_is_a_format_name(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(TOML)
    assert make(f"json:{path}").name == f"json:{path}"


def test_missing_mapping_file_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load_mapping(tmp_path / "none.toml")


def test_dotted_paths_are_read_in_every_nesting():
    assert set(splits("a.b.c")) == {("a", "b", "c"), ("a.b", "c"), ("a", "b.c"), ("a.b.c",)}
    assert set(splits("a.b.c.d.e.f")) == {("a", "b", "c", "d", "e", "f"), ("a.b.c.d.e.f",)}


@pytest.mark.parametrize(
    "key", ["", "a", "1234567", "12345678", "123456789", "x" * 40, "\u00e9\U0001f600"]
)
def test_path_hash_of_python_and_kernel_agree(key):
    parser = JsonLinesParser(JsonMapping("one", {key: "url"}))
    got = parse_lines(json.dumps({key: "/found"}, ensure_ascii=False).encode(), parser)
    assert got.batch.text("path", 0) == b"/found"
    assert path_hash(key, 1) != path_hash(key, 2)


def test_path_that_is_text_in_one_line_and_object_in_another():
    parser = JsonLinesParser(
        JsonMapping(
            "both", {"request": "request_line", "request.uri": "url", "request.method": "method"}
        )
    )
    got = parse_lines(
        b'{"request":"GET /a HTTP/1.1"}\n{"request":{"uri":"/b","method":"PUT"}}', parser
    )
    assert [(got.batch.text("method", i), got.batch.text("path", i)) for i in range(2)] == [
        (b"GET", b"/a"),
        (b"PUT", b"/b"),
    ]


def test_compiled_tables_are_the_same_each_time():
    mapping = JsonMapping("one", {"a.b": "url", "c": "status"})
    assert compile_mapping(mapping).keys.tobytes() == compile_mapping(mapping).keys.tobytes()


NGINX = """log_format api escape=json '{'
  '"t":"$time_iso8601", "from":"$remote_addr",'
  '"req":{"verb":"$request_method","target":"$request_uri"},'
  '"code":$status, "sent":${body_bytes_sent}, "rt":$request_time,'
  '"ua":"$http_user_agent","tenant":"$http_x_tenant", "sid":"$cookie_sessionid",
  "up":"$upstream_addr"'
'}';"""


def test_nginx_format_becomes_a_mapping():
    mapping = from_nginx_json(NGINX)
    assert mapping.fields == {
        "t": "ts",
        "from": "peer_ip",
        "req.verb": "method",
        "req.target": "url",
        "code": "status",
        "sent": "response_bytes",
        "rt": "duration:s",
        "ua": "user_agent",
        "tenant": "header:x-tenant",
        "sid": "session_id",
    }
    line = (
        '{"t":"2024-10-10T13:55:36+00:00", "from":"203.0.113.7","req":{"verb":"GET",'
        '"target":"/a?b"},"code":200, "sent":5, "rt":0.01,"ua":"x","tenant":"","sid":"s1","up":""}'
    )
    got = parse_lines(line.encode(), JsonLinesParser(mapping))
    assert (got.batch.text("query", 0), got.batch.text("session_id", 0)) == (b"b", b"s1")


@pytest.mark.parametrize(
    ("template", "target"),
    [
        ("$scheme://$host$request_uri", "url"),
        ("$request_method $request_uri $server_protocol", "request_line"),
        ("$uri?$args", "url"),
        ("$request", "request_line"),
    ],
)
def test_nginx_templates_of_several_variables(template, target):
    assert from_nginx_json(f'{{"x":"{template}"}}').fields == {"x": target}


@pytest.mark.parametrize(
    "text", ["$remote_addr $request", "[1]", '{"a":"$status"}', "{", "log_format x '{';"]
)
def test_nginx_format_without_json_or_request_is_an_error(text):
    with pytest.raises(ConfigError, match="nginx log_format"):
        from_nginx_json(text)
