"""Crawling: fetching page after page faster than anybody reads."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.signal import ActorSignal, Family
from apisentinel.records.taxonomy import AttackType


class Crawling:
    """Many different pages in a minute, compared with the busiest normal minutes of the site's
    clients.

    Catches: crawlers without delay, mirroring tools.
    Misses: crawlers at a reader's pace; sites whose own clients fetch as many paths.
    Cost: inside the actor kernel. Alerts at about 35 distinct pages a minute on a site with calm
    clients.

    References: OWASP OAT-011; ATT&CK T1594.
    """

    id = "crawling"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, signal: ActorSignal) -> Evidence | None:
        """Evidence when the signal is about distinct pages per minute."""
        if signal.family != Family.CRAWLING or not self.settings.enabled:
            return None
        facts = signal.facts
        usual = round(facts["usual"], 1) or None
        return Evidence(
            self.id,
            AttackType.CRAWLING,
            signal.llr * self.settings.weight,
            (Factor("different pages in a minute", round(facts["fresh_1m"]), usual, "pages"),),
        )
