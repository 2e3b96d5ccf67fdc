"""What is told once of each visit of a client: the agent of a scanning tool, and the name of a
crawler.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.records.flags import AGENT_CLAIMS_GOOD_BOT, AGENT_SCANNER_TOOL
from apisentinel.records.taxonomy import AGENT_KINDS, METHODS, AgentKind

KEPT = 50_000
"""Pairs of client and what was told of it that are remembered; the oldest gives way."""

VISIT_US = 3_600_000_000
"""Quiet time after which it is told again: what was held against the client before is over then.
"""
POSED, CLAIMED = 0, 1
"""Stand beside a client for "signed in under a crawler's name" and "was checked against its
networks"; one more when it insists.
"""
INSISTING_REQUESTS = 10
"""Requests from which on a client insists on being a crawler: no try of a page's owner."""
PROGRAMS = tuple(AGENT_KINDS.index(kind) for kind in (AgentKind.CRAWLER, AgentKind.AI_AGENT))
POST = METHODS.index("POST")


class Sightings:
    """Remembers what was told; equal for any size of blocks."""

    def __init__(self) -> None:
        self._pairs: dict[tuple[int, int], int] = {}

    def tools(self, events: npt.NDArray[Any]) -> set[int]:
        """Rows that show a client with an agent of a scanning tool for the first time in a
        visit.
        """
        rows = np.flatnonzero(events["agent_flags"] & AGENT_SCANNER_TOOL)
        return self._new(rows, events, events["agent"][rows])

    def posing(self, events: npt.NDArray[Any]) -> set[int]:
        """Rows that show a client under a crawler's name sign in for the first time in a visit;
        crawlers have no accounts.
        """
        claims = events["agent_flags"] & AGENT_CLAIMS_GOOD_BOT != 0
        rows = np.flatnonzero(claims & (events["login"] != 0) & (events["method"] == POST))
        return self._new(rows, events, np.full(rows.size, POSED))

    def claiming(
        self,
        events: npt.NDArray[Any],
        ordinals: npt.NDArray[np.int64],
        *,
        all_programs: bool = False,
    ) -> set[int]:
        """Rows that show a client under a crawler's name for the first time in a visit, and again
        when it has sent some requests more.

        Args:
            events: `EVENT` rows.
            ordinals: Which request of its client each is.
            all_programs: Also small crawlers and assistants, whose names nobody takes.
        """
        claims = events["agent_flags"] & AGENT_CLAIMS_GOOD_BOT != 0
        if all_programs:
            claims |= np.isin(events["agent_kind"], PROGRAMS)
        rows = np.flatnonzero(claims)
        what = CLAIMED + (ordinals[rows] >= INSISTING_REQUESTS)
        return self._new(rows, events, what)

    def _new(self, rows: npt.NDArray[Any], events: npt.NDArray[Any], what: Any) -> set[int]:
        out = set()
        pairs = zip(events["client"][rows].tolist(), what.tolist(), strict=True)
        times = events["ts"][rows].tolist()
        for row, pair, ts in zip(rows.tolist(), pairs, times, strict=True):
            if not pair[0]:
                continue
            last = self._pairs.get(pair)
            if last is None and len(self._pairs) >= KEPT:
                del self._pairs[next(iter(self._pairs))]
            if last is None or ts - last > VISIT_US:
                out.add(row)
            self._pairs[pair] = ts if last is None else max(ts, last)
        return out

    def memory(self) -> tuple[list[tuple[int, int]], list[int]]:
        """What a successor has to know, oldest first: what was told of whom, and when it was seen
        last.
        """
        return list(self._pairs), list(self._pairs.values())

    def recall(self, told: list[tuple[int, int]], seen: list[int]) -> None:
        """Takes over what an earlier one remembered."""
        self._pairs = dict.fromkeys(told, 0) | dict(zip(told, seen, strict=False))
