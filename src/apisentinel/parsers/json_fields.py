"""Makes columns from the values of an accepted line.

Text is undone in place, inside the bytes of its own value.
"""

import numpy as np

from apisentinel.kernels.bytes import find
from apisentinel.kernels.compiler import inline
from apisentinel.parsers.base import Reason
from apisentinel.parsers.escapes import undo
from apisentinel.parsers.json_pairs import (
    AS_HEADERS,
    AS_JOINED_HEADERS,
    AS_PLAIN_QUERY,
    AS_QUERY,
    flatten,
)
from apisentinel.parsers.json_scalars import read_duration, read_integer, read_time
from apisentinel.parsers.json_slots import (
    AGENT,
    CLIENT,
    CLOCK,
    DATE,
    DURATION,
    ESCAPED,
    F_LENIENT,
    HEADERS,
    HOST,
    MAX_BODY,
    MAX_SCALAR,
    METHOD,
    NULL,
    NUMBER,
    OBJECT,
    PATH,
    PEER,
    QUERY,
    REFERER,
    REQUEST_BODY,
    REQUEST_LINE,
    RESPONSE_BODY,
    S_BEGIN,
    S_END,
    S_RANK,
    S_TARGET,
    S_TYPE,
    STATUS,
    STRING,
    T_CODE,
    T_NAME,
    T_NAME_LENGTH,
    TEXT_SLOTS,
    TRUE,
    TS,
    URI,
    VERSION,
)
from apisentinel.parsers.json_syntax import COLON, SPACE, unescape
from apisentinel.parsers.json_walk import NO_RANK
from apisentinel.parsers.request import split_request, split_target, without_port
from apisentinel.records.batch import HEADER_END, HEADER_SPLIT, MISSING, NO_TIME

OK, BAD_TIME, BAD_NUMBER = (np.int64(r) for r in (Reason.OK, Reason.BAD_TIME, Reason.BAD_NUMBER))
MAX_STATUS = 999
_QUESTION, _SLASH, _EQUALS = 0x3F, 0x2F, 0x3D


@inline
def take_scalar(buffer, slots, slot, small, at):
    """Copies the text of a scalar, its escapes undone, to ``small[at:]``; the line stays as it is.

    Returns:
        The index after it, -1 when the value is no scalar or too long for one.
    """
    kind = slots[slot, S_TYPE]
    begin, end = np.int64(slots[slot, S_BEGIN]), np.int64(slots[slot, S_END])
    if kind < STRING or kind > NUMBER or at + end - begin > MAX_SCALAR:
        return np.int64(-1)
    if kind == ESCAPED:
        return np.int64(unescape(buffer, begin, end, small, at))
    return plain_copy(buffer, begin, end, small, at)


@inline
def read_moment(buffer, slots, small):
    """Microseconds of the line's time, `NO_TIME` when it has none; and whether it could be read."""
    if slots[TS, S_RANK] != NO_RANK:
        end = take_scalar(buffer, slots, TS, small, np.int64(0))
        if end < 0:
            return np.int64(NO_TIME), False
        return read_time(small, np.int64(0), end)
    if slots[DATE, S_RANK] == NO_RANK or slots[CLOCK, S_RANK] == NO_RANK:
        return np.int64(NO_TIME), True
    end = take_scalar(buffer, slots, DATE, small, np.int64(0))
    if end < 0:
        return np.int64(NO_TIME), False
    small[end] = SPACE
    end = take_scalar(buffer, slots, CLOCK, small, end + 1)
    if end < 0:
        return np.int64(NO_TIME), False
    return read_time(small, np.int64(0), end)


@inline
def read_numbers(buffer, slots, targets, flags, small, values):
    """Fills ``values`` (ts, status, request bytes, response bytes, duration) from the slots;
    returns a `Reason`.

    A number that cannot be read rejects the line of a strict format and is missing in a lenient
    one; a time that cannot be read always rejects, because order and windows depend on it.
    """
    for k in range(1, 5):
        values[k] = MISSING
    values[0], known = read_moment(buffer, slots, small)
    if not known:
        return BAD_TIME
    for slot in range(STATUS, DURATION + 1):
        if slots[slot, S_RANK] == NO_RANK:
            continue
        value, known = np.int64(0), False
        end = take_scalar(buffer, slots, slot, small, np.int64(0))
        if end >= 0:
            if slot == DURATION:
                value, known = read_duration(
                    small, np.int64(0), end, targets[slots[slot, S_TARGET], T_CODE]
                )
            else:
                value, known = read_integer(small, np.int64(0), end)
        if known and (slot != STATUS or 0 <= value <= MAX_STATUS):
            values[slot - TS] = value if value >= 0 else MISSING
        elif (flags & F_LENIENT) == 0:
            return BAD_NUMBER
    return OK


@inline
def put_span(spans, column, row, begin, end):
    """Sets a text column of one row."""
    spans[column, row, 0] = begin
    spans[column, row, 1] = end


@inline
def split_kept(buffer, row, begin, end, spans, is_line, kept):
    """Splits a request line or target into its columns.

    Values that the line gives on their own are kept, but the query of the target wins.
    """
    for column in range(METHOD, VERSION + 1):
        kept[column, 0], kept[column, 1] = spans[column, row, 0], spans[column, row, 1]
    if is_line:
        split_request(buffer, begin, end, spans, row)
    else:
        split_target(buffer, begin, end, spans, row)
    path_known = kept[PATH, 0] >= 0
    for column in range(METHOD, VERSION + 1):
        given = kept[column, 0] >= 0 and (column != QUERY or spans[QUERY, row, 0] < 0)
        if given or (path_known and (column == PATH or column == QUERY)):
            spans[column, row, 0], spans[column, row, 1] = kept[column, 0], kept[column, 1]


@inline
def base64_digit(c):
    """Value of a digit of either base64 alphabet, -1 for any other byte."""
    if 0x41 <= c <= 0x5A:
        return np.int64(c) - 0x41
    if 0x61 <= c <= 0x7A:
        return np.int64(c) - 0x47
    if 0x30 <= c <= 0x39:
        return np.int64(c) + 4
    if c == 0x2B or c == 0x2D:
        return np.int64(62)
    return np.int64(63) if c == _SLASH or c == 0x5F else np.int64(-1)


@inline
def decode_base64(buffer, begin, end):
    """Decodes in place.

    Returns the new end, or `end` with the text untouched when it is no base64.
    """
    count, stop = 0, end
    for k in range(begin, end):
        c = buffer[k]
        if c == _EQUALS:
            stop = k
            break
        if base64_digit(c) >= 0:
            count += 1
        elif c > SPACE:
            return np.int64(end)
    if count % 4 == 1 or end - stop > 4:
        return np.int64(end)
    bits, width, at = np.int64(0), 0, begin
    for k in range(begin, stop):
        digit = base64_digit(buffer[k])
        if digit < 0:
            continue
        bits = ((bits << 6) | digit) & 0xFFFFFF
        width += 6
        if width >= 8:
            width -= 8
            buffer[at] = (bits >> width) & 0xFF
            at += 1
    return np.int64(at)


@inline
def put_texts(buffer, row, slots, targets, spans):
    """Fills the text columns that the line gives directly."""
    for slot in range(TEXT_SLOTS):
        if slots[slot, S_RANK] == NO_RANK or slot == HEADERS:
            continue
        kind = slots[slot, S_TYPE]
        begin, end = np.int64(slots[slot, S_BEGIN]), np.int64(slots[slot, S_END])
        if kind == ESCAPED:
            end = np.int64(unescape(buffer, begin, end, buffer, begin))
        code = targets[slots[slot, S_TARGET], T_CODE]
        if code != 0:
            end = np.int64(undo(buffer, begin, end, code))
        if slot == PEER or slot == CLIENT or slot == HOST:
            begin, end = without_port(buffer, begin, end, False)
        elif (
            slot == VERSION
            and end - begin > 5
            and (buffer[begin] | 0x20) == 0x68
            and buffer[begin + 4] == _SLASH
        ):
            begin += 5
        elif slot == QUERY and end > begin and buffer[begin] == _QUESTION:
            begin += 1
        elif slot == REQUEST_BODY or slot == RESPONSE_BODY:
            end = min(end, begin + MAX_BODY)
        if end > begin:
            put_span(spans, slot, row, begin, end)


@inline
def put_uri(buffer, row, slots, spans, kept):
    """Fills path and query from the path, the URL or the request line, in this order."""
    if spans[PATH, row, 0] >= 0:
        if spans[QUERY, row, 0] < 0:
            begin, end = np.int64(spans[PATH, row, 0]), np.int64(spans[PATH, row, 1])
            question = find(buffer, begin, end, _QUESTION)
            put_span(spans, PATH, row, begin, question)
            if question + 1 < end:
                put_span(spans, QUERY, row, question + 1, end)
    for slot in range(URI, REQUEST_LINE + 1):
        if slots[slot, S_RANK] == NO_RANK or slots[slot, S_TYPE] >= OBJECT:
            continue
        if spans[PATH, row, 0] >= 0 and (slot == URI or spans[METHOD, row, 0] >= 0):
            continue
        begin, end = np.int64(slots[slot, S_BEGIN]), np.int64(slots[slot, S_END])
        if slots[slot, S_TYPE] == ESCAPED:
            end = np.int64(unescape(buffer, begin, end, buffer, begin))
        split_kept(buffer, row, begin, end, spans, slot == REQUEST_LINE, kept)


@inline
def put_pairs(buffer, row, slots, slot, spans, scratch):
    """Flattens headers or parameters into the bytes of their own JSON, which always hold them."""
    if slots[slot, S_RANK] == NO_RANK or slots[slot, S_TYPE] < OBJECT:
        return
    begin, end = np.int64(slots[slot, S_BEGIN]), np.int64(slots[slot, S_END])
    limit = np.int64(scratch.shape[0])
    size, whole = flatten(
        buffer, begin, end, scratch, np.int64(0), limit, AS_HEADERS if slot == HEADERS else AS_QUERY
    )
    if not whole or size > end - begin:
        mode = AS_JOINED_HEADERS if slot == HEADERS else AS_PLAIN_QUERY
        size, whole = flatten(buffer, begin, end, scratch, np.int64(0), limit, mode)
        size = min(size, end - begin)
    for k in range(size):
        buffer[begin + k] = scratch[k]
    if size == 0:
        return
    if slot == HEADERS:
        put_span(spans, HEADERS, row, begin, begin + size)
    elif spans[QUERY, row, 0] < 0:
        put_span(spans, QUERY, row, begin, begin + size - 1)


@inline
def put_single_headers(buffer, row, begin, end, extras, count, targets, literals, spans, scratch):
    """Adds header fields that stand alone (``"http_user_agent": ..``) to the headers text.

    Names can be longer than the keys that they come from, so all texts of the line move together at
    its start: first the other columns, then the headers. The keys, quotes and numbers of the line
    leave room; a header that still does not fit is left out as a whole.
    """
    room = end - begin
    at = np.int64(0)
    for column in range(TEXT_SLOTS):
        b, e = np.int64(spans[column, row, 0]), np.int64(spans[column, row, 1])
        if b < 0 or column == HEADERS:
            continue
        put_span(spans, column, row, begin + at, begin + at + e - b)
        for k in range(b, e):
            scratch[at] = buffer[k]
            at += 1
    first = at
    for k in range(np.int64(spans[HEADERS, row, 0]), np.int64(spans[HEADERS, row, 1])):
        scratch[at] = buffer[k]
        at += 1
    for h in range(count):
        target = extras[h, S_TARGET]
        b, e, kind = np.int64(extras[h, S_BEGIN]), np.int64(extras[h, S_END]), extras[h, S_TYPE]
        name, width = np.int64(targets[target, T_NAME]), np.int64(targets[target, T_NAME_LENGTH])
        if kind == NULL or at + width + (e - b) + 2 > room:
            continue
        for k in range(width):
            scratch[at + k] = literals[name + k]
        at += width
        scratch[at] = HEADER_SPLIT
        stop = (
            unescape(buffer, b, e, scratch, at + 1)
            if kind == ESCAPED or kind == STRING
            else plain_copy(buffer, b, e, scratch, at + 1)
        )
        for k in range(at + 1, stop):
            if scratch[k] == HEADER_END or scratch[k] == HEADER_SPLIT:
                scratch[k] = SPACE
        scratch[stop] = HEADER_END
        at = stop + 1
    for k in range(at):
        buffer[begin + k] = scratch[k]
    if at > first:
        put_span(spans, HEADERS, row, begin + first, begin + at)


@inline
def plain_copy(buffer, begin, end, out, at):
    """Copies bytes as they are; returns the index after them."""
    for k in range(begin, end):
        out[at + k - begin] = buffer[k]
    return np.int64(at + end - begin)


@inline
def fill_from_headers(buffer, row, spans):
    """Takes user agent, referer and host from the headers text where the line gave none itself."""
    i, end = np.int64(spans[HEADERS, row, 0]), np.int64(spans[HEADERS, row, 1])
    if i < 0:
        return
    while i < end:
        name, stop = i, find(buffer, i, end, HEADER_END)
        split = find(buffer, i, stop, HEADER_SPLIT)
        i = stop
        column = header_column(buffer, name, split)
        if column >= 0 and spans[column, row, 0] < 0 and i > split + 1:
            first, last = split + 1, i
            if column == HOST:
                first, last = without_port(buffer, first, last, False)
            put_span(spans, column, row, first, last)
        i += 1


@inline
def header_column(buffer, begin, end):
    """Column of ``user-agent``, ``referer``, ``host`` or ``:authority``, -1 for other names."""
    size = end - begin
    if (
        size == 10
        and buffer[begin] == 0x75
        and buffer[begin + 4] == 0x2D
        and buffer[begin + 5] == 0x61
        and buffer[end - 1] == 0x74
    ):
        return np.int64(AGENT)
    if (
        size == 7
        and buffer[begin] == 0x72
        and buffer[begin + 3] == 0x65
        and buffer[begin + 4] == 0x72
        and buffer[end - 1] == 0x72
    ):
        return np.int64(REFERER)
    if (
        size == 4
        and buffer[begin] == 0x68
        and buffer[begin + 1] == 0x6F
        and buffer[end - 1] == 0x74
    ):
        return np.int64(HOST)
    if (
        size == 10
        and buffer[begin] == COLON
        and buffer[begin + 1] == 0x61
        and buffer[end - 1] == 0x79
    ):
        return np.int64(HOST)
    return np.int64(-1)


@inline
def put_base64(buffer, row, slots, slot, body, spans):
    """Fills a body from its base64 form; text that is no base64 is kept as it is."""
    if slots[slot, S_RANK] == NO_RANK or slots[slot, S_TYPE] >= OBJECT or spans[body, row, 0] >= 0:
        return
    begin, end = np.int64(slots[slot, S_BEGIN]), np.int64(slots[slot, S_END])
    if slots[slot, S_TYPE] == ESCAPED:
        end = np.int64(unescape(buffer, begin, end, buffer, begin))
    end = decode_base64(buffer, begin, end)
    if end > begin:
        put_span(spans, body, row, begin, min(end, begin + MAX_BODY))


@inline
def is_base64_flag(buffer, slots, slot):
    """True when a flag value is ``true`` or starts with ``b`` (``"base64"``)."""
    if slots[slot, S_RANK] == NO_RANK:
        return False
    kind = slots[slot, S_TYPE]
    return kind == TRUE or (kind == STRING and (buffer[slots[slot, S_BEGIN]] | 0x20) == 0x62)
