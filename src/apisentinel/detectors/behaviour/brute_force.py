"""Brute force: guessing the password of few accounts."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.signal import ActorSignal, Family
from apisentinel.records.taxonomy import AttackType


class BruteForce:
    """One actor fails to sign in again and again.

    Failures are known from the status, or, where a form always answers 200, from what this endpoint
    answers to successes. Two failures in ten minutes (five in an hour) are free, four for who
    keeps a session or signed in there before; a success makes few failures forgotten.

    Catches: guessing from one address or session, fast or over hours, with or without known user
    names.
    Misses: one guess per address (see `password_spraying`), an endpoint that is not known as a
    login.
    Cost: inside the actor kernel. Alerts at the sixth failure within minutes, at the
    eighth of who may be a person.

    References: OWASP API2:2023; CWE-307; ATT&CK T1110.001.
    """

    id = "brute_force"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, signal: ActorSignal) -> Evidence | None:
        """Evidence when the signal is about failed logins."""
        if signal.family != Family.BRUTE_FORCE or not self.settings.enabled:
            return None
        facts = signal.facts
        factors = [
            Factor("failed logins in ten minutes", round(facts["failed_10m"], 1), 1.0, "attempts")
        ]
        if facts["failed_1h"] > 1.5 * facts["failed_10m"]:
            factors.append(
                Factor("failed logins in an hour", round(facts["failed_1h"], 1), 2.0, "attempts")
            )
        return Evidence(
            self.id,
            AttackType.BRUTE_FORCE,
            signal.llr * self.settings.weight,
            tuple(factors),
            (),
            signal.succeeded or None,
        )
