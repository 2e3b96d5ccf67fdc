"""Evidence from the learned profile."""

import math

from apisentinel.detectors.profile.explain import factors_of
from apisentinel.detectors.profile.profile import Profile, Scorer, Unusual
from apisentinel.records.batch import RequestBatch
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.taxonomy import AttackType

SHRINK = 0.9
"""Exponent on the bound: chances from training traffic are a little optimistic."""
LEAST_CHANCE = 1e-12
EXPLAINED = 1.0
"""Evidence (nats) from which on it is worked out what is unusual."""

ORDINARY = 0.1
"""Chance from which on a request is ordinary for its endpoint."""
WELL_KNOWN = 200.0
"""Requests of an endpoint from which on its profile may excuse what looks like an attack."""
WEAK_SHARE, FIRM_SHARE = 0.3, 0.7
"""Share of evidence about content that is left where the endpoint normally gets such content."""


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

    def llr(self, chance: float) -> float:
        """Evidence in nats of a request with this chance among ordinary ones."""
        return llr_of(chance) * self.settings.weight

    def evidence(
        self, batch: RequestBatch, row: int, chance: float, *, in_full: bool = True
    ) -> Evidence:
        """Evidence from one request; 0 when it is ordinary.

        Args:
            batch: Holds the request.
            row: Which one.
            chance: From `Scorer.score`.
            in_full: Work out what is unusual; costs 100 µs.
        """
        llr = self.llr(chance)
        factors = factors_of(self._scorer, batch, row) if in_full and llr >= EXPLAINED else ()
        if not factors:
            rarity = f"1 in {min(1.0 / chance, 1e9):,.0f} requests"
            factors = (Factor("unusual for this endpoint", rarity),)
        return Evidence(self.id, AttackType.ANOMALY, llr, factors)
