"""How usual a request is after the two before it: interpolated counts of one to three tokens.

References:
    Witten, Bell: The zero-frequency problem, 1991; Chen, Goodman: An empirical study of smoothing
    techniques for language modeling, 1998.
"""

from collections.abc import Mapping
from typing import Self

import numpy as np
import numpy.typing as npt

from apisentinel.errors import IncompatibleModelError
from apisentinel.kernels.compiler import kernel
from apisentinel.models.arrays import pack_arrays, take, unpack_arrays
from apisentinel.models.base import Parts, part_of
from apisentinel.models.tokens import BEGIN, MAX_TOKENS, TokenSessions

MAX_TRIPLES = 1 << 18
"""Cells of the table of triples; the rarest ones are left out when it is more than half full."""


class NgramModel:
    """Counts of tokens."""

    name = "ngram"

    def __init__(
        self,
        single: npt.NDArray[np.float32],
        pairs: npt.NDArray[np.float32],
        keys: npt.NDArray[np.int32],
        counts: npt.NDArray[np.float32],
    ) -> None:
        """A model of counts.

        Args:
            single: Count of each token, ``(n_tokens,)``.
            pairs: Count of each token after each, ``(n_tokens, n_tokens)``.
            keys: Hash table of triples, ``(n_cells,)``, a power of two, -1 for empty cells.
            counts: Count of each, ``(n_cells,)``.

        Raises:
            IncompatibleModelError: The sizes do not fit.
        """
        tokens, cells = single.size, keys.size
        if (
            not 1 < tokens <= MAX_TOKENS
            or pairs.shape != (tokens, tokens)
            or counts.shape != keys.shape
            or not 2 <= cells <= MAX_TRIPLES
            or cells & (cells - 1)
            or not (keys < 0).any()
        ):
            raise IncompatibleModelError("the counts of tokens do not fit together")
        self.single, self.pairs, self.keys, self.counts = single, pairs, keys, counts
        self.n_tokens = tokens
        self._first = _with_kinds(pairs)
        self._second = _of_pairs(keys, counts, tokens)

    def step_many(
        self,
        last: npt.NDArray[np.int16],
        slots: npt.NDArray[np.int32],
        tokens: npt.NDArray[np.int32],
        fresh: npt.NDArray[np.uint8],
    ) -> npt.NDArray[np.float32]:
        """As `SequenceModel.step_many`, of the n-gram alone; `last` is ``(capacity, 2)``."""
        out = np.empty(slots.size, np.float32)
        step_counts(
            last,
            slots,
            tokens,
            fresh,
            self.single,
            self.pairs,
            self._first,
            self._second,
            self.keys,
            self.counts,
            out,
        )
        return out

    def to_parts(self) -> Parts:
        """See `Model`."""
        arrays = {
            "single": self.single,
            "pairs": self.pairs,
            "keys": self.keys,
            "counts": self.counts,
        }
        return {f"{self.name}.safetensors": pack_arrays(arrays)}

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        """See `Model`."""
        arrays = unpack_arrays(part_of(parts, f"{cls.name}.safetensors"))
        return cls(
            take(arrays, "single", "float32", None),
            take(arrays, "pairs", "float32", None, None),
            take(arrays, "keys", "int32", None),
            take(arrays, "counts", "float32", None),
        )


def count_tokens(sessions: TokenSessions) -> NgramModel:
    """The counts of sessions."""
    tokens, offsets, n_tokens = sessions
    before, after = _contexts(tokens, offsets)
    flat = np.bincount(before * n_tokens + tokens, minlength=n_tokens * n_tokens)
    pairs = flat.reshape(n_tokens, n_tokens).astype(np.float32)
    single = np.bincount(tokens, minlength=n_tokens).astype(np.float32)
    triple = (after.astype(np.int64) * n_tokens + before) * n_tokens + tokens
    known, counts = np.unique(triple, return_counts=True)
    if known.size > MAX_TRIPLES // 2:
        often = np.sort(np.argsort(-counts, kind="stable")[: MAX_TRIPLES // 2])
        known, counts = known[often], counts[often]
    cells = 1 << max(1, int(2 * known.size).bit_length())
    cells = min(cells, MAX_TRIPLES)
    keys, values = np.full(cells, -1, np.int32), np.zeros(cells, np.float32)
    for key, count in zip(known.tolist(), counts.tolist(), strict=True):
        at = _place(key, cells)
        while keys[at] >= 0:
            at = (at + 1) % cells
        keys[at], values[at] = key, count
    return NgramModel(single, pairs, keys, values)


def _place(key: int, cells: int) -> int:
    return ((key * 0x9E3779B1) & 0xFFFFFFFF) >> 8 & (cells - 1)


def _contexts(
    tokens: npt.NDArray[np.int32], offsets: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The token before each and the one before that; `BEGIN` at the begin of a session."""
    before = np.concatenate([[BEGIN], tokens[:-1]]).astype(np.int64)[: tokens.size]
    starts = offsets[:-1][offsets[:-1] < tokens.size]
    before[starts] = BEGIN
    earlier = np.concatenate([[BEGIN], before[:-1]]).astype(np.int64)[: tokens.size]
    earlier[starts] = BEGIN
    return before, earlier


def _with_kinds(pairs: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Tokens seen after each token, and how many different ones, ``(n_tokens, 2)``."""
    return np.stack([pairs.sum(axis=1), (pairs > 0).sum(axis=1)], axis=1).astype(np.float32)


def _of_pairs(
    keys: npt.NDArray[np.int32], counts: npt.NDArray[np.float32], n_tokens: int
) -> npt.NDArray[np.float32]:
    """Tokens seen after each pair, and how many different ones, ``(n_tokens², 2)``."""
    held = keys >= 0
    if (keys[held] >= n_tokens**3).any() or not (np.isfinite(counts) & (counts >= 0)).all():
        raise IncompatibleModelError("the counts of tokens are damaged")
    pair = keys[held] // n_tokens
    size = n_tokens * n_tokens
    return np.stack(
        [np.bincount(pair, counts[held], size), np.bincount(pair, None, size)], axis=1
    ).astype(np.float32)


@kernel(
    "void(int16[:,::1], int32[::1], int32[::1], uint8[::1], float32[::1], float32[:,::1],"
    " float32[:,::1], float32[:,::1], int32[::1], float32[::1], float32[::1])"
)
def step_counts(last, slots, tokens, fresh, single, pairs, first, second, keys, counts, out):
    """Surprise in nats of one token of each slot, in order; the slot's last tokens move on."""
    size, cells = single.shape[0], keys.shape[0]
    total = 0.0
    kinds = 0.0
    for j in range(size):
        total += np.float64(single[j])
        kinds += np.float64(single[j] > np.float32(0.0))
    for i in range(slots.shape[0]):
        slot, token = np.int64(slots[i]), np.int64(tokens[i])
        if token < 0 or token >= size:
            token = np.int64(BEGIN)
        if fresh[i]:
            last[slot, 0] = BEGIN
            last[slot, 1] = BEGIN
        near, far = np.int64(last[slot, 0]), np.int64(last[slot, 1])
        if near < 0 or near >= size:
            near = np.int64(BEGIN)
        if far < 0 or far >= size:
            far = np.int64(BEGIN)
        p = (
            (np.float64(single[token]) + kinds / size) / (total + kinds)
            if total > 0
            else 1.0 / size
        )
        seen, after = np.float64(first[near, 0]), np.float64(first[near, 1])
        if seen > 0:
            p = (np.float64(pairs[near, token]) + after * p) / (seen + after)
        pair = far * size + near
        seen, after = np.float64(second[pair, 0]), np.float64(second[pair, 1])
        if seen > 0:
            key = pair * size + token
            at = (((key * 0x9E3779B1) & 0xFFFFFFFF) >> 8) & (cells - 1)
            count = 0.0
            for _ in range(cells):
                held = np.int64(keys[at])
                if held == key:
                    count = np.float64(counts[at])
                    break
                if held < 0:
                    break
                at = (at + 1) & (cells - 1)
            p = (count + after * p) / (seen + after)
        out[i] = np.float32(-np.log(max(p, 1e-13)))
        last[slot, 1] = np.int16(near)
        last[slot, 0] = np.int16(token)
