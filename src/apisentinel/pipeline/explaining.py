"""Why an entity has its risk, complete: sentence, reasons that add up, matched parts, what would
lower it, how much there is to go by, and where to read on.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from msgspec import structs

from apisentinel.incidents.numbers import number
from apisentinel.incidents.wording import reason
from apisentinel.records.case import Case
from apisentinel.records.evidence import (
    Counterfactual,
    Evidence,
    Explanation,
    Factor,
    Matched,
    Reason,
)
from apisentinel.records.taxonomy import REFERENCES, AttackType
from apisentinel.scoring import PRIOR_LOG10, attributed, case_odds, counterfactual, risk_of

MEDIUM = 40.0
"""Risk of the lowest severity that somebody is told of."""
LN_TEN: Final = 2.302585092994046
BASE_RISK: Final = round(risk_of(PRIOR_LOG10), 1)
"""Risk of an entity of which nothing is known."""
FEW_REQUESTS = 20
"""Requests of an entity at which its behaviour is half known."""
MOST_REASONS, MOST_MATCHED = 8, 5

CERTAIN: Final = frozenset(
    {"payload", "scanner_agent", "privileges", "graphql", "instructions", "token_forgery"}
)
"""Detectors that need no history of the entity to be sure."""

CARDS: Final = {
    "payload": "reference/detectors/payload.html",
    "profile": "reference/detectors/profile.html",
    "data": "reference/detectors/data.html",
    "ensemble": "reference/detectors/behaviour.html#anomaly",
    "sequence": "reference/detectors/behaviour.html#anomaly",
    "peers": "reference/detectors/behaviour.html#anomaly",
}
"""Pages of the documentation about detectors; behaviour has one page with an anchor for each."""

_OWASP: Final = {
    "2023": "https://owasp.org/API-Security/editions/2023/en/0x11-t10/",
    "2021": "https://owasp.org/Top10/2021/",
    "2025": "https://genai.owasp.org/llm-top-10/",
}

_IN_WORDS: Final = (
    ("in ten minutes", "10 min"), ("in five minutes", "5 min"), ("in a minute", "1 min"),
    ("in an hour", "1 h"), ("in a day", "24 h"),
)  # fmt: skip
_WINDOWS: Final = {
    "payload": "this request", "privileges": "this request", "amounts": "this request",
    "graphql": "this request", "instructions": "this request", "exposure": "this reply",
    "totals": "this request",
    "data": "this reply", "profile": "this request", "scanner_agent": "this request",
    "fake_bot": "this client", "foreign_objects": "24 h", "forbidden_functions": "10 min",
    "closed_endpoint": "since it is known",
    "foreign_functions": "since it is known", "data_taking": "1 h",
    "account_takeover": "10 min", "pace": "1 h",
    "many_objects": "1 h", "repeated_calls": "1 h", "refused_targets": "1 h",
    "unusual_replies": "this reply", "endpoint_surge": "30 min", "endpoint_flood": "10 min",
    "scraping": "the walk", "enumeration": "the walk", "crawling": "1 min",
    "automation": "this session", "agent_switching": "this session", "volume": "1 min",
    "resource_abuse": "10 min", "token_abuse": "1 h", "skipped_steps": "this session",
    "password_spraying": "24 h", "brute_force": "10 min", "credential_stuffing": "1 h",
    "account_guessing": "24 h", "account_probing": "24 h", "code_guessing": "1 h",
    "carding": "24 h", "step_flood": "1 h",
    "impossible_travel": "two sign-ins",
    "prompt_flood": "10 min", "parameter_discovery": "24 h", "token_replay": "this token",
    "token_sharing": "this token", "token_forgery": "this token", "expired_token": "this token",
    "access_rate": "10 min",
    "scanning": "1 h", "ensemble": "10 min", "peers": "10 min", "sequence": "this session",
}  # fmt: skip
"""What a detector counts in where the name of the factor does not say it."""
OTHERWISE: Final = "since first seen"


def card_of(detector: str) -> str:
    """Page of the documentation about a detector, below the documentation's own address."""
    return CARDS.get(detector, f"reference/detectors/behaviour.html#{detector}")


def references(types: Iterable[str]) -> list[dict[str, Any]]:
    """What OWASP, CWE, CAPEC and ATT&CK say about attack types, with addresses."""
    out = []
    for name in dict.fromkeys(types):
        known = _REFERENCES.get(name)
        if known is None:
            continue
        out.append(
            {
                "attack_type": name,
                "title": known.title,
                "owasp": {"id": known.owasp, "url": _OWASP.get(known.owasp.partition(":")[2], "")},
                "cwe": [
                    {"id": f"CWE-{n}", "url": f"https://cwe.mitre.org/data/definitions/{n}.html"}
                    for n in known.cwe
                ],
                "capec": [
                    {
                        "id": f"CAPEC-{n}",
                        "url": f"https://capec.mitre.org/data/definitions/{n}.html",
                    }
                    for n in known.capec
                ],
                "attack": [
                    {
                        "id": technique,
                        "url": "https://attack.mitre.org/techniques/"
                        + technique.replace(".", "/")
                        + "/",
                    }
                    for technique in known.attack
                ],
            }
        )
    return out


_REFERENCES: Final = {kind.value: known for kind, known in REFERENCES.items()}


def window_of(detector: str, name: str) -> str:
    """In what a factor was counted.

    Example:
        >>> window_of("brute_force", "failed logins in an hour"), window_of("payload", "SQL")
        ('1 h', 'this request')
    """
    for words, short in _IN_WORDS:
        if words in name:
            return short
    return _WINDOWS.get(detector, OTHERWISE)


def explained(case: Case) -> Explanation:
    """Why a case has the highest risk that it has had."""
    found = attributed(case)
    pieces, weaker = found[:MOST_REASONS], found[MOST_REASONS:]
    risk = max(case.peak, case.risk)
    total = sum(nats for _, _, nats in found)
    above = max(risk - BASE_RISK, 0.0)
    scale = above / total if total > 0 else 0.0
    reasons = tuple(_reason(piece, nats, scale * nats) for _, piece, nats in pieces)
    if weaker:
        reasons += (_together(weaker, scale),)
    told = sum(factor.contribution for item in reasons for factor in item.factors)
    types = list(dict.fromkeys(item.attack_type for item in reasons)) or list(case.families)
    confidence, data = _data(case, reasons)
    succeeded = True if any(item.succeeded for item in reasons) else None
    return Explanation(
        sentence=reason(
            [case], [piece for _, piece, _ in pieces], list(case.endpoints)[:1], succeeded=succeeded
        ),
        risk=round(risk),
        base=BASE_RISK,
        log_odds=round(case_odds(case) * LN_TEN, 3),
        rest=round(round(risk) - BASE_RISK - told, 1),
        reasons=reasons,
        evidence=tuple(_matched(case)),
        counterfactual=_counterfactual(case, pieces, found),
        confidence=confidence,
        data=data,
        references=tuple(references(kind.value for kind in types)),
    )


def _reason(piece: Evidence, nats: float, points: float) -> Reason:
    """A piece of evidence with its share, divided evenly among its factors."""
    listed = piece.factors or (Factor(REFERENCES[piece.attack_type].title, "seen"),)
    each = round(points / len(listed), 1)
    # the first factor is what convinced; rounding is its
    first = round(points - each * (len(listed) - 1), 1)
    factors = tuple(
        structs.replace(
            factor,
            contribution=each if place else first,
            window=factor.window or window_of(piece.detector, factor.name),
            n=factor.n if factor.n is not None or not piece.known else piece.known,
        )
        for place, factor in enumerate(listed)
    )
    return Reason(
        piece.detector, piece.attack_type, card_of(piece.detector), round(nats, 3),
        round(points, 1), factors, piece.seqs, piece.succeeded,
    )  # fmt: skip


def _together(
    weaker: Sequence[tuple[tuple[AttackType, str], Evidence, float]], scale: float
) -> Reason:
    """The pieces that are not told one by one."""
    nats = sum(share for _, _, share in weaker)
    (kind, _), piece, _ = weaker[0]
    factor = Factor(
        "weaker signs", len(weaker), None, "signs", round(scale * nats, 1), OTHERWISE
    )  # fmt: skip
    return Reason(
        piece.detector, kind, card_of(piece.detector), round(nats, 3), round(scale * nats, 1),
        (factor,),
    )  # fmt: skip


def _matched(case: Case) -> Iterable[Matched]:
    """Matched parts of the requests that are kept of a case; where nothing was matched, the
    requests themselves are the evidence.
    """
    for sample in case.samples[:MOST_MATCHED]:
        where = sample.where or "request"
        match = sample.match or f"{sample.method} {sample.url}"
        yield Matched(sample.seq, where, match, sample.decoded)


def _counterfactual(
    case: Case,
    pieces: Sequence[tuple[tuple[AttackType, str], Evidence, float]],
    found: Sequence[tuple[tuple[AttackType, str], Evidence, float]],
) -> Counterfactual:
    """The smallest change that brings the risk below MEDIUM, in words; `pieces` are those of all
    that were `found` that are told one by one.
    """
    removed, risk = counterfactual(case, MEDIUM, found)
    known = {key: piece for key, piece, _ in pieces}
    changes = []
    names = []
    for key in removed:
        piece = known.get(key) or case.families[key[0]].strongest[key[1]]
        first = piece.factors[0] if piece.factors else None
        if first is None:
            names.append(REFERENCES[piece.attack_type].title)
            changes.append(f"without {names[-1].lower()}")
            continue
        names.append(first.name)
        if first.usual is None or isinstance(first.usual, str):
            changes.append(f"without “{first.name}”")
        else:
            usual, actual = number(first.usual), number(first.actual)
            changes.append(f"with {first.name} at {usual} instead of {actual}")
    if not changes:
        text = f"It has faded to {int(risk)} by now."
    else:
        text = f"{' and '.join(changes)} the risk would be {int(risk)}."
        text = text[:1].upper() + text[1:]
    return Counterfactual(tuple(names), int(risk), text)


def _data(case: Case, reasons: Sequence[Reason]) -> tuple[int, str]:
    """How much there is to go by, 0-100, and the same in words."""
    known = max((factor.n or 0 for item in reasons for factor in item.factors), default=0)
    basis = f"; what is usual is known from {known:,} requests" if known else ""
    shared = "; many people share this address, so it is never more than suspicious"
    note = shared if case.shared else ""
    if any(item.detector in CERTAIN for item in reasons):
        return 100, f"one request is enough for this{basis}{note}"
    requests = max(case.ordinal, known if case.key[0] == "endpoint" else 0, 1)
    confidence = round(100 * requests / (requests + FEW_REQUESTS))
    whose = f"{requests:,} request{'s' if requests != 1 else ''} of this {case.key[0]}"
    return confidence, whose + basis + note
