"""Password spraying: few tries per source and account, many sources or accounts."""

import math

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.signal import EndpointSignal
from apisentinel.records.taxonomy import AttackType

FEWEST_SOURCES = 8
"""Below so many failing sources the sources themselves are judged one by one."""

FEW_ACCOUNTS, FEW_SECRETS = 4, 6
"""Up to so many accounts and passwords are few."""


def _kind(accounts: float, secrets: float) -> AttackType:
    """Few accounts: guessing. Many accounts with few passwords: spraying. Else pairs from lists."""
    if accounts <= FEW_ACCOUNTS:
        return AttackType.BRUTE_FORCE
    if secrets <= max(FEW_SECRETS, accounts / 10):
        return AttackType.PASSWORD_SPRAYING
    return AttackType.CREDENTIAL_STUFFING


class PasswordSpraying:
    """A login endpoint fails far more often than its users can explain, over many sources.

    Legitimate failures stand in a steady ratio to successes; what exceeds it is attack, whoever
    sends it. The evidence is about the endpoint, since no single source does anything remarkable.

    Catches: distributed guessing and stuffing with one or two tries per address.
    Misses: sites whose failures are not visible in the status; attacks smaller than five standard
    deviations of a day.
    Cost: inside the endpoint kernel.

    References: Herley, Schechter, "Distinguishing attacks from legitimate authentication traffic at
    scale", NDSS 2019; ATT&CK T1110.003.
    """

    id = "password_spraying"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, signal: EndpointSignal) -> Evidence | None:
        """Evidence about a login endpoint, None while few sources are behind the failures."""
        if (
            signal.what != "guessing"
            or signal.sources < FEWEST_SOURCES
            or not self.settings.enabled
        ):
            return None
        if signal.is_step:
            return self._steps(signal)
        many = signal.accounts > signal.sources * 1.5
        llr = min(3.5 + 1.6 * math.log(signal.strength / 4.0), 9.0)
        factors = [
            Factor("failed logins in a day", round(signal.actual), round(signal.usual), "attempts"),
            Factor("sources with failures", round(signal.sources), None, "clients"),
        ]
        if signal.accounts:
            factors.append(Factor("accounts tried", round(signal.accounts), None, "accounts"))
        if signal.accounts and signal.secrets:
            kind = _kind(signal.accounts, signal.secrets)
        else:
            kind = AttackType.CREDENTIAL_STUFFING if many else AttackType.PASSWORD_SPRAYING
        return Evidence(self.id, kind, llr * self.settings.weight, tuple(factors))

    def _steps(self, signal: EndpointSignal) -> Evidence:
        """Evidence about sign-ups, resets or codes that are refused far too often."""
        llr = min(3.5 + 1.6 * math.log(signal.strength / 4.0), 9.0) * self.settings.weight
        factors = (
            Factor("refused steps in a day", round(signal.actual), round(signal.usual), "requests"),
            Factor("sources of them", round(signal.sources), None, "clients"),
        )
        return Evidence(self.id, AttackType.ENUMERATION, llr, factors)
