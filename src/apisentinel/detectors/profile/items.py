"""Takes requests apart into named values: path segments, parameters, JSON members, cookies,
headers.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.detectors.profile.places import (
    BODY,
    COOKIE,
    FORM,
    HEADER,
    JSON,
    MAX_DEPTH,
    MAX_FIELD,
    MAX_ITEMS,
    MAX_SEGMENTS,
    MAX_VALUE,
    PART,
    QUERY,
    SEGMENT,
)
from apisentinel.kernels.bytes import PADDING
from apisentinel.kernels.compiler import inline, kernel
from apisentinel.kernels.hashing import DEFAULT_KEY, hash_bytes, mix, siphash
from apisentinel.records.batch import HEADER_END, HEADER_SPLIT, TEXT_INDEX, RequestBatch

_U = np.uint64
_PATH, _QUERY = TEXT_INDEX["path"], TEXT_INDEX["query"]
_HEADERS, _BODY = TEXT_INDEX["headers"], TEXT_INDEX["request_body"]
_AGENT, _REFERER = TEXT_INDEX["user_agent"], TEXT_INDEX["referer"]

K0, K1 = _U(DEFAULT_KEY.k0), _U(DEFAULT_KEY.k1)
"""Names and values are hashed with the public key: a bundle is used by other installations."""

COOKIE_NAME = _U(hash_bytes(b"cookie"))
TYPE_NAME = _U(hash_bytes(b"content-type"))
AGENT_NAME = _U(hash_bytes(b"user-agent"))
REFERER_NAME = _U(hash_bytes(b"referer"))
IGNORED = tuple(_U(hash_bytes(name)) for name in (b"content-length", b"host", b"x-request-id"))
"""Headers whose value says nothing: sizes, ids, and the host, which is looked at by itself."""
_LENGTH, _HOST, _REQUEST_ID = IGNORED

BEGIN, END, NAME_BEGIN, NAME_END = range(4)
TYPE, HEADER_SET, HEADER_ORDER, BODY_KIND = range(4)
"""What is said of a request as a whole, in the order of `Items.about`."""
NO_BODY, FORM_BODY, JSON_BODY, PART_BODY, TEXT_BODY = range(5)


class Items(NamedTuple):
    """Values of some requests.

    Attributes:
        row: int32, index of the request in its batch, ascending.
        place: uint8, number of the place.
        key: uint64, hash of place and name; for JSON of the names above it, too.
        name: uint64, hash of the last name alone, the same in all places; 0 without one.
        span: int64 ``(n, 4)``: begin and end of the value in `text`, of the name in the batch.
        length: int32, bytes of the whole value.
        text: uint8, decoded values, with spare bytes at the end.
        first: int64 ``(rows + 1,)``: where the items of each request begin.
        about: uint64 ``(rows, 4)``: content type, set and order of header names, kind of body.
    """

    row: npt.NDArray[np.int32]
    place: npt.NDArray[np.uint8]
    key: npt.NDArray[np.uint64]
    name: npt.NDArray[np.uint64]
    span: npt.NDArray[np.int64]
    length: npt.NDArray[np.int32]
    text: npt.NDArray[np.uint8]
    first: npt.NDArray[np.int64]
    about: npt.NDArray[np.uint64]


@inline
def _hex(byte):
    if 48 <= byte <= 57:
        return np.int64(byte) - 48
    low = np.int64(byte) | 32
    return low - 87 if 97 <= low <= 102 else np.int64(-1)


@inline
def _decoded(buffer, begin, end, text, at, is_form):
    """Writes a value without one layer of percent encoding; at most `MAX_VALUE` bytes. Where the
    text ends.
    """
    i = begin
    stop = at + MAX_VALUE
    while i < end and at < stop:
        byte = buffer[i]
        if byte == 37 and i + 2 < end:
            high, low = _hex(buffer[i + 1]), _hex(buffer[i + 2])
            if high >= 0 and low >= 0:
                byte = np.uint8(high * 16 + low)
                i += 2
        elif byte == 43 and is_form:
            byte = np.uint8(32)
        text[at] = byte
        at += 1
        i += 1
    return at


@inline
def _unescaped(buffer, begin, end, text, at):
    """Writes the content of a JSON string; at most `MAX_VALUE` bytes. Where the text ends."""
    i = begin
    stop = at + MAX_VALUE
    while i < end and at < stop:
        byte = buffer[i]
        if byte == 92 and i + 1 < end:
            i += 1
            byte = buffer[i]
            if byte == 117 and i + 4 < end:
                code = np.int64(0)
                for k in range(1, 5):
                    digit = _hex(buffer[i + k])
                    code = code * 16 + max(digit, 0)
                byte = np.uint8(code) if code < 128 else np.uint8(0xC3)
                i += 4
            elif byte == 110 or byte == 114:
                byte = np.uint8(10)
            elif byte == 116:
                byte = np.uint8(9)
        text[at] = byte
        at += 1
        i += 1
    return at


@inline
def _add(lists, spans, lengths, used, row, place, key, name, begin, end, at, to, size):
    """Adds one item; `used` is its number, then the end of the text and the items of the row."""
    rows, places, keys, names = lists
    n = used[0]
    rows[n] = np.int32(row)
    places[n] = np.uint8(place)
    keys[n] = key
    names[n] = name
    spans[n, 0], spans[n, 1], spans[n, 2], spans[n, 3] = at, to, begin, end
    lengths[n] = np.int32(size)
    used[0] = n + 1
    used[1] = to
    used[2] += 1


@inline
def _pairs(buffer, begin, end, separator, place, text, lists, spans, lengths, used, row):
    """Items of ``a=b&c=d``."""
    at = begin
    is_form = place != COOKIE
    while at < end and used[2] < MAX_ITEMS:
        stop = at
        while stop < end and buffer[stop] != separator:
            stop += 1
        while at < stop and buffer[at] == 32:
            at += 1
        equals = at
        while equals < stop and buffer[equals] != 61:
            equals += 1
        if stop > at:
            start = used[1]
            to = _decoded(buffer, at, equals, text, start, is_form)
            name = siphash(text, start, to, K0, K1)
            value = min(equals + 1, stop)
            to = _decoded(buffer, value, stop, text, start, is_form)
            key = mix(name, _U(place + 1))
            _add(
                lists, spans, lengths, used, row, place, key, name, at, equals, start, to,
                stop - value,
            )  # fmt: skip
        at = stop + 1


@inline
def _json(buffer, begin, end, text, lists, spans, lengths, used, row, stack):
    """Items of a JSON document; broken ones are read as far as it goes.

    A string before a colon is a name, any other string, number or word is a value.
    """
    depth = np.int64(0)
    base = _U(JSON + 1)
    stack[0] = base
    name, name_begin, name_end = _U(0), begin, begin
    at = begin
    while at < end and used[2] < MAX_ITEMS:
        byte = buffer[at]
        if byte == 123 or byte == 91:
            if depth + 1 < MAX_DEPTH:
                key = stack[depth] if name == _U(0) else mix(stack[depth], name)
                depth += 1
                stack[depth] = mix(key, _U(byte))
            if byte == 123:
                name = _U(0)
            at += 1
        elif byte == 125 or byte == 93:
            depth = max(depth - 1, 0)
            name = _U(0)
            at += 1
        elif byte == 34:
            stop = at + 1
            while stop < end and buffer[stop] != 34:
                stop += 2 if buffer[stop] == 92 else 1
            stop = min(stop, end)
            after = stop + 1
            while after < end and (
                buffer[after] == 32
                or buffer[after] == 10
                or buffer[after] == 13
                or buffer[after] == 9
            ):
                after += 1
            if after < end and buffer[after] == 58:
                name = siphash(buffer, at + 1, stop, K0, K1)
                name_begin, name_end = at + 1, stop
                at = after + 1
            else:
                start = used[1]
                to = _unescaped(buffer, at + 1, stop, text, start)
                key = mix(stack[depth], name) if name != _U(0) else stack[depth]
                _add(
                    lists, spans, lengths, used, row, JSON, key, name, name_begin, name_end, start,
                    to, stop - at - 1,
                )  # fmt: skip
                at = stop + 1
        elif byte <= 32 or byte == 44 or byte == 58 or byte == 59:
            at += 1
        else:
            stop = at
            while (
                stop < end
                and buffer[stop] > 32
                and buffer[stop] != 44
                and buffer[stop] != 125
                and buffer[stop] != 93
                and buffer[stop] != 34
                and buffer[stop] != 59
            ):
                stop += 1
            stop = max(stop, at + 1)
            after = stop + 1
            while after < end and buffer[after] <= 32:
                after += 1
            if stop < end and buffer[stop] == 34 and after < end and buffer[after] == 58:
                # a name that lost its first quote
                name = siphash(buffer, at, stop, K0, K1)
                name_begin, name_end = at, stop
                at = after + 1
                continue
            start = used[1]
            to = _decoded(buffer, at, min(stop, at + MAX_VALUE), text, start, False)
            key = mix(stack[depth], name) if name != _U(0) else stack[depth]
            _add(
                lists, spans, lengths, used, row, JSON, key, name, name_begin, name_end, start, to,
                stop - at,
            )  # fmt: skip
            at = stop


@inline
def _find_word(buffer, begin, end, word, size):
    """Where `word`, the first `size` bytes little-endian, stands; `end` when it does not."""
    for i in range(begin, end - size + 1):
        same = True
        for k in range(size):
            if _U(buffer[i + k]) != (word >> _U(8 * k)) & _U(255):
                same = False
                break
        if same:
            return i
    return end


NAME_WORD = _U(int.from_bytes(b'name="', "little"))
BLANK_WORD = _U(int.from_bytes(b"\r\n\r\n", "little"))
DASH_WORD = _U(int.from_bytes(b"\r\n--", "little"))


@inline
def _parts(buffer, begin, end, text, lists, spans, lengths, used, row):
    """Items of a multipart body: one for each part with a name."""
    at = begin
    while at < end and used[2] < MAX_ITEMS:
        found = _find_word(buffer, at, end, NAME_WORD, 6)
        if found >= end:
            return
        stop = found + 6
        while stop < end and buffer[stop] != 34:
            stop += 1
        name = siphash(buffer, found + 6, stop, K0, K1)
        value = min(_find_word(buffer, stop, end, BLANK_WORD, 4) + 4, end)
        close = _find_word(buffer, value, end, DASH_WORD, 4)
        start = used[1]
        to = start
        for i in range(value, min(close, value + MAX_VALUE)):
            text[to] = buffer[i]
            to += 1
        _add(
            lists, spans, lengths, used, row, PART, mix(name, _U(PART + 1)), name, found + 6, stop,
            start, to, close - value,
        )  # fmt: skip
        at = max(close, stop) + 1


@inline
def is_file(text, begin, end):
    """True for a name that ends with a point and two to four letters, as those of files do."""
    at = end
    while at > begin and 97 <= (text[at - 1] | 32) <= 122:
        at -= 1
    return 2 <= end - at <= 4 and at - begin >= 2 and text[at - 1] == 46


@inline
def _segments(buffer, begin, end, text, lists, spans, lengths, used, row):
    """An item for each path segment."""
    at = begin
    count = 0
    while at < end and count < MAX_SEGMENTS:
        while at < end and buffer[at] == 47:
            at += 1
        stop = at
        while stop < end and buffer[stop] != 47:
            stop += 1
        if stop > at:
            if stop + 1 == end and is_file(buffer, at, stop):
                stop = end  # a file is no folder: the slash behind it is part of the name
            start = used[1]
            to = _decoded(buffer, at, stop, text, start, False)
            name = siphash(text, start, to, K0, K1)
            _add(
                lists, spans, lengths, used, row, SEGMENT, name, _U(0), at, stop, start, to,
                stop - at,
            )  # fmt: skip
            count += 1
        at = stop + 1


@inline
def _headers(buffer, begin, end, text, lists, spans, lengths, used, row, about):
    """An item for each header and each cookie; set and order of the names."""
    at = begin
    names, order = _U(0), _U(HEADER + 1)
    while at < end and used[2] < MAX_ITEMS:
        stop = at
        while stop < end and buffer[stop] != HEADER_END:
            stop += 1
        split = at
        while split < stop and buffer[split] != HEADER_SPLIT:
            split += 1
        name = siphash(buffer, at, split, K0, K1)
        value = min(split + 1, stop)
        if name == TYPE_NAME:
            # parameters of the type, such as the boundary of parts, are of no interest
            cut = value
            while cut < stop and buffer[cut] != 59:
                cut += 1
            about[row, TYPE] = siphash(buffer, value, cut, K0, K1)
        if name != _LENGTH:
            names += mix(name, _U(1))
            order = mix(order, name)
        if name == COOKIE_NAME:
            _pairs(
                buffer, value, stop, np.uint8(59), COOKIE, text, lists, spans, lengths, used, row
            )
        elif name != _LENGTH and name != _HOST and name != _REQUEST_ID:
            start = used[1]
            to = start
            for i in range(value, min(stop, value + MAX_VALUE)):
                text[to] = buffer[i]
                to += 1
            _add(
                lists, spans, lengths, used, row, HEADER, mix(name, _U(HEADER + 1)), name, at,
                split, start, to, stop - value,
            )  # fmt: skip
        at = stop + 1
    about[row, HEADER_SET] = names
    about[row, HEADER_ORDER] = order


@inline
def _whole(buffer, begin, end, place, name, text, lists, spans, lengths, used, row):
    """One item for a field as a whole."""
    start = used[1]
    to = start
    for i in range(begin, min(end, begin + MAX_VALUE)):
        text[to] = buffer[i]
        to += 1
    _add(
        lists, spans, lengths, used, row, place, mix(name, _U(place + 1)), name, begin, begin,
        start, to, end - begin,
    )  # fmt: skip


@inline
def _body(buffer, begin, end, text, lists, spans, lengths, used, row, stack):
    """Items of a body, by what it looks like. Its kind."""
    at = begin
    while at < end and buffer[at] <= 32:
        at += 1
    if at == end:
        return NO_BODY
    if buffer[at] == 123 or buffer[at] == 91:
        _json(buffer, at, end, text, lists, spans, lengths, used, row, stack)
        return JSON_BODY
    if buffer[at] == 45 and at + 1 < end and buffer[at + 1] == 45:
        _parts(buffer, at, end, text, lists, spans, lengths, used, row)
        return PART_BODY
    equals = at
    while equals < min(end, at + 128) and buffer[equals] != 61 and buffer[equals] > 32:
        equals += 1
    if equals < end and buffer[equals] == 61 and buffer[at] != 60:
        _pairs(buffer, at, end, np.uint8(38), FORM, text, lists, spans, lengths, used, row)
        return FORM_BODY
    _whole(buffer, at, end, BODY, _U(1), text, lists, spans, lengths, used, row)
    return TEXT_BODY


@kernel(
    "int64(uint8[::1], int32[:,:,::1], int64[::1], int64, uint8[::1], int32[::1], uint8[::1],"
    " uint64[::1], uint64[::1], int64[:,::1], int32[::1], int64[::1], uint64[:,::1], uint64[::1],"
    " int64[::1])"
)
def _read(
    buffer,
    fields,
    rows,
    start,
    text,
    item_row,
    item_place,
    item_key,
    item_name,
    spans,
    lengths,
    first,
    about,
    stack,
    used,
):
    """Takes apart the requests `rows[start:]`; stops before one for which there may be no room.

    Returns:
        How many of `rows` are done.
    """
    lists = (item_row, item_place, item_key, item_name)
    used[0] = 0
    used[1] = 0
    n = start
    while n < rows.shape[0]:
        i = rows[n]
        size = np.int64(0)
        for column in range(fields.shape[0]):
            size += min(max(fields[column, i, 1] - fields[column, i, 0], 0), MAX_FIELD)
        # names are written before their value and may be as long
        if used[1] + size + 2 * MAX_VALUE + PADDING > text.shape[0] or (
            used[0] + MAX_ITEMS + MAX_SEGMENTS + 4 > item_row.shape[0]
        ):
            return n
        row = n - start
        first[row] = used[0]
        used[2] = 0
        for k in range(4):
            about[row, k] = _U(0)
        begin, end = np.int64(fields[_PATH, i, 0]), np.int64(fields[_PATH, i, 1])
        if begin >= 0:
            end = min(end, begin + MAX_FIELD)
            _segments(buffer, begin, end, text, lists, spans, lengths, used, row)
        used[2] = 0
        begin, end = np.int64(fields[_QUERY, i, 0]), np.int64(fields[_QUERY, i, 1])
        if begin >= 0:
            end = min(end, begin + MAX_FIELD)
            _pairs(buffer, begin, end, np.uint8(38), QUERY, text, lists, spans, lengths, used, row)
        begin, end = np.int64(fields[_BODY, i, 0]), np.int64(fields[_BODY, i, 1])
        if begin >= 0:
            end = min(end, begin + MAX_FIELD)
            about[row, BODY_KIND] = _U(
                _body(buffer, begin, end, text, lists, spans, lengths, used, row, stack)
            )
        begin, end = np.int64(fields[_HEADERS, i, 0]), np.int64(fields[_HEADERS, i, 1])
        if begin >= 0:
            end = min(end, begin + MAX_FIELD)
            _headers(buffer, begin, end, text, lists, spans, lengths, used, row, about)
        elif used[2] + 2 < MAX_ITEMS:
            begin, end = np.int64(fields[_AGENT, i, 0]), np.int64(fields[_AGENT, i, 1])
            if begin >= 0:
                _whole(
                    buffer, begin, end, HEADER, AGENT_NAME, text, lists, spans, lengths, used, row
                )
            begin, end = np.int64(fields[_REFERER, i, 0]), np.int64(fields[_REFERER, i, 1])
            if begin >= 0:
                _whole(
                    buffer,
                    begin,
                    end,
                    HEADER,
                    REFERER_NAME,
                    text,
                    lists,
                    spans,
                    lengths,
                    used,
                    row,
                )
        n += 1
    return n


TEXT_BYTES = 1 << 21
ITEMS_AT_ONCE = 1 << 15
ROWS_AT_ONCE = 4096
"""Room of one call; more requests take more calls."""
WORST_TEXT = len(TEXT_INDEX) * MAX_FIELD + 2 * MAX_VALUE + PADDING
"""Bytes that one request may need."""


class Reader:
    """Takes requests apart, block by block, with work space of its own. One thread at a time."""

    def __init__(self) -> None:
        size = max(TEXT_BYTES, WORST_TEXT + PADDING)
        self._text = np.zeros(size + PADDING, np.uint8)
        self._row = np.empty(ITEMS_AT_ONCE, np.int32)
        self._place = np.empty(ITEMS_AT_ONCE, np.uint8)
        self._key, self._name = (np.empty(ITEMS_AT_ONCE, np.uint64) for _ in range(2))
        self._span = np.empty((ITEMS_AT_ONCE, 4), np.int64)
        self._length = np.empty(ITEMS_AT_ONCE, np.int32)
        self._first = np.empty(ROWS_AT_ONCE + 1, np.int64)
        self._about = np.empty((ROWS_AT_ONCE, 4), np.uint64)
        self._stack = np.zeros(MAX_DEPTH + 1, np.uint64)
        self._used = np.zeros(3, np.int64)

    def read(self, batch: RequestBatch, rows: npt.NDArray[np.int64]) -> tuple[int, Items]:
        """Values of the first of these rows.

        Args:
            batch: The requests.
            rows: Which of them; not empty.

        Returns:
            How many of `rows` were read, at least one, and their values; valid until the next
            call.
        """
        some: Any = np.ascontiguousarray(rows[:ROWS_AT_ONCE], np.int64)
        done = int(
            _read(
                batch.buffer, batch.spans, some, 0, self._text, self._row, self._place, self._key,
                self._name, self._span, self._length, self._first, self._about, self._stack,
                self._used,
            )
        )  # fmt: skip
        n = int(self._used[0])
        self._first[done] = n
        return done, Items(
            self._row[:n], self._place[:n], self._key[:n], self._name[:n], self._span[:n],
            self._length[:n], self._text, self._first[: done + 1], self._about[:done],
        )  # fmt: skip
