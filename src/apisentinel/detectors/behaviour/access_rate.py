"""Access rate: one principal asks one endpoint more often than anybody ever did."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.taxonomy import AttackType


class AccessRate:
    """Requests of one principal to one endpoint in a window of ten minutes against the endpoint's
    threshold, which is profiled from earlier windows: DBSCAN finds the cluster of normal counts of
    each, and the smallest count above it is the window's value.

    The threshold is a high quantile of these values that moves by a fifth a day at most (the
    trimmed scheme), or their maximum with a one-class SVM as second opinion (the classical one).
    Who was above it does not shape it until calm for three windows.

    Catches: floods and loops far above an endpoint's own habits, whatever those are.
    Misses: the first six hours of an endpoint; windows of fewer than five principals; keys of
    partners, which have limits of their own.
    Cost: 0.3 µs a request, 100 bytes per principal and endpoint of the running window, 8 KiB an
    endpoint.

    References: Ester et al., KDD 1996; Schölkopf et al., 2001; OWASP API4:2023; CWE-799; ATT&CK
    T1499.
    """

    id = "access_rate"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, actual: int, limit: float, llr: float) -> Evidence | None:
        """Evidence about the principal above the threshold."""
        if not self.settings.enabled:
            return None
        factor = Factor("requests to one endpoint in a window", actual, round(limit), "requests")
        return Evidence(self.id, AttackType.VOLUME, llr * self.settings.weight, (factor,))
