"""Honest traffic that looks odd: storms of retries, lost tokens, broken clients, tests, spikes.

Each kind is an episode with a place in time, as a campaign has, but nobody means harm.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from apisentinel.simulator.attack import SECOND, Attack, empty
from apisentinel.simulator.campaign import Campaign
from apisentinel.simulator.crowd import Crowd, joined
from apisentinel.simulator.journeys import MOBILE, PARTNER, WEB
from apisentinel.simulator.population import OFFICE
from apisentinel.simulator.randomness import stream
from apisentinel.simulator.rows import COL
from apisentinel.simulator.settings import Plan
from apisentinel.simulator.spec import CARD_DOMAINS
from apisentinel.simulator.world import World

DAY_H = 24.0


@dataclass
class Episode:
    """One oddity: what, where, when, how large."""

    kind: str
    site: int
    start: int
    size: int
    seed: int


PER_DAY = {
    # episodes per day and site; requests: fewest, most at a rate of 1/s (grows with its root)
    "storm": (1.2, 60, 400),
    "expired": (30.0, 3, 12),
    "manager": (14.0, 2, 5),
    "broken": (1.5, 40, 400),
    "load_test": (0.35, 200, 1500),
    "quality": (2.0, 10, 60),
    "spike": (0.5, 150, 900),
    "backfill": (0.8, 60, 400),
    "morning": (0.7, 25, 90),
    "traveller": (5.0, 2, 4),
    "clipboard": (3.0, 1, 3),
}

MORE_PER_DAY = {"declined": (8.0, 1, 4), "impatient": (6.0, 2, 4)}
"""The same, drawn after all others."""


def episodes(plan: Plan, world: World, begin: int, end: int) -> list[Episode]:
    """The oddities of a simulation."""
    found = _drawn(plan, world, begin, end, "oddities", PER_DAY)
    found += _drawn(plan, world, begin, end, "more oddities", MORE_PER_DAY)
    found.sort(key=lambda episode: (episode.start, episode.seed))
    return found


def _drawn(
    plan: Plan,
    world: World,
    begin: int,
    end: int,
    name: str,
    kinds: dict[str, tuple[float, int, int]],
) -> list[Episode]:
    rng = stream(plan.seed, name)
    found = []
    for site, (_, share) in zip(world.sites, plan.settings.domains, strict=True):
        rate = plan.rate * share
        # few people make few mistakes
        factor = plan.settings.noise * plan.hours / DAY_H * min(max(rate, 0.02), 50.0) ** 0.5
        for kind, (per_day, least, most) in kinds.items():
            for _ in range(int(rng.poisson(per_day * factor))):
                size = float(np.exp(rng.uniform(np.log(least), np.log(most))))
                size *= max(rate, 0.05) ** 0.5 if most > 50 else 1.0
                size = min(size, plan.hours * 3600 * rate * 0.05)
                start = begin + int((end - begin) * rng.uniform(0.0, 0.97))
                found.append(
                    Episode(kind, site.number, start, max(2, int(size)), int(rng.integers(1 << 60)))
                )
    return found


def rows_of(crowd: Crowd, episode: Episode, end: int) -> Any:
    """Rows of an episode, without any label."""
    campaign = Campaign(
        -1, "", episode.kind, "burst", episode.site, episode.start, episode.size, episode.seed
    )
    return _KINDS[episode.kind](Attack(crowd, campaign, (episode.start, end)))


def _people(honest: Attack, count: int, group: int = MOBILE, users: Any = None) -> None:
    """Honest people as the actors."""
    start = np.full(count, honest.begin, np.int64)
    honest.who = honest.crowd.sessions(honest.rng, group, start, users)
    honest.who.known[:] = True
    honest.tokens = True


def _busy(honest: Attack) -> str:
    """An endpoint that many read."""
    names = [
        n for n in ("home", "orders", "product", "telemetry", "boards", "shadow") if honest.has(n)
    ]
    return names[int(honest.rng.integers(len(names)))]


def storm(honest: Attack) -> Any:
    """Servers fail; clients try again after 1, 2, 4 … seconds, all at once."""
    rng = honest.rng
    people = max(3, honest.size // 5)
    _people(honest, people)
    session = np.repeat(np.arange(people), 5)
    turn = np.tile(np.arange(5), people)
    first = rng.random(people) * 20
    jitter = rng.uniform(0.9, 1.3, session.size)
    time = honest.begin + ((first[session] + (2.0**turn - 1) * jitter) * SECOND).astype(np.int64)
    rows = honest.rows(session, time, _busy(honest))
    rows[:, COL["status"]] = np.where(turn < 4, 503, 0)
    return rows[(turn < 4) | (rng.random(session.size) < 0.9)]


def expired(honest: Attack) -> Any:
    """A token has run out: a few refusals, a refresh, and on."""
    rng = honest.rng
    _people(honest, 1, WEB if rng.random() < 0.5 else MOBILE)
    count = honest.size
    names = [_busy(honest)] * count
    refresh = honest.has("refresh")
    middle = count // 2
    if refresh:
        names[middle] = "refresh"
    time = honest.begin + np.cumsum(rng.exponential(1.2, count) * SECOND).astype(np.int64)
    token = np.ones(count, bool)
    rows = honest.rows(np.zeros(count, np.int64), time, names, token=token)
    rows[:middle, COL["status"]] = 401
    return rows


def manager(honest: Attack) -> Any:
    """A password manager sends an old password again and again, then a person types the new one."""
    rng = honest.rng
    _people(honest, 1, WEB if rng.random() < 0.6 else MOBILE)
    count = honest.size
    time = honest.begin + np.cumsum(rng.choice([0.4, 1.5, 6.0, 20.0], count) * SECOND).astype(
        np.int64
    )
    rows = honest.rows(
        np.zeros(count, np.int64), time, honest.site.mark("login"), token=np.zeros(count, bool)
    )
    rows[: count - 1, COL["status"]] = 401
    return rows


def broken(honest: Attack) -> Any:
    """An old client asks for something that is gone, for hours, on a timer."""
    rng = honest.rng
    group = (MOBILE, WEB, PARTNER)[int(rng.integers(3))]
    _people(honest, 1, group, rng.integers(0, 8, 1) if group == PARTNER else None)
    count = honest.size
    gap = float(np.exp(rng.uniform(np.log(3), np.log(120))))
    time = honest.begin + (np.arange(count) * gap * SECOND).astype(np.int64)
    time += rng.integers(0, 300_000, count)
    rows = honest.rows(np.zeros(count, np.int64), time, _busy(honest))
    gone = (
        "/api/v1/config.json",
        "/v0/notifications",
        "/api/v1/banners/current",
        "/legacy/ping",
        "/api/sync/state",
    )
    rows[:, COL["path_s"]] = honest.text(gone[int(rng.integers(len(gone)))])
    rows[:, COL["query_s"]] = honest.text("v=3") if rng.random() < 0.4 else -1
    rows[:, COL["status"]] = 404 if rng.random() < 0.8 else 410
    return rows


def load_test(honest: Attack) -> Any:
    """A team measures its own servers with a known tool and a key of its own."""
    rng = honest.rng
    _people(honest, 1, PARTNER, np.array([2]))
    tools = (
        "k6/0.54.0 (https://k6.io/)",
        "Apache-HttpClient/4.5.14 (Java/17.0.9) JMeter",
        "Locust/2.31",
        "artillery/2.0.20",
    )
    honest.who.agent[:] = honest.text(tools[int(rng.integers(len(tools)))])
    names = [
        n
        for n in ("home", "product", "categories", "templates", "rates", "status", "feed")
        if honest.has(n)
    ] or ["health"]
    chosen = [names[k] for k in rng.integers(0, min(3, len(names)), honest.size).tolist()]
    time = honest.begin + (np.cumsum(rng.exponential(1 / 12, honest.size)) * SECOND).astype(
        np.int64
    )
    return honest.rows(np.zeros(honest.size, np.int64), time, chosen)


ODD_INPUTS = (
    "test",
    "asdf",
    "äöüß",
    "null",
    "undefined",
    "0",
    "-1",
    "' ",
    "O'Brien",
    "<b>test</b>",
    "a" * 300,
    "日本語",
    "🙂🙂",
    "NaN",
    "1e309",
    "{{test}}",
    "%s",
    "test@test",
    "12/31/9999",
    "--",
    "&amp;",
    "../",
    "C:\\test",
    "select",
    "\u202etest",
)


def quality(honest: Attack) -> Any:
    """Somebody of the company tries odd inputs in production."""
    rng = honest.rng
    _people(honest, 1, WEB)
    who = honest.who
    who.high[:], who.low[:] = 0, honest.population.staff_address()
    slots_of = [s.name for s in honest.site.domain.slots if s.kind == "text"]
    places = [
        (e.id, s) for e in honest.site.domain.endpoints for s in slots_of
        if f"{{{s}}}" in e.query + e.body and not e.staff and not e.partner
    ]  # fmt: skip
    if not places:
        return empty()
    count = honest.size
    which = rng.integers(0, len(places), count).tolist()
    session = np.zeros(count, np.int64)
    slots = honest.slots(session)
    for k, place in enumerate(which):
        slots[k, honest.column(places[place][1])] = honest.text(
            ODD_INPUTS[int(rng.integers(len(ODD_INPUTS)))]
        )
    time = honest.begin + (np.cumsum(np.exp(rng.normal(np.log(12), 0.8, count))) * SECOND).astype(
        np.int64
    )
    rows = honest.rows(session, time, [places[p][0] for p in which], slots)
    rows[:, COL["status"]] = honest.statuses(count, {0: 0.6, 400: 0.3, 500: 0.02, 422: 0.08})
    return rows


def spike(honest: Attack) -> Any:
    """A newsletter goes out: many new visitors within minutes, each as usual."""
    rng = honest.rng
    count = max(5, honest.size // 12)
    start = honest.begin + (rng.exponential(300, count) * SECOND).astype(np.int64)
    group = WEB if honest.site.domain.shares.get("web", 0) > 0 else MOBILE
    who = honest.crowd.sessions(rng, group, np.sort(start))
    rows, _ = honest.walker.walk(rng, who)
    return rows


def backfill(honest: Attack) -> Any:
    """A partner fetches all pages again after an outage of its own."""
    rng = honest.rng
    if not honest.has("feed"):
        return empty()
    _people(honest, 1, PARTNER, rng.integers(0, 8, 1))
    session = np.zeros(honest.size, np.int64)
    slots = honest.slots(session)
    slots[:, honest.column("page")] = 1 + np.arange(honest.size)
    time = honest.begin + (np.cumsum(rng.gamma(6, 0.08, honest.size)) * SECOND).astype(np.int64)
    return honest.rows(session, time, "feed", slots)


def morning(honest: Attack) -> Any:
    """An office begins its day: everybody signs in from one address, some with typos."""
    rng, population = honest.rng, honest.population
    offices = np.bincount(population.office[population.network == OFFICE]) if (
        population.network == OFFICE).any() else np.zeros(1, int)  # fmt: skip
    office = int(np.argsort(-offices, kind="stable")[int(rng.integers(min(4, offices.size)))])
    users = np.flatnonzero((population.network == OFFICE) & (population.office == office))
    if not users.size:
        return empty()
    users = rng.permutation(users)[: honest.size]
    start = honest.begin + np.sort(rng.exponential(420, users.size) * SECOND).astype(np.int64)
    who = honest.crowd.sessions(rng, WEB, start, users)
    who.known[:] = False
    rows, _ = honest.walker.walk(rng, who)
    return rows


def traveller(honest: Attack) -> Any:
    """One account at home, then in a hotel or behind a VPN in another country."""
    rng, crowd = honest.rng, honest.crowd
    user = rng.integers(0, honest.site.accounts, 1)
    parts = []
    for trip in range(2):
        start = np.array([honest.begin + trip * int(rng.uniform(1200, 20_000)) * SECOND], np.int64)
        who = crowd.sessions(rng, MOBILE if trip else WEB, start, user)
        if trip:
            away = honest.population.homes(rng, 1)
            exits = honest.population.exits[rng.integers(0, honest.population.exits.size, 1)]
            who.high, who.low = away if rng.random() < 0.6 else (np.zeros(1, np.int64), exits)
        parts.append(who)
    rows, _ = honest.walker.walk(rng, joined(parts))
    return rows


def clipboard(honest: Attack) -> Any:
    """Something pasted into the wrong field: a stack trace, a query, a secret link."""
    rng = honest.rng
    texts = honest.odd_texts
    slots_of = [s for s in ("q",) if s in honest.site.column]
    places = [
        e.id for e in honest.site.domain.endpoints if slots_of and "{q}" in e.query and not e.staff
    ]
    if not places:
        return empty()
    _people(honest, 1, WEB)
    session = np.zeros(honest.size, np.int64)
    slots = honest.slots(session)
    for k in range(honest.size):
        slots[k, honest.column("q")] = honest.text(texts[int(rng.integers(len(texts)))][:200])
    time = honest.begin + np.cumsum(rng.exponential(9, honest.size) * SECOND).astype(np.int64)
    return honest.rows(session, time, places[int(rng.integers(len(places)))], slots)


def declined(honest: Attack) -> Any:
    """A card is declined; the same again, another one, and then it works or is given up."""
    rng = honest.rng
    if honest.site.domain.name not in CARD_DOMAINS:
        return empty()
    _people(honest, 1, WEB if rng.random() < 0.6 else MOBILE)
    count = honest.size
    time = honest.begin + (np.cumsum(np.exp(rng.normal(np.log(35), 0.6, count))) * SECOND).astype(
        np.int64
    )
    rows = honest.rows(np.zeros(count, np.int64), time, "pay", token=np.ones(count, bool))
    last = count - int(rng.random() < 0.7)
    rows[:last, COL["status"]] = 402
    return rows


def impatient(honest: Attack) -> Any:
    """A prompt of the second factor does not come at once, so another one is asked for."""
    rng = honest.rng
    if not honest.has("push"):
        return empty()
    _people(honest, 1, WEB)
    count = honest.size
    time = honest.begin + (np.cumsum(np.exp(rng.normal(np.log(25), 0.5, count))) * SECOND).astype(
        np.int64
    )
    names = [honest.site.mark("login"), *["push"] * (count - 1)]
    return honest.rows(np.zeros(count, np.int64), time, names, token=np.zeros(count, bool))


_KINDS: dict[str, Callable[[Attack], Any]] = {
    "storm": storm,
    "expired": expired,
    "manager": manager,
    "broken": broken,
    "load_test": load_test,
    "quality": quality,
    "spike": spike,
    "backfill": backfill,
    "morning": morning,
    "traveller": traveller,
    "clipboard": clipboard,
    "declined": declined,
    "impatient": impatient,
}
