"""The marks that stand in place of secrets, and the kernel that writes texts with them."""

import numpy as np

from apisentinel.kernels.compiler import inline, kernel
from apisentinel.records.batch import TEXT_INDEX

_U = np.uint64

_HEADERS = TEXT_INDEX["headers"]

ROW, COLUMN, BEGIN, END, STYLE, QUOTE, CHECK = range(7)
"""Columns of the candidates. QUOTE: 0, or one more than the backslashes before the quotes that have
to be written around a value that had none."""

FIELDS = 7

MASK, KEYED, IDENTITY = 0, 1, 2
"""Styles: one mark for all; a mark by the key; a name by the key."""

MARK = b"redacted"
"""What stands in place of every guessable secret, and begins the marks of all others: letters only,
so that it means the same in a URL, a header, a form and JSON, and looks like no attack."""

IDENTITY_MARK = b"hash"

KEYED_SIZE = len(MARK) + 17

IDENTITY_SIZE = len(IDENTITY_MARK) + 17

_MARK = np.frombuffer(MARK, np.uint8).copy()

_IDENTITY = np.frombuffer(IDENTITY_MARK, np.uint8).copy()

_DIGITS = np.frombuffer(b"0123456789abcdef", np.uint8).copy()


@inline
def is_mark(buffer, begin, end):
    """True for a mark of ours."""
    n = end - begin
    if n != 8 and n != KEYED_SIZE:
        return False
    for k in range(8):
        if buffer[begin + k] != _MARK[k]:
            return False
    if n == 8:
        return True
    if buffer[begin + 8] != 45:
        return False
    for k in range(begin + 9, end):
        byte = buffer[k]
        if not (48 <= byte <= 57 or 97 <= byte <= 102):
            return False
    return True


@inline
def _size(style, quote):
    """Bytes of a mark."""
    size = len(MARK)
    if style == KEYED:
        size = KEYED_SIZE
    elif style == IDENTITY:
        size = IDENTITY_SIZE
    return size + 2 * quote


@inline
def _write(out, at, style, quote, value):
    """Writes a mark; gives the index behind it."""
    for k in range(quote):
        out[at] = 34 if k == quote - 1 else 92
        at += 1
    if style == IDENTITY:
        for k in range(len(IDENTITY_MARK)):
            out[at] = _IDENTITY[k]
            at += 1
    else:
        for k in range(len(MARK)):
            out[at] = _MARK[k]
            at += 1
    if style != MASK:
        out[at] = 45
        at += 1
        for k in range(16):
            out[at] = _DIGITS[np.int64((value >> _U(60 - 4 * k)) & _U(15))]
            at += 1
    for k in range(quote):
        out[at] = 34 if k == quote - 1 else 92
        at += 1
    return at


@kernel("int64(int32[:,:,::1], int64[:,::1])")
def rewritten_size(spans, found):
    """Bytes that the texts with candidates take after their replacement."""
    total = np.int64(0)
    n = found.shape[0]
    for k in range(n):
        row, column = found[k, ROW], found[k, COLUMN]
        total += _size(found[k, STYLE], found[k, QUOTE]) - (found[k, END] - found[k, BEGIN])
        if k == 0 or found[k - 1, ROW] != row or found[k - 1, COLUMN] != column:
            total += np.int64(spans[column, row, 1]) - np.int64(spans[column, row, 0])
    return total


@kernel("void(uint8[::1], int32[:,:,::1], int64[:,::1], uint64[::1], uint8[::1], int64)")
def rewrite(buffer, spans, found, values, out, base):
    """Writes each text with candidates anew and points its span there.

    Columns whose text lies inside the headers of their row follow them.

    Args:
        buffer: Text of the batch.
        spans: Its spans; changed.
        found: Candidates in order of row, column and place.
        values: Keyed hash of each.
        out: Room for the new texts.
        base: Where `out` will lie in the buffer.
    """
    at = np.int64(0)
    k = np.int64(0)
    n = found.shape[0]
    while k < n:
        row, column = found[k, ROW], found[k, COLUMN]
        begin, end = np.int64(spans[column, row, 0]), np.int64(spans[column, row, 1])
        start = at
        first = k
        place = begin
        while k < n and found[k, ROW] == row and found[k, COLUMN] == column:
            for i in range(place, found[k, BEGIN]):
                out[at] = buffer[i]
                at += 1
            at = _write(out, at, found[k, STYLE], found[k, QUOTE], values[k])
            place = found[k, END]
            k += 1
        for i in range(place, end):
            out[at] = buffer[i]
            at += 1
        if column == _HEADERS:
            for other in range(spans.shape[0]):
                a, b = np.int64(spans[other, row, 0]), np.int64(spans[other, row, 1])
                if other == _HEADERS or a < begin or b > end or a >= b:
                    continue
                move_a, move_b = np.int64(0), np.int64(0)
                for m in range(first, k):
                    change = _size(found[m, STYLE], found[m, QUOTE]) - (
                        found[m, END] - found[m, BEGIN]
                    )
                    if found[m, END] <= a:
                        move_a += change
                    if found[m, END] <= b:
                        move_b += change
                a = min(max(start + (a - begin) + move_a, start), at)
                b = min(max(start + (b - begin) + move_b, a), at)
                spans[other, row, 0] = np.int32(base + a)
                spans[other, row, 1] = np.int32(base + b)
        spans[column, row, 0] = np.int32(base + start)
        spans[column, row, 1] = np.int32(base + at)
