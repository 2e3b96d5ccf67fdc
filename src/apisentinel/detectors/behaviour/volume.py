"""Floods: far more requests than anybody else sends."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.signal import ActorSignal, EndpointSignal, Family
from apisentinel.records.taxonomy import AttackType


class Volume:
    """Requests of one actor in a minute against the busiest normal minutes of the site's clients.

    The limit is four times the 99 % quantile of client minutes, never below 240 requests; assets
    count a tenth.

    Catches: floods and runaway clients from one address.
    Misses: distributed floods whose single sources look normal.
    Cost: inside the actor kernel.

    References: OWASP API4:2023; ATT&CK T1499.
    """

    id = "volume"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, signal: ActorSignal) -> Evidence | None:
        """Evidence when the signal is about requests per minute."""
        if signal.family != Family.VOLUME or not self.settings.enabled:
            return None
        usual = round(signal.facts["usual"]) or None
        return Evidence(
            self.id,
            AttackType.VOLUME,
            signal.llr * self.settings.weight,
            (
                Factor(
                    "requests in a minute", round(signal.facts["requests_1m"]), usual, "requests"
                ),
            ),
        )


class EndpointFlood:
    """One client against one endpoint: its requests of ten minutes against those of all other
    clients there.

    Catches: loops over one expensive call.
    Misses: endpoints that one client uses almost alone from the start.
    Cost: inside the endpoint kernel.
    """

    id = "endpoint_flood"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, signal: EndpointSignal) -> Evidence | None:
        """Evidence about the client behind a flood of one endpoint."""
        if signal.what != "flood" or not self.settings.enabled:
            return None
        factor = Factor(
            "requests to one endpoint in ten minutes",
            round(signal.actual),
            round(signal.usual) or None,
            "requests",
        )
        return Evidence(
            self.id, AttackType.VOLUME, signal.strength * self.settings.weight, (factor,)
        )
