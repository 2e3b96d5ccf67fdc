"""Expired tokens that are accepted."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.detectors.identity.signs import IdentitySign
from apisentinel.records.evidence import Evidence, Factor


class ExpiredToken:
    """An endpoint that refuses tokens accepts one that expired more than an hour before.

    It is about the endpoint: whoever holds an old token, owner or thief, gets in.

    Catches: APIs that do not look at ``exp``, or not everywhere.
    Misses: tokens that are not logged, or that the way in replaced (`door.redact`); endpoints that
    refused nobody so far, because they may not look at tokens at all.
    Cost: nothing for tokens that are valid.

    References: RFC 7519, section 4.1.4; OWASP API2:2023; CWE-613.
    """

    id = "expired_token"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, sign: IdentitySign) -> Evidence | None:
        """Evidence about the endpoint."""
        if sign.what != "expired" or not self.settings.enabled:
            return None
        factor = Factor("accepted after it expired", round(sign.actual, 1), 0.0, "h")
        return Evidence(self.id, sign.kind, sign.llr * self.settings.weight, (factor,), (), True)
