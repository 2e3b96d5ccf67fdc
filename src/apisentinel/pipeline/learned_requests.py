"""Requests that the learned profile finds unusual, as evidence against their client."""

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from apisentinel.detectors.profile.properties import PROPERTY_WORDS, SIZE, STATUS
from apisentinel.enrichment.routes import FIXED_ROUTES
from apisentinel.pipeline.prepare import Prepared
from apisentinel.records.evidence import Evidence

if TYPE_CHECKING:
    from apisentinel.detectors.profile import Details, Profile

CHANCE = 1e-3
"""Chance below which a request is looked at: one in a thousand ordinary ones costs 100 µs."""

COMMON_CLIENTS, COMMON_FACTOR = 8, 0.25
"""Clients from which on something unusual that all of them do is a new version of the API rather
than an attack, and what is left of the evidence then.
"""
FLOOD_REQUESTS, FLOOD_CLIENTS = 2_000.0, 10.0
"""When so many clients among so many requests have something unusual, whatever it is, the API has
changed rather than its clients; evidence counts the less the more there are. One client in a
thousand requests is what chance alone gives.
"""
ALONE_LLR = 2.0
"""Most that a request says by the look of a profile that nobody has trained, and that the first
unusual requests of a client say by any: they stay below MEDIUM, and strengthen what else speaks
against it. People paste odd texts, and servers fail in new ways; who tries what an API takes does
it again and again.
"""
AGAIN_US = 3_600_000_000
"""The third unusual request of a client within an hour counts in full."""
REPLY_NAMES = (PROPERTY_WORDS[STATUS], PROPERTY_WORDS[SIZE])
"""What the server does, not its client; other detectors know what refusals and errors mean."""
KINDS_KEPT = 4_096
"""Unusual things whose clients are counted; the oldest gives way."""


class UnusualMemory(msgspec.Struct, forbid_unknown_fields=True):
    """What is remembered of unusual requests, oldest first.

    Attributes:
        alike: What is unusual → clients that did it, in rising order.
        recent: Client → number of its last unusual request.
        flood: Decayed number of clients that had something unusual.
        flood_at: Number of the request up to which it has decayed.
        earlier: Client, and the times of its last unusual requests, two at most, µs.
        mild: What is unusual about the reply alone.
    """

    alike: list[tuple[int, list[int]]] = []
    recent: list[tuple[int, int]] = []
    flood: float = 0.0
    flood_at: int = 0
    earlier: list[tuple[int, list[int]]] = []
    mild: list[int] = []


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

    def __init__(self, profile: "Profile", *, most: float = math.inf) -> None:
        """Prepares to compare with a profile.

        Args:
            profile: How the API is normally used.
            most: Most that one request may say, nats.
        """
        from apisentinel.detectors.profile import (  # noqa: PLC0415 (only with a profile)
            ProfileDetector,
        )

        self.detector = ProfileDetector(profile)
        self._most = most
        self._clients: dict[int, set[int]] = {}
        self._recent: dict[int, int] = {}
        self._earlier: dict[int, tuple[int, ...]] = {}
        self._mild: dict[int, None] = {}
        self._flood, self._flood_at = 0.0, 0

    def told(self, block: Prepared, clients: npt.NDArray[np.uint64]) -> Iterator[Told]:
        """The unusual requests of a block, in order.

        Args:
            block: Scored requests.
            clients: Hash of the client of each, 0 where it is not known.
        """
        unusual = block.unusual
        if unusual is None or self.detector.settings.weight <= 0.0:
            return
        numbers, times = block.batch.numbers["seq"], block.batch.numbers["ts"]
        is_known = block.batch.enriched["route"] >= len(FIXED_ROUTES)
        rows = np.flatnonzero((unusual.chance < CHANCE) & is_known)
        details = self.detector.details(block.batch, rows)
        for row in rows.tolist():
            if clients[row]:
                client, what = int(clients[row]), int(unusual.what[row])
                share = self._share(what, client)
                share *= self._calm(client, int(numbers[row]))
                chance = float(unusual.chance[row])
                is_again = self._is_again(client, int(times[row]))
                most = self._most if is_again and what not in self._mild else ALONE_LLR
                evidence = partial(self._evidence, block, row, what, chance, share, most, details)
                yield Told(
                    row,
                    f"profile|{what:x}",
                    min(self.detector.llr(chance), most) * share,
                    partial(evidence, in_full=True),
                    partial(evidence, in_full=False),
                )

    def memory(self) -> UnusualMemory:
        """What a successor has to know."""
        alike = [(what, sorted(clients)) for what, clients in self._clients.items()]
        earlier = [(client, list(times)) for client, times in self._earlier.items()]
        return UnusualMemory(
            alike, list(self._recent.items()), self._flood, self._flood_at, earlier,
            list(self._mild),
        )  # fmt: skip

    def recall(self, memory: UnusualMemory) -> None:
        """Takes over what an earlier one remembered."""
        self._clients = {what: set(clients) for what, clients in memory.alike}
        self._recent = dict(memory.recent)
        self._flood, self._flood_at = memory.flood, memory.flood_at
        self._earlier = {client: tuple(times) for client, times in memory.earlier}
        self._mild = dict.fromkeys(memory.mild)

    def _is_again(self, client: int, ts: int) -> bool:
        """Whether a client has had two unusual requests in the hour before this one."""
        before = self._earlier.pop(client, ())
        self._earlier[client] = (*before[-1:], ts)
        if len(self._earlier) > KINDS_KEPT:
            del self._earlier[next(iter(self._earlier))]
        return len(before) == 2 and ts - before[0] <= AGAIN_US

    def _calm(self, client: int, number: int) -> float:
        """Factor on what is unusual while many clients have something unusual.

        Args:
            client: Who has it.
            number: Of the request.
        """
        self._flood *= math.exp(-max(number - self._flood_at, 0) / FLOOD_REQUESTS)
        self._flood_at = max(number, self._flood_at)
        last = self._recent.pop(client, None)
        self._recent[client] = number
        if len(self._recent) > KINDS_KEPT:
            del self._recent[next(iter(self._recent))]
        if last is None or number - last > FLOOD_REQUESTS:
            self._flood += 1.0
        return min(1.0, FLOOD_CLIENTS / self._flood) if self._flood > 0.0 else 1.0

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

    def _evidence(  # noqa: PLR0913, PLR0917 (bound one after the other)
        self,
        block: Prepared,
        row: int,
        what: int,
        chance: float,
        share: float,
        most: float,
        details: "Details",
        seq: int,
        *,
        in_full: bool,
    ) -> Evidence:
        said = self.detector.evidence(block.batch, row, chance, in_full=in_full, details=details)
        if in_full and said.factors and said.factors[0].name in REPLY_NAMES:
            most = min(most, ALONE_LLR)
            self._mild[what] = None
            if len(self._mild) > KINDS_KEPT:
                del self._mild[next(iter(self._mild))]
        return msgspec.structs.replace(said, llr=min(said.llr, most) * share, seqs=(seq,))
