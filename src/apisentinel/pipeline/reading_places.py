"""What reading much is called where it happens."""

from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import structs

from apisentinel.features.holding import NO_PLACE, PRIVATE, ROOM, SHARED
from apisentinel.features.references import names_personal
from apisentinel.pipeline.judge_rows import REFUSED
from apisentinel.pipeline.view import View
from apisentinel.records.evidence import Evidence
from apisentinel.records.taxonomy import AttackType

READING = frozenset(
    (AttackType.SCRAPING, AttackType.CRAWLING, AttackType.BOLA, AttackType.RESOURCE_ABUSE,
     AttackType.DATA_EXPOSURE, AttackType.ANOMALY)
)  # fmt: skip
"""What reading too much, or oddly, is called elsewhere than in a room of the staff."""
ROOM_CLIENTS, ROOM_SHARE = 25.0, 0.05
"""Clients, and share of all clients, that a room of the staff has at most; `support` is also a word
of places for customers.
"""
ROOMS_KEPT, CLIENTS_KEPT = 256, 1_024
"""Endpoints whose path says that they are the staff's, and clients of each, that are remembered;
5 % of twenty thousand clients are no staff.
"""


class ReadingPlaces:
    """The places of the block that is being judged.

    Attributes:
        kinds: uint8 ``(n_rows,)``, the kind of place of each request; None when nobody tells.
    """

    def __init__(self) -> None:
        self.kinds: npt.NDArray[np.uint8] | None = None
        self._rooms: dict[int, set[int]] = {}
        self._entries: list[tuple[int, int, int]] = []

    def begin(self, kinds: "npt.NDArray[np.uint8] | None", events: npt.NDArray[Any]) -> None:
        """Takes over what the place of each row of a block is, and who comes to rooms."""
        self._absorb(None)
        self.kinds = kinds
        if kinds is None:
            return
        rows = np.flatnonzero((kinds == ROOM) & (events["client"] != 0))
        if rows.size:
            some = events[rows]
            triples = zip(
                rows.tolist(), some["endpoint"].tolist(), some["client"].tolist(), strict=True
            )
            self._entries = list(triples)[::-1]

    def _absorb(self, row: int | None) -> None:
        """Counts who came up to a row, None for the whole block."""
        while self._entries and (row is None or self._entries[-1][0] <= row):
            _, endpoint, client = self._entries.pop()
            clients = self._rooms.get(endpoint)
            if clients is None:
                if len(self._rooms) >= ROOMS_KEPT:
                    del self._rooms[next(iter(self._rooms))]
                clients = self._rooms[endpoint] = set()
            if len(clients) < CLIENTS_KEPT:
                clients.add(client)

    def memory(self) -> list[tuple[int, list[int]]]:
        """What a successor has to know: who came to which room, oldest first."""
        self._absorb(None)
        return [(endpoint, sorted(clients)) for endpoint, clients in self._rooms.items()]

    def recall(self, memory: list[tuple[int, list[int]]]) -> None:
        """Takes over what an earlier one remembered."""
        self._entries = []
        self._rooms = {endpoint: set(clients) for endpoint, clients in memory}

    def named(self, view: View, evidence: Evidence) -> Evidence:
        """The evidence under the name that reading much has where it happens: what a user reads in
        a room of the staff is misuse by an insider, what it reads of private objects is not
        scraping, and what everybody may read belongs to nobody. Where the log knows no users, or
        nobody is signed in, objects are private by what was learned of sessions, else by their word
        (`invoice`): who counts through those reads what belongs to others (CWE-639).
        """
        if self.kinds is None:
            return evidence
        kind = int(self.kinds[view.row])
        if not view.event["user"]:
            return self._of_nobody_known(view, kind, evidence)
        if kind == ROOM and evidence.attack_type in READING and self._is_room(view):
            return structs.replace(evidence, attack_type=AttackType.INSIDER_MISUSE)
        if kind == PRIVATE and evidence.attack_type is AttackType.SCRAPING:
            return structs.replace(evidence, attack_type=AttackType.BOLA)
        if kind == SHARED and evidence.attack_type is AttackType.BOLA:
            return structs.replace(evidence, attack_type=AttackType.SCRAPING)
        return evidence

    def _of_nobody_known(self, view: View, kind: int, evidence: Evidence) -> Evidence:
        """The same where the log knows no users, or nobody is signed in."""
        is_walk = evidence.attack_type is AttackType.SCRAPING and view.event["object"]
        if is_walk and (kind == PRIVATE or (kind == NO_PLACE and self._is_personal(view))):
            return structs.replace(evidence, attack_type=AttackType.BOLA)
        return evidence

    def _is_personal(self, view: View) -> bool:
        """Whether the endpoint of a request has objects that belong to somebody, by its words."""
        _, _, place = view.endpoint.partition(" ")
        return names_personal(place[place.find("/") :] if "/" in place else "")

    def _is_room(self, view: View) -> bool:
        """True for a request that is let in where the path says that it is the staff's, and few
        clients come.
        """
        return view.event["status"] < REFUSED and self.is_room(view)

    def is_room(self, view: View) -> bool:
        """Whether few clients come to the endpoint of a request in a place of the staff."""
        self._absorb(view.row)
        here = len(self._rooms.get(view.event["endpoint"], ()))
        if here >= CLIENTS_KEPT:
            return False
        return here <= max(ROOM_CLIENTS, ROOM_SHARE * float(view.clients[view.row]))
