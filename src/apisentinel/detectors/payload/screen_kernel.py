"""Kernel of the screen: words, kinds of characters and encodings of each field, byte by byte."""

from typing import Any

import numpy as np

from apisentinel.detectors.payload.limits import MAX_SCREEN_BODY, MAX_SCREEN_FIELD, SCREEN_LAYERS
from apisentinel.kernels.bytes import PADDING, find, load64
from apisentinel.kernels.compiler import inline, kernel
from apisentinel.records.batch import HEADER_END, HEADER_SPLIT

SIXTY_FOUR = np.full((2, 256), 255, np.uint8)
"""Value of each letter of base64 and base64url, 255 for other bytes; the second row is for paths,
where a slash separates.
"""
for _i, _c in enumerate(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"):
    SIXTY_FOUR[:, _c] = _i
SIXTY_FOUR[:, ord("-")], SIXTY_FOUR[:, ord("_")] = 62, 63
SIXTY_FOUR[1, ord("/")] = 255

LETTER, CAPITAL, HIDING = 1 << 28, 1 << 29, 1 << 30
"""Bits beside the character classes: letter of base64, capital letter, and (of a text) that a run
may hold base64.
"""
_LEAST_BASE64 = 12
"""Letters of the shortest run that is tried as base64; shorter ones hold no attack."""

_LEAST_PART = 16
"""Bytes of a part of a text that is read in four parts; reading on costs some bytes for each."""

_MEMO, _LEAST_MEMO = 1 << 12, 16
"""Recently seen user agents, referers and single headers that are remembered, in a large block and
at least; comparing is ten times cheaper than reading again. Small blocks remember fewer: making the
table would cost more than it saves.
"""
_REFERER = int.from_bytes(b"referer" + bytes([HEADER_SPLIT]), "little")
_MEMO_A_ROW = 2
"""Places of the memo for each row: most headers of a client are those of its last request."""


@inline
def _undo(source, begin, end, target, hexes):
    """Undoes one layer of percent, %u, backslash and entity encoding; returns the new length."""
    n = 0
    i = begin
    while i < end:
        c = source[i]
        if c == 37 and i + 2 < end:
            high, low = hexes[source[i + 1]], hexes[source[i + 2]]
            if high < 16 and low < 16:
                c = np.uint8(high * 16 + low)
                i += 2
            elif (source[i + 1] | 32) == 117 and i + 5 < end:
                a, b = hexes[source[i + 4]], hexes[source[i + 5]]
                if a < 16 and b < 16:
                    c = np.uint8(a * 16 + b)
                    i += 5
        elif c == 92 and i + 3 < end:
            kind = source[i + 1] | 32
            if kind == 120 and hexes[source[i + 2]] < 16 and hexes[source[i + 3]] < 16:
                c = np.uint8(hexes[source[i + 2]] * 16 + hexes[source[i + 3]])
                i += 3
            elif (
                kind == 117
                and i + 5 < end
                and hexes[source[i + 4]] < 16
                and hexes[source[i + 5]] < 16
            ):
                c = np.uint8(hexes[source[i + 4]] * 16 + hexes[source[i + 5]])
                i += 5
            elif kind == 110 or kind == 114 or kind == 116 or kind == 102:
                # a line break or tab in JSON
                c = np.uint8(32)
                i += 1
        elif c == 38 and i + 3 < end and source[i + 1] == 35:
            j = i + 2
            base = 10
            if (source[j] | 32) == 120:
                base = 16
                j += 1
            value = 0
            stop = min(end, j + 8)
            first = j
            while j < stop and hexes[source[j]] < base:
                value = value * base + hexes[source[j]]
                j += 1
            if j > first and value < 256:
                if j < end and source[j] == 59:
                    j += 1
                c = np.uint8(value)
                i = j - 1
        target[n] = c
        n += 1
        i += 1
    return n


@inline
def _hides(buffer, begin, end, kinds, place):
    """`HIDING` when a run of base64 letters is long enough and has a capital, as all base64 of text
    has, else 0.

    Such a run covers one of any `_LEAST_BASE64` places in a row, so most bytes need no look.
    """
    low = begin
    at = begin + _LEAST_BASE64 - 1
    while at < end:
        if kinds[place, buffer[at]] & np.uint32(LETTER) == 0:
            low = at + 1
            at += _LEAST_BASE64
            continue
        start = at
        letters = kinds[place, buffer[at]]
        while start > low and kinds[place, buffer[start - 1]] & np.uint32(LETTER):
            start -= 1
            letters |= kinds[place, buffer[start]]
        at += 1
        while at < end and kinds[place, buffer[at]] & np.uint32(LETTER):
            letters |= kinds[place, buffer[at]]
            at += 1
        if at - start >= _LEAST_BASE64 and letters & np.uint32(CAPITAL):
            return np.uint32(HIDING)
        low = at + 1
        at += _LEAST_BASE64
    return np.uint32(0)


@inline
def _kinds_of(buffer, begin, end, kinds, place):
    """Class bits of one text, and `HIDING`; see `_hides`."""
    seen = more = np.uint32(0)
    at, stop, row = np.uint64(begin), np.uint64(end), np.uint64(place)
    while at + np.uint64(4) <= stop:
        seen |= kinds[row, buffer[at]] | kinds[row, buffer[at + np.uint64(1)]]
        more |= kinds[row, buffer[at + np.uint64(2)]] | kinds[row, buffer[at + np.uint64(3)]]
        at += np.uint64(4)
    seen |= more
    while at < stop:
        seen |= kinds[row, buffer[at]]
        at += np.uint64(1)
    if seen & np.uint32(CAPITAL):
        seen |= _hides(buffer, begin, end, kinds, place)
    return seen


@inline
def _next(state, byte, classes, table, shift):
    """As `kernels.automaton.step`; indices without sign need no look whether they count from the
    end.
    """
    return np.uint64(table[(state << shift) | np.uint64(classes[byte])])


@inline
def _words_of(buffer, begin, end, classes, table, outputs, shift, first, track):
    """Group bits of one text.

    Each step of the automaton waits for the one before, so a longer text is read in four parts side
    by side, each from the start state. Every part then reads on into the next one until it is in
    the state that the next one was in: from there on both are the same.

    Args:
        track: Work space, uint16; texts that are longer are read byte by byte.
    """
    found = np.uint64(0)
    start, stop, bits, marked = np.uint64(begin), np.uint64(end), np.uint64(shift), np.uint64(first)
    size = stop - start
    part = size >> np.uint64(2)
    a = np.uint64(0)
    if part < np.uint64(_LEAST_PART) or size > np.uint64(track.shape[0]):
        for at in range(start, stop):
            a = _next(a, buffer[at], classes, table, bits)
            if a >= marked:
                found |= outputs[a]
        # the end of a field counts as a blank, so that a word can ask for it
        return found | outputs[_next(a, np.uint8(32), classes, table, bits)]
    b = c = d = np.uint64(0)
    second = part
    third = part + part
    fourth = third + part
    for k in range(start, start + part):
        a = _next(a, buffer[k], classes, table, bits)
        b = _next(b, buffer[k + second], classes, table, bits)
        c = _next(c, buffer[k + third], classes, table, bits)
        d = _next(d, buffer[k + fourth], classes, table, bits)
        at = k - start
        track[at + second] = np.uint16(b)
        track[at + third] = np.uint16(c)
        track[at + fourth] = np.uint16(d)
        if a >= marked or b >= marked or c >= marked or d >= marked:
            found |= outputs[a] | outputs[b] | outputs[c] | outputs[d]
    for at in range(fourth + part, size):
        d = _next(d, buffer[start + at], classes, table, bits)
        track[at] = np.uint16(d)
        if d >= marked:
            found |= outputs[d]
    track[second - np.uint64(1)] = np.uint16(a)
    for joint in range(1, 4):
        at = np.uint64(joint) * part
        state = np.uint64(track[at - np.uint64(1)])
        while at < size:
            state = _next(state, buffer[start + at], classes, table, bits)
            if state == np.uint64(track[at]):
                break
            track[at] = np.uint16(state)
            if state >= marked:
                found |= outputs[state]
            at += np.uint64(1)
    last = np.uint64(track[size - np.uint64(1)])
    return found | outputs[_next(last, np.uint8(32), classes, table, bits)]


@inline
def _read(buffer, begin, end, classes, table, outputs, shift, first, kinds, place, track):
    """Group bits and class bits of one text."""
    found = _words_of(buffer, begin, end, classes, table, outputs, shift, first, track)
    return found, _kinds_of(buffer, begin, end, kinds, place)


@inline
def _printable(byte):
    return 32 <= byte < 127 or byte == 9 or byte == 10 or byte == 13


@inline
def _hidden(buffer, begin, end, target, letters, place):
    """Decodes runs of base64 letters that give printable text, blanks between; returns the length.

    The first six bytes decide, so ordinary words and tokens cost next to nothing.
    """
    n = np.int64(0)
    i = begin
    while i < end:
        start = i
        while i < end and letters[place, buffer[i]] < 64:
            i += 1
        if i - start >= _LEAST_BASE64:
            mark = n
            group = np.int64(0)
            k = start
            good = True
            while k + 1 < i and good:
                group = (group << 6) | np.int64(letters[place, buffer[k]])
                if (k - start) % 4 == 3:
                    for shift in (16, 8, 0):
                        byte = (group >> shift) & 255
                        good = good and (_printable(byte) or k - start > 8)
                        target[n] = np.uint8(byte)
                        n += 1
                    group = np.int64(0)
                k += 1
            if good:
                rest = (i - start) % 4
                group = (group << 6) | np.int64(letters[place, buffer[i - 1]])
                if rest == 0:
                    for shift in (16, 8, 0):
                        target[n] = np.uint8((group >> shift) & 255)
                        n += 1
                elif rest == 3:
                    target[n] = np.uint8((group >> 10) & 255)
                    target[n + 1] = np.uint8((group >> 2) & 255)
                    n += 2
                elif rest == 2:
                    target[n] = np.uint8((group >> 4) & 255)
                    n += 1
                target[n] = 32
                n += 1
            else:
                n = mark
        i += 1
    return n


@inline
def _field(
    buffer,
    begin,
    end,
    one,
    two,
    classes,
    table,
    outputs,
    shift,
    first,
    kinds,
    hexes,
    letters,
    triggers,
    place,
    track,
):
    """Group and class bits of a field over all its layers."""
    found, seen = _read(
        buffer, begin, end, classes, table, outputs, shift, first, kinds, place, track
    )
    if seen & np.uint32(HIDING):
        length = _hidden(buffer, begin, end, two, letters, place)
        more, _ = _read(
            two, np.int64(0), length, classes, table, outputs, shift, first, kinds, place, track
        )
        found |= more
    if seen & triggers:
        length = _undo(buffer, begin, end, one, hexes)
        layer = 1
        before = end - begin
        while length < before:
            more, kind = _read(
                one, np.int64(0), length, classes, table, outputs, shift, first, kinds, place, track
            )
            found |= more
            seen |= kind
            if layer == 1 and kind & np.uint32(HIDING):
                hidden = _hidden(one, np.int64(0), length, two, letters, place)
                more, _ = _read(
                    two,
                    np.int64(0),
                    hidden,
                    classes,
                    table,
                    outputs,
                    shift,
                    first,
                    kinds,
                    place,
                    track,
                )
                found |= more
            if layer >= SCREEN_LAYERS or not kind & triggers:
                break
            before = length
            length = _undo(one, np.int64(0), before, two, hexes)
            for k in range(length):
                one[k] = two[k]
            layer += 1
    return found, seen


@inline
def _same(buffer, a, b, length):
    """True when two texts of the buffer are equal."""
    k = 0
    while k + 8 <= length:
        if load64(buffer, a + k) != load64(buffer, b + k):
            return False
        k += 8
    while k < length:
        if buffer[a + k] != buffer[b + k]:
            return False
        k += 1
    return True


@inline
def _slot(buffer, begin, length, slots):
    """Place of a text of 8 bytes or more in a memo of a power of two slots, from samples of it."""
    key = np.uint64(length)
    for quarter in range(4):
        at = begin + (length - 8) * quarter // 3
        key = (key ^ load64(buffer, at)) * np.uint64(0x9E3779B97F4A7C15)
        key ^= key >> np.uint64(29)
    return np.int64((key >> np.uint64(20)) & np.uint64(slots - 1))


@inline
def _odd_version(buffer, begin, end):
    """True for a version such as ``1.2`` or ``HTTP/7.0`` that HTTP has not."""
    if begin < 0 or (end - begin != 3 and end - begin != 8) or buffer[end - 2] != 46:
        return False
    major, minor = np.int64(buffer[end - 3]) - 48, np.int64(buffer[end - 1]) - 48
    if major == 0:
        return minor != 9
    if major == 1:
        return minor != 0 and minor != 1
    return minor != 0 or major < 0 or major > 3


@inline
def _odd_line(buffer, spans, i, method, path, version):
    """True when the method is no plain word, or the target or the version is like none."""
    if _odd_version(buffer, np.int64(spans[version, i, 0]), np.int64(spans[version, i, 1])):
        return True
    begin, end = np.int64(spans[method, i, 0]), np.int64(spans[method, i, 1])
    if begin >= 0:
        if end - begin > 17 or end == begin:
            return True
        for k in range(begin, end):
            c = buffer[k]
            if (c < 65 or c > 90) and c != 45 and c != 95:
                return True
        if (buffer[begin] == 68 and end - begin == 5) or (
            buffer[begin] == 84 and end - begin == 5
        ):  # DEBUG, TRACE, TRACK
            return True
    start, stop = np.int64(spans[path, i, 0]), np.int64(spans[path, i, 1])
    return start >= 0 and stop > start and buffer[start] != 47


def work_space(rows: int) -> tuple[Any, ...]:
    """Arrays that `screen_rows` works with for so many rows."""
    wanted = 1 << max(rows * _MEMO_A_ROW - 1, 0).bit_length()
    slots = min(max(wanted, _LEAST_MEMO), _MEMO)
    return (
        np.empty(MAX_SCREEN_BODY + PADDING, np.uint8),
        np.empty(MAX_SCREEN_BODY + PADDING, np.uint8),
        np.full((slots, 2), -1, np.int64),
        np.zeros((slots, 2), np.uint64),
        np.empty(MAX_SCREEN_FIELD, np.uint16),
    )


@kernel(
    "void(uint8[::1], int32[:,:,::1], int64[::1], int64[::1], int64[::1], uint8[::1],"
    "uint16[::1], uint64[::1], int64, int64, uint32[:,::1], uint64[::1], uint32[::1],"
    "uint64[:,::1], uint8[::1], uint8[:,::1], int64, int64, uint8[::1],"
    " uint8[::1], uint8[::1], int64[:,::1], uint64[:,::1], uint16[::1])"
)
def screen_rows(
    buffer,
    spans,
    rows,
    columns,
    caps,
    classes,
    table,
    outputs,
    shift,
    first,
    kinds,
    alone,
    kinds_alone,
    pairs,
    hexes,
    letters,
    method,
    version,
    out,
    one,
    two,
    memo_at,
    memo_bits,
    track,
):
    """Field bits that deserve a closer look, for each row of `rows` (uint8 ``(len(rows),)``).

    `one` to `track` are its work space, see `work_space`. Headers are read one by one: no word
    holds the sign between them, and most headers of a request were in the one before, too.

    Cost: about 4 ns per byte and layer, 0.3 ns per byte of an agent, a referer or a header seen
    before; memory 260 KB.
    """
    triggers = np.uint32((1 << 16) | (1 << 12) | (1 << 15))
    for r in range(rows.shape[0]):
        i = rows[r]
        flags = np.uint8(0)
        has_referer = spans[columns[3], i, 1] > spans[columns[3], i, 0]
        for f in range(columns.shape[0]):
            begin = np.int64(spans[columns[f], i, 0])
            if begin < 0:
                continue
            end = min(np.int64(spans[columns[f], i, 1]), begin + caps[f])
            if end == begin:
                continue
            place = 1 if f == 0 and method >= 0 else 0
            found, seen = np.uint64(0), np.uint32(0)
            stop = begin
            while begin < end:
                stop = end
                if f == 4:
                    stop = min(find(buffer, begin, end, np.uint8(HEADER_END)) + 1, end)
                    if has_referer and load64(buffer, begin) == np.uint64(_REFERER):
                        begin = stop  # it has a column of its own
                        continue
                length = stop - begin
                slot = np.int64(-1)
                if 2 <= f <= 4 and length >= 8:
                    slot = _slot(buffer, begin, length, memo_bits.shape[0])
                    if (
                        memo_at[slot, 0] >= 0
                        and memo_at[slot, 1] == length
                        and _same(buffer, memo_at[slot, 0], begin, length)
                    ):
                        found |= memo_bits[slot, 0]
                        seen |= np.uint32(memo_bits[slot, 1])
                        begin = stop
                        continue
                groups, classes_seen = _field(
                    buffer,
                    begin,
                    stop,
                    one,
                    two,
                    classes,
                    table,
                    outputs,
                    shift,
                    first,
                    kinds,
                    hexes,
                    letters,
                    triggers,
                    place,
                    track,
                )
                if slot >= 0:
                    memo_at[slot, 0], memo_at[slot, 1] = begin, length
                    memo_bits[slot, 0], memo_bits[slot, 1] = groups, np.uint64(classes_seen)
                found |= groups
                seen |= classes_seen
                begin = stop
            bit = np.uint8(1 << f)
            hit = found & alone[f] != 0 or seen & kinds_alone[f] != 0
            if not hit and found != 0:
                for p in range(pairs.shape[0]):
                    if (
                        pairs[p, 0] & np.uint64(bit)
                        and found & pairs[p, 1]
                        and np.uint64(seen) & pairs[p, 2]
                    ):
                        hit = True
                        break
            if hit:
                flags |= bit
        if method >= 0 and _odd_line(buffer, spans, i, method, columns[0], version):
            flags |= np.uint8(64)
        out[r] = flags


@kernel(
    "void(uint8[::1], int64[::1], int64, int64, uint8[::1], uint16[::1], uint64[::1], int64, int64,"
    " uint32[:,::1], uint64, uint64, uint64[:,::1], uint8[::1], uint8[:,::1], uint8[::1],"
    " uint8[::1], uint16[::1])",
    keeps_lock=True,
)
def screen_texts(
    buffer,
    ends,
    count,
    cap,
    classes,
    table,
    outputs,
    shift,
    first,
    kinds,
    alone,
    kinds_alone,
    pairs,
    hexes,
    letters,
    work,
    out,
    track,
):
    """Whether each of `count` texts, one after the other in `buffer`, deserves a closer look by the
    rules of one field.

    `work` has room for two texts of the longest length and their padding; `track` is work space.

    Cost: about 4 ns per byte and layer.
    """
    half = work.shape[0] // 2
    one, two = work[:half], work[half:]
    triggers = np.uint32((1 << 16) | (1 << 12) | (1 << 15))
    begin = np.int64(0)
    for i in range(count):
        out[i] = 0
        if ends[i] == begin:
            continue
        found, seen = _field(
            buffer,
            begin,
            min(ends[i], begin + cap),
            one,
            two,
            classes,
            table,
            outputs,
            shift,
            first,
            kinds,
            hexes,
            letters,
            triggers,
            0,
            track,
        )
        out[i] = found & alone != 0 or np.uint64(seen) & kinds_alone != 0
        if not out[i] and found != 0:
            for p in range(pairs.shape[0]):
                if found & pairs[p, 0] and np.uint64(seen) & pairs[p, 1]:
                    out[i] = 1
        begin = ends[i]
