"""How an entity stands among its peers: what the models say is weighed by how many others on this
site look as odd.

A model that was trained elsewhere may find half of a site odd. Then it does not know the site, and
what it says of one entity says nothing.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.errors import StateError
from apisentinel.kernels.compiler import kernel

GROUPS, BINS = 8, 64
"""Kinds of entities, people and programs apart; bins of log10 odds, ten a decade from -5 on."""
LOWEST_ODDS, BINS_A_DECADE = -5.0, 8.0
PRIOR_PEERS = 12.0
"""Peers that are assumed before any are known; one of them looks as odd."""
MUTE_FROM = 2.5
"""How many times the usual share of peers has to look as odd for an entity to count for nothing."""
STEP, FORGET = np.float32(0.75), np.float32(0.25)
"""A ratio is told again when it grew by so much, and anew after it fell below this share."""

UNHEARD = 0
"""Bin of an entity of which the models have said nothing; those of `counts` are counted from 1."""

VOICE = np.dtype(
    [("key", "u8"), ("reported", "f4"), ("odd", "f4"), ("bin", "u1"),
     ("group", "u1")]
)  # fmt: skip
"""What is known of an entity's own scores, 18 bytes beside its trace: `odd` is the highest mean
rarity of its three rarest features so far.
"""

RAREST = 3
"""Features whose rarity counts: one may be chance, three at once seldom are."""


@kernel("void(float32[:,::1], int64[::1], float32[::1])")
def rarest(features, columns, out):
    """Mean of the three highest values of some columns, NaN as 0.

    Args:
        features: float32 ``(n, features)``.
        columns: int64, which ones; at least three.
        out: float32 ``(n,)``.
    """
    for i in range(features.shape[0]):
        a, b, c = np.float32(0.0), np.float32(0.0), np.float32(0.0)
        for k in range(columns.shape[0]):
            value = features[i, columns[k]]
            if value > a:
                a, b, c = value, a, b
            elif value > b:
                b, c = value, b
            elif value > c:
                c = value
        out[i] = (a + b + c) / np.float32(RAREST)


@kernel(
    "void(uint64[::1], int32[::1], int32[::1], uint8[::1], float32[::1], VOICE[::1], int64[::1],"
    " uint8[::1])",
    VOICE=VOICE,
)
def stand_out(keys, slots, kinds, first, oddness, voices, starts, fresh):
    """Keeps the highest oddness of each entity, in the order of the ticks.

    Args:
        keys, slots, kinds, first: ``(n,)``, about the entity of each tick.
        oddness: float32 ``(n,)`` of `rarest`.
        voices: `VOICE` of all entities; those of a kind begin at ``starts[kind]``.
        fresh: uint8 ``(n,)`` out: 1 where an entity begins, in a place that another may have had
            until then.
    """
    for i in range(keys.shape[0]):
        v = voices[starts[kinds[i]] + slots[i]]
        fresh[i] = v.key != keys[i] or first[i]
        if fresh[i]:
            v.key = keys[i]
            v.odd = 0.0
        v.odd = max(v.odd, oddness[i])


@kernel(
    "void(int32[::1], int32[::1], uint8[::1], uint8[::1], float64[::1], float64,"
    " float64, float64, float64, VOICE[::1], int64[::1], float64[:,::1], float32[::1],"
    " float32[::1], uint8[::1])",
    VOICE=VOICE,
)
def stand(
    slots, kinds, people, fresh, odds, usual_share, fewest, few_most, prior, voices, starts,
    counts, llrs, shares, told,
):  # fmt: skip
    """Weighs log10 odds by the standing of each entity, in the order of the ticks; runs behind
    `stand_out`.

    Args:
        slots, kinds, people: ``(n,)``, about the entity of each tick.
        fresh: uint8 ``(n,)`` of `stand_out`.
        odds: float64 ``(n,)`` log10 odds of the models.
        usual_share: Share of peers that may look as odd.
        fewest: Peers from which on the models may speak freely.
        few_most: Most that they say before, nats.
        prior: log10 odds that say nothing.
        voices: `VOICE` of all entities; those of a kind begin at ``starts[kind]``.
        counts: float64 ``(GROUPS, BINS + 1)``: entities by their worst odds, and their number.
        llrs, shares: float32 ``(n,)`` out: log-likelihood ratio, share of peers as odd.
        told: uint8 ``(n,)`` out: 1 where the ratio is news.
    """
    for i in range(slots.shape[0]):
        group = kinds[i] * 2 + people[i]
        row = counts[group]
        v = voices[starts[kinds[i]] + slots[i]]
        if fresh[i]:
            # who had this place before stays among the peers
            v.bin = 0
            v.reported = 0.0
        at = min(max(np.int64((odds[i] - LOWEST_ODDS) * BINS_A_DECADE), 0), BINS - 1)
        if v.bin == 0 or v.group != group:
            if v.bin != 0:
                counts[v.group, v.bin - 1] -= 1.0
                counts[v.group, BINS] -= 1.0
            v.group = np.uint8(group)
            v.bin = np.uint8(at + 1)
            row[at] += 1.0
            row[BINS] += 1.0
        elif at >= v.bin:
            row[v.bin - 1] -= 1.0
            row[at] += 1.0
            v.bin = np.uint8(at + 1)
        above = 0.0
        for b in range(at, BINS):
            above += row[b]
        above = max(above - 1.0, 0.0)
        peers = max(row[BINS] - 1.0, 0.0)
        share = (above + 1.0) / (peers + PRIOR_PEERS)
        weight = (MUTE_FROM * usual_share - share) / ((MUTE_FROM - 1.0) * usual_share)
        weight = min(max(weight, 0.0), 1.0)
        llr = max(odds[i] - prior, 0.0) * 2.302585092994046 * weight
        if peers < fewest:
            llr = min(llr, few_most)
        llrs[i] = llr
        shares[i] = above / max(peers, 1.0)
        if llrs[i] < v.reported * FORGET:
            v.reported = 0.0
        told[i] = llrs[i] >= v.reported + STEP
        if told[i]:
            v.reported = llrs[i]


class Standing:
    """Scores of all entities of a site, as far as peers have to know them. Not thread-safe."""

    def __init__(self, capacities: tuple[int, ...]) -> None:
        self.starts = np.cumsum([0, *capacities[:-1]]).astype(np.int64)
        self.voices = np.zeros(sum(capacities), VOICE)
        self.counts = np.zeros((GROUPS, BINS + 1))

    def oddness(self, kind: int, rows: int) -> npt.NDArray[np.float32]:
        """Highest oddness of each entity of a kind, in the order of the first so many records."""
        start = int(self.starts[kind])
        odd: npt.NDArray[np.float32] = self.voices["odd"][start : start + rows]
        return odd

    def begin_anew(self) -> None:
        """Forgets what other models have said; how rare entities are among their peers stays."""
        self.counts[:] = 0.0
        self.voices["bin"] = UNHEARD
        self.voices["reported"] = 0.0

    def snapshot(self) -> dict[str, npt.NDArray[Any]]:
        """All state; `restore` continues as if nothing had happened."""
        used = np.flatnonzero(self.voices["key"])
        return {
            "rows": used,
            "voices": self.voices[used].view(np.uint8),
            "counts": self.counts.copy(),
            "size": np.array([len(self.voices), VOICE.itemsize]),
        }

    def restore(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        """Takes over a snapshot.

        Raises:
            StateError: It was made with other bounds or by another version.
        """
        if arrays["size"].tolist() != [len(self.voices), VOICE.itemsize]:
            raise StateError("snapshot of the ensemble has other bounds than these settings")
        self.voices[:] = 0
        self.voices[arrays["rows"]] = arrays["voices"].view(VOICE)
        self.counts[:] = arrays["counts"]
