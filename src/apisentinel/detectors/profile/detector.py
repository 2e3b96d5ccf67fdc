"""Evidence from the learned profile."""

import math

from apisentinel.detectors.profile.profile import Profile, Scorer
from apisentinel.records.batch import RequestBatch
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.taxonomy import AttackType

SHRINK = 0.9
"""Exponent on the bound: chances from training traffic are a little optimistic."""
LEAST_CHANCE = 1e-12


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


class ProfileDetector:
    """Finds requests that do not look like those that an API normally gets.

    Catches: attacks of families that nobody has written a rule for, changed parameters, values
    outside of what a parameter holds. Misses: attacks that consist of ordinary values, and
    parameters that hold anything.
    Cost: a few µs for each request, all of them in the kernels.
    """

    id = "profile"

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.settings = profile.settings
        self._scorer = Scorer(profile)

    def evidence(self, batch: RequestBatch, row: int, chance: float) -> Evidence | None:
        """Evidence from one request, None when it is ordinary.

        Args:
            batch: Holds the request.
            row: Which one.
            chance: From `Scorer.score`.
        """
        llr = llr_of(chance) * self.settings.weight
        if llr <= 0.0:
            return None
        factor = Factor("unusual for this endpoint", f"1 in {min(1.0 / chance, 1e9):,.0f} requests")
        return Evidence(self.id, AttackType.ANOMALY, llr, (factor,))
