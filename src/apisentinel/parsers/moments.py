"""Times of log lines to microseconds UTC; building blocks of the parser kernels.

Every reader takes ``(buffer, begin, end)`` and gives ``(micros, next)``: `next` is the index after
the time, `UNKNOWN` when the bytes do not look like this kind of time, `INVALID` when they do but
name no moment (29 February of a common year, hour 24, a zone beyond 14 hours).
"""

import numpy as np

from apisentinel.kernels.bytes import load64
from apisentinel.kernels.compiler import inline

UNKNOWN, INVALID = -1, -2

LATEST_ZONE = 14 * 60
"""Minutes; no zone on Earth is further from UTC (Line Islands, +14:00)."""

_MONTHS = b"   JanFebMarAprMayJunJulAugSepOctNovDec"
MONTH_NUMBER = np.zeros(4096, np.int8)
"""Month number by `_month_slot`; the slots of the twelve names are distinct."""
MONTH_NAME = np.zeros(13, np.int32)
for _m in range(1, 13):
    _name = _MONTHS[3 * _m : 3 * _m + 3]
    _slot = ((_name[0] & 31) << 7 ^ (_name[1] & 31) << 4 ^ (_name[2] & 31)) & 4095
    MONTH_NUMBER[_slot] = _m
    MONTH_NAME[_m] = (_name[0] | _name[1] << 8 | _name[2] << 16) | 0x202020
MONTH_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)


@inline
def is_digit(byte):
    """True for ``0`` to ``9``."""
    return np.uint8(byte - np.uint8(48)) <= 9


@inline
def two(buffer, at):
    """Two decimal digits as a number, -1000000 when one is no digit."""
    high, low = np.int64(buffer[at]) - 48, np.int64(buffer[at + 1]) - 48
    if high < 0 or high > 9 or low < 0 or low > 9:
        return np.int64(-1000000)
    return high * 10 + low


@inline
def month_at(buffer, at):
    """Number of the English month abbreviation at `at` in any case, 0 for none."""
    a, b, c = np.int64(buffer[at]), np.int64(buffer[at + 1]), np.int64(buffer[at + 2])
    month = np.int64(MONTH_NUMBER[((a & 31) << 7 ^ (b & 31) << 4 ^ (c & 31)) & 4095])
    if month != 0 and np.int64(MONTH_NAME[month]) != ((a | b << 8 | c << 16) | 0x202020):
        return np.int64(0)
    return month


@inline
def civil_micros(year, month, day, seconds):
    """Microseconds since 1970 of a civil date and seconds of the day; `INVALID` in the second value
    for no such day.
    """
    if month < 1 or month > 12 or day < 1 or year < 1:
        return np.int64(0), False
    longest = MONTH_DAYS[month]
    if month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0):
        longest = np.int64(29)
    if day > longest:
        return np.int64(0), False
    y = year - (1 if month <= 2 else 0)
    era = y // 400
    of_era = y - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    days = era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468
    return (days * 86400 + seconds) * 1000000, True


@inline
def clock(buffer, at, end):
    """``hh:mm:ss`` as seconds of the day, `UNKNOWN` or `INVALID`. Second 60 counts as the first of
    the next minute.
    """
    if at + 8 > end or buffer[at + 2] != 58 or buffer[at + 5] != 58:
        return np.int64(UNKNOWN)
    hour, minute, second = two(buffer, at), two(buffer, at + 3), two(buffer, at + 6)
    if hour < 0 or minute < 0 or second < 0:
        return np.int64(UNKNOWN)
    if hour > 23 or minute > 59 or second > 60:
        return np.int64(INVALID)
    return hour * 3600 + minute * 60 + second


@inline
def fraction(buffer, at, end):
    """Digits of a decimal fraction as microseconds, and the index after all of them."""
    value, scale, i = np.int64(0), np.int64(100000), at
    while i < end and is_digit(buffer[i]):
        value += (np.int64(buffer[i]) - 48) * scale
        scale //= 10
        i += 1
    return value, i


@inline
def zone(buffer, at, end):
    """``Z``, ``UTC``, ``GMT``, ``+hh``, ``+hhmm``, ``+hh:mm`` as ``(minutes, next)``; without a
    zone ``(0, at)``.
    """
    if at >= end:
        return np.int64(0), at
    sign = buffer[at]
    if sign == 90 or sign == 122:
        return np.int64(0), at + 1
    if at + 3 <= end and (
        (sign == 85 and buffer[at + 1] == 84 and buffer[at + 2] == 67)
        or (sign == 71 and buffer[at + 1] == 77 and buffer[at + 2] == 84)
    ):
        return np.int64(0), at + 3
    if sign != 43 and sign != 45:
        return np.int64(0), at
    hours = two(buffer, at + 1)
    if at + 3 > end or hours < 0:
        return np.int64(0), np.int64(UNKNOWN)
    i = at + 3
    minutes = np.int64(0)
    colon = 1 if i < end and buffer[i] == 58 else 0
    if i + colon + 2 <= end and two(buffer, i + colon) >= 0:
        minutes = two(buffer, i + colon)
        i += colon + 2
    total = hours * 60 + minutes
    if minutes > 59 or total > LATEST_ZONE:
        return np.int64(0), np.int64(INVALID)
    return (-total if sign == 45 else total), i


@inline
def _finish(buffer, i, end, year, month, day, seconds):
    """Fraction and zone after ``hh:mm:ss``, then the whole moment."""
    micros = np.int64(0)
    if i + 1 < end and (buffer[i] == 46 or buffer[i] == 44) and is_digit(buffer[i + 1]):
        micros, i = fraction(buffer, i + 1, end)
    at = i
    if i + 1 < end and buffer[i] == 32:
        nxt = buffer[i + 1]
        if (
            (nxt == 43 or nxt == 45)
            and i + 4 <= end
            and is_digit(buffer[i + 2])
            and is_digit(buffer[i + 3])
        ):
            at = i + 1
        elif (nxt == 71 or nxt == 85) and i + 4 <= end and buffer[i + 3] in (67, 84):
            at = i + 1
    minutes, after = zone(buffer, at, end)
    if after < 0:
        return np.int64(0), after
    if after == at:
        after = i
    base, known = civil_micros(year, month, day, seconds)
    if not known:
        return np.int64(0), np.int64(INVALID)
    return base + micros - minutes * 60000000, after


@inline
def _all_digits(word, mask):
    """True when all bytes of `word` selected by `mask` (0xFF each) are decimal digits."""
    x = (word ^ np.uint64(0x3030303030303030)) & mask
    return (x | (x + np.uint64(0x7676767676767676))) & np.uint64(0x8080808080808080) & mask == 0


@inline
def _digit(word, place):
    """Value of the decimal digit at byte `place` of a word."""
    return np.int64((word >> np.uint64(8 * place)) & np.uint64(15))


@inline
def _usual_clf_time(buffer, at):
    """``10/Oct/2000:13:55:36 -0700`` by three loads of eight bytes; `UNKNOWN` for any deviation,
    which the general reader then looks at.
    """
    a, b, c = load64(buffer, at), load64(buffer, at + 8), load64(buffer, at + 16)
    known = (
        (a & np.uint64(0x00FF000000FF0000)) == np.uint64(0x002F0000002F0000)
        and (b & np.uint64(0x00FF0000FF000000)) == np.uint64(0x003A00003A000000)
        and (c & np.uint64(0x000000FF0000FF00)) == np.uint64(0x0000002000003A00)
        and _all_digits(a, np.uint64(0xFF0000000000FFFF))
        and _all_digits(b, np.uint64(0xFF00FFFF00FFFFFF))
        and _all_digits(c, np.uint64(0xFFFF000000FF00FF))
    )
    sign, minutes = buffer[at + 21], two(buffer, at + 24)
    month = month_at(buffer, at + 3)
    if not known or (sign != 43 and sign != 45) or minutes < 0 or minutes > 59 or month == 0:
        return np.int64(0), np.int64(UNKNOWN)
    year = _digit(a, 7) * 1000 + _digit(b, 0) * 100 + _digit(b, 1) * 10 + _digit(b, 2)
    hour, minute = _digit(b, 4) * 10 + _digit(b, 5), _digit(b, 7) * 10 + _digit(c, 0)
    second = _digit(c, 2) * 10 + _digit(c, 3)
    ahead = (_digit(c, 6) * 10 + _digit(c, 7)) * 60 + minutes
    if hour > 23 or minute > 59 or second > 60 or ahead > LATEST_ZONE:
        return np.int64(0), np.int64(UNKNOWN)
    base, real = civil_micros(
        year, month, _digit(a, 0) * 10 + _digit(a, 1), hour * 3600 + minute * 60 + second
    )
    if not real:
        return np.int64(0), np.int64(UNKNOWN)
    return base + (ahead if sign == 45 else -ahead) * 60000000, at + 26


@inline
def clf_time(buffer, at, end):
    """``10/Oct/2000:13:55:36 -0700``; also one-digit days, a fraction, a space before the clock, a
    named or no zone.
    """
    if at + 20 > end:
        return np.int64(0), np.int64(UNKNOWN)
    if at + 27 <= end and not is_digit(buffer[at + 26]):
        micros, after = _usual_clf_time(buffer, at)
        if after >= 0:
            return micros, after
    i = at
    day = two(buffer, i)
    if day >= 0:
        i += 2
    elif is_digit(buffer[i]):
        day = np.int64(buffer[i]) - 48
        i += 1
    if day < 0 or buffer[i] != 47 or buffer[i + 4] != 47:
        return np.int64(0), np.int64(UNKNOWN)
    month = month_at(buffer, i + 1)
    high, low = two(buffer, i + 5), two(buffer, i + 7)
    if high < 0 or low < 0 or (buffer[i + 9] != 58 and buffer[i + 9] != 32):
        return np.int64(0), np.int64(UNKNOWN)
    seconds = clock(buffer, i + 10, end)
    if seconds < 0:
        return np.int64(0), seconds
    if month == 0:
        return np.int64(0), np.int64(INVALID)
    return _finish(buffer, i + 18, end, high * 100 + low, month, day, seconds)


@inline
def iso_time(buffer, at, end, separator):
    """``2000-10-10T13:55:36.123Z``: any fraction, ``T``, ``t`` or a space, a zone or none (UTC);
    `separator` of the date.
    """
    if at + 19 > end or buffer[at + 4] != separator or buffer[at + 7] != separator:
        return np.int64(0), np.int64(UNKNOWN)
    high, low, month, day = (
        two(buffer, at),
        two(buffer, at + 2),
        two(buffer, at + 5),
        two(buffer, at + 8),
    )
    between = buffer[at + 10]
    if (
        high < 0
        or low < 0
        or month < 0
        or day < 0
        or (between != 84 and between != 116 and between != 32)
    ):
        return np.int64(0), np.int64(UNKNOWN)
    seconds = clock(buffer, at + 11, end)
    if seconds < 0:
        return np.int64(0), seconds
    return _finish(buffer, at + 19, end, high * 100 + low, month, day, seconds)


@inline
def c_time(buffer, at, end):
    """``Fri Oct 08 17:08:41.203277 2021`` as Apache's error log and asctime write it; UTC."""
    if at + 24 > end or buffer[at + 3] != 32 or buffer[at + 7] != 32 or buffer[at + 10] != 32:
        return np.int64(0), np.int64(UNKNOWN)
    month = month_at(buffer, at + 4)
    day = two(buffer, at + 8)
    if day < 0 and buffer[at + 8] == 32 and is_digit(buffer[at + 9]):
        day = np.int64(buffer[at + 9]) - 48
    seconds = clock(buffer, at + 11, end)
    if month == 0 or day < 0 or seconds == UNKNOWN:
        return np.int64(0), np.int64(UNKNOWN)
    if seconds < 0:
        return np.int64(0), seconds
    i = at + 19
    micros = np.int64(0)
    if buffer[i] == 46:
        micros, i = fraction(buffer, i + 1, end)
    if i + 5 > end or buffer[i] != 32 or two(buffer, i + 1) < 0 or two(buffer, i + 3) < 0:
        return np.int64(0), np.int64(UNKNOWN)
    base, known = civil_micros(two(buffer, i + 1) * 100 + two(buffer, i + 3), month, day, seconds)
    if not known:
        return np.int64(0), np.int64(INVALID)
    return base + micros, i + 5


@inline
def epoch_time(buffer, at, end):
    """Seconds with or without a fraction, or whole milli-, micro- or nanoseconds, told apart by
    their size.
    """
    value, digits, i = np.int64(0), 0, at
    while i < end and is_digit(buffer[i]) and digits < 19:
        value = value * 10 + (np.int64(buffer[i]) - 48)
        digits += 1
        i += 1
    if digits == 0 or (i < end and is_digit(buffer[i])):
        return np.int64(0), np.int64(UNKNOWN)
    if value < 0 or (digits == 19 and value < 1000000000000000000):
        return np.int64(0), np.int64(INVALID)
    if digits <= 11:
        micros = np.int64(0)
        if i + 1 < end and buffer[i] == 46 and is_digit(buffer[i + 1]):
            micros, i = fraction(buffer, i + 1, end)
        return value * 1000000 + micros, i
    if digits <= 14:
        return value * 1000, i
    if digits <= 17:
        return value, i
    return value // 1000, i
