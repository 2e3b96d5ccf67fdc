"""Where a secret begins and ends: names and what follows them, values in all their quotings, card
numbers. Pieces of the kernel of `redact_kernel`.
"""

import numpy as np
import numpy.typing as npt

from apisentinel.enrichment.redact_words import (
    GUESSABLE_SHIFT,
    LENGTH_BITS,
    M_HARMLESS,
)
from apisentinel.kernels.bytes import find
from apisentinel.kernels.compiler import inline
from apisentinel.records.batch import TEXT_INDEX

_U = np.uint64

_QUERY, _PATH = TEXT_INDEX["query"], TEXT_INDEX["path"]

_BODIES = TEXT_INDEX["request_body"], TEXT_INDEX["response_body"]

C_ALNUM, C_TOKEN, C_PLAIN, C_SPACE, C_HEX = 1, 2, 4, 8, 16


def _classes() -> npt.NDArray[np.uint8]:
    table = np.zeros(256, np.uint8)
    for byte in range(256):
        char = chr(byte)
        alnum = char.isascii() and char.isalnum()
        table[byte] |= C_ALNUM if alnum else 0
        table[byte] |= C_TOKEN if alnum or char in "-_+/=.~" else 0
        table[byte] |= C_PLAIN if alnum or char in "-_+/=.~" else 0
        table[byte] |= C_SPACE if char in " \t\r\n" else 0
        table[byte] |= C_HEX if char in "0123456789abcdefABCDEF" else 0
    return table


CLASSES = _classes()

SHORTEST_KEYED = 8
"""Bytes of the shortest value under the name of a token that gets a mark of its own; what is
shorter could be guessed, were the key known."""

LONGEST_LIST = 4096
"""Bytes of a list of values under the name of a secret that are replaced as a whole."""


@inline
def _is(buffer, at, end, a, b, c):
    """True for the encoded byte ``%bc`` (hexadecimal digits in either case) at `at`."""
    return (
        at + 2 < end
        and buffer[at] == 37
        and buffer[at + 1] == b
        and (buffer[at + 2] == c or (a != 0 and buffer[at + 2] == a))
    )


@inline
def boundary(buffer, begin, at, classes):
    """True when a name may begin at `at`."""
    if at <= begin:
        return True
    before = buffer[at - 1]
    if classes[before] & C_ALNUM == 0:
        return True
    if 65 <= buffer[at] <= 90 and not 65 <= before <= 90:
        return True
    return (
        at - 3 >= begin
        and buffer[at - 3] == 37
        and classes[before] & C_HEX != 0
        and classes[buffer[at - 2]] & C_HEX != 0
    )


@inline
def closing(buffer, at, end, slashes):
    """Index of the quote that closes a text with so many backslashes before its quotes, or `end`.

    The second value is the end of the text: the first of those backslashes.
    """
    run = 0
    i = at
    while i < end:
        byte = buffer[i]
        if byte == 92:
            run += 1
        else:
            if byte == 34:
                if slashes == 0:
                    if run % 2 == 0:
                        return i, i
                elif run <= slashes:
                    return i, i - run
            run = 0
        i += 1
    return end, end


@inline
def is_empty_word(buffer, begin, end):
    """True for values that say nothing: one byte, true, false, null, none, undefined."""
    n = end - begin
    if n <= 1:
        return True
    first = buffer[begin] | 32
    if n == 4:
        return (first == 116 and (buffer[begin + 1] | 32) == 114) or (
            first == 110
            and ((buffer[begin + 1] | 32) == 117 or (buffer[begin + 1] | 32) == 111)
            and ((buffer[begin + 3] | 32) == 108 or (buffer[begin + 3] | 32) == 101)
        )
    if n == 5:
        return first == 102 and (buffer[begin + 1] | 32) == 97 and (buffer[begin + 4] | 32) == 101
    return (
        n == 9
        and first == 117
        and (buffer[begin + 8] | 32) == 100
        and (buffer[begin + 1] | 32) == 110
    )


@inline
def check_of(buffer, begin, end, classes):
    """PLAIN for a value that cannot carry an attack, else CONTENT."""
    if end - begin > 4096:
        return CONTENT
    before = 0
    for k in range(begin, end):
        byte = buffer[k]
        if classes[byte] & C_PLAIN == 0 or (byte == 46 and before == 46):
            return CONTENT
        before = byte
    if end - begin >= 4:
        a, b, c = buffer[begin] | 32, buffer[begin + 1] | 32, buffer[begin + 2] | 32
        # serialised objects in base64 and hexadecimal: rO0, H4s, aced, gAS, AAE, KGR
        if (
            (a == 114 and b == 111 and c == 48)
            or (a == 104 and b == 52 and c == 115)
            or (a == 97 and b == 99 and c == 101)
            or (a == 103 and b == 97 and c == 115)
            or (a == 97 and b == 97 and c == 101)
            or (a == 107 and b == 103 and c == 114)
            or a == 47
        ):
            return CONTENT
    return PLAIN


@inline
def _is_card(buffer, digits, count, groups, parts):
    """True for the digits of a payment card: brand, length, grouping, check digit.

    References: ISO/IEC 7812-1, Luhn.
    """
    if count < 13 or count > 19:
        return False
    if parts > 1:
        if count == 15:
            if parts != 3 or groups[0] != 4 or groups[1] != 6:
                return False
        else:
            for k in range(parts - 1):
                if groups[k] != 4:
                    return False
    two = digits[0] * 10 + digits[1]
    four = two * 100 + digits[2] * 10 + digits[3]
    known = (
        (digits[0] == 4 and (count == 13 or count == 16 or count == 19))
        or (51 <= two <= 55 and count == 16)
        or (2221 <= four <= 2720 and count == 16)
        or ((two == 34 or two == 37) and count == 15)
        or ((four == 6011 or two == 65 or 644 <= four // 10 <= 649) and count == 16)
        or (3528 <= four <= 3589 and count == 16)
        or ((300 <= four // 10 <= 305 or two == 36 or two == 38) and count == 14)
        or (two == 62 and count >= 16)
    )
    if not known:
        return False
    total = 0
    same = True
    for k in range(count):
        digit = digits[count - 1 - k]
        same = same and digit == digits[0]
        if k % 2 == 1:
            digit = digit * 2 - 9 if digit > 4 else digit * 2
        total += digit
    return total % 10 == 0 and not same


@inline
def card_end(buffer, begin, at, end, classes, digits, groups):
    """End of the card number that begins with the digit at `at`, 0 when there is none."""
    if at > begin:
        before = buffer[at - 1]
        if (
            classes[before] & C_ALNUM != 0
            and not (at - 3 >= begin and buffer[at - 3] == 37 and classes[before] & C_HEX != 0)
        ) or before == 46:
            return np.int64(0)
    count, parts, size = 0, 0, 0
    i, best = at, np.int64(0)
    while i < end and count < 20:
        byte = buffer[i]
        if 48 <= byte <= 57:
            digits[count] = byte - 48
            count += 1
            size += 1
            i += 1
            continue
        if parts >= 5:
            break
        groups[parts] = size
        if classes[byte] & C_ALNUM == 0 and not (
            byte == 46 and i + 1 < end and 48 <= buffer[i + 1] <= 57
        ):
            if _is_card(buffer, digits, count, groups, parts + 1):
                best = i
        if byte == 32 or byte == 45 or byte == 43:
            i += 1
        elif byte == 37 and i + 2 < end and buffer[i + 1] == 50 and buffer[i + 2] == 48:
            i += 3
        else:
            return best
        if i >= end or not 48 <= buffer[i] <= 57:
            return best
        parts += 1
        size = 0
    if i == end and parts < 5 and _is_card(buffer, digits, count, groups, parts + 1):
        best = i
    return best


@inline
def token_end(buffer, at, end, column, classes):
    """End of a run of token characters; in a path a slash ends it."""
    while (
        at < end
        and classes[buffer[at]] & C_TOKEN != 0
        and not (column == _PATH and buffer[at] == 47)
    ):
        at += 1
    return at


@inline
def separator_of(buffer, at, end, column, classes):
    """What follows a name: ``(kind, index behind it, backslashes)``.

    Kinds: 0 nothing that makes it a name, 1 ``=``, 2 ``:``, 3 ``:`` of a quoted name, 4 ``>`` of an
    element, 5 the empty line of a part of a form, 6 encoded ``=`` or ``:``.
    """
    i = at
    if i < end and buffer[i] == 93:
        i += 1
    elif _is(buffer, i, end, 100, 53, 68):
        i += 3
    slashes = 0
    while i < end and buffer[i] == 92 and slashes < 8:
        slashes += 1
        i += 1
    quoted = False
    if i < end and (buffer[i] == 34 or buffer[i] == 39):
        quoted = True
        i += 1
    elif _is(buffer, i, end, 0, 50, 50):
        quoted = True
        i += 3
    elif slashes > 0:
        return 0, at, 0
    if quoted and i + 3 < end and buffer[i] == 13 and buffer[i + 1] == 10:
        if buffer[i + 2] == 13 and buffer[i + 3] == 10:
            return 5, i + 4, 0
        return 0, at, 0
    blanks = 0
    while i < end and classes[buffer[i]] & C_SPACE != 0 and blanks < 16:
        blanks += 1
        i += 1
    if i >= end:
        return 0, at, 0
    byte = buffer[i]
    if byte == 61:
        return 1, i + 1, slashes
    if byte == 58:
        if quoted:
            return 3, i + 1, slashes
        if column == _PATH or column == _QUERY:
            return 0, at, 0
        return 2, i + 1, slashes
    if byte == 62 and not quoted and blanks == 0:
        return 4, i + 1, 0
    if _is(buffer, i, end, 100, 51, 68) or _is(buffer, i, end, 97, 51, 65):
        return 6, i + 3, slashes
    return 0, at, 0


@inline
def _closes(buffer, begin, close, end, classes):
    """True when a quoted value of a form ends at its quote; an odd quote is part of the value."""
    if close >= end:
        return False
    after = buffer[close + 1] if close + 1 < end else 32
    if classes[after] & C_SPACE == 0 and not (
        after == 38
        or after == 62
        or after == 44
        or after == 59
        or after == 41
        or after == 125
        or after == 47
        or after == 63
    ):
        return False
    return find(buffer, begin, close, np.uint8(38)) == close


@inline
def value_of(buffer, at, end, kind, slashes, column, classes):
    """``(begin, end, behind, quote)`` of the value after a separator; begin = end for none."""
    i = at
    blanks = 0
    while kind != 5 and i < end and classes[buffer[i]] & C_SPACE != 0 and blanks < 16:
        blanks += 1
        i += 1
    if i >= end:
        return end, end, end, 0
    if kind == 4:
        stop = find(buffer, i, end, np.uint8(60))
        return i, stop, stop, 0
    if kind == 5:
        stop = i
        while stop < end and buffer[stop] != 13 and buffer[stop] != 10:
            stop += 1
        return i, stop, stop, 0
    run = 0
    j = i
    while j < end and buffer[j] == 92 and run < 8:
        run += 1
        j += 1
    byte = buffer[j] if j < end else 0
    is_form = kind == 1 and (column == _QUERY or column == _BODIES[0] or column == _BODIES[1])
    if byte == 34:
        close, stop = closing(buffer, j + 1, end, run)
        if not is_form or _closes(buffer, j + 1, close, end, classes):
            return j + 1, stop, close, 0
    if byte == 39 and run == 0:
        stop = find(buffer, j + 1, end, np.uint8(39))
        if not is_form or _closes(buffer, j + 1, stop, end, classes):
            return j + 1, stop, stop, 0
    if _is(buffer, i, end, 0, 50, 50):
        stop = i + 3
        while stop < end and not _is(buffer, stop, end, 0, 50, 50) and buffer[stop] != 38:
            stop += 1
        return i + 3, stop, stop, 0
    if buffer[i] == 123:
        return i, i, i, 0
    if kind == 3:
        if buffer[i] == 91:
            stop = find(buffer, i, min(end, i + LONGEST_LIST), np.uint8(93))
            if (
                stop < min(end, i + LONGEST_LIST)
                and find(buffer, i, stop, np.uint8(123)) == stop
                and stop > i + 1
            ):
                return i, stop + 1, stop + 1, slashes + 1
            return i, i, i, 0
        stop = i
        while stop < end and (classes[buffer[stop]] & (C_ALNUM | C_TOKEN)) != 0:
            stop += 1
        return i, stop, stop, slashes + 1
    stop = i
    if kind == 6:
        while stop < end:
            byte = buffer[stop]
            if byte == 38 or classes[byte] & C_SPACE != 0 or _is(buffer, stop, end, 0, 50, 54):
                break
            if _is(buffer, stop, end, 99, 50, 67):
                break
            stop += 1
        return i, stop, stop, 0
    if is_form:
        while stop < end and buffer[stop] != 38 and buffer[stop] != 13 and buffer[stop] != 10:
            stop += 1
        return i, stop, stop, 0
    words = 0
    while stop < end:
        byte = buffer[stop]
        if byte == 38 or byte == 59 or byte == 34 or byte == 39 or byte == 60 or byte == 125:
            break
        if byte == 44 or byte == 13 or byte == 10 or (column == _PATH and byte == 47):
            break
        if byte == 32 or byte == 9:
            # one word more behind a scheme such as Bearer
            if words == 0 and kind == 2 and 4 <= stop - i <= 8:
                words = 1
            else:
                break
        stop += 1
    return i, stop, stop, 0


@inline
def name_of(buffer, begin, at, marks, classes):
    """``(length, guessable)`` of the longest name that ends at `at`, length 0 for none."""
    if marks & _U(M_HARMLESS):
        return 0, False
    for length in range(LENGTH_BITS - 1, 2, -1):
        is_token = (marks >> _U(length)) & _U(1)
        is_guessable = (marks >> _U(length + GUESSABLE_SHIFT)) & _U(1)
        if (is_token or is_guessable) and boundary(buffer, begin, at - length + 1, classes):
            return length, is_guessable != _U(0)
    return 0, False


PLAIN, CONTENT, BASE64, BASIC, SCHEME_TEXT = 0, 1, 2, 3, 4
"""Checks: none needed; is it an attack; is it base64 with a secret inside; Basic credentials."""
