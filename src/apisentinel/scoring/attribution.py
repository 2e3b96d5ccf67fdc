"""What each piece of evidence adds to the odds of a case, and what would lower them.

Pooling is a weighted sum (a softened ratio, half for the second piece of a type and for the second
type of a group, …), so every piece has an exact share; the shares add up to the log odds above the
prior.
"""

from collections import defaultdict
from collections.abc import Collection

from apisentinel.records.case import Case
from apisentinel.records.evidence import Evidence
from apisentinel.records.taxonomy import AttackType
from apisentinel.scoring.fusion import (
    GROUPS,
    LESSENING,
    pooled_log10_odds,
    risk_of,
    soften,
    type_llr,
)

Piece = tuple[AttackType, str]
"""Attack type and signature of a piece of evidence in a case."""


def attributed(case: Case) -> list[tuple[Piece, Evidence, float]]:
    """Every piece of a case with the nats that it adds to the log odds, most first.

    The sum is the log odds of the case above the prior; pieces that add nothing are left out.
    """
    groups: dict[int, list[tuple[float, AttackType]]] = defaultdict(list)
    for kind, family in case.families.items():
        groups[GROUPS.get(kind, -1)].append((family.llr, kind))
    out = []
    for members in groups.values():
        # as in pooling: the strongest type of a group counts in full
        ranked = sorted(members, key=lambda item: (-item[0], item[1]))
        for (llr, kind), share in zip(ranked, LESSENING, strict=False):
            family = case.families[kind]
            pieces = sorted(
                family.strongest.items(), key=lambda item: (-item[1].llr, item[0])
            )  # fmt: skip
            weights = [
                soften(piece.llr * family.fade) * weight
                for (_, piece), weight in zip(pieces, LESSENING, strict=False)
            ]
            total = sum(weights)
            if total <= 0:
                continue
            for (name, piece), weight in zip(pieces, weights, strict=False):
                out.append(((kind, name), piece, llr * share * weight / total))
    return sorted(
        (item for item in out if item[2] > 0), key=lambda item: (-item[2], item[0])
    )  # fmt: skip


def risk_without(case: Case, removed: Collection[Piece]) -> float:
    """The risk that a case would have without some of its pieces."""
    types = {}
    for kind, family in case.families.items():
        left = [p for name, p in family.strongest.items() if (kind, name) not in removed]
        if left:
            succeeded = any(piece.succeeded for piece in left)
            types[kind] = type_llr([p.llr * family.fade for p in left], succeeded=succeeded)
    return risk_of(pooled_log10_odds(types))


def counterfactual(case: Case, below: float) -> tuple[list[Piece], float]:
    """The fewest of the strongest pieces without which the risk would be below a level.

    Returns:
        The pieces, strongest first, and the risk without them; no pieces when it is below already.
    """
    removed: list[Piece] = []
    risk = risk_without(case, removed)
    if risk < below:
        return removed, risk
    for piece, _, _ in attributed(case):
        alone = risk_without(case, [piece])
        if alone < below:
            return [piece], alone
    while risk >= below:
        left = [p for p, _, _ in attributed(case) if p not in removed]
        if not left:
            break
        # the one whose loss lowers the risk most; the first among equals
        best = min(left, key=lambda piece: risk_without(case, [*removed, piece]))
        removed.append(best)
        risk = risk_without(case, removed)
    return removed, risk
