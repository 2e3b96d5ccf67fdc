"""Parameter discovery: which parameters an endpoint knows beside those that it is sent."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.taxonomy import AttackType

STEP, HIGHEST = 2.0, 7.0
"""Nats for each further request with a list of new names, and the most."""


class ParameterDiscovery:
    """One principal sends an endpoint request after request with many parameters, most of which
    neither it nor others sent there before.

    A sum that rises with each such request and falls with any other request of many parameters, so
    that a form with many fields, which always has the same names, says nothing. Numbers in names do
    not tell them apart.

    Catches: word lists of parameter names in queries, from the fourth request on, from the third
    when they are long; by clients of which nothing else is known, too.
    Misses: fewer than eight names at a time; names in bodies.
    Cost: 1 ns a byte of long queries; a few microseconds for one with eight parameters or more.

    References: OWASP API8:2023, WSTG-INFO-06; CWE-1059; CAPEC-169; ATT&CK T1595.003.
    """

    id = "parameter_discovery"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, names: int, level: float) -> Evidence | None:
        """Evidence about a principal.

        Args:
            names: Different names that it tried at the endpoint.
            level: The sum; the first request is free.
        """
        llr = min(STEP * (level - 1.0), HIGHEST)
        if llr <= 0 or not self.settings.enabled:
            return None
        factor = Factor(
            "parameter names tried at one endpoint", names, None, "names", window="24 h"
        )
        return Evidence(self.id, AttackType.SCANNING, llr * self.settings.weight, (factor,))
