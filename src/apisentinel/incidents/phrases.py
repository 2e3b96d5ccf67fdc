"""What an entity did, in the words of the detector that saw it: a verb phrase after its name."""

from collections.abc import Callable
from typing import Final

from apisentinel.incidents.numbers import count, measured, number, times, usually
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.taxonomy import PAYLOAD_TYPES, REFERENCES, AttackType

SNIPPET = 80
"""Characters of a decoded match that fit into a sentence."""

CLAIM = 100
"""Characters of what a client says about itself, which sets itself apart later in the text."""

Words = Callable[[Factor], str]


def phrase(evidence: Evidence) -> str:
    """What the entity did, in a few words that follow its name.

    Example:
        >>> seen = Factor("failed logins in ten minutes", 3.8, 1.0, "attempts")
        >>> phrase(Evidence("brute_force", AttackType.BRUTE_FORCE, 2.0, (seen,)))
        'failed to sign in 4 times within ten minutes (usual: 1)'
    """
    first = evidence.factors[0] if evidence.factors else None
    if first is None:
        return f"showed {REFERENCES[evidence.attack_type].title.lower()}"
    words = _OF_DETECTOR.get(evidence.detector)
    if words is not None:
        return words(first)
    return _OF_EVIDENCE.get(evidence.detector, _otherwise)(evidence, first)


def _clipped(factor: Factor, most: int = SNIPPET) -> str:
    return number(factor.actual)[:most]


def _lowered(title: str) -> str:
    """A title inside a sentence: small first letter unless it begins with an abbreviation."""
    return title if title[:2].isupper() else title[:1].lower() + title[1:]


def _plainly(first: Factor) -> str:
    """A measure that no detector has words for."""
    said = measured(first.actual, first.unit, first.name)
    return f"stands out by {first.name}: {said}{usually(first)}"


def _otherwise(evidence: Evidence, first: Factor) -> str:
    return _sent(first) if evidence.attack_type in PAYLOAD_TYPES else _plainly(first)


def _sent(first: Factor) -> str:
    return f"sent {_lowered(first.name)}: {_clipped(first)}"


def _content(evidence: Evidence, first: Factor) -> str:
    match evidence.attack_type:
        case AttackType.PROBING:
            return f"probed for {_clipped(first)}"
        case AttackType.SCANNING:
            return f"uses a scanning tool ({_clipped(first)})"
        case _:
            return _sent(first)


def _counted(before: str, after: str) -> Words:
    """Words around a count and, behind them, what is usual."""
    return lambda first: f"{before} {count(first.actual)} {after}{usually(first)}"


def _often(before: str, after: str) -> Words:
    """Words around how often, and what is usual."""
    return lambda first: f"{before} {times(first.actual)} {after}{usually(first)}"


def _always(words: str) -> Words:
    return lambda _: words


def _chosen(by_name: dict[str, Words]) -> Words:
    """Words by what the factor is called."""
    return lambda first: by_name.get(first.name, _plainly)(first)


def _within(factor: Factor) -> str:
    """The span at the end of a factor's name: ``failed logins in an hour`` gives ``an hour``."""
    return factor.name.rpartition(" in ")[2]


def _spraying(first: Factor) -> str:
    if first.name.startswith("accounts that failed"):
        return f"saw {count(first.actual)} {first.name}"
    what = "refused steps" if first.name.startswith("refused") else "failed sign-ins"
    return f"saw {count(first.actual)} {what} within {_within(first)}{usually(first)}"


def _reply(first: Factor) -> str:
    said = measured(first.actual, first.unit, first.name)
    kind = "a reply of" if first.unit == "bytes" else "a reply after"
    return f"got {kind} {said}{usually(first)}"


def _number(first: Factor) -> str:
    where = first.name.removeprefix("number in ")
    shown = number(first.actual) if isinstance(first.actual, str) else f"{first.actual:,}"
    return f"sent {shown} as {where}{usually(first)}"


def _exposed(first: Factor) -> str:
    if isinstance(first.actual, str):
        return f"got a {first.name}"
    return f"got {count(first.actual)} {first.name}{usually(first)}"


def _resources(first: Factor) -> str:
    kind = " of server time" if first.unit == "s" else ""
    return f"took {count(first.actual)} {first.unit}{kind} within ten minutes"


def _order(first: Factor) -> str:
    return f"sent {number(first.actual)} as the {first.name} (expected: {number(first.usual)})"


def _holding(first: Factor) -> str:
    return f"asked for {count(first.actual)} {first.name}"


def _crawler(first: Factor) -> str:
    claims = f"claims to be a known crawler ({_clipped(first, CLAIM)})"
    match first.usual:
        case "a crawler sends no attacks":
            return f"{claims} but attacks"
        case "comes from its networks":
            return f"{claims} but comes from elsewhere"
        case _:
            return claims


def _unlike_peers(first: Factor) -> str:
    said = measured(first.actual, first.unit, first.name)
    return f"behaves unlike its peers, {first.name}: {said}{usually(first)}"


def _unlike_profile(first: Factor) -> str:
    return f"sent what is unusual here, {first.name}: {_clipped(first, CLAIM)}"


def _surge(evidence: Evidence, first: Factor) -> str:
    told = count(first.actual)
    if first.name.startswith("objects in order"):
        return f"was asked for {told} objects in order, by many clients together"
    if first.unit == "objects":
        return f"was asked for {told} objects that nobody asked for before{usually(first)}"
    clients = evidence.factors[1].actual if len(evidence.factors) > 1 else None
    by = f" by {count(clients)} clients" if clients is not None else ""
    return f"was sent {told} requests within five minutes{usually(first)}{by}"


def _taking(evidence: Evidence, own: Factor) -> str:
    said = f"took {number(own.actual)} {own.name}: {number(own.usual)}"
    peers = evidence.factors[1:]
    return said + "".join(f", by its peers: {number(other.usual)}" for other in peers)


def _role(_: Evidence, first: Factor) -> str:
    if first.n is None:
        return _plainly(first)
    return (
        f"came in role {_clipped(first)}, which never did this in {first.n:,} "
        f"requests; only {number(first.usual)[:SNIPPET]} did"
    )


def _closed(evidence: Evidence, first: Factor) -> str:
    networks = evidence.factors[1].actual if len(evidence.factors) > 1 else None
    if networks is None:
        return _plainly(first)
    told = count(networks)
    whose = "one network uses" if told == "1" else f"{told} networks use"
    return f"called what only {whose}"


_OF_EVIDENCE: Final[dict[str, Callable[[Evidence, Factor], str]]] = {
    "endpoint_surge": _surge,
    "data_taking": _taking,
    "foreign_functions": _role,
    "closed_endpoint": _closed,
    "payload": _content,
}
"""By detector, where more than the first factor is needed."""

_OF_DETECTOR: Final[dict[str, Words]] = {
    # who guesses
    "brute_force": _often("failed to sign in", "within ten minutes"),
    "credential_stuffing": _counted("tried", "different accounts"),
    "password_spraying": _spraying,
    "account_guessing": _often("was guessed at", "in a day"),
    "code_guessing": _counted("sent", "different codes within an hour that were refused"),
    "account_probing": _counted("asked for", "accounts in a day"),
    "prompt_flood": _counted("was sent", "prompts of a second factor within ten minutes"),
    "step_flood": _often("took the same step for one account", "within an hour"),
    "carding": _counted("had", "payments declined in a day"),
    # who came in
    "account_takeover": _chosen({
        "requests between login and change of the contact": lambda first: (
            f"changed contact or payee {count(first.actual)} requests after the sign-in"
            f"{usually(first)}"
        ),
        "accounts signed in to": _counted("signed in to", "accounts"),
    }),
    "impossible_travel": lambda first: f"moved at {count(first.actual)} km/h between two sign-ins",
    "token_replay": _always("used a refresh token that another program holds"),
    "token_sharing": _always("used an access token that another program holds"),
    "token_forgery": lambda first: f"sent a token that {_clipped(first)}",
    "token_abuse": _counted("sent", "tokens that were refused or forged"),
    "expired_token": lambda first: (
        f"was let in by a token {count(first.actual)} hours after it expired"
    ),
    # machines
    "scanning": _counted("asked for", "paths that do not exist within an hour"),
    "scanner_agent": lambda first: f"uses a scanning tool ({_clipped(first)})",
    "parameter_discovery": _counted("tried", "names of parameters at one endpoint"),
    "enumeration": _counted("walked through", "identifiers, most of them refused or missing"),
    "scraping": lambda first: f"read {count(first.actual)} objects one after the other",
    "crawling": _counted("fetched", "different pages within a minute"),
    "automation": _always("behaves like a program"),
    "pace": _counted("made", "calls in a row faster than others do"),
    "agent_switching": _counted("used", "different user agents"),
    "fake_bot": _crawler,
    # rights and data
    "foreign_objects": _holding,
    "many_objects": _counted("asked one endpoint for", "different targets within an hour"),
    "refused_targets": _counted("was refused", "new targets within an hour"),
    "forbidden_functions": _often("was refused", "within ten minutes"),
    "privileges": lambda first: f"set a field that no form of this endpoint has: {_clipped(first)}",
    "amounts": _number,
    "totals": _order,
    "exposure": _exposed,
    "unusual_replies": _reply,
    "skipped_steps": _often("called", "without the steps that come before"),
    "graphql": _chosen({
        "fields under other names": _counted("sent a query with", "fields under other names"),
        "levels of nesting": _counted("sent a query", "levels deep"),
        "queries in one request": _counted("sent", "queries in one request"),
        "asks for the schema": _always("asked for the schema"),
        "asks for a type": _always("asked for a type of the schema"),
    }),
    # load
    "volume": _counted("sent", "requests within a minute"),
    "endpoint_flood": _counted("sent", "requests to one endpoint within ten minutes"),
    "access_rate": _counted("sent", "requests to one endpoint within a window"),
    "repeated_calls": _often("called one endpoint", "within an hour"),
    "resource_abuse": _resources,
    # what was learned
    "ensemble": _unlike_peers,
    "profile": _unlike_profile,
}  # fmt: skip
"""By detector, from the first factor of its evidence."""
