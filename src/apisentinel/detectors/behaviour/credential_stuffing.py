"""Credential stuffing: trying stolen pairs of user and password."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.signal import ActorSignal, Family
from apisentinel.records.taxonomy import AttackType

SPRAY_SHARE = 0.6
"""Passwords per account below which the same few are tried on all."""


class CredentialStuffing:
    """One actor's first try fails on many different accounts.

    A Wald test over the *first* outcome per account (people fail 7 % of first tries, stuffing 90
    %): repeated failures on one account do not count, since people cause them.

    Catches: lists of stolen pairs tried from one address, session or credential.
    Misses: logs without user names (then `brute_force` sees the failures), one try per address (see
    `password_spraying`).
    Cost: inside the actor kernel. Alerts at the fifth account that fails in a row.

    References: Wald, "Sequential analysis", 1947; OWASP API2:2023, OAT-008; ATT&CK T1110.004.
    """

    id = "credential_stuffing"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, signal: ActorSignal) -> Evidence | None:
        """Evidence when the signal is about first failures on many accounts."""
        if signal.family != Family.STUFFING or not self.settings.enabled:
            return None
        facts = signal.facts
        # few passwords over many accounts are a spray; 0 when bodies are unknown
        spray = 0.5 < facts["secrets"] <= SPRAY_SHARE * facts["accounts"]
        return Evidence(
            self.id,
            AttackType.PASSWORD_SPRAYING if spray else AttackType.CREDENTIAL_STUFFING,
            signal.llr * self.settings.weight,
            (
                Factor("accounts tried", round(facts["accounts"]), 1.0, "accounts"),
                Factor(
                    "failed logins in ten minutes", round(facts["failed_10m"], 1), 1.0, "attempts"
                ),
            ),
            (),
            signal.succeeded or None,
        )
