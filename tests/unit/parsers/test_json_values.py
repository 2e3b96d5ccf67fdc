"""Times, durations and numbers in the spellings that producers use."""

from datetime import UTC, datetime, timedelta

import pytest

from apisentinel.parsers.base import Reason
from apisentinel.parsers.json_lines import JsonLinesParser
from apisentinel.parsers.json_requests import parse_lines
from apisentinel.parsers.mapping import JsonMapping

FIELDS = {
    "u": "url",
    "t": "ts",
    "s": "status",
    "d": "duration:s",
    "ms": "duration:ms",
    "ns": "duration:ns",
    "b": "response_bytes",
}
PARSER = JsonLinesParser(JsonMapping("values", FIELDS, strict=True))
LENIENT = JsonLinesParser(JsonMapping("values", FIELDS))


def value(key, text, column, parser=PARSER):
    got = parse_lines(b'{"u":"/","%s":%s}' % (key.encode(), text.encode()), parser)
    return Reason(int(got.reason[0])) if got.reason[0] else int(got.batch.numbers[column][0])


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(*args):
    return (datetime(*args, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"2024-02-29T23:59:59Z"', micros(2024, 2, 29, 23, 59, 59)),
        ('"2024-02-29t23:59:59.5z"', micros(2024, 2, 29, 23, 59, 59, 500000)),
        ('"2024-02-29 23:59:59,123456789"', micros(2024, 2, 29, 23, 59, 59, 123456)),
        ('"2024-03-01T01:29:59+01:30"', micros(2024, 2, 29, 23, 59, 59)),
        ('"2024-02-29T18:59:59-0500"', micros(2024, 2, 29, 23, 59, 59)),
        ('"2024\\/02\\/29 23:59:59"', micros(2024, 2, 29, 23, 59, 59)),
        ('"29\\/Feb\\/2024:23:59:59 +0000"', micros(2024, 2, 29, 23, 59, 59)),
        ('"[29/Feb/2024:23:59:59 +0000]"', micros(2024, 2, 29, 23, 59, 59)),
        ('"Thu Feb 29 23:59:59 2024"', micros(2024, 2, 29, 23, 59, 59)),
        ("1709251199", 1709251199000000),
        ("1709251199.123456", 1709251199123456),
        ('"1709251199.123"', 1709251199123000),
        ("1709251199123", 1709251199123000),
        ("1709251199123.75", 1709251199123750),
        ("1709251199123456", 1709251199123456),
        ("1709251199123456789", 1709251199123457),
        ("1.709251199123e9", 1709251199123000),
        ("0", 0),
    ],
)
def test_times_are_read(text, expected):
    assert value("t", text, "ts") == expected


@pytest.mark.parametrize(
    "text",
    [
        '"2023-02-29T00:00:00Z"',
        '"2024-13-01T00:00:00Z"',
        '"2024-01-01T24:00:00Z"',
        '"2024-01-01T00:00:00Zx"',
        '"x"',
        "true",
        "-1",
        "1e40",
        '"99/Foo/2024:00:00:00 +0000"',
        '"12:34:56"',
        '"2024-01-01T00:00:00+25:00"',
    ],
)
def test_unreadable_times_reject_the_line(text):
    assert value("t", text, "ts") == Reason.BAD_TIME
    assert value("t", text, "ts", LENIENT) == Reason.BAD_TIME


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("d", "0.123", 123000),
        ("d", '"0.123"', 123000),
        ("d", '"0.1s"', 100000),
        ("d", '"12ms"', 12000),
        ("d", '"1.5ms"', 1500),
        ("d", '"7\u00b5s"', 7),
        ("d", '"7us"', 7),
        ("d", '"1500ns"', 2),
        ("d", '"1m2.5s"', 62500000),
        ("d", '"1h"', 3600000000),
        ("d", '"0.001, 0.002"', 1000),
        ("d", "1e-3", 1000),
        ("d", "1.23e-7", 0),
        ("ms", "12.3456", 12346),
        ("ns", "929000", 929),
        ("ms", "-1", -1),
    ],
)
def test_durations_are_read(key, text, expected):
    assert value(key, text, "duration_us") == expected


@pytest.mark.parametrize("text", ['"fast"', '"1x"', "true", "1e30", '"."', '"1ss"'])
def test_unreadable_durations_reject_strict_lines_and_are_missing_in_others(text):
    assert value("d", text, "duration_us") == Reason.BAD_NUMBER
    assert value("d", text, "duration_us", LENIENT) == -1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("200", 200),
        ('"200"', 200),
        ('"200 OK"', 200),
        ('"502, 200"', 502),
        ("0", 0),
        ("200.0", 200),
    ],
)
def test_status_is_read(text, expected):
    assert value("s", text, "status") == expected


@pytest.mark.parametrize("text", ["1000", "-5", '"abc"', "false"])
def test_status_out_of_range_rejects_strict_lines(text):
    assert value("s", text, "status") == Reason.BAD_NUMBER
    assert value("s", text, "status", LENIENT) == -1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("9007199254740993", 9007199254740993),
        ("4611686018427387904", 4611686018427387904),
        ('"-"', -1),
        ("-1", -1),
        ('""', -1),
        ("null", -1),
    ],
)
def test_sizes_are_read(text, expected):
    assert value("b", text, "response_bytes", LENIENT) == expected
