"""Password spraying: few tries per source and account, many sources or accounts."""

from typing import Final

from apisentinel.detectors.identity.signs import IdentitySign
from apisentinel.detectors.spraying_settings import SprayingSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.taxonomy import AttackType

SLICE_FACTOR: Final = {
    "network": "accounts that failed from one network",
    "program": "accounts that failed with one program",
}
"""Names of what a slice shows, by its kind."""


class PasswordSpraying:
    """A login endpoint fails far more often than its users can explain, over many sources.

    First attempts that fail and stay failed stand in a steady ratio to those that succeed: the
    median of the hours of a week, so that an attack of some hours teaches nothing. What exceeds it
    in an hour, a day or a week is attack, whoever sends it. A source counts four times at most, an
    account from where it signed in before hardly at all. The evidence is about the endpoint, since
    no single source does anything remarkable; what it is called follows from the open failures:
    few accounts, few passwords, or neither. Sign-ups, resets and codes are compared alike.

    With `slices` first outcomes of accounts are put to Wald's test in each slice of the sources, a
    network or a program: nine accounts of six sources that fail in a row, say.

    Catches: distributed guessing, spraying, stuffing and enumeration with one or two tries per
    address, and slow ones that add up over days.
    Misses: sites whose failures are not visible in the status; attacks from fewer than six sources
    (those are judged one by one).
    Cost: a few microseconds an attempt to sign in.

    References: Herley, Schechter, "Distinguishing attacks from legitimate authentication traffic at
    scale", NDSS 2019; Wald, "Sequential tests of statistical hypotheses", 1945; ATT&CK T1110.003.
    """

    id = "password_spraying"

    def __init__(self, settings: SprayingSettings | None = None) -> None:
        self.settings = settings or SprayingSettings()

    def evidence(self, sign: IdentitySign) -> Evidence | None:
        """Evidence about the endpoint."""
        if sign.what not in {"site", "slice"} or not self.settings.enabled:
            return None
        if sign.what == "slice":
            return self._slice(sign)
        steps = sign.kind is AttackType.ENUMERATION
        span = "an hour" if sign.window_h <= 1 else "a day" if sign.window_h <= 24 else "a week"
        name = f"refused steps in {span}" if steps else f"failed logins in {span}"
        factors = [
            Factor(name, round(sign.actual), round(sign.usual), "attempts"),
            Factor("sources with failures", sign.sources, None, "clients"),
        ]
        if sign.accounts:
            factors.append(Factor("accounts tried", sign.accounts, None, "accounts"))
        if sign.secrets:
            factors.append(Factor("passwords tried", sign.secrets, None, "passwords"))
        return Evidence(self.id, sign.kind, sign.llr * self.settings.weight, tuple(factors))

    def _slice(self, sign: IdentitySign) -> Evidence:
        """Evidence that one network or program of an endpoint is attacked."""
        factors = (
            Factor(SLICE_FACTOR[sign.note], sign.accounts, None, "accounts"),
            Factor("accounts tried that way", round(sign.usual), None, "accounts"),
            Factor("sources with failures", sign.sources, None, "clients"),
        )
        return Evidence(self.id, sign.kind, sign.llr * self.settings.weight, factors)
