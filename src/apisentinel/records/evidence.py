"""Evidence, verdict, alert and incident: what is rare enough to be an object."""

import msgspec

from apisentinel.records.taxonomy import AttackType, Severity


class Factor(msgspec.Struct, frozen=True):
    """One reason for a risk, in the user's terms.

    Attributes:
        name: What was measured, in words.
        actual: The value seen.
        usual: What is normal here, None when nothing is known yet.
        unit: Unit of both values, empty for counts.
        contribution: Share of the risk in points; the contributions of an incident add up to its
            risk above the prior.
    """

    name: str
    actual: int | float | str
    usual: int | float | str | None = None
    unit: str = ""
    contribution: float = 0.0


class Evidence(msgspec.Struct, frozen=True):
    """What one detector says about one entity.

    Attributes:
        detector: Id of the detector.
        attack_type: Family of the evidence.
        llr: Natural log of the likelihood ratio attack : normal, not negative.
        factors: Why.
        seqs: Up to five requests that show it.
        succeeded: True when the response says that the attack worked, None when nothing is known.
    """

    detector: str
    attack_type: AttackType
    llr: float
    factors: tuple[Factor, ...] = ()
    seqs: tuple[int, ...] = ()
    succeeded: bool | None = None


class EntityRef(msgspec.Struct, frozen=True, order=True):
    """An entity by kind and id, as in the contracts."""

    kind: str
    id: str


class Sample(msgspec.Struct, frozen=True):
    """A request shown with an incident; text is redacted and may hold anything an attacker wrote.

    Attributes:
        ts: RFC 3339 in UTC, None when the source gave no time.
        match: The decoded part that a detector saw, empty for behaviour.
        where: Where the match was found, such as ``query q``.
    """

    seq: int
    ts: str | None
    client: str
    method: str
    url: str
    status: int | None
    user_agent: str
    match: str = ""
    where: str = ""


class Alert(msgspec.Struct, frozen=True):
    """One entity, one attack type, one session window.

    Attributes:
        risk: Risk of the entity when the alert was raised.
        ts: Event time of the request that raised it, µs.
        first_ts: Event time of the first evidence against the entity, µs.
        requests_before: Requests of the entity up to and including this one.
        evidence: The piece that raised it.
        seq: Number of the request that raised it.
        number: Which alert of its entity it is, from 1.
    """

    id: str
    entity: EntityRef
    attack_type: AttackType
    risk: int
    ts: int
    first_ts: int
    requests_before: int
    endpoint: str
    evidence: tuple[Evidence, ...]
    seq: int = 0
    number: int = 1


class Incident(msgspec.Struct, frozen=True):
    """Alerts that belong together, ready to be read: fields and meaning of the contracts.

    Attributes:
        first_ts: RFC 3339; first request of the actors that takes part, None without times.
        alert_ts: When the first alert was raised.
        requests: Requests that take part.
        requests_before_alert: Requests of the actor up to and including the one that raised the
            first alert.
        succeeded: True when a response says that the attack worked, None when nothing is known.
    """

    id: str
    risk: int
    severity: Severity
    attack_types: tuple[AttackType, ...]
    entities: tuple[EntityRef, ...]
    first_ts: str | None
    last_ts: str | None
    alert_ts: str | None
    requests: int
    requests_before_alert: int
    endpoints: tuple[str, ...]
    reason: str
    factors: tuple[Factor, ...]
    samples: tuple[Sample, ...]
    succeeded: bool | None = None
    entities_total: int = 0


class EntitySummary(msgspec.Struct, frozen=True):
    """An entity at the end of a scan: a line of ``--entities``."""

    kind: str
    id: str
    requests: int
    score: float
    risk: int
    severity: Severity
    attack_types: tuple[AttackType, ...]
    first_alert_request: int | None


class DataClass(msgspec.Struct, frozen=True, rename={"name": "class"}):
    """Sensitive data of one class at one place of a response; never the data itself.

    Attributes:
        name: Class, ``class`` in JSON: such as ``email`` or ``card_number``.
        count: Values found, up to a limit.
        where: Path in a JSON body such as ``$.user.email``, else ``text``.
    """

    name: str
    count: int
    where: str


class Verdict(msgspec.Struct, frozen=True):
    """What is said about one request: a line of ``score``."""

    event_id: str | None
    seq: int
    risk: int
    score: float
    severity: Severity
    attack_types: tuple[AttackType, ...]
    confidence: int
    consensus: float
    detectors: dict[str, float]
    client: str | None
    user: str | None
    session: str | None
    endpoint: str | None
    route: str | None
    agent_kind: str
    data_classes: tuple[str, ...]
    reason: str
