"""Evidence, verdict, alert and incident: what is rare enough to be an object."""

from typing import Any

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
        window: In what the actual value was counted: ``10 min``, ``this request``, ….
        n: Observations from which the usual value is known, None when it needs none.
    """

    name: str
    actual: int | float | str
    usual: int | float | str | None = None
    unit: str = ""
    contribution: float = 0.0
    window: str = ""
    n: int | None = None


class Evidence(msgspec.Struct, frozen=True):
    """What one detector says about one entity.

    Attributes:
        detector: Id of the detector.
        attack_type: Family of the evidence.
        llr: Natural log of the likelihood ratio attack : normal, not negative.
        factors: Why.
        seqs: Up to five requests that show it.
        succeeded: True when the response says that the attack worked, None when nothing is known.
        known: Requests from which what is usual is known; 0 when the judge has not said.
    """

    detector: str
    attack_type: AttackType
    llr: float
    factors: tuple[Factor, ...] = ()
    seqs: tuple[int, ...] = ()
    succeeded: bool | None = None
    known: int = 0


class Reason(msgspec.Struct, frozen=True):
    """One piece of evidence with what it adds to a risk.

    Attributes:
        card: Page of the documentation about the detector, below the documentation's address.
        nats: What it adds to the natural log odds.
        points: The same in points of risk; those of all reasons add up to the risk above the base.
    """

    detector: str
    attack_type: AttackType
    card: str
    nats: float
    points: float
    factors: tuple[Factor, ...]
    seqs: tuple[int, ...] = ()
    succeeded: bool | None = None


class Counterfactual(msgspec.Struct, frozen=True):
    """What would have to be different for the risk to be below MEDIUM.

    Attributes:
        without: Names of the factors that would have to be as usual.
        risk: The risk then.
        text: The same as a sentence.
    """

    without: tuple[str, ...]
    risk: int
    text: str


class Matched(msgspec.Struct, frozen=True):
    """Where in a request something was found.

    Attributes:
        seq: Number of the request.
        where: Place in it, such as ``query q``.
        match: The decoded part that was matched, redacted.
        decoded: How the value was written and what it became, layer by layer; empty when it was
            written as it is.
    """

    seq: int
    where: str
    match: str
    decoded: tuple[str, ...] = ()


class Explanation(msgspec.Struct, frozen=True):
    """Why an entity has its risk.

    Attributes:
        base: Risk of an entity of which nothing is known.
        log_odds: Natural log odds, the prior included.
        rest: What rounding and a cap on shared addresses take away or add.
        evidence: Matched parts of its requests.
        confidence: 0-100, how much there is to go by.
        data: The same in words.
        references: What OWASP, CWE, CAPEC and ATT&CK say, by attack type.
    """

    sentence: str
    risk: int
    base: float
    log_odds: float
    rest: float
    reasons: tuple[Reason, ...]
    evidence: tuple[Matched, ...]
    counterfactual: Counterfactual
    confidence: int
    data: str
    references: tuple[dict[str, Any], ...]


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
        decoded: The value before each layer of encoding was undone, and after.
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
    decoded: tuple[str, ...] = ()


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
        explanation: Why, where somebody asked for it to be kept.
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
    explanation: Explanation | None = None


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
    explanation: Explanation | None = None


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
