"""A batch as bytes and back: what the journal and the dead letter keep.

The columns stand one after the other, so that like texts are neighbours and compress well. Numbers
and lengths are variable-length integers; times and sequence numbers are differences to the row
before. Only bytes that a span points to are written: what redaction has replaced is gone.

Layout, little-endian: ``magic 4 · version 1 · zero 3 · rows 4 · control 4 · text 4 · zero 4 ·
checksum 8``, then the text and the control bytes. Control bytes of a number column: zigzag
integers. Of a text column: 0 null, 1 inside the headers of its row (then offset and length), else
length + 2.

Limits: `MAX_ROWS`, 2 GiB of text. The checksum finds damage, not malice: whoever can write the
journal can write a valid batch.
"""

import struct
from typing import Any

import numpy as np

from apisentinel.errors import StateError
from apisentinel.kernels.bytes import PADDING, load64, multiply_fold
from apisentinel.kernels.compiler import inline, kernel
from apisentinel.records.batch import (
    NUMBER_COLUMNS,
    TEXT_COLUMNS,
    TEXT_INDEX,
    RequestBatch,
)

MAGIC = b"ASRB"
VERSION = 1

MAX_ROWS = 1 << 20
"""Rows of one batch. The door takes a tenth of it; damaged bytes must not ask for gigabytes."""

ROW_BOUND = 6 * 10 + len(TEXT_COLUMNS) * 11
"""Most control bytes of a row: ten for each number, eleven for a text inside the headers."""

_HEAD = struct.Struct("<4sB3xIII4xQ")
_NUMBERS = tuple(NUMBER_COLUMNS)
_DELTA = np.array([name in {"seq", "ts"} for name in _NUMBERS], np.uint8)
_HEADERS = TEXT_INDEX["headers"]
_ORDER = np.array([_HEADERS, *(i for i in range(len(TEXT_COLUMNS)) if i != _HEADERS)], np.int64)
"""Headers first: other columns may point into them."""

_U = np.uint64
_NULL, _INSIDE, _FIRST_LENGTH = 0, 1, 2
_DAMAGED = -1
_K0, _K1 = 0x9E3779B97F4A7C15, 0xD1B54A32D192ED03


@inline
def _put(out, at, value):
    """Writes an unsigned integer, seven bits a byte; gives the index behind it."""
    while value >= _U(128):
        out[at] = np.uint8(value & _U(127)) | np.uint8(128)
        value >>= _U(7)
        at += 1
    out[at] = np.uint8(value)
    return at + 1


@inline
def _get(data, at, end):
    """Reads an unsigned integer; gives it and the index behind it, `_DAMAGED` when it is cut."""
    value, shift = _U(0), _U(0)
    while at < end and shift < _U(70):
        byte = _U(data[at])
        at += 1
        value |= (byte & _U(127)) << shift
        if byte < _U(128):
            return value, at
        shift += _U(7)
    return _U(0), np.int64(_DAMAGED)


@kernel("uint64(uint8[::1], int64, int64)")
def _checksum(data, begin, end):
    """64-bit checksum of ``data[begin:end]``, `PADDING` readable bytes behind it."""
    state = _U(_K0) ^ _U(end - begin)
    other = _U(_K1)
    at = begin
    while at + 32 <= end:  # two chains that do not wait for each other
        state = multiply_fold(load64(data, at) ^ state ^ _U(_K1), load64(data, at + 8) ^ _U(_K0))
        other = multiply_fold(
            load64(data, at + 16) ^ other ^ _U(_K0), load64(data, at + 24) ^ _U(_K1)
        )
        at += 32
    while at < end:
        state = multiply_fold(_U(data[at]) ^ state ^ _U(_K1), other ^ _U(_K0))
        other += state
        at += 1
    return multiply_fold(state ^ _U(_K0), other ^ _U(_K1))


@kernel("int64(int32[:,:,::1])")
def _text_size(spans):
    """Bytes of all texts."""
    total = np.int64(0)
    for column in range(spans.shape[0]):
        for row in range(spans.shape[1]):
            if spans[column, row, 0] >= 0:
                total += spans[column, row, 1] - spans[column, row, 0]
    return total


@kernel(
    "void(uint8[::1], int32[:,:,::1], int64[:,::1], uint8[::1], int64[::1], uint8[::1], int64[::1])"
)
def _encode(buffer, spans, numbers, delta, order, out, sizes):
    """Writes control bytes and text.

    Args:
        buffer: Text of the batch.
        spans: Its spans.
        numbers: int64 ``(columns, rows)``.
        delta: 1 for columns that are written as differences.
        order: Text columns in the order of writing, headers first.
        out: Room for both.
        sizes: In: where control bytes and text begin. Out: where they end.
    """
    at = sizes[0]
    rows = spans.shape[1]
    for column in range(numbers.shape[0]):
        before = np.int64(0)
        for row in range(rows):
            value = numbers[column, row] - before
            if delta[column] != 0:
                before = numbers[column, row]
            at = _put(out, at, (_U(value) << _U(1)) ^ _U(value >> np.int64(63)))
    text = sizes[1]
    headers = order[0]
    for k in range(order.shape[0]):
        column = order[k]
        for row in range(rows):
            begin, end = np.int64(spans[column, row, 0]), np.int64(spans[column, row, 1])
            if begin < 0:
                out[at] = _NULL
                at += 1
                continue
            first, last = np.int64(spans[headers, row, 0]), np.int64(spans[headers, row, 1])
            if k > 0 and first >= 0 and begin >= first and end <= last and end > begin:
                out[at] = _INSIDE
                at = _put(out, at + 1, _U(begin - first))
                at = _put(out, at, _U(end - begin))
                continue
            size = end - begin
            at = _put(out, at, _U(size + _FIRST_LENGTH))
            for i in range(size):
                out[text + i] = buffer[begin + i]
            text += size
    sizes[0], sizes[1] = at, text


@kernel(
    "boolean(uint8[::1], int64, int64, uint8[::1], int64[::1], int64, int64[:,::1], int32[:,:,::1])"
)
def _decode(data, at, end, delta, order, text_size, numbers, spans):
    """Fills numbers and spans from control bytes; False when they are damaged."""
    rows = spans.shape[1]
    for column in range(numbers.shape[0]):
        before = np.int64(0)
        for row in range(rows):
            value, at = _get(data, at, end)
            if at < 0:
                return False
            number = np.int64(value >> _U(1)) ^ -np.int64(value & _U(1))
            if delta[column] != 0:
                number += before
                before = number
            numbers[column, row] = number
    text = np.int64(0)
    headers = order[0]
    for k in range(order.shape[0]):
        column = order[k]
        for row in range(rows):
            value, at = _get(data, at, end)
            if at < 0:
                return False
            if value == _U(_NULL):
                continue
            if value == _U(_INSIDE):
                offset, at = _get(data, at, end)
                if at < 0:
                    return False
                size, at = _get(data, at, end)
                first, last = np.int64(spans[headers, row, 0]), np.int64(spans[headers, row, 1])
                if at < 0 or k == 0 or first < 0:
                    return False
                room = _U(last - first)
                if offset > room or size > room - offset:
                    return False
                spans[column, row, 0] = first + np.int64(offset)
                spans[column, row, 1] = first + np.int64(offset) + np.int64(size)
                continue
            size = value - _U(_FIRST_LENGTH)
            if size > _U(text_size - text):
                return False
            spans[column, row, 0] = text
            text += np.int64(size)
            spans[column, row, 1] = text
    return at == end and text == text_size


def text_bytes(batch: RequestBatch) -> int:
    """Bytes of all texts of a batch, those inside the headers counted again."""
    return int(_text_size(np.ascontiguousarray(batch.spans)))


def encode_batch(batch: RequestBatch) -> bytes:
    """The columns of a batch as bytes; what was added by enrichment is left out.

    Args:
        batch: At most `MAX_ROWS` rows.

    Raises:
        ValueError: It has more rows.

    Example:
        >>> from apisentinel.parsers.json_requests import parse_requests
        >>> batch = parse_requests(b'{"method":"GET","url":"/a?b=1"}').batch
        >>> decode_batch(encode_batch(batch)).text("query", 0)
        b'b=1'
    """
    rows = len(batch)
    if rows > MAX_ROWS:
        raise ValueError(f"a batch of {rows:,} rows is larger than the {MAX_ROWS:,} of the codec")
    spans = np.ascontiguousarray(batch.spans)
    numbers = np.empty((len(_NUMBERS), rows), np.int64)
    for k, name in enumerate(_NUMBERS):
        numbers[k] = batch.numbers[name]
    size = text_bytes(batch)
    out: Any = np.empty(_HEAD.size + size + rows * ROW_BOUND + PADDING, np.uint8)
    sizes = np.array([_HEAD.size + size, _HEAD.size], np.int64)
    _encode(batch.buffer, spans, numbers, _DELTA, _ORDER, out, sizes)
    total, text = int(sizes[0]), int(sizes[1]) - _HEAD.size
    # texts that lie inside the headers were counted twice: the control bytes move up
    control = total - _HEAD.size - size
    out[_HEAD.size + text : _HEAD.size + text + control] = out[_HEAD.size + size : total].copy()
    total = _HEAD.size + text + control
    checksum = int(_checksum(out, _HEAD.size, total))
    _HEAD.pack_into(out, 0, MAGIC, VERSION, rows, control, text, checksum)
    return bytes(memoryview(out)[:total])


def decode_batch(data: bytes | bytearray | memoryview) -> RequestBatch:
    """The batch that `encode_batch` made these bytes from.

    Args:
        data: Any bytes.

    Returns:
        A batch that owns its memory.

    Raises:
        StateError: Damaged, of another version, or no batch at all.
    """
    view = memoryview(data).cast("B")
    if len(view) < _HEAD.size:
        raise StateError(f"a batch of {len(view)} bytes is cut; its head alone takes {_HEAD.size}")
    magic, version, rows, control, text, checksum = _HEAD.unpack_from(view)
    if magic != MAGIC:
        raise StateError("these bytes are no batch of requests")
    if version != VERSION:
        raise StateError(
            f"the batch has format {version}, this version of API Sentinel reads {VERSION};"
            " read it with the version that wrote it"
        )
    begin = _HEAD.size
    if rows > MAX_ROWS or rows * (len(_NUMBERS) + len(TEXT_COLUMNS)) > control:
        raise StateError(f"the batch claims {rows:,} rows in {control:,} bytes: it is damaged")
    if len(view) != begin + control + text:
        raise StateError(
            f"the batch has {len(view):,} bytes instead of {begin + control + text:,}: it is"
            " damaged"
        )
    copy: Any = np.empty(len(view) + PADDING, np.uint8)
    copy[: len(view)] = np.frombuffer(view, np.uint8)
    copy[len(view) :] = 0
    if int(_checksum(copy, begin, len(view))) != checksum:
        raise StateError("the checksum of the batch does not fit: it is damaged")
    spans = np.full((len(TEXT_COLUMNS), rows, 2), -1, np.int32)
    numbers = np.empty((len(_NUMBERS), rows), np.int64)
    if not _decode(copy, begin + text, len(view), _DELTA, _ORDER, text, numbers, spans):
        raise StateError("the columns of the batch do not fit together: it is damaged")
    columns: dict[str, Any] = {}
    for k, (name, dtype) in enumerate(NUMBER_COLUMNS.items()):
        columns[name] = numbers[k].astype(dtype)
        if dtype != np.int64 and not np.array_equal(columns[name], numbers[k]):
            raise StateError(f"{name} of the batch is out of range: it is damaged")
    return RequestBatch(copy[begin : begin + text + PADDING], spans, columns)
