"""Scanning: guessing what exists."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.signal import ActorSignal, Family
from apisentinel.records.taxonomy import AttackType


class Scanning:
    """An actor asks for many different paths that do not exist.

    A sequential test over *new* paths: a miss speaks for a scanner, a hit against it, the same
    broken link asked again says nothing. How much a miss says falls with the share of misses that
    all clients of the site cause.

    Catches: directory brute force, vulnerability scanners, 404 walks at any speed within hours.
    Misses: a scanner that only asks for paths that exist, or one path per address.
    Cost: inside the actor kernel. Alerts after about nine distinct misses in a row.

    References: Wald, "Sequential analysis", 1947; Jung et al., "Fast portscan detection using
    sequential hypothesis testing", IEEE S&P 2004; ATT&CK T1595.003.
    """

    id = "scanning"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, signal: ActorSignal) -> Evidence | None:
        """Evidence when the signal is about paths that do not exist."""
        if signal.family != Family.SCANNING or not self.settings.enabled:
            return None
        facts = signal.facts
        return Evidence(
            self.id,
            AttackType.SCANNING,
            signal.llr * self.settings.weight,
            (
                Factor("missing paths in an hour", round(facts["missed_1h"], 1), 1.0, "requests"),
                Factor("different endpoints", round(facts["endpoints"]), None),
            ),
        )
