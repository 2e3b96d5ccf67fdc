"""Account probing: which accounts exist."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.detectors.identity.signs import IdentitySign
from apisentinel.records.evidence import Evidence, Factor


class AccountProbing:
    """One program at one address asks a sign-up or a password reset for account after account.

    Accounts that are missing (at a reset) or taken (at a sign-up) count most; where a site answers
    always alike, the number of accounts counts. Where replies to known and unknown accounts can be
    told apart by status or size, that is said with it. Sign-ups that mostly succeed make accounts
    rather than look for them, and are called automation (OAT-019). Where the log does not tell the
    account, refusals count, whichever account it was.

    Catches: enumeration of users, mass requests for password resets, accounts made by scripts.
    Misses: one account per address (see `password_spraying`); logs without bodies where every
    answer is the same.
    Cost: a few microseconds a step.

    References: OWASP API2:2023, WSTG-IDNT-04; CWE-204, CWE-640; ATT&CK T1087; CAPEC-575.
    """

    id = "account_probing"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, sign: IdentitySign) -> Evidence | None:
        """Evidence about the client."""
        if sign.what != "accounts" or not self.settings.enabled:
            return None
        if sign.accounts:
            asked = Factor("accounts asked for in a day", sign.accounts, 1.0, "accounts")
            missed = round(sign.actual, 1)
            factors = [asked, Factor("of them missing or taken", missed, sign.usual, "accounts")]
        else:
            # the log does not tell which
            told = "requests for accounts that were refused in a day"
            factors = [Factor(told, round(sign.actual), sign.usual, "requests")]
        if sign.secrets:
            factors.append(Factor("replies that tell known accounts from unknown", "yes", "no"))
        return Evidence(self.id, sign.kind, sign.llr * self.settings.weight, tuple(factors))
