"""From paths of a JSON object to columns.

The description of a JSON format and its compiled tables.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.errors import ConfigError
from apisentinel.parsers import json_slots as s
from apisentinel.parsers.escapes import PERCENT
from apisentinel.parsers.json_scalars import MICRO, MILLI, NANO, SECOND
from apisentinel.parsers.json_walk import ROOT, path_hash
from apisentinel.records.batch import TEXT_COLUMNS

UNITS = {"s": SECOND, "ms": MILLI, "us": MICRO, "ns": NANO}

COLUMNS: dict[str, int] = {
    **{name: i for i, name in enumerate(TEXT_COLUMNS)},
    "ts": s.TS,
    "status": s.STATUS,
    "request_bytes": s.REQUEST_BYTES,
    "response_bytes": s.RESPONSE_BYTES,
    "duration": s.DURATION,
    "url": s.URI,
    "request_line": s.REQUEST_LINE,
    "date": s.DATE,
    "clock": s.CLOCK,
    "parameters": s.QUERY_PAIRS,
    "request_body_base64": s.REQUEST_BASE64,
    "response_body_base64": s.RESPONSE_BASE64,
    "response_encoding": s.RESPONSE_ENCODING,
    "header": s.HEADER,
}
"""What a path can be mapped to: text columns of a batch, numbers, and values from which columns are
made.

``url`` is split into scheme, host, path and query; ``request_line`` is ``METHOD target HTTP/x``;
``date`` and ``clock`` together are a time; ``parameters`` is an object that becomes the query
string; ``header:NAME`` adds one header."""

CONTAINERS = (s.HEADERS, s.REQUEST_BODY, s.RESPONSE_BODY, s.QUERY_PAIRS)
MAX_SPLITS = 5
"""Parts of a path for which every mixture of nested and dotted keys is recognised; longer ones: all
nested or one key."""


@dataclass(frozen=True)
class Target:
    """Where the value of a path goes.

    Attributes:
        column: A name of `COLUMNS`.
        code: Power of ten of the unit of a duration that is a bare number; of a text, how it is
            escaped (0 = not).
        name: Header name, in lower case, of ``header``.
    """

    column: str
    code: int = 0
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> "Target":
        """Reads ``column``, ``duration:ms``, ``header:x-name`` or, for a percent-encoded text,
        ``user_agent:percent``.

        Raises:
            ConfigError: No such column or unit.
        """
        column, _, rest = text.partition(":")
        if column not in COLUMNS:
            raise ConfigError(f"unknown column {column!r}; known are: {', '.join(COLUMNS)}")
        if column == "duration":
            if rest and rest not in UNITS:
                raise ConfigError(
                    f"unknown unit {rest!r} of a duration; known are: {', '.join(UNITS)}"
                )
            return cls(column, code=UNITS[rest or "s"])
        if column == "header":
            if not rest:
                raise ConfigError("a header needs its name: header:x-request-id")
            return cls(column, name=rest.lower())
        if rest == "percent" and COLUMNS[column] < s.TEXT_SLOTS:
            return cls(column, code=PERCENT)
        if rest:
            raise ConfigError(f"column {column!r} takes no {rest!r} after the colon")
        return cls(column)


def fields(table: str, *, prefixes: tuple[str, ...] = ("",)) -> dict[str, str]:
    """The fields of a mapping from lines of a target and its paths.

    Args:
        table: ``target path path …`` lines; further lines of a target give it worse paths.
        prefixes: Put in front of every path, best first.

    Example:
        >>> fields("url  request_uri uri")
        {'request_uri': 'url', 'uri': 'url'}
    """
    rows = [line.split() for line in table.splitlines() if line.strip()]
    return {
        prefix + path: target for prefix in prefixes for target, *paths in rows for path in paths
    }


@dataclass(frozen=True)
class JsonMapping:
    """One JSON format.

    Attributes:
        name: Format name.
        fields: Path → target as `Target.parse` reads it. Of several paths for one column the first
            that has a value wins.
        required: A line is a request when it has, for each set, one of these columns.
        strict: Only exact JSON and readable numbers are accepted, and ``-`` and empty required
            values are values or errors. Otherwise hexadecimal escapes, unquoted empty values and
            ``-`` for "missing" are understood.
    """

    name: str
    fields: Mapping[str, str]
    required: tuple[tuple[str, ...], ...] = (("path", "url", "request_line"),)
    strict: bool = False
    targets: Mapping[str, Target] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "targets", {path: Target.parse(text) for path, text in self.fields.items()}
        )


@dataclass(frozen=True)
class Tables:
    """A mapping as the arrays that the kernel takes."""

    keys: npt.NDArray[np.uint64]
    codes: npt.NDArray[np.int16]
    rows: npt.NDArray[np.int32]
    literals: npt.NDArray[np.uint8]
    required: npt.NDArray[np.int64]
    flags: int


def splits(path: str) -> Iterable[tuple[str, ...]]:
    """All ways to read a dotted path as nested keys: ``a.b`` is a, b or the one key "a.b"."""
    parts = path.split(".")
    if len(parts) > MAX_SPLITS:
        return {tuple(parts), (path,)}
    out = []
    for joints in product((False, True), repeat=len(parts) - 1):
        keys = [parts[0]]
        for part, joined in zip(parts[1:], joints, strict=True):
            if joined:
                keys[-1] += "." + part
            else:
                keys.append(part)
        out.append(tuple(keys))
    return out


PREFIX_ROW = [-1, 0, 0, 0, 0, 1]
"""Row of a path that is only the beginning of others."""


def _compile(
    rows: list[list[int]], paths: Mapping[str, int], name: str
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int16]]:
    """Open-addressing table of path hashes → rows.

    Marks in `rows` which paths have others below them.
    """
    codes: dict[int, int] = {}
    inner: dict[int, str] = {}
    for path, row in paths.items():
        for keys in splits(path):
            at = ROOT
            for key in keys[:-1]:
                at = path_hash(key, at)
                inner[at] = path
            codes[path_hash(keys[-1], at)] = row
    for at, path in inner.items():
        row = codes.setdefault(at, 0)
        if rows[row][s.T_RANK] != s.MARK and rows[row][s.T_SLOT] in CONTAINERS:
            raise ConfigError(
                f"mapping {name!r}: {path!r} cannot be mapped, since the whole value above it is"
            )
        rows[row][s.T_INNER] = 1
    size = 1 << max(4, (4 * len(codes)).bit_length())
    keys_out, values = np.zeros(size, np.uint64), np.full(size, -1, np.int16)
    for found, row in codes.items():
        at = found & (size - 1)
        while keys_out[at]:
            at = (at + 1) & (size - 1)
        keys_out[at], values[at] = found, row
    return keys_out, values


def compile_mapping(mapping: JsonMapping) -> Tables:
    """The tables of a mapping.

    Raises:
        ConfigError: A path lies below one whose whole value is taken.
    """
    rows = [list(PREFIX_ROW)]
    literals = bytearray()
    ranks: dict[int, int] = {}
    paths: dict[str, int] = {}
    for path, target in mapping.targets.items():
        slot = COLUMNS[target.column]
        paths[path] = len(rows)
        rows.append([slot, ranks.get(slot, 0), target.code, len(literals), len(target.name), 0])
        ranks[slot] = ranks.get(slot, 0) + 1
        literals += target.name.encode()
    keys, codes = _compile(rows, paths, mapping.name)
    required = [
        sum(1 << slot for slot in {COLUMNS[name] for name in group}) for group in mapping.required
    ]
    flags = s.F_NON_EMPTY if mapping.strict else s.F_LENIENT | s.F_DASH
    table: Any = np.array(rows, np.int32)
    return Tables(
        keys,
        codes,
        table,
        np.frombuffer(bytes(literals) + b"\0", np.uint8).copy(),
        np.array(required, np.int64),
        flags,
    )


def compile_marks(marks: Mapping[str, int]) -> Tables:
    """Tables that tell which paths a line has: path → bits (below 2^62) that its presence sets."""
    rows = [list(PREFIX_ROW)]
    paths: dict[str, int] = {}
    for path, bits in marks.items():
        paths[path] = len(rows)
        rows.append([0, s.MARK, bits & 0x7FFFFFFF, bits >> 31, 0, 0])
    keys, codes = _compile(rows, paths, "marks")
    flags = s.F_IDENTIFY | s.F_LENIENT | s.F_DASH
    return Tables(
        keys, codes, np.array(rows, np.int32), np.zeros(1, np.uint8), np.zeros(0, np.int64), flags
    )
