"""What the learned profile says of requests, and what that is worth."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

SHRINK = 0.9
"""Exponent on the bound: chances from training traffic are a little optimistic."""
LEAST_CHANCE = 1e-12

ORDINARY = 0.1
"""Chance from which on a request is ordinary for its endpoint."""
WELL_KNOWN = 200.0
"""Requests of an endpoint from which on its profile may excuse what looks like an attack."""
WEAK_SHARE, FIRM_SHARE = 0.3, 0.7
"""Share of evidence about content that is left where the endpoint normally gets such content."""


class Unusual(NamedTuple):
    """What a profile says of some requests.

    Attributes:
        surprise: float64, how surprising each is.
        chance: float64, share of ordinary requests that are at least so surprising.
        what: uint64, names what is surprising: equal for requests that are unusual alike.
        known: float64, requests from which the endpoint is known, 0 for a new one.
    """

    surprise: npt.NDArray[np.float64]
    chance: npt.NDArray[np.float64]
    what: npt.NDArray[np.uint64]
    known: npt.NDArray[np.float64]

    def take(self, rows: npt.NDArray[Any]) -> "Unusual":
        """The same of these rows."""
        return Unusual(*(column[rows] for column in self))

    @classmethod
    def joined(cls, parts: Sequence["Unusual"]) -> "Unusual":
        """Several, one after the other."""
        return cls(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def llr_of(chance: float) -> float:
    """Log-likelihood ratio (nats) of a request with this chance among ordinary ones; rises strictly
    as the chance falls below 1/e, 0 above.

    The bound of Vovk and Sellke: the most that a p-value can say for any alternative.

    References: Sellke, Bayarri, Berger, "Calibration of p values for testing precise null
    hypotheses", 2001.

    Example:
        >>> llr_of(0.5), round(llr_of(0.001), 2)
        (0.0, 3.58)
    """
    p = max(chance, LEAST_CHANCE)
    if p >= math.exp(-1.0):
        return 0.0
    return -SHRINK * math.log(-math.e * p * math.log(p))


def forgiven(unusual: Unusual, row: int, *, is_firm: bool) -> float:
    """Factor on evidence about the content of a request.

    A request in which every value looks like those that its parameter normally holds, at an
    endpoint that is well known, is free text rather than an attack.

    Args:
        unusual: What the profile says of the requests.
        row: Which request.
        is_firm: The evidence is an attack by itself anywhere else.
    """
    if unusual.known[row] < WELL_KNOWN or unusual.chance[row] < ORDINARY:
        return 1.0
    return FIRM_SHARE if is_firm else WEAK_SHARE
