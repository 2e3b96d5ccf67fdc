"""What the judge makes of the columns of a block before it looks at a row: which rows deserve it,
and which detector each signal goes to.
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.detectors import behaviour
from apisentinel.detectors.payload import Finding
from apisentinel.features import Signals
from apisentinel.features.access_rates import Rate
from apisentinel.pipeline.settings import Detectors
from apisentinel.pipeline.view import View
from apisentinel.records.case import Case, EntityKey, FamilyCase
from apisentinel.records.evidence import Evidence
from apisentinel.records.signal import Family, HoldingSignal
from apisentinel.records.taxonomy import PAYLOAD_TYPES, AttackType

FIRM_LLR = 6.5
"""A finding this strong is an attack wherever it comes from; prevalence does not excuse it."""

CONVICTED_RISK, CONVICTED_INSPECTIONS, CONVICTED_SAMPLING = 80.0, 8, 16
"""From this risk and so many inspected requests on, one marked request in sixteen of a client is
inspected.
"""

LN_TEN = 2.302585092994046
EXPLAINED_RISK = 30.0
"""From this risk on it is worth working out what the models see in an entity: an alert may follow.
"""

CRAWLER_TYPES = frozenset(
    {
        AttackType.FAKE_BOT,
        AttackType.CRAWLING,
        AttackType.SCRAPING,
        AttackType.SCANNING,
        AttackType.AUTOMATION,
    }
)
"""What crawlers do by nature, or by following broken links."""

HURRIES = frozenset({AttackType.CRAWLING, AttackType.SCRAPING, AttackType.AUTOMATION})
FOREIGN_HURRY = 2.5
"""Evidence of haste from which on a crawler from a network of somebody else is none."""

ENDPOINT_SIGNALS = (
    "", "guessing", "flood", "objects", "refusals", "large", "slow", "outside", "repeats",
    "pace", "surge", "novelty", "", "walk",
)  # fmt: skip
"""Names of what the endpoint kernel reports, by number."""

SIGNATURE_LENGTH = 60
"""Characters of a match that tell pieces of evidence apart; the same match in another place is the
same piece.
"""

MISSING, REFUSED, FAILED = 404, 400, 500


def by_family(chosen: Detectors) -> dict[Family, Any]:
    """The detector of each family of actors' ratios."""
    return {
        Family.SCANNING: behaviour.Scanning(chosen.scanning),
        Family.BRUTE_FORCE: behaviour.BruteForce(chosen.brute_force),
        Family.STUFFING: behaviour.CredentialStuffing(chosen.credential_stuffing),
        Family.ENUMERATION: behaviour.Enumeration(chosen.enumeration),
        Family.CRAWLING: behaviour.Crawling(chosen.crawling),
        Family.SCRAPING: behaviour.Scraping(chosen.scraping),
        Family.AUTOMATION: behaviour.Automation(chosen.automation),
        Family.AGENT_SWITCHING: behaviour.AgentSwitching(chosen.agent_switching),
        Family.VOLUME: behaviour.Volume(chosen.volume),
        Family.RESOURCES: behaviour.ResourceAbuse(chosen.resource_abuse),
        Family.FORBIDDEN: behaviour.ForbiddenFunctions(chosen.forbidden_functions),
        Family.TOKENS: behaviour.TokenAbuse(chosen.token_abuse),
        Family.SEQUENCE: behaviour.SkippedSteps(chosen.skipped_steps),
        Family.TAKEOVER: behaviour.AccountTakeover(chosen.account_takeover),
    }


def by_row(rates: Iterable[Rate]) -> dict[int, list[Rate]]:
    """Principals above a threshold by the row that shows it."""
    found: dict[int, list[Rate]] = {}
    for rate in rates:
        found.setdefault(rate.row, []).append(rate)
    return found


def by_principal(chosen: Detectors) -> dict[str, Any]:
    """The detector of each signal about one principal at one endpoint."""
    replies = behaviour.UnusualReplies(chosen.unusual_replies)
    return {
        "objects": behaviour.ManyObjects(chosen.many_objects),
        "refusals": behaviour.RefusedTargets(chosen.refused_targets),
        "large": replies,
        "slow": replies,
        "repeats": behaviour.RepeatedCalls(chosen.repeated_calls),
        "outside": behaviour.ClosedEndpoint(chosen.closed_endpoint),
        "pace": behaviour.Pace(chosen.pace),
    }


def marks_of(marks: npt.NDArray[np.uint8], least: int) -> dict[int, int]:
    """The marks of the rows that have one of at least this size."""
    rows = np.flatnonzero(marks >= least)
    return dict(zip(rows.tolist(), marks[rows].tolist(), strict=True))


def signatures(case: Case, attack: AttackType) -> Iterable[str]:
    """Signatures of the evidence of a type that is held against an entity."""
    family = case.families.get(attack)
    return () if family is None else family.strongest


def betrayal(
    evidence: Evidence, family: FamilyCase, status: int, *, is_foreign: bool = False
) -> float:
    """How much (nats) evidence speaks against a crawler's name."""
    if evidence.detector == "profile":
        return 0.0  # crawlers ask for what nobody else does
    if evidence.attack_type in CRAWLER_TYPES:
        hurries = evidence.attack_type in HURRIES and evidence.llr >= FOREIGN_HURRY
        return evidence.llr + 1.0 if is_foreign and hurries else 0.0
    if evidence.attack_type is AttackType.PROBING and evidence.llr < FIRM_LLR:
        # a crawler finds odd paths by following links, so those exist
        return 2.0 * family.llr if status == MISSING else 0.0
    return evidence.llr


class Suspect(NamedTuple):
    """An entity that the models find odd at a request.

    Attributes:
        key: The entity.
        evidence: Says why, given the number of the request.
        signature: Tells pieces of evidence apart; the id of the detector when empty.
        llr: How odd, nats, where `brief` is given.
        brief: Evidence without the reasons that take long to work out; used where no alert can
            follow.
    """

    key: EntityKey
    evidence: Callable[[int], Evidence]
    signature: str = ""
    llr: float = 0.0
    brief: Callable[[int], Evidence] | None = None


class Marked(NamedTuple):
    """A request that the screen marked, as far as it is needed to count it without inspection."""

    fields: int
    client: int
    agent: int
    ts: int
    ordinal: int
    endpoint: int
    is_sample: bool


def marked(
    fields: npt.NDArray[np.uint8], events: npt.NDArray[Any], signals: Signals
) -> dict[int, Marked]:
    """The requests that the screen marked, by row."""
    rows = np.flatnonzero(fields)
    some = events[rows]
    columns = (
        fields[rows], some["client"], some["agent"], some["ts"], signals.ordinals["client"][rows],
        some["endpoint"], (some["path"] ^ some["query"]) % CONVICTED_SAMPLING == 0,
    )  # fmt: skip
    requests = map(Marked, *(column.tolist() for column in columns))
    return dict(zip(rows.tolist(), requests, strict=True))


def stated_prices(told: npt.NDArray[Any]) -> dict[int, list[Any]]:
    """What requests state as prices of known products, by row."""
    found: dict[int, list[Any]] = {}
    for price in told:
        found.setdefault(int(price["row"]), []).append(price)
    return found


def holding_signals(told: npt.NDArray[Any]) -> dict[int, HoldingSignal]:
    """What is told of principals that ask for objects of others, by row."""
    return {
        int(item["row"]): HoldingSignal(
            float(item["llr"]), int(item["foreign"]), int(item["unprovenanced"]),
            int(item["refused"]), int(item["ordered"]), int(item["others"]), int(item["ids"]),
            float(item["share"]), int(item["known"]),
        )
        for item in told
    }  # fmt: skip


@cache
def families(raised: int) -> tuple[Family, ...]:
    """The families whose bits are set."""
    return tuple(family for family in Family if raised >> family & 1)


class Raised(NamedTuple):
    """A signal of the keyed state about an actor."""

    kind: int
    raised: int
    login: int
    llr: list[float]
    facts: list[float]


def raised(actors: npt.NDArray[Any]) -> Iterable[tuple[int, Raised]]:
    """Row and content of each signal."""
    columns = (actors[name].tolist() for name in Raised._fields)
    return zip(actors["row"].tolist(), map(Raised, *columns), strict=True)


def count_finding(view: View, case: Case, family: FamilyCase, finding: Finding) -> None:
    """Counts a request with payload evidence and how it was answered."""
    if view.seq != view.last_counted.get(case.key):
        case.requests += 1
        view.last_counted[case.key] = view.seq
    status = view.event["status"]
    if finding.attack_type in PAYLOAD_TYPES and status > 0:
        family.refused += status >= REFUSED
        family.answered += status < REFUSED
    if "payload" not in case.attributes and finding.raw_llr >= FIRM_LLR:
        case.attributes["payload"] = f"{finding.attack_type}|{finding.match[:SIGNATURE_LENGTH]}"
