"""Totals and prices of requests against what others sent to the same endpoint."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from apisentinel.detectors.content import Total, Totals, totals_of
from apisentinel.pipeline.content_memory import KnownTotal
from apisentinel.records.evidence import Evidence

ENDPOINTS_KEPT = 1_000
"""Endpoints with totals that are remembered; the oldest gives way."""
VOICES_EACH, PRINCIPALS_KEPT = 8, 64
"""Values of one principal that shape what is usual, and principals remembered."""
STEPS, LOWEST = 20.0, -200
"""Steps of an e-fold of the ratio, and the bin of what is nothing or below."""


class KnownTotals:
    """Judges totals and prices and learns from them. Deterministic in the order of the requests."""

    def __init__(self, detector: Totals) -> None:
        self._detector = detector
        self._known: dict[int, KnownTotal] = {}

    def judge(
        self, endpoint: int, principal: int, body: bytes | None, stated: Sequence[Any]
    ) -> Iterator[tuple[str, Evidence]]:
        """Signature and evidence of each sign in a request.

        Args:
            endpoint, principal: Hashes of where and who.
            body: Of the request.
            stated: Its rows of `STATED`.
        """
        for total in totals_of(body):
            if total.items > 0.0:
                yield from self._total(self._at(endpoint), principal, total)
        for row in stated:
            yield from self._price(self._at(endpoint), principal, row)

    def _at(self, endpoint: int) -> KnownTotal:
        known = self._known.get(endpoint)
        if known is None:
            if len(self._known) >= ENDPOINTS_KEPT:
                del self._known[next(iter(self._known))]
            known = self._known[endpoint] = KnownTotal(endpoint)
        return known

    def _total(
        self, known: KnownTotal, principal: int, total: Total
    ) -> Iterator[tuple[str, Evidence]]:
        place = 0 if total.adds_up else _bin(total.stated / total.items)
        evidence = None
        if not total.adds_up and known.bins:
            values = sum(known.bins.values())
            usual = _middle(known.bins, values)
            beyond = sum(count for other, count in known.bins.items() if other <= place + 1)
            evidence = self._detector.total(
                total, usual=math.exp(usual / STEPS), values=values,
                principals=len(known.voices), beyond=beyond,
            )  # fmt: skip
        if evidence is not None:
            yield f"total|{place}|{known.endpoint}", evidence
        elif _may_speak(known.voices, principal):
            known.bins[place] = known.bins.get(place, 0) + 1

    def _price(self, known: KnownTotal, principal: int, row: Any) -> Iterator[tuple[str, Evidence]]:
        if not row["is_same"]:
            same, other = (
                sum(count for who, count in counts.items() if who != principal)
                for counts in (known.same, known.other)
            )
            people = len(known.same.keys() | known.other.keys())
            evidence = self._detector.price(
                float(row["stated"]), float(row["given"]), same=same, other=other,
                principals=people,
            )  # fmt: skip
            if evidence is not None:
                yield f"price|{known.endpoint}", evidence
        _may_speak(known.same if row["is_same"] else known.other, principal)

    def memory(self) -> list[KnownTotal]:
        """What a successor has to know, oldest first."""
        return list(self._known.values())

    def recall(self, memory: list[KnownTotal]) -> None:
        """Takes over what an earlier one remembered."""
        self._known = {known.endpoint: known for known in memory}


def _may_speak(voices: dict[int, int], principal: int) -> bool:
    """Counts a value of a principal, unless it said enough already."""
    spoken = voices.get(principal, 0)
    if spoken >= VOICES_EACH or (spoken == 0 and len(voices) >= PRINCIPALS_KEPT):
        return False
    voices[principal] = spoken + 1
    return True


def _bin(ratio: float) -> int:
    return LOWEST if ratio <= 0.0 else max(LOWEST, min(200, round(STEPS * math.log(ratio))))


def _middle(bins: dict[int, int], values: int) -> int:
    """The median bin."""
    seen = 0
    for place in sorted(bins):
        seen += bins[place]
        if 2 * seen >= values:
            return place
    return 0
