"""Scraping: reading a collection object by object."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.signal import ActorSignal, Family
from apisentinel.records.taxonomy import AttackType


class Scraping:
    """Identifiers or pages in steady steps that mostly exist.

    Catches: loops over product, user or page numbers on one endpoint, whatever their speed within
    hours.
    Misses: scrapers that follow links in a random order, or spread one walk over many addresses.
    Cost: inside the actor kernel. Alerts after about fifteen steps.

    References: OWASP OAT-011; ATT&CK T1119, T1213.
    """

    id = "scraping"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, signal: ActorSignal) -> Evidence | None:
        """Evidence when the signal is about a walk that mostly hits."""
        if signal.family != Family.SCRAPING or not self.settings.enabled:
            return None
        facts = signal.facts
        return Evidence(
            self.id,
            AttackType.SCRAPING,
            signal.llr * self.settings.weight,
            (
                Factor("objects read in steady steps", round(facts["walk"]), 2.0, "requests"),
                Factor("different objects", round(facts["objects"]), None, "objects"),
                Factor("requests in ten minutes", round(facts["requests_10m"]), None, "requests"),
            ),
        )
