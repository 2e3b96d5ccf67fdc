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

_PERCENT, _BACKSLASH = 1 << 16, 1 << 12
_TRIGGERS = _PERCENT | _BACKSLASH | 1 << 15
"""Class bits of the signs that begin an encoding: percent, backslash, and hash (of an entity)."""

LETTER, CAPITAL, HIDING = 1 << 28, 1 << 29, 1 << 30
"""Bits beside the character classes: letter of base64, capital letter, and (of a text) that a run
may hold base64.
"""
_LEAST_BASE64 = 12
"""Letters of the shortest run that is tried as base64; shorter ones hold no attack."""

_LEAST_PART, _EARLY = 7, 4
"""Bytes of a part of a text that is read in parts, and of those before it that lead to its first
state.
"""

_MEMO, _LEAST_MEMO = 1 << 12, 16
"""Recently seen user agents, referers and single headers that are remembered, in a large block and
at least; comparing is ten times cheaper than reading again. Small blocks remember fewer: making the
table would cost more than it saves.
"""
_ALL_READ = 128
"""First bytes of a text that decide where it is remembered, with its last ones."""
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
def _next(state, byte, classes, table, shift):
    """As `kernels.automaton.step`; indices without sign need no look whether they count from the
    end.
    """
    return np.uint64(table[(state << shift) | np.uint64(classes[byte])])


@inline
def _mend(buffer, start, at, size, supposed, classes, table, bits, track):
    """Reads on from byte `at` where the state before it is not the supposed one, until the state is
    the one that was found: from there on both are the same.
    """
    state = np.uint64(track[at - np.uint64(1)])
    if state == supposed:
        return
    while at < np.uint64(size):
        state = _next(state, buffer[start + at], classes, table, bits)
        if state == np.uint64(track[at]):
            break
        track[at] = np.uint16(state)
        at += np.uint64(1)


@inline
def _states_of(buffer, begin, size, classes, table, shift, kinds, place, track):
    """Writes the state after each of `size` bytes from `begin` to `track`; returns the class bits
    of all of them.

    Each step of the automaton waits for the one before, so a text is read in up to eight parts side
    by side. Each part begins in the state that the `_EARLY` bytes before it lead to, which is
    nearly always the right one; where it is not, `_mend` reads again.
    """
    start, bits, row = np.uint64(begin), np.uint64(shift), np.uint64(place)
    early = np.uint64(_EARLY)
    before = start - early
    seen = more = np.uint32(0)
    if size >= 8 * _LEAST_PART:
        part = np.uint64(size >> 3)
        a = b = c = d = e = f = g = h = np.uint64(0)
        bt = part
        ct = bt + part
        dt = ct + part
        et = dt + part
        ft = et + part
        gt = ft + part
        ht = gt + part
        for k in range(np.uint64(0), early):
            b = _next(b, buffer[before + bt + k], classes, table, bits)
            c = _next(c, buffer[before + ct + k], classes, table, bits)
            d = _next(d, buffer[before + dt + k], classes, table, bits)
            e = _next(e, buffer[before + et + k], classes, table, bits)
            f = _next(f, buffer[before + ft + k], classes, table, bits)
            g = _next(g, buffer[before + gt + k], classes, table, bits)
            h = _next(h, buffer[before + ht + k], classes, table, bits)
        b0, c0, d0, e0, f0, g0, h0 = b, c, d, e, f, g, h
        for k in range(np.uint64(0), part):
            byte = buffer[start + k]
            seen |= kinds[row, byte]
            a = _next(a, byte, classes, table, bits)
            track[k] = np.uint16(a)
            byte = buffer[start + bt + k]
            more |= kinds[row, byte]
            b = _next(b, byte, classes, table, bits)
            track[k + bt] = np.uint16(b)
            byte = buffer[start + ct + k]
            seen |= kinds[row, byte]
            c = _next(c, byte, classes, table, bits)
            track[k + ct] = np.uint16(c)
            byte = buffer[start + dt + k]
            more |= kinds[row, byte]
            d = _next(d, byte, classes, table, bits)
            track[k + dt] = np.uint16(d)
            byte = buffer[start + et + k]
            seen |= kinds[row, byte]
            e = _next(e, byte, classes, table, bits)
            track[k + et] = np.uint16(e)
            byte = buffer[start + ft + k]
            more |= kinds[row, byte]
            f = _next(f, byte, classes, table, bits)
            track[k + ft] = np.uint16(f)
            byte = buffer[start + gt + k]
            seen |= kinds[row, byte]
            g = _next(g, byte, classes, table, bits)
            track[k + gt] = np.uint16(g)
            byte = buffer[start + ht + k]
            more |= kinds[row, byte]
            h = _next(h, byte, classes, table, bits)
            track[k + ht] = np.uint16(h)
        for k in range(ht + part, np.uint64(size)):
            byte = buffer[start + k]
            seen |= kinds[row, byte]
            h = _next(h, byte, classes, table, bits)
            track[k] = np.uint16(h)
        _mend(buffer, start, bt, size, b0, classes, table, bits, track)
        _mend(buffer, start, ct, size, c0, classes, table, bits, track)
        _mend(buffer, start, dt, size, d0, classes, table, bits, track)
        _mend(buffer, start, et, size, e0, classes, table, bits, track)
        _mend(buffer, start, ft, size, f0, classes, table, bits, track)
        _mend(buffer, start, gt, size, g0, classes, table, bits, track)
        _mend(buffer, start, ht, size, h0, classes, table, bits, track)
    elif size >= 4 * _LEAST_PART:
        part = np.uint64(size >> 2)
        a = b = c = d = np.uint64(0)
        bt = part
        ct = bt + part
        dt = ct + part
        for k in range(np.uint64(0), early):
            b = _next(b, buffer[before + bt + k], classes, table, bits)
            c = _next(c, buffer[before + ct + k], classes, table, bits)
            d = _next(d, buffer[before + dt + k], classes, table, bits)
        b0, c0, d0 = b, c, d
        for k in range(np.uint64(0), part):
            byte = buffer[start + k]
            seen |= kinds[row, byte]
            a = _next(a, byte, classes, table, bits)
            track[k] = np.uint16(a)
            byte = buffer[start + bt + k]
            more |= kinds[row, byte]
            b = _next(b, byte, classes, table, bits)
            track[k + bt] = np.uint16(b)
            byte = buffer[start + ct + k]
            seen |= kinds[row, byte]
            c = _next(c, byte, classes, table, bits)
            track[k + ct] = np.uint16(c)
            byte = buffer[start + dt + k]
            more |= kinds[row, byte]
            d = _next(d, byte, classes, table, bits)
            track[k + dt] = np.uint16(d)
        for k in range(dt + part, np.uint64(size)):
            byte = buffer[start + k]
            seen |= kinds[row, byte]
            d = _next(d, byte, classes, table, bits)
            track[k] = np.uint16(d)
        _mend(buffer, start, bt, size, b0, classes, table, bits, track)
        _mend(buffer, start, ct, size, c0, classes, table, bits, track)
        _mend(buffer, start, dt, size, d0, classes, table, bits, track)
    else:
        a = np.uint64(0)
        for k in range(np.uint64(0), np.uint64(size)):
            byte = buffer[start + k]
            seen |= kinds[row, byte]
            a = _next(a, byte, classes, table, bits)
            track[k] = np.uint16(a)
    return seen | more


@inline
def _read(buffer, begin, end, classes, table, outputs, shift, first, kinds, place, track):
    """Group bits and class bits of one text; for `HIDING`, see `_hides`.

    Args:
        track: Work space, uint16, the state after each byte; texts that are longer are read byte by
            byte and leave nothing there.
    """
    found = np.uint64(0)
    size, marked = end - begin, np.uint64(first)
    last = np.uint64(0)
    seen = np.uint32(0)
    if size > track.shape[0]:
        for at in range(np.uint64(begin), np.uint64(end)):
            seen |= kinds[np.uint64(place), buffer[at]]
            last = _next(last, buffer[at], classes, table, np.uint64(shift))
            if last >= marked:
                found |= outputs[last]
    elif size > 0:
        seen = _states_of(buffer, begin, size, classes, table, shift, kinds, place, track)
        highest = np.uint16(0)
        for k in range(size):
            highest = max(highest, track[k])
        if highest >= marked:
            for k in range(size):
                if track[k] >= marked:
                    found |= outputs[track[k]]
        last = np.uint64(track[size - 1])
    # the end of a field counts as a blank, so that a word can ask for it
    found |= outputs[_next(last, np.uint8(32), classes, table, np.uint64(shift))]
    if seen & np.uint32(CAPITAL):
        seen |= _hides(buffer, begin, end, kinds, place)
    return found, seen


@inline
def _percents(
    buffer, begin, end, classes, table, outputs, shift, first, kinds, hexes, place, track
):
    """Reads the layer below percent signs where it differs from the text as sent.

    Args:
        track: States of the text as sent; from where they are reached again, both layers are read
            alike up to the next percent sign.

    Returns:
        Whether that was all; what was found and the class bits of what was written as percent. It
        is not where a letter was written so, or what may begin another encoding.
    """
    found, seen = np.uint64(0), np.uint32(0)
    marked, bits = np.uint64(first), np.uint64(shift)
    open_ = np.uint32(LETTER) | np.uint32(_BACKSLASH)
    i = find(buffer, begin, end, np.uint8(37))
    while i < end:
        state = np.uint64(0)
        if i > begin:
            state = np.uint64(track[i - begin - 1])
        same = False
        last = np.uint8(0)
        if i > begin:
            last = buffer[i - 1]
        while i < end and not same:
            c = buffer[i]
            if c == 37 and i + 2 < end:
                high, low = hexes[buffer[i + 1]], hexes[buffer[i + 2]]
                if high < 16 and low < 16:
                    c = np.uint8(high * 16 + low)
                    if kinds[place, c] & open_ or (c == 35 and last == 38):
                        return False, found, seen
                    if c == 37 and i + 3 < end:
                        after = buffer[i + 3]
                        if hexes[after] < 16 or (after | 32) == 117:
                            return False, found, seen
                    seen |= kinds[place, c]
                    i += 2
                elif (buffer[i + 1] | 32) == 117:
                    return False, found, seen
            i += 1
            last = c
            state = _next(state, c, classes, table, bits)
            if state >= marked:
                found |= outputs[state]
            same = state == np.uint64(track[i - begin - 1])
        if not same:
            found |= outputs[_next(state, np.uint8(32), classes, table, bits)]
        elif i < end:
            i = find(buffer, i, end, np.uint8(37))
    return True, found, seen


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
    signs = seen & triggers
    if (
        signs == np.uint32(_PERCENT)
        and not seen & np.uint32(HIDING)
        and end - begin <= track.shape[0]
    ):
        whole, more, kind = _percents(
            buffer,
            begin,
            end,
            classes,
            table,
            outputs,
            shift,
            first,
            kinds,
            hexes,
            place,
            track,
        )
        if whole:
            return found | more, seen | kind
    if signs:
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
    """True when two texts of the buffer, each of 8 bytes or more, are equal."""
    k = np.int64(0)
    while k + 32 <= length:
        one = load64(buffer, a + k) ^ load64(buffer, b + k)
        two = load64(buffer, a + k + 8) ^ load64(buffer, b + k + 8)
        three = load64(buffer, a + k + 16) ^ load64(buffer, b + k + 16)
        four = load64(buffer, a + k + 24) ^ load64(buffer, b + k + 24)
        if one | two | three | four != np.uint64(0):
            return False
        k += 32
    while k + 8 < length:
        if load64(buffer, a + k) != load64(buffer, b + k):
            return False
        k += 8
    return load64(buffer, a + length - 8) == load64(buffer, b + length - 8)


@inline
def _slot(buffer, begin, length, slots):
    """Place of a text of 8 bytes or more in a memo of a power of two slots.

    All bytes of a text of up to `_ALL_READ` bytes count, and as many of a longer one.
    """
    key = load64(buffer, begin + length - 8) ^ np.uint64(length)
    factor = np.uint64(0x9E3779B97F4A7C15)
    words = min(length >> 3, _ALL_READ >> 3)
    for k in range(words):
        key += load64(buffer, begin + (k << 3)) * factor
        factor += np.uint64(0x5851F42D4C957F2E)
    key = (key ^ (key >> np.uint64(32))) * np.uint64(0x9E3779B97F4A7C15)
    return np.int64((key >> np.uint64(40)) & np.uint64(slots - 1))


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
    triggers = np.uint32(_TRIGGERS)
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
                        found & pairs[p, 1]
                        and pairs[p, 0] & np.uint64(bit)
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
    triggers = np.uint32(_TRIGGERS)
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
