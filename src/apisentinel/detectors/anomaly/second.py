"""Two ensembles of one mind: one learned from one's own traffic, and the one of the product.

Models that have seen one site alone take for odd what that site has not done before: the first
outage, the first sale. Those of the product have seen such days, and know nothing of the site.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Odds = npt.NDArray[np.float64]

SECOND = 1.825
"""Decades from which on the models of the product second a bundle: odds of 67 : 1, from which on
they would tell it themselves. One of 10,000 honest entities reaches them, so a bundle that was
taught wrongly adds no more than that.
"""
SUPPORT = 1.85
"""Decades that are left to a bundle without a second: just enough to be told."""
SUPPORT_LLR = 3.9
"""Nats that it then says: below a lead, so it supports and never alerts."""


class Together(NamedTuple):
    """What two ensembles say of some ticks, every array ``(n,)``.

    Attributes:
        log10_odds: The higher odds; those of a bundle without a second are cut to `SUPPORT`.
        by_product: True where the models of the product say more than the bundle.
        alone: True where the bundle says more than it may without a second.
    """

    log10_odds: Odds
    by_product: npt.NDArray[np.bool_]
    alone: npt.NDArray[np.bool_]


def together(own: Odds, product: Odds, nothing: float) -> Together:
    """What a bundle and the models of the product say.

    Args:
        own, product: log10 odds of an attack, ``(n,)``.
        nothing: log10 odds that say nothing.

    Example:
        >>> said = together(np.array([0.0, 0.0, -3.0]), np.array([-3.0, -1.0, -0.5]), -3.0)
        >>> said.log10_odds.tolist(), said.alone.tolist()
        ([-1.15, 0.0, -0.5], [True, False, False])
    """
    alone = (product < nothing + SECOND) & (own > nothing + SUPPORT)
    cut = np.where(alone, nothing + SUPPORT, own)
    return Together(np.maximum(cut, product), product > cut, alone)
