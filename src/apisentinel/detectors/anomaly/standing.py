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

GATHER_FROM = -2.0
"""log10 odds above which a tick adds to what is gathered of an entity, and below which it takes
away from it.
"""
GATHER_SHARE, GATHER_MOST = 0.2, 5.0
"""Decades that one gathered decade adds to the odds of the next ticks, and the most that is kept.

An entity that is somewhat odd again and again is odder than its oddest moment. On 16 simulated days
the campaigns whose ticks alone suffice for an alert rise from 59 to 94 of 269 imitating ones and
from 198 to 228 of 258 paced ones, at 13 instead of 11 honest entities in 2.8 million requests; at
equal numbers of honest ones from 95 to 108 and from 208 to 228.
"""

UNHEARD = 0
"""Bin of an entity of which the models have said nothing; those of `counts` are counted from 1."""

VOICE = np.dtype(
    [("key", "u8"), ("reported", "f4"), ("odd", "f4"), ("gathered", "f4"), ("bin", "u1"),
     ("group", "u1")]
)  # fmt: skip
"""What is known of an entity's own scores, 22 bytes beside its trace: `odd` is the highest mean
rarity of its three rarest features so far, `gathered` the decades of its ticks above `GATHER_FROM`,
a cumulative sum that never falls below 0 (Page, Continuous inspection schemes, 1954).
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
    " float32[::1], float32[::1], uint8[::1])",
    VOICE=VOICE,
)
def stand(
    slots, kinds, people, fresh, odds, usual_share, fewest, few_most, prior, voices, starts,
    counts, llrs, shares, earlier, told,
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
        earlier: float32 ``(n,)`` out: decades that earlier ticks of the entity add.
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
            v.gathered = 0.0
        added = GATHER_SHARE * np.float64(v.gathered)
        total = odds[i] + added
        gathered = np.float64(v.gathered) + odds[i] - GATHER_FROM
        v.gathered = np.float32(min(max(gathered, 0.0), GATHER_MOST))
        earlier[i] = np.float32(added)
        at = min(max(np.int64((total - LOWEST_ODDS) * BINS_A_DECADE), 0), BINS - 1)
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
        llr = max(total - prior, 0.0) * 2.302585092994046 * weight
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
        self.voices["gathered"] = 0.0

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
