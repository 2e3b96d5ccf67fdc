"""In which role a request comes: what its source says (``extra.role``), else what the claims of its
bearer token say.

A claim is read as it stands: whether the token is genuine is for the API to say, so only requests
that it let in teach anything. Tokens whose text was masked at the way in have no claims.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.features.body_marks import hash_of
from apisentinel.features.details import bearer_span, decode_part
from apisentinel.features.word_table import Table, kind_of, word_table
from apisentinel.kernels.compiler import inline, kernel
from apisentinel.kernels.hashing import DEFAULT_KEY, siphash
from apisentinel.records.batch import HEADER_END, HEADER_SPLIT, TEXT_INDEX, RequestBatch

MOST_CLAIMS = 2_048
"""Base64 characters of a token's second part that are read; claims of people have 200 to 1,500."""
MOST_ROLE = 256
"""Bytes of a role, or of the list of roles, that tell it apart."""
TOKENS_KEPT = 1 << 14
"""Tokens whose role is not read again; it changes speed, never results."""
SHOWN = 48
"""Characters of a role that are shown."""

_RANKS = {
    "role": 5, "roles": 5, "userrole": 5, "userroles": 5, "usertype": 4, "groups": 3,
    "cognito:groups": 3, "authorities": 3, "permissions": 2, "scope": 1, "scopes": 1, "scp": 1,
}  # fmt: skip
"""Names of claims, in small letters without separators, and which goes before which.

References: RFC 9068 section 2.2.3 (roles, groups, entitlements, scope).
"""

_HEADERS = TEXT_INDEX["headers"]
_U = np.uint64
_BASIS, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)


def _table() -> Table:
    return word_table({hash_of(word): rank for word, rank in _RANKS.items()})


_WORDS, _KINDS = _table()


@inline
def _names_role(buffer, at, end):
    """True where ``:role`` and its separator begin."""
    return (
        end - at > 6 and buffer[at] == 58 and buffer[at + 1] == 114 and buffer[at + 2] == 111
        and buffer[at + 3] == 108 and buffer[at + 4] == 101 and buffer[at + 5] == HEADER_SPLIT
    )  # fmt: skip


@inline
def _stated(buffer, begin, end):
    """Span of the role that the source states: the last header texts, named ``:role``, which no
    client can send; of several, all with their names between; (-1, -1) without one.
    """
    last = end - 1
    first = np.int64(-1)
    stop = last
    while stop > begin and buffer[stop] == HEADER_END:
        start = stop - 1
        while start > begin and buffer[start - 1] != HEADER_END:
            start -= 1
        if not _names_role(buffer, start, stop):
            break
        first = start + 6
        stop = start - 1
    return first, last


@inline
def _claims(buffer, begin, end, scratch):
    """Decodes the second part of a token; returns its length, 0 for anything that is none."""
    if end - begin < 16 or buffer[begin] != 101 or buffer[begin + 1] != 121:
        return 0
    at = begin
    while at < end and buffer[at] != 46:
        at += 1
    return decode_part(buffer, at + 1, min(end, at + 1 + MOST_CLAIMS), scratch)


@inline
def _value_end(text, at, end):
    """End of a text or of a list that begins at `at`; `at` for anything else."""
    if text[at] == 34:
        stop = at + 1
        while stop < end and text[stop] != 34:
            stop += 1
        return stop
    if text[at] == 91:
        stop = at + 1
        while stop < end and text[stop] != 93:
            stop += 1
        return stop
    return at


@inline
def _claimed(text, end):
    """Span of the value of the best claim."""
    best, first, last = 0, np.int64(0), np.int64(0)
    at = np.int64(0)
    while at < end:
        if text[at] != 34:
            at += 1
            continue
        word = _BASIS
        stop = at + 1
        while stop < end and text[stop] != 34:
            byte = text[stop]
            if 65 <= byte <= 90:
                byte |= np.uint8(32)
            if byte != 95 and byte != 45:
                word = (word ^ _U(byte)) * _PRIME
            stop += 1
        short = stop - at <= 20
        at = stop + 1
        while stop + 1 < end and text[stop + 1] == 32:
            stop += 1
        if not short or stop + 2 >= end or text[stop + 1] != 58:
            continue
        rank = kind_of(_WORDS, _KINDS, word)
        value = stop + 2
        while value < end and text[value] == 32:
            value += 1
        if value >= end:
            continue
        close = np.int64(_value_end(text, value, end))
        if close > value + 1:
            if rank > best:
                best, first, last = rank, np.int64(value + 1), close
            # what is inside a value is no name
            at = close + 1
        else:
            at = value
    return first, last


@inline
def _role(buffer, begin, end, scratch, found):
    """Fills `found`: 1 for the buffer, 2 for the scratch, 0 for none; begin; end."""
    found[0] = 0
    first, last = _stated(buffer, begin, end)
    if first >= 0 and last > first:
        found[0], found[1], found[2] = 1, first, min(last, first + MOST_ROLE)
        return
    first, last = bearer_span(buffer, begin, end)
    if first < 0:
        return
    n = np.int64(_claims(buffer, first, last, scratch))
    if n < 2:
        return
    first, last = _claimed(scratch, n)
    if last > first:
        found[0], found[1], found[2] = 2, first, min(last, first + MOST_ROLE)


@kernel(
    "void(uint8[::1], int32[:,::1], uint64[::1], uint64, uint64, uint8[::1], int64[::1],"
    " uint64[::1], uint64[::1], uint64[::1])"
)
def _read(buffer, headers, tokens, k0, k1, scratch, found, kept, kept_roles, out):
    """Fills the role of each row. Cost: 10 ns for a row with a known token or a stated role, 1 us
    for a new token, nothing for lines of access logs.
    """
    mask = _U(kept.shape[0] - 1)
    for i in range(headers.shape[0]):
        begin, end = np.int64(headers[i, 0]), np.int64(headers[i, 1])
        if begin < 0 or end <= begin:
            continue
        stated, _last = _stated(buffer, begin, end)
        place = np.int64(tokens[i] & mask)
        if stated < 0:
            if tokens[i] == _U(0):
                continue
            if kept[place] == tokens[i]:
                out[i] = kept_roles[place]
                continue
        _role(buffer, begin, end, scratch, found)
        role = _U(0)
        if found[0] == 1:
            role = siphash(buffer, found[1], found[2], k0, k1)
        elif found[0] == 2:
            role = siphash(scratch, found[1], found[2], k0, k1)
        out[i] = role
        if stated < 0:
            kept[place] = tokens[i]
            kept_roles[place] = role


@kernel("void(uint8[::1], int64, int64, uint8[::1], int64[::1])")
def _read_one(buffer, begin, end, scratch, found):
    """Where the role of one request stands."""
    _role(buffer, begin, end, scratch, found)


class Roles:
    """Reads roles. Remembers tokens, which changes speed only. One thread at a time."""

    def __init__(self) -> None:
        self._kept, self._kept_roles = (np.zeros(TOKENS_KEPT, np.uint64) for _ in range(2))
        self._scratch, self._found = np.zeros(MOST_CLAIMS + 64, np.uint8), np.zeros(3, np.int64)

    def read(self, batch: RequestBatch, tokens: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
        """Hash of the role of each row, uint64 ``(n_rows,)``, 0 where none is known.

        Args:
            batch: The requests.
            tokens: Hash of the bearer token of each row.
        """
        out = np.zeros(len(batch), np.uint64)
        _read(
            batch.buffer, np.ascontiguousarray(batch.spans[_HEADERS]),
            np.ascontiguousarray(tokens), DEFAULT_KEY.k0, DEFAULT_KEY.k1, self._scratch,
            self._found, self._kept, self._kept_roles, out,
        )  # fmt: skip
        return out

    def name(self, batch: RequestBatch, row: int) -> str:
        """The role of one request in words, at most `SHOWN` characters."""
        begin, end = batch.spans[_HEADERS, row].tolist()
        if begin < 0:
            return ""
        _read_one(batch.buffer, begin, end, self._scratch, self._found)
        where, first, last = self._found.tolist()
        if not where:
            return ""
        text: npt.NDArray[Any] = batch.buffer if where == 1 else self._scratch
        raw = text[first:last].tobytes().replace(b"\x1e:role\x1f", b", ")
        words = raw.decode("utf-8", "replace")
        return "".join(c for c in words if c not in '"[]' and c.isprintable())[:SHOWN].strip()
