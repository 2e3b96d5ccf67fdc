"""Text parsers against naive Python, and promises that hold for any bytes."""

import os
from calendar import timegm
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fuzz.fuzz_text_parsers import fuzz
from tests.unit.parsers.reading import parse, reasons, row, rows

from apisentinel.kernels.bytes import padded
from apisentinel.parsers import registry
from apisentinel.parsers.lines import Lines
from apisentinel.parsers.router import LineRouter

NAMES = sorted(f.name for f in registry.load().values() if f.family == "text")
SAMPLES = [registry.load()[name].sample.encode() for name in NAMES]
plain = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='?#"\\'),
    min_size=1,
    max_size=40,
)
value = st.binary(max_size=60).filter(lambda b: b not in {b"", b"-"})
moments = st.datetimes(datetime(1970, 1, 2), datetime(2099, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 (aware by its strategy)
zones = st.integers(-14 * 60, 14 * 60)


def escaped(raw: bytes) -> bytes:
    """As Apache writes a field."""
    out = bytearray()
    for byte in raw:
        if byte in b'"\\':
            out += b"\\" + bytes([byte])
        elif byte == 10:
            out += b"\\n"
        elif byte < 32 or byte > 126:
            out += f"\\x{byte:02x}".encode()
        else:
            out.append(byte)
    return bytes(out)


@given(value, value, plain, plain, st.integers(100, 999), st.integers(0, 10**17), moments, zones)
def test_combined_line_gives_back_what_was_written(
    agent, referer, path, query, status, size, moment, minutes
):
    local = moment.astimezone(timezone(timedelta(minutes=minutes)))
    line = (
        b"203.0.113.7 - - ["
        + local.strftime("%d/%b/%Y:%H:%M:%S %z").encode()
        + b'] "GET /'
        + path.encode()
        + b"?"
        + query.encode()
        + b' HTTP/1.1" %d %d "' % (status, size)
        + escaped(referer)
        + b'" "'
        + escaped(agent)
        + b'"\n'
    )
    parsed = parse(line)
    assert reasons(parsed) == {}
    got = row(parsed)
    assert parsed.batch.text("user_agent", 0) == agent
    assert parsed.batch.text("referer", 0) == referer
    assert (got["path"], got["query"], got["status"], got["response_bytes"]) == (
        f"/{path}",
        query,
        status,
        size,
    )
    assert got["ts"] == timegm(moment.timetuple()) * 1_000_000


@given(
    st.integers(0, 2999),
    st.integers(0, 19),
    st.integers(0, 39),
    st.integers(0, 29),
    st.integers(0, 69),
    st.integers(0, 69),
)
def test_time_is_read_exactly_when_the_calendar_knows_it(year, month, day, hour, minute, second):
    line = (
        f"{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} 10.0.0.4 "
        "GET /a - 443 - 203.0.113.7 - - 200 0 0 31\n"
    )
    try:
        expected = timegm(
            datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC).timetuple()
        ) + (second == 60)
        valid = second <= 60
    except ValueError:
        valid = False
    parsed = parse(line.encode())
    if valid:
        assert row(parsed)["ts"] == expected * 1_000_000
    else:
        assert reasons(parsed) == {"BAD_TIME": 1}


@given(
    st.lists(st.one_of(st.binary(max_size=30), st.sampled_from(SAMPLES)), max_size=12),
    st.binary(max_size=3),
)
def test_lines_are_those_of_python(parts, ends):
    data = b"\n".join(parts) + ends
    lines = Lines(padded(data), len(data))
    expected = data.split(b"\n")
    if expected[-1] == b"":
        expected.pop()
    got = [data[a:b] for a, b in zip(lines.starts, lines.ends, strict=True)]
    assert got == [text.rstrip(b"\r") for text in expected]
    assert ((lines.bodies >= lines.starts) & (lines.bodies <= lines.ends)).all()


@st.composite
def hostile(draw):
    line = bytearray(draw(st.sampled_from(SAMPLES)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(line)))
        kind = draw(st.integers(0, 3))
        if kind == 0:
            line[at:at] = draw(
                st.sampled_from(
                    [
                        b'"',
                        b"\\",
                        b"[",
                        b"]",
                        b" ",
                        b"-",
                        b"\x00",
                        b"\xff",
                        b"{",
                        b"%",
                        b"9" * 30,
                        b"\t",
                    ]
                )
            )
        elif kind == 1:
            del line[at : at + draw(st.integers(1, 9))]
        elif kind == 2:
            line[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
        else:
            del line[at:]
    return bytes(line).replace(b"\n", b"")


@given(st.lists(hostile(), min_size=1, max_size=8), st.sampled_from([None, *NAMES]))
def test_hostile_lines_are_accounted_one_by_one(lines, name):
    def router() -> LineRouter:
        return LineRouter(registry.make(name) if name else None, name or "auto")

    data = b"\n".join(lines) + b"\n"
    parsed = parse(data, router(), final=False)
    assert parsed.lines == len(lines)
    assert len(parsed.batch) + sum(count for count, _ in parsed.rejected.values()) == len(lines)
    alone = [
        row(one)
        for one in (parse(line + b"\n", router(), final=False) for line in lines)
        if len(one.batch)
    ]
    assert rows(parsed) == alone


@given(
    st.lists(st.one_of(hostile(), st.sampled_from(SAMPLES)), min_size=2, max_size=10),
    st.integers(1, 9),
)
def test_chunk_borders_do_not_show(lines, cut):
    cut = min(cut, len(lines) - 1)
    lines = [line for line in lines if not line.lower().startswith(b"#")] or [SAMPLES[0]]
    whole = parse(b"\n".join(lines) + b"\n", final=False)
    router = LineRouter()
    parts = [
        parse(b"\n".join(part) + b"\n", router, final=False)
        for part in (lines[:cut], lines[cut:])
        if part
    ]
    assert rows(whole) == [r for part in parts for r in rows(part)]
    assert whole.line_numbers.tolist() == np.concatenate([p.line_numbers for p in parts]).tolist()
    assert whole.formats == sum((p.formats for p in parts), start=type(whole.formats)())


@pytest.mark.fuzz
def test_a_bounded_search_finds_no_broken_promise():
    lines = int(os.environ.get("FUZZ_LINES", "40000"))
    assert sum(fuzz(lines, seed=1).values()) == lines
