"""Readers of single fields and of whole field groups that several formats share; building blocks of
the parser kernels.

A reader gives the index after what it read, or `UNKNOWN` / `INVALID` (see `moments`).
"""

import numpy as np

from apisentinel.kernels.bytes import find, load64
from apisentinel.kernels.compiler import inline
from apisentinel.parsers.moments import INVALID, UNKNOWN, clf_time, fraction, is_digit, iso_time
from apisentinel.parsers.request import address_kind, without_port
from apisentinel.records.batch import MISSING, TEXT_INDEX

HOST, PEER, USER = TEXT_INDEX["host"], TEXT_INDEX["peer_ip"], TEXT_INDEX["user_id"]
AGENT, REFERER = TEXT_INDEX["user_agent"], TEXT_INDEX["referer"]

MOST_BRACKETS = 8
"""Places where the time of a CLF line is looked for; a user name may hold brackets, an endless row
of them is no name.
"""

MOST_EXTRAS = 64
"""Fields behind the user agent that are looked at."""

LONGEST_NUMBER = 18
"""Decimal digits that fit into int64 for certain."""


@inline
def same(buffer, at, end, literals, begin, length):
    """True when the literal lies at `at`, inside the line."""
    if at + length > end:
        return False
    if 0 < length <= 8:
        differ = load64(buffer, at) ^ load64(literals, begin)
        return differ << np.uint64(64 - 8 * length) == 0
    for k in range(length):
        if buffer[at + k] != literals[begin + k]:
            return False
    return True


@inline
def seek(buffer, at, end, literals, begin, length, digit):
    """First place of the literal from `at` on, `UNKNOWN` when there is none; with `digit` one
    before a digit or ``-``.
    """
    first = literals[begin]
    j = find(buffer, at, end, first)
    while j < end:
        if same(buffer, j, end, literals, begin, length):
            if not digit:
                return j
            k = j + length
            if k < end and (is_digit(buffer[k]) or buffer[k] == 45):
                return j
        j = find(buffer, j + 1, end, first)
    return np.int64(UNKNOWN)


@inline
def is_escaped(buffer, begin, at):
    """True when an odd number of backslashes stands before `at`."""
    k = at - 1
    while k >= begin and buffer[k] == 92:
        k -= 1
    return (at - 1 - k) & 1 == 1


@inline
def seek_quoted(buffer, at, end, literals, begin, length, digit):
    """Like `seek` for a literal that starts with a quote: escaped quotes do not count, unless there
    is no other.

    Writers that escape nothing leave a lone backslash before the closing quote; the second search
    accepts their lines.
    """
    j = seek(buffer, at, end, literals, begin, length, digit)
    first = j
    while j >= 0 and is_escaped(buffer, at, j):
        j = seek(buffer, j + 1, end, literals, begin, length, digit)
    return first if j < 0 else j


@inline
def whole_number(buffer, at, end):
    """A decimal with an optional sign as ``(value, next)``; ``-`` alone is `MISSING`, more than 18
    digits are invalid.
    """
    i, sign = at, 1
    if i < end and (buffer[i] == 43 or buffer[i] == 45):
        sign = -1 if buffer[i] == 45 else 1
        i += 1
        if sign < 0 and (i >= end or not is_digit(buffer[i])):
            return np.int64(MISSING), i
    first, value = i, np.int64(0)
    while i < end and is_digit(buffer[i]):
        if i - first >= LONGEST_NUMBER:
            return np.int64(0), np.int64(INVALID)
        value = value * 10 + (np.int64(buffer[i]) - 48)
        i += 1
    if i == first:
        return np.int64(0), np.int64(INVALID)
    return (value if sign > 0 else np.int64(MISSING)), i


@inline
def duration(buffer, at, end, unit):
    """A time span as ``(micros, next)``; `unit` in ns, 0 = written after the number, -1 = s with a
    point, else ms.
    """
    value, i = whole_number(buffer, at, end)
    if i < 0:
        return value, i
    part = np.int64(0)
    pointed = i + 1 < end and buffer[i] == 46 and is_digit(buffer[i + 1])
    if pointed:
        part, i = fraction(buffer, i + 1, end)
    if unit == -1:
        unit = np.int64(1000000000) if pointed else np.int64(1000000)
    if unit == 0:
        unit = np.int64(1000000000)
        if i < end:
            byte = buffer[i]
            if byte == 115:
                i += 1
            elif byte == 109 and i + 1 < end and buffer[i + 1] == 115:
                unit = np.int64(1000000)
                i += 2
            elif byte == 110 and i + 1 < end and buffer[i + 1] == 115:
                unit = np.int64(1)
                i += 2
            elif byte == 117 and i + 1 < end and buffer[i + 1] == 115:
                unit = np.int64(1000)
                i += 2
            elif byte == 194 and i + 2 < end and buffer[i + 1] == 181 and buffer[i + 2] == 115:
                unit = np.int64(1000)
                i += 3
    if value < 0:
        return np.int64(MISSING), i
    value = min(value, np.int64(9000000000000000) // max(unit // 1000, np.int64(1)))
    if unit >= 1000:
        return value * (unit // 1000) + part * (unit // 1000) // 1000000, i
    return value * unit // 1000, i


@inline
def timers(buffer, at, end):
    """HAProxy's five timers in ms; gives the last one, the total, in microseconds."""
    i, value = at, np.int64(MISSING)
    for k in range(5):
        value, i = whole_number(buffer, i, end)
        if i < 0 or (k < 4 and (i >= end or buffer[i] != 47)):
            return np.int64(MISSING), np.int64(UNKNOWN)
        if k < 4:
            i += 1
    return (np.int64(MISSING) if value < 0 else min(value, np.int64(9000000000000)) * 1000), i


@inline
def put(spans, column, row, begin, end):
    """Stores a text field; ``-`` is checked by the caller."""
    spans[column, row, 0] = begin
    spans[column, row, 1] = end


@inline
def is_absent(buffer, begin, end):
    """True for nothing and for ``-``."""
    return end <= begin or (end - begin == 1 and buffer[begin] == 45)


@inline
def is_address_list(buffer, begin, end):
    """True for one or more addresses without ports, separated by commas."""
    i, seen = begin, 0
    while i < end:
        stop = find(buffer, i, end, 44)
        last = stop
        while last > i and buffer[last - 1] == 32:
            last -= 1
        kind = address_kind(buffer, i, last)
        if kind == 0 or (kind == 4 and find(buffer, i, last, 58) < last) or buffer[i] == 91:
            return False
        seen += 1
        i = stop + 1
        while i < end and buffer[i] == 32:
            i += 1
    return seen > 0


@inline
def clf_head(buffer, begin, end, spans, row, forwarded):
    """``[host[:port] ]client ident user [time] `` as ``(micros, next, has_host)``; `next` is
    `UNKNOWN`/`INVALID` on failure.

    The time marks the end of the user name, which may hold blanks and brackets. A second word that
    is an address makes the first one the virtual host. An address list in front (a proxy's
    ``X-Forwarded-For`` in place of the client) goes to `forwarded`; its last entry is the peer.
    """
    worst = np.int64(UNKNOWN)
    micros, after = np.int64(0), np.int64(UNKNOWN)
    bracket = find(buffer, begin + 1, end, 91)
    for _ in range(MOST_BRACKETS):
        if bracket >= end:
            break
        if buffer[bracket - 1] == 32:
            micros, after = clf_time(buffer, bracket + 1, end)
            if after == UNKNOWN:
                micros, after = iso_time(buffer, bracket + 1, end, 45)
            if after >= 0 and after + 1 < end and buffer[after] == 93 and buffer[after + 1] == 32:
                break
            if after == INVALID:
                worst = np.int64(INVALID)
            after = np.int64(UNKNOWN)
        bracket = find(buffer, bracket + 1, end, 91)
    if after < 0:
        return micros, worst, False
    stop = bracket
    while stop > begin and buffer[stop - 1] == 32:
        stop -= 1
    a1 = find(buffer, begin, stop, 32)
    b0 = a1
    while b0 < stop and buffer[b0] == 32:
        b0 += 1
    b1 = find(buffer, b0, stop, 32)
    c0 = b1
    while c0 < stop and buffer[c0] == 32:
        c0 += 1
    client0, client1, rest = begin, a1, b0
    has_host = False
    if a1 > begin and buffer[a1 - 1] == 44:
        last = begin
        cut = find(buffer, begin, stop, 45)
        while cut + 1 < stop and not (buffer[cut - 1] == 32 and buffer[cut + 1] == 32):
            cut = find(buffer, cut + 1, stop, 45)
        edge = min(cut, stop)
        if edge < stop:
            rest = edge
        else:
            rest = stop
        while edge > begin and buffer[edge - 1] == 32:
            edge -= 1
        for k in range(begin, edge):
            if buffer[k] == 44 or buffer[k] == 32:
                last = k + 1
        client0, client1 = last, edge
        forwarded[0] = begin
        forwarded[1] = edge
    elif c0 < stop and buffer[b0] != 45:
        c1 = find(buffer, c0, stop, 32)
        if address_kind(buffer, b0, b1) != 0 and (
            address_kind(buffer, begin, a1) == 0 or buffer[c0] == 45
        ):
            has_host = True
        elif (
            c1 < stop and c1 == c0 + 1 and buffer[c0] == 45 and address_kind(buffer, begin, a1) == 0
        ):
            has_host = True
        if has_host:
            first, last = without_port(buffer, begin, a1, False)
            if not is_absent(buffer, first, last):
                put(spans, HOST, row, first, last)
            client0, client1, rest = b0, b1, c0
    first, last = without_port(buffer, client0, client1, False)
    if not is_absent(buffer, first, last):
        put(spans, PEER, row, first, last)
    u0 = find(buffer, rest, stop, 32)
    while u0 < stop and buffer[u0] == 32:
        u0 += 1
    if stop - u0 >= 2 and buffer[stop - 1] == 45 and buffer[stop - 2] == 32:
        u0 = stop
    if stop - u0 == 2 and buffer[u0] == 34 and buffer[u0 + 1] == 34:
        u0 = stop
    if not is_absent(buffer, u0, stop):
        put(spans, USER, row, u0, stop)
    return micros, after + 2, has_host


@inline
def clf_tail(buffer, begin, end, forwarded):
    """Extra fields of a combined line as ``(micros, is_traefik)``.

    A first field that is a list of addresses is ``X-Forwarded-For``. The first number with exactly
    three decimals is nginx's ``$request_time``; a last ``Nms`` behind two quoted fields is
    Traefik's duration.
    """
    i, micros = begin, np.int64(MISSING)
    shape = 0
    for k in range(MOST_EXTRAS):
        while i < end and buffer[i] == 32:
            i += 1
        if i >= end:
            break
        quoted = buffer[i] == 34
        if quoted:
            first = i + 1
            last = find(buffer, first, end, 34)
            while last < end and is_escaped(buffer, first, last):
                last = find(buffer, last + 1, end, 34)
            i = last + 1
        else:
            first = i
            last = find(buffer, first, end, 32)
            i = last
        if k == 0 and not is_absent(buffer, first, last) and is_address_list(buffer, first, last):
            forwarded[0] = first
            forwarded[1] = last
        if quoted:
            shape = shape + 1 if k == 1 or k == 2 else -100
            continue
        if k == 0 and first < end and is_digit(buffer[first]):
            shape = 0
        for at in range(first, last):
            if buffer[at] == 61:
                first = at + 1
        if first < last and is_digit(buffer[first]):
            point = first
            while point < last and is_digit(buffer[point]):
                point += 1
            if point - first > 9:
                continue
            if last - point == 4 and buffer[point] == 46 and micros < 0:
                value, after = duration(buffer, first, last, 1000000000)
                if after == last:
                    micros = value
            elif (
                last - point == 2
                and buffer[point] == 109
                and buffer[point + 1] == 115
                and k == 3
                and shape == 2
            ):
                value, after = duration(buffer, first, last, 0)
                return value, True
    return micros, False


@inline
def captures(buffer, begin, end, spans, row, forwarded):
    """Skips HAProxy's ``{a|b} `` blocks; keeps an agent, a referer, a host and an address list of
    the first one.

    HAProxy does not name what it captures; a value is taken for what it can only be, and dropped
    otherwise.
    """
    i, block = begin, 0
    while i < end and buffer[i] == 123:
        close = find(buffer, i, end, 125)
        if close + 1 >= end or buffer[close + 1] != 32:
            return np.int64(UNKNOWN)
        first = i + 1
        while block == 0 and first < close:
            last = find(buffer, first, close, 124)
            slash = find(buffer, first, last, 47)
            blank = find(buffer, first, last, 32) < last
            dot = find(buffer, first, last, 46) < last
            if last - first > 3:
                if is_address_list(buffer, first, last):
                    forwarded[0] = first
                    forwarded[1] = last
                elif (
                    buffer[first] == 104
                    and slash < last
                    and slash > first
                    and buffer[slash - 1] == 58
                ):
                    put(spans, REFERER, row, first, last)
                elif (
                    slash < last
                    and slash > first
                    and (blank or (slash + 1 < last and is_digit(buffer[slash + 1])))
                ):
                    put(spans, AGENT, row, first, last)
                elif slash >= last and dot and not blank and not is_digit(buffer[first]):
                    host, stop = without_port(buffer, first, last, False)
                    put(spans, HOST, row, host, stop)
            first = last + 1
        i = close + 2
        block += 1
    return i
