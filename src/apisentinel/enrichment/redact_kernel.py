"""Finds the declared secrets in the text columns of a batch, in one pass over the bytes.

Headers are read by their name, other texts by an automaton of names and prefixes, card numbers by
their digits. What a name or a form says is a secret becomes a candidate; `redact_marks` replaces
the candidates that are left after `redact_batch` has looked at the doubtful ones.
"""

import numpy as np

from apisentinel.enrichment.redact_marks import (
    _IDENTITY,
    BEGIN,
    CHECK,
    COLUMN,
    END,
    IDENTITY,
    IDENTITY_MARK,
    IDENTITY_SIZE,
    KEYED,
    MASK,
    QUOTE,
    ROW,
    STYLE,
    is_mark,
)
from apisentinel.enrichment.redact_values import (
    BASE64,
    BASIC,
    C_ALNUM,
    C_SPACE,
    C_TOKEN,
    PLAIN,
    SHORTEST_KEYED,
    card_end,
    check_of,
    is_empty_word,
    name_of,
    separator_of,
    token_end,
    value_of,
)
from apisentinel.enrichment.redact_words import (
    H_COOKIE,
    H_SCHEME,
    H_SECRET,
    H_SET_COOKIE,
    H_SKIP,
    M_AUTHORITY,
    M_BASE64,
    M_EYJ,
    M_PEM,
    M_PREFIX,
    M_SCHEME,
)
from apisentinel.kernels.automaton import step
from apisentinel.kernels.bytes import find
from apisentinel.kernels.compiler import inline, kernel
from apisentinel.kernels.interning import word_value
from apisentinel.records.batch import HEADER_END, HEADER_SPLIT, TEXT_INDEX

_U = np.uint64
_HEADERS = TEXT_INDEX["headers"]

SHORTEST_PREFIXED = 16
"""Token characters that must follow the prefix of an access key."""

SHORTEST_JWT = 20

SHORTEST_BEARER = 12
"""Token characters behind a scheme in the middle of a text."""

LONGEST_PREFIX = 11

LONGEST_AUTHORITY = 128
"""Bytes behind ``://`` in which the password of a URL is looked for."""


@inline
def _put(out, count, row, column, begin, end, style, quote, check):
    """Notes a candidate when there is room; gives the number of all."""
    if count < out.shape[0]:
        out[count, ROW], out[count, COLUMN] = row, column
        out[count, BEGIN], out[count, END] = begin, end
        out[count, STYLE], out[count, QUOTE], out[count, CHECK] = style, quote, check
    return count + 1


@inline
def _scan(
    buffer,
    begin,
    end,
    row,
    column,
    table_classes,
    table,
    outputs,
    shift,
    first_output,
    classes,
    digits,
    groups,
    out,
    count,
):
    """Looks through one text; gives the number of candidates."""
    state = np.int64(0)
    i = begin
    floor = begin
    while i < end:
        byte = buffer[i]
        if 48 <= byte <= 57 and (i == floor or not 48 <= buffer[i - 1] <= 57):
            stop = card_end(buffer, floor, i, end, classes, digits, groups)
            if stop > 0:
                count = _put(out, count, row, column, i, stop, MASK, 0, PLAIN)
                i, floor, state = stop, stop, np.int64(0)
                continue
        state = step(state, byte, table_classes, table, shift)
        i += 1
        if state < first_output:
            continue
        marks = outputs[state]
        at = i - 1
        length, guessable = name_of(buffer, floor, at, marks, classes)
        if length > 0:
            kind, behind, slashes = separator_of(buffer, i, end, column, classes)
            if kind > 0:
                first, last, after, quote = value_of(
                    buffer, behind, end, kind, slashes, column, classes
                )
                while last > first and kind != 5 and classes[buffer[last - 1]] & C_SPACE != 0:
                    last -= 1
                if not is_empty_word(buffer, first, last) and not is_mark(buffer, first, last):
                    is_keyed = not guessable and last - first >= SHORTEST_KEYED
                    count = _put(
                        out,
                        count,
                        row,
                        column,
                        first,
                        last,
                        KEYED if is_keyed else MASK,
                        quote,
                        check_of(buffer, first, last, classes),
                    )
                    i, floor, state = after, after, np.int64(0)
                    continue
        if marks & _U(M_EYJ) and buffer[at - 2] == 101 and buffer[at - 1] == 121:
            first = at - 2
            if buffer[at] == 74 and (
                first == floor
                or classes[buffer[first - 1]] & C_ALNUM == 0
                or (first - 3 >= floor and buffer[first - 3] == 37)
            ):
                last = token_end(buffer, i, end, column, classes)
                dots = 0
                for k in range(first, last):
                    dots += 1 if buffer[k] == 46 else 0
                if last - first >= SHORTEST_JWT:
                    count = _put(
                        out,
                        count,
                        row,
                        column,
                        first,
                        last,
                        KEYED,
                        0,
                        PLAIN if dots >= 2 else BASE64,
                    )
                    i, floor, state = last, last, np.int64(0)
                    continue
        if marks & _U(M_BASE64):
            first = at
            while (
                first > floor
                and classes[buffer[first - 1]] & C_TOKEN != 0
                and (buffer[first - 1] != 61 and buffer[first - 1] != 46)
            ):
                first -= 1
            last = token_end(buffer, i, end, column, classes)
            if last - first >= SHORTEST_JWT:
                count = _put(out, count, row, column, first, last, KEYED, 0, BASE64)
                i, floor, state = last, last, np.int64(0)
                continue
        if marks & _U(M_PREFIX):
            first = at
            while first > max(floor, at - LONGEST_PREFIX - 1) and (
                classes[buffer[first - 1]] & C_TOKEN != 0
                and buffer[first - 1] != 61
                and buffer[first - 1] != 47
            ):
                first -= 1
            last = token_end(buffer, i, end, column, classes)
            if at - first < LONGEST_PREFIX and last - i >= SHORTEST_PREFIXED:
                has_digit = False
                for k in range(i, last):
                    has_digit = has_digit or 48 <= buffer[k] <= 57
                if has_digit:
                    count = _put(out, count, row, column, first, last, KEYED, 0, PLAIN)
                    i, floor, state = last, last, np.int64(0)
                    continue
        if marks & _U(M_SCHEME):
            last = token_end(buffer, i, end, column, classes)
            if last - i >= SHORTEST_BEARER and not is_mark(buffer, i, last):
                count = _put(out, count, row, column, i, last, KEYED, 0, PLAIN)
                i, floor, state = last, last, np.int64(0)
                continue
        if marks & _U(M_PEM):
            stop = i
            while stop < min(end, i + 48) and buffer[stop] != 45:
                stop += 1
            is_key = False
            for k in range(i, stop - 2):
                if (buffer[k] | 32) == 107 and (buffer[k + 1] | 32) == 101:
                    is_key = is_key or (buffer[k + 2] | 32) == 121
            if is_key:
                last = stop + 5
                while last + 8 < end and not (
                    buffer[last] == 45
                    and buffer[last + 1] == 45
                    and buffer[last + 2] == 45
                    and buffer[last + 3] == 45
                    and buffer[last + 4] == 45
                    and buffer[last + 5] == 69
                    and buffer[last + 6] == 78
                ):
                    last += 1
                last = end if last + 8 >= end else last
                last = min(last, end)
                first = min(stop + 5, last)
                if last > first:
                    count = _put(out, count, row, column, first, last, MASK, 0, PLAIN)
                    i, floor, state = last, last, np.int64(0)
                    continue
        if marks & _U(M_AUTHORITY):
            colon, stop = np.int64(0), i
            limit = min(end, i + LONGEST_AUTHORITY)
            while stop < limit:
                c = buffer[stop]
                if c == 47 or c == 63 or c == 35 or c == 38 or c == 34 or c == 39 or c == 32:
                    break
                if c == 64:
                    break
                if c == 58 and colon == 0:
                    colon = stop + 1
                stop += 1
            if stop < limit and buffer[stop] == 64 and colon > 0 and stop > colon:
                if not is_mark(buffer, colon, stop):
                    count = _put(
                        out,
                        count,
                        row,
                        column,
                        colon,
                        stop,
                        MASK,
                        0,
                        check_of(buffer, colon, stop, classes),
                    )
                    i, floor, state = stop, stop, np.int64(0)
    return count


@inline
def _cookies(buffer, begin, end, row, only_first, classes, out, count):
    """Values of a list of cookies."""
    at = begin
    while at < end:
        stop = find(buffer, at, end, np.uint8(59))
        first = at
        while first < stop and classes[buffer[first]] & C_SPACE != 0:
            first += 1
        middle = find(buffer, first, stop, np.uint8(61))
        value = middle + 1 if middle < stop else first
        last = stop
        while last > value and classes[buffer[last - 1]] & C_SPACE != 0:
            last -= 1
        if last - value >= 2 and buffer[value] == 34 and buffer[last - 1] == 34:
            value += 1
            last -= 1
        if last > value and not is_mark(buffer, value, last):
            count = _put(
                out,
                count,
                row,
                _HEADERS,
                value,
                last,
                KEYED,
                0,
                check_of(buffer, value, last, classes),
            )
        if only_first:
            break
        at = stop + 1
    return count


@inline
def _scheme(buffer, begin, end):
    """Index behind ``Bearer `` or another scheme; `begin` when there is none."""
    i = begin
    while i < end and i - begin < 24:
        byte = buffer[i]
        if byte == 32:
            while i < end and buffer[i] == 32:
                i += 1
            return i if i < end else begin
        if not (65 <= (byte & 0xDF) <= 90 or 48 <= byte <= 57 or byte == 45):
            return begin
        i += 1
    return begin


@inline
def _ends_like_secret(
    buffer, begin, end, table_classes, table, outputs, shift, first_output, classes
):
    """True for the name of a header that ends with the name of a secret."""
    state = np.int64(0)
    for i in range(begin, end):
        state = step(state, buffer[i], table_classes, table, shift)
    if state < first_output:
        return False
    length, _ = name_of(buffer, begin, end - 1, outputs[state], classes)
    return length > 0


@kernel(
    "int64(uint8[::1], int32[:,:,::1], int64[::1], uint8[::1], uint16[::1], uint64[::1], int64,"
    " int64, uint8[::1], uint64[::1], int64[::1], int64[::1], int64[::1], int64[:,::1])"
)
def find_secrets(
    buffer,
    spans,
    columns,
    table_classes,
    table,
    outputs,
    shift,
    first_output,
    classes,
    header_keys,
    header_values,
    digits,
    groups,
    out,
):
    """Notes the secrets of all rows, in order of row, column and place.

    Args:
        buffer: Text of the batch.
        spans: Its spans.
        columns: Text columns to look through; headers by their grammar.
        table_classes: Automaton of `redact_words`.
        table: Same.
        outputs: Same.
        shift: Same.
        first_output: Same.
        classes: `CLASSES`.
        header_keys: `redact_words.HEADERS`.
        header_values: Same.
        digits: 24 numbers to work with.
        groups: 8 numbers to work with.
        out: Candidates ``(room, FIELDS)``; those that fit are written.

    Returns:
        Number of candidates; more than there is room for means: call again with more.
    """
    count = np.int64(0)
    for row in range(spans.shape[1]):
        head, tail = np.int64(spans[_HEADERS, row, 0]), np.int64(spans[_HEADERS, row, 1])
        for c in range(columns.shape[0]):
            column = columns[c]
            at, limit = np.int64(spans[column, row, 0]), np.int64(spans[column, row, 1])
            if at < 0 or at >= limit:
                continue
            if column != _HEADERS:
                if head >= 0 and at >= head and limit <= tail:
                    continue
                count = _scan(
                    buffer,
                    at,
                    limit,
                    row,
                    column,
                    table_classes,
                    table,
                    outputs,
                    shift,
                    first_output,
                    classes,
                    digits,
                    groups,
                    out,
                    count,
                )
                continue
            while at < limit:
                stop = find(buffer, at, limit, np.uint8(HEADER_END))
                middle = find(buffer, at, stop, np.uint8(HEADER_SPLIT))
                begin = min(middle + 1, stop)
                how = word_value(buffer, at, middle, header_keys, header_values)
                if how == 0 and _ends_like_secret(
                    buffer, at, middle, table_classes, table, outputs, shift, first_output, classes
                ):
                    how = H_SECRET
                if how == H_COOKIE or how == H_SET_COOKIE:
                    count = _cookies(
                        buffer, begin, stop, row, how == H_SET_COOKIE, classes, out, count
                    )
                elif how == H_SECRET or how == H_SCHEME:
                    first = _scheme(buffer, begin, stop) if how == H_SCHEME else begin
                    if first < stop and not is_mark(buffer, first, stop):
                        check = check_of(buffer, first, stop, classes)
                        if (
                            first - begin == 6
                            and (buffer[begin] | 32) == 98
                            and (buffer[begin + 1] | 32) == 97
                        ):
                            check = BASIC
                        count = _put(out, count, row, _HEADERS, first, stop, KEYED, 0, check)
                elif how != H_SKIP:
                    count = _scan(
                        buffer,
                        begin,
                        stop,
                        row,
                        column,
                        table_classes,
                        table,
                        outputs,
                        shift,
                        first_output,
                        classes,
                        digits,
                        groups,
                        out,
                        count,
                    )
                at = stop + 1
    return count


@kernel("int64(uint8[::1], int32[:,:,::1], int64[::1], int64[:,::1])")
def find_ids(buffer, spans, columns, out):
    """Notes every id in the given columns that is no name of ours yet; `out` has room for all.

    Returns:
        Number of ids.
    """
    count = np.int64(0)
    for row in range(spans.shape[1]):
        for c in range(columns.shape[0]):
            begin, end = np.int64(spans[columns[c], row, 0]), np.int64(spans[columns[c], row, 1])
            if begin < 0 or begin >= end:
                continue
            known = end - begin == IDENTITY_SIZE
            for k in range(len(IDENTITY_MARK)):
                known = known and buffer[begin + k] == _IDENTITY[k]
            if not known:
                count = _put(out, count, row, columns[c], begin, end, IDENTITY, 0, PLAIN)
    return count
