"""What each model said last of an entity, for the verdicts of its requests."""

from typing import Any, NamedTuple

import numpy.typing as npt

from apisentinel.detectors.anomaly import Judged
from apisentinel.features.state import KIND_NAMES
from apisentinel.records.case import EntityKey

KEPT = 20_000
"""Entities whose votes are remembered; the one that was judged longest ago gives way."""

LAST_ROW = 1 << 62
"""Behind every request of a block."""


class Vote(NamedTuple):
    """What the models said of an entity at its last tick.

    Attributes:
        scores: Model → score in [0, 1].
        confidence: 0 to 100.
        consensus: Share of the models that find it unusual.
        odds: log10 odds of all together.
    """

    scores: dict[str, float]
    confidence: float
    consensus: float
    odds: float


class Votes:
    """Votes by entity, as of each request. Not thread-safe."""

    def __init__(self) -> None:
        self._known: dict[EntityKey, Vote] = {}
        self._waiting: list[tuple[int, EntityKey, Vote]] = []
        self._at = 0

    def begin(self) -> None:
        """Begins a block; what is left of the last one comes into force."""
        self._take(LAST_ROW)
        self._at, self._waiting = 0, []

    def add(self, ticks: npt.NDArray[Any], judged: Judged) -> None:
        """Takes over what was said of the ticks of the block, in order of their requests."""
        judgement = judged.judgement
        if judgement is None:
            return
        names = sorted(judgement.votes)
        columns = [judgement.votes[name].tolist() for name in names]
        for i, tick in enumerate(ticks.tolist()):
            row, kind, _, _, key = tick[:5]
            vote = Vote(
                {name: column[i] for name, column in zip(names, columns, strict=True)},
                float(judgement.confidence[i]),
                float(judgement.consensus[i]),
                float(judgement.log10_odds[i]),
            )
            self._waiting.append((row, (KIND_NAMES[kind], key), vote))

    def of(self, row: int, actors: list[EntityKey]) -> Vote | None:
        """What was said last, up to a request, of the most suspicious of its entities; None when
        none of them was judged yet.
        """
        self._take(row)
        known = [vote for actor in actors if (vote := self._known.get(actor)) is not None]
        return max(known, key=lambda vote: vote.odds, default=None)

    def _take(self, row: int) -> None:
        while self._at < len(self._waiting) and self._waiting[self._at][0] <= row:
            _, key, vote = self._waiting[self._at]
            self._known.pop(key, None)
            if len(self._known) >= KEPT:
                del self._known[next(iter(self._known))]
            self._known[key] = vote
            self._at += 1
