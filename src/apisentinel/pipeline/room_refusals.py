"""Who is refused again and again where only the staff works."""

from collections import OrderedDict
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from apisentinel.features.holding import ROOM

FORBIDDEN_STEP, MISSED_STEP, ALLOWED_STEP = 2.0, 0.7, -0.5
"""Nats for a request that is forbidden, for one without a valid token or for something that is not
there (both happen to the staff, too), and for one that is let in.
"""
CREDIT, MOST = -2.0, 9.0
"""Bounds of the sum: what somebody who was always let in has ahead, and the most."""
TOLD_FROM, TOLD_STEP = 2.3, 0.75
"""Nats from which on something is told, and the rise that tells it again."""
USERS_KEPT = 4_096
"""Users of rooms that are remembered, 100 bytes each; who was quiet longest gives way."""
FORGOTTEN_US = 86_400_000_000
FORBIDDEN, MISSED = 403, frozenset((401, 404, 405))


class Refused(NamedTuple):
    """What a user was refused in rooms of the staff.

    Attributes:
        llr: Nats.
        refused, asked: Requests there since the user was first seen there or a day of quiet.
    """

    llr: float
    refused: int
    asked: int


class RoomUse(msgspec.Struct, array_like=True):
    """One user in rooms of the staff; `told` is what was told last, nats."""

    user: int
    ts: int
    level: float = 0.0
    refused: int = 0
    asked: int = 0
    told: float = 0.0


class RoomRefusals:
    """A cumulative sum for each user, in the order of the requests. Bounded, deterministic."""

    def __init__(self) -> None:
        self._uses: OrderedDict[int, RoomUse] = OrderedDict()

    def judge(
        self, kinds: "npt.NDArray[np.uint8] | None", events: npt.NDArray[Any]
    ) -> dict[int, Refused]:
        """What the rows of a block add, by row.

        Args:
            kinds: uint8 ``(n,)``, the kind of place of each request; None when nobody tells.
            events: `EVENT` rows ``(n,)``.
        """
        if kinds is None:
            return {}
        rows = np.flatnonzero((kinds == ROOM) & (events["user"] != 0) & (events["status"] >= 200))
        if not rows.size:
            return {}
        some = events[rows]
        columns = (rows, some["user"], some["ts"], some["status"])
        found = {}
        for row, user, ts, status in zip(*(c.tolist() for c in columns), strict=True):
            told = self._count(user, ts, status)
            if told is not None:
                found[row] = told
        return found

    def _count(self, user: int, ts: int, status: int) -> Refused | None:
        """Counts a request; gives what is new."""
        use = self._uses.pop(user, None)
        if use is None or ts - use.ts > FORGOTTEN_US:
            if len(self._uses) >= USERS_KEPT:
                self._uses.popitem(last=False)
            use = RoomUse(user, ts)
        self._uses[user] = use
        use.ts = max(use.ts, ts)
        use.asked += 1
        if status == FORBIDDEN:
            step = FORBIDDEN_STEP
        elif status in MISSED:
            step = MISSED_STEP
        elif status < 400:
            step = ALLOWED_STEP
        else:
            return None
        use.refused += step > 0
        use.level = min(max(use.level + step, CREDIT), MOST)
        if use.level < TOLD_FROM:
            use.told = 0.0
        elif use.level >= use.told + TOLD_STEP and step > 0:
            use.told = use.level
            return Refused(use.level, use.refused, use.asked)
        return None

    def memory(self) -> list[RoomUse]:
        """What a successor has to know, quiet ones first."""
        return list(self._uses.values())

    def recall(self, memory: list[RoomUse]) -> None:
        """Takes over what an earlier one remembered."""
        self._uses = OrderedDict((use.user, use) for use in memory)
