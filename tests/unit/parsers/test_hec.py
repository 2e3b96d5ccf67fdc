"""Events of Splunk's collector: shapes, times, codes, and what becomes of the rest."""

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apisentinel.parsers import hec
from apisentinel.parsers.line_batches import LineReader
from apisentinel.records.batch import NO_TIME

REQUEST = {"method": "GET", "url": "/a?b=1", "status": 200}
NGINX = '203.0.113.9 - - [10/Oct/2023:13:55:36 +0000] "GET /b HTTP/1.1" 200 12 "-" "curl/8.0"'


def body(*events):
    return b"".join(event if isinstance(event, bytes) else orjson.dumps(event) for event in events)


def test_objects_and_lines_become_requests_in_order():
    got = hec.parse_events(
        body(
            {"event": REQUEST, "time": 1700000000.5},
            {"event": NGINX, "time": 5},
            {"event": REQUEST},
        )
    )
    assert (got.code, got.broken, got.dead) == (hec.SUCCESS, 0, [])
    assert [got.batch.text("path", i) for i in range(3)] == [b"/a", b"/b", b"/a"]
    assert got.batch.ts.tolist() == [1_700_000_000_500_000, 1_696_946_136_000_000, NO_TIME]


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("1700000000.250", 1_700_000_000_250_000),
        (1700000000, 1_700_000_000_000_000),
        (1700000000123, 1_700_000_000_123_000),
        ("x", NO_TIME), (None, NO_TIME), (True, NO_TIME), (-1, NO_TIME), ("nan", NO_TIME),
        ("inf", NO_TIME), ([], NO_TIME),
    ],
)  # fmt: skip
def test_times_of_all_senders(time, expected):
    got = hec.parse_events(body({"event": REQUEST, "time": time}))
    assert got.batch.ts.tolist() == [expected]


@pytest.mark.parametrize("blank", [b"", b"\n", b"\r\n  "])
def test_events_may_be_joined_in_any_way(blank):
    got = hec.parse_events(blank.join([body({"event": REQUEST})] * 3))
    assert (len(got.batch), got.code) == (3, hec.SUCCESS)
    assert len(hec.parse_events(orjson.dumps([{"event": REQUEST}] * 2)).batch) == 2


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (b'{"event": }', hec.BAD_FORMAT),
        (b"nonsense\n", hec.BAD_FORMAT),
        (b"{}", hec.NO_EVENT),
        (b'{"event":null}', hec.NO_EVENT),
        (b'{"event":""}', hec.BLANK_EVENT),
        (b'{"event":" \\n"}', hec.BLANK_EVENT),
    ],
)
def test_what_is_no_event_is_named_and_the_rest_is_kept(bad, code):
    good = body({"event": REQUEST}) + b"\n"
    got = hec.parse_events(good + bad + b"\n" + good)
    assert (len(got.batch), got.broken, got.code, got.number) == (2, 1, code, 1)
    status, answer = hec.answer(got.code, got.number)
    assert (status, orjson.loads(answer)["invalid-event-number"]) == (400, 1)


def test_events_that_are_no_requests_are_dead_letters():
    got = hec.parse_events(
        body(
            {"event": "user logged in"},
            {"event": {"level": "info"}},
            {"event": 5},
            {"event": REQUEST},
        )
    )
    assert (got.code, len(got.batch)) == (hec.SUCCESS, 1)
    assert [line.number for line in got.dead] == [0, 1, 2]
    assert got.dead[0].raw == b"user logged in"


def test_no_data_is_said():
    assert hec.parse_events(b"").code == hec.NO_DATA
    assert hec.parse_raw(b"\n").code == hec.NO_DATA
    assert hec.answer(hec.NO_DATA) == (400, b'{"text":"No data","code":5}')


def test_raw_lines_are_read_as_lines():
    got = hec.parse_raw(NGINX.encode() + b"\njunk that is no log line\n")
    assert (len(got.batch), len(got.dead), got.code) == (1, 1, hec.SUCCESS)


@pytest.mark.parametrize("code", hec.TEXTS)
def test_every_answer_has_words_and_a_status(code):
    status, answer = hec.answer(code)
    assert orjson.loads(answer) == {"text": hec.TEXTS[code], "code": code}
    assert status in {200, 400, 401, 403, 500, 503}


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_accounted_for(data):
    got = hec.parse_events(data)
    assert got.code in {hec.SUCCESS, hec.NO_DATA} or got.broken > 0
    assert (got.number is None) == (got.broken == 0)


LINES = st.sampled_from(
    [NGINX.encode(), orjson.dumps(REQUEST), b"junk of no format", b"", b"# note"]
)


@given(st.lists(LINES, max_size=12), st.integers(0, 12))
@settings(max_examples=100, deadline=None)
def test_every_line_is_a_row_or_a_dead_letter_or_nothing(lines, cut):
    reader = LineReader()
    rows = dead = 0
    for part in (lines[:cut], lines[cut:]):
        got = reader.read(b"".join(line + b"\n" for line in part))
        rows += len(got.batch)
        dead += len(got.dead)
        for line in got.dead:
            assert part[line.number] == line.raw
        assert all(part[int(k)] in {NGINX.encode(), orjson.dumps(REQUEST)} for k in got.lines)
    assert rows == sum(line in {NGINX.encode(), orjson.dumps(REQUEST)} for line in lines)
    assert dead == lines.count(b"junk of no format")
