"""Files of mixed formats, odd line ends, limits, and `#Fields:` lines."""

import numpy as np
import pytest
from tests.unit.parsers.reading import parse, reasons, row, rows

from apisentinel.errors import ConfigError
from apisentinel.kernels.bytes import PADDING, padded
from apisentinel.parsers import registry, router
from apisentinel.parsers.detect import choose_parser, first_time
from apisentinel.parsers.router import LineRouter
from apisentinel.parsers.text import LONGEST_LINE

LINE = b'203.0.113.7 - - [10/Oct/2024:13:55:36 +0000] "GET /a HTTP/1.1" 200 612'
HAPROXY = registry.load()["haproxy"].sample.encode()
CADDY = registry.load()["caddy"].sample.encode()


def test_format_may_change_in_the_middle():
    parsed = parse(b"\n".join([LINE, HAPROXY, CADDY, LINE, HAPROXY]))
    assert parsed.formats == {"common": 2, "haproxy": 2, "caddy": 1}
    assert parsed.line_numbers.tolist() == [0, 1, 2, 3, 4]


def test_line_ends_of_every_kind_are_no_part_of_a_line():
    parsed = parse(b"\n".join([LINE + b"\r", LINE, b"\r", LINE + b"\r\r"]))
    assert [r["response_bytes"] for r in rows(parsed)] == [612, 612, 612]
    assert reasons(parsed) == {"EMPTY": 1}


def test_empty_chunk_has_no_lines():
    parsed = parse(b"")
    assert (parsed.lines, len(parsed.batch), parsed.rejected) == (0, 0, {})


def test_line_beyond_the_limit_is_refused_as_a_whole():
    long = LINE.replace(b"/a", b"/" + b"a" * LONGEST_LINE)
    parsed = parse(b"\n".join([long, LINE]))
    assert reasons(parsed) == {"TOO_LONG": 1}
    assert [r["path"] for r in rows(parsed)] == ["/a"]


def test_line_at_the_limit_is_read():
    fits = LINE.replace(b"/a", b"/" + b"a" * (LONGEST_LINE - len(LINE) + 1))
    assert len(fits) == LONGEST_LINE
    assert len(parse(fits).batch) == 1


def test_zero_bytes_and_invalid_utf8_pass_through():
    parsed = parse(LINE.replace(b"/a", b"/\x00\xff\xfe"))
    assert parsed.batch.text("path", 0) == b"/\x00\xff\xfe"


def test_cut_last_line_is_told_apart():
    assert reasons(parse(LINE + b"\n" + LINE[:50])) == {"TRUNCATED": 1}
    assert reasons(parse(LINE + b"\n" + LINE[:50], final=False)) == {"NO_MATCH": 1}


def test_example_of_a_reason_is_the_beginning_of_its_first_line():
    parsed = parse(b"first nonsense line" + b"x" * 500 + b"\nsecond nonsense line\n")
    (count, example) = parsed.rejected["does not match the format"]
    assert count == 2
    assert example.startswith(b"first nonsense linexxx")
    assert len(example) == router.EXAMPLE_BYTES


def test_chosen_format_comes_first_and_others_follow():
    chosen = choose_parser(b"", log_format="$status $remote_addr $request_uri")
    parsed = parse(b"404 203.0.113.7 /x?y=1\n" + LINE + b"\n", chosen.router)
    assert [r["path"] for r in rows(parsed)] == ["/x", "/a"]
    assert parsed.formats == {"nginx-custom": 1, "common": 1}


def test_fields_line_holds_until_the_next_one():
    data = b"""#Version: 1.0
#Fields: date time c-ip cs-method cs-uri-stem sc-status
2024-10-10 13:55:36 203.0.113.7 GET /one 200
#Fields: cs-method cs-uri-stem c-ip time date
GET /two 203.0.113.8 13:55:37 2024-10-10
"""
    parsed = parse(data)
    assert [(r["path"], r["peer_ip"], r["ts"]) for r in rows(parsed)] == [
        ("/one", "203.0.113.7", 1728568536000000),
        ("/two", "203.0.113.8", 1728568537000000),
    ]
    assert reasons(parsed) == {"COMMENT": 3}


def test_fields_line_holds_for_later_chunks():
    reader = LineRouter()
    parse(b"#Fields: date time c-ip cs-method cs-uri-stem sc-status\n", reader, final=False)
    parsed = parse(b"2024-10-10 13:55:36 203.0.113.7 GET /one 200\n", reader)
    assert row(parsed)["path"] == "/one"
    assert parsed.line_numbers.tolist() == [1]


@pytest.mark.parametrize("fields", ["", "date time", "x " * 500])
def test_fields_line_without_requests_is_only_a_comment(fields):
    parsed = parse(f"#Fields: {fields}\n".encode() + LINE)
    assert len(parsed.batch) == 1


def test_headers_need_no_spare_bytes_of_the_caller():
    line = LINE + b' "-" "curl" "' + b"192.0.2.1, " * 40 + b'192.0.2.2"\n'
    data = line * 3000
    parsed = LineRouter().parse_chunk(padded(data), len(data))
    assert len(parsed.batch) == 3000
    for i in (0, 1, 2999):
        ((name, value),) = parsed.batch.headers(i)
        assert (name, len(value)) == (b"x-forwarded-for", 11 * 40 + 9)


def test_endless_short_lines_hold_no_columns(monkeypatch):
    monkeypatch.setattr(router, "BLOCK_LINES", 100)
    parsed = parse(b"a\n" * 5000 + (LINE + b"\n") * 250)
    assert len(parsed.batch) == 250
    assert reasons(parsed) == {"NO_MATCH": 5000}
    assert parsed.line_numbers.tolist() == list(range(5000, 5250))


def test_first_time_leaves_the_router_untouched():
    reader = LineRouter()
    assert first_time(reader, b"\nnonsense of some length\n" + LINE + b"\n") == 1728568536000000
    assert first_time(reader, b"") is None
    assert parse(LINE, reader).line_numbers.tolist() == [0]


def test_unknown_format_name_is_refused():
    with pytest.raises(ConfigError, match="unknown log format 'nope'; known are: auto, "):
        choose_parser(b"", "nope")


def test_buffer_keeps_its_spare_bytes():
    parsed = parse((LINE + b' "-" "curl" "192.0.2.1"\n') * 50)
    assert parsed.batch.buffer.size >= PADDING
    assert int(np.max(parsed.batch.spans)) <= parsed.batch.buffer.size - PADDING


def test_chosen_format_reads_the_inside_of_container_envelopes_too():
    chosen = choose_parser(b"", log_format='$status "$request" $remote_addr')
    inner = b'404 \\"GET /x HTTP/1.1\\" 203.0.113.7\\n'
    line = b'{"log":"' + inner + b'","stream":"stdout","time":"2024-10-10T13:55:36.1Z"}\n'
    parsed = parse(line * 3, chosen.router)
    assert parsed.formats == {"nginx-custom": 3}
    assert rows(parsed)[2]["path"] == "/x"
