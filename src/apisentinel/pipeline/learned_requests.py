"""Requests that the learned profile finds unusual, as evidence against their client."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from apisentinel.pipeline.prepare import Prepared
from apisentinel.records.evidence import Evidence

if TYPE_CHECKING:
    from apisentinel.detectors.profile import Profile

CHANCE = 1e-3
"""Chance below which a request is looked at: one in a thousand ordinary ones costs 100 µs."""

COMMON_CLIENTS, COMMON_FACTOR = 8, 0.25
"""Clients from which on something unusual that all of them do is a new version of the API rather
than an attack, and what is left of the evidence then.
"""
KINDS_KEPT = 4_096
"""Unusual things whose clients are counted; the oldest gives way."""


class Told(NamedTuple):
    """An unusual request: its row, what is unusual in it, how much that says, and the evidence,
    given its number, with all reasons or in brief.
    """

    row: int
    signature: str
    llr: float
    evidence: Callable[[int], Evidence]
    brief: Callable[[int], Evidence]


class UnusualRequests:
    """Turns what the profile says of requests into evidence. Deterministic in their order; one
    thread.
    """

    def __init__(self, profile: "Profile") -> None:
        from apisentinel.detectors.profile import (  # noqa: PLC0415 (only with a profile)
            ProfileDetector,
        )

        self.detector = ProfileDetector(profile)
        self._clients: dict[int, set[int]] = {}

    def told(self, block: Prepared, clients: npt.NDArray[np.uint64]) -> Iterator[Told]:
        """The unusual requests of a block, in order.

        Args:
            block: Scored requests.
            clients: Hash of the client of each, 0 where it is not known.
        """
        unusual = block.unusual
        if unusual is None or self.detector.settings.weight <= 0.0:
            return
        for row in np.flatnonzero(unusual.chance < CHANCE).tolist():
            if clients[row]:
                share = self._share(int(unusual.what[row]), int(clients[row]))
                chance = float(unusual.chance[row])
                evidence = partial(self._evidence, block, row, chance, share)
                yield Told(
                    row,
                    f"profile|{int(unusual.what[row]):x}",
                    self.detector.llr(chance) * share,
                    partial(evidence, in_full=True),
                    partial(evidence, in_full=False),
                )

    def memory(self) -> list[tuple[int, list[int]]]:
        """Which clients did what is unusual, oldest first, the clients in rising order."""
        return [(what, sorted(clients)) for what, clients in self._clients.items()]

    def recall(self, memory: list[tuple[int, list[int]]]) -> None:
        """Takes over what an earlier one remembered."""
        self._clients = {what: set(clients) for what, clients in memory}

    def _share(self, what: int, client: int) -> float:
        """Factor on what many clients do alike."""
        seen = self._clients.get(what)
        if seen is None:
            if len(self._clients) >= KINDS_KEPT:
                del self._clients[next(iter(self._clients))]
            seen = self._clients[what] = set()
        if len(seen) < COMMON_CLIENTS:
            seen.add(client)
        return COMMON_FACTOR if len(seen) >= COMMON_CLIENTS else 1.0

    def _evidence(
        self, block: Prepared, row: int, chance: float, share: float, seq: int, *, in_full: bool
    ) -> Evidence:
        said = self.detector.evidence(block.batch, row, chance, in_full=in_full)
        return msgspec.structs.replace(said, llr=said.llr * share, seqs=(seq,))
