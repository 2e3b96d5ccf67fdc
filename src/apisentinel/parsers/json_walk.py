"""Walks one JSON object: checks it fully, notes where the wanted values are, writes nothing.

The path of a value is a hash: that of a member is made of its key and the hash of its object, that
of a list element is the one of the list. It need not resist an attacker: whoever could craft a
colliding key could as well write the wanted key itself.
"""

import numpy as np

from apisentinel.kernels.bytes import load64, multiply_fold
from apisentinel.kernels.compiler import inline
from apisentinel.parsers.base import Reason
from apisentinel.parsers.json_slots import (
    ESCAPED,
    F_DASH,
    F_LENIENT,
    FALSE,
    HEADER,
    HEADERS,
    LIST,
    MARK,
    MAX_DEPTH,
    MAX_HEADERS,
    MAX_KEY,
    NULL,
    NUMBER,
    OBJECT,
    QUERY_PAIRS,
    REQUEST_BODY,
    RESPONSE_BODY,
    S_BEGIN,
    S_END,
    S_RANK,
    S_TARGET,
    S_TYPE,
    STRING,
    T_CODE,
    T_INNER,
    T_NAME,
    T_RANK,
    T_SLOT,
    TRUE,
)
from apisentinel.parsers.json_syntax import (
    CLOSE_LIST,
    CLOSE_OBJECT,
    COLON,
    COMMA,
    MINUS,
    OPEN_LIST,
    OPEN_OBJECT,
    QUOTE,
    scan_literal,
    scan_number,
    scan_string,
    skip_space,
    unescape,
)

_U = np.uint64
ROOT = 0x6A73_6F6E_2070_6174
"""Path hash of the line's object."""
KEY0, KEY1 = 0x2B99_2DDF_A232_49D7, 0x85AE_BF3C_0D2F_7A11
"""Odd multipliers of the path hash."""

OK, BAD_JSON, TOO_DEEP, EMPTY = (
    np.int64(r) for r in (Reason.OK, Reason.BAD_JSON, Reason.TOO_DEEP, Reason.EMPTY)
)
NO_RANK = 127
"""Rank of a slot without a value; every path wins against it."""


@inline
def member_hash(buffer, begin, end, parent):
    """Path hash of the member with this key of the object with path hash `parent`; never 0."""
    left = end - begin
    h = parent ^ (_U(left) * _U(KEY0))
    at = begin
    while left >= 8:
        h = multiply_fold(h ^ load64(buffer, at), _U(KEY1))
        at += 8
        left -= 8
    if left > 0:
        h ^= load64(buffer, at) & (_U(0xFFFFFFFFFFFFFFFF) >> _U(8 * (8 - left)))
    h = multiply_fold(h ^ _U(ROOT), _U(KEY0))
    return h if h != _U(0) else _U(1)


def path_hash(key: str, parent: int) -> int:
    """`member_hash` of a key, for the tables of a mapping."""
    full = (1 << 64) - 1

    def fold(left: int, right: int) -> int:
        product = left * right
        return (product & full) ^ (product >> 64)

    text = key.encode()
    h = parent ^ (len(text) * KEY0 & full)
    whole = len(text) // 8 * 8
    for at in range(0, whole, 8):
        h = fold(h ^ int.from_bytes(text[at : at + 8], "little"), KEY1)
    h ^= int.from_bytes(text[whole:], "little")
    return fold(h ^ ROOT, KEY0) or 1


@inline
def find_target(path, keys, codes):
    """Target of a path hash, -1 when nothing at or below the path is wanted."""
    mask = keys.shape[0] - 1
    at = np.int64(path & _U(mask))
    while keys[at] != _U(0):
        if keys[at] == path:
            return np.int64(codes[at])
        at = (at + 1) & mask
    return np.int64(-1)


@inline
def is_missing(buffer, begin, end, kind, flags):
    """True when a value says nothing: null, empty text, and ``-`` where the format uses it so."""
    if kind == NULL or (kind == STRING and begin == end):
        return True
    return (flags & F_DASH) != 0 and kind == STRING and end - begin == 1 and buffer[begin] == MINUS


@inline
def note(buffer, begin, end, kind, target, many, targets, slots, extras, found, flags):
    """Notes a value of a target.

    Of several values of one slot the best rank wins, then the last one, in lists the first.
    ``found[0]`` collects the slots that were named, ``found[1]`` those that hold something,
    ``found[2]`` counts headers.
    """
    slot = np.int64(targets[target, T_SLOT])
    if slot < 0:
        return
    if targets[target, T_RANK] == MARK:
        found[0] |= np.int64(targets[target, T_CODE]) | np.int64(targets[target, T_NAME]) << 31
        return
    found[0] |= np.int64(1) << slot
    if is_missing(buffer, begin, end, kind, flags):
        return
    found[1] |= np.int64(1) << slot
    if slot == HEADER:
        count = found[2]
        if count < MAX_HEADERS and kind < OBJECT:
            extras[count, S_TARGET] = target
            extras[count, S_BEGIN] = begin
            extras[count, S_END] = end
            extras[count, S_TYPE] = kind
            found[2] = count + 1
        return
    rank = targets[target, T_RANK]
    best = slots[slot, S_RANK]
    if rank < best or (rank == best and not many):
        slots[slot, S_RANK] = rank
        slots[slot, S_TARGET] = target
        slots[slot, S_BEGIN] = begin
        slots[slot, S_END] = end
        slots[slot, S_TYPE] = kind


@inline
def object_start(buffer, begin, end):
    """Index of the first byte of the line's value, behind white space and a byte order mark."""
    i = skip_space(buffer, begin, end)
    if end - i >= 3 and buffer[i] == 0xEF and buffer[i + 1] == 0xBB and buffer[i + 2] == 0xBF:
        i = skip_space(buffer, i + 3, end)
    return i


@inline
def walk(
    buffer, begin, end, keys, codes, targets, flags, paths, shapes, key_text, slots, extras, found
):
    """Checks the object in ``[begin, end)`` and fills `slots`, `extras` and `found`.

    One loop, no recursion: `shapes` holds for each open level whether it is an object (1) or a list
    (2), plus 4 when it lies in a list; `paths` its path hash, 0 where nothing below is wanted.

    Returns:
        A `Reason`.
    """
    lenient = (flags & F_LENIENT) != 0
    i = object_start(buffer, begin, end)
    if i >= end:
        return EMPTY
    if buffer[i] != OPEN_OBJECT:
        return BAD_JSON
    depth = np.int64(0)
    paths[0] = _U(ROOT)
    shapes[0] = 1
    i += 1
    captured, capture_depth, capture_begin, capture_many = (
        np.int64(-1),
        np.int64(-1),
        np.int64(0),
        False,
    )
    fresh = True
    while True:
        # Between members: a close, or (after a comma unless fresh) the next member.
        i = skip_space(buffer, i, end)
        if i >= end:
            return BAD_JSON
        c = buffer[i]
        shape = shapes[depth]
        is_object = (shape & 1) != 0
        if (c == CLOSE_OBJECT and is_object) or (c == CLOSE_LIST and not is_object):
            i += 1
            if depth == capture_depth:
                kind = OBJECT if is_object else LIST
                note(
                    buffer,
                    capture_begin,
                    i,
                    kind,
                    captured,
                    capture_many,
                    targets,
                    slots,
                    extras,
                    found,
                    flags,
                )
                capture_depth = np.int64(-1)
            if depth == 0:
                return OK if skip_space(buffer, i, end) >= end else BAD_JSON
            depth -= 1
            fresh = False
            continue
        if not fresh:
            if c != COMMA:
                return BAD_JSON
            i = skip_space(buffer, i + 1, end)
            if i >= end:
                return BAD_JSON
            c = buffer[i]
        fresh = False
        path = paths[depth]
        if is_object:
            if c != QUOTE:
                return BAD_JSON
            close, escaped = scan_string(buffer, i + 1, end, lenient)
            if close < 0:
                return BAD_JSON
            if path != _U(0):
                if not escaped:
                    path = member_hash(buffer, i + 1, close, path)
                elif close - i - 1 <= MAX_KEY:
                    path = member_hash(
                        key_text,
                        np.int64(0),
                        unescape(buffer, i + 1, close, key_text, np.int64(0)),
                        path,
                    )
                else:
                    path = _U(0)
            i = skip_space(buffer, close + 1, end)
            if i >= end or buffer[i] != COLON:
                return BAD_JSON
            i = skip_space(buffer, i + 1, end)
            if i >= end:
                return BAD_JSON
            c = buffer[i]
        target = np.int64(-1)
        if path != _U(0):
            target = find_target(path, keys, codes)
        many = shape >= 4 or not is_object
        if c == QUOTE:
            close, escaped = scan_string(buffer, i + 1, end, lenient)
            if close < 0:
                return BAD_JSON
            if target >= 0:
                note(
                    buffer,
                    i + 1,
                    close,
                    ESCAPED if escaped else STRING,
                    target,
                    many,
                    targets,
                    slots,
                    extras,
                    found,
                    flags,
                )
            i = close + 1
        elif c == OPEN_OBJECT or c == OPEN_LIST:
            if depth + 1 >= MAX_DEPTH:
                return TOO_DEEP
            depth += 1
            inner = target >= 0 and (c == OPEN_LIST or targets[target, T_INNER] != 0)
            if target >= 0 and targets[target, T_RANK] == MARK:
                note(buffer, i, i, NULL, target, many, targets, slots, extras, found, flags)
            elif target >= 0 and capture_depth < 0 and takes_container(targets[target, T_SLOT]):
                captured, capture_depth, capture_begin, capture_many = target, depth, i, many
                inner = targets[target, T_INNER] != 0
            paths[depth] = path if inner else _U(0)
            shapes[depth] = (1 if c == OPEN_OBJECT else 2) + (4 if many else 0)
            i += 1
            fresh = True
        elif lenient and (
            c == COMMA
            or c == CLOSE_OBJECT
            or c == CLOSE_LIST
            or (c == MINUS and i + 1 < end and is_end(buffer[i + 1]))
        ):
            # ``"time":,`` and ``"bytes":-,``: an empty variable that the format did not quote.
            if target >= 0:
                note(buffer, i, i, NULL, target, many, targets, slots, extras, found, flags)
            i += 1 if c == MINUS else 0
        else:
            kind = NUMBER
            if c == 0x74 or c == 0x66 or c == 0x6E:
                after = scan_literal(buffer, i, end)
                kind = TRUE if c == 0x74 else (FALSE if c == 0x66 else NULL)
            else:
                after = scan_number(buffer, i, end)
            if after < 0:
                return BAD_JSON
            if target >= 0:
                note(buffer, i, after, kind, target, many, targets, slots, extras, found, flags)
            i = after


@inline
def is_end(c):
    """True for a byte that ends a bare value."""
    return c == COMMA or c == CLOSE_OBJECT or c == CLOSE_LIST


@inline
def takes_container(slot):
    """True for a slot whose value may be a whole object or list.

    For the others each list element counts as a value.
    """
    return slot == HEADERS or slot == REQUEST_BODY or slot == RESPONSE_BODY or slot == QUERY_PAIRS
