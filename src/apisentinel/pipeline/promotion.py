"""May a new bundle judge? What it has to prove, first on planted attacks, then as a shadow.

The bars are those of a champion and its challenger: nothing that was found may be lost, and people
may not be told of more. A bundle that learned from poisoned traffic fails the first, one that does
not know the site the second.
"""

from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

RECALL_LOSS = 0.005
"""Share of the planted attacks that a new bundle may miss and the old one did not."""
MORE_ALARMS, SPARE_ALARMS = 1.1, 1
"""Alarms in ordinary traffic: a tenth more, and one more where there are few."""
LEAST_SHADOWED = 5_000
"""Snapshots of entities that both have judged before they can be compared."""
LEAST_RANK = 0.8
"""Spearman's correlation of the two; below it, they see different things, and a person decides."""
RANK_BINS = 25
"""Bins of risk on each side of the table that the correlation is worked out from."""


class Proof(msgspec.Struct, frozen=True):
    """What the self-test said of a bundle.

    Attributes:
        campaigns: Attacks that were planted in the site's own traffic.
        found: Of them.
        alarms: In the traffic as it is.
    """

    campaigns: int
    found: int
    alarms: int


class Decision(NamedTuple):
    """Whether a bundle may go on, and why, in words."""

    may: bool
    why: str


def proved(champion: Proof, challenger: Proof) -> Decision:
    """Compares a new bundle with what judges now on the same planted attacks; pure."""
    why = (
        f"finds {challenger.found} of {challenger.campaigns} planted attacks (before"
        f" {champion.found}), raises {challenger.alarms} alarms (before {champion.alarms})"
    )
    lost = champion.found - challenger.found
    if lost > RECALL_LOSS * champion.campaigns:
        return Decision(may=False, why=f"misses planted attacks: {why}")
    if challenger.alarms > MORE_ALARMS * champion.alarms + SPARE_ALARMS:
        return Decision(may=False, why=f"raises too many alarms: {why}")
    return Decision(may=True, why=why)


def shadowed(joint: npt.NDArray[np.float64], medium: int) -> Decision | None:
    """Compares a shadow with the bundle that judges, on the same traffic; pure.

    Args:
        joint: ``(bins, bins)``: snapshots by risk of the active bundle (rows) and of the shadow.
        medium: First bin of MEDIUM.

    Returns:
        Whether the shadow may judge; None while too little was seen.
    """
    seen = joint.sum()
    if seen < LEAST_SHADOWED:
        return None
    active, shadow = float(joint[medium:].sum()), float(joint[:, medium:].sum())
    rank = spearman(joint)
    why = (
        f"{shadow:,.0f} of {seen:,.0f} snapshots at MEDIUM or above (active: {active:,.0f}), rank"
        f" correlation {rank:.2f}"
    )
    if shadow > MORE_ALARMS * active + SPARE_ALARMS:
        return Decision(may=False, why=f"would raise too many: {why}")
    if rank < LEAST_RANK:
        return Decision(may=False, why=f"sees something else, so a person decides: {why}")
    return Decision(may=True, why=why)


def spearman(joint: npt.NDArray[np.float64]) -> float:
    """Rank correlation of a table of counts, with middle ranks for ties (C. Spearman, 1904).

    Args:
        joint: Counts ``(bins, bins)``.

    Returns:
        -1 to 1; 0 where one side never varies.

    Example:
        >>> spearman(np.eye(3)), spearman(np.eye(3)[::-1])
        (1.0, -1.0)
    """
    rows, columns = joint.sum(1), joint.sum(0)
    one, other = _middle_ranks(rows), _middle_ranks(columns)
    total = joint.sum()
    if not total:
        return 0.0
    one = one - (one * rows).sum() / total
    other = other - (other * columns).sum() / total
    spread = np.sqrt((one**2 * rows).sum() * (other**2 * columns).sum())
    return round(float(one @ joint @ other / spread), 9) if spread > 0 else 0.0


def _middle_ranks(counts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    ranks: npt.NDArray[np.float64] = np.cumsum(counts) - counts / 2
    return ranks
