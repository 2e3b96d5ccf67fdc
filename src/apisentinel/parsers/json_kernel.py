"""The kernel behind every JSON format: one object a line in, columns out.

A line is first checked as a whole and only then written to, so a rejected line keeps its bytes for
the report and for other parsers. All texts stay inside the line's own bytes: strings are undone
where they are, headers are flattened where their JSON was (``"a":"b",`` is eight bytes, ``a 0x1F b
0x1E`` four), base64 shrinks.
"""

from typing import Any

import numpy as np

from apisentinel.kernels.bytes import PADDING
from apisentinel.kernels.compiler import kernel
from apisentinel.parsers.base import Reason
from apisentinel.parsers.json_fields import decode_base64 as _decode_base64
from apisentinel.parsers.json_fields import (
    fill_from_headers,
    is_base64_flag,
    put_base64,
    put_pairs,
    put_single_headers,
    put_texts,
    put_uri,
    read_numbers,
)
from apisentinel.parsers.json_slots import (
    F_IDENTIFY,
    F_NON_EMPTY,
    HEADERS,
    MAX_DEPTH,
    MAX_HEADERS,
    MAX_KEY,
    MAX_SCALAR,
    QUERY_PAIRS,
    REQUEST_BASE64,
    REQUEST_BODY,
    RESPONSE_BASE64,
    RESPONSE_BODY,
    RESPONSE_ENCODING,
    S_RANK,
    SLOTS,
    TEXT_SLOTS,
)
from apisentinel.parsers.json_walk import NO_RANK, walk

OK, NO_REQUEST = np.int64(Reason.OK), np.int64(Reason.NO_REQUEST)

SIGNATURE = (
    "void(uint8[::1], int32[::1], int32[::1], int32[::1],"
    " uint64[::1], int16[::1], int32[:,::1], uint8[::1], int64[::1], int64,"
    " int32[:,:,::1], int64[::1], int16[::1], int64[::1], int64[::1], int64[::1],"
    " uint8[::1], int64[::1],"
    " uint8[::1], uint64[::1], uint8[::1], uint8[::1], uint8[::1], int32[:,::1], int32[:,::1],"
    " int64[::1], int32[:,::1], int64[::1])"
)


def work_space(longest: int) -> tuple[Any, ...]:
    """Arrays that `parse_json_lines` works with, for lines of at most `longest` bytes."""
    return (
        np.empty(longest + PADDING, np.uint8),
        np.zeros(MAX_DEPTH, np.uint64),
        np.zeros(MAX_DEPTH, np.uint8),
        np.zeros(MAX_KEY + PADDING, np.uint8),
        np.zeros(MAX_SCALAR + PADDING, np.uint8),
        np.zeros((SLOTS, 5), np.int32),
        np.zeros((MAX_HEADERS, 5), np.int32),
        np.zeros(3, np.int64),
        np.zeros((TEXT_SLOTS, 2), np.int32),
        np.zeros(5, np.int64),
    )


@kernel(SIGNATURE)
def parse_json_lines(
    buffer,
    begin,
    end,
    pick,
    keys,
    codes,
    targets,
    literals,
    required,
    flags,
    spans,
    ts,
    status,
    request_bytes,
    response_bytes,
    duration,
    reason,
    marks,
    scratch,
    paths,
    shapes,
    key_text,
    small,
    slots,
    extras,
    found,
    kept,
    values,
):
    """Parses the picked lines with one mapping.

    Args:
        buffer: Text with spare bytes; bytes of accepted lines are rewritten.
        begin: Line starts.
        end: Line ends.
        pick: Lines to parse.
        keys: Path hashes, open addressing, 0 = free; the size is a power of two.
        codes: Target of each key.
        targets: Rows of `T_SLOT` … `T_INNER`.
        literals: Header names.
        required: Bit sets of slots; the line must have one slot of each set.
        flags: `F_LENIENT`, `F_DASH`, `F_NON_EMPTY`.
        spans: Text columns to fill.
        ts: To fill.
        status: To fill.
        request_bytes: To fill.
        response_bytes: To fill.
        duration: To fill.
        reason: To fill.
        marks: To fill, with `F_IDENTIFY` only: the bits of the paths that are present.
        scratch: This and all others: see `work_space`.
        paths: Work space.
        shapes: Work space.
        key_text: Work space.
        small: Work space.
        slots: Work space.
        extras: Work space.
        found: Work space.
        kept: Work space.
        values: Work space.
    """
    for p in range(pick.shape[0]):
        row = np.int64(pick[p])
        first, last = np.int64(begin[row]), np.int64(end[row])
        for s in range(SLOTS):
            slots[s, S_RANK] = NO_RANK
        found[:] = 0
        result = walk(
            buffer,
            first,
            last,
            keys,
            codes,
            targets,
            flags,
            paths,
            shapes,
            key_text,
            slots,
            extras,
            found,
        )
        if (flags & F_IDENTIFY) != 0:
            reason[row] = result
            marks[row] = found[0]
            continue
        if result == OK:
            have = found[1] if (flags & F_NON_EMPTY) != 0 else found[0]
            for g in range(required.shape[0]):
                if (have & required[g]) == 0:
                    result = NO_REQUEST
        if result == OK:
            result = read_numbers(buffer, slots, targets, flags, small, values)
        reason[row] = result
        if result != OK:
            continue
        ts[row], status[row], request_bytes[row], response_bytes[row], duration[row] = (
            values[0],
            values[1],
            values[2],
            values[3],
            values[4],
        )
        put_texts(buffer, row, slots, targets, spans)
        put_uri(buffer, row, slots, spans, kept)
        put_pairs(buffer, row, slots, HEADERS, spans, scratch)
        put_pairs(buffer, row, slots, QUERY_PAIRS, spans, scratch)
        put_base64(buffer, row, slots, REQUEST_BASE64, REQUEST_BODY, spans)
        put_base64(buffer, row, slots, RESPONSE_BASE64, RESPONSE_BODY, spans)
        if spans[RESPONSE_BODY, row, 0] >= 0 and is_base64_flag(buffer, slots, RESPONSE_ENCODING):
            spans[RESPONSE_BODY, row, 1] = _decode_base64(
                buffer,
                np.int64(spans[RESPONSE_BODY, row, 0]),
                np.int64(spans[RESPONSE_BODY, row, 1]),
            )
        if found[2] > 0:
            put_single_headers(
                buffer, row, first, last, extras, found[2], targets, literals, spans, scratch
            )
        fill_from_headers(buffer, row, spans)
