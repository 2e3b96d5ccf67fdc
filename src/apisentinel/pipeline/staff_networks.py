"""Networks in which the staff works, learned from endpoints that nobody else uses.

Colleagues try odd inputs in production, and repeat what they test. From such a network this is no
sign of misuse; what is forbidden there stays forbidden, and a certain payload stays an attack.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.records.taxonomy import PAYLOAD_TYPES, AttackType

USERS_FROM, NETWORKS_MOST, COLLEAGUES = 6, 4, 3
"""Users from which on an endpoint that so few networks use counts as the staff's, and users that a
network must have there: one stranger who gets in is no colleague.
"""
ENDPOINTS_KEPT = 4_096
"""Endpoints watched, and endpoints known as everybody's; the oldest gives way."""

TRIES = frozenset(
    {
        AttackType.AUTOMATION,
        AttackType.SEQUENCE_ABUSE,
        AttackType.PARAMETER_TAMPERING,
        AttackType.CRAWLING,
        AttackType.SCRAPING,
        AttackType.ENUMERATION,
        *PAYLOAD_TYPES,
    }
)
"""What people who test their own service seem to do."""
TRUSTED_FACTOR = 0.3
"""Factor on evidence of `TRIES` from the staff's networks."""

Entry = tuple[int, int, int, int]
"""Row, endpoint, network and user of a request."""


class StaffNetworks:
    """Users of each endpoint by network, until it turns out to be everybody's."""

    def __init__(self) -> None:
        self._places: dict[int, dict[int, set[int]]] = {}
        self._open: dict[int, None] = {}
        self._staff: set[int] | None = None

    def entries(self, events: npt.NDArray[Any]) -> list[Entry]:
        """What a block may add: each endpoint, network and user once, in order of the rows.

        Args:
            events: `EVENT` rows.
        """
        named = (events["user"] != 0) & (events["network"] != 0) & (events["endpoint"] != 0)
        rows = np.flatnonzero(named & (events["status"] >= 200) & (events["status"] < 300))
        rows = rows[~np.isin(events["endpoint"][rows], np.fromiter(self._open, np.uint64))]
        some = events[rows]
        columns = some["endpoint"], some["network"], some["user"]
        triples = zip(*(column.tolist() for column in columns), strict=True)
        first: dict[tuple[int, int, int], int] = {}
        for row, triple in zip(rows.tolist(), triples, strict=True):
            first.setdefault(triple, row)
        return [(row, *triple) for triple, row in first.items()]

    def absorb(self, entry: Entry) -> None:
        """Takes over one of `entries`."""
        _, endpoint, network, user = entry
        if endpoint in self._open:
            return
        place = self._places.get(endpoint)
        if place is None:
            if len(self._places) >= ENDPOINTS_KEPT:
                del self._places[next(iter(self._places))]
            place = self._places[endpoint] = {}
        users = place.setdefault(network, set())
        if user not in users and len(users) < USERS_FROM:
            users.add(user)
            self._staff = None
        if len(place) > NETWORKS_MOST:
            del self._places[endpoint]
            if len(self._open) >= ENDPOINTS_KEPT:
                del self._open[next(iter(self._open))]
            self._open[endpoint] = None

    def factor(self, attack: AttackType, network: int) -> float:
        """Factor on evidence from a network."""
        if attack not in TRIES:
            return 1.0
        if self._staff is None:
            self._staff = self._derived()
        return TRUSTED_FACTOR if network in self._staff else 1.0

    def is_office(self, endpoint: int, network: int) -> bool:
        """Whether colleagues share one of the networks from which an endpoint is used, other than
        `network`. A few people who each come from a place of their own are the first visitors of
        an endpoint, not its staff. True where nothing is known.
        """
        place = self._places.get(endpoint)
        return place is None or any(
            len(users) >= COLLEAGUES for other, users in place.items() if other != network
        )

    def _derived(self) -> set[int]:
        """The networks that alone use some endpoints, where most endpoints are everybody's."""
        closed = [
            place for place in self._places.values() if sum(map(len, place.values())) >= USERS_FROM
        ]
        if len(closed) >= len(self._open):
            return set()
        return {
            network for place in closed for network, users in place.items()
            if len(users) >= COLLEAGUES
        }  # fmt: skip

    def memory(self) -> tuple[list[tuple[int, list[tuple[int, list[int]]]]], list[int]]:
        """What a successor has to know: users by network by endpoint, and the open endpoints."""
        places = [
            (endpoint, [(network, sorted(users)) for network, users in place.items()])
            for endpoint, place in self._places.items()
        ]
        return places, list(self._open)

    def recall(self, memory: tuple[list[tuple[int, list[tuple[int, list[int]]]]], list[int]]
               ) -> None:  # fmt: skip
        """Takes over what an earlier one remembered."""
        places, opened = memory
        self._places = {
            endpoint: {network: set(users) for network, users in place}
            for endpoint, place in places
        }
        self._open = dict.fromkeys(opened)
        self._staff = None
