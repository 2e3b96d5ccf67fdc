"""Work once per distinct value: bounded caches keyed by a hash, and tables of known words."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.kernels.bytes import load64, multiply_fold
from apisentinel.kernels.compiler import inline

_U = np.uint64
_ALL = 0xFFFFFFFFFFFFFFFF
_SEED, _FACTOR = 0x9E3779B97F4A7C15, 0xD1B54A32D192ED03
_LANES = 0x0101010101010101
_HIGH, _LOW = 0x80 * _LANES, 0x7F * _LANES
_FROM_A, _PAST_Z = (0x80 - 0x41) * _LANES, (0x80 - 0x5B) * _LANES

Keys = npt.NDArray[np.uint64]


@inline
def home(key, size):
    """First slot to look at for `key` in a table of `size` slots, a power of two."""
    return np.int64((key * _U(_SEED)) >> _U(32)) & (size - 1)


@inline
def locate(keys, key):
    """Slot that holds `key`, else the free slot where it belongs. `keys` must have a free slot; 0
    marks free ones.
    """
    mask = keys.shape[0] - 1
    at = home(key, keys.shape[0])
    while keys[at] != _U(0) and keys[at] != key:
        at = (at + 1) & mask
    return at


@inline
def rotate(young_keys, young_values, old_keys, old_values):
    """Starts a new generation: the young table becomes the old one, the young one is emptied.

    With two generations a cache is bounded and what is in use stays: a hit in the old table is
    copied to the young one, and what was not used during one generation is forgotten. Hostile
    distinct keys cost recomputing, never memory.
    """
    for i in range(young_keys.shape[0]):
        old_keys[i] = young_keys[i]
        young_keys[i] = _U(0)
        for k in range(young_values.shape[1]):
            old_values[i, k] = young_values[i, k]


@inline
def lower8(word):
    """Eight bytes with ASCII capitals made small."""
    low = word & _U(_LOW)
    capital = (low + _U(_FROM_A)) ^ (low + _U(_PAST_Z))
    return word + ((capital & ~word & _U(_HIGH)) >> _U(2))


@inline
def word_key(buffer, begin, end):
    """Key of a word in any case of letters. Not keyed: only for looking up words that we know;
    never 0.
    """
    key = _U(_SEED) ^ _U(end - begin)
    at = begin
    while at < end:
        part = lower8(load64(buffer, at))
        left = end - at
        if left < 8:
            part &= _U(_ALL) >> _U(8 * (8 - left))
        key = multiply_fold(key ^ part, _U(_FACTOR))
        at += 8
    return key if key != _U(0) else _U(1)


@inline
def word_value(buffer, begin, end, keys, values):
    """Value of a word in a table of `word_table`, 0 when it is not in it."""
    at = locate(keys, word_key(buffer, begin, end))
    return values[at] if keys[at] != _U(0) else np.int64(0)


def slot_of(keys: Keys, key: int) -> int:
    """`locate` in Python, for the few lookups that people and reports make."""
    mask = len(keys) - 1
    at = ((int(key) * _SEED & _ALL) >> 32) & mask
    while int(keys[at]) not in {0, key}:
        at = (at + 1) & mask
    return at


def _key_of(word: bytes) -> int:
    """`word_key` in Python."""
    key = _SEED ^ len(word)
    for at in range(0, len(word), 8):
        product = (key ^ int.from_bytes(word[at : at + 8].lower(), "little")) * _FACTOR
        key = (product & _ALL) ^ (product >> 64)
    return key or 1


def word_table(words: Mapping[str, int]) -> tuple[Keys, npt.NDArray[Any]]:
    """Table of known words for `word_value`.

    Args:
        words: Word → value, not 0; bits of equal words in different case are joined.

    Returns:
        Keys, uint64, and values, int64, both of a size that is a power of two and at most half
        full.
    """
    size = 1 << max(4, (2 * len(words)).bit_length())
    keys, values = np.zeros(size, np.uint64), np.zeros(size, np.int64)
    for word, value in words.items():
        key = _key_of(word.encode())
        at = slot_of(keys, key)
        keys[at] = key
        values[at] |= value
    return keys, values
