"""Credential stuffing: trying stolen pairs of user and password."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.signal import ActorSignal, Family
from apisentinel.records.taxonomy import AttackType


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
        return Evidence(
            self.id,
            AttackType.CREDENTIAL_STUFFING,
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
