"""Refused targets: guessing what exists, what is allowed, what is accepted."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.signal import EndpointSignal
from apisentinel.records.taxonomy import AttackType


class RefusedTargets:
    """One principal asks one endpoint for one new target after the other, and most are refused.

    Only targets that were not asked for before count, so retries, expired tokens and loops of
    broken clients say nothing; where refusals are usual they count less. What is refused as missing
    or forbidden is enumeration, or access to objects of others when a user asks for objects; what
    is invalid is tampering with parameters; what conflicts is abuse of a flow.

    Catches: guessing of codes, accounts and ids in any order; forged values that are refused.
    Misses: endpoints that answer the same to everything; one guess per principal.
    Cost: inside the endpoint kernel. Alerts at about six refusals in a row.

    References: Wald, "Sequential analysis", 1947; OWASP API1:2023; CWE-204; CAPEC-575.
    """

    id = "refused_targets"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, signal: EndpointSignal) -> Evidence | None:
        """Evidence about the principal behind refused targets."""
        if signal.what != "refusals" or not self.settings.enabled:
            return None
        if signal.sources >= 0.5 * signal.actual:
            is_object = signal.has_user and signal.has_object and not signal.writes
            kind = AttackType.BOLA if is_object else AttackType.ENUMERATION
        elif not signal.has_user:
            kind = AttackType.ENUMERATION
        elif signal.accounts >= 0.5 * signal.actual:
            kind = AttackType.PARAMETER_TAMPERING
        else:
            kind = AttackType.SEQUENCE_ABUSE
        factor = Factor(
            "new targets refused in an hour",
            round(signal.actual),
            round(signal.usual, 1),
            "targets",
        )
        return Evidence(self.id, kind, signal.strength * self.settings.weight, (factor,))
