"""Bounded fuzzing of the JSON parsers: mutated sample lines through every format.

Checks that every line has a result, that nothing crashes, that accepted spans lie inside their line
and that rejected lines keep their bytes. Run: ``python tests/fuzz/fuzz_json_parsers.py --lines
1000000 --seed 1``.
"""

import argparse
import json
import random
import sys
from collections import Counter

import numpy as np

from apisentinel.kernels.bytes import PADDING, padded
from apisentinel.parsers.base import REASON_TEXT, Parser
from apisentinel.parsers.document import expand
from apisentinel.parsers.json_choice import MAPPINGS
from apisentinel.parsers.json_lines import AnyJsonParser, JsonLinesParser
from apisentinel.parsers.json_requests import split_lines
from apisentinel.parsers.json_samples import SAMPLES
from apisentinel.records.batch import RequestBatch, empty_columns

BLOCK = 5_000
TOKENS = (
    b'"',
    b"\\",
    b"\\u",
    b"\\ud800",
    b"\\udc00",
    b"\\ud83d\\ude00",
    b"\\x",
    b"\\xff",
    b"\\u0000",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"-",
    b"0",
    b"1e999",
    b"99999999999999999999",
    b".",
    b"true",
    b"null",
    b"\x00",
    b"\xff",
    b"\x1e",
    b"\x1f",
    b" ",
    b"\t",
    b"\r",
    b"[" * 40,
    b'{"a":' * 40,
    b'"log":',
    b'"message":"',
    b'"headers":',
    b'"headers":{"a":["b","c"]}',
    b'"records":[',
    b"%",
    b"%%%",
    b"://",
    b"?",
    b"/",
    b"HTTP/1.1",
    b"GET ",
    b"1970-01-01T00:00:00Z",
    b"9999-12-31T23:59:59.999999999+23:59",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"=" * 40,
)


def mutate(line: bytes, rng: random.Random) -> bytes:
    """A line with up to six edits."""
    for _ in range(rng.choice((0, 1, 1, 1, 2, 3, 6))):
        at = rng.randrange(len(line) + 1)
        kind = rng.randrange(6)
        if kind == 0:
            line = line[:at] + rng.choice(TOKENS) + line[at:]
        elif kind == 1:
            line = line[:at] + line[at + rng.randint(1, 12) :]
        elif kind == 2:
            line = line[:at] + bytes([rng.randrange(256)]) + line[at + 1 :]
        elif kind == 3:
            other = rng.randrange(len(line) + 1)
            line = line[:at] + line[min(at, other) : max(at, other)] + line[at:]
        elif kind == 4:
            line = line[:at]
        else:
            line = json.dumps({"log": line.decode("latin-1")}).encode()
        line = line[:20_000]
    return line.replace(b"\n", b"")


def check(lines: list[bytes], parser: Parser) -> Counter[int]:
    """Parses lines and checks the promises of `Parser`; returns how often each reason occurs.

    Raises:
        AssertionError: A promise is broken.
    """
    data = b"\n".join(lines) + b"\n"
    begin, end = split_lines(data)
    assert begin.size == len(lines)
    buffer = padded(data)
    spans, numbers = empty_columns(begin.size)
    reason = np.full(begin.size, 255, np.uint8)
    parser.parse(buffer, begin, end, np.arange(begin.size, dtype=np.int32), spans, numbers, reason)
    assert set(reason.tolist()) <= {0, *REASON_TEXT}, "a line without a result"
    RequestBatch(buffer, spans, numbers)
    known = spans[:, :, 0] >= 0
    assert (spans[:, :, 0][known] >= np.broadcast_to(begin, known.shape)[known]).all(), (
        "a span begins before its line"
    )
    assert (spans[:, :, 1][known] <= np.broadcast_to(end, known.shape)[known]).all(), (
        "a span ends after its line"
    )
    assert not known[:, reason != 0].any(), "a rejected line has values"
    assert (buffer[end] == 0x0A).all(), "a line end was overwritten"
    assert not buffer[-PADDING:].any(), "the spare bytes were overwritten"
    for row in np.flatnonzero(reason != 0).tolist():
        assert buffer[begin[row] : end[row]].tobytes() == lines[row], (
            "a rejected line was rewritten"
        )
    return Counter(reason.tolist())


def main(arguments: list[str]) -> int:
    """Runs the given number of lines through all formats."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--lines", type=int, default=100_000)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args(arguments)
    rng = random.Random(chosen.seed)
    samples = [text.encode() for text in SAMPLES.values()]
    parsers: list[Parser] = [AnyJsonParser(), *(JsonLinesParser(mapping) for mapping in MAPPINGS)]
    total: Counter[int] = Counter()
    left, turn = chosen.lines, 0
    while left > 0:
        lines = [mutate(rng.choice(samples), rng) for _ in range(min(BLOCK, left))]
        parser = parsers[0] if turn % 2 == 0 else parsers[1 + turn // 2 % len(MAPPINGS)]
        total += check(lines, parser)
        expand(b"".join(lines[:100]))
        left -= len(lines)
        turn += 1
    assert sum(total.values()) == chosen.lines
    words = {0: "accepted"} | {int(reason): text for reason, text in REASON_TEXT.items()}
    for reason, count in total.most_common():
        sys.stdout.write(f"{count:>10,}  {words[reason]}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
