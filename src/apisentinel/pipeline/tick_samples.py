"""A bounded sample of ticks and of session tokens, to learn from.

What is kept depends on the requests and the seed alone: rows and sessions are drawn by a hash, so
neither the size of the blocks nor chance decides.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.features.tick_state import Ticks

UNKNOWN = np.nan
"""Label of a tick of which nobody knows what it is."""

MOST_TICKS = 200_000
"""Ticks kept; 57 MB."""
MOST_TOKENS = 400_000
"""Requests kept as words of sessions; 5 MB."""
FREE_TICKS, THINNED = 64, 8
"""Ticks of an entity that are all taken, and of how many later ones one is: a busy entity is one
voice among many.
"""

_MIX = np.uint64(0x9E3779B97F4A7C15)


class Sample(NamedTuple):
    """Ticks to learn from, in order of time.

    Attributes:
        features: float32 ``(n, features)``.
        rows: `tick_record.TICK` ``(n,)``.
        labels: float64 ``(n,)``: 1 attack, 0 ordinary, `UNKNOWN`.
    """

    features: npt.NDArray[np.float32]
    rows: npt.NDArray[Any]
    labels: npt.NDArray[np.float64]


class TickSampler:
    """Gathers a sample. Not thread-safe."""

    def __init__(
        self, seed: int, *, most: int = MOST_TICKS, most_tokens: int = MOST_TOKENS
    ) -> None:
        self.seed = np.uint64(seed)
        self.most, self.most_tokens = most, most_tokens
        self.seen = 0
        self._parts: list[tuple[Any, ...]] = []
        self._held = 0
        self._tokens: list[tuple[Any, ...]] = []
        self._tokens_held = 0
        self._one_in = np.uint64(1)

    def add(
        self,
        ticks: Ticks,
        labels: npt.NDArray[np.float64],
        sessions: npt.NDArray[np.uint64],
        clients: npt.NDArray[np.uint64],
    ) -> None:
        """Takes note of the ticks of a block.

        Args:
            ticks: Of the block.
            labels: float64 ``(n_ticks,)``.
            sessions, clients: uint64 ``(n_events,)``, keys of each request.
        """
        self.seen += len(ticks.rows)
        rows = ticks.rows
        count = rows["n"] // 8
        drawn = _hash(rows["n"].astype(np.uint64), self.seed) % np.uint64(THINNED) == 0
        kept = np.flatnonzero((count < FREE_TICKS) | drawn)
        places = np.bitwise_xor(rows["key"][kept], rows["n"][kept].astype(np.uint64))
        rank = _hash(places, self.seed)
        self._parts.append((ticks.features[kept], rows[kept], labels[kept], rank))
        self._held += len(kept)
        if self._held > 2 * self.most:
            self._parts = [self._best()]
            self._held = len(self._parts[0][1])
        self._add_tokens(ticks, sessions, clients)

    def _best(self) -> tuple[Any, ...]:
        features, rows, labels, rank = (np.concatenate(c) for c in zip(*self._parts, strict=True))
        if len(rank) > self.most:
            chosen = np.sort(np.argpartition(rank, self.most)[: self.most])
            features, rows, labels, rank = (a[chosen] for a in (features, rows, labels, rank))
        return features, rows, labels, rank

    def sample(self) -> Sample:
        """What was kept."""
        if not self._parts:
            raise ValueError("no ticks were seen")
        features, rows, labels, _ = self._best()
        return Sample(features, rows, labels)

    def _add_tokens(
        self, ticks: Ticks, sessions: npt.NDArray[np.uint64], clients: npt.NDArray[np.uint64]
    ) -> None:
        chosen = (ticks.tokens >= 0) & (_hash(sessions, self.seed) % self._one_in == 0)
        rows = np.flatnonzero(chosen)
        self._tokens.append((sessions[rows], clients[rows], ticks.tokens[rows]))
        self._tokens_held += len(rows)
        while self._tokens_held > self.most_tokens:
            # half of the sessions go, whole
            self._one_in *= np.uint64(2)
            keys, owners, tokens = (np.concatenate(c) for c in zip(*self._tokens, strict=True))
            stay = _hash(keys, self.seed) % self._one_in == 0
            self._tokens = [(keys[stay], owners[stay], tokens[stay])]
            self._tokens_held = int(stay.sum())

    def sessions(
        self, left_out: frozenset[int] = frozenset(), fewest: int = 4
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """Tokens of whole sessions one after the other, and where each begins.

        Args:
            left_out: Clients and sessions that are no example.
            fewest: Shorter sessions are left out.
        """
        if not self._tokens:
            return np.zeros(0, np.int32), np.zeros(1, np.int64)
        keys, owners, tokens = (np.concatenate(c) for c in zip(*self._tokens, strict=True))
        bad = np.array(sorted(left_out), np.uint64)
        good = ~(np.isin(keys, bad) | np.isin(owners, bad))
        keys, tokens = keys[good], tokens[good]
        order = np.argsort(keys, kind="stable")
        keys, tokens = keys[order], tokens[order]
        starts = np.flatnonzero(np.diff(keys, prepend=keys[:1] ^ np.uint64(1)))
        lengths = np.diff(np.append(starts, len(keys)))
        long = np.repeat(lengths >= fewest, lengths)
        offsets = np.concatenate([[0], np.cumsum(lengths[lengths >= fewest])]).astype(np.int64)
        return tokens[long].astype(np.int32), offsets


def _hash(values: npt.NDArray[np.uint64], seed: np.uint64) -> npt.NDArray[np.uint64]:
    """Mixes 64-bit values with a seed."""
    with np.errstate(over="ignore"):
        mixed: npt.NDArray[np.uint64] = (values ^ (seed + _MIX)) * _MIX
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(32)
        return mixed
