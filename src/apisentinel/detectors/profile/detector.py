"""Evidence from the learned profile."""

import numpy as np
import numpy.typing as npt

from apisentinel.detectors.profile.explain import factors_of
from apisentinel.detectors.profile.profile import Details, Profile, Scorer
from apisentinel.detectors.profile.unusual import llr_of
from apisentinel.records.batch import RequestBatch
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.taxonomy import AttackType

EXPLAINED = 1.0
"""Evidence (nats) from which on it is worked out what is unusual."""


class ProfileDetector:
    """Finds requests that do not look like those that an API normally gets.

    Catches: attacks of families that nobody has written a rule for, changed parameters, values
    outside of what a parameter holds. Misses: attacks that consist of ordinary values, and
    parameters that hold anything.
    Cost: a few µs for each request, all of them in the kernels.

    References: Kruegel and Vigna, "Anomaly detection of web-based attacks", CCS 2003; Good, "The
    population frequencies of species", 1953.
    """

    id = "profile"

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.settings = profile.settings
        self._scorer = Scorer(profile)

    def llr(self, chance: float) -> float:
        """Evidence in nats of a request with this chance among ordinary ones."""
        return llr_of(chance) * self.settings.weight

    def details(self, batch: RequestBatch, rows: npt.NDArray[np.int64]) -> Details:
        """For `evidence` about several requests of a batch."""
        return Details(self._scorer, batch, rows)

    def evidence(
        self,
        batch: RequestBatch,
        row: int,
        chance: float,
        *,
        in_full: bool = True,
        details: Details | None = None,
    ) -> Evidence:
        """Evidence from one request; 0 when it is ordinary.

        Args:
            batch: Holds the request.
            row: Which one.
            chance: From `Scorer.score`.
            in_full: Work out what is unusual; costs 100 µs, 40 µs with `details`.
            details: Of several requests, this one among them.
        """
        llr = self.llr(chance)
        factors: tuple[Factor, ...] = ()
        if in_full and llr >= EXPLAINED:
            known = details or self.details(batch, np.array([row], np.int64))
            factors = factors_of(known, batch, row)
        if not factors:
            rarity = f"1 in {min(1.0 / chance, 1e9):,.0f} requests"
            factors = (Factor("unusual for this endpoint", rarity),)
        return Evidence(self.id, AttackType.ANOMALY, llr, factors)
