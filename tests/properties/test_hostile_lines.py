"""Broken and hostile lines through every line parser: nothing raises, no line is unaccounted for,
no line moves another.

The search is bounded by FUZZ_LINES for each format; the same number gives the same lines.
"""

import os
import random
from collections.abc import Iterator

import numpy as np
import pytest

from apisentinel.kernels.bytes import PADDING, padded
from apisentinel.kernels.hashing import hash_spans
from apisentinel.parsers import registry
from apisentinel.parsers.base import REASON_TEXT, Reason
from apisentinel.records.batch import RequestBatch, empty_columns

LINES = int(os.environ.get("FUZZ_LINES", "3000"))
BLOCK = 2_000
FORMATS = {name: known for name, known in registry.load().items() if known.family != "document"}
SAMPLES = [known.sample.encode() for known in FORMATS.values()]
STATEFUL = {"w3c", "cloudfront", "iis"}
"""Formats whose header lines say how the following lines are read."""

FRAGMENTS = [
    b"\x00", b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xf5\x90\x80\x80", b"\r", b"\t", b"\x1e\x1f",
    b'"', b'\\"', b"\\", b"\\x", b"\\x0", b"\\xZZ", b"\\u", b"\\u12", b"\\ud800", b"\\u0000",
    b"'", b"[", b"]", b"{", b"}", b"{{", b"}}", b"[[[[", b":", b",", b",,", b" ", b"   ", b"-",
    b"--",
    b"%", b"%2", b"%00", b"%ff", b"${jndi:", b"<script>", b"../", b"GET ", b" HTTP/1.1", b"://",
    b"9" * 30, b"-1", b"1e999", b"NaN", b"0x10", b"29/Feb/2023:25:61:61 +9999", b"2024-13-45T99",
    b"::ffff:1.2.3.4", b"fe80::1%eth0", b"[::1]:80", b"256.256.256.256", b"null", b"true",
    b"A" * 300,
]  # fmt: skip

WHOLE = [
    b"", b" ", b"-", b'"', b"{", b"[", b"}", b"#", b"#Fields:",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"\x00" * 50, b"\xff" * 50, b'"' * 500, b"\\" * 501, b"[" * 2_000, b'{"a":' * 1_000,
    b" " * 1_000,
    b'{"a":"' + b"\\u0041" * 2_000 + b'"}', b"9" * 5_000, b"A" * 70_000, b"\x80" * 1_000 + b'"',
]  # fmt: skip


def broken(line: bytes, rng: random.Random) -> bytes:
    """A line with one to four faults."""
    for _ in range(rng.randint(1, 4)):
        at, other = rng.randint(0, len(line)), rng.randint(0, len(line))
        fault = rng.randrange(6)
        if fault == 0:
            line = line[:at] + rng.choice(FRAGMENTS) + line[at:]
        elif fault == 1:
            line = line[: min(at, other)] + line[max(at, other) :]
        elif fault == 2:
            line = line[:at]
        elif fault == 3:
            line = line[:at] + rng.choice(SAMPLES)[other:]
        elif fault == 4:
            line = line[:at] + bytes([rng.randrange(256)]) + line[at + 1 :]
        else:
            line += line[min(at, other) : max(at, other)]
    return line[:100_000].replace(b"\n", b" ")


def blocks(name: str, total: int) -> Iterator[list[bytes]]:
    rng = random.Random(f"hostile {name}")
    sample = FORMATS[name].sample.encode().replace(b"\n", b" ")
    for first in range(0, total, BLOCK):
        lines = [broken(sample, rng) for _ in range(min(BLOCK, total - first))]
        lines[: len(WHOLE)] = [*WHOLE][: len(lines)]
        lines[-1:] = [sample]
        yield lines


def parsed(name, lines):
    """Result of parsing lines, with the buffer and the bounds of the lines in it."""
    text = b"\n".join(lines) + b"\n"
    pick = np.arange(len(lines), dtype=np.int32)
    # Parsers compose the text of captured headers behind the last line.
    buffer = padded(text + bytes(4 * len(text)))
    lengths = np.array([len(line) for line in lines], np.int64)
    begin = np.concatenate(([0], np.cumsum(lengths + 1)[:-1])).astype(np.int32)
    end = (begin + lengths).astype(np.int32)
    spans, numbers = empty_columns(len(lines))
    reason = np.full(len(lines), 255, np.uint8)
    registry.make(name).parse(buffer, begin, end, pick, spans, numbers, reason)
    return buffer, begin, end, spans, numbers, reason


def fields(buffer, spans):
    """Hash of every text field."""
    out = np.zeros(spans.shape[:2], np.uint64)
    for column in range(len(spans)):
        hash_spans(buffer, spans[column], np.uint64(1), np.uint64(2), out[column])
    return out


@pytest.mark.fuzz
@pytest.mark.parametrize("name", sorted(FORMATS))
def test_hostile_lines_are_read_or_counted(name):
    known = {int(Reason.OK), *(int(reason) for reason in REASON_TEXT)}
    for lines in blocks(name, LINES):
        buffer, begin, end, spans, numbers, reason = parsed(name, lines)
        assert set(reason.tolist()) <= known
        RequestBatch(buffer, spans, numbers)  # refuses spans outside the buffer
        assert bytes(buffer[end[:-1]]) == b"\n" * (len(lines) - 1)
        assert not buffer[-PADDING:].any()
        changed = [
            i for i in np.flatnonzero(reason) if buffer[begin[i] : end[i]].tobytes() != lines[i]
        ]
        assert changed == []


@pytest.mark.fuzz
@pytest.mark.parametrize("name", sorted(FORMATS.keys() - STATEFUL))
def test_a_line_has_one_result_whatever_surrounds_it(name):
    for lines in blocks(name, min(LINES, 20_000)):
        buffer, _, _, spans, numbers, reason = parsed(name, lines)
        there, _, _, turned, figures, why = parsed(name, lines[::-1])
        assert (fields(buffer, spans) == fields(there, turned)[:, ::-1]).all()
        assert all((numbers[key] == figures[key][::-1]).all() for key in numbers)
        assert (reason == why[::-1]).all()


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_the_sample_line_of_a_format_is_read(name):
    lines = FORMATS[name].sample.encode().split(b"\n")
    reason = parsed(name, lines)[5]
    assert reason[-1] == Reason.OK
