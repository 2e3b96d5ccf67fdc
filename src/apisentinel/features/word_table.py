"""A table of known words: what each is for, by its hash."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from apisentinel.kernels.compiler import inline

Table = tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint8]]


def word_table(kinds: Mapping[int, int]) -> Table:
    """Hashes in rising order, and the kind of each, for `kind_of`.

    Args:
        kinds: Kind by hash, from 1.

    Returns:
        uint64 ``(n,)`` and uint8 ``(n,)``.
    """
    order = sorted(kinds)
    return np.array(order, np.uint64), np.array([kinds[key] for key in order], np.uint8)


@inline
def kind_of(words, kinds, word):
    """The kind of the word with this hash, by halving; 0 for an unknown one."""
    low, high = 0, words.shape[0]
    while low < high:
        middle = (low + high) >> 1
        if words[middle] < word:
            low = middle + 1
        else:
            high = middle
    if low < words.shape[0] and words[low] == word:
        return np.int64(kinds[low])
    return np.int64(0)
