r"""JSON tokens as byte kernels: strings, numbers, escapes.

Two readings of a string exist. The strict one accepts exactly RFC 8259, except that bytes of 0x80
and above are not checked for UTF-8: a client that sends a broken byte must not be able to keep its
own request out of the log. The lenient one also accepts ``\xHH`` and raw control bytes, which
nginx and Apache write into hand-made JSON formats for the same hostile input.
"""

from typing import Any

import numpy as np

from apisentinel.kernels.bytes import trailing_zeros
from apisentinel.kernels.compiler import inline, intrinsic

QUOTE, BACKSLASH, COMMA, COLON = 0x22, 0x5C, 0x2C, 0x3A
OPEN_OBJECT, CLOSE_OBJECT, OPEN_LIST, CLOSE_LIST = 0x7B, 0x7D, 0x5B, 0x5D
MINUS, DOT, SPACE = 0x2D, 0x2E, 0x20


@intrinsic
def string_stops(tools: Any, buffer: Any, offset: Any) -> Any:
    """Bit k < 32 is set where ``buffer[offset + k]`` is a quote, backslash or control byte."""
    ir, types = tools
    i8, i32, i64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = ir.VectorType(i8, 32)
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        address = builder.gep(builder.bitcast(data, i8.as_pointer()), [args[1]])
        lanes = builder.load(builder.bitcast(address, vector.as_pointer()), align=1)
        quote = builder.icmp_unsigned("==", lanes, ir.Constant(vector, [QUOTE] * 32))
        slash = builder.icmp_unsigned("==", lanes, ir.Constant(vector, [BACKSLASH] * 32))
        control = builder.icmp_unsigned("<", lanes, ir.Constant(vector, [SPACE] * 32))
        stops = builder.or_(builder.or_(quote, slash), control)
        return builder.zext(builder.bitcast(stops, i32), i64)

    return types.uint64(buffer, types.int64), generate


@inline
def skip_space(buffer, i, end):
    """First index from `i` that is no JSON white space, else `end`."""
    while i < end:
        c = buffer[i]
        if c > SPACE or (c != SPACE and c != 0x09 and c != 0x0D and c != 0x0A):
            return i
        i += 1
    return end


@inline
def hex_digit(c):
    """Value of a hexadecimal digit, -1 for any other byte."""
    v = np.int64(c)
    if 0x30 <= v <= 0x39:
        return v - 0x30
    v |= 0x20
    if 0x61 <= v <= 0x66:
        return v - 0x57
    return np.int64(-1)


@inline
def hex_value(buffer, i, digits):
    """Number written in `digits` hexadecimal digits at `i`, -1 when one of them is none."""
    value = np.int64(0)
    for k in range(digits):
        d = hex_digit(buffer[i + k])
        if d < 0:
            return np.int64(-1)
        value = value * 16 + d
    return value


@inline
def scan_string(buffer, i, end, lenient):
    """Checks the string whose first inner byte is at `i`.

    Returns:
        Index of the closing quote, -1 when the string is not valid before `end`; and whether it
        holds an escape.
    """
    escaped = False
    while True:
        mask = string_stops(buffer, i)
        if mask == 0:
            i += 32
            if i >= end:
                return np.int64(-1), escaped
            continue
        i += np.int64(trailing_zeros(mask))
        if i >= end:
            return np.int64(-1), escaped
        c = buffer[i]
        if c == QUOTE:
            return i, escaped
        if c != BACKSLASH:
            if not lenient:
                return np.int64(-1), escaped
            i += 1
            continue
        escaped = True
        if i + 1 >= end:
            return np.int64(-1), escaped
        e = buffer[i + 1]
        if e == 0x75 and i + 6 <= end and hex_value(buffer, i + 2, 4) >= 0:
            i += 6
        elif (
            lenient
            or e == QUOTE
            or e == BACKSLASH
            or e == 0x2F
            or e == 0x62
            or e == 0x66
            or e == 0x6E
            or e == 0x72
            or e == 0x74
        ):
            i += 2
        else:
            return np.int64(-1), escaped


@inline
def scan_number(buffer, i, end):
    """Index after the JSON number that begins at `i`, -1 when there is none."""
    if i < end and buffer[i] == MINUS:
        i += 1
    if i >= end or buffer[i] < 0x30 or buffer[i] > 0x39:
        return np.int64(-1)
    if buffer[i] == 0x30:
        i += 1
    else:
        while i < end and 0x30 <= buffer[i] <= 0x39:
            i += 1
    if i < end and buffer[i] == DOT:
        i += 1
        if i >= end or buffer[i] < 0x30 or buffer[i] > 0x39:
            return np.int64(-1)
        while i < end and 0x30 <= buffer[i] <= 0x39:
            i += 1
    if i < end and (buffer[i] | 0x20) == 0x65:
        i += 1
        if i < end and (buffer[i] == 0x2B or buffer[i] == MINUS):
            i += 1
        if i >= end or buffer[i] < 0x30 or buffer[i] > 0x39:
            return np.int64(-1)
        while i < end and 0x30 <= buffer[i] <= 0x39:
            i += 1
    return np.int64(i)


@inline
def scan_literal(buffer, i, end):
    """Index after ``true``, ``false`` or ``null`` at `i`, -1 when there is none of them."""
    c = buffer[i]
    if (
        c == 0x74
        and i + 4 <= end
        and buffer[i + 1] == 0x72
        and buffer[i + 2] == 0x75
        and buffer[i + 3] == 0x65
    ):
        return np.int64(i + 4)
    if (
        c == 0x6E
        and i + 4 <= end
        and buffer[i + 1] == 0x75
        and buffer[i + 2] == 0x6C
        and buffer[i + 3] == 0x6C
    ):
        return np.int64(i + 4)
    if (
        c == 0x66
        and i + 5 <= end
        and buffer[i + 1] == 0x61
        and buffer[i + 2] == 0x6C
        and buffer[i + 3] == 0x73
        and buffer[i + 4] == 0x65
    ):
        return np.int64(i + 5)
    return np.int64(-1)


@inline
def put_code_point(out, at, code):
    """Writes one code point as UTF-8; returns the index after it. A surrogate becomes U+FFFD."""
    if 0xD800 <= code <= 0xDFFF:
        code = np.int64(0xFFFD)
    if code < 0x80:
        out[at] = code
        return at + 1
    if code < 0x800:
        out[at] = 0xC0 | (code >> 6)
        out[at + 1] = 0x80 | (code & 0x3F)
        return at + 2
    if code < 0x10000:
        out[at] = 0xE0 | (code >> 12)
        out[at + 1] = 0x80 | ((code >> 6) & 0x3F)
        out[at + 2] = 0x80 | (code & 0x3F)
        return at + 3
    out[at] = 0xF0 | (code >> 18)
    out[at + 1] = 0x80 | ((code >> 12) & 0x3F)
    out[at + 2] = 0x80 | ((code >> 6) & 0x3F)
    out[at + 3] = 0x80 | (code & 0x3F)
    return at + 4


@inline
def plain_escape(c):
    """The byte that a one-letter escape stands for, -1 when the letter is no escape."""
    if c == QUOTE or c == BACKSLASH or c == 0x2F:
        return np.int64(c)
    if c == 0x6E:
        return np.int64(0x0A)
    if c == 0x72:
        return np.int64(0x0D)
    if c == 0x74:
        return np.int64(0x09)
    if c == 0x62:
        return np.int64(0x08)
    if c == 0x66:
        return np.int64(0x0C)
    return np.int64(-1)


@inline
def unescape(source, begin, end, out, at):
    """Writes the text of a checked string's inner bytes to ``out[at:]``; gives the index after it.

    The text is never longer than its escaped form, so `out` may be `source` and `at` may be
    `begin`.
    """
    i = begin
    while i < end:
        c = source[i]
        if c != BACKSLASH or i + 1 >= end:
            out[at] = c
            at += 1
            i += 1
            continue
        e = source[i + 1]
        plain = plain_escape(e)
        if plain >= 0:
            out[at] = plain
            at += 1
            i += 2
            continue
        if e == 0x75 and i + 6 <= end:
            code = hex_value(source, i + 2, 4)
            if code >= 0:
                i += 6
                if (
                    0xD800 <= code < 0xDC00
                    and i + 6 <= end
                    and source[i] == BACKSLASH
                    and source[i + 1] == 0x75
                ):
                    low = hex_value(source, i + 2, 4)
                    if 0xDC00 <= low < 0xE000:
                        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
                        i += 6
                at = put_code_point(out, at, code)
                continue
        if e == 0x78 and i + 4 <= end:
            code = hex_value(source, i + 2, 2)
            if code >= 0:
                out[at] = code
                at += 1
                i += 4
                continue
        out[at] = c
        at += 1
        i += 1
    return at


@inline
def skip_value(buffer, i, end):
    """Index after the value at `i` of JSON that was checked before."""
    depth = 0
    while i < end:
        c = buffer[i]
        if c == QUOTE:
            close, _ = scan_string(buffer, i + 1, end, True)
            i = close + 1 if close >= 0 else end
        elif c == OPEN_OBJECT or c == OPEN_LIST:
            depth += 1
            i += 1
        elif c == CLOSE_OBJECT or c == CLOSE_LIST:
            depth -= 1
            if depth < 0:
                return np.int64(i)
            i += 1
        elif depth == 0 and (c == COMMA or c <= SPACE):
            return np.int64(i)
        else:
            i += 1
        if depth == 0 and (c == QUOTE or c == CLOSE_OBJECT or c == CLOSE_LIST):
            return min(np.int64(i), np.int64(end))
    return np.int64(end)
