"""Attacks on accounts: guessing, stuffing, spraying, takeover, tokens."""

import base64
import json
from collections.abc import Callable
from typing import Any

import numpy as np

from apisentinel.simulator.attack import SECOND, Attack
from apisentinel.simulator.crowd import joined
from apisentinel.simulator.journeys import Sessions
from apisentinel.simulator.randomness import stream
from apisentinel.simulator.rows import COL, mixed
from apisentinel.simulator.spec import CARD_DOMAINS


def _logins(attack: Attack, accounts: Any, secrets: Any, session: Any, time: Any) -> Any:
    """Login requests for accounts (ids) with secrets (numbers)."""
    slots = attack.slots(session)
    slots[:, attack.column("account")] = accounts
    slots[:, attack.column("secret")] = secrets
    rows = attack.rows(
        session, time, attack.site.mark("login"), slots, np.zeros(session.size, bool)
    )
    rows[:, COL["status"]] = 401
    return rows


def _accepted(attack: Attack) -> int:
    """Status of a login that works."""
    place = attack.site.endpoint[attack.site.mark("login")] - attack.site.first_endpoint
    return int(attack.site.ok[place])


def _exists(attack: Attack, count: int) -> Any:
    """Ids of accounts that are there."""
    return attack.site.first_account + attack.rng.integers(0, attack.site.accounts, count)


def _goes(attack: Attack, chance: float) -> bool:
    """True for the share of campaigns that go a rarer way; drawn apart, so that others stay."""
    return bool(stream(attack.campaign.seed, "way").random() < chance)


def _inside(attack: Attack, rows: Any, chosen: Any, steps: tuple[str, ...]) -> Any:
    """Requests with the tokens of logins that succeeded.

    Args:
        chosen: Indices of the successful logins in `rows`.
        steps: Endpoints one after the other; those that the site lacks are left out.
    """
    steps = tuple(step for step in steps if attack.has(step))
    count = chosen.size
    rng, who = attack.rng, attack.who
    taken = rows[chosen]
    account = taken[:, attack.site.column["account"]]
    session = rng.integers(1, 1 << 62, count)
    rows[chosen, COL["session"]] = np.where(rows[chosen, COL["session"]] != 0, session, 0)
    parts = []
    time = taken[:, COL["ts"]]
    for step in steps:
        time = time + (np.exp(rng.normal(np.log(4), 0.9, count)) * SECOND).astype(np.int64)
        own = Sessions(
            time, account, np.zeros(count, np.int64), taken[:, COL["kind"]], taken[:, COL["agent"]],
            taken[:, COL["lang"]], taken[:, COL["addr_hi"]], taken[:, COL["addr_lo"]], session,
            np.ones(count, bool), np.zeros(count), np.ones(count),
        )  # fmt: skip
        attack.who = own
        made = attack.rows(np.arange(count), time, step, token=np.ones(count, bool))
        if step == "email":
            # the new contact is the attacker's
            made[:, attack.site.column["account"]] += rng.integers(1000, 9000, count)
        parts.append(made)
    attack.who = who
    return np.concatenate(parts) if parts else rows[:0]


def brute_force(attack: Attack) -> Any:
    """Many passwords for one account, or few."""
    rng = attack.rng
    attack.actors("brute_force", per=4)
    session, time = attack.schedule(fastest=60)
    targets = _exists(attack, 1 if rng.random() < 0.8 else 3)
    accounts = targets[rng.integers(0, targets.size, session.size)]
    rows = _logins(attack, accounts, rng.integers(1, 1 << 60, session.size), session, time)
    if rng.random() < 0.25:
        attack.campaign.success = True
        rows[-1, COL["status"]] = _accepted(attack)
        after = _inside(attack, rows, np.array([rows.shape[0] - 1]), ("me", "orders"))
        rows = np.concatenate([rows, after])
    return attack.finish(rows)


def credential_stuffing(attack: Attack) -> Any:
    """Pairs from leaks: each account once or twice, few of them right."""
    rng = attack.rng
    attack.actors("brute_force", per=float(rng.choice([1.2, 3, 8])))
    session, time = attack.schedule(fastest=80)
    count = session.size
    there = rng.random(count) < rng.uniform(0.05, 0.5)
    accounts = np.where(
        there,
        _exists(attack, count),
        attack.site.first_account + rng.integers(1 << 20, 1 << 28, count),
    )
    rows = _logins(attack, accounts, rng.integers(1, 1 << 60, count), session, time)
    right = np.flatnonzero(there & (rng.random(count) < 0.04))
    if right.size:
        attack.campaign.success = True
        rows[right, COL["status"]] = _accepted(attack)
        after = _inside(attack, rows, right, ("me", "orders"))
        rows = np.concatenate([rows, after])
    return attack.finish(rows)


def password_spraying(attack: Attack) -> Any:
    """Few usual passwords for many accounts."""
    rng = attack.rng
    attack.actors("brute_force", per=3)
    session, time = attack.schedule(fastest=30)
    count = session.size
    usual = ["Summer2026!", "Welcome1", "Password123", "Qwertz123!", "Company2026", "Changeme1!"]
    refs = [attack.text(word) for word in usual[: int(rng.integers(1, 4))]]
    secrets = np.array(refs)[np.arange(count) * len(refs) // max(count, 1)]
    rows = _logins(attack, _exists(attack, count), secrets, session, time)
    right = np.flatnonzero(rng.random(count) < 0.012)
    if right.size:
        attack.campaign.success = True
        rows[right, COL["status"]] = _accepted(attack)
        rows = np.concatenate([rows, _inside(attack, rows, right, ("me",))])
    return attack.finish(rows)


def account_takeover(attack: Attack) -> Any:
    """Logs in as somebody else from elsewhere, changes the contact, takes what there is; or sends
    prompts of the second factor until somebody gives in.
    """
    if attack.has("push") and _goes(attack, 0.35):
        return _prompted(attack)
    wanted = ("me", "email", "orders", "order", "payee", "checkout", "pay", "command")
    steps = tuple(step for step in wanted if attack.has(step))
    attack.actors("library", per=8)
    logins = max(1, attack.size // (len(steps) + 1))
    session, time = attack.schedule(logins, fastest=2.0)
    # people who come often, so that there is a habit to break
    active = attack.population.draw(attack.rng, logins, 12.0, 0.0)
    victims = attack.site.first_account + active
    rows = _logins(attack, victims, mixed(victims, 61), session, time)
    rows[:, COL["status"]] = _accepted(attack)
    after = _inside(attack, rows, np.arange(logins), steps)
    attack.campaign.success = True
    attack.campaign.stages = ["login", "contact changed", "used"]
    return attack.finish(np.concatenate([rows, after]))


def _prompted(attack: Attack) -> Any:
    """The password is known; the owner is asked again and again until one prompt is approved."""
    rng = attack.rng
    attack.actors("library", per=8)
    logins = max(1, attack.size // 12)
    session, time = attack.schedule(logins, fastest=0.05)
    victims = attack.site.first_account + attack.population.draw(rng, logins, 12.0, 0.0)
    rows = _logins(attack, victims, mixed(victims, 61), session, time)
    rows[:, COL["status"]] = _accepted(attack)
    each = rng.integers(6, 16, logins)
    place = np.repeat(np.arange(logins), each)
    turn = np.arange(place.size) - np.repeat(np.cumsum(each) - each, each)
    pause = np.exp(rng.normal(np.log(18), 0.5, place.size)) * SECOND
    slots = attack.slots(session[place])
    slots[:, attack.column("account")] = victims[place]
    prompts = attack.rows(
        session[place], time[place] + ((turn + 1) * pause).astype(np.int64), "push", slots,
        np.zeros(place.size, bool),
    )  # fmt: skip
    parts = [rows, prompts]
    given = np.flatnonzero(rng.random(logins) < 0.5)
    if given.size:
        attack.campaign.success = True
        later = rows.copy()
        later[:, COL["ts"]] += int(200 * SECOND)
        parts.append(_inside(attack, later, given, ("me", "orders")))
    attack.campaign.stages = ["login", "prompts", "used"]
    return attack.finish(np.concatenate(parts))


def enumeration(attack: Attack) -> Any:
    """Finds out which accounts, objects, codes or cards exist."""
    if attack.site.domain.name in CARD_DOMAINS and _goes(attack, 0.25):
        return _carded(attack)
    rng = attack.rng
    attack.actors("scanning", per=5)
    session, time = attack.schedule(fastest=50)
    count = session.size
    ways = [w for w in ("reset", "register", "coupon", "otp") if attack.has(w)]
    way = ways[int(rng.integers(len(ways)))]
    slots = attack.slots(session)
    there = rng.random(count) < rng.uniform(0.03, 0.4)
    if way == "coupon":
        slot = "coupon" if "coupon" in attack.site.column else "code"
        codes = [f"{'SPRING' if k % 2 else 'VIP'}{k:04d}" for k in range(count)]
        slots[:, attack.column(slot)] = [attack.text(code) for code in codes]
    elif way == "otp":
        slots[:, attack.column("otp")] = np.arange(count) + int(rng.integers(800_000))
        slots[:, attack.column("account")] = _exists(attack, 1)[0]
    else:
        step = np.arange(count) if rng.random() < 0.5 else rng.integers(0, 1 << 24, count)
        slots[:, attack.column("account")] = attack.site.first_account + step
    rows = attack.rows(session, time, way, slots, np.full(count, way == "coupon"))
    wrong = {"reset": 404, "register": 409, "coupon": 404, "otp": 401}[way]
    rows[:, COL["status"]] = np.where(there, 0 if way != "register" else 409, wrong)
    if way == "register":
        rows[:, COL["status"]] = np.where(there, 409, 400)
    attack.campaign.success = bool(there.any())
    return attack.finish(rows)


def _carded(attack: Attack) -> Any:
    """Small payments with one card after the other; most are declined."""
    rng = attack.rng
    attack.actors("library", known=True, per=8)
    session, time = attack.schedule(fastest=5)
    slots = attack.slots(session)
    # cards stand in the place of what an account has on file
    slots[:, attack.column("account")] = rng.integers(1 << 20, 1 << 40, session.size)
    rows = attack.rows(session, time, "pay", slots, np.ones(session.size, bool))
    works = rng.random(session.size) < rng.uniform(0.02, 0.2)
    rows[:, COL["status"]] = np.where(works, 0, 402)
    attack.campaign.success = bool(works.any())
    return attack.finish(rows)


def token_abuse(attack: Attack) -> Any:
    """Stolen sessions and refresh tokens used beside their owners, forged and guessed tokens."""
    if attack.has("refresh") and _goes(attack, 0.2):
        return _replayed(attack)
    rng = attack.rng
    attack.actors("library", known=True, per=4)
    session, time = attack.schedule(fastest=20)
    names = [e for e in ("me", "orders", "order", "profile") if attack.has(e)]
    chosen = [names[k] for k in rng.integers(0, len(names), session.size).tolist()]
    rows = attack.rows(session, time, chosen)
    way = int(rng.integers(3))
    if way == 0:
        # what the thief does besides is done with the stolen session, too
        rows = np.concatenate([rows, *attack.cover])
        rows = rows[np.argsort(rows[:, COL["ts"]], kind="stable")][: 2 * attack.size]
        attack.cover.clear()
        _stolen(attack)
    else:
        for k in range(session.size):
            user = int(_exists(attack, 1)[0])
            token = _forged(rng, user, none=way == 1)
            rows[k, COL["auth_s"]] = attack.text(token)
        rows[:, COL["cred"]] = 0
        rows[:, COL["user"]] = -1
        rows[:, COL["status"]] = 401
        if rng.random() < 0.2:
            attack.campaign.success = True
            rows[-max(1, session.size // 5) :, COL["status"]] = 0
    return attack.finish(rows)


def _replayed(attack: Attack) -> Any:
    """Refresh tokens of others, after their owners used them."""
    rng = attack.rng
    attack.actors("library", known=True, per=2)
    session, time = attack.schedule(fastest=2)
    rows = attack.rows(session, time, "refresh", token=np.ones(session.size, bool))
    rows[:, COL["status"]] = np.where(rng.random(session.size) < 0.5, 401, 0)
    rows = np.concatenate([rows, *attack.cover])
    attack.cover.clear()
    thieves, who = np.unique(session), attack.who
    _stolen(attack)
    # the owner refreshed before; the token is the session's
    first = np.array([rows[rows[:, COL["session"]] == who.session[k], COL["ts"]].min()
                      for k in thieves.tolist()], np.int64)  # fmt: skip
    gap = (rng.uniform(60, 900, thieves.size) * SECOND).astype(np.int64)
    used = attack.rows(
        thieves, np.maximum(first - gap, attack.begin), "refresh",
        token=np.ones(thieves.size, bool),
    )  # fmt: skip
    attack.cover.append(used)
    attack.who = who
    return attack.finish(rows)


def _stolen(attack: Attack) -> None:
    """The owner goes on in the same session from its own address."""
    rng, who = attack.rng, attack.who
    users = who.account - attack.site.first_account
    owners = attack.crowd.sessions(rng, 1, np.full(users.size, attack.begin), users)
    owners.session, owners.known = who.session.copy(), np.ones(users.size, bool)
    own, _ = attack.walker.walk(rng, joined([owners]))
    attack.cover.append(own)
    attack.who = owners
    attack.campaign.success = True


def _forged(rng: np.random.Generator, user: int, *, none: bool) -> str:
    head = (
        {"alg": "none", "typ": "JWT"}
        if none
        else {"alg": "HS256", "kid": "../../dev/null", "typ": "JWT"}
    )
    body = {"sub": str(user), "role": "admin", "exp": 4_102_444_800}
    parts = [
        base64.urlsafe_b64encode(json.dumps(part, separators=(",", ":")).encode())
        .rstrip(b"=")
        .decode()
        for part in (head, body)
    ]
    signature = "" if none else base64.urlsafe_b64encode(rng.bytes(32)).rstrip(b"=").decode()
    return ".".join((*parts, signature))


LOGIN: dict[str, Callable[[Attack], Any]] = {
    "brute_force": brute_force,
    "credential_stuffing": credential_stuffing,
    "password_spraying": password_spraying,
    "account_takeover": account_takeover,
    "enumeration": enumeration,
    "token_abuse": token_abuse,
}
