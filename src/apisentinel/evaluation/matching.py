"""Which incident is about which campaign.

A campaign is found when an incident of MEDIUM or more, raised after the campaign began, names one
of its actors or a network that holds one; or when it names one of its endpoints within the period,
with an attack type of the campaign's family.
"""

import ipaddress
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from apisentinel.records.evidence import Incident
from apisentinel.records.taxonomy import AttackType as T

GRACE_US = 3_600_000_000
"""An incident may end so long after its campaign."""

FAMILIES: tuple[frozenset[T], ...] = (
    frozenset(list(T)[: list(T).index(T.PROTOCOL) + 1]),
    frozenset({T.BRUTE_FORCE, T.CREDENTIAL_STUFFING, T.PASSWORD_SPRAYING, T.ACCOUNT_TAKEOVER,
               T.ENUMERATION, T.TOKEN_ABUSE}),
    frozenset({T.BOLA, T.BFLA, T.MASS_ASSIGNMENT, T.PARAMETER_TAMPERING, T.SEQUENCE_ABUSE}),
    frozenset({T.SCRAPING, T.CRAWLING, T.AUTOMATION, T.FAKE_BOT}),
    frozenset({T.SCANNING, T.PROBING}),
    frozenset({T.VOLUME, T.RESOURCE_ABUSE}),
    frozenset({T.DATA_EXPOSURE, T.INSIDER_MISUSE}),
    frozenset({T.ANOMALY}),
)  # fmt: skip
"""Attack types that one campaign can rightly be called by."""


class Told(NamedTuple):
    """An incident with its times in µs."""

    incident: Incident
    first: int
    last: int
    alert: int


class Planted(NamedTuple):
    """A campaign as it was sent.

    Attributes:
        actors: Ids of its clients, users, sessions and credentials.
        endpoints: ``METHOD host route`` that it asked for.
        moments: Event time of each of its requests, µs, rising.
    """

    id: str
    type: T
    variant: str
    actors: frozenset[str]
    endpoints: frozenset[str]
    moments: Sequence[int]


class Outcome(msgspec.Struct, frozen=True):
    """What became of a campaign.

    Attributes:
        seconds: From its begin to the first alert about it, None when it was not found.
        until_alert: Its requests up to then.
    """

    seed: int
    id: str
    type: str
    variant: str
    requests: int
    found: bool
    right_type: bool
    right_family: bool
    seconds: float | None
    until_alert: int | None


def family_of(kind: T) -> frozenset[T]:
    """The family of an attack type."""
    return next((family for family in FAMILIES if kind in family), frozenset({kind}))


def about(planted: Planted, told: Sequence[Told]) -> list[Told]:
    """The incidents that are about a campaign."""
    begin, end = planted.moments[0], planted.moments[-1]
    family = family_of(planted.type)
    addresses = [found for found in map(_address, planted.actors) if found is not None]
    out = []
    for item in told:
        if item.last < begin or item.first > end + GRACE_US or item.alert < begin:
            continue
        names = {entity.id for entity in item.incident.entities}
        is_named = bool(names & planted.actors) or _holds(item.incident, addresses)
        is_kin = bool(family & set(item.incident.attack_types))
        is_placed = is_kin and bool(planted.endpoints & set(item.incident.endpoints))
        if is_named or is_placed:
            out.append(item)
    return out


def outcome_of(planted: Planted, matched: Sequence[Told], seed: int) -> Outcome:
    """What became of a campaign with these incidents about it."""
    first = min((item.alert for item in matched), default=None)
    family = family_of(planted.type)
    types = [set(item.incident.attack_types) for item in matched]
    return Outcome(
        seed=seed,
        id=planted.id,
        type=planted.type,
        variant=planted.variant,
        requests=len(planted.moments),
        found=bool(matched),
        right_type=any(planted.type in found for found in types),
        right_family=any(found & family for found in types),
        seconds=None if first is None else (first - planted.moments[0]) / 1e6,
        until_alert=None if first is None else bisect_right(planted.moments, first),
    )


Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _holds(incident: Incident, addresses: Sequence[Address]) -> bool:
    for entity in incident.entities:
        if entity.kind == "network":
            network = ipaddress.ip_network(entity.id, strict=False)
            if any(each.version == network.version and each in network for each in addresses):
                return True
    return False
