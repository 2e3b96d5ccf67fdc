"""Numeric encodings: one kernel that undoes a layer of them in place."""

import numpy as np

from apisentinel.kernels.compiler import inline, kernel

HEX = np.full(256, 255, np.uint8)
"""Value of each hexadecimal digit, 255 for other bytes."""
for _i, _c in enumerate(b"0123456789abcdef"):
    HEX[_c] = _i
for _i, _c in enumerate(b"ABCDEF"):
    HEX[_c] = 10 + _i


@inline
def _fold_wide(text, length, oddity):
    """Overlong UTF-8 and fullwidth letters to ASCII, in place; returns the new length."""
    n = np.int64(0)
    i = np.int64(0)
    while i < length:
        c = text[i]
        if c >= 0xC0:
            if (c == 0xC0 or c == 0xC1) and i + 1 < length:
                d = text[i + 1]
                low = (
                    d & 63
                    if d >= 0x80 and d < 0xC0
                    else (
                        d if c == 0xC0 and (d == 0x2E or d == 0x2F or d == 0x5C) else np.uint8(255)
                    )
                )
                if c == 0xC0 and d >= 0xC0:
                    low = d & 63
                if low != 255:
                    text[n] = np.uint8((c & 1) << 6 | low)
                    oddity[0] |= 16
                    n += 1
                    i += 2
                    continue
            elif c == 0xE0 and i + 2 < length and text[i + 1] < 0xA0 and text[i + 1] >= 0x80:
                value = (np.int64(text[i + 1]) & 63) << 6 | (np.int64(text[i + 2]) & 63)
                if value < 128:
                    text[n] = np.uint8(value)
                    oddity[0] |= 16
                    n += 1
                    i += 3
                    continue
            elif (
                (c == 0xF0 or c == 0xF8 or c == 0xFC)
                and i + 3 < length
                and text[i + 1] == 0x80
                and text[i + 2] == 0x80
            ):
                size = 4 if c == 0xF0 else (5 if c == 0xF8 else 6)
                if i + size <= length:
                    text[n] = np.uint8(((text[i + size - 2] & 1) << 6) | (text[i + size - 1] & 63))
                    oddity[0] |= 16
                    n += 1
                    i += size
                    continue
            elif c == 0xEF and i + 2 < length and (text[i + 1] == 0xBC or text[i + 1] == 0xBD):
                value = (np.int64(text[i + 1] & 3) << 6 | np.int64(text[i + 2] & 63)) + 0x20
                if 0x21 <= value <= 0x7E:
                    text[n] = np.uint8(value)
                    oddity[0] |= 32
                    n += 1
                    i += 3
                    continue
        text[n] = c
        n += 1
        i += 1
    return n


@kernel("int64(uint8[::1], int64, uint8[::1], int64[::1])", keeps_lock=True)
def undo_layer(source, end, hexes, oddity):
    """Undoes numeric encodings once: percent, %u, backslash x, u and octal, entities, odd UTF-8.

    Args:
        source: Text with 64 spare bytes, replaced by the result, which is never longer.
        end: Its length.
        hexes: Value of each hexadecimal digit, 255 for other bytes.
        oddity: One element; bits of `Oddity` are added.

    Returns:
        Length of the result, at most `end`.
    """
    target = source
    n = np.int64(0)
    i = np.int64(0)
    while i < end:
        c = source[i]
        point = np.int64(-1)
        used = np.int64(1)
        kind = np.int64(0)
        if c == 37 and i + 2 < end:
            if hexes[source[i + 1]] < 16 and hexes[source[i + 2]] < 16:
                target[n] = np.uint8(hexes[source[i + 1]] * 16 + hexes[source[i + 2]])
                oddity[0] |= 1
                d = target[n] | 32
                if 97 <= d <= 122:
                    oddity[0] |= 2048
                n += 1
                i += 3
                continue
            if (source[i + 1] | 32) == 117 and i + 5 < end:
                point = np.int64(0)
                for k in range(2, 6):
                    h = np.int64(hexes[source[i + k]])
                    point = point * 16 + h if h < 16 and point >= 0 else np.int64(-1)
                used, kind = np.int64(6), np.int64(2)
                if point == 0xEFC8 or point == 0xF025 or point == 0x2215 or point == 0x2044:
                    point = np.int64(47)
                elif point == 0x2216:
                    point = np.int64(92)
        elif c == 92 and i + 1 < end:
            d = source[i + 1]
            kind = np.int64(4)
            if d == 120 and i + 3 < end and hexes[source[i + 2]] < 16 and hexes[source[i + 3]] < 16:
                point = np.int64(hexes[source[i + 2]]) * 16 + np.int64(hexes[source[i + 3]])
                used = np.int64(4)
            elif d == 117 and i + 3 < end and source[i + 2] == 123:
                j = i + 3
                value = np.int64(0)
                while j < end and j < i + 12 and hexes[source[j]] < 16:
                    value = value * 16 + np.int64(hexes[source[j]])
                    j += 1
                if j > i + 3 and j < end and source[j] == 125:
                    point, used = value, j + 1 - i
            elif (d == 117 or d == 85) and i + 5 < end:
                point = np.int64(0)
                for k in range(2, 6):
                    h = np.int64(hexes[source[i + k]])
                    point = point * 16 + h if h < 16 and point >= 0 else np.int64(-1)
                used = np.int64(6)
            elif (
                48 <= d <= 51
                and i + 3 < end
                and 48 <= source[i + 2] <= 55
                and 48 <= source[i + 3] <= 55
            ):
                point = (
                    np.int64(d - 48) * 64
                    + np.int64(source[i + 2] - 48) * 8
                    + np.int64(source[i + 3] - 48)
                )
                used = np.int64(4)
            elif 52 <= d <= 55 and i + 2 < end and 48 <= source[i + 2] <= 55:
                point = np.int64(d - 48) * 8 + np.int64(source[i + 2] - 48)
                used = np.int64(3)
        elif c == 38 and i + 2 < end and source[i + 1] == 35:
            j = i + 2
            base = np.int64(10)
            if (source[j] | 32) == 120:
                base = np.int64(16)
                j += 1
            begin = j
            value = np.int64(0)
            while j < end and j < begin + 10 and np.int64(hexes[source[j]]) < base:
                value = value * base + np.int64(hexes[source[j]])
                j += 1
            if j > begin:
                if j < end and source[j] == 59:
                    j += 1
                point, used, kind = value, j - i, np.int64(8)
        if point < 0 or point > 0x10FFFF:
            target[n] = c
            n += 1
            i += 1
            continue
        oddity[0] |= kind
        if point < 128:
            d = np.uint8(point) | 32
            if 97 <= d <= 122:
                oddity[0] |= 2048
            target[n] = np.uint8(point)
            n += 1
        elif point < 0x800:
            target[n] = np.uint8(0xC0 | point >> 6)
            target[n + 1] = np.uint8(0x80 | point & 63)
            n += 2
        elif point < 0x10000:
            target[n] = np.uint8(0xE0 | point >> 12)
            target[n + 1] = np.uint8(0x80 | point >> 6 & 63)
            target[n + 2] = np.uint8(0x80 | point & 63)
            n += 3
        else:
            target[n] = np.uint8(0xF0 | point >> 18)
            target[n + 1] = np.uint8(0x80 | point >> 12 & 63)
            target[n + 2] = np.uint8(0x80 | point >> 6 & 63)
            target[n + 3] = np.uint8(0x80 | point & 63)
            n += 4
        i += used
    return _fold_wide(target, n, oddity)
