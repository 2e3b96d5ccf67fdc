"""Attacks on a site that only its own traffic describes: who, where, what, and how it answers.

The requests look like those of the site: its endpoints, its hosts, its user agents, its statuses.
Attackers have addresses that nobody else can have (RFC 2544, 198.18.0.0/15); insiders and stolen
accounts are ordinary clients of the site.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from apisentinel.evaluation.site import Place, Seen, Site
from apisentinel.records.taxonomy import AttackType as T
from apisentinel.simulator import spec
from apisentinel.simulator.payloads import payload, percent

Request = dict[str, Any]

INJECTIONS = (T.SQLI, T.XSS, T.CMDI, T.TRAVERSAL, T.SSTI, T.LOG4SHELL)
MANY, SOME, FEW = 300, 80, 14
"""Requests of an attack that lives from its number, of one that guesses, of one that injects."""
FLOOD = 2_500
SOURCES = 25
"""Addresses of a distributed attack."""
LEAST_CLIENTS = 5
"""Ordinary clients below which nobody can be imitated."""
LEAST_OBJECTS = 12
FALLBACK_AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/131.0.0.0 Safari/537.36"
)


class Who(NamedTuple):
    """Identity of a sender; what the site does not log is None."""

    client: str
    agent: str | None
    user: str | None = None
    session: str | None = None
    credential: str | None = None


class Sown(NamedTuple):
    """Requests of an attack in their order, without times.

    Attributes:
        actors: Ids of those who attack.
        endpoints: Labels of what is attacked, where that tells the attack as well as its actors.
    """

    requests: list[Request]
    actors: frozenset[str]
    endpoints: frozenset[str] = frozenset()


class Ground:
    """What an attack is made of: the site, its random numbers, addresses of its own."""

    def __init__(self, site: Site, rng: np.random.Generator, number: int) -> None:
        self.rng = rng
        self.places = site.places
        self.clients = site.clients
        self._number = number

    def pick(self, items: Sequence[Any]) -> Any:
        """One of them."""
        return items[int(self.rng.integers(len(items)))]

    def stranger(self, number: int = 0) -> Who:
        """Somebody new, with the user agent of an ordinary client."""
        agents = [seen.agent for seen in self.clients if seen.agent]
        block = self._number * SOURCES + number
        address = f"198.{18 + (block >> 8) % 2}.{block & 0xFF}.{7 + self._number % 200}"
        return Who(address, self.pick(agents) if agents else FALLBACK_AGENT)

    def insider(self) -> Who | None:
        """An ordinary client that is signed in where the site logs it; None if they are few."""
        known = [seen for seen in self.clients if seen.user or seen.session or seen.credential]
        chosen = known or self.clients
        if len(chosen) < LEAST_CLIENTS:
            return None
        seen = self.pick(chosen)
        return Who(seen.client or "", seen.agent, seen.user, seen.session, seen.credential)

    def request(self, who: Who, like: Seen, **changed: Any) -> Request:
        """A request like one of the site, from somebody."""
        texts = {
            "method": like.method or "GET", "host": like.host, "path": like.path or "/",
            "query": like.query, "client_ip": who.client, "user_agent": who.agent,
            "user_id": who.user, "session_id": who.session, "credential_id": who.credential,
            "referer": like.referer,
        }  # fmt: skip
        numbers = {
            "status": like.status, "response_bytes": like.response_bytes,
            "duration_us": like.duration_us,
        }  # fmt: skip
        whole = {**texts, **{name: value for name, value in numbers.items() if value >= 0}}
        return {name: value for name, value in {**whole, **changed}.items() if value is not None}


Build = Callable[[Ground], Sown | None]


def injection(kind: T) -> Build:
    """Payloads in the values of ordinary requests."""

    def build(ground: Ground) -> Sown | None:
        targets = [
            seen for place in ground.places if place.is_page for seen in place.answered
        ]  # fmt: skip
        if not targets:
            return None
        with_query = [seen for seen in targets if seen.query and "=" in seen.query] or targets
        who = ground.stranger()
        requests = []
        for _ in range(FEW):
            like = ground.pick(with_query)
            text, is_encoded = payload(kind.value, ground.rng)
            value = text if is_encoded else percent(text)
            requests.append(ground.request(who, like, query=_with_value(like.query, value)))
        return Sown(requests, frozenset({who.client}))

    return build


def _with_value(query: str | None, value: str) -> str:
    """The query with its last value replaced; a new parameter where there is none."""
    if not query or "=" not in query:
        return f"id={value}"
    return f"{query.rpartition('=')[0]}={value}"


def paths(kind: T) -> Build:
    """Asks for what scanners ask for, on a site that has none of it."""

    def build(ground: Ground) -> Sown | None:
        pages = [seen for place in ground.places if place.is_page for seen in place.samples]
        if not pages:
            return None
        who = ground.stranger()
        known = {seen.path for seen in pages}
        words = [path for path in spec.payloads()["paths"][kind.value] if path not in known]
        chosen = [words[k] for k in ground.rng.permutation(len(words)).tolist()]
        like = ground.pick(pages)
        requests = [
            ground.request(
                who, like, path=path, query=None, status=404, response_bytes=150, referer=None
            )
            for path in chosen[:SOME]
        ]
        return Sown(requests, frozenset({who.client}))

    return build


def _login(ground: Ground) -> Place | None:
    return next((place for place in ground.places if place.is_login and place.samples), None)


def _accounts(ground: Ground, count: int) -> list[str]:
    known = [seen.user for seen in ground.clients if seen.user]
    return [f"{ground.pick(known)}{k}" if known else f"user{k}" for k in range(count)]


def brute_force(ground: Ground) -> Sown | None:
    """Many passwords for one account, from one place."""
    place = _login(ground)
    if place is None:
        return None
    who, like = ground.stranger(), place.samples[0]
    target = _accounts(ground, 1)[0] if any(seen.user for seen in ground.clients) else None
    wrong = ground.request(who, like, status=place.refusal(), user_id=target)
    return Sown([dict(wrong) for _ in range(SOME)], frozenset({who.client}))


def stuffing(sources: int) -> Build:
    """One try for each of many accounts; a few of them fit."""

    def build(ground: Ground) -> Sown | None:
        place = _login(ground)
        if place is None or not any(seen.user for seen in ground.clients):
            return None
        like, refused = place.samples[0], place.refusal()
        senders = [ground.stranger(k) for k in range(sources)]
        requests = []
        for k, account in enumerate(_accounts(ground, MANY)):
            fits = ground.rng.random() < 0.01
            status = 200 if fits else refused
            requests.append(
                ground.request(senders[k % sources], like, status=status, user_id=account)
            )
        return Sown(requests, frozenset(who.client for who in senders), frozenset({place.label}))

    return build


def _objects(ground: Ground) -> list[Place]:
    return [place for place in ground.places if place.gives_objects]


def scraping(sources: int) -> Build:
    """Takes one object after the other."""

    def build(ground: Ground) -> Sown | None:
        places = _objects(ground)
        if not places:
            return None
        like = ground.pick(places[0].answered)
        head, number, tail = _numbered(like.path or "/")
        if number is None:
            return None
        senders = [ground.stranger(k) for k in range(sources)]
        requests = [
            ground.request(senders[k % sources], like, path=f"{head}{number + k}{tail}")
            for k in range(MANY)
        ]
        return Sown(
            requests, frozenset(who.client for who in senders), frozenset({places[0].label})
        )

    return build


def _numbered(path: str) -> tuple[str, int | None, str]:
    """Splits a path around its last number."""
    end = len(path)
    while end and not path[end - 1].isdigit():
        end -= 1
    begin = end
    while begin and path[begin - 1].isdigit():
        begin -= 1
    if begin == end or end - begin > 15:
        return path, None, ""
    return path[:begin], int(path[begin:end]), path[end:]


def foreign_objects(ground: Ground) -> Sown | None:
    """Somebody who is signed in asks for what belongs to others (OWASP API1:2023)."""
    who = ground.insider()
    if who is None or not (who.user or who.session or who.credential):
        return None
    others = [
        seen
        for place in _objects(ground)
        for seen in place.answered
        if (seen.user or seen.session or seen.credential)
        and (seen.user, seen.session, seen.credential) != (who.user, who.session, who.credential)
    ]
    if len({seen.path for seen in others}) < LEAST_OBJECTS:
        return None
    requests = [ground.request(who, seen) for seen in others[: 3 * LEAST_OBJECTS]]
    actors = (who.client, who.user, who.session, who.credential)
    return Sown(requests, frozenset(name for name in actors if name))


def flood(ground: Ground) -> Sown | None:
    """One client asks as fast as it can for what costs most."""
    pages = [place for place in ground.places if place.is_page and place.answered]
    if not pages:
        return None
    costly = max(pages, key=lambda place: max(seen.duration_us for seen in place.answered))
    who, like = ground.stranger(), costly.answered[0]
    return Sown([ground.request(who, like) for _ in range(FLOOD)], frozenset({who.client}))


PLANTS: tuple[tuple[T, str, Build], ...] = (
    *((kind, variant, injection(kind)) for kind in INJECTIONS for variant in ("burst", "paced")),
    *((kind, variant, paths(kind)) for kind in (T.SCANNING, T.PROBING)
      for variant in ("burst", "paced")),
    *((T.BRUTE_FORCE, variant, brute_force) for variant in ("burst", "paced")),
    *((T.CREDENTIAL_STUFFING, variant, stuffing(1)) for variant in ("burst", "paced")),
    (T.CREDENTIAL_STUFFING, "distributed", stuffing(SOURCES)),
    *((T.SCRAPING, variant, scraping(1)) for variant in ("burst", "paced")),
    (T.SCRAPING, "distributed", scraping(SOURCES)),
    *((T.BOLA, variant, foreign_objects) for variant in ("burst", "mimic")),
    (T.VOLUME, "burst", flood),
)  # fmt: skip
"""Attacks that can be planted: type, variant, how."""
