"""SQL tokeniser: turns a value into a short word of token letters, so that the shape of a statement
can be matched.

Letters: ``1`` number or null/true/false, ``s`` closed string, ``q`` string open at the end, ``n``
name, ``f`` known function before a parenthesis, ``v`` variable, ``U S E F W B C A k T`` keywords by
role (``data/sql_words.toml``), ``&`` and/or/not, ``|`` double bar, ``=`` comparison, ``o`` other
operator, ``c`` comment up to the end, ``( ) , ; .`` themselves, ``x`` anything else.
"""

from functools import cache
from typing import Any

import numpy as np

from apisentinel.detectors.payload import data
from apisentinel.detectors.payload.limits import MAX_TOKENS
from apisentinel.detectors.payload.workspace import ROOM, borrowed, give_back
from apisentinel.kernels.compiler import inline, kernel
from apisentinel.kernels.native import Fixed

_SLOTS = 1 << 11
_OFFSET, _PRIME = 0xCBF29CE484222325, 0x100000001B3


@cache
def word_table() -> tuple[Any, Any]:
    """Open-addressed table for `tokenise`: hash of each word, and its letter (function letter in
    the high byte).
    """
    hashes, letters = np.zeros(_SLOTS, np.uint64), np.zeros(_SLOTS, np.uint16)
    roles: dict[str, int] = {}
    for letter, words in data.load("sql_words")["words"].items():
        for word in words:
            shift = 8 if letter == "f" else 0
            roles[word] = roles.get(word, 0) | ord(letter) << shift
    for word, role in roles.items():
        value = _OFFSET
        for byte in word.encode():
            value = ((value ^ byte) * _PRIME) & 0xFFFFFFFFFFFFFFFF
        slot = (value >> 20) % _SLOTS
        while hashes[slot]:
            slot = (slot + 1) % _SLOTS
        hashes[slot], letters[slot] = value, role
    return Fixed(hashes), Fixed(letters)


@inline
def _role(hash_, hashes, letters):
    slot = np.int64((hash_ >> np.uint64(20)) % np.uint64(hashes.shape[0]))
    while hashes[slot] != np.uint64(0):
        if hashes[slot] == hash_:
            return np.int64(letters[slot])
        slot = (slot + 1) % hashes.shape[0]
    return np.int64(0)


@kernel("int64(uint8[::1], int64, int64, uint64[::1], uint16[::1], uint8[::1])", keeps_lock=True)
def tokenise(text, end, quote, hashes, letters, out):
    """Writes the token letters of lower-case `text` to `out` and returns their number.

    Args:
        text: Lower-case text with 64 spare bytes.
        end: Its length.
        quote: Byte of the quote inside which the text begins, 0 for none.
        hashes: Words, see `word_table`.
        letters: Their roles.
        out: uint8, as long as the most tokens wanted.
    """
    n = np.int64(0)
    i = np.int64(0)
    if quote != 0:
        i = np.int64(-1)
    while i < end and n < out.shape[0]:
        c = np.int64(text[i]) if i >= 0 else quote
        if c == 32 or c == 9 or c == 10 or c == 13 or c == 11 or c == 12 or c == 0 or c == 0xA0:
            i += 1
            continue
        letter = np.int64(120)
        if c == 39 or c == 34 or c == 96:
            j = i + 1
            while j < end:
                if text[j] == c:
                    if j + 1 < end and text[j + 1] == c and i >= 0 and j > i + 1:
                        j += 2
                        continue
                    break
                if text[j] == 92 and c != 96 and i >= 0:
                    j += 1
                j += 1
            letter = np.int64(115) if j < end else np.int64(113)
            if c == 96 and j < end:
                letter = np.int64(110)
            i = min(j + 1, end)
        elif 48 <= c <= 57 or (c == 46 and i + 1 < end and 48 <= text[i + 1] <= 57):
            j = i + 1
            while j < end and (
                48 <= text[j] <= 57 or text[j] == 46 or 97 <= text[j] <= 122 or text[j] == 95
            ):
                if (text[j] == 101) and j + 1 < end and (text[j + 1] == 45 or text[j + 1] == 43):
                    j += 1
                j += 1
            letter = np.int64(49)
            plain = True
            k = i + 1
            hexadecimal = c == 48 and k < end and text[k] == 120
            while k < j:
                t = text[k]
                if (
                    97 <= t <= 122 and not (hexadecimal and (t <= 102 or t == 120)) and t != 101
                ) or t == 95:
                    plain = False
                k += 1
            if not plain:
                letter = np.int64(110)
            i = j
        elif 97 <= c <= 122 or c == 95 or c >= 128 or c == 36:
            j = i
            value = np.uint64(_OFFSET)
            prefix = np.int64(0)
            while j < end and (
                97 <= text[j] <= 122
                or 48 <= text[j] <= 57
                or text[j] == 95
                or text[j] >= 128
                or text[j] == 36
                or (text[j] == 46 and j + 1 < end and 97 <= text[j + 1] <= 122)
            ):
                if text[j] == 46 and prefix == 0:
                    prefix = _role(value, hashes, letters)
                value = (value ^ np.uint64(text[j])) * np.uint64(_PRIME)
                j += 1
            role = _role(value, hashes, letters)
            k = j
            while k < end and text[k] == 32:
                k += 1
            letter = np.int64(84) if prefix == 84 else np.int64(110)
            if role & 255 and not (
                (role >> 8) != 0 and k < end and text[k] == 40 and (role & 255) != 83
            ):
                letter = role & 255
            elif (role >> 8) != 0 and k < end and text[k] == 40:
                letter = np.int64(102)
            if (
                letter == 107
                and k + 1 < end
                and text[k] == 98
                and text[k + 1] == 121
                and j - i == 5
            ):
                letter = np.int64(66)
                k += 2
                j = k
            i = j
        elif c == 64:
            j = i + 1
            while j < end and (
                97 <= text[j] <= 122
                or 48 <= text[j] <= 57
                or text[j] == 95
                or text[j] == 64
                or text[j] == 46
                or text[j] == 36
            ):
                j += 1
            letter = np.int64(118) if j > i + 1 else np.int64(120)
            i = j
        elif c == 45 and i + 1 < end and text[i + 1] == 45:
            letter = np.int64(99)
            i = end
        elif c == 35:
            letter = np.int64(99)
            i = end
        elif c == 47 and i + 1 < end and text[i + 1] == 42:
            letter = np.int64(99)
            i = end
        elif c == 59 and i + 1 < end and text[i + 1] == 37 and i + 3 < end and text[i + 2] == 48:
            letter = np.int64(99)
            i = end
        elif c == 61 or c == 60 or c == 62 or c == 33:
            j = i + 1
            while j < end and (text[j] == 61 or text[j] == 60 or text[j] == 62):
                j += 1
            letter = np.int64(61) if not (c == 33 and j == i + 1) else np.int64(111)
            i = j
        elif c == 124:
            letter = np.int64(111)
            if i + 1 < end and text[i + 1] == 124:
                letter = np.int64(124)
                i += 1
            i += 1
        elif c == 38:
            letter = np.int64(111)
            if i + 1 < end and text[i + 1] == 38:
                letter = np.int64(38)
                i += 1
            i += 1
        elif c == 43 or c == 45 or c == 42 or c == 47 or c == 37 or c == 94 or c == 126:
            letter = np.int64(111)
            i += 1
            # a sign before a number or a chain of signs is one operator
            while (
                i < end
                and (
                    text[i] == 45
                    or text[i] == 43
                    or text[i] == 126
                    or text[i] == 33
                    or text[i] == 32
                )
                and not (text[i] == 45 and i + 1 < end and text[i + 1] == 45)
            ):
                i += 1
            if n == 0 and quote == 0:
                continue
        elif c == 40 or c == 41 or c == 44 or c == 59 or c == 46:
            letter = c
            i += 1
        elif c == 58 and i + 1 < end and text[i + 1] == 58:
            letter = np.int64(111)
            i += 2
        else:
            i += 1
        out[n] = np.uint8(letter)
        n += 1
    return n


_SPARE = b"\0" * 64


def shape(text: bytes, quote: bytes = b"") -> bytes:
    """Token letters of a canonical text, read outside quotes or inside the given one.

    Example:
        >>> shape(b"1' or 1=1--", b"'")
        b's&1=1c'
    """
    hashes, letters = word_table()
    size, first = len(text), quote[0] if quote else 0
    if size > ROOM:
        source: Any = np.frombuffer(bytearray(text + _SPARE), np.uint8)
        out: Any = np.empty(MAX_TOKENS, np.uint8)
        count = tokenise(source, size, first, hashes, letters, out)
        letters_found: bytes = out[:count].tobytes()
        return letters_found
    space = borrowed()
    space.put(text)
    found = space.written(tokenise(space.text, size, first, hashes, letters, space.tokens))
    give_back(space)
    return found
