"""Classifies the user agents of a batch, each distinct one once."""

from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.enrichment.agent import LONGEST, Agent, classify
from apisentinel.kernels.compiler import kernel
from apisentinel.kernels.interning import locate
from apisentinel.records.batch import RequestBatch
from apisentinel.records.taxonomy import AGENT_KINDS, AgentKind

EMPTY_CODE = AGENT_KINDS.index(AgentKind.EMPTY)


@kernel("int64(uint64[::1], uint64[::1], int64[::1], int64[::1], int32[::1])")
def look_up(hashes, keys, values, out, unknown):
    """Packed value of each hash; rows of hashes that are not in the table go to `unknown`. Returns
    how many.

    A hash is listed once per call.
    """
    count = 0
    for i in range(hashes.shape[0]):
        if hashes[i] == 0:
            out[i] = -1
            continue
        at = locate(keys, hashes[i])
        if keys[at] == hashes[i]:
            out[i] = values[at]
        else:
            out[i] = -2
            unknown[count] = i
            count += 1
    return count


class AgentTable:
    """Kind, flags and automation ratio of user agents, remembered by hash.

    A full table starts anew: what an agent is depends on its text alone, so forgetting costs time
    only.
    """

    def __init__(self, capacity: int) -> None:
        size = 1 << max(8, (4 * capacity - 1).bit_length() - 1)
        self.capacity = capacity
        self.keys, self.values = np.zeros(size, np.uint64), np.zeros(size, np.int64)
        self.used = 0

    def add(self, batch: RequestBatch) -> None:
        """Adds agent_kind, agent_flags and agent_llr (float32) to a batch."""
        hashes = batch.enriched["h_agent"]
        packed = np.empty(len(batch), np.int64)
        unknown = np.empty(len(batch), np.int32)
        count = look_up(hashes, self.keys, self.values, packed, unknown)
        if count:
            self._learn(batch, hashes, unknown[:count])
            look_up(hashes, self.keys, self.values, packed, unknown)
        none = packed < 0
        packed[none] = _pack(classify(""))
        batch.enriched["agent_kind"] = (packed & 0xFF).astype(np.uint8)
        batch.enriched["agent_flags"] = (packed >> 8 & 0xFFFF).astype(np.uint16)
        batch.enriched["agent_llr"] = (
            (packed >> 24).astype(np.float32) / np.float32(100) - np.float32(50)
        ).astype(np.float32)

    def _learn(self, batch: RequestBatch, hashes: npt.NDArray[Any], rows: npt.NDArray[Any]) -> None:
        new, first = np.unique(hashes[rows], return_index=True)
        if self.used + len(new) > self.capacity:
            self.keys.fill(0)
            self.used = 0
            # everything of this batch has to be found again, old and new
            new, first = np.unique(hashes, return_index=True)
            rows = np.arange(len(hashes))
        for key, at in zip(new.tolist(), rows[first].tolist(), strict=True):
            if key and self.used * 2 < len(self.keys):
                text = (batch.text("user_agent", at) or b"")[:LONGEST].decode("utf-8", "replace")
                self._insert(key, _pack(classify(text)))

    def _insert(self, key: int, value: int) -> None:
        mask = len(self.keys) - 1
        at = (((key * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF) >> 32) & mask
        while self.keys[at] not in {0, key}:
            at = (at + 1) & mask
        self.keys[at] = key
        self.values[at] = value
        self.used += 1


def _pack(agent: Agent) -> int:
    return AGENT_KINDS.index(agent.kind) | agent.flags << 8 | round((agent.llr + 50) * 100) << 24
