"""Flattens name-value collections of checked JSON: headers to headers text, parameters to a query.

Accepted shapes: ``{"name": value}``, ``[["name", value]]``, ``[{"name": .., "value": ..}]`` (also
``Name``/``key``), and ``{"name": [{"key": .., "value": ..}]}``; a value is a string, another
scalar, or a list of these.
"""

import numpy as np

from apisentinel.kernels.bytes import trailing_zeros
from apisentinel.kernels.compiler import inline
from apisentinel.parsers.json_syntax import (
    CLOSE_LIST,
    CLOSE_OBJECT,
    COLON,
    COMMA,
    OPEN_LIST,
    OPEN_OBJECT,
    QUOTE,
    SPACE,
    skip_value,
    string_stops,
    unescape,
)
from apisentinel.records.batch import HEADER_END, HEADER_SPLIT

AS_HEADERS, AS_QUERY, AS_JOINED_HEADERS, AS_PLAIN_QUERY = range(4)
"""What is written: headers text or a query string.

The first two repeat the name for each value of a list, and the query percent-encodes separators
inside names and values. The last two join values with a comma and encode nothing: they are never
longer than the JSON that they come from, and serve when the first form does not fit there."""

_PERCENT, _AMPERSAND, _EQUALS, _PLUS, _HASH, _ZERO = 0x25, 0x26, 0x3D, 0x2B, 0x23, 0x30


@inline
def next_item(source, i, end):
    """First byte from `i` that is no white space, comma or colon."""
    while i < end and (source[i] <= SPACE or source[i] == COMMA or source[i] == COLON):
        i += 1
    return i


@inline
def inner(source, begin, end):
    """The text of a scalar without its quotes; ``null`` is empty."""
    if end > begin and source[begin] == QUOTE:
        return begin + 1, max(end - 1, begin + 1)
    if end - begin == 4 and source[begin] == 0x6E:
        return end, end
    return begin, end


@inline
def is_name_key(source, begin, end):
    """1 for a member that holds the name of a pair (name, key), 2 for its value, 0 otherwise.

    Case is ignored.
    """
    size = end - begin
    c = source[begin] | 0x20 if size > 0 else 0
    if (size == 4 and c == 0x6E and (source[end - 1] | 0x20) == 0x65) or (size == 3 and c == 0x6B):
        return 1
    return 2 if size == 5 and c == 0x76 and (source[end - 1] | 0x20) == 0x65 else 0


@inline
def member_value(source, begin, end):
    """Name and value slices of ``{"name": .., "value": ..}``; -1 where one is missing."""
    i = begin + 1
    nb, ne, vb, ve = np.int64(-1), np.int64(-1), np.int64(-1), np.int64(-1)
    while True:
        i = next_item(source, i, end)
        if i >= end or source[i] == CLOSE_OBJECT:
            return nb, ne, vb, ve
        key_end = skip_value(source, i, end)
        part = is_name_key(source, i + 1, key_end - 1)
        i = next_item(source, key_end, end)
        after = skip_value(source, i, end)
        if part == 1:
            nb, ne = np.int64(i), np.int64(after)
        elif part == 2:
            vb, ve = np.int64(i), np.int64(after)
        i = max(after, i + 1)


@inline
def encode(out, begin, at, limit):
    """Percent-encodes in place what would change the meaning of a query string.

    Returns the new end, -1 when too long.
    """
    specials = 0
    for k in range(begin, at):
        c = out[k]
        if (
            c == _PERCENT
            or c == _AMPERSAND
            or c == _EQUALS
            or c == _PLUS
            or c == _HASH
            or c <= SPACE
        ):
            specials += 1
    if specials == 0:
        return np.int64(at)
    stop = at + 2 * specials
    if stop > limit:
        return np.int64(-1)
    to = stop
    for k in range(at - 1, begin - 1, -1):
        c = out[k]
        if (
            c == _PERCENT
            or c == _AMPERSAND
            or c == _EQUALS
            or c == _PLUS
            or c == _HASH
            or c <= SPACE
        ):
            to -= 3
            high, low = c >> 4, c & 15
            out[to] = _PERCENT
            out[to + 1] = high + (_ZERO if high < 10 else 0x37)
            out[to + 2] = low + (_ZERO if low < 10 else 0x37)
        else:
            to -= 1
            out[to] = c
    return np.int64(stop)


@inline
def put_text(source, begin, end, out, at, limit, mode, is_name):
    """Writes one name or value; returns the index after it, -1 when it does not fit."""
    if at + (end - begin) + 36 > limit:
        return np.int64(-1)
    stop = np.int64(at + end - begin)
    plain = True
    i = begin
    while i < end:
        for k in range(32):
            out[at + k] = source[i + k]
        stops = string_stops(source, i)
        if stops != 0 and i + np.int64(trailing_zeros(stops)) < end:
            plain = False
            break
        i += 32
        at += 32
    at = stop - (end - begin)
    if not plain:
        stop = np.int64(unescape(source, begin, end, out, at))
    if mode == AS_HEADERS or mode == AS_JOINED_HEADERS:
        if is_name:
            for k in range(at, stop):
                c = out[k]
                out[k] = c | 0x20 if 0x41 <= c <= 0x5A else c
        if not plain:
            for k in range(at, stop):
                c = out[k]
                out[k] = SPACE if c == HEADER_END or c == HEADER_SPLIT else c
    elif mode == AS_QUERY:
        return encode(out, at, stop, limit)
    return np.int64(stop)


@inline
def put_pair(source, nb, ne, vb, ve, out, at, limit, mode):
    """Writes one name with one value; returns the index after it, -1 when it does not fit."""
    begin, end = inner(source, nb, ne)
    at = put_text(source, begin, end, out, at, limit, mode, True)
    if at < 0:
        return at
    is_header = mode == AS_HEADERS or mode == AS_JOINED_HEADERS
    out[at] = HEADER_SPLIT if is_header else _EQUALS
    at = put_value(source, vb, ve, out, at + 1, limit, mode)
    if at < 0:
        return at
    out[at] = HEADER_END if is_header else _AMPERSAND
    return at + 1


@inline
def put_value(source, vb, ve, out, at, limit, mode):
    """Writes one value, of an object its value member.

    Returns the index after it, -1 when it does not fit.
    """
    if vb >= 0 and source[vb] == OPEN_OBJECT:
        _, _, vb, ve = member_value(source, vb, ve)
    if vb < 0:
        return np.int64(at)
    begin, end = inner(source, vb, ve)
    return put_text(source, begin, end, out, at, limit, mode, False)


@inline
def put_values(source, nb, ne, vb, ve, out, at, limit, mode):
    """Writes one name with its value or with each value of its list.

    Returns the index after them, -1 when they do not fit.
    """
    if nb < 0 or (vb >= 0 and vb >= ve):
        return at
    if vb < 0 or source[vb] != OPEN_LIST:
        return put_pair(source, nb, ne, vb, ve, out, at, limit, mode)
    i = vb + 1
    first = True
    while True:
        i = next_item(source, i, ve)
        if i >= ve or source[i] == CLOSE_LIST:
            return at
        after = max(skip_value(source, i, ve), i + 1)
        if first or mode == AS_HEADERS or mode == AS_QUERY:
            at = put_pair(source, nb, ne, i, after, out, at, limit, mode)
        else:
            separator = out[at - 1]
            out[at - 1] = COMMA
            out[at] = SPACE
            at = put_value(source, i, after, out, at + 1, limit, mode)
            if at >= 0:
                out[at] = separator
                at += 1
        first = False
        if at < 0:
            return at
        i = after


@inline
def flatten(source, begin, end, out, at, limit, mode):
    """Writes all pairs of the collection ``source[begin:end]`` to ``out[at:limit]``.

    Returns:
        The index after them, and whether all of them fitted; what did not fit is left out as whole
        pairs.
    """
    is_object = source[begin] == OPEN_OBJECT
    i = begin + 1
    while True:
        i = next_item(source, i, end)
        if i >= end or source[i] == CLOSE_OBJECT or source[i] == CLOSE_LIST:
            return at, True
        after = max(skip_value(source, i, end), i + 1)
        nb, ne, vb, ve = np.int64(-1), np.int64(-1), np.int64(-1), np.int64(-1)
        if is_object:
            nb, ne = np.int64(i), np.int64(after)
            vb = np.int64(next_item(source, after, end))
            after = max(skip_value(source, vb, end), vb + 1)
            ve = np.int64(after)
        elif source[i] == OPEN_OBJECT:
            nb, ne, vb, ve = member_value(source, i, after)
        elif source[i] == OPEN_LIST:
            nb = np.int64(next_item(source, i + 1, after))
            ne = np.int64(skip_value(source, nb, after))
            vb = np.int64(next_item(source, ne, after))
            ve = np.int64(skip_value(source, vb, after))
            if source[nb] != QUOTE:
                nb = np.int64(-1)
        stop = put_values(source, nb, ne, vb, ve, out, at, limit, mode)
        if stop < 0:
            return at, False
        at = stop
        i = after
