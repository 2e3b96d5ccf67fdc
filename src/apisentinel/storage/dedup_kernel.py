"""Kernels of the table of event ids: sets of 64-bit keyed hashes, 0 marks a free cell."""

import numpy as np

from apisentinel.kernels.bytes import prefetch
from apisentinel.kernels.compiler import inline, kernel

AHEAD = 12
"""Ids between asking for a cell and using it: the table is larger than the caches."""


@inline
def _home(key, mask):
    """First cell of an id. The ids are keyed hashes, so their own bits are random enough."""
    return np.int64((key * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(20)) & mask


@inline
def _holds(cells, key, mask):
    j = _home(key, mask)
    while cells[j] != 0:
        if cells[j] == key:
            return True
        j = (j + 1) & mask
    return False


@inline
def _put(cells, key, mask):
    """Puts an id into a set; whether it was not in it."""
    j = _home(key, mask)
    while cells[j] != 0:
        if cells[j] == key:
            return False
        j = (j + 1) & mask
    cells[j] = key
    return True


@kernel("int64(uint64[::1], uint64[::1], uint64[::1], int64, int64, uint8[::1])")
def add_ids(young, old, ids, begin, room, new):
    """Adds ids from `begin` on until `room` new ones are in; tells which were new.

    Returns:
        The first id that was not looked at; the length when all were.
    """
    mask = np.int64(young.shape[0] - 1)
    n = np.int64(ids.shape[0])
    i = begin
    while i < n and room > 0:
        if i + AHEAD < n:
            home = _home(ids[i + AHEAD], mask) * 8
            prefetch(young, home)
            prefetch(old, home)
        key = ids[i]
        if key == 0:
            new[i] = 1
        elif _holds(old, key, mask):
            new[i] = 0
        elif _put(young, key, mask):
            new[i] = 1
            room -= 1
        else:
            new[i] = 0
        i += 1
    return i


@kernel("int64(uint64[::1], uint64[::1])")
def remove_ids(cells, ids):
    """Removes ids from a set; later ids of the same run move up. Gives how many were in it."""
    mask = np.int64(cells.shape[0] - 1)
    removed = np.int64(0)
    for i in range(ids.shape[0]):
        key = ids[i]
        if key == 0:
            continue
        hole = _home(key, mask)
        while cells[hole] != 0 and cells[hole] != key:
            hole = (hole + 1) & mask
        if cells[hole] == 0:
            continue
        removed += 1
        k = hole
        while True:
            k = (k + 1) & mask
            if cells[k] == 0:
                cells[hole] = 0
                break
            if ((k - _home(cells[k], mask)) & mask) >= ((k - hole) & mask):
                cells[hole] = cells[k]
                hole = k
    return removed
