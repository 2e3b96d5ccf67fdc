"""Account guessing: one account, many sources, over hours or days."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.detectors.identity.signs import IdentitySign
from apisentinel.records.evidence import Evidence, Factor


class AccountGuessing:
    """Several sources guess at one account, none of which its owner signs in from.

    A cumulative sum with forgetting per account, over ten minutes, an hour, a day and a week, so
    that slow guessing adds up. Failures from where the account signed in before do not count, nor
    does the same password again; a success after few guesses takes those of its source back. The
    evidence is about the account, so that an address that many share is not blamed.

    Catches: guessing at one account from changing addresses, once an hour or slower.
    Misses: logs without user names; fewer than three sources (those are `brute_force`).
    Cost: a few microseconds an attempt to sign in; about 300 bytes an account.

    References: OWASP API2:2023; CWE-307; ATT&CK T1110.001; Page, "Continuous inspection schemes",
    1954.
    """

    id = "account_guessing"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, sign: IdentitySign) -> Evidence | None:
        """Evidence about the account."""
        if sign.what != "account" or not self.settings.enabled:
            return None
        return Evidence(
            self.id, sign.kind, sign.llr * self.settings.weight,
            (
                Factor("different guesses in a day", round(sign.actual, 1), 2.0, "attempts"),
                Factor("sources of them", sign.sources, 1.0, "clients"),
            ),
            (), sign.succeeded or None,
        )  # fmt: skip
