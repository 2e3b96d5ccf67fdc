"""Data exposure: replies that say more than this endpoint usually does."""

import math

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.taxonomy import AttackType

LEAST_MAILS, TIMES = 5, 3
"""Addresses in a reply that are never many, and the times of the usual."""
FEWEST_REQUESTS = 30
HIGHEST, SECRETS_LLR = 5.4, 5.4


class Exposure:
    """A reply holds hashes of passwords, or many more mail addresses than replies of this endpoint
    hold for others.

    Catches: lists of people out of an endpoint about one, accounts with their secrets.
    Misses: replies that the source does not record; data without addresses (see `unusual_replies`).
    Cost: a look at each recorded reply, 1 ns a byte.

    References: OWASP API3:2023; CWE-213, CWE-200.
    """

    id = "exposure"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def secrets(self) -> Evidence | None:
        """Evidence from a reply with hashes of passwords."""
        if not self.settings.enabled:
            return None
        factor = Factor("reply with hashes of passwords", "yes", "never")
        return self._made(SECRETS_LLR, factor)

    def mails(self, count: int, usual: int, requests: int) -> Evidence | None:
        """Evidence from the mail addresses of a reply.

        Args:
            count: Addresses in it.
            usual: The most that others got here.
            requests: Requests that the endpoint has had.
        """
        if not self.settings.enabled or requests < FEWEST_REQUESTS:
            return None
        if count < max(LEAST_MAILS, TIMES * usual):
            return None
        factor = Factor("mail addresses in a reply", count, usual, "addresses")
        return self._made(min(HIGHEST, math.log(0.4 * requests)), factor)

    def _made(self, llr: float, factor: Factor) -> Evidence:
        return Evidence(self.id, AttackType.DATA_EXPOSURE, llr * self.settings.weight, (factor,))
