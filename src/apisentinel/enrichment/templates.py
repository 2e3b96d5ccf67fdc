"""Kinds of path segments: which name a place of the API and which name a thing in it."""

import numpy as np

from apisentinel.enrichment.words import (
    EXTENSION_API,
    EXTENSION_ASSET,
    EXTENSION_FEED,
    WORD_ANYWHERE,
    WORD_KNOWN_FILE,
    WORD_LAST,
    WORD_START,
)
from apisentinel.kernels.bytes import find
from apisentinel.kernels.compiler import inline
from apisentinel.kernels.interning import word_value
from apisentinel.records.flags import PATH_API, PATH_ASSET, PATH_FEED

LITERAL, NUMBER, UUID, HASH, DATE, TOKEN, MAIL, LOCALE, SLUG, TEXT = range(10)
PLACEHOLDERS = (
    b"", b"{id}", b"{uuid}", b"{hash}", b"{date}", b"{token}", b"{email}", b"{locale}", b"{slug}",
    b"{text}",
)  # fmt: skip
"""What stands in a route for a segment of each kind."""

PLACEHOLDER_BYTES = np.zeros((len(PLACEHOLDERS), 8), np.uint8)
PLACEHOLDER_LENGTH = np.zeros(len(PLACEHOLDERS), np.int64)
for _i, _word in enumerate(PLACEHOLDERS):
    PLACEHOLDER_BYTES[_i, : len(_word)] = np.frombuffer(_word, np.uint8)
    PLACEHOLDER_LENGTH[_i] = len(_word)

DIGIT, HEX, LETTER, CAPITAL, DASH, DOT, MARK, ODD = 1, 2, 4, 8, 16, 32, 64, 128
CLASSES = np.full(256, ODD, np.uint8)
"""Class of each byte; hex letters of either case are `HEX`, ``_`` and ``~`` are `MARK`."""
for _c in range(128):
    if chr(_c).isdigit():
        CLASSES[_c] = DIGIT
    elif chr(_c) in "abcdefABCDEF":
        CLASSES[_c] = HEX
    elif chr(_c).islower():
        CLASSES[_c] = LETTER
    elif chr(_c).isupper():
        CLASSES[_c] = CAPITAL
    elif chr(_c) in "-._~":
        CLASSES[_c] = {"-": DASH, ".": DOT}.get(chr(_c), MARK)

_DIGITS, _HEXES, _DASHES, _DOTS = 0, 12, 24, 36
_FIELD = 0xFFF
COUNTS = np.zeros(256, np.int64)
"""One of each that a byte is, in fields of twelve bits, so that one addition per byte counts all of
them.
"""
for _c in range(256):
    COUNTS[_c] = (
        (CLASSES[_c] == DIGIT) << _DIGITS
        | (CLASSES[_c] <= HEX) << _HEXES
        | (CLASSES[_c] == DASH) << _DASHES
        | (CLASSES[_c] == DOT) << _DOTS
    )

LONGEST_LITERAL = 48
"""Bytes of a segment; a longer one names a thing, whatever it looks like."""
LONGEST_SEGMENT = 1024
"""Bytes of a segment that are looked at; longer ones are text."""
SHORTEST_HASH = 8
"""Hex digits that are a hash rather than a short word such as ``a1`` or ``d3``."""
SHORTEST_TOKEN = 16
SHORTEST_NUMBER = 3
"""Digits at the end of a word that number it (``photo0012``); fewer belong to the word (``oauth2``,
``s3``).
"""
MOST_DASHES = 3
"""Dashes of a place's name; titles of articles have more."""
MOST_PARTS = 3
"""Parts of a segment (``user-login``) up to which a part tells what the path is for; in longer
ones, which are titles, words stand for themselves.
"""


@inline
def _digit_changes(buffer, begin, end):
    """How often digits and other bytes take turns."""
    changes = 0
    before = CLASSES[buffer[begin]] == DIGIT
    for k in range(begin + 1, end):
        now = CLASSES[buffer[k]] == DIGIT
        changes += now != before
        before = now
    return changes


@inline
def _ends_in_hash(buffer, begin, end):
    """True for words with a hash after them (``app.3f2a1b9c``)."""
    k = end
    digits = 0
    while k > begin and CLASSES[buffer[k - 1]] <= HEX:
        k -= 1
        digits += CLASSES[buffer[k]] == DIGIT
    return end - k >= SHORTEST_HASH and digits > 0


@inline
def _tail_digits(buffer, begin, end):
    """Digits at the end."""
    k = end
    while k > begin and CLASSES[buffer[k - 1]] == DIGIT:
        k -= 1
    return end - k


@inline
def kind_of(buffer, begin, end, position, languages, language_values):
    """Kind of a segment from its bytes, and the classes of bytes that it holds.

    Args:
        buffer: Text.
        begin: First byte of the segment, its extension left out.
        end: One past the last byte.
        position: Number of the segment in its path, from 0; only the first two can be a locale.
        languages: `words.LANGUAGES`.
        language_values: `words.LANGUAGES`.

    Returns:
        ``(kind, classes)``.
    """
    length = end - begin
    if length > LONGEST_SEGMENT:
        return TEXT, np.int64(ODD)
    counts, seen = np.int64(0), np.int64(0)
    for k in range(begin, end):
        counts += COUNTS[buffer[k]]
        seen |= np.int64(CLASSES[buffer[k]])
    digits, hexes = counts & _FIELD, (counts >> _HEXES) & _FIELD
    dashes, dots = (counts >> _DASHES) & _FIELD, (counts >> _DOTS) & _FIELD
    if digits == length:
        return NUMBER if length > 0 else LITERAL, seen
    if (
        digits == 0
        and dashes <= MOST_DASHES
        and seen & ODD == 0
        and length > 5
        and length <= LONGEST_LITERAL
    ):
        return LITERAL, seen
    if length == 36 and dashes == 4 and hexes == 32:
        return UUID, seen
    if (
        dashes == 2
        and digits >= 8
        and buffer[begin + 4] == 45
        and (length == 10 or (length >= 19 and digits >= 14))
    ):
        return DATE, seen
    if length >= SHORTEST_HASH and hexes == length and digits > 0:
        return HASH, seen
    if seen & ODD:
        is_mail = dots > 0 and begin < find(buffer, begin, end, np.uint8(64)) < end
        return MAIL if is_mail else TEXT, seen
    if length > LONGEST_LITERAL:
        is_jwt = (
            dots == 2
            and buffer[begin] == 101
            and buffer[begin + 1] == 121
            and buffer[begin + 2] == 74
        )
        return TOKEN if is_jwt else TEXT, seen
    if (
        length >= SHORTEST_TOKEN
        and digits >= 3
        and seen & (DASH | DOT) == 0
        and _digit_changes(buffer, begin, end) >= 4
    ):
        return TOKEN, seen
    if dashes > MOST_DASHES or (digits + dots == length and dots == 3):
        return SLUG, seen
    if digits > 0:
        tail = _tail_digits(buffer, begin, end)
        if dots == 0 and (
            tail >= SHORTEST_NUMBER
            or (dashes > 0 and digits >= 2 and tail > 0 and seen & MARK == 0)
        ):
            return SLUG, seen
        if length > SHORTEST_HASH and _ends_in_hash(buffer, begin, end):
            return SLUG, seen
    if position <= 1 and (
        length == 2 or (length == 5 and (buffer[begin + 2] == 45 or buffer[begin + 2] == 95))
    ):
        if word_value(buffer, begin, begin + 2, languages, language_values) != 0:
            return LOCALE, seen
    return LITERAL, seen


@inline
def extension_of(buffer, begin, end, extensions, extension_values):
    """``(dot, bits)``: index of the dot before a known extension and what it is, ``(end, 0)``
    without one.
    """
    k = end - 1
    while k > begin and buffer[k] != 46:
        k -= 1
    if k <= begin:
        return end, np.int64(0)
    bits = word_value(buffer, k + 1, end, extensions, extension_values)
    return (k, bits) if bits != 0 else (end, np.int64(0))


@inline
def extension_flags(bits):
    """Path flags that an extension stands for."""
    flags = np.int64(0)
    if bits & EXTENSION_ASSET:
        flags |= PATH_ASSET
    if bits & EXTENSION_FEED:
        flags |= PATH_FEED
    if bits & EXTENSION_API:
        flags |= PATH_API
    return flags


@inline
def _is_separator(byte):
    return byte == 45 or byte == 95 or byte == 46


@inline
def _part_flags(buffer, begin, dot, is_file, words, values):
    """Flags of the parts of a segment between dashes, underscores and dots."""
    parts = 1
    for k in range(begin, dot):
        parts += _is_separator(buffer[k])
    found = np.int64(0)
    start = begin
    for k in range(begin, dot + 1):
        if k == dot or _is_separator(buffer[k]):
            part = word_value(buffer, start, k, words, values)
            if part & WORD_ANYWHERE and parts <= MOST_PARTS:
                found |= part
            if part & WORD_START and is_file:
                found |= part
            start = k + 1
            if parts > MOST_PARTS:
                break
            is_file = False
    return found


@inline
def segment_flags(buffer, begin, dot, end, is_last, has_parts, words, values):
    """Path flags of a segment: of the whole word, of the file name without extension, and of its
    parts.
    """
    value = word_value(buffer, begin, end, words, values)
    only_here = WORD_START if is_last else WORD_START | WORD_KNOWN_FILE | WORD_LAST
    found = value if value & only_here == 0 else np.int64(0)
    if dot < end:
        value = word_value(buffer, begin, dot, words, values)
        found |= value if value & (WORD_START | WORD_KNOWN_FILE) == 0 else np.int64(0)
    if has_parts:
        found |= _part_flags(buffer, begin, dot, is_last and dot < end, words, values)
    if (
        end - begin <= 3
        and (buffer[begin] | 32) == 118
        and end - begin > 1
        and 48 <= buffer[begin + 1] <= 57
    ):
        found |= PATH_API
    return found & 0xFFFF
