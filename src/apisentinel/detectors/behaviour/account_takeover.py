"""Account takeover: somebody else signs in and makes the account theirs."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.signal import ActorSignal, Family
from apisentinel.records.taxonomy import AttackType


class AccountTakeover:
    """A user with habits comes from a new network with a new program and then changes how the
    account is reached or paid; or one program signs in to account after account within a minute.

    A new place or a new device alone is everyday life and says nothing.

    Catches: takeovers that change mail, phone, password or payee; lists of working pairs.
    Misses: users without history here, thieves that only read, thieves behind the victim's
    network.
    Cost: inside the actor kernel.

    References: Freeman et al., "Who are you?", NDSS 2016; Wiefling et al., "Pump up password
    security!", 2022; OWASP API2:2023; ATT&CK T1078.
    """

    id = "account_takeover"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, signal: ActorSignal) -> Evidence | None:
        """Evidence when the signal is about strange logins."""
        if signal.family != Family.TAKEOVER or not self.settings.enabled:
            return None
        facts = signal.facts
        return Evidence(
            self.id,
            AttackType.ACCOUNT_TAKEOVER,
            signal.llr * self.settings.weight,
            (
                Factor("accounts signed in to", round(facts["accounts"]), 1.0, "accounts"),
                Factor("requests", round(facts["n"]), None, "requests"),
            ),
        )
