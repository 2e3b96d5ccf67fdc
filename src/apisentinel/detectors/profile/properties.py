"""Properties of a value: each puts it into a category, and rare categories are unusual."""

import numpy as np

from apisentinel.detectors.profile.items import K0, K1
from apisentinel.kernels.compiler import inline
from apisentinel.kernels.hashing import mix, siphash

_U = np.uint64

(
    CHILD, VALUE, SHAPE, SKELETON, LENGTH, SIGNS, TYPE, EDGE, MAGNITUDE, SIGN, CONTEXT, METHOD,
    CONTENT_TYPE, BODY_KIND, NAME, ORDER, SET, HEADER_SET, HEADER_ORDER, STATUS, SIZE, WORD,
) = range(22)  # fmt: skip
PROPERTIES = 22
"""Number of properties. `SIGN`, `CONTEXT`, `WORD` and `NAME` have a category for each of something
in the value or the request; of these the rarest counts.
"""

PROPERTY_WORDS = (
    "place below this path", "value", "shape", "make-up", "length", "kinds of characters", "type",
    "first and last character", "size of the number", "sign", "sign between its neighbours",
    "method", "content type", "kind of body", "parameter", "order of the parameters",
    "set of parameters", "set of headers", "order of the headers", "status", "size of the answer",
    "ending of the path",
)  # fmt: skip
"""What each property is, in words."""

LETTER, DIGIT, BLANK, HIGH, CONTROL, OTHER = range(6)
"""Classes of bytes; `OTHER` are the signs of ASCII."""
CAPITAL = 6

CLASS = np.zeros(256, np.uint8)
for _c in range(256):
    if _c >= 128:
        CLASS[_c] = HIGH
    elif chr(_c).isalpha():
        CLASS[_c] = LETTER
    elif chr(_c).isdigit():
        CLASS[_c] = DIGIT
    elif _c == 32:
        CLASS[_c] = BLANK
    elif _c < 32 or _c == 127:
        CLASS[_c] = CONTROL
    else:
        CLASS[_c] = OTHER

EMPTY, WHOLE, NUMBER, HEX, UUID, WORD_TYPE, NAME_TYPE, WORDS, MAIL, URL, TOKEN, FREE = range(12)
TYPE_NAMES = (
    "nothing", "whole number", "number", "hex digits", "UUID", "letters", "letters and digits",
    "words", "mail address", "URL", "token", "text",
)  # fmt: skip

MOST_RUNS = 24
"""Runs of characters of one kind that shape and make-up tell apart; longer texts end in "and so
on".
"""
MOST_SIGNS = 24
"""Signs of one value whose neighbours are looked at."""


@inline
def _type_of(
    length, digits, hexes, letters, blanks, highs, controls, signs, dots, ats, slashes, dashes
):
    """Type of a value from counts of its bytes."""
    if length == 0:
        return EMPTY
    if digits == length:
        return WHOLE
    if digits > 0 and digits + dots + dashes == length and dots <= 1 and dashes <= 1:
        return NUMBER
    if length == 36 and dashes == 4 and hexes == 32:
        return UUID
    if hexes == length and digits > 0 and length >= 8:
        return HEX
    if letters + highs == length:
        return WORD_TYPE
    if letters + highs + digits == length:
        return TOKEN if length >= 20 else NAME_TYPE
    if letters + highs + blanks == length:
        return WORDS
    if ats == 1 and dots > 0 and blanks == 0 and controls == 0 and slashes == 0:
        return MAIL
    if slashes >= 2 and blanks == 0 and controls == 0 and dots > 0:
        return URL
    if blanks == 0 and controls == 0 and length >= 20 and signs * 8 <= length:
        return TOKEN
    return FREE


@inline
def length_bin(length):
    """Exact up to 16, then four bins to each doubling."""
    if length <= 16:
        return np.int64(length)
    return np.int64(4.0 * np.log2(float(length)))


@inline
def size_bin(size):
    """Two bins to each doubling."""
    return np.int64(2.0 * np.log2(float(max(size, 0)) + 1.0))


@inline
def _kind(byte):
    """Letters, digits, blanks and high bytes by class, signs and control characters by
    themselves.
    """
    kind = CLASS[byte]
    return np.int64(kind) if kind < CONTROL else np.int64(byte) + 256


@inline
def value_category(text, begin, end, size):
    """Category of the property `VALUE`, a hash; arguments as for `categories`."""
    return siphash(text, begin, end, K0, K1) ^ _U(size)


@inline
def categories(text, begin, end, size, cats, several, several_of):
    """Categories of a value by its looks: all but that of `VALUE`.

    Args:
        text: Holds the value.
        begin: First byte.
        end: One past the last byte.
        size: Bytes of the whole value, of which only the beginning may be in `text`.
        cats: Out: category for each property from `SHAPE` to `MAGNITUDE`; 0 for none.
        several: Out: categories of which a value has many.
        several_of: Out: property of each of them.

    Returns:
        Number of entries in `several`.
    """
    digits = hexes = letters = blanks = highs = controls = signs = np.int64(0)
    dots = ats = slashes = dashes = capitals = np.int64(0)
    low_mask, high_mask = _U(0), _U(0)
    shape, skeleton = _U(1), _U(2)
    runs = words = np.int64(0)
    count = np.int64(0)
    number = np.float64(0.0)
    at = begin
    while at < end:
        byte = text[at]
        kind = CLASS[byte]
        stop = at + 1
        if kind == LETTER:
            while stop < end and CLASS[text[stop]] == LETTER:
                stop += 1
            for k in range(at, stop):
                letter = text[k]
                capitals += letter < 97
                hexes += (letter | 32) <= 102
            letters += stop - at
        elif kind == DIGIT:
            while stop < end and CLASS[text[stop]] == DIGIT:
                stop += 1
            digits += stop - at
            hexes += stop - at
            for k in range(at, min(stop, at + 15)):
                number = number * 10.0 + (np.float64(text[k]) - 48.0)
            for _ in range(min(stop, at + 15), stop):
                number *= 10.0
        elif kind == HIGH:
            while stop < end and CLASS[text[stop]] == HIGH:
                stop += 1
            highs += stop - at
        elif kind == BLANK:
            while stop < end and text[stop] == 32:
                stop += 1
            blanks += stop - at
        else:
            while stop < end and text[stop] == byte:
                stop += 1
            if kind == CONTROL:
                controls += stop - at
            else:
                signs += stop - at
                dots += (stop - at) * (byte == 46)
                ats += (stop - at) * (byte == 64)
                slashes += (stop - at) * (byte == 47)
                dashes += (stop - at) * (byte == 45)
            if byte < 64:
                low_mask |= _U(1) << _U(byte)
            else:
                high_mask |= _U(1) << _U(byte - 64)
            if count < MOST_SIGNS:
                before = _kind(text[at - 1]) if at > begin else np.int64(1000)
                after = _kind(text[stop]) if stop < end else np.int64(1001)
                # the neighbours of a sign: their class, or that they are another sign
                if before >= 256 and before < 1000:
                    before = np.int64(OTHER)
                if after >= 256 and after < 1000:
                    after = np.int64(OTHER)
                run = min(stop - at, 3)
                several[count] = _U(np.int64(byte) | before << 8 | after << 20 | run << 32) + _U(1)
                several_of[count] = CONTEXT
                count += 1
        if runs < MOST_RUNS:
            code = _kind(byte)
            run = stop - at
            shape = mix(shape, _U(code * 64 + (run if run < 9 else 9 + length_bin(run))))
            word_code = np.int64(LETTER) if code == HIGH or code == DIGIT else code
            if word_code != LETTER or words == 0:
                skeleton = mix(skeleton, _U(word_code + 1))
            words = np.int64(word_code == LETTER)
            runs += 1
        at = stop
    if runs >= MOST_RUNS:
        shape = mix(shape, _U(length_bin(size)))
        skeleton = _U(3)
    length = end - begin
    kind_bits = (
        _U(letters > 0)
        | _U(digits > 0) << _U(1)
        | _U(blanks > 0) << _U(2)
        | _U(highs > 0) << _U(3)
        | _U(controls > 0) << _U(4)
        | _U(capitals > 0) << _U(5)
        | _U(letters > capitals) << _U(6)
    )
    kind = _type_of(
        length, digits, hexes, letters, blanks, highs, controls, signs, dots, ats, slashes, dashes
    )
    cats[SHAPE] = shape
    cats[SKELETON] = skeleton
    cats[LENGTH] = _U(length_bin(size) + 1)
    cats[SIGNS] = mix(mix(low_mask + _U(1), high_mask + _U(1)), kind_bits + _U(1))
    cats[TYPE] = _U(kind + 1)
    first = _kind(text[begin]) if length > 0 else np.int64(0)
    last = _kind(text[end - 1]) if length > 0 else np.int64(0)
    cats[EDGE] = _U(first * 1024 + last + 1)
    cats[MAGNITUDE] = _U(0)
    if kind == WHOLE or kind == NUMBER:
        cats[MAGNITUDE] = _U(np.int64(2.0 * np.log2(number + 1.0)) + 1)
    mask = low_mask
    for half in range(2):
        for bit in range(64):
            if mask >> _U(bit) & _U(1):
                several[count] = _U(bit + 64 * half + 1)
                several_of[count] = SIGN
                count += 1
        mask = high_mask
    if highs > 0:
        several[count] = _U(300)
        several_of[count] = SIGN
        count += 1
    if capitals > 0:
        several[count] = _U(301)
        several_of[count] = SIGN
        count += 1
    if digits > 0:
        several[count] = _U(302)
        several_of[count] = SIGN
        count += 1
    if blanks > 0:
        several[count] = _U(303)
        several_of[count] = SIGN
        count += 1
    return count


MOST_SEVERAL = MOST_SIGNS + 128 + 8
"""Room that `categories` needs for what a value has several of."""


def length_of_bin(number: int) -> int:
    """Shortest length in a bin of `length_bin`."""
    return number if number <= 16 else int(2.0 ** (number / 4.0) + 0.5)


def number_of_bin(number: int) -> int:
    """Smallest number in a bin of `MAGNITUDE`."""
    return max(int(2.0 ** (number / 2.0) + 0.5) - 1, 0)
