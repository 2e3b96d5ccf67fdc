"""Unusual replies: far more data, or far more work, than this endpoint is asked for."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.signal import EndpointSignal
from apisentinel.records.taxonomy import AttackType


class UnusualReplies:
    """Replies to one principal that are three times as large as 95 % of the endpoint's, or that
    take six times as long, one after the other.

    Catches: lists out of an endpoint that shows one record; huge pages, exports and uploads.
    Misses: endpoints whose usual replies are large; logs without sizes and durations; a leak in
    one single reply.
    Cost: inside the endpoint kernel. Alerts at the fourth reply in a row, at the second when they
    are huge.

    References: OWASP API3:2023, API4:2023; CWE-200, CWE-770; ATT&CK T1030.
    """

    id = "unusual_replies"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, signal: EndpointSignal) -> Evidence | None:
        """Evidence about the principal behind unusual replies."""
        if signal.what not in {"large", "slow"} or not self.settings.enabled:
            return None
        llr = signal.strength * self.settings.weight
        if signal.what == "large":
            factor = Factor(
                "bytes of a reply", round(signal.actual), round(signal.usual) or None, "bytes"
            )
            return Evidence(self.id, AttackType.DATA_EXPOSURE, llr, (factor,))
        factor = Factor(
            "time of a reply", round(signal.actual, 2), round(signal.usual, 2) or None, "s"
        )
        return Evidence(self.id, AttackType.RESOURCE_ABUSE, llr, (factor,))
