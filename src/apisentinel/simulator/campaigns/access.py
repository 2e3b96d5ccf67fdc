"""Attacks on rights and business rules by clients that are logged in."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from apisentinel.simulator.attack import MOST_ACTORS, Attack
from apisentinel.simulator.journeys import STAFF
from apisentinel.simulator.rows import COL

OBJECTS = ("order", "invoice", "transaction", "task", "clip", "device", "transactions")
"""Endpoints that show one object of an account."""


def _objects(attack: Attack) -> list[tuple[str, str]]:
    """(endpoint, slot) pairs that show an owned object."""
    owned = list(attack.site.owned)
    return [
        (endpoint.id, slot)
        for endpoint in attack.site.domain.endpoints
        for slot in owned
        if endpoint.method == "GET" and endpoint.auth and f"{{{slot}}}" in endpoint.path
    ]


def bola(attack: Attack) -> Any:
    """Objects of others with an own token."""
    rng = attack.rng
    attack.actors("library", known=True, per=8)
    session, time = attack.schedule(fastest=15)
    places = _objects(attack)
    endpoint, slot = places[int(rng.integers(len(places)))]
    slots = attack.slots(session)
    ids, owners = attack.foreign(slot, session, walk=bool(rng.random() < 0.5))
    slots[:, attack.column(slot)] = ids
    slots[:, attack.column("owner")] = owners
    rows = attack.rows(session, time, endpoint, slots)
    leaks = rng.uniform(0.5, 1.0) if rng.random() < 0.75 else 0.0
    refused = rng.random(session.size) >= leaks
    rows[refused, COL["status"]] = rng.choice([403, 404], int(refused.sum()))
    attack.campaign.success = leaks > 0
    return attack.finish(rows)


def bfla(attack: Attack) -> Any:
    """Functions of the staff with the token of a user."""
    rng = attack.rng
    attack.actors("library", known=True, per=5)
    session, time = attack.schedule(fastest=10)
    names = [e.id for e in attack.site.domain.endpoints if e.staff]
    chosen = [names[k] for k in rng.integers(0, len(names), session.size).tolist()]
    rows = attack.rows(session, time, chosen)
    words = ("DELETE", "PUT", "PATCH")
    for k in np.flatnonzero(rng.random(session.size) < 0.2).tolist():
        rows[k, COL["method_s"]] = attack.text(words[int(rng.integers(3))])
    attack.campaign.success = bool(rng.random() < 0.5)
    refused = np.ones(session.size, bool)
    if attack.campaign.success:
        refused = rng.random(session.size) < 0.5
    rows[refused, COL["status"]] = rng.choice([403, 403, 401, 404], int(refused.sum()))
    return attack.finish(rows)


EXTRAS: tuple[dict[str, Any], ...] = (
    {"role": "admin"},
    {"is_admin": True},
    {"isAdmin": 1},
    {"balance": 99999},
    {"credit": 5000},
    {"verified": True},
    {"permissions": ["*"]},
    {"plan": "enterprise"},
    {"tier": "gold", "discount": 90},
    {"owner_id": 1},
    {"status": "approved"},
    {"user": {"role": "superuser"}},
    {"account_type": "staff"},
    {"email_verified": True},
    {"__proto__": {"admin": True}},
)
"""Fields that no form has."""


def mass_assignment(attack: Attack) -> Any:
    """Fields that the caller should not set, behind those of an honest body."""
    rng = attack.rng
    names = [n for n in ("profile", "register", "update", "rename", "address") if attack.has(n)]
    attack.actors("library", known=True, per=3)
    session, time = attack.schedule(fastest=6)
    name = names[int(rng.integers(len(names)))]
    rows = attack.rows(session, time, name, token=np.full(session.size, name != "register"))
    for k in range(session.size):
        extra = EXTRAS[int(rng.integers(len(EXTRAS)))]
        text = json.dumps(extra, separators=(",", ":"))[1:-1]
        rows[k, COL["tail_s"]] = attack.text(f",{text}")
    attack.campaign.success = bool(rng.random() < 0.5)
    if not attack.campaign.success:
        rows[:, COL["status"]] = attack.statuses(session.size, {400: 0.7, 0: 0.3})
    return attack.finish(rows)


def parameter_tampering(attack: Attack) -> Any:
    """Prices, amounts and limits that the client made up."""
    rng = attack.rng
    names = [n for n in ("pay", "checkout", "add", "subscription", "card_limit") if attack.has(n)]
    names = [n for n in names if _amounts(attack, n)]
    attack.actors("library", known=True, per=3)
    session, time = attack.schedule(fastest=5)
    name = names[int(rng.integers(len(names)))]
    fields = _amounts(attack, name)
    slots = attack.slots(session)
    for k in range(session.size):
        field = fields[int(rng.integers(len(fields)))]
        odd = (1, -5000, 0, -100, 1, 99_999_999_999)[int(rng.integers(6))]
        if field in {"qty", "seats"}:
            odd = (-1, -3, 0, 99999, 2_147_483_647)[int(rng.integers(5))]
        # a negative number has to be text: rows keep those for strings
        text = f"{odd}" if field in {"qty", "seats"} else f"{odd / 100:.2f}"
        slots[k, attack.column(field)] = attack.text(text)
    rows = attack.rows(session, time, name, slots)
    attack.campaign.success = bool(rng.random() < 0.5)
    if not attack.campaign.success:
        rows[:, COL["status"]] = attack.statuses(session.size, {400: 0.6, 409: 0.2, 0: 0.2})
    return attack.finish(rows)


def _amounts(attack: Attack, name: str) -> list[str]:
    body = next(e.body for e in attack.site.domain.endpoints if e.id == name)
    return [s for s in ("amount", "total", "qty", "seats") if f"{{{s}" in body]


def sequence_abuse(attack: Attack) -> Any:
    """Steps of a business flow left out or repeated at a pace no person has."""
    rng = attack.rng
    attack.actors("automation", known=True, per=6)
    session, time = attack.schedule(fastest=8)
    flows = [
        [n for n in flow if attack.has(n)]
        for flow in (("pay", "order"), ("coupon", "pay"), ("pay",), ("return", "return"),
                     ("pair", "command"), ("checkout", "pay"), ("otp", "pay"), ("hook_test",))
    ]  # fmt: skip
    flows = [flow for flow in flows if flow]
    flow = flows[int(rng.integers(len(flows)))]
    chosen = [flow[k % len(flow)] for k in range(session.size)]
    rows = attack.rows(session, time, chosen)
    attack.campaign.success = bool(rng.random() < 0.6)
    if not attack.campaign.success:
        rows[:, COL["status"]] = attack.statuses(session.size, {409: 0.5, 400: 0.2, 0: 0.3})
    return attack.finish(rows)


def data_exposure(attack: Attack) -> Any:
    """Takes lists of people out of an endpoint that says more than it should."""
    rng = attack.rng
    attack.actors("scraping", known=True, per=10)
    session, time = attack.schedule(fastest=6)
    name = "admin_users" if rng.random() < 0.6 else "me"
    slots = attack.slots(session)
    slots[:, attack.column("page")] = 1 + np.arange(session.size)
    rows = attack.rows(session, time, name, slots)
    people = [_person(attack, int(rng.integers(attack.site.accounts))) for _ in range(60)]
    for k in range(session.size):
        count = int(rng.integers(5, 26))
        begin = int(rng.integers(len(people)))
        some = [people[(begin + j) % len(people)] for j in range(count)]
        rows[k, COL["reply_s"]] = attack.text(json.dumps({"users": some}, separators=(",", ":")))
    attack.campaign.success = True
    rows[:, COL["status"]] = 200
    return attack.finish(rows)


def _person(attack: Attack, number: int) -> dict[str, Any]:
    rng = attack.rng
    words = attack.words
    first = words["first"][int(rng.integers(len(words["first"])))]
    last = words["last"][int(rng.integers(len(words["last"])))]
    digits = "".join(str(d) for d in rng.integers(0, 10, 10).tolist())
    return {
        "id": attack.site.first_account + number,
        "email": f"{first}.{last}@{words['mail'][number % len(words['mail'])]}",
        "phone": f"+49151{digits[:8]}",
        "iban": _iban(digits),
        "birth": f"19{50 + number % 49}-0{1 + number % 9}-1{number % 9}",
        "password_hash": "$2b$12$" + "".join("abcdefghijklmnopqrstuv"[int(d)] for d in digits * 5),
    }


def _iban(digits: str) -> str:
    """A German account number whose check digits are right."""
    account = "37040044" + digits
    check = 98 - int(account + "131400") % 97
    return f"DE{check:02d}{account}"


def insider_misuse(attack: Attack) -> Any:
    """Somebody of the staff looks at far more than the work asks for, at odd hours."""
    rng = attack.rng
    users = rng.integers(0, 16, MOST_ACTORS)
    attack.actors("library", known=True, per=30, users=users, group=STAFF)
    who = attack.who
    home = attack.population.homes(rng, who.start.size)
    if attack.variant in {"burst", "distributed"}:
        who.high, who.low = home
    session, time = attack.schedule(fastest=3)
    names = ["admin_orders", "admin_users", "admin_orders", "admin_export"]
    shares = (0.6, 0.3, 0.07, 0.03)
    chosen = [names[k] for k in rng.choice(4, session.size, p=shares).tolist()]
    slots = attack.slots(session)
    if attack.site.owned:
        slot = next(iter(attack.site.owned))
        ids, owners = attack.foreign(slot, session, walk=bool(rng.random() < 0.6))
        slots[:, attack.column(slot)], slots[:, attack.column("owner")] = ids, owners
    slots[:, attack.column("page")] = 1 + np.arange(session.size)
    slots[:, attack.column("limit")] = rng.choice([100, 500, 5000], session.size)
    rows = attack.rows(session, time, chosen, slots)
    attack.campaign.success = True
    return attack.finish(rows)


ACCESS: dict[str, Callable[[Attack], Any]] = {
    "bola": bola,
    "bfla": bfla,
    "mass_assignment": mass_assignment,
    "parameter_tampering": parameter_tampering,
    "sequence_abuse": sequence_abuse,
    "data_exposure": data_exposure,
    "insider_misuse": insider_misuse,
}
