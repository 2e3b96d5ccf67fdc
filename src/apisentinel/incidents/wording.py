"""The one sentence that says why, from the evidence itself."""

from collections.abc import Callable, Sequence
from typing import Final

from apisentinel.records.case import Case
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.taxonomy import PAYLOAD_TYPES, REFERENCES, AttackType

SNIPPET = 80
"""Characters of a decoded match that fit into a sentence."""


def number(value: float | str | None) -> str:
    """A value for people: no needless digits."""
    if value is None:
        return "unknown"
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if abs(value) >= 10 or value == int(value) else f"{value:.1f}"


_STEPS = {
    "µs": ((1e6, "s"), (1e3, "ms"), (1.0, "µs")),
    "ms": ((1e3, "s"), (1.0, "ms")),
    "B": ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")),
    "s": ((1.0, "s"),),
    "sd": ((1.0, "standard deviations"),),
}
"""Units that a number in a sentence needs, and the larger ones that it is told in."""


def measured(value: float | str | None, unit: str, name: str = "") -> str:
    """A value for people with its unit, and shares as percentages.

    Example:
        >>> measured(17_900_000.0, "µs"), measured(0.25, "", "share of failed logins")
        ('18 s', '25 %')
        >>> measured(12.0, "requests")
        '12'
    """
    if isinstance(value, str) or value is None:
        return number(value)
    if name.startswith("share ") and not unit:
        return f"{number(100 * value)} %"
    steps = _STEPS.get(unit)
    if steps is None:
        return number(value)
    factor, name = next((step for step in steps if abs(value) >= step[0]), steps[-1])
    return f"{number(value / factor)} {name}"


def _usual(factor: Factor) -> str:
    if factor.usual is None:
        return ""
    if isinstance(factor.usual, str) and factor.usual.startswith("rarer"):
        return f" ({factor.usual})"
    return f" (usual: {measured(factor.usual, factor.unit, factor.name)})"


def _lowered(title: str) -> str:
    """A title inside a sentence: small first letter unless it begins with an abbreviation."""
    return title if title[:2].isupper() else title[:1].lower() + title[1:]


_WORDS: Final[dict[str, Callable[[Factor], str]]] = {
    "scanning": lambda first: (
        f"asked for {number(first.actual)} paths that do not exist within an hour{_usual(first)}"
    ),
    "brute_force": lambda first: (
        f"failed to sign in {number(first.actual)} times in ten minutes{_usual(first)}"
    ),
    "credential_stuffing": lambda first: (
        f"tried {number(first.actual)} different accounts{_usual(first)}"
    ),
    "password_spraying": lambda first: f"saw {number(first.actual)} {first.name}{_usual(first)}",
    "account_guessing": lambda first: (
        f"was guessed at {number(first.actual)} times in a day{_usual(first)}"
    ),
    "code_guessing": lambda first: (
        f"sent {number(first.actual)} different codes that were refused in an hour{_usual(first)}"
    ),
    "account_probing": lambda first: (
        f"asked for {number(first.actual)} accounts in a day{_usual(first)}"
    ),
    "prompt_flood": lambda first: (
        f"was sent {number(first.actual)} prompts of a second factor within ten "
        f"minutes{_usual(first)}"
    ),
    "step_flood": lambda first: (
        f"took the same step for one account {number(first.actual)} times in an hour{_usual(first)}"
    ),
    "token_replay": lambda _: "used a refresh token that another program holds",
    "carding": lambda first: (
        f"had {number(first.actual)} payments declined in a day{_usual(first)}"
    ),
    "token_sharing": lambda _: "used an access token that another program holds",
    "token_forgery": lambda first: f"sent a token that {number(first.actual)}",
    "expired_token": lambda first: (
        f"accepted a token {number(first.actual)} hours after it expired"
    ),
    "impossible_travel": lambda first: f"moved at {number(first.actual)} km/h between two sign-ins",
    "enumeration": lambda first: (
        f"walked through {number(first.actual)} identifiers, most of them refused or missing"
    ),
    "scraping": lambda first: f"read {number(first.actual)} objects one after the other",
    "crawling": lambda first: (
        f"fetched {number(first.actual)} different pages in a minute{_usual(first)}"
    ),
    "automation": lambda _: "behaves like a program",
    "agent_switching": lambda first: f"used {number(first.actual)} different user agents",
    "scanner_agent": lambda first: f"uses a scanning tool ({number(first.actual)[:SNIPPET]})",
    "fake_bot": lambda first: (
        f"claims to be a known crawler ({number(first.actual)[:SNIPPET]}) but attacks"
    ),
    "volume": lambda first: f"sent {number(first.actual)} requests in a minute{_usual(first)}",
    "endpoint_flood": lambda first: (
        f"sent {number(first.actual)} requests to one endpoint in ten minutes{_usual(first)}"
    ),
    "resource_abuse": lambda first: (
        f"took {number(first.actual)} {first.unit}"
        f"{' of server time' if first.unit == 's' else ''} in ten minutes"
    ),
}
"""What an entity did, by detector, from the first factor of the evidence."""


def phrase(evidence: Evidence) -> str:
    """What the entity did, in a few words that follow its name."""
    first = evidence.factors[0] if evidence.factors else None
    if first is None:
        return f"showed {REFERENCES[evidence.attack_type].title.lower()}"
    if evidence.attack_type is AttackType.PROBING:
        return f"probed for {number(first.actual)[:SNIPPET]}"
    if evidence.attack_type in PAYLOAD_TYPES or evidence.detector == "payload":
        return f"sent {_lowered(first.name)}: {number(first.actual)[:SNIPPET]}"
    if evidence.detector == "data_taking":
        own, *peers = evidence.factors
        said = f"took {number(own.actual)} {own.name}: {number(own.usual)}"
        return said + "".join(f", by its peers: {number(other.usual)}" for other in peers)
    if evidence.detector == "foreign_functions" and first.n is not None:
        return (
            f"came in role {number(first.actual)[:SNIPPET]}, which never did this in {first.n:,} "
            f"requests; only {number(first.usual)[:SNIPPET]} did"
        )
    return _WORDS.get(evidence.detector, _plainly)(first)


def _plainly(first: Factor) -> str:
    return f"{first.name}: {measured(first.actual, first.unit, first.name)}{_usual(first)}"


def reason(
    cases: Sequence[Case],
    evidence: Sequence[Evidence],
    endpoints: Sequence[str],
    *,
    succeeded: bool | None,
) -> str:
    """One sentence: who did what, where, and whether it seems to have worked."""
    lead = cases[0]
    who = lead.ref.id if lead.ref.kind != "endpoint" else f"Endpoint {lead.ref.id}"
    if len(cases) > 1:
        who += f" and {len(cases) - 1} more"
    said: list[str] = []
    types: set[AttackType] = set()
    for piece in evidence:
        if piece.attack_type not in types and len(said) < 3:
            said.append(phrase(piece))
            types.add(piece.attack_type)
    where = f" at {endpoints[0]}" if endpoints and lead.ref.kind != "endpoint" else ""
    ending = {
        True: ", and it seems to have succeeded",
        False: "; every such request was refused",
        None: "",
    }[succeeded]
    return f"{who} {', '.join(said) or 'behaved unusually'}{where}{ending}."
