"""Programs that take what was meant for people, and programs that look for ways in."""

from collections.abc import Callable
from typing import Any

import numpy as np

from apisentinel.simulator import spec
from apisentinel.simulator.attack import Attack
from apisentinel.simulator.payloads import payload
from apisentinel.simulator.rows import COL


def _open(attack: Attack, *, listed: bool = True) -> list[str]:
    """Endpoints that everybody may read, or everybody with an account when there are too few."""
    return [
        e.id
        for e in attack.site.domain.endpoints
        if e.method == "GET" and not e.staff and not e.partner and not e.asset and e.id != "health"
        and (not e.auth or not listed)
    ]  # fmt: skip


def scraping(attack: Attack) -> Any:
    """Every object of a catalogue, page by page or id by id."""
    rng = attack.rng
    public = [s.name for s in attack.site.domain.slots if s.kind == "public"]
    targets = [
        (e.id, s)
        for e in attack.site.domain.endpoints
        for s in public
        if f"{{{s}}}" in e.path and e.method == "GET" and not e.asset and not e.staff
    ]
    endpoint, slot = targets[int(rng.integers(len(targets)))]
    needs = next(e.auth for e in attack.site.domain.endpoints if e.id == endpoint)
    attack.actors("scraping", known=needs, per=12)
    session, time = attack.schedule(fastest=12, gaps_s=(1.5, 90.0))
    first, count = attack.site.pools[slot].tolist()
    slots = attack.slots(session)
    begin = int(rng.integers(count))
    order = np.arange(session.size)
    if rng.random() < 0.4:
        order = rng.permutation(session.size)
    slots[:, attack.column(slot)] = first + (begin + order) % count
    chosen = [endpoint] * session.size
    lists = [e for e in ("list", "search", "templates", "branches") if attack.has(e)]
    if lists and rng.random() < 0.5:
        for k in range(0, session.size, 9):
            chosen[k] = lists[0]
        slots[:, attack.column("page")] = 1 + np.arange(session.size) // 9
    rows = attack.rows(session, time, chosen, slots)
    attack.campaign.success = True
    return attack.finish(rows)


def crawling(attack: Attack) -> Any:
    """Follows everything there is, breadth first, without pause."""
    rng = attack.rng
    attack.actors("crawling", per=15)
    session, time = attack.schedule(fastest=20, gaps_s=(1.5, 90.0))
    pages = _open(attack) or _open(attack, listed=False)
    chosen = [pages[k] for k in rng.integers(0, len(pages), session.size).tolist()]
    slots = attack.slots(session)
    slots[:, attack.column("page")] = rng.integers(1, 60, session.size)
    for slot in attack.site.domain.slots:
        if slot.kind == "public":
            first, count = attack.site.pools[slot.name].tolist()
            slots[:, attack.column(slot.name)] = first + rng.integers(0, count, session.size)
    rows = attack.rows(session, time, chosen, slots)
    dead = rng.random(session.size) < 0.06
    rows[dead, COL["status"]] = 404
    attack.campaign.success = True
    return attack.finish(rows)


def automation(attack: Attack) -> Any:
    """Scripts do a person's work: accounts by the hundred, baskets in milliseconds, codes tried."""
    rng = attack.rng
    ways = [
        w
        for w in (
            ("register",),
            ("add", "checkout"),
            ("coupon",),
            ("search", "product"),
            ("create",),
            ("command",),
            ("branches", "branch"),
        )
        if attack.has(*w)
    ]
    way = ways[int(rng.integers(len(ways)))]
    needs = any(e.auth for e in attack.site.domain.endpoints if e.id in way)
    attack.actors("automation", known=needs, per=8)
    session, time = attack.schedule(fastest=8, gaps_s=(4.0, 300.0))
    chosen = [way[k % len(way)] for k in range(session.size)]
    slots = attack.slots(session)
    if way == ("register",):
        step = int(rng.integers(1 << 20, 1 << 27))
        slots[:, attack.column("account")] = (
            attack.site.first_account + step + np.arange(session.size)
        )
    rows = attack.rows(session, time, chosen, slots)
    attack.campaign.success = True
    return attack.finish(rows)


def fake_bot(attack: Attack) -> Any:
    """Names itself a known crawler and is none."""
    rng = attack.rng
    pages = _open(attack) or _open(attack, listed=False)
    attack.actors("crawling", per=8)
    names = spec.payloads()["agents"]["fake"]
    name = names[int(rng.integers(len(names)))]
    who = attack.who
    session, time = attack.schedule(fastest=15)
    attack.cover.clear()
    who.agent[:] = attack.text(name)
    who.kind[:] = attack.world.kind["tool" if rng.random() < 0.6 else "googlebot"]
    who.lang[:] = -1
    who.session[:] = 0
    chosen = [pages[k] for k in rng.integers(0, len(pages), session.size).tolist()]
    rows = attack.rows(session, time, chosen)
    paths = spec.payloads()["paths"]["probing"]
    looking = rng.random(session.size) < rng.choice([0.0, 0.3])
    for k in np.flatnonzero(looking).tolist():
        rows[k, COL["path_s"]] = attack.text(paths[int(rng.integers(len(paths)))])
        rows[k, COL["query_s"]] = attack.text("")
        rows[k, COL["status"]] = 404
    return attack.finish(rows)


def _paths(attack: Attack, words: list[str], tools: str, *, suffix: bool) -> Any:
    rng = attack.rng
    attack.actors(tools, per=6)
    session, time = attack.schedule(fastest=120)
    base = _open(attack)[:1] or ["health"]
    rows = attack.rows(session, time, base[0])
    endings = spec.payloads()["paths"]["suffix"]
    order = rng.permutation(len(words))
    for k in range(session.size):
        word = words[int(order[k % len(words)])]
        if suffix:
            word += (
                endings[int(rng.integers(len(endings)))]
                if k >= len(words) or rng.random() < 0.3
                else ""
            )
        query = ""
        if suffix and rng.random() < 0.06:
            query = "id=" + payload("sqli", rng)[0].replace(" ", "%20").replace('"', "%22")
        rows[k, COL["path_s"]] = attack.text(word)
        rows[k, COL["query_s"]] = attack.text(query) if query else -1
        if rng.random() < 0.12:
            rows[k, COL["method_s"]] = attack.text(
                ("HEAD", "OPTIONS", "POST")[int(rng.integers(3))]
            )
    found = rng.random(session.size) < 0.015
    rows[:, COL["status"]] = np.where(
        found, 200, attack.statuses(session.size, {404: 0.9, 403: 0.06, 301: 0.04})
    )
    rows[found, COL["resp_bytes"]] = rng.integers(300, 9000, int(found.sum()))
    attack.campaign.success = bool(found.any())
    return attack.finish(rows)


def scanning(attack: Attack) -> Any:
    """Word lists of paths, a payload now and then."""
    return _paths(attack, spec.payloads()["paths"]["scanning"], suffix=True, tools="scanning")


def probing(attack: Attack) -> Any:
    """A few paths that should never be there: settings, dumps, consoles."""
    return _paths(attack, spec.payloads()["paths"]["probing"], suffix=False, tools="probing")


AUTOMATION: dict[str, Callable[[Attack], Any]] = {
    "scraping": scraping,
    "crawling": crawling,
    "automation": automation,
    "fake_bot": fake_bot,
    "scanning": scanning,
    "probing": probing,
}
