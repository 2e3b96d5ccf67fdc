"""Kernels of the payload model: what a text is made of, as numbers and as hashed n-grams."""

import numpy as np

from apisentinel.kernels.bytes import PADDING
from apisentinel.kernels.compiler import inline, kernel

SIGNS = b"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
"""Signs that are counted one by one."""

OTHERS = 14
"""Numbers beside the signs; see `describe`."""

N_STATS = len(SIGNS) + OTHERS
LONGEST_CHAR, LONGEST_TOKEN = 5, 4
CHARS_EACH = 3
"""N-grams of characters that begin at one place: those of 3 to 5."""
CHAR_WINDOW, TOKEN_WINDOW = 24, 8
"""Characters and tokens of the strongest stretch; an attack of 24 characters is no accident."""
_PRIME = 0x100000001B3
_BASIS = 0xCBF29CE484222325


@inline
def _mixed(value):
    value = (value ^ (value >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return value ^ (value >> np.uint64(32))


@inline
def _is_letter(c):
    return 97 <= c <= 122 or c >= 128 or c == 95


@inline
def _child(node, keys):
    """The next node of a tree; leaves lead to themselves. See `models.trees`."""
    return (node & 0x3FFFF) + np.int64(keys[(node >> 18) & 0x3FFF] > (node >> 32))


@inline
def _describe(text, size, known, tokens, char_ids, token_ids, stats):
    """See `describe`."""
    prime = np.uint64(_PRIME)
    for k in range(stats.shape[0]):
        stats[k] = np.float32(0.0)
    letters = digits = blanks = upper = signs = np.int64(0)
    run = longest = words_run = words_longest = np.int64(0)
    round_ = square = curly = np.int64(0)
    for i in range(size):
        c = np.int64(text[i])
        if 97 <= c <= 122:
            letters += 1
        elif 48 <= c <= 57:
            digits += 1
        elif c <= 32:
            blanks += 1
        elif c >= 128:
            upper += 1
        else:
            signs += 1
        is_sign = 33 <= c <= 47 or 58 <= c <= 64 or 91 <= c <= 96 or 123 <= c <= 126
        if is_sign:
            at = c - 33
            if c >= 123:
                at = c - 123 + 28
            elif c >= 91:
                at = c - 91 + 22
            elif c >= 58:
                at = c - 58 + 15
            stats[at] += np.float32(1.0)
            run += 1
            words_run = np.int64(0)
            longest = max(longest, run)
        else:
            run = np.int64(0)
            words_run = words_run + 1 if c > 32 else np.int64(0)
            words_longest = max(words_longest, words_run)
        if c == 40:
            round_ += 1
        elif c == 41:
            round_ -= 1
        elif c == 91:
            square += 1
        elif c == 93:
            square -= 1
        elif c == 123:
            curly += 1
        elif c == 125:
            curly -= 1
    quotes = np.int64(stats[1]) % 2 + 2 * (np.int64(stats[6]) % 2) + 4 * (np.int64(stats[27]) % 2)
    whole = np.float32(size)
    # n-grams of characters
    written = np.int64(0)
    for i in range(size - 2):
        value = np.uint64(_BASIS)
        for k in range(LONGEST_CHAR):
            if i + k < size:
                value = (value ^ np.uint64(text[i + k])) * prime
            if k >= 2:
                if i + k < size:
                    char_ids[written] = np.int32(_mixed(value) & np.uint64(0x7FFFFFFF))
                else:
                    char_ids[written] = np.int32(-1)
                written += 1
    # tokens
    n = np.int64(0)
    words = known_words = np.int64(0)
    i = np.int64(0)
    while i < size and n < tokens.shape[0]:
        c = np.int64(text[i])
        if c <= 32:
            i += 1
            continue
        if _is_letter(c):
            value = np.uint64(_BASIS)
            begin = i
            while i < size and (_is_letter(np.int64(text[i])) or 48 <= text[i] <= 57):
                value = (value ^ np.uint64(text[i])) * prime
                i += 1
            words += 1
            slot = np.int64(_mixed(value) & np.uint64(known.shape[0] - 1))
            if known[slot] != 0:
                known_words += 1
                tokens[n] = value
            else:
                tokens[n] = np.uint64(
                    1 + (1 if i - begin > 3 else 0) + (1 if i - begin > 12 else 0)
                )
        elif 48 <= c <= 57:
            kind = np.uint64(8)
            if c == 48 and i + 1 < size and text[i + 1] == 120:
                kind = np.uint64(9)
            while i < size and (48 <= text[i] <= 57 or 97 <= text[i] <= 122):
                i += 1
            tokens[n] = kind
        else:
            tokens[n] = np.uint64(c + 16)
            i += 1
        n += 1
    for t in range(n):
        value = np.uint64(_BASIS)
        for k in range(LONGEST_TOKEN):
            if t + k < n:
                value = (value ^ tokens[t + k]) * prime
                value = _mixed(value)
                token_ids[LONGEST_TOKEN * t + k] = np.int32(value & np.uint64(0x7FFFFFFF))
            else:
                token_ids[LONGEST_TOKEN * t + k] = np.int32(-1)
    stats[32] = whole
    stats[33] = letters / whole
    stats[34] = digits / whole
    stats[35] = blanks / whole
    stats[36] = upper / whole
    stats[37] = signs / whole
    stats[38] = known_words / np.float32(max(words, np.int64(1)))
    stats[39] = np.float32(min(longest, np.int64(64)))
    stats[40] = np.float32(min(words_longest, np.int64(256)))
    stats[41] = np.float32(max(min(round_, np.int64(8)), np.int64(-8)))
    stats[42] = np.float32(max(min(square, np.int64(8)), np.int64(-8)))
    stats[43] = np.float32(max(min(curly, np.int64(8)), np.int64(-8)))
    stats[44] = np.float32(quotes)
    stats[45] = np.float32(n)
    return n


@kernel(
    "int64(uint8[::1], int64, uint8[::1], uint64[::1], int32[::1], int32[::1], float32[::1])",
    keeps_lock=True,
)
def describe(text, size, known, tokens, char_ids, token_ids, stats):
    """Statistics and n-grams of a canonical text.

    Args:
        text: Lower-case text with 64 spare bytes.
        size: Its length, at least 1.
        known: uint8, a power of two long: 1 where the hash of a word is one that the model knows.
        tokens: Work space, uint64 ``(most tokens,)``.
        char_ids: Written: hashes of 3 to 5 characters, three for each place but the last two.
        token_ids: Written: hashes of 1 to 4 tokens, four for each token, -1 where there are none.
        stats: Written: `N_STATS` numbers. Counts of signs first, then size, shares
            of letters, digits, blanks, upper half, signs, known words; longest run of signs and of
            letters or digits; open parentheses, brackets, braces; odd numbers of quotes; tokens.

    Returns:
        The number of tokens.
    """
    return _describe(text, size, known, tokens, char_ids, token_ids, stats)


@inline
def _add_grams(ids, places, each, window, weights, out, at):
    """See `add_grams`."""
    mask = weights.shape[0] - 1
    total = best = stretch = 0.0
    count = np.int64(0)
    for p in range(places):
        for k in range(each):
            id_ = np.int64(ids[p * each + k])
            if id_ >= 0:
                total += weights[id_ & mask]
                stretch += weights[id_ & mask]
                count += 1
        if p >= window:
            for k in range(each):
                id_ = np.int64(ids[(p - window) * each + k])
                if id_ >= 0:
                    stretch -= weights[id_ & mask]
        if p >= window - 1 or p == places - 1:
            if stretch > best or p == min(window, places) - 1:
                best = stretch
    full = np.float64(each * min(window, max(places, np.int64(1))))
    out[at] = np.float32(total / np.sqrt(np.float64(max(count, np.int64(1)))))
    out[at + 1] = np.float32(best / np.sqrt(full))


@kernel("void(int32[::1], int64, int64, int64, float32[::1], float32[::1], int64)", keeps_lock=True)
def add_grams(ids, places, each, window, weights, out, at):
    """Sums of the weights of n-grams: of all, and of the strongest stretch.

    Args:
        ids: Hashes, `each` for each place, -1 for none.
        places: How many places there are.
        each: N-grams that begin at one place.
        window: Places of a stretch.
        weights: float32, a power of two long.
        out: Written: sum over the root of the count at `at`, and the same of the stretch that has
            the highest one.
        at: Place in `out`.
    """
    _add_grams(ids, places, each, window, weights, out, at)


@kernel(
    "float64(uint8[::1], int64, int64, uint8[::1], uint8[::1], uint64[::1], int32[::1], int32[::1],"
    " float32[::1], float32[::1], float32[::1], int32[::1], int32[::1], int64, int64[::1],"
    " int64[::1], int64[::1], float64[::1])",
    keeps_lock=True,
)
def margin_of(
    text,
    size,
    letters,
    column_of,
    known,
    tokens,
    char_ids,
    token_ids,
    char_weights,
    token_weights,
    row,
    bits,
    keys,
    shape_at,
    nodes,
    roots,
    depths,
    values,
):
    """Log-odds of one value: the rest of its columns, and what all trees add up to.

    Args:
        text: Text as in `describe`, 64 spare bytes, letters of the shape of SQL.
        size: Length of the text.
        letters: Number of the letters.
        column_of: uint8 ``(256,)``, column of a letter behind `shape_at`, from 1; 0 for none.
        known: See `describe`; so `tokens`, `char_ids`, `token_ids`.
        char_weights: See `add_grams`.
        token_weights: The same for tokens.
        row: The columns; those before `shape_at` are given, the others are written.
        bits: The memory of `row`.
        keys: Work space, two for each column.
        shape_at: Place of the first count of a letter.
        nodes: Trees as in `models.trees.Forest`; so `roots`, `depths`, `values`.

    Eight trees are walked side by side, since each step of one waits for memory.
    """
    columns = row.shape[0]
    grams_at = columns - 4
    stats_at = grams_at - N_STATS
    for k in range(shape_at, columns):
        row[k] = np.float32(0.0)
    begin = size + PADDING
    for k in range(begin, begin + letters):
        column = np.int64(column_of[text[k]])
        if column > 0:
            row[shape_at + column - 1] += np.float32(1.0)
    count = _describe(text, size, known, tokens, char_ids, token_ids, row[stats_at:grams_at])
    _add_grams(char_ids, size - 2, CHARS_EACH, CHAR_WINDOW, char_weights, row, grams_at)
    _add_grams(token_ids, count, LONGEST_TOKEN, TOKEN_WINDOW, token_weights, row, grams_at + 2)
    for k in range(columns):
        b = np.int64(bits[k])
        key = b if b >= 0 else -(b & 0x7FFFFFFF) - 1
        if b == -2147483648:
            key = np.int64(0)
        keys[k] = np.int32(key)
        keys[columns + k] = np.int32(key)
    total = 0.0
    trees = roots.shape[0]
    t = np.int64(0)
    while t + 8 <= trees:
        a = b = c = d = e = f = g = h = np.int64(0)
        depth = depths[t]
        for k in range(1, 8):
            depth = max(depth, depths[t + k])
        ra, rb, rc, rd = roots[t], roots[t + 1], roots[t + 2], roots[t + 3]
        re, rf, rg, rh = roots[t + 4], roots[t + 5], roots[t + 6], roots[t + 7]
        for _ in range(depth):
            a = _child(nodes[ra + a], keys)
            b = _child(nodes[rb + b], keys)
            c = _child(nodes[rc + c], keys)
            d = _child(nodes[rd + d], keys)
            e = _child(nodes[re + e], keys)
            f = _child(nodes[rf + f], keys)
            g = _child(nodes[rg + g], keys)
            h = _child(nodes[rh + h], keys)
        total += values[ra + a]
        total += values[rb + b]
        total += values[rc + c]
        total += values[rd + d]
        total += values[re + e]
        total += values[rf + f]
        total += values[rg + g]
        total += values[rh + h]
        t += 8
    while t < trees:
        a = np.int64(0)
        for _ in range(depths[t]):
            a = _child(nodes[roots[t] + a], keys)
        total += values[roots[t] + a]
        t += 1
    return total
