"""Pools log-likelihood ratios into odds and odds into a risk.

Pieces of evidence about one thing are not independent, so they count less and less: within an
attack type the second piece counts half and the third a quarter, and so do the types within one
group (injection, authentication, and so on). Groups are added. Every single piece is softly capped
at odds of 1000 : 1, a type at 10,000 : 1.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from apisentinel.records.case import Case, FamilyCase
from apisentinel.records.taxonomy import AttackType as T

PRIOR_LOG10 = -3.0
"""Log10 odds that an entity attacks, before any evidence."""

KNEE, PIECE_CAP = 5.0, math.log(1_000)
"""A piece of evidence counts in full up to the knee and never more than the cap (nats)."""
TYPE_CAP = math.log(10_000)
SUCCESS_BONUS = math.log(10)
"""What a confirmed success adds."""

BAND_WIDTH = 12.5
"""Points of risk per decade of odds: even odds are 50, 1 : 1000 is 12.5, 100 : 1 is 75."""
SOFT_LOW, SOFT_HIGH = 10.0, 90.0
"""Between these the risk is linear in the log odds; outside it approaches 0 and 100 and never
reaches them.
"""

_INJECTION, _AUTH, _BOTS, _RECON, _LOAD, _OTHER = range(6)
GROUPS: dict[T, int] = {
    **dict.fromkeys(list(T)[: list(T).index(T.PROTOCOL) + 1], _INJECTION),
    T.BRUTE_FORCE: _AUTH, T.CREDENTIAL_STUFFING: _AUTH, T.PASSWORD_SPRAYING: _AUTH,
    T.ACCOUNT_TAKEOVER: _AUTH,
    T.TOKEN_ABUSE: _AUTH, T.ENUMERATION: _BOTS, T.SCRAPING: _BOTS, T.CRAWLING: _BOTS,
    T.AUTOMATION: _BOTS, T.SEQUENCE_ABUSE: _BOTS,
    T.FAKE_BOT: _BOTS, T.SCANNING: _RECON, T.PROBING: _RECON, T.VOLUME: _LOAD,
    T.RESOURCE_ABUSE: _LOAD,
}  # fmt: skip
"""Attack types that one cause tends to raise together."""

LN_TEN = math.log(10)

LESSENING = (1.0, 0.5, 0.25, 0.125)


def soften(llr: float, *, knee: float = KNEE, cap: float = PIECE_CAP) -> float:
    """Soft cap: identity up to the knee, then strictly rising towards the cap.

    Example:
        >>> soften(3.0), round(soften(8.0), 2), round(soften(100.0), 2)
        (3.0, 6.51, 6.91)
    """
    if llr <= knee:
        return max(llr, 0.0)
    room = cap - knee
    return knee + room * (1.0 - math.exp(-(llr - knee) / room))


def lessened(values: Iterable[float]) -> float:
    """Sum of values, strongest first, each counting half of the one before; at most four count."""
    total = 0.0  # a loop: `sum` rounds differently from Python 3.12 on
    for value, weight in zip(sorted(values, reverse=True), LESSENING, strict=False):
        total += value * weight
    return total


def type_llr(pieces: Iterable[float], *, succeeded: bool = False) -> float:
    """Log-likelihood ratio of one attack type from its pieces of evidence."""
    softened = [soften(piece) for piece in pieces]
    sum_ = softened[0] if len(softened) == 1 else lessened(softened)
    total = soften(sum_, knee=PIECE_CAP, cap=TYPE_CAP)
    return total + SUCCESS_BONUS if succeeded and total > 0 else total


def pooled_log10_odds(types: Mapping[T, float], prior: float = PRIOR_LOG10) -> float:
    """Log10 odds from the log-likelihood ratio of each attack type."""
    groups: dict[int, list[float]] = {}
    for kind, llr in types.items():
        groups.setdefault(group_of(kind), []).append(llr)
    return log10_odds_of([lessened(values) for values in groups.values()], prior)


def group_of(kind: T) -> int:
    """Which types a type is lessened together with."""
    return GROUPS.get(kind, _OTHER)


def log10_odds_of(pooled: Iterable[float], prior: float = PRIOR_LOG10) -> float:
    """Log10 odds from what each group of attack types says when it is pooled, nats."""
    return prior + sum(pooled) / LN_TEN


def pooled_log10_odds_of_many(
    llrs: npt.NDArray[np.float64], kinds: Sequence[T], prior: float = PRIOR_LOG10
) -> npt.NDArray[np.float64]:
    """`pooled_log10_odds` of many entities at once, to the last bit.

    Args:
        llrs: ``(n, len(kinds))``, log-likelihood ratio of each attack type, 0 where it is unknown.
        kinds: The attack types, each once.
        prior: Log10 odds before any evidence.

    Returns:
        Log10 odds, ``(n,)``.
    """
    groups: dict[int, list[int]] = {}
    for column, kind in enumerate(kinds):
        groups.setdefault(group_of(kind), []).append(column)
    pooled = np.zeros(len(llrs))
    for columns in groups.values():
        ranked = -np.sort(-llrs[:, columns], axis=1)
        total = np.zeros(len(llrs))
        for place in range(min(len(columns), len(LESSENING))):
            total += ranked[:, place] * LESSENING[place]
        pooled += total
    return prior + pooled / LN_TEN


def risk_of(log10_odds: float) -> float:
    """Risk between 0 and 100, strictly rising in the odds.

    Example:
        >>> [round(risk_of(x), 1) for x in (-6, -3, 0, 2, 6)]
        [0.3, 12.5, 50.0, 75.0, 99.7]
    """
    linear = 50.0 + BAND_WIDTH * log10_odds
    if linear > SOFT_HIGH:
        return 100.0 - (100.0 - SOFT_HIGH) * math.exp(-(linear - SOFT_HIGH) / (100.0 - SOFT_HIGH))
    if linear < SOFT_LOW:
        return SOFT_LOW * math.exp((linear - SOFT_LOW) / SOFT_LOW)
    return linear


def score_of(risk: float) -> float:
    """The risk as a number between 0 and 1, with all its digits."""
    return risk / 100.0


def family_llr(family: FamilyCase) -> float:
    """Log-likelihood ratio of one attack type of a case."""
    pieces = family.strongest.values()
    if len(pieces) == 1:
        # what pooling one piece comes to
        (piece,) = pieces
        llr = soften(soften(piece.llr * family.fade), knee=PIECE_CAP, cap=TYPE_CAP)
        return llr + SUCCESS_BONUS if piece.succeeded and llr > 0 else llr
    succeeded = any(piece.succeeded for piece in pieces)
    return type_llr([piece.llr * family.fade for piece in pieces], succeeded=succeeded)


def case_odds(case: Case) -> float:
    """Log10 odds of a case from all its evidence."""
    if len(case.families) == 1:
        # what pooling one type comes to
        (family,) = case.families.values()
        return PRIOR_LOG10 + family.llr / LN_TEN
    return pooled_log10_odds({kind: family.llr for kind, family in case.families.items()})
