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
    LESSENING,
    group_of,
    lessened,
    log10_odds_of,
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
        groups[group_of(kind)].append((family.llr, kind))
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
    """A case that loses one piece after the other."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._groups: dict[int, dict[AttackType, float]] = {}
        for kind, family in case.families.items():
            llr = _left(family, ())
            if llr is not None:
                self._groups.setdefault(group_of(kind), {})[kind] = llr
        self._pooled = {group: lessened(llrs.values()) for group, llrs in self._groups.items()}
        self._lost: dict[AttackType, list[str]] = {}
        self._losses: dict[Piece, float] = {}

    @property
    def risk(self) -> float:
        """The risk of what is left."""
        return risk_of(log10_odds_of(self._pooled.values()))

    def loss(self, piece: Piece) -> float:
        """By how many nats the log odds would fall without one more piece."""
        known = self._losses.get(piece)
        if known is None:
            group = group_of(piece[0])
            left = self._less(piece)
            llrs = [llr for kind, llr in self._groups[group].items() if kind != piece[0]]
            now = lessened(llrs if left is None else [*llrs, left])
            known = self._losses[piece] = self._pooled[group] - now
        return known

    def lose(self, piece: Piece) -> None:
        """Takes a piece away."""
        kind = piece[0]
        group = group_of(kind)
        left, llrs = self._less(piece), self._groups[group]
        if left is None:
            del llrs[kind]
        else:
            llrs[kind] = left
        self._pooled[group] = lessened(llrs.values())
        self._lost.setdefault(kind, []).append(piece[1])
        self._losses = {k: loss for k, loss in self._losses.items() if group_of(k[0]) != group}

    def _less(self, piece: Piece) -> float | None:
        """What a type says without one more of its pieces."""
        kind, name = piece
        return _left(self._case.families[kind], [*self._lost.get(kind, ()), name])


def _left(family: FamilyCase, removed: Collection[str]) -> float | None:
    """What a type says without some of its pieces, None when none is left."""
    left = [piece for name, piece in family.strongest.items() if name not in removed]
    if not left:
        return None
    succeeded = any(piece.succeeded for piece in left)
    return type_llr([piece.llr * family.fade for piece in left], succeeded=succeeded)


def risk_without(case: Case, removed: Collection[Piece]) -> float:
    """The risk that a case would have without some of its pieces."""
    without = Without(case)
    for piece in removed:
        without.lose(piece)
    return without.risk


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
    risk = without.risk
    pieces = [piece for piece, _, _ in (attributed(case) if known is None else known)]
    while risk >= below and pieces:
        # the one whose loss lowers the risk most; the first among equals
        best = max(_leading(case, pieces), key=without.loss)
        without.lose(best)
        removed.append(best)
        pieces.remove(best)
        risk = without.risk
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
