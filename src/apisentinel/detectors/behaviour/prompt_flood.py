"""Prompt flood: a second factor that is asked for until somebody gives in."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.detectors.identity.signs import IdentitySign
from apisentinel.records.evidence import Evidence, Factor


class PromptFlood:
    """Prompts on a phone are sent for one account again and again within minutes.

    Whoever does that knows the password already, so the evidence is about the account and its
    takeover.

    Catches: MFA fatigue, from one address or several.
    Misses: endpoints whose path does not name a push or prompt beside a second factor.
    Cost: a few microseconds a prompt. Alerts at the fifth.

    References: ATT&CK T1621; CWE-308; CISA, "Implementing phishing-resistant MFA", 2022.
    """

    id = "prompt_flood"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, sign: IdentitySign) -> Evidence | None:
        """Evidence about the account."""
        if sign.what != "prompts" or not self.settings.enabled:
            return None
        factor = Factor("prompts within ten minutes", round(sign.actual, 1), 1.0, "prompts")
        return Evidence(self.id, sign.kind, sign.llr * self.settings.weight, (factor,))
