"""Requests as columns of table indices, and small tools to make them.

A row is one request; every column is an index into a table of the site, except the time in
microseconds, the size in bytes and the duration in milliseconds.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from benchmarks.shop import Integers

Rows = dict[str, Integers]
COLUMNS = {
    "time": np.int64,
    "client": np.int32,
    "agent": np.int32,
    "method": np.uint8,
    "path": np.int32,
    "query": np.int32,
    "version": np.uint8,
    "status": np.uint8,
    "size": np.int32,
    "origin": np.uint8,
    "referer": np.int32,
    "user": np.int32,
    "duration": np.int32,
}
METHODS = (b"GET", b"POST", b"PUT", b"DELETE", b"HEAD", b"")
VERSIONS = (b" HTTP/1.1", b" HTTP/2.0", b" HTTP/1.0", b"")
STATUSES = (200, 304, 301, 302, 400, 401, 403, 404, 405, 429, 500, 502, 201, 204)
ORIGINS = (b"-", b"https://shop.example.com", b"https://search.example/", b"")
USERS = 15_000
MICROS = 1_000_000


def rows_of(count: int, **given: npt.ArrayLike) -> Rows:
    """Columns of `count` rows; what is not given is 0."""
    return {
        name: np.broadcast_to(np.asarray(given.get(name, 0), dtype), count).copy()
        for name, dtype in COLUMNS.items()
    }


def joined(parts: Sequence[Rows]) -> Rows:
    """Rows of all parts, one after the other."""
    return {name: np.concatenate([part[name] for part in parts]) for name in COLUMNS}


def picked(rows: Rows, index: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> Rows:
    """Rows at the index or under the mask."""
    return {name: column[index] for name, column in rows.items()}


def zipf(rng: np.random.Generator, count: int, exponent: float, size: int) -> Integers:
    """Numbers below `count`, small ones more often, ``P(k) ~ 1 / (k + 1) ** exponent``."""
    found = np.searchsorted(_cumulated(count, exponent), rng.random(size))
    return np.minimum(found, count - 1)


@lru_cache(maxsize=64)
def _cumulated(count: int, exponent: float) -> npt.NDArray[np.float64]:
    weights = 1.0 / np.arange(1, count + 1) ** exponent
    return np.asarray(np.cumsum(weights / weights.sum()))


def expanded(lengths: Integers) -> tuple[Integers, Integers]:
    """For lengths [2, 3]: owners [0, 0, 1, 1, 1] and positions [0, 1, 0, 1, 2]."""
    owner = np.repeat(np.arange(lengths.size), lengths)
    begin = np.cumsum(lengths) - lengths
    return owner, np.arange(owner.size) - begin[owner]


def times_of(
    start: Integers, owner: Integers, position: Integers, gaps: npt.NDArray[np.float64]
) -> Integers:
    """Start of the owner plus the sum of its gaps (seconds) so far; the first row has no gap."""
    steps = np.cumsum(np.where(position == 0, 0.0, gaps))
    base = steps[position == 0][owner]
    return np.asarray(start[owner] + ((steps - base) * MICROS).astype(np.int64))
