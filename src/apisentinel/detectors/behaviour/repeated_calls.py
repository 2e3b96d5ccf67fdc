"""Repeated calls: the same function over and over, far more often than anybody else."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.detectors.behaviour.floods import is_flood
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.signal import EndpointSignal
from apisentinel.records.taxonomy import AttackType

ONCE = 2.0
"""Calls in an hour up to which a function counts as a step that people take once or twice."""


class RepeatedCalls:
    """Requests of one principal to one endpoint within an hour against those of its other
    principals: four times their 98 % quantile, more where some do many times the work of others,
    never below 12 for methods that change something and 60 for others. Passing it is a lead; half
    as much again is an alert. An old client that asks for a missing path on a timer says nothing.

    Catches: accounts made, codes tried, baskets filled by scripts; one client's share of a flood.
    Misses: repetition spread over many principals; endpoints that programs use as often anyway.
    Cost: inside the endpoint kernel.

    References: OWASP API4:2023, API6:2023; CWE-799; ATT&CK T1499.
    """

    id = "repeated_calls"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, signal: EndpointSignal) -> Evidence | None:
        """Evidence about the principal behind the calls."""
        if signal.what != "repeats" or not self.settings.enabled:
            return None
        kind = AttackType.VOLUME
        if signal.writes and not is_flood(signal):
            once = signal.has_user and 0 < signal.usual <= ONCE
            kind = AttackType.SEQUENCE_ABUSE if once else AttackType.AUTOMATION
        factor = Factor(
            "calls of one endpoint in an hour",
            round(signal.actual),
            round(signal.usual) or None,
            "requests",
        )
        return Evidence(self.id, kind, signal.strength * self.settings.weight, (factor,))
