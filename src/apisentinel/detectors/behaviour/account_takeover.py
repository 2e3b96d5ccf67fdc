"""Account takeover: somebody else signs in and makes the account theirs."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.detectors.identity.visits import TakeoverSign
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.signal import ActorSignal, Family
from apisentinel.records.taxonomy import AttackType


class AccountTakeover:
    """Somebody signs in and changes how the account is reached at once, before looking around; or
    one program signs in to account after account within a minute.

    Requests and time between login and change are compared with people's. Where network, program
    and hour are familiar for the user that speaks against a thief, where they are strange it speaks
    for one (ratio of the site's frequency to the user's own, smoothed). With databases of networks
    (`enrichment.geo`) operator and country count beside the numbers of the network. A program under
    its own name, other users whose contact the same program changed, and orders right afterwards
    add to it. A new place or a new device alone is everyday life and says nothing.

    Catches: takeovers that change mail, phone or password, of users without history, too; lists of
    working pairs.
    Misses: thieves that only read, or take their time before they change anything.
    Cost: a few microseconds a visit and a change; about 600 bytes a user.

    References: Freeman et al., "Who are you?", NDSS 2016; Wiefling et al., "Pump up password
    security!", 2022; OWASP API2:2023; ATT&CK T1078, T1098.
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

    def told(self, sign: TakeoverSign) -> Evidence | None:
        """Evidence about the user whose contact was changed."""
        if not self.settings.enabled:
            return None
        factors = []
        if sign.steps >= 0:
            factors += [
                Factor(
                    "requests between login and change of the contact", sign.steps, 8, "requests"
                ),
                Factor("time between them", round(sign.seconds, 1), 120.0, "s"),
            ]
        if sign.visits > 1:
            strange = round(sign.strangeness, 1)
            factors.append(
                Factor("network, program and hour against earlier visits", strange, 0.0, "nats")
            )
        if sign.origin is not None and sign.usual:
            factors.append(Factor("country of the network", sign.origin.country, sign.usual))
        if sign.others:
            factors.append(
                Factor("other users whose contact it changed in a day", sign.others, 0, "users")
            )
        if sign.is_program:
            factors.append(Factor("signed in by", "a program", "a browser or an app"))
        if sign.taken:
            factors.append(Factor("changes and orders right afterwards", sign.taken, 0, "requests"))
        return Evidence(
            self.id, AttackType.ACCOUNT_TAKEOVER, sign.llr * self.settings.weight, tuple(factors),
            (), True if sign.taken else None,
        )  # fmt: skip
