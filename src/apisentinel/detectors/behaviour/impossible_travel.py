"""Impossible travel: one user at two places at once."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.detectors.identity.travel import MOST_KMH, Journey
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.origin import Origin
from apisentinel.records.taxonomy import AttackType


class ImpossibleTravel:
    """A user comes from two places that are too far apart for the time between: more than 500 km
    beyond what the database may be wrong by, faster than 1,000 km/h.

    Needs a database (`enrichment.geo.country`). Data centres, tunnels, relays and carriers at
    either end say nothing, nor do the first visits of a user, two places of one operator, a country
    that the user has come from before, and users with four countries. With a program that the user
    has used before it is a hint, with a new one an alert.

    Catches: stolen passwords and sessions used from another part of the world.
    Misses: thieves near their victim, behind a proxy near it, or in a data centre.
    Cost: a lookup of 50 µs at the beginning of a session; nothing without a database.

    References: Freeman et al., "Who are you?", NDSS 2016; OWASP API2:2023; ATT&CK T1078.
    """

    id = "impossible_travel"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, journey: Journey) -> Evidence | None:
        """Evidence about the user."""
        if not self.settings.enabled:
            return None
        program = "known" if journey.is_known_program else "never seen of this user"
        return Evidence(
            self.id,
            AttackType.ACCOUNT_TAKEOVER,
            journey.llr * self.settings.weight,
            (
                Factor(
                    "speed between two sign-ins", round(min(journey.kmh, 99_999.0)), MOST_KMH,
                    "km/h",
                ),
                Factor("distance between them", round(journey.km), 500.0, "km"),
                Factor("comes from", place_of(journey.now), place_of(journey.before)),
                Factor("program", program, "known"),
            ),
        )  # fmt: skip


def place_of(origin: Origin) -> str:
    """Country and operator in words.

    Example:
        >>> place_of(Origin(3320, "Deutsche Telekom AG", "DE"))
        'DE, AS3320 Deutsche Telekom AG'
    """
    operator = f"AS{origin.asn} {origin.operator}".strip() if origin.asn else origin.operator
    return ", ".join(part for part in (origin.country, operator) if part) or "unknown"
