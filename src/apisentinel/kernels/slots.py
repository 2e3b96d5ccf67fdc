"""Slot tables: keyed records in one array, found through open addressing on a keyed hash.

A record type starts with the fields of `HEADER`. A full table gives the row of the coldest record
with little risk to the new key, so an attacker who brings many keys costs other quiet entities
their history, never memory.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.kernels.bytes import prefetch
from apisentinel.kernels.compiler import inline

HEADER: list[Any] = [("key", "u8"), ("last", "i8"), ("risk", "f4"), ("version", "u4")]
"""First fields of every record: key (0 = free), last event time (µs), highest risk so far, schema
version.
"""

AHEAD_CELL = 8
"""Events between asking for a table cell and using it."""
AHEAD_RECORD = 4
"""Events between asking for a record and using it."""

EVICTION_SAMPLE = 8
"""Records compared for each eviction."""
RISK_WORTH_US = 36_000_000
"""A point of risk keeps a record as long as this much more recent activity would (100 points = 1
hour).
"""

COUNT, HAND, EVICTED = 0, 1, 2


class Slots:
    """A bounded table of records.

    Attributes:
        records: structured ``(capacity,)``; rows below ``meta[COUNT]`` are in use.
        keys: uint64 ``(2 * capacity,)``, 0 = free.
        rows: int32, row of the record of each key.
        meta: int64 ``[count, clock hand, evicted]``.
    """

    __slots__ = ("keys", "meta", "records", "rows")

    def __init__(self, dtype: np.dtype[Any], capacity: int) -> None:
        if capacity < EVICTION_SAMPLE or capacity & (capacity - 1):
            raise ValueError(
                f"capacity must be a power of two of at least {EVICTION_SAMPLE}, not {capacity}"
            )
        self.records: npt.NDArray[Any] = np.zeros(capacity, dtype)
        self.keys = np.zeros(2 * capacity, np.uint64)
        self.rows = np.zeros(2 * capacity, np.int32)
        self.meta = np.zeros(3, np.int64)

    @property
    def used(self) -> npt.NDArray[Any]:
        """The records in use, in order of their rows."""
        return self.records[: int(self.meta[COUNT])]

    @property
    def evicted(self) -> int:
        """How many records had to give way."""
        return int(self.meta[EVICTED])


@inline
def home(key, mask):
    """First cell to look at for a key."""
    return np.int64((key * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(24)) & mask


@inline
def find_row(keys, rows, key):
    """Row of a key, -1 when it is not in the table."""
    mask = keys.shape[0] - 1
    j = home(key, mask)
    while keys[j] != 0:
        if keys[j] == key:
            return np.int64(rows[j])
        j = (j + 1) & mask
    return np.int64(-1)


@inline
def ask_cell(keys, key):
    """Prefetches the first table cell of a key."""
    prefetch(keys, home(key, keys.shape[0] - 1) * 8)


@inline
def ask_record(keys, rows, records, key, size, lines):
    """Prefetches the record of a key when it exists; `size` is the record's size in bytes."""
    row = find_row(keys, rows, key)
    if row >= 0:
        for k in range(lines):
            prefetch(records, row * size + k * 64)


@inline
def _forget(keys, rows, key):
    """Removes a key; later keys of the same run move up, so no tombstones are left."""
    mask = keys.shape[0] - 1
    hole = home(key, mask)
    while keys[hole] != key:
        hole = (hole + 1) & mask
    k = hole
    while True:
        k = (k + 1) & mask
        if keys[k] == 0:
            keys[hole] = 0
            return
        if ((k - home(keys[k], mask)) & mask) >= ((k - hole) & mask):
            keys[hole] = keys[k]
            rows[hole] = rows[k]
            hole = k


@inline
def _victim(records, hand):
    """Row of the least valuable of the records at the hand."""
    mask = records.shape[0] - 1
    best = hand & mask
    worth = records[best].last + np.int64(records[best].risk) * RISK_WORTH_US
    for k in range(1, EVICTION_SAMPLE):
        row = (hand + k) & mask
        other = records[row].last + np.int64(records[row].risk) * RISK_WORTH_US
        if other < worth:
            best, worth = row, other
    return best


@inline
def acquire(keys, rows, meta, records, key):
    """Row of a key; a new key gets a row whose record is still that of its former owner.

    Returns:
        ``(row, is_new)``. For a new key the caller clears the record and sets ``key``.
    """
    mask = keys.shape[0] - 1
    j = home(key, mask)
    while keys[j] != 0:
        if keys[j] == key:
            return np.int64(rows[j]), False
        j = (j + 1) & mask
    capacity = records.shape[0]
    if meta[COUNT] < capacity:
        row = meta[COUNT]
        meta[COUNT] += 1
    else:
        row = _victim(records, meta[HAND])
        meta[HAND] = (meta[HAND] + EVICTION_SAMPLE) & (capacity - 1)
        meta[EVICTED] += 1
        _forget(keys, rows, records[row].key)
        j = home(key, mask)
        while keys[j] != 0:
            j = (j + 1) & mask
    keys[j] = key
    rows[j] = np.int32(row)
    return np.int64(row), True
