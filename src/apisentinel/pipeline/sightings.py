"""What is told once of each visit of a client: the agent of a scanning tool, and the name of a
crawler.
"""

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from apisentinel.records.flags import AGENT_CLAIMS_GOOD_BOT, AGENT_SCANNER_TOOL
from apisentinel.records.taxonomy import AGENT_KINDS, METHODS, AgentKind

KEPT = 50_000
"""Pairs of client and what was told of it that are remembered; the oldest gives way."""

VISIT_US = 3_600_000_000
"""Quiet time after which it is told again: what was held against the client before is over then.
"""
POSED = 0
"""Stands beside a client for "signed in under a crawler's name"."""
INSISTING_REQUESTS = 10
"""Requests from which on a client insists on being a crawler: no try of a page's owner."""
PROGRAMS = tuple(AGENT_KINDS.index(kind) for kind in (AgentKind.CRAWLER, AgentKind.AI_AGENT))
ASSISTANTS = (AGENT_KINDS.index(AgentKind.AI_AGENT),)
"""Crawlers of language models, whose names are taken as those of search engines are."""
POST = METHODS.index("POST")


class SightingMemory(msgspec.Struct, forbid_unknown_fields=True):
    """What was seen of clients, oldest first.

    Attributes:
        told: Client, tool or pose, and event time (µs) of the last such request.
        claims: Client, event time of its last request under a crawler's name, and how many there
            were in that visit.
    """

    told: list[tuple[int, int, int]] = []
    claims: list[tuple[int, int, int]] = []


class Sightings:
    """Remembers what was told; equal for any size of blocks."""

    def __init__(self) -> None:
        self._pairs: dict[tuple[int, int], int] = {}
        self._claims: dict[int, tuple[int, int]] = {}

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

    def claiming(self, events: npt.NDArray[Any], *, all_programs: bool = False) -> dict[int, bool]:
        """Rows that show a client under a crawler's name for the first time in a visit, and again
        when it has sent some requests more; the latter are true.

        Args:
            events: `EVENT` rows.
            all_programs: Also small crawlers, whose names nobody takes.
        """
        claims = events["agent_flags"] & AGENT_CLAIMS_GOOD_BOT != 0
        claims |= np.isin(events["agent_kind"], PROGRAMS if all_programs else ASSISTANTS)
        rows = np.flatnonzero(claims & (events["client"] != 0))
        out = {}
        columns = (rows, events["client"][rows], events["ts"][rows])
        for row, client, ts in zip(*(column.tolist() for column in columns), strict=True):
            last, count = self._claims.get(client, (ts, 0))
            if count == 0 and len(self._claims) >= KEPT:
                del self._claims[next(iter(self._claims))]
            count = 1 if ts - last > VISIT_US else count + 1
            self._claims[client] = (max(ts, last), count)
            if count in {1, INSISTING_REQUESTS}:
                out[row] = count > 1
        return out

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

    def memory(self) -> SightingMemory:
        """What a successor has to know, oldest first."""
        return SightingMemory(
            [(*pair, ts) for pair, ts in self._pairs.items()],
            [(client, *seen) for client, seen in self._claims.items()],
        )

    def recall(self, memory: SightingMemory) -> None:
        """Takes over what an earlier one remembered."""
        self._pairs = {(client, what): ts for client, what, ts in memory.told}
        self._claims = {client: (ts, count) for client, ts, count in memory.claims}
