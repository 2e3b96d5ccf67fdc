"""Skips what log shippers and containers write in front of a line; building blocks of the line
kernel.

Known: syslog (RFC 3164 and 5424, with or without priority, ISO times), a bare program tag (``nginx:
``, ``haproxy[12]: ``), the Kubernetes runtime (``2024-01-01T00:00:00Z stdout F ``), ``docker logs
-t``, ``docker compose`` (``web-1  | ``, coloured or not), ``kubectl logs --prefix``
(``[pod/name/container] ``), and a byte order mark. Service names of ``docker compose`` start with a
letter here, so that lines which start with an address are not searched for a bar.
"""

import numpy as np

from apisentinel.kernels.bytes import find
from apisentinel.kernels.compiler import inline
from apisentinel.parsers.moments import is_digit, month_at, two

MOST_PREFIXES = 4
"""Prefixes in front of each other: byte order mark, compose, syslog and tag make four."""

LONGEST_WORD = 128
"""Bytes of a host name, program tag or service name; a longer word is content."""

LONGEST_DATA = 4096
"""Bytes of the structured data of a syslog line that are searched for its end."""


@inline
def _word(buffer, at, end):
    """Index of the blank after the word at `at`; `end` when the word is too long."""
    stop = find(buffer, at, min(end, at + LONGEST_WORD), 32)
    return stop if stop < min(end, at + LONGEST_WORD) else end


@inline
def _blanks(buffer, at, end):
    """Index of the first byte that is no blank."""
    while at < end and buffer[at] == 32:
        at += 1
    return at


@inline
def _is_word_byte(byte):
    """True for letters, digits, ``-``, ``_``, ``.`` and ``/``."""
    return (
        is_digit(byte)
        or np.uint8((byte | np.uint8(32)) - np.uint8(97)) <= 25
        or byte == 45
        or byte == 95
        or byte == 46
        or byte == 47
    )


@inline
def _tag(buffer, at, end):
    """Index after ``name: ``, ``name[pid]: `` or ``name [pid]: `` at `at`, else -1. A name starts
    with a letter and has no dot.
    """
    i = at
    if i >= end or not (np.uint8((buffer[i] | np.uint8(32)) - np.uint8(97)) <= 25):
        return np.int64(-1)
    while i < end and i - at < LONGEST_WORD and _is_word_byte(buffer[i]) and buffer[i] != 46:
        i += 1
    if i + 1 < end and buffer[i] == 32 and buffer[i + 1] == 91:
        i += 1
    if i < end and buffer[i] == 91:
        i += 1
        if i >= end or not is_digit(buffer[i]):
            return np.int64(-1)
        while i < end and is_digit(buffer[i]):
            i += 1
        if i >= end or buffer[i] != 93:
            return np.int64(-1)
        i += 1
    if i + 1 >= end or buffer[i] != 58 or buffer[i + 1] != 32:
        return np.int64(-1)
    return _blanks(buffer, i + 1, end)


@inline
def _after_host(buffer, at, end):
    """Index after ``host tag: `` or ``tag: `` or ``host `` at `at`."""
    direct = _tag(buffer, at, end)
    if direct >= 0:
        return direct
    stop = _word(buffer, at, end)
    if stop >= end:
        return at
    after = _blanks(buffer, stop, end)
    tagged = _tag(buffer, after, end)
    if tagged >= 0:
        return tagged
    colon = find(buffer, after, _word(buffer, after, end), 58)
    if colon + 1 < end and buffer[colon] == 58 and buffer[colon + 1] == 32:
        return _blanks(buffer, colon + 1, end)
    return after


@inline
def _iso_end(buffer, at, end):
    """Index after ``yyyy-mm-ddThh:mm:ss[.fraction][zone]``, and its number of fraction digits; -1
    for anything else.
    """
    if (
        at + 20 > end
        or buffer[at + 4] != 45
        or buffer[at + 7] != 45
        or (buffer[at + 10] != 84 and buffer[at + 10] != 116)
    ):
        return np.int64(-1), 0
    if (
        two(buffer, at) < 0
        or two(buffer, at + 5) < 0
        or buffer[at + 13] != 58
        or buffer[at + 16] != 58
    ):
        return np.int64(-1), 0
    i, digits = at + 19, 0
    if buffer[i] == 46:
        i += 1
        while i < end and is_digit(buffer[i]):
            i += 1
            digits += 1
    while i < end and (
        is_digit(buffer[i])
        or buffer[i] == 43
        or buffer[i] == 45
        or buffer[i] == 58
        or buffer[i] == 90
    ):
        i += 1
    if i >= end or buffer[i] != 32:
        return np.int64(-1), 0
    return i, digits


@inline
def _syslog_5424(buffer, at, end):
    """Index of the message behind ``TIME HOST APP PROCID MSGID DATA`` at `at`, -1 for anything
    else.
    """
    i = at
    for _ in range(5):
        stop = _word(buffer, i, end)
        if stop >= end:
            return np.int64(-1)
        i = stop + 1
    if buffer[i] == 45:
        i += 1
    else:
        limit = min(end, i + LONGEST_DATA)
        while i < limit and buffer[i] == 91:
            close = find(buffer, i, limit, 93)
            while close < limit and buffer[close - 1] == 92:
                close = find(buffer, close + 1, limit, 93)
            i = close + 1
    i = _blanks(buffer, i, end)
    if i + 3 <= end and buffer[i] == 0xEF and buffer[i + 1] == 0xBB and buffer[i + 2] == 0xBF:
        i += 3
    return min(i, end)


@inline
def _colour(buffer, at, end):
    """Index after a terminal colour (``ESC [ … m``) at `at`, else `at`."""
    if at + 2 < end and buffer[at] == 27 and buffer[at + 1] == 91:
        stop = find(buffer, at, min(end, at + 16), 109)
        if stop < min(end, at + 16):
            return stop + 1
    return at


@inline
def _compose(buffer, at, end):
    """Index after ``name  | `` at `at`, else -1."""
    i = at
    while i < end and i - at < LONGEST_WORD and _is_word_byte(buffer[i]) and buffer[i] != 47:
        i += 1
    if i == at or i >= end or buffer[i] != 32:
        return np.int64(-1)
    i = _blanks(buffer, i, end)
    if i >= end or buffer[i] != 124:
        return np.int64(-1)
    i = _colour(buffer, i + 1, end)
    if i >= end or buffer[i] != 32:
        return np.int64(-1)
    return _blanks(buffer, i, end)


@inline
def _one(buffer, at, end):
    """Index after one prefix, `at` when there is none."""
    first = buffer[at]
    if is_digit(first):
        stop, digits = _iso_end(buffer, at, end)
        if stop >= 0:
            word = _word(buffer, stop + 1, end)
            if (
                word - stop == 7
                and word + 3 <= end
                and buffer[stop + 1] == 115
                and buffer[stop + 2] == 116
                and buffer[stop + 3] == 100
            ):
                return min(word + 3, end)
            if digits == 9 and buffer[stop - 1] == 90:
                return stop + 1
            tagged = _tag(buffer, _blanks(buffer, word, end), end) if word < end else np.int64(-1)
            return at if tagged < 0 else tagged
        return at
    if first == 123:
        return at
    if first == 60:
        close = find(buffer, at, min(end, at + 5), 62)
        if close >= min(end, at + 5) or close == at + 1 or not is_digit(buffer[at + 1]):
            return at
        if close + 2 < end and buffer[close + 1] == 49 and buffer[close + 2] == 32:
            after = _syslog_5424(buffer, close + 3, end)
            return at if after < 0 else after
        at = close + 1
        stop, _ = _iso_end(buffer, at, end)
        if stop >= 0:
            return _after_host(buffer, stop + 1, end)
        if month_at(buffer, at) == 0:
            return _blanks(buffer, at, end)
    elif first == 27:
        return _colour(buffer, at, end)
    elif first == 0xEF and buffer[at + 1] == 0xBB and buffer[at + 2] == 0xBF:
        return min(at + 3, end)
    elif (
        first == 91
        and at + 5 < end
        and buffer[at + 1] == 112
        and buffer[at + 2] == 111
        and buffer[at + 3] == 100
        and buffer[at + 4] == 47
    ):
        close = find(buffer, at, min(end, at + 2 * LONGEST_WORD), 93)
        if close + 1 < end and buffer[close] == 93 and buffer[close + 1] == 32:
            return close + 2
        return at
    if (
        at + 16 < end
        and month_at(buffer, at) != 0
        and buffer[at + 3] == 32
        and buffer[at + 9] == 58
        and buffer[at + 12] == 58
        and buffer[at + 15] == 32
    ):
        return _after_host(buffer, at + 16, end)
    tagged = _tag(buffer, at, end)
    if tagged >= 0:
        return tagged
    compose = _compose(buffer, at, end)
    return at if compose < 0 else compose


@inline
def skip_prefix(buffer, begin, end):
    """Index of the first byte of the line proper."""
    at = begin
    for _ in range(MOST_PREFIXES):
        while at < end and (buffer[at] == 32 or buffer[at] == 9):
            at += 1
        if at >= end:
            break
        after = _one(buffer, at, end)
        if after == at:
            break
        at = after
    return min(at, end)
