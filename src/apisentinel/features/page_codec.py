"""Kernels of packed pages: what has been quiet for a while is kept without its zeros.

A record of a client with few requests is mostly zeros: counters that never moved, sets with few
members. And much of the rest is what the record before says as well: times, agents, endpoints. So
each word of a page is kept as it is, or as what differs from the same word of the record before,
whichever has fewer bytes that are not zero: two bits for each word, one for each byte of those that
are left, and these bytes. Equal pages give equal bytes. Packed pages lie in chains of small chunks,
so what is freed fits everything that comes later.
"""

import numpy as np

from apisentinel.kernels.compiler import inline, kernel
from apisentinel.kernels.slots import EVICTION_SAMPLE, find_row

PAGE_BYTES = 4096
"""Bytes of a page: what the system can take back at a time."""
WORDS = PAGE_BYTES // 8
MAP = WORDS // 8
"""Bytes of one bit for each word."""
LONGEST = 2 * MAP + WORDS * 9
"""Bytes of a packed page at most."""
CHUNK_BYTES = 64
"""Bytes of a chunk; half of one is lost for each page."""

EMPTY, OPEN, PACKED = 0, 1, 2
"""States of a page: all zeros and without memory, in place, packed."""
UNCUT, SHARED, OWNED = 0, 1, 2
"""What a page is for a cut that is being saved: nothing (any more), as it is now, or in a chain
of the cut's own.
"""
FREE, USED, OPENED, STRIDE = 0, 1, 2, 3
"""Places of `meta`: first free chunk (-1: none), chunks that were ever used, open pages, words of a
record (`WORDS` where that is no whole number).
"""


@inline
def _bits(word):
    """One bit for each byte of a word that is not zero."""
    out = np.int64(0)
    for b in range(8):
        out |= np.int64(word >> np.uint64(8 * b) & np.uint64(0xFF) != 0) << b
    return out


@inline
def _count(bits):
    """How many of eight bits are set."""
    out = bits - (bits >> 1 & 0x55)
    out = (out & 0x33) + (out >> 2 & 0x33)
    return (out + (out >> 4)) & 0x0F


@inline
def _pack(words, page, stride, out):
    """Packs a page; gives the number of bytes, 0 for a page of zeros."""
    base = page * WORDS
    at = 2 * MAP
    any_word = False
    for group in range(MAP):
        left = 0
        differs = 0
        for k in range(8):
            place = group * 8 + k
            word = words[base + place]
            if word == 0:
                continue
            any_word = True
            bits = _bits(word)
            if place >= stride:
                other = word ^ words[base + place - stride]
                fewer = _bits(other)
                if _count(fewer) < _count(bits):
                    differs |= 1 << k
                    word = other
                    bits = fewer
            if bits != 0:
                left |= 1 << k
                out[at] = np.uint8(bits)
                at += 1
                for b in range(8):
                    out[at] = np.uint8(word >> np.uint64(8 * b) & np.uint64(0xFF))
                    at += bits >> b & 1
        out[group] = np.uint8(left)
        out[MAP + group] = np.uint8(differs)
    return at if any_word else 0


@inline
def _unpack(packed, words, base, stride):
    """Writes the words of a page from its packed bytes; whatever these are, no more is read."""
    at = 2 * MAP
    for group in range(MAP):
        left = np.int64(packed[group])
        differs = np.int64(packed[MAP + group])
        for k in range(8):
            place = group * 8 + k
            word = np.uint64(0)
            if left >> k & 1:
                bits = np.int64(packed[at])
                at += 1
                for b in range(8):
                    if bits >> b & 1:
                        word |= np.uint64(packed[at]) << np.uint64(8 * b)
                        at += 1
            if differs >> k & 1 and place >= stride:
                word ^= words[base + place - stride]
            words[base + place] = word


@inline
def _keep(packed, begin, size, body, links, meta):
    """Puts bytes into a new chain; gives its first chunk."""
    first = np.int64(-1)
    last = np.int64(-1)
    for at in range(0, size, CHUNK_BYTES):
        chunk = meta[FREE]
        if chunk >= 0:
            meta[FREE] = links[chunk]
        else:
            chunk = meta[USED]
            meta[USED] += 1
        for k in range(min(CHUNK_BYTES, size - at)):
            body[chunk * CHUNK_BYTES + k] = packed[begin + at + k]
        links[chunk] = -1
        if last < 0:
            first = chunk
        else:
            links[last] = np.int32(chunk)
        last = chunk
    return first


@inline
def _copy(first, size, body, links, out, begin):
    """Copies the bytes of a chain."""
    chunk = np.int64(first)
    for at in range(0, size, CHUNK_BYTES):
        for k in range(min(CHUNK_BYTES, size - at)):
            out[begin + at + k] = body[chunk * CHUNK_BYTES + k]
        chunk = np.int64(links[chunk])


@inline
def _let_go(first, links, meta):
    """Frees a chain."""
    last = np.int64(first)
    while links[last] >= 0:
        last = np.int64(links[last])
    links[last] = np.int32(meta[FREE])
    meta[FREE] = np.int64(first)


@inline
def _mark(row, size, stamps, now, pages, used):
    """Notes the pages of a record that were not noted yet; gives the number of pages noted."""
    for page in range(row * size // PAGE_BYTES, ((row + 1) * size - 1) // PAGE_BYTES + 1):
        if stamps[page] != now:
            stamps[page] = now
            pages[used] = page
            used += 1
    return used


@kernel("int64(int32[::1], int64, int32[::1], int64, int32[::1])")
def pages_of_rows(rows, size, stamps, now, pages):
    """The pages of some records, each once.

    Args:
        rows: int32 ``(n,)``, those below 0 are none.
        size: Bytes of a record.
        stamps: int32 ``(pages,)``: when each page was last asked for; `now` is written.
        now: Another number than ever before.
        pages: int32 ``(pages,)`` out.

    Returns:
        How many there are.
    """
    used = 0
    for i in range(rows.shape[0]):
        if rows[i] >= 0:
            used = _mark(np.int64(rows[i]), size, stamps, now, pages, used)
    return used


@kernel(
    "int64(uint64[::1], uint64[::1], int32[::1], int64, int64, int64, int64, int32[::1], int64,"
    " int32[::1])"
)
def pages_of_keys(wanted, keys, rows, count, hand, capacity, size, stamps, now, pages):
    """The pages of all records that `slots.acquire` may look at for some keys, in whatever order
    it is asked for them: theirs, those of new keys, and those that it compares when the table is
    full.

    Args:
        wanted: uint64 ``(n,)``, 0 for none.
        keys, rows, count, hand, capacity: The slot table.
        size, stamps, now, pages: As for `pages_of_rows`.

    Returns:
        How many there are.
    """
    used = 0
    fresh = np.int64(0)
    for i in range(wanted.shape[0]):
        if wanted[i] == 0 or (i > 0 and wanted[i] == wanted[i - 1]):
            continue
        row = find_row(keys, rows, wanted[i])
        if row < 0:
            fresh += 1
        else:
            used = _mark(row, size, stamps, now, pages, used)
    for row in range(count, min(count + fresh, capacity)):
        used = _mark(row, size, stamps, now, pages, used)
    # a wanted record that gives way comes anew, and then another one gives way
    evictions = fresh - (capacity - count)
    at = 0
    while at < evictions and at * EVICTION_SAMPLE < capacity:
        for k in range(EVICTION_SAMPLE):
            row = (hand + at * EVICTION_SAMPLE + k) & (capacity - 1)
            evictions += stamps[row * size // PAGE_BYTES] == now
        for k in range(EVICTION_SAMPLE):
            row = (hand + at * EVICTION_SAMPLE + k) & (capacity - 1)
            used = _mark(row, size, stamps, now, pages, used)
        at += 1
    return used


@kernel(
    "void(int32[::1], uint64[::1], uint8[::1], int32[::1], uint16[::1], uint8[::1], int32[::1],"
    " uint16[::1], uint8[::1], int32[::1], int64[::1], uint8[::1])"
)
def open_pages(
    pages, words, states, firsts, sizes, cuts, cut_firsts, cut_sizes, body, links, meta, packed
):
    """Puts pages into place so that they can be written to; what a cut needs of them is kept.

    Args:
        pages: int32 ``(n,)``.
        words: uint64, all pages.
        states, firsts, sizes: State of each page, the chain and the bytes of a packed one.
        cuts, cut_firsts, cut_sizes: The same for the cut.
        body, links, meta: The chunks.
        packed: uint8 ``(LONGEST + 8,)``, work space.
    """
    for i in range(pages.shape[0]):
        page = np.int64(pages[i])
        state = states[page]
        if state == PACKED:
            _copy(firsts[page], np.int64(sizes[page]), body, links, packed, 0)
            _unpack(packed, words, page * WORDS, meta[STRIDE])
            if cuts[page] == SHARED:
                cuts[page] = OWNED
                cut_firsts[page] = firsts[page]
                cut_sizes[page] = sizes[page]
            else:
                _let_go(firsts[page], links, meta)
        elif cuts[page] == SHARED:
            size = _pack(words, page, meta[STRIDE], packed) if state == OPEN else 0
            cut_sizes[page] = np.uint16(size)
            if size > 0:
                cut_firsts[page] = np.int32(_keep(packed, 0, size, body, links, meta))
            cuts[page] = OWNED
        meta[OPENED] += state != OPEN
        states[page] = OPEN


@kernel(
    "void(int32[::1], uint64[::1], uint8[::1], int32[::1], uint16[::1], uint8[::1], int32[::1],"
    " int64[::1], uint8[::1])"
)
def close_pages(pages, words, states, firsts, sizes, body, links, meta, packed):
    """Packs open pages. Their memory may then be given back; it is not read again.

    Args:
        pages, words, states, firsts, sizes, body, links, meta, packed: As for `open_pages`.
    """
    for i in range(pages.shape[0]):
        page = np.int64(pages[i])
        size = _pack(words, page, meta[STRIDE], packed)
        states[page] = EMPTY
        sizes[page] = np.uint16(size)
        if size > 0:
            firsts[page] = np.int32(_keep(packed, 0, size, body, links, meta))
            states[page] = PACKED
        meta[OPENED] -= 1


@kernel(
    "int64(int64, int64, uint64[::1], uint8[::1], int32[::1], uint16[::1], uint8[::1],"
    " int32[::1], uint16[::1], uint8[::1], int32[::1], int64[::1], uint8[::1], uint16[::1],"
    " uint8[::1], int64)"
)
def cut_pages(
    begin, end, words, states, firsts, sizes, cuts, cut_firsts, cut_sizes, body, links, meta,
    packed, lengths, out, is_last,
):  # fmt: skip
    """Some pages as they were when the cut was made, packed, one behind the other.

    Args:
        begin, end: First page, and the one behind the last.
        words, states, firsts, sizes, cuts, cut_firsts, cut_sizes, body, links, meta, packed: As
            for `open_pages`.
        lengths: uint16 ``(end - begin,)`` out.
        out: uint8 ``((end - begin) * LONGEST,)`` out.
        is_last: 1 when the cut needs them no more.

    Returns:
        Bytes written.
    """
    at = 0
    for page in range(begin, end):
        size = np.int64(0)
        if cuts[page] == OWNED:
            size = np.int64(cut_sizes[page])
            _copy(cut_firsts[page], size, body, links, out, at)
            if is_last and size > 0:
                _let_go(cut_firsts[page], links, meta)
        elif states[page] == PACKED:
            size = np.int64(sizes[page])
            _copy(firsts[page], size, body, links, out, at)
        elif states[page] == OPEN:
            size = _pack(words, page, meta[STRIDE], packed)
            for k in range(size):
                out[at + k] = packed[k]
        if is_last:
            cuts[page] = UNCUT
        lengths[page - begin] = np.uint16(size)
        at += size
    return at


@kernel("void(int64, int64, uint8[::1], int32[::1], uint16[::1], int32[::1], int64[::1])")
def drop_cut(begin, end, cuts, cut_firsts, cut_sizes, links, meta):
    """Forgets what was kept of some pages for a cut.

    Args:
        begin, end, cuts, cut_firsts, cut_sizes, links, meta: As for `cut_pages`.
    """
    for page in range(begin, end):
        if cuts[page] == OWNED and cut_sizes[page] > 0:
            _let_go(cut_firsts[page], links, meta)
        cuts[page] = UNCUT


@kernel(
    "void(int64, uint16[::1], uint8[::1], uint8[::1], int32[::1], uint16[::1], uint8[::1],"
    " int32[::1], int64[::1])"
)
def fill_pages(begin, lengths, packed, states, firsts, sizes, body, links, meta):
    """Takes over packed pages; those before were empty.

    Args:
        begin: The first of them.
        lengths: uint16 ``(n,)``, none above `LONGEST`.
        packed: uint8 ``(sum of lengths,)``.
        states, firsts, sizes, body, links, meta: As for `open_pages`.
    """
    at = np.int64(0)
    for k in range(lengths.shape[0]):
        size = np.int64(lengths[k])
        if size > 0:
            page = begin + k
            firsts[page] = np.int32(_keep(packed, at, size, body, links, meta))
            sizes[page] = np.uint16(size)
            states[page] = PACKED
            at += size


@kernel(
    "void(int64, int64, uint64[::1], uint8[::1], int32[::1], uint16[::1], uint8[::1], int32[::1],"
    " int64[::1], uint8[::1], uint64[::1])"
)
def read_pages(begin, end, words, states, firsts, sizes, body, links, meta, packed, out):
    """Copies the content of some pages, which stay as they are.

    Args:
        begin, end: First page, and the one behind the last.
        words, states, firsts, sizes, body, links, meta, packed: As for `open_pages`.
        out: uint64 ``((end - begin) * WORDS,)`` out.
    """
    for page in range(begin, end):
        base = (page - begin) * WORDS
        if states[page] == PACKED:
            _copy(firsts[page], np.int64(sizes[page]), body, links, packed, 0)
            _unpack(packed, out, base, meta[STRIDE])
        else:
            # an empty page has no memory yet: looking at it would give it some
            for k in range(WORDS):
                out[base + k] = words[page * WORDS + k] if states[page] == OPEN else np.uint64(0)
