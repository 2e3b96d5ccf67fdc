"""What each piece of evidence adds to the odds of a case, and what would lower them.

Pooling is a weighted sum (a softened ratio, half for the second piece of a type and for the second
type of a group, …), so every piece has an exact share; the shares add up to the log odds above the
prior.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from apisentinel.records.case import Case, FamilyCase
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


class Without:
    """The risk of a case without some of its pieces; types that lose none are worked out once."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._whole = {kind: _left(family, ()) for kind, family in case.families.items()}
        self._known: dict[tuple[AttackType, tuple[str, ...]], float | None] = {}

    def risk(self, removed: Collection[Piece]) -> float:
        """The risk without these pieces."""
        types = dict(self._whole)
        lost: dict[AttackType, list[str]] = {}
        for kind, name in removed:
            lost.setdefault(kind, []).append(name)
        for kind, names in lost.items():
            key = (kind, tuple(names))
            if key not in self._known:
                self._known[key] = _left(self._case.families[kind], names)
            types[kind] = self._known[key]
        return risk_of(pooled_log10_odds({k: llr for k, llr in types.items() if llr is not None}))


def _left(family: FamilyCase, removed: Collection[str]) -> float | None:
    """What a type says without some of its pieces, None when none is left."""
    left = [piece for name, piece in family.strongest.items() if name not in removed]
    if not left:
        return None
    succeeded = any(piece.succeeded for piece in left)
    return type_llr([piece.llr * family.fade for piece in left], succeeded=succeeded)


def risk_without(case: Case, removed: Collection[Piece]) -> float:
    """The risk that a case would have without some of its pieces."""
    return Without(case).risk(removed)


def counterfactual(
    case: Case, below: float, known: Sequence[tuple[Piece, Evidence, float]] | None = None
) -> tuple[list[Piece], float]:
    """The fewest of the strongest pieces without which the risk would be below a level.

    Args:
        case: The case.
        below: The level.
        known: From `attributed`, where it is at hand.

    Returns:
        The pieces, strongest first, and the risk without them; no pieces when it is below already.
    """
    removed: list[Piece] = []
    without = Without(case)
    risk = without.risk(removed)
    if risk < below:
        return removed, risk
    pieces = [piece for piece, _, _ in (attributed(case) if known is None else known)]
    for piece in _leading(case, pieces):
        alone = without.risk([piece])
        if alone < below:
            return [piece], alone
    while risk >= below:
        left = [piece for piece in pieces if piece not in removed]
        if not left:
            break
        # the one whose loss lowers the risk most; the first among equals
        best = min(_leading(case, left), key=lambda piece: without.risk([*removed, piece]))
        removed.append(best)
        risk = without.risk(removed)
    return removed, risk


def _leading(case: Case, pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Of pieces, strongest first, those that no other of their type outdoes: losing a weaker one
    never lowers the risk more, unless it is the one that tells of success.
    """
    seen: set[AttackType] = set()
    for kind, name in pieces:
        if kind not in seen or case.families[kind].strongest[name].succeeded:
            yield kind, name
        seen.add(kind)
