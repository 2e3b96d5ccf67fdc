"""Attacks by amount: floods, and requests that cost the server far more than the client."""

from collections.abc import Callable
from typing import Any

from apisentinel.simulator.attack import Attack
from apisentinel.simulator.rows import COL

QUARTER = 900_000_000
"""µs."""


def volume(attack: Attack) -> Any:
    """Floods one endpoint or few."""
    rng = attack.rng
    pages = [
        e.id
        for e in attack.site.domain.endpoints
        if not e.auth and not e.staff and not e.partner and not e.asset and e.id != "health"
    ]
    attack.actors("volume", per=30, most=120)
    if attack.variant == "mimic":
        # as many visitors as honest ones, all in a quarter of an hour
        attack.end = min(attack.end, attack.begin + QUARTER)
    session, time = attack.schedule(fastest=1000, gaps_s=(0.2, 2.0), longest_s=900)
    some = [pages[k] for k in rng.permutation(len(pages))[: int(rng.integers(1, 3))].tolist()]
    numbers = rng.integers(0, len(some), session.size)
    rows = attack.rows(session, time, [some[k] for k in numbers.tolist()])
    # the servers give in when the flood is high
    span = max(float(time[-1] - time[0]) / 1e6, 1.0)
    if session.size / span > 100:
        attack.campaign.success = True
        sick = rng.random(session.size) < 0.4
        rows[sick, COL["status"]] = 503
        rows[:, COL["duration"]] = rng.integers(100_000, 3_000_000, session.size)
    return attack.finish(rows)


def resource_abuse(attack: Attack) -> Any:
    """Huge pages, exports and searches, uploads without end."""
    rng = attack.rng
    heavy = [
        (e.id, slot)
        for e in attack.site.domain.endpoints
        for slot in ("limit", "page")
        if f"{{{slot}}}" in e.query + e.body and not e.staff and not e.partner
    ]
    heavy += [
        (name, "")
        for name in ("invoice", "upload", "image_proxy", "ask", "search", "diagnose")
        if attack.has(name)
    ]
    endpoint, slot = heavy[int(rng.integers(len(heavy)))]
    attack.actors("library", known=True, per=6)
    session, time = attack.schedule(fastest=10, gaps_s=(3.0, 120.0))
    slots = attack.slots(session)
    if slot:
        slots[:, attack.column(slot)] = rng.choice([10_000, 50_000, 100_000, 999_999], session.size)
    rows = attack.rows(session, time, endpoint, slots)
    if endpoint == "upload":
        blob = "QUJD" * int(rng.integers(800, 3000))
        rows[:, COL["body_s"]] = attack.text(
            '{"name":"x.bin","type":"application/octet-stream","data":"' + blob + '"}'
        )
    rows[:, COL["duration"]] = rng.integers(900_000, 12_000_000, session.size)
    rows[:, COL["resp_bytes"]] = rng.integers(800_000, 12_000_000, session.size)
    attack.campaign.success = True
    return attack.finish(rows)


LOAD: dict[str, Callable[[Attack], Any]] = {"volume": volume, "resource_abuse": resource_abuse}
