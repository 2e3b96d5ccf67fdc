"""Describes a line format as a list of steps and compiles it to the arrays that the kernel in
`text` interprets.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np

from apisentinel.errors import ConfigError
from apisentinel.kernels.bytes import PADDING
from apisentinel.parsers.escapes import BACKSLASH
from apisentinel.records.batch import NUMBER_COLUMNS, TEXT_INDEX, Bytes


class Op(IntEnum):
    """What one step reads. Every step then needs its `until` right after (text: up to its first
    occurrence).
    """

    END = 0
    """The line is a request; `value` is its variant."""
    LITERAL = 1
    TEXT = 2
    """Bytes up to `until`; ``-`` and nothing are null."""
    QUOTED = 3
    """Like TEXT, but `until` starts with a quote that a backslash escapes."""
    ADDRESS = 4
    """Like TEXT, without port and brackets."""
    REQUEST = 5
    """``METHOD target HTTP/x`` up to `until`."""
    TARGET = 6
    """Request target up to `until`."""
    VERSION = 7
    """``HTTP/1.1`` up to `until`."""
    TIME_CLF = 8
    TIME_ISO = 9
    TIME_EPOCH = 10
    TIME_C = 11
    """``Fri Oct 08 17:08:41.203277 2021``."""
    TIME_SLASH = 12
    """``2024/01/31 10:00:00``."""
    DATE = 13
    CLOCK = 14
    NUMBER = 15
    DURATION = 16
    """`value` is the length of one unit in ns, 0 = the unit is written after the number."""
    TIMERS = 17
    """HAProxy's ``TR/Tw/Tc/Tr/Ta``."""
    MARK = 18
    """Remembers the position."""
    LAST = 19
    """Moves behind the last `until` of the line."""
    MESSAGE = 20
    """Status from the first keyword found between the mark and the position (the end of the line,
    when it is at the mark); the position stays.
    """
    AT_END = 21
    """Succeeds when only blanks are left."""
    JUMP = 22
    """Goes to the label `otherwise`."""
    CLF_HEAD = 23
    """``[host[:port] ]client ident user [time]``."""
    CLF_TAIL = 24
    """Extra fields after the user agent: forwarded addresses, durations; reads to the end of the
    line.
    """
    CAPTURES = 25
    """HAProxy's ``{a|b}`` blocks: one that looks like an agent, host or address list is kept."""
    UNTIL_SLASH = 26
    """Like TEXT up to the next ``/``, which stays."""
    FIRST = 27
    """Moves behind the first `until` at or after the position."""
    REQUEST_BARE = 28
    """A request line without quotes: ends behind ``HTTP/x.y`` or at the end of the line."""
    VARIANT = 29
    """Sets the variant to `value`."""
    REFUSE = 30
    """The line is valid but holds no request."""


REQUEST_BYTES, RESPONSE_BYTES, STATUS = range(3)
"""Targets of NUMBER."""
NUMBER_TARGETS = {
    "request_bytes": REQUEST_BYTES,
    "response_bytes": RESPONSE_BYTES,
    "status": STATUS,
}

HEADERS_AT = len(TEXT_INDEX)
"""Column number of the first header of a program; the text columns come before."""

MOST_HEADERS = 32
"""Header fields of one format; the scratch memory of the kernel has this many places."""

NO_COLUMN = -1

KEEP_EMPTY, PORT_ALWAYS, DIGIT_AFTER, MAY_END, SPACES, PEER_LAST, UNTIL_LAST, LISTED = (
    1 << k for k in range(8)
)
"""Flags of a step: an empty text is not null; every address carries a port; a digit or ``-`` must
follow `until`; the end of the line may stand for `until`; several blanks may stand for the one in
`until`; the last address of this list is the peer when no other field tells it; a text ends at the
last `until` of the line, not the first; blanks beside a comma or colon do not end this list.
"""

CODE_WIDTH = 8


@dataclass(frozen=True)
class Step:
    """One field and what follows it.

    Attributes:
        op: What is read.
        column: Target column, `h:name` for a header, empty to skip the field.
        until: Literal after the field.
        otherwise: Label from which to go on when this step fails; empty: the line does not match.
        value: Meaning depends on `op`.
        escape: How the field is escaped (`escapes`).
    """

    op: Op
    column: str = ""
    until: bytes = b""
    otherwise: str = ""
    value: int = 0
    flags: int = 0
    escape: int = BACKSLASH


@dataclass(frozen=True)
class Program:
    """A compiled description.

    Attributes:
        code: int32 ``(n_steps + n_keywords, CODE_WIDTH)``: op, column, literal begin, literal
            length, otherwise, value, flags, escape; the keyword rows of MESSAGE steps follow the
            steps.
        literals: uint8, all literals, padded.
        names: uint8, header names, padded.
        name_ends: int32 ``(n_headers + 1,)``, bounds of the names.
        variants: Name of the format for each variant.
    """

    code: Any
    literals: Bytes
    names: Bytes
    name_ends: Any
    variants: tuple[str, ...]


def _column(step: Step, headers: list[bytes]) -> int:
    """Number of the target of a step; a new header gets the next place."""
    if not step.column:
        return NO_COLUMN
    if step.op == Op.NUMBER:
        return NUMBER_TARGETS[step.column]
    if step.column.startswith("h:"):
        name = step.column[2:].lower().encode()
        if len(headers) == MOST_HEADERS:
            raise ConfigError(
                f"a log format can name at most {MOST_HEADERS} header fields; "
                f"{name.decode()!r} is one more"
            )
        headers.append(name)
        return HEADERS_AT + len(headers) - 1
    if step.column in NUMBER_COLUMNS:
        return NO_COLUMN
    return TEXT_INDEX[step.column]


def compile_steps(
    steps: Iterable[Step | str],
    variants: tuple[str, ...],
    keywords: Iterable[tuple[bytes, int]] = (),
) -> Program:
    """Gives the arrays of a description.

    Args:
        steps: In order; a line is accepted when a step END is reached. A text is a label for the
            step behind it.
        variants: Format names by the `value` of END and VARIANT steps.
        keywords: For MESSAGE: text in the message and the status that it stands for, tried in
            order.

    Raises:
        ConfigError: Too many header fields.
    """
    literals = bytearray()
    headers: list[bytes] = []
    rows: list[list[int]] = []
    labels: dict[str, int] = {"": -1}
    program: list[Step] = []
    for item in steps:
        if isinstance(item, str):
            labels[item] = len(program)
        else:
            program.append(item)
    for step in program:
        target = labels[step.otherwise]
        row = [
            step.op,
            _column(step, headers),
            len(literals),
            len(step.until),
            target,
            step.value,
            step.flags,
            step.escape,
        ]
        rows.append(row)
        literals += step.until
    words = list(keywords)
    for row in rows:
        if row[0] == Op.MESSAGE:
            row[5], row[1] = len(rows), len(words)
    for word, status in words:
        rows.append([Op.END, status, len(literals), len(word), -1, 0, 0, 0])
        literals += word
    ends = np.cumsum([0, *(len(name) for name in headers)]).astype(np.int32)
    return Program(
        code=np.array(rows, np.int32).reshape(-1, CODE_WIDTH),
        literals=np.frombuffer(bytes(literals) + bytes(PADDING), np.uint8).copy(),
        names=np.frombuffer(b"".join(headers) + bytes(PADDING), np.uint8).copy(),
        name_ends=np.ascontiguousarray(ends),
        variants=variants,
    )
