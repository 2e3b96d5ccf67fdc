"""``apisentinel score``: requests in, verdicts out, as a filter that answers at once."""

import os
import select
import sys
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from apisentinel.cli import messages
from apisentinel.cli.outcome import Exit

READ_BYTES = 1 << 18
"""One read; pipes give 64 KiB at most."""

BATCH_BYTES = 4 << 20
"""Lines judged together when the sender is faster: enough to be efficient, little to hold."""

MAX_LINE_BYTES = 8 << 20
"""Longest line that is kept whole: a stream without line ends must not fill the memory.

A longer line is cut, and, cut in the middle, answered as a broken one.
"""


def run(config: str | None, options: Mapping[str, object], *, stateless: bool) -> int:
    """Answers every line of standard input with one line on standard output, in order.

    A line is judged as soon as it is there; nothing waits for more input or for its end.

    Args:
        config: Settings file, or None.
        options: Settings given on the command line; None means not given.
        stateless: Judge each line alone.

    Returns:
        Exit code of the contract.

    Raises:
        ConfigError: The settings cannot be used.
        ModelError: The model bundle cannot be used.
    """
    from apisentinel.cli.configuration import load
    from apisentinel.pipeline import ScoreSession

    session = ScoreSession(load(config, options), stateless=stateless)
    if sys.stdin.isatty():
        messages.note("Reading requests from the terminal, one JSON object a line; Ctrl-D ends.")
    out = sys.stdout.buffer
    for lines in batches(sys.stdin.buffer):
        out.write(session.score(lines))
        out.flush()
    return Exit.DONE


def batches(stream: BinaryIO) -> Iterator[bytes]:
    """Blocks of whole lines, each as large as what is there, up to `BATCH_BYTES`.

    Args:
        stream: Binary input; read through its file descriptor, without its buffer.

    Yields:
        One or more lines, each with its line end; the last line of the input gets one, too.
    """
    number = stream.fileno()
    rest = bytearray()
    skipping = False
    while True:
        piece, ended = _available(number)
        if skipping:
            cut = piece.find(b"\n")
            piece = b"" if cut < 0 else piece[cut:]
            skipping = cut < 0
        rest += piece
        end = rest.rfind(b"\n") + 1
        if end:
            yield bytes(_bounded(rest[:end]))
            del rest[:end]
        if len(rest) > MAX_LINE_BYTES:
            del rest[MAX_LINE_BYTES:]
            skipping = True
        if ended:
            if rest:
                yield bytes(rest) + b"\n"
            return


def _bounded(lines: bytearray) -> bytearray:
    """The lines, with over-long ones cut; what was skipped of a cut line never got here."""
    if len(lines) <= MAX_LINE_BYTES:
        return lines
    return bytearray(b"".join(line[:MAX_LINE_BYTES] + b"\n" for line in lines.split(b"\n")[:-1]))


def _available(number: int) -> tuple[bytes, bool]:
    """Waits for input, then takes what has come so far.

    Returns:
        Bytes, and whether the input has ended.
    """
    pieces: list[bytes] = []
    taken = 0
    while taken < BATCH_BYTES:
        if pieces and not _ready(number):
            return b"".join(pieces), False
        piece = os.read(number, READ_BYTES)
        if not piece:
            return b"".join(pieces), True
        pieces.append(piece)
        taken += len(piece)
    return b"".join(pieces), False


def _ready(number: int) -> bool:
    """True when a read would not wait."""
    try:
        return bool(select.select([number], [], [], 0)[0])
    except (
        OSError,
        ValueError,
    ):  # no select on this kind of input (Windows pipes): answer what there is
        return False
