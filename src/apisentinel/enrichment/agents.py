"""Classifies the user agents of a batch, each distinct one once."""

from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.enrichment.agent import LONGEST, Agent, classify
from apisentinel.kernels.compiler import kernel
from apisentinel.kernels.interning import locate, slot_of
from apisentinel.records.batch import RequestBatch
from apisentinel.records.taxonomy import AGENT_KINDS

_SCALE, _OFFSET = 100, 50
"""Ratios are packed as whole hundredths above -50."""


@kernel("int64(uint64[::1], uint64[::1], int64[::1], int64[::1], int32[::1])")
def look_up(hashes, keys, values, packed, unknown):
    """Packed class of each known hash; the rows of the others go to `unknown`. Returns how many."""
    count = 0
    for i in range(hashes.shape[0]):
        at = locate(keys, hashes[i])
        if keys[at] == np.uint64(0):
            unknown[count] = i
            count += 1
        else:
            packed[i] = values[at]
    return count


class AgentTable:
    """Kind, flags and automation ratio of user agents, remembered by hash.

    A full table starts anew: what an agent is depends on its text alone, so forgetting costs time
    only and never changes a result.

    Cost: 15 ns a row for agents seen before, 25 µs for a new one.
    """

    def __init__(self, capacity: int) -> None:
        size = 1 << (2 * capacity - 1).bit_length()
        self.capacity = capacity
        self.keys, self.values = np.zeros(size, np.uint64), np.zeros(size, np.int64)
        self.used = 0

    def add(self, batch: RequestBatch) -> None:
        """Adds agent_kind, agent_flags and agent_llr (float32) to a batch."""
        hashes = batch.enriched["h_agent"]
        packed = np.empty(len(batch), np.int64)
        unknown = np.empty(len(batch), np.int32)
        rows = unknown[: look_up(hashes, self.keys, self.values, packed, unknown)]
        if rows.size:
            new, first, place = np.unique(hashes[rows], return_index=True, return_inverse=True)
            found = np.array([_classify(batch, row) for row in rows[first].tolist()], np.int64)
            packed[rows] = found[place]
            self._remember(new, found)
        batch.enriched["agent_kind"] = (packed & 0xFF).astype(np.uint8)
        batch.enriched["agent_flags"] = (packed >> 8 & 0xFFFF).astype(np.uint16)
        batch.enriched["agent_llr"] = ((packed >> 24) / _SCALE - _OFFSET).astype(np.float32)

    def _remember(self, hashes: npt.NDArray[Any], packed: npt.NDArray[Any]) -> None:
        if self.used + len(hashes) > self.capacity:
            self.keys.fill(0)
            self.used = 0
        for key, value in zip(
            hashes[: self.capacity].tolist(), packed[: self.capacity].tolist(), strict=True
        ):
            if key:  # rows without an agent have no hash
                at = slot_of(self.keys, key)
                self.keys[at], self.values[at] = key, value
                self.used += 1


def _classify(batch: RequestBatch, row: int) -> int:
    text = batch.text("user_agent", row) or b""
    return _pack(classify(text[:LONGEST].decode("utf-8", "replace")))


def _pack(agent: Agent) -> int:
    ratio = round((agent.llr + _OFFSET) * _SCALE)
    return AGENT_KINDS.index(agent.kind) | agent.flags << 8 | ratio << 24
