"""Pace: calls faster than hands."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.detectors.behaviour.floods import is_flood
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.signal import EndpointSignal
from apisentinel.records.taxonomy import AttackType

FLOOD = 120.0
"""Fast calls in a row from which on the same again is called a flood."""


class Pace:
    """One principal calls one endpoint again and again, each time sooner than 98 % of the others
    call it twice.

    Where a page sends calls in bursts by itself, gaps are short for everybody, so nothing is too
    fast there. Programs with a key of their own and without a user are not measured.

    Catches: scripts that register, order, try codes, read objects or flood within seconds.
    Misses: scripts that wait as people do; keys of partners.
    Cost: inside the endpoint kernel. Alerts at the tenth fast call in a row.

    References: OWASP API6:2023; CWE-799; OAT-019, OAT-011.
    """

    id = "pace"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, signal: EndpointSignal) -> Evidence | None:
        """Evidence about the principal behind the calls."""
        if signal.what != "pace" or not self.settings.enabled:
            return None
        kind = AttackType.AUTOMATION
        is_new = signal.secrets > 0
        if signal.writes:
            if is_flood(signal):
                kind = AttackType.VOLUME
        elif signal.has_object and is_new:
            kind = AttackType.SCRAPING
        elif signal.actual >= FLOOD:
            kind = AttackType.VOLUME
        factors = (
            Factor("calls in a row faster than those of others", round(signal.actual), 0.0,
                   "requests"),
            Factor("pause between requests", f"below {round(signal.usual)} ms",
                   "longer for 98 % of the others"),
        )  # fmt: skip
        return Evidence(self.id, kind, signal.strength * self.settings.weight, factors)
