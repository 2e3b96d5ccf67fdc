"""Bounded fuzzing of the text parsers: mutated sample lines through every format.

Checks that every line has a result, that nothing crashes, that accepted spans lie inside their line
or in the spare bytes behind the chunk, and that rejected lines keep their bytes. Run: ``python -m
tests.fuzz.fuzz_text_parsers --lines 1000000``.
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt

from apisentinel.kernels.bytes import PADDING, padded
from apisentinel.kernels.compiler import inline, kernel
from apisentinel.parsers import registry
from apisentinel.parsers.base import REASON_TEXT, Reason
from apisentinel.parsers.detect import compile_log_format
from apisentinel.parsers.lines import Lines
from apisentinel.parsers.router import LineRouter
from apisentinel.parsers.text import NO_ROOM, TextParser
from apisentinel.records.batch import TEXT_INDEX, RequestBatch, empty_columns

BLOCK = 20_000
"""Lines that are mutated and parsed at once."""

TOKENS = (
    b'"',
    b'" "',
    b'" 200 ',
    b"\\",
    b"\\x",
    b"\\x22",
    b"\\u12",
    b"\\ud83d\\ude00",
    b"[",
    b"] ",
    b" [",
    b"{",
    b"} ",
    b"|",
    b" - ",
    b"-",
    b" ",
    b"    ",
    b"\t",
    b"\x00",
    b"\xff",
    b"\r",
    b"\x1e\x1f",
    b"%",
    b"#22",
    b"+",
    b"9" * 25,
    b"0",
    b".",
    b":",
    b"::",
    b"://",
    b"?",
    b"/",
    b"HTTP/1.1",
    b"CONNECT a:1 ",
    b", client: ",
    b'request: "',
    b"[client ",
    b"<13>",
    b"<13>1 ",
    b"Oct 10 13:55:36 h t[1]: ",
    b"2024-10-10T13:55:36.123456789Z stdout F ",
    b"web-1  | ",
    b"[pod/a/b] ",
    b"[10/Oct/2024:13:55:36 +0000] ",
    b"29/Feb/2023",
    b"+9959",
    b"1.2.3.4, ",
    b"#Fields: date time c-ip cs-uri-stem",
    b'{"log":"',
    b"a" * 300,
    b"\\" * 50,
    b'"' * 50,
    b"[" * 50,
)
FORMATS = Path(__file__).parents[1] / "corpus" / "log_formats.ndjson"
"""Log formats of a user, each with a line of it."""


@inline
def draw(state):
    """Next state of a linear congruential generator; its high bits are random enough here."""
    return state * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)


@inline
def insert(out, place, at, tokens, first, last):
    """Puts a token into the line that ends at `at`; gives its new end."""
    size = last - first
    for k in range(at - 1, place - 1, -1):
        out[k + size] = out[k]
    for k in range(size):
        out[place + k] = tokens[first + k]
    return at + size


@inline
def remove(out, place, at, amount):
    """Takes bytes out of the line that ends at `at`; gives its new end."""
    stop = min(place + amount, at)
    for k in range(stop, at):
        out[place + k - stop] = out[k]
    return at - (stop - place)


@kernel("int64(uint8[::1], int64[::1], uint8[::1], int64[::1], int64, uint64, uint8[::1])")
def mutate(samples, bounds, tokens, token_bounds, lines, seed, out):
    """Writes `lines` mutated samples to `out`, each with a line end; returns their length."""
    at = np.int64(0)
    state = seed
    for _ in range(lines):
        state = draw(state)
        which = np.int64((state >> np.uint64(33)) % np.uint64(bounds.shape[0] - 1))
        begin = at
        for k in range(bounds[which], bounds[which + 1]):
            out[at] = samples[k]
            at += 1
        state = draw(state)
        for _ in range(np.int64(state >> np.uint64(61)) % 5):
            state = draw(state)
            place = begin + np.int64((state >> np.uint64(33)) % np.uint64(at - begin + 1))
            kind = (state >> np.uint64(20)) & np.uint64(3)
            amount = np.int64((state >> np.uint64(24)) & np.uint64(15)) + 1
            if kind == 0:
                token = np.int64((state >> np.uint64(10)) % np.uint64(token_bounds.shape[0] - 1))
                at = insert(out, place, at, tokens, token_bounds[token], token_bounds[token + 1])
            elif kind == 1:
                at = remove(out, place, at, amount)
            elif kind == 2 and place < at:
                byte = (state >> np.uint64(12)) & np.uint64(255)
                out[place] = byte if byte != 10 else 32
            elif amount == 1:
                at = place
        out[at] = 10
        at += 1
    return at


def packed(parts: list[bytes]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Bytes one behind the other and their bounds."""
    bounds = np.cumsum([0, *(len(part) for part in parts)]).astype(np.int64)
    return np.frombuffer(b"".join(parts), np.uint8).copy(), bounds


def check(data: bytes, parser: TextParser) -> Counter[int]:
    """Parses lines and checks the promises of a parser; returns how often each reason occurs.

    Raises:
        AssertionError: A promise is broken.
    """
    lines = Lines(padded(data), len(data))
    n = len(lines)
    spare = 3 * len(data) + 256 * n
    buffer = np.zeros(len(data) + spare + PADDING, np.uint8)
    buffer[: len(data)] = np.frombuffer(data, np.uint8)
    spans, numbers = empty_columns(n)
    reason, variant = np.full(n, 200, np.uint8), np.zeros(n, np.uint8)
    room = np.array([len(data), len(data) + spare], np.int64)
    pick = np.arange(n, dtype=np.int32)
    done = parser.parse_into(
        buffer, lines.bodies, lines.ends, pick, 0, spans, numbers, reason, variant, room
    )
    assert done == n, "the parser stopped early"
    assert NO_ROOM not in reason
    assert set(np.unique(reason).tolist()) <= {0, *REASON_TEXT}, "a line without a result"
    assert (variant[reason == 0] < len(parser.variants)).all(), "a variant without a name"
    RequestBatch(buffer, spans, numbers)
    known = spans[:, :, 0] >= 0
    assert not known[:, reason != 0].any(), "a rejected line has values"
    headers = TEXT_INDEX["headers"]
    assert (spans[headers, :, 0][known[headers]] >= len(data)).all(), "headers inside the chunk"
    known[headers] = False
    assert (spans[:, :, 0][known] >= np.broadcast_to(lines.bodies, known.shape)[known]).all(), (
        "a span begins before its line"
    )
    assert (spans[:, :, 1][known] <= np.broadcast_to(lines.ends, known.shape)[known]).all(), (
        "a span ends after its line"
    )
    before = np.frombuffer(data, np.uint8)
    changed = np.flatnonzero(before != buffer[: len(data)])
    owner = np.searchsorted(lines.starts, changed, side="right") - 1
    assert (reason[owner] == Reason.OK).all(), "a rejected line was rewritten"
    assert (changed >= lines.bodies[owner]).all(), "a prefix was rewritten"
    assert (changed < lines.ends[owner]).all(), "a line end was rewritten"
    return Counter(reason.tolist())


def check_routed(data: bytes) -> None:
    """Parses lines as ``auto`` does and counts them.

    Raises:
        AssertionError: A line is not accounted for.
    """
    lines = Lines(padded(data), len(data))
    parsed = LineRouter().parse_chunk(padded(data), len(data), final=True)
    refused = sum(count for count, _ in parsed.rejected.values())
    assert parsed.lines == len(lines) == len(parsed.batch) + refused, "a line is not accounted for"
    assert sum(parsed.formats.values()) == len(parsed.batch), "a request without a format"


def fuzz(lines: int, seed: int) -> Counter[int]:
    """Runs the given number of lines through all formats; returns how often each reason occurs."""
    formats = [f for f in registry.load().values() if f.family == "text"]
    pairs = [(f.make(), f.sample.encode()) for f in formats]
    customs = [json.loads(text) for text in FORMATS.read_text().splitlines()]
    pairs += [(compile_log_format(c["log_format"]), c["line"].encode()) for c in customs]
    others = [line for _, line in pairs] + [b"", b"{}", b"x"]
    tokens, token_bounds = packed(list(TOKENS))
    longest = max(len(line) for line in others) + 5 * int(np.diff(token_bounds).max()) + 1
    out = np.zeros(BLOCK * longest, np.uint8)
    total: Counter[int] = Counter()
    left, turn = lines, 0
    while left > 0:
        parser, own = pairs[turn % len(pairs)]
        assert isinstance(parser, TextParser)
        samples, bounds = packed([own] * len(others) + others)
        count = min(BLOCK, left)
        size = int(
            mutate(
                samples,
                bounds,
                tokens,
                token_bounds,
                count,
                np.uint64(seed * 1_000_003 + turn),
                out,
            )
        )
        data = out[:size].tobytes()
        total += check(data, parser)
        if turn % 4 == 0:
            check_routed(data)
        left -= count
        turn += 1
    return total


def main(arguments: list[str]) -> int:
    """Runs the fuzzing from the command line."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--lines", type=int, default=100_000)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args(arguments)
    total = fuzz(chosen.lines, chosen.seed)
    names = {Reason(code).name: count for code, count in sorted(total.items())}
    sys.stdout.write(f"{sum(total.values()):,} lines, all accounted for: {names}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
