"""Undoes the escapes of log writers inside the line; the result is never longer than the source.

Building blocks of the parser kernels: each takes ``(buffer, begin, end)``, rewrites the bytes from
`begin` on and gives the new end. An escape that is not complete or not known stays as it is.
"""

import numpy as np

from apisentinel.kernels.compiler import inline

VERBATIM, BACKSLASH, HASH, PERCENT, PLUS = range(5)
"""How a format escapes its fields: not at all, ``\\xHH \\" \\n \\uHHHH``, HAProxy's ``#HH``,
``%HH``, ``+`` for a space.
"""


@inline
def nibble(byte):
    """Value of a hexadecimal digit, -1 for any other byte."""
    value = np.int64(byte)
    if 48 <= value <= 57:
        return value - 48
    value |= 32
    if 97 <= value <= 102:
        return value - 87
    return np.int64(-1)


@inline
def _pair(buffer, at, end):
    """Byte value of two hexadecimal digits at `at`, -1 when they are not there."""
    if at + 2 > end:
        return np.int64(-1)
    high, low = nibble(buffer[at]), nibble(buffer[at + 1])
    return np.int64(-1) if high < 0 or low < 0 else high * 16 + low


@inline
def _unit(buffer, at, end):
    """UTF-16 unit of four hexadecimal digits at `at`, -1 when they are not there."""
    high, low = _pair(buffer, at, end), _pair(buffer, at + 2, end)
    return np.int64(-1) if high < 0 or low < 0 else high * 256 + low


@inline
def _put(buffer, at, point):
    """Writes a code point as UTF-8, gives the index after it."""
    if point < 0x80:
        buffer[at] = point
        return at + 1
    if point < 0x800:
        buffer[at] = 0xC0 | point >> 6
        buffer[at + 1] = 0x80 | point & 63
        return at + 2
    if point < 0x10000:
        buffer[at] = 0xE0 | point >> 12
        buffer[at + 1] = 0x80 | point >> 6 & 63
        buffer[at + 2] = 0x80 | point & 63
        return at + 3
    buffer[at] = 0xF0 | point >> 18
    buffer[at + 1] = 0x80 | point >> 12 & 63
    buffer[at + 2] = 0x80 | point >> 6 & 63
    buffer[at + 3] = 0x80 | point & 63
    return at + 4


@inline
def _named(byte):
    """Byte that a one-letter escape stands for, -1 for none."""
    if byte == 110:
        return np.int64(10)
    if byte == 116:
        return np.int64(9)
    if byte == 114:
        return np.int64(13)
    if byte == 98:
        return np.int64(8)
    if byte == 102:
        return np.int64(12)
    if byte == 118:
        return np.int64(11)
    if byte == 34 or byte == 92 or byte == 47:
        return np.int64(byte)
    return np.int64(-1)


@inline
def undo_backslash(buffer, begin, end):
    r"""``\xHH``, ``\uHHHH`` with surrogate pairs (a lone one gives U+FFFD), ``\" \\ \/ \n \t \r \b
    \f \v``.
    """
    read, write = begin, begin
    while read < end:
        byte = buffer[read]
        if byte != 92 or read + 1 >= end:
            buffer[write] = byte
            write += 1
            read += 1
            continue
        kind = buffer[read + 1]
        if kind == 120 or kind == 88:
            value = _pair(buffer, read + 2, end)
            if value >= 0:
                buffer[write] = value
                write += 1
                read += 4
                continue
        elif kind == 117:
            point = _unit(buffer, read + 2, end)
            if point >= 0:
                read += 6
                if 0xD800 <= point <= 0xDFFF:
                    low = np.int64(-1)
                    if (
                        point < 0xDC00
                        and read + 6 <= end
                        and buffer[read] == 92
                        and buffer[read + 1] == 117
                    ):
                        low = _unit(buffer, read + 2, end)
                    if 0xDC00 <= low <= 0xDFFF:
                        point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00)
                        read += 6
                    else:
                        point = np.int64(0xFFFD)
                write = _put(buffer, write, point)
                continue
        else:
            value = _named(kind)
            if value >= 0:
                buffer[write] = value
                write += 1
                read += 2
                continue
        buffer[write] = byte
        write += 1
        read += 1
    return write


@inline
def undo_mark(buffer, begin, end, mark, plus):
    """``%HH`` or ``#HH`` (`mark`), and ``+`` for a space when `plus` is true."""
    read, write = begin, begin
    while read < end:
        byte = buffer[read]
        if byte == mark:
            value = _pair(buffer, read + 1, end)
            if value >= 0:
                buffer[write] = value
                write += 1
                read += 3
                continue
        if plus and byte == 43:
            byte = np.uint8(32)
        buffer[write] = byte
        write += 1
        read += 1
    return write


@inline
def undo(buffer, begin, end, mode):
    """Undoes the escapes of one field in place, gives the new end."""
    if mode == BACKSLASH:
        return undo_backslash(buffer, begin, end)
    if mode == HASH:
        return undo_mark(buffer, begin, end, 35, False)
    if mode == PERCENT:
        return undo_mark(buffer, begin, end, 37, False)
    if mode == PLUS:
        return undo_mark(buffer, begin, end, 256, True)
    return end
