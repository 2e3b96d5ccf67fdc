"""Code guessing: one-time codes, coupons and other short secrets tried one after the other."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.detectors.identity.signs import IdentitySign
from apisentinel.records.evidence import Evidence, Factor


class CodeGuessing:
    """One client or session sends different codes that are refused.

    The same code again is one code. People mistype one or two; a sum with forgetting over ten
    minutes, an hour, a day and a week tells the rest, fast or slow.

    Catches: guessing of one-time codes and second factors, of coupons, vouchers and gift cards.
    Misses: endpoints whose path does not say that they take codes; one code per address (see
    `password_spraying`).
    Cost: a few microseconds an attempt.

    References: OWASP OAT-002; CWE-307, CWE-204; ATT&CK T1111; CAPEC-49.
    """

    id = "code_guessing"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, sign: IdentitySign) -> Evidence | None:
        """Evidence about the client or session."""
        if sign.what != "codes" or not self.settings.enabled:
            return None
        factor = Factor("different refused codes in an hour", round(sign.actual, 1), 1.0, "codes")
        return Evidence(self.id, sign.kind, sign.llr * self.settings.weight, (factor,))
