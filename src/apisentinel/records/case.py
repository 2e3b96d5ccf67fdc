"""The case against an entity: all evidence that is held against it, while it is held."""

from dataclasses import dataclass, field

from apisentinel.records.evidence import EntityRef, Evidence, Sample
from apisentinel.records.taxonomy import AttackType

EntityKey = tuple[str, int]
"""Kind and keyed hash of an entity."""

KEPT_EVIDENCE = 4
"""Strongest pieces of evidence kept per attack type; weaker ones add nothing to the risk."""

SHARED_AGENTS = 6
"""Different user agents from which on many people stand behind an address: it is called shared, and
its sessions are told apart.
"""

KEPT_CLIENTS = 32
"""Clients that are named beside the user, session or key that they used."""


@dataclass(slots=True)
class FamilyCase:
    """Evidence of one attack type: the strongest pieces by signature, and how often it was seen.

    `llr` is the fused ratio of the pieces as they are now; the ledger keeps it up to date.
    """

    strongest: dict[str, Evidence] = field(default_factory=dict)
    count: int = 0
    first_ts: int = 0
    last_ts: int = 0
    answered: int = 0
    refused: int = 0
    fade: float = 1.0
    llr: float = 0.0


@dataclass(slots=True)
class Case:
    """One entity under suspicion. Mutable; owned by the ledger.

    Attributes:
        key: Kind and keyed hash.
        ref: Kind and id in text.
        parent: Keyed hash of the client behind a session or user, 0 when unknown.
        families: Evidence by attack type.
        risk, peak: Fused risk now and at its highest, 0-100.
        ordinal: Number of the entity's request that brought the latest evidence.
        first_ordinal: The same for the first evidence.
        alert_ordinal: Request that raised the first alert, None before.
        alert_ts: Event time of the first alert, µs.
        alert_seq: Number of the request that raised the first alert, among all requests.
        alerts: Alerts raised so far.
        agent: Keyed hash of the user agent of the first evidence.
        inspected: Requests whose content was inspected, and the bits of their fields.
        shared: Many people seem to stand behind this entity.
        endpoints: Endpoint → requests with evidence, bounded.
        earlier_peak: Highest risk of the entity's cases that are over.
        earlier_ordinal: Request that raised the first alert of all.
        attributes: Rare attributes by kind, for joining cases into campaigns.
        clients: Clients from which the evidence against a user, session or credential came, at
            most `KEPT_CLIENTS`.
        held: An alert about it was held back by the budget.
    """

    key: EntityKey
    ref: EntityRef
    parent: int = 0
    agent: str = ""
    network: int = 0
    families: dict[AttackType, FamilyCase] = field(default_factory=dict)
    risk: float = 0.0
    peak: float = 0.0
    first_ts: int = 0
    last_ts: int = 0
    ordinal: int = 0
    first_ordinal: int = 0
    requests: int = 0
    inspected: int = 0
    inspected_fields: int = 0
    alert_ordinal: int | None = None
    alert_ts: int = 0
    alert_seq: int = 0
    alerts: int = 0
    alerted_risk: float = 0.0
    alerted_at: int = 0
    shared: bool = False
    endpoints: dict[str, int] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    earlier_peak: float = 0.0
    earlier_ordinal: int | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    clients: dict[int, EntityRef] = field(default_factory=dict)
    held: bool = False
