"""Splits request lines, targets and addresses into spans; building blocks of the parser kernels."""

import numpy as np

from apisentinel.kernels.bytes import find, load64
from apisentinel.kernels.compiler import inline
from apisentinel.parsers.moments import is_digit
from apisentinel.records.batch import TEXT_INDEX

METHOD, SCHEME, HOST = TEXT_INDEX["method"], TEXT_INDEX["scheme"], TEXT_INDEX["host"]
PATH, QUERY, VERSION = TEXT_INDEX["path"], TEXT_INDEX["query"], TEXT_INDEX["http_version"]

LONGEST_METHOD = 32
"""Bytes; the longest registered method has 17 (`UPDATEREDIRECTREF`), longer first words are no
HTTP.
"""

LONGEST_SCHEME = 12
"""Bytes before ``://``; a longer word is part of a path."""


@inline
def _set(spans, column, row, begin, end):
    spans[column, row, 0] = begin
    spans[column, row, 1] = end


@inline
def _is_letter(byte):
    return np.uint8((byte | np.uint8(32)) - np.uint8(97)) <= 25


@inline
def _is_http(buffer, at):
    """True when the eight bytes at `at` are ``HTTP/`` and three without a blank."""
    word = load64(buffer, at)
    blank = buffer[at + 5] == 32 or buffer[at + 6] == 32
    return word & np.uint64(0xFFFFFFFFFF) == np.uint64(0x2F50545448) and not blank


@inline
def _is_http_word(buffer, at):
    """True for ``http/`` in any case."""
    word = (load64(buffer, at) | np.uint64(0x20202020)) & np.uint64(0xFFFFFFFFFF)
    return word == np.uint64(0x2F70747468)


@inline
def _last_word(buffer, begin, end):
    """First byte behind the last blank."""
    at = end
    while at > begin and buffer[at - 1] != 32:
        at -= 1
    return at


@inline
def _is_method(buffer, begin, end):
    """True for a word of letters, ``-`` and ``_`` that starts with a letter."""
    if end <= begin or end - begin > LONGEST_METHOD or not _is_letter(buffer[begin]):
        return False
    for k in range(begin, end):
        byte = buffer[k]
        if not _is_letter(byte) and byte != 45 and byte != 95:
            return False
    return True


@inline
def without_port(buffer, begin, end, always):
    """``(begin, end)`` of an address or host without its port and brackets.

    Bare IPv6 has no port, except where a writer appends one to every address without brackets
    (`always`, HAProxy). A local socket (``unix:``) is no address; it gives an empty span.
    """
    if end > begin and buffer[begin] == 91:
        close = find(buffer, begin, end, 93)
        if close < end:
            return begin + 1, close
    last = find(buffer, begin, end, 58)
    if last == end:
        return begin, end
    if (
        last - begin == 4
        and buffer[begin] == 117
        and buffer[begin + 1] == 110
        and buffer[begin + 2] == 105
        and buffer[begin + 3] == 120
    ):
        return begin, begin
    after = find(buffer, last + 1, end, 58)
    if after < end and not always:
        return begin, end
    while after < end:
        last = after
        after = find(buffer, last + 1, end, 58)
    for k in range(last + 1, end):
        if not is_digit(buffer[k]):
            return begin, end
    return begin, last


@inline
def split_target(buffer, begin, end, spans, row):
    """Scheme, host, path and query of a request target; origin form, absolute form or anything else
    (all of it is path).
    """
    path = begin
    if end > begin and buffer[begin] != 47:
        k = begin
        while (
            k < end
            and k - begin <= LONGEST_SCHEME
            and (_is_letter(buffer[k]) or (k > begin and (is_digit(buffer[k]) or buffer[k] == 43)))
        ):
            k += 1
        if (
            k > begin
            and k + 3 <= end
            and buffer[k] == 58
            and buffer[k + 1] == 47
            and buffer[k + 2] == 47
        ):
            _set(spans, SCHEME, row, begin, k)
            host = k + 3
            path = host
            while path < end and buffer[path] != 47 and buffer[path] != 63 and buffer[path] != 35:
                path += 1
            for at in range(host, path):
                if buffer[at] == 64:
                    host = at + 1
            first, last = without_port(buffer, host, path, False)
            if last > first:
                _set(spans, HOST, row, first, last)
            if path == end or buffer[path] != 47:
                mark = find(buffer, path, end, 63)
                _set(spans, PATH, row, k + 1, k + 2)
                if mark < end:
                    _set(spans, QUERY, row, mark + 1, end)
                return
    mark = find(buffer, path, end, 63)
    _set(spans, PATH, row, path, mark)
    if mark < end:
        _set(spans, QUERY, row, mark + 1, end)


@inline
def split_request(buffer, begin, end, spans, row):
    """Fields of ``METHOD target HTTP/x``; bytes that are no request line become the path, without a
    method.
    """
    space = find(buffer, begin, end, 32)
    if space < end and _is_method(buffer, begin, space):
        target = space + 1
        last = end
        while last > target and buffer[last - 1] == 32:
            last -= 1
        stop, known = last, False
        version = last - 3
        if last - target > 9 and buffer[last - 9] == 32 and _is_http(buffer, last - 8):
            stop, known = last - 9, True
        else:
            word = _last_word(buffer, target, last)
            version = word + 5
            if last - word >= 5 and _is_http_word(buffer, word):
                stop, known = max(word - 1, target), True
            elif last > target:
                version = last
                known = buffer[target] == 47 or (buffer[target] == 42 and last == target + 1)
        if known and version < last:
            _set(spans, VERSION, row, version, last)
        if known:
            _set(spans, METHOD, row, begin, space)
            if (
                space - begin == 7
                and buffer[begin] == 67
                and buffer[begin + 3] == 78
                and buffer[begin + 6] == 84
            ):
                _set(spans, PATH, row, target, stop)
                return
            split_target(buffer, target, stop, spans, row)
            return
    _set(spans, PATH, row, begin, end)


@inline
def address_kind(buffer, begin, end):
    """4 or 6 for what has the characters of an IPv4 or IPv6 address (a port or brackets may be
    there), else 0.
    """
    if end - begin < 2:
        return 0
    dots, colons, digits = 0, 0, 0
    for k in range(begin, end):
        byte = buffer[k]
        if byte == 46:
            dots += 1
        elif byte == 58:
            colons += 1
        elif is_digit(byte):
            digits += 1
        elif byte == 37:
            break
        elif not (97 <= (byte | 32) <= 102) and byte != 91 and byte != 93:
            return 0
        else:
            digits += 1
    if colons >= 2:
        return 6
    if dots == 3 and digits >= 4:
        for k in range(begin, end):
            if _is_letter(buffer[k]):
                return 0
        return 4
    return 0
