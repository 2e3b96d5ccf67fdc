"""What the memory of attempts tells the detectors: numbers of one source, account or endpoint."""

import msgspec

from apisentinel.records.taxonomy import AttackType


class IdentitySign(msgspec.Struct, frozen=True):
    """One finding about attempts to sign in or steps beside it.

    Attributes:
        what: ``site`` (an endpoint over many sources), ``slice`` (a network or a program of them),
            ``account`` (an account over many sources),
            ``codes``, ``accounts`` (one source looks for accounts), ``prompts``,
            ``steps`` (one step again and again), ``replay``,
            ``shared`` (a token in two hands), ``forged`` and ``expired`` tokens, ``cards``.
        llr: Strength, nats.
        kind: What it looks like.
        actual, usual: The count and what is normal.
        window_h: Hours in which it was counted.
        sources, accounts, secrets: Different ones, 0 when unknown.
        succeeded: The response says that it worked.
        note: What it is in words, where a number does not say it.
    """

    what: str
    llr: float
    kind: AttackType
    actual: float
    usual: float
    window_h: float = 1.0
    sources: int = 0
    accounts: int = 0
    secrets: int = 0
    succeeded: bool = False
    note: str = ""
