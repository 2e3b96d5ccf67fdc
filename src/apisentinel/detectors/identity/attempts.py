"""One attempt to sign in or a step beside it, and what is remembered of attempts."""

from typing import NamedTuple

import msgspec

from apisentinel.detectors.identity.fading import Fading

FAILED, SUCCEEDED, UNCLEAR = 1, 2, 3
"""Outcomes, as in the `login` column of events."""

SOURCES_KEPT, TARGETS_KEPT, PLACES_KEPT, PAIRS_KEPT = 20_000, 30_000, 256, 2_048
"""Sources, accounts and endpoints remembered, and pairs of source and account for each endpoint;
the one that was quiet longest gives way. A source takes about 500 bytes, an account 300.
"""
ACCOUNTS_EACH, SECRETS_EACH, GUESSERS_EACH, HOMES_EACH, AGENTS_EACH = 48, 12, 32, 8, 6
"""Accounts kept for a source, secrets for an account tried, sources that guess at an account,
networks from which its owner signs in, and programs of a source that failed last.
"""


class Attempt(NamedTuple):
    """One request that tries to sign in, resets, registers or enters a code.

    Attributes:
        ts: Event time, µs.
        purpose: A `Purpose`.
        outcome: One of the outcomes of this module.
        account, secret, body: Keyed hashes, 0 where the request does not tell; away from the login
            the secret is the session or key that was refused.
        user: Hash of the user that the request belongs to already, 0 without.
        size, duration: Of the reply, bytes and µs, below 0 when unknown.
        is_odd: The screen finds its content suspicious: rather an injection than a guess.
        is_declined: The reply says that a card was declined.
    """

    ts: int
    endpoint: int
    purpose: int
    outcome: int
    client: int
    network: int
    agent: int
    session: int
    account: int
    secret: int
    body: int
    user: int
    status: int = 0
    size: int = -1
    duration: int = -1
    is_odd: bool = False
    is_declined: bool = False


class Tried(msgspec.Struct, array_like=True):
    """What a source tried on one account: tries, secrets, and when last."""

    n: int = 0
    last: int = 0
    secrets: list[int] = []


class Source(msgspec.Struct, array_like=True):
    """Where attempts come from: an address, or a session.

    Attributes:
        guesses: Different guesses that failed.
        walk: Wald's sum over first outcomes per account.
        failed: Account → what was tried without success.
        good: Account → event time of its last success from here.
        secrets: Different secrets tried, while few.
        agents: Programs that failed on new accounts, or on unknown ones, last.
        told: Strength that was told of guessing and of lists.
    """

    n: int = 0
    guesses: Fading = msgspec.field(default_factory=Fading)
    walk: Fading = msgspec.field(default_factory=Fading)
    failed: dict[int, Tried] = {}
    good: dict[int, int] = {}
    secrets: list[int] = []
    agents: list[int] = []
    told: list[float] = msgspec.field(default_factory=lambda: [0.0, 0.0])


class Target(msgspec.Struct, array_like=True):
    """An account at which others guess.

    Attributes:
        guessers: Source → different guesses that failed, and when last.
        homes: Networks and addresses from which its owner signed in.
    """

    guesses: Fading = msgspec.field(default_factory=Fading)
    guessers: dict[int, tuple[int, int]] = {}
    homes: list[int] = []
    told: float = 0.0


class Pair(msgspec.Struct, array_like=True):
    """A source that failed on an account at an endpoint and did not succeed since."""

    ts: int
    client: int
    agent: int
    account: int
    secret: int
    weight: float
    tries: int = 1


class Place(msgspec.Struct, array_like=True):
    """An endpoint where people sign in.

    Attributes:
        failed, good: First outcomes of pairs of source and account; who succeeds later did not
            fail.
        pairs: (source, account) → the failure that is still open.
        known: (source, account) pairs that succeeded, and when.
        hours: Hour → open failures and successes that began in it.
        voices: Source → open failures that count.
        told: When each kind was told last.
        fresh: Open failures and successes since anything was told.
        named: Attempts that name an account, and all.
        looks: How replies look → those to unknown and to known accounts.
    """

    endpoint: int
    purpose: int
    failed: Fading = msgspec.field(default_factory=Fading)
    good: Fading = msgspec.field(default_factory=Fading)
    pairs: dict[int, Pair] = {}
    known: dict[int, int] = {}
    hours: dict[int, list[float]] = {}
    voices: dict[int, int] = {}
    told: dict[str, int] = {}
    fresh: list[float] = msgspec.field(default_factory=lambda: [0.0, 0.0])
    named: list[int] = msgspec.field(default_factory=lambda: [0, 0])
    looks: dict[int, list[int]] = {}


class Holder(msgspec.Struct, array_like=True):
    """Who came with a refresh token.

    Attributes:
        agent, network: The program and network that came first; no agent: what looked like a token
            comes from everybody.
        user: Hash of the user whose it is, 0 unknown.
        others: Different programs in other networks that came since.
    """

    agent: int
    network: int
    user: int = 0
    others: list[int] = []


class Slice(msgspec.Struct, array_like=True):
    """First outcomes of a slice at an endpoint.

    Attributes:
        level: Wald's sum, nats, never below 0.
        outcomes: Account → 1 when it failed and stayed so, 0 when it signed in.
        clients: Those that failed last → accounts, and event time of the last.
        since: Event time at which the sum rose from 0, µs.
        told: Sum that was told last.
    """

    ts: int = 0
    level: float = 0.0
    outcomes: dict[int, int] = {}
    clients: dict[int, tuple[int, int]] = {}
    since: int = 0
    told: float = 0.0


class AttemptMemory(msgspec.Struct, forbid_unknown_fields=True):
    """What a successor has to know of attempts, quiet ones first."""

    sources: list[tuple[str, int, Source]] = []
    targets: list[tuple[int, Target]] = []
    places: list[Place] = []
    tokens: list[tuple[int, Holder]] = []
    slices: list[tuple[int, int, int, Slice]] = []


def program_of(client: int, agent: int) -> int:
    """One program at one address: 64 bits of the hashes of both.

    Example:
        >>> program_of(5, (1 << 64) - 1) < 1 << 64
        True
    """
    return (client ^ (agent << 1)) & (1 << 64) - 1
