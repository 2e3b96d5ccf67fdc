"""Endpoint surge: a flood or a scraper split over many sources."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.signal import EndpointSignal
from apisentinel.records.taxonomy import AttackType

MOSTLY_MISSED = 0.5
"""Share of refusals from which on a walk through ids guesses which of them exist."""


def _of_objects(signal: EndpointSignal, missed: float) -> AttackType:
    """What it is called when many clients share a walk: guessing when most is missing, reading what
    belongs to others when they are signed in, scraping of what is open to all.
    """
    if missed >= MOSTLY_MISSED:
        return AttackType.ENUMERATION
    return AttackType.BOLA if signal.has_user else AttackType.SCRAPING


class EndpointSurge:
    """An endpoint gets far more requests in five minutes than usual, and each client sends far more
    than clients usually do; or far more of its objects than usual were never asked for; or its
    objects are asked for in the order of their ids, whoever asks.

    A crowd after a newsletter brings clients that each do the usual: no surge. Replies that fail or
    are refused for their number, crawlers and keys of partners do not count.

    Catches: floods over many addresses, catalogues read over many addresses.
    Misses: floods of one request a client; catalogues so small that everything is known.
    Crowds: people are counted by who is signed in, so an office behind one address is a crowd.
    Cost: inside the endpoint kernel; 120 bytes an endpoint.

    References: OWASP API4:2023; CWE-799; ATT&CK T1498, T1119; Jung, Krishnamurthy and Rabinovich,
    "Flash crowds and denial of service attacks", 2002.
    """

    id = "endpoint_surge"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, signal: EndpointSignal) -> Evidence | None:
        """Evidence about the endpoint."""
        if signal.what not in {"surge", "novelty", "walk"} or not self.settings.enabled:
            return None
        llr = signal.strength * self.settings.weight
        actual, usual = round(signal.actual), round(signal.usual, 1)
        if signal.what == "novelty":
            factor = Factor("objects that nobody asked for before", actual, usual, "objects")
            return Evidence(self.id, _of_objects(signal, missed=0.0), llr, (factor,))
        if signal.what == "walk":
            share = round(signal.usual, 2)
            factor = Factor("objects in order over many clients", actual, share, "requests")
            return Evidence(self.id, _of_objects(signal, missed=signal.sources), llr, (factor,))
        factors = (
            Factor("requests to one endpoint in five minutes", actual, usual, "requests"),
            Factor("clients behind them", round(signal.sources), None, "clients"),
        )
        return Evidence(self.id, AttackType.VOLUME, llr, factors)
