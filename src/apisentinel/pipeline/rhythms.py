"""What one principal does at an endpoint day after day: an import at night is remarkable once."""

import msgspec

from apisentinel.detectors.identity.fading import DAY_US, HOUR_US, room_for, touched

WORKS_KEPT = 4_096
"""Pairs of principal and endpoint remembered, 400 bytes each; the one that was quiet longest gives
way. Only what a detector found remarkable comes here.
"""
STARTS_KEPT, QUIET_US = 4, 3 * HOUR_US
"""Times at which a work began that are kept, and the pause after which it begins anew."""
AROUND_US, LEAST_AGE_US = 3 * HOUR_US // 2, 18 * HOUR_US
"""How far from the same time of the day a job of each day begins and runs, and how long ago it has
to have begun for that.
"""
TIMES = 3.0
"""How much more than the most that was counted in full is still the same work: twice as much, told
at steps of half as much again. What was overlooked raises nothing, so nobody grows day by day.
"""


class Work(msgspec.Struct, array_like=True):
    """Remarkable work of one principal at one endpoint.

    Attributes:
        last: Event time of its last sign, µs.
        starts: When it began, oldest first, µs.
        sizes: What was remarkable → the most of it that was counted in full.
    """

    last: int = 0
    starts: list[int] = []
    sizes: dict[str, float] = {}


class Rhythms:
    """Who does what each day at about the same time. Deterministic; bounded."""

    def __init__(self) -> None:
        self._works: dict[tuple[int, int], Work] = {}

    def is_usual(
        self, principal: int, endpoint: int, what: str, size: float, ts: int, *, is_late: bool
    ) -> bool:
        """Counts a sign; True when the principal did as much here on an earlier day at this time.

        Args:
            principal, endpoint: Keyed hashes.
            what: What is remarkable.
            size: How much of it.
            ts: Event time, µs.
            is_late: It can be known only after the work was seen for the first time, so it needs no
                size of its own.
        """
        key = (principal, endpoint)
        work = touched(self._works, key)
        if work is None:
            room_for(self._works, WORKS_KEPT)
            work = self._works[key] = Work()
        if not work.starts or ts - work.last > QUIET_US:
            work.starts = [*work.starts, ts][-STARTS_KEPT:]
        work.last = max(work.last, ts)
        if any(_is_again(ts - start) for start in work.starts):
            known = work.sizes.get(what)
            if size <= TIMES * known if known is not None else is_late:
                return True
        work.sizes[what] = max(work.sizes.get(what, 0.0), size)
        return False

    def memory(self) -> list[tuple[int, int, Work]]:
        """What a successor has to know, quiet ones first."""
        return [(*key, work) for key, work in self._works.items()]

    def recall(self, memory: list[tuple[int, int, Work]]) -> None:
        """Takes over what an earlier one remembered."""
        self._works = {(principal, endpoint): work for principal, endpoint, work in memory}


def _is_again(age: int) -> bool:
    """True when so long ago it was about the same time of another day."""
    beside = (age + DAY_US // 2) % DAY_US - DAY_US // 2
    return age >= LEAST_AGE_US and abs(beside) <= AROUND_US
