"""The tree of words and placeholders that routes are made of, and the walk of one path through
it.
"""

import numpy as np

from apisentinel.enrichment.templates import (
    DASH,
    DOT,
    HASH,
    LITERAL,
    MAIL,
    MARK,
    NUMBER,
    PLACEHOLDER_BYTES,
    PLACEHOLDER_LENGTH,
    SLUG,
    TOKEN,
    UUID,
    extension_flags,
    extension_of,
    kind_of,
    segment_flags,
)
from apisentinel.kernels.bytes import find
from apisentinel.kernels.compiler import inline
from apisentinel.kernels.hashing import mix, siphash
from apisentinel.kernels.interning import locate
from apisentinel.records.flags import NO_OBJECT, PATH_API, PATH_ASSET, PATH_LOGIN, PATH_ROOT

_U = np.uint64

NODES = 1 << 15
"""Words and placeholders by position that are remembered: eight for each route that has a name of
its own.
"""
WORDS = 48
"""Different words in one position before new ones become ``{slug}``; few places of a site have more
by design.
"""
API_WORDS = 256
"""The same below an API's prefix, where the words are the collections of the API and large APIs
have 200 of them.
"""
ASSET_WORDS = 12
"""The same for files that a page loads: which image it was tells nothing about an attack."""
SEGMENTS = 24
"""Segments of a path that are told apart; what is deeper counts as one ``{slug}``."""
ROUTE_TEXT = 200
"""Bytes kept of a route."""
MAX_DIGITS = 18
"""Longest number that fits int64."""

ROOT = 0x726F6F74
_PLACE = 0x70
"""Marks the node of a placeholder; the node of a word is made from a keyed hash."""
TENTATIVE = -1
"""Child count of a placeholder that only failed requests have named. Nothing grows below it until
one succeeds.
"""

KNOWN, MISSING, CROWDED, FULL = 0, 1, 2, 3
"""What came of a step: done; the word is new and the request failed; too many words here; no room
in the tree.
"""
FOUND_FLAGS, FOUND_NUMBER, FOUND_THING = 0, 1, 2
NODES_USED = 0


@inline
def _add_node(node_keys, children, used, at, key, count):
    """Puts a node into its free slot."""
    if used[NODES_USED] * 2 >= node_keys.shape[0]:
        return FULL
    node_keys[at] = key
    children[at] = count
    used[NODES_USED] += 1
    return KNOWN


@inline
def step_word(node_keys, children, used, parent, key, is_real, limit):
    """Goes to the child for a word, which a request that succeeded may add."""
    at = locate(node_keys, key)
    if node_keys[at] == key:
        return KNOWN
    above = locate(node_keys, parent)
    if children[above] >= limit:
        return CROWDED
    if not is_real or children[above] == TENTATIVE:
        return MISSING
    state = _add_node(node_keys, children, used, at, key, 0)
    if state == KNOWN:
        children[above] += 1
    return state


@inline
def step_place(node_keys, children, used, parent, key, is_real):
    """Goes to the child for a placeholder. A failed request may add it, so that guessing ids has a
    route, but no deeper one.
    """
    at = locate(node_keys, key)
    if node_keys[at] == key:
        if is_real and children[at] == TENTATIVE:
            children[at] = 0
        return KNOWN
    if is_real:
        return _add_node(node_keys, children, used, at, key, 0)
    if children[locate(node_keys, parent)] == TENTATIVE:
        return MISSING
    return _add_node(node_keys, children, used, at, key, TENTATIVE)


@inline
def _append(text, n, source, begin, end):
    """Appends bytes, cut at the length of a route."""
    for k in range(begin, min(end, begin + ROUTE_TEXT - n)):
        text[n] = source[k]
        n += 1
    return n


@inline
def _append_place(text, n, kind):
    """Appends a placeholder."""
    for k in range(min(PLACEHOLDER_LENGTH[kind], ROUTE_TEXT - n)):
        text[n] = PLACEHOLDER_BYTES[kind, k]
        n += 1
    return n


@inline
def _number(buffer, begin, end):
    """Value of a run of digits, `NO_OBJECT` for more than int64 holds."""
    if end - begin > MAX_DIGITS:
        return np.int64(NO_OBJECT)
    value = np.int64(0)
    for k in range(begin, end):
        value = value * 10 + np.int64(buffer[k]) - 48
    return value


@inline
def _limit(flags, extension):
    """Words that this position may have."""
    if extension & PATH_ASSET:
        return ASSET_WORDS
    return API_WORDS if flags & PATH_API else WORDS


@inline
def walk(
    buffer, begin, end, is_real, k0, k1, words, word_values, extensions, extension_values,
    languages, language_values,
    node_keys, children, used, text, found,
):  # fmt: skip
    """Walks a path through the tree and writes its template.

    Empty segments, a slash at the end and matrix parameters (``;jsessionid=…``) make no difference.

    Args:
        buffer: Text.
        begin: Index of the first slash.
        end: One past the path.
        is_real: The answer does not say that there is no such path.
        k0: Key.
        k1: Key.
        words: `words.PATH_WORDS`.
        word_values: `words.PATH_WORDS`.
        extensions: `words.EXTENSIONS`.
        extension_values: `words.EXTENSIONS`.
        languages: `words.LANGUAGES`.
        language_values: `words.LANGUAGES`.
        node_keys: Nodes of the tree; changed.
        children: Words below each node; changed.
        used: Count of nodes; changed.
        text: Out: the template.
        found: Out: path flags, number of the last numeric segment, hash of the last identifier and
            its place.

    Returns:
        ``(state, length)``: `KNOWN`, `MISSING` or `FULL`, and the length of the template.
    """
    flags = np.int64(0)
    number, thing = np.int64(NO_OBJECT), _U(0)
    node = _U(ROOT)
    state = KNOWN
    n, position = 0, 0
    at = begin
    while end > begin and buffer[end - 1] == 47:
        end -= 1
    if at >= end:
        flags |= PATH_ROOT
        text[0] = 47
        n = 1
    while at < end:
        at += 1
        stop = find(buffer, at, end, np.uint8(47))
        if position == SEGMENTS:
            stop = end
        if stop == at:
            continue
        close = find(buffer, at, stop, np.uint8(59))
        close = stop if close == at else close
        is_last = stop == end
        dot, bits = close, np.int64(0)
        if is_last:
            dot, bits = extension_of(buffer, at, close, extensions, extension_values)
        bits = extension_flags(bits)
        limit = _limit(flags, bits)
        kind, classes = kind_of(buffer, at, dot, position, languages, language_values)
        flags |= bits
        if kind == LITERAL or kind == SLUG:
            has_parts = classes & (DASH | DOT | MARK) != 0
            flags |= segment_flags(buffer, at, dot, close, is_last, has_parts, words, word_values)
        if position == SEGMENTS:
            kind = SLUG
        n = _append(text, n, buffer, at - 1, at)
        if kind == LITERAL:
            key = mix(node, siphash(buffer, at, close, k0, k1))
            if state == KNOWN:
                state = step_word(node_keys, children, used, node, key, is_real, limit)
            if state == CROWDED:
                state = KNOWN
                kind = SLUG
            else:
                n = _append(text, n, buffer, at, close)
                node = key
        if kind != LITERAL:
            key = mix(node, _U(_PLACE + kind))
            if state == KNOWN:
                state = step_place(node_keys, children, used, node, key, is_real)
            n = _append_place(text, n, kind)
            n = _append(text, n, buffer, dot, close)
            node = key
            if (
                kind == NUMBER
                or kind == UUID
                or kind == HASH
                or kind == TOKEN
                or kind == SLUG
                or kind == MAIL
            ):
                thing = siphash(buffer, at, dot, k0 ^ node, k1)
                number = _number(buffer, at, dot) if kind == NUMBER else number
        position += 1
        at = stop
    if flags & PATH_ASSET:
        flags &= ~np.int64(PATH_LOGIN)
    found[FOUND_FLAGS], found[FOUND_NUMBER], found[FOUND_THING] = flags, number, np.int64(thing)
    return state, n
