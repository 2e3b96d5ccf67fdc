"""What keyed state tells the behaviour detectors: the ratios of one entity at one event, with the
numbers behind them.
"""

from enum import IntEnum

import msgspec


class Family(IntEnum):
    """Families of behaviour for which an actor's record keeps a log-likelihood ratio, in the order
    of its columns.
    """

    SCANNING = 0
    BRUTE_FORCE = 1
    STUFFING = 2
    ENUMERATION = 3
    CRAWLING = 4
    SCRAPING = 5
    AUTOMATION = 6
    AGENT_SWITCHING = 7
    VOLUME = 8
    RESOURCES = 9
    FORBIDDEN = 10
    TOKENS = 11
    TAKEOVER = 12
    SEQUENCE = 13


FACTS = (
    "requests_1m", "requests_10m", "missed_1h", "fresh_1m", "failed_10m", "accounts_failed",
    "agents", "accounts",
    "endpoints", "objects", "walk", "usual", "n", "bytes_10m", "cost_10m_us", "gap_cv", "failed_1h",
    "pages_1h", "secrets", "tokens", "denied_10m", "rush", "skipped", "late_assets",
)  # fmt: skip
"""Numbers of an actor that explain its ratios, in the order of the columns of a signal."""


class ActorSignal(msgspec.Struct, frozen=True):
    """One actor at an event that raised its evidence.

    Attributes:
        kind: client, session, user or credential.
        family: The family that rose.
        llr: Its log-likelihood ratio, natural log.
        facts: Values by the names in `FACTS`.
        succeeded: A login attempt succeeded at this very event.
    """

    kind: str
    family: Family
    llr: float
    facts: dict[str, float]
    succeeded: bool = False


class EndpointSignal(msgspec.Struct, frozen=True):
    """One endpoint at an event that raised evidence about it or about one client's use of it.

    Attributes:
        what: ``guessing`` (failed logins over many sources), ``flood`` (one client, one
            endpoint), ``objects`` (far more different targets than others), ``refusals`` (new
            targets, most of them refused), ``large`` and ``slow`` (replies out of the endpoint's
            range), ``outside`` (a closed endpoint from another network), ``repeats`` (calls of one
            endpoint), ``pace`` (calls faster than others call it), ``surge`` (far more requests of
            each client), ``novelty`` (objects that nobody asks for).
        strength: Standard deviations of excess for guessing, log-likelihood ratio for a flood.
        actual, usual: The count and what is normal.
        sources: Estimated number of clients whose logins failed.
        accounts: Estimated number of accounts tried, 0 when user names are unknown.
        secrets: Estimated number of passwords tried, 0 when bodies are unknown.
        is_step: The endpoint is beside the login: sign-up, reset, one-time codes.
        has_user, has_object, writes: What the request says: a user, an object, a method that
            changes something.

    For ``refusals``, `sources` counts targets that were forbidden or missing, `accounts` those that
    were invalid. For ``outside``, `sources` is 1 when the user was seen inside before. For
    ``pace``, `secrets` is 1 when most calls ask for something new. For
    ``surge``, `sources` counts clients.
    """

    what: str
    strength: float
    actual: float
    usual: float
    sources: float
    accounts: float
    secrets: float = 0.0
    has_user: bool = False
    has_object: bool = False
    writes: bool = False
    is_step: bool = False


class HoldingSignal(msgspec.Struct, frozen=True):
    """A principal that asks for an object at a place whose objects are private.

    Attributes:
        llr: Log-likelihood ratio of all its new objects there, natural log.
        foreign: Objects that are somebody else's.
        unprovenanced: Objects whose ids were in no reply to it, although ids here come from
            replies.
        refused: Objects that it did not get.
        ordered: Objects whose number is next to the one before.
        others: Objects beside its own one where everybody has one.
        ids: Different objects in all.
        share: Share of the objects here that others come to, too.
        known: Objects from which that share is known.
    """

    llr: float
    foreign: int
    unprovenanced: int
    refused: int
    ordered: int
    others: int
    ids: int
    share: float
    known: int


class FunctionSignal(msgspec.Struct, frozen=True):
    """A user was let in to an operation that its role never performs and another role does.

    Attributes:
        role: Name of the role; empty where nobody says it and the user is none of the few that
            perform the operation.
        requests: Requests of the role, or of all users whose role nobody says.
        others: Names of the roles whose operation it is.
        other_requests: Requests of those to it.
        members: Users of those.
        before: Other users of the role that were let in there before.
        is_admin: The path is one of an administration area.
        writes: The method changes something.
    """

    role: str
    requests: int
    others: tuple[str, ...]
    other_requests: int
    members: int
    before: int
    is_admin: bool = False
    writes: bool = False


class TakingSignal(msgspec.Struct, frozen=True):
    """A user took more out in a window than it and its peers usually do.

    Attributes:
        window: ``hour`` or ``day``.
        measure: ``records``, ``kilobytes`` or ``mail addresses``.
        actual: What it took so far.
        own, peers: 99th percentiles of its own past and of its peers; -1 while they are unknown.
        limit: What it passed.
        known: Windows of its own past.
    """

    window: str
    measure: str
    actual: float
    own: float
    peers: float
    limit: float
    known: int
