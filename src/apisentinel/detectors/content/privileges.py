"""Mass assignment: fields that the caller should not set."""

import math

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.taxonomy import AttackType

FEWEST_REQUESTS = 30
"""Requests that an endpoint must have had before what is missing in them says something."""
HIGHEST, UNKNOWN, ALWAYS = 6.0, 2.5, 6.0
"""Most that one field says, what it says at an unknown endpoint, and for names that reach into the
language of the server.
"""
TRIED_LLR, MOST_TRIED = 0.8, 3
"""For each further field of this kind that the same principal tried here, and the most of them."""
WEAK_SHARE = 0.75
WEAK = frozenset(
    ("status", "plan", "tier", "subscription", "group", "groups", "owner", "discount", "credit",
     "staff", "locked", "isactive", "debug", "internal", "verified", "approved", "scopes")
)  # fmt: skip
"""Names that forms have now and then: a new version may bring them."""
ENGINE = frozenset(("proto", "constructor", "prototype"))


class Privileges:
    """A body names a field that gives rights or money, and that nobody else sends to this endpoint.

    The ratio grows with the requests that came without the field. What three others sent while the
    endpoint was new, or twelve later, is part of the form.

    Catches: ``role``, ``is_admin``, ``balance``, ``__proto__`` and the like in the bodies of
    registrations, profiles and orders, accepted or not.
    Misses: fields with names of their own; endpoints where honest forms have the field.
    Cost: 20 µs for a body that names such a field, nothing for others.

    References: OWASP API3:2023; CWE-915; CAPEC-77.
    """

    id = "privileges"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(
        self, name: str, where: str, requests: int, others: int, tried: int = 1
    ) -> Evidence | None:
        """Evidence about one field.

        Args:
            name: The field in small letters without separators.
            where: Its place in the body.
            requests: Requests that the endpoint has had.
            others: Principals that sent the field before.
            tried: Different fields of this kind that this principal sent here.
        """
        if not self.settings.enabled:
            return None
        if name in ENGINE:
            llr = ALWAYS
        elif requests < FEWEST_REQUESTS:
            llr = UNKNOWN
        else:
            llr = min(HIGHEST, math.log(0.5 * (requests + 2) / (1 + 8 * others)))
        # a form has its fields once and for all; who tries one after the other is looking
        llr = min(HIGHEST, llr + TRIED_LLR * min(tried - 1, MOST_TRIED))
        llr *= self.settings.weight * (WEAK_SHARE if name in WEAK else 1.0)
        if llr < 1.0:
            return None
        factors = [
            Factor("field that no form of this endpoint has", where[:80], None),
            Factor("requests without it", requests, None, "requests"),
        ]
        if tried > 1:
            factors.append(Factor("such fields tried", tried, 0, "fields"))
        return Evidence(self.id, AttackType.MASS_ASSIGNMENT, llr, tuple(factors))
