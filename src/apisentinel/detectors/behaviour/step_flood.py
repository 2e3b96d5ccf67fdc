"""Step flood: a step beside the login, again and again for one account."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.detectors.identity.signs import IdentitySign
from apisentinel.records.evidence import Evidence, Factor


class StepFlood:
    """Resets, codes, registrations, prompts or refreshed tokens for one account or session, far
    more than anybody needs, whatever the answers are.

    Each of them makes the server send a message or do costly work, and many places answer alike
    whether a code was right or wrong, so that refusals cannot be counted. Where the codes differ
    they are called guessing besides, and the work of a script always.

    Catches: bombing with mails and text messages, codes tried where every answer is 200, loops over
    one step of a login.
    Misses: one step each for many accounts (see `account_probing`), requests that tell neither
    account, user nor session.
    Cost: a few microseconds a step. Alerts at about thirty in ten minutes or fifty in an hour.

    References: OWASP API4:2023, API6:2023; CWE-799, CWE-770; CAPEC-125.
    """

    id = "step_flood"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, sign: IdentitySign) -> Evidence | None:
        """Evidence about the client or session."""
        if sign.what != "steps" or not self.settings.enabled:
            return None
        factor = Factor("the same step for one account in an hour", round(sign.actual), sign.usual,
                        "requests")  # fmt: skip
        return Evidence(self.id, sign.kind, sign.llr * self.settings.weight, (factor,))
