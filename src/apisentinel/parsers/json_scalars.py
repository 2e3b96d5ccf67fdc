"""Numbers and times in the spellings of log producers, read exactly.

No floating point, so the same on every host.
"""

import numpy as np

from apisentinel.kernels.compiler import inline
from apisentinel.parsers.json_syntax import COMMA, DOT, MINUS, SPACE
from apisentinel.parsers.moments import c_time, clf_time, is_digit, iso_time

SECOND, MILLI, MICRO, NANO = 6, 3, 0, -3
"""Units of durations as the power of ten that gives microseconds."""

LARGEST = 1 << 62
"""Bound of every number that is read; larger ones are refused rather than wrapped."""

SECONDS_BELOW, MILLIS_BELOW, MICROS_BELOW = 10**11, 10**14, 10**17
"""An epoch value below 10^11 is seconds (until the year 5138; as milliseconds it would be before
1973-03-03), and so on."""


@inline
def read_decimal(s, i, end, shift):
    """Reads ``[-]digits[.digits][e[±]digits]`` at `i`, times ten to the power `shift`.

    Returns:
        Value rounded half away from zero, index after the number; the index is -1 when there is no
        number or it is too large.
    """
    bad = np.int64(-1)
    negative = i < end and s[i] == MINUS
    if negative:
        i += 1
    mantissa, exponent, digits = np.int64(0), np.int64(shift), 0
    point = False
    while i < end:
        c = s[i]
        if is_digit(c):
            digits += 1
            if mantissa <= LARGEST // 10:
                mantissa = mantissa * 10 + (np.int64(c) - 0x30)
                exponent -= 1 if point else 0
            elif not point:
                exponent += 1
        elif c == DOT and not point:
            point = True
        else:
            break
        i += 1
    if digits == 0:
        return np.int64(0), bad
    if (
        i + 1 < end
        and (s[i] | 0x20) == 0x65
        and (is_digit(s[i + 1]) or (i + 2 < end and is_digit(s[i + 2])))
    ):
        j = i + 1
        sign = np.int64(1)
        if s[j] == MINUS or s[j] == 0x2B:
            sign = np.int64(-1) if s[j] == MINUS else np.int64(1)
            j += 1
        if is_digit(s[j]):
            power = np.int64(0)
            while j < end and is_digit(s[j]):
                power = min(power * 10 + (np.int64(s[j]) - 0x30), 1000)
                j += 1
            exponent += sign * power
            i = j
    while exponent > 0 and mantissa != 0:
        if mantissa > LARGEST // 10:
            return np.int64(0), bad
        mantissa *= 10
        exponent -= 1
    rest = np.int64(0)
    while exponent < 0 and (mantissa != 0 or rest != 0):
        rest = mantissa % 10
        mantissa //= 10
        exponent += 1
    if rest >= 5:
        mantissa += 1
    if mantissa > LARGEST:
        return np.int64(0), bad
    return (-mantissa if negative else mantissa), np.int64(i)


@inline
def read_integer(s, begin, end):
    """Whole number of a text; what follows a space or comma is ignored (``200 OK``, ``502, 200``).

    Returns:
        Value and whether there was one.
    """
    i = begin
    while i < end and s[i] == SPACE:
        i += 1
    value, after = read_decimal(s, i, end, 0)
    if after < 0 or (after < end and s[after] != SPACE and s[after] != COMMA):
        return np.int64(0), False
    return value, True


@inline
def read_duration(s, begin, end, unit):
    """Microseconds of ``0.123``, ``0.1s``, ``12ms``, ``1m2.5s``; `unit` is that of bare numbers.

    Returns:
        Value and whether there was one.
    """
    i = begin
    total, parts = np.int64(0), 0
    while i < end and s[i] == SPACE:
        i += 1
    while i < end:
        j = i
        while j < end and (is_digit(s[j]) or s[j] == DOT or s[j] == MINUS):
            j += 1
        shift, factor, width = np.int64(unit), np.int64(1), 0
        if j < end:
            c, d = s[j] | 0x20, (s[j + 1] | 0x20 if j + 1 < end else 0)
            if c == 0x73:
                shift, width = np.int64(SECOND), 1
            elif c == 0x6D and d == 0x73:
                shift, width = np.int64(MILLI), 2
            elif c == 0x75 and d == 0x73:
                shift, width = np.int64(MICRO), 2
            elif c == 0x6E and d == 0x73:
                shift, width = np.int64(NANO), 2
            elif (s[j] == 0xC2 or s[j] == 0xCE) and j + 2 < end and (s[j + 2] | 0x20) == 0x73:
                shift, width = np.int64(MICRO), 3
            elif c == 0x6D:
                shift, factor, width = np.int64(SECOND), np.int64(60), 1
            elif c == 0x68:
                shift, factor, width = np.int64(SECOND), np.int64(3600), 1
        value, after = read_decimal(s, i, end, shift)
        if after < 0 or value > LARGEST // 4096:
            return np.int64(0), False
        total += value * factor
        parts += 1
        i = after + width
        if i >= end or s[i] == COMMA or s[i] == SPACE:
            return total, True
        if width == 0 or parts > 4:
            return np.int64(0), False
    return total, parts > 0


@inline
def read_epoch(s, begin, end):
    """Microseconds of an epoch number in s, ms, µs or ns, told apart by size.

    And whether it is one.
    """
    whole = begin
    while whole < end and is_digit(s[whole]):
        whole += 1
    size, after = read_decimal(s, begin, end, 0)
    if after != end or whole == begin or size < 0:
        return np.int64(0), False
    if size < SECONDS_BELOW:
        shift = SECOND
    elif size < MILLIS_BELOW:
        shift = MILLI
    elif size < MICROS_BELOW:
        shift = MICRO
    else:
        shift = NANO
    value, after = read_decimal(s, begin, end, shift)
    return value, after == end


@inline
def is_epoch(s, begin, end):
    """True when a text is made of the bytes of an unsigned number only."""
    for k in range(begin, end):
        if not is_digit(s[k]) and s[k] != DOT and (s[k] | 0x20) != 0x65 and s[k] != 0x2B:
            return False
    return True


@inline
def read_time(s, begin, end):
    """Microseconds since 1970 of a time in a usual spelling; and whether the whole text is one.

    RFC 3339 and its relatives (space for ``T``, comma for the fraction, no zone = UTC), the Common
    Log Format with or without brackets, asctime, and epoch numbers.
    """
    while begin < end and (s[begin] == SPACE or s[begin] == 0x5B):
        begin += 1
    while end > begin and (s[end - 1] == SPACE or s[end - 1] == 0x5D):
        end -= 1
    if begin == end:
        return np.int64(0), False
    if is_epoch(s, begin, end):
        return read_epoch(s, begin, end)
    micros, after = np.int64(0), np.int64(-1)
    if end - begin >= 10 and is_digit(s[begin]):
        mark = s[begin + 4]
        if mark == MINUS or mark == 0x2F:
            micros, after = iso_time(s, begin, end, mark)
        else:
            micros, after = clf_time(s, begin, end)
    elif end - begin >= 24:
        micros, after = c_time(s, begin, end)
    return micros, after == end
