"""Many objects: far more things of one kind than anybody else asks for."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.signal import EndpointSignal
from apisentinel.records.taxonomy import AttackType


class ManyObjects:
    """Different targets (path, query and body) of one principal at one endpoint within an hour
    against those of the endpoint's other principals: three times their 98 % quantile, more where
    some do many times the work of others, never below 14. Passing it once is a lead; half as much
    again is an alert. Where objects are private, the limit is lower for many different paths, not
    for many searches in a few of one's own.

    With a user and objects it is read as access to objects of others, without a user as scraping,
    without objects as crawling; many different writes are automation. Objects are not known to
    belong to somebody, so the type is the likelier one, not a certain one.

    Catches: walks through ids in any order, copies of catalogues, forms filled by scripts.
    Misses: walks no larger than what busy users do; one walk over many principals.
    Cost: inside the endpoint kernel.

    References: OWASP API1:2023, API6:2023, OAT-011; CWE-639; ATT&CK T1213.
    """

    id = "many_objects"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, signal: EndpointSignal) -> Evidence | None:
        """Evidence about the principal behind unusually many targets."""
        if signal.what != "objects" or not self.settings.enabled:
            return None
        if signal.writes:
            kind = AttackType.AUTOMATION
        elif signal.has_user and signal.has_object:
            kind = AttackType.BOLA
        else:
            kind = AttackType.SCRAPING if signal.has_object else AttackType.CRAWLING
        factor = Factor(
            "different targets at one endpoint in an hour",
            round(signal.actual),
            round(signal.usual) or None,
            "targets",
        )
        return Evidence(self.id, kind, signal.strength * self.settings.weight, (factor,))
