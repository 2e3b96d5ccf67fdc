"""Walks of many sessions at once through a domain: a semi-Markov chain of actions with think times,
each action one or more requests.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from apisentinel.simulator.population import Population
from apisentinel.simulator.rows import COL, NONE, PLAIN_HEADERS, SLOTS, WIDTH, blank, mixed
from apisentinel.simulator.spec import GROUPS
from apisentinel.simulator.world import ITEMS, Site, World

MAX_STEPS = 160
"""Actions of one session; a crawl of a day is several sessions."""

MAX_CALLS = 5
"""Requests of one action."""

WEB, MOBILE, PARTNER, CRON, STAFF, CRAWLER, HEALTH, DEVICE, TOOL = range(len(GROUPS))

THINK = {
    # median seconds, sigma of the logarithm, share of long pauses
    WEB: (7.0, 0.95, 0.05), MOBILE: (5.5, 0.9, 0.07), PARTNER: (0.35, 0.7, 0.02),
    CRON: (0.25, 0.5, 0.0), STAFF: (14.0, 1.0, 0.08), CRAWLER: (6.0, 0.6, 0.03),
    HEALTH: (1.0, 0.1, 0.0), DEVICE: (25.0, 0.35, 0.05), TOOL: (0.2, 0.4, 0.0),
}  # fmt: skip
PAUSE_MEDIAN_S, PAUSE_SIGMA = 140.0, 1.0
"""Second part of the think-time mixture: somebody reads, talks or eats."""

LOGIN_FAILS, LOGIN_FAILS_AGAIN = 0.065, 0.32
"""Share of honest logins that fail, first and after a failure: typos and forgotten passwords."""

TEXTS = (
    "method_s", "path_s", "query_s", "body_s", "reply_s", "head_s", "auth_s", "campaign", "actor",
    "tail_s",
)  # fmt: skip
"""Columns that are empty unless somebody fills them."""

LISTED = 8
"""Ids of a list that a visitor picks from."""


@dataclass
class Sessions:
    """Sessions before they walk; all arrays have one entry per session.

    Attributes:
        start: µs.
        account: Ids of accounts; of their machines for partners and devices.
        known: The client holds a valid token from the start.
        hop: Chance per step that the address changes.
    """

    start: Any
    account: Any
    group: Any
    kind: Any
    agent: Any
    lang: Any
    high: Any
    low: Any
    session: Any
    known: Any
    hop: Any
    pace: Any


@dataclass
class Requests:
    """Requests of sessions before they become rows; one entry per request.

    Attributes:
        session: Index into the sessions.
        time: µs.
        endpoint: Number within the site.
        slots: (n, slots) values.
        token: Sent with the token of the session.
        step: Number of the action in its session.
    """

    session: Any
    time: Any
    endpoint: Any
    slots: Any
    token: Any
    step: Any


class Walker:
    """Walks sessions of one site.

    The chains are compiled to one table of cumulative chances over (group, action); the last column
    is the end of the session.
    """

    def __init__(self, world: World, site: Site, population: Population) -> None:
        self.world, self.site, self.population = world, site, population
        domain = site.domain
        self.actions = list(domain.actions)
        self.number = {name: k for k, name in enumerate(self.actions)}
        count = len(self.actions)
        self.begin = np.ones((len(GROUPS), count + 1))
        self.chain = np.ones((len(GROUPS), count, count + 1))
        for group, chain in domain.chains.items():
            g = GROUPS.index(group)
            for action, following in chain.items():
                row = np.zeros(count + 1)
                for name, weight in following.items():
                    row[count if name == "end" else self.number[name]] += weight
                cumulative = np.cumsum(row) / row.sum()
                if action == "start":
                    self.begin[g] = cumulative
                else:
                    self.chain[g, self.number[action]] = cumulative
        self.calls = np.full((count, MAX_CALLS), NONE, np.int64)
        self.chance = np.zeros((count, MAX_CALLS))
        for action, calls in domain.actions.items():
            for j, (call, chance) in enumerate(calls):
                self.calls[self.number[action], j] = site.endpoint[call] - site.first_endpoint
                self.chance[self.number[action], j] = chance
        self.needs = np.array([
            any(domain.endpoints[e].auth for e in row if e >= 0) for row in self.calls
        ])  # fmt: skip
        self.asset = np.array([e.asset for e in domain.endpoints])
        self.login = self.number.get(site.mark("login"), NONE)
        self.reset = self.number.get(site.mark("reset"), NONE)
        self.picks = self._picks()
        self.private = [s.name for s in domain.slots if s.kind == "owned"]

    def _picks(self) -> list[tuple[str, Any]]:
        """(slot, mask of the actions that draw it anew), in the order of the data file."""
        picks: dict[str, Any] = {}
        for action, slots in self.site.domain.picks.items():
            for slot in slots:
                mask = picks.setdefault(slot, np.zeros(len(self.actions), bool))
                mask[self.number[action]] = True
        return list(picks.items())

    def walk(
        self, rng: np.random.Generator, who: Sessions, most: int = MAX_STEPS
    ) -> tuple[Any, Any]:
        """Requests of sessions.

        Returns:
            Rows (n, WIDTH), not in order of time, and for each row (session, step, action, call).
        """
        count = who.start.size
        slots = self.slots(rng, who)
        time = who.start.astype(np.int64).copy()
        inside = who.known.copy()
        failed = np.zeros(count, np.int64)
        alive = np.arange(count)
        action = self._next(self.begin[who.group], rng)
        steps: list[tuple[Any, ...]] = []
        for step in range(most):
            going = action < len(self.actions)
            alive, action = alive[going], action[going]
            if not alive.size:
                break
            if self.login >= 0:
                action = np.where(self.needs[action] & ~inside[alive], self.login, action)
            self._pick(rng, slots, alive, action)
            hop = rng.random(alive.size) < who.hop[alive]
            if hop.any():
                moved = alive[hop]
                who.low[moved] ^= rng.integers(1, 48, moved.size) * (who.high[moved] == 0)
            logging = action == self.login
            wrong = logging & (
                rng.random(alive.size) < np.where(failed[alive] > 0, LOGIN_FAILS_AGAIN, LOGIN_FAILS)
            )
            steps.append((
                alive, np.full(alive.size, step), action, time[alive], slots[alive],
                inside[alive] | (logging & ~wrong), wrong, who.low[alive], logging,
            ))  # fmt: skip
            inside[alive] |= logging & ~wrong
            failed[alive] = np.where(wrong, failed[alive] + 1, 0)
            following = self._next(self.chain[who.group[alive], action], rng)
            if wrong.any():
                luck = rng.random(alive.size)
                other = self.reset if self.reset >= 0 else len(self.actions)
                again = np.where(
                    luck < 0.84, self.login, np.where(luck < 0.9, other, len(self.actions))
                )
                following = np.where(wrong, again, following)
            time[alive] += self._think(rng, who, alive)
            action = following
        if not steps:
            return blank(0), np.zeros((0, 4), np.int64)
        return self._expand(rng, who, [np.concatenate(part) for part in zip(*steps, strict=True)])

    @staticmethod
    def _next(cumulative: Any, rng: np.random.Generator) -> Any:
        return (rng.random(cumulative.shape[0])[:, None] > cumulative).sum(1)

    @staticmethod
    def _think(rng: np.random.Generator, who: Sessions, alive: Any) -> Any:
        group = who.group[alive]
        table = np.array([THINK[g] for g in range(len(GROUPS))])
        median, sigma, pauses = table[group].T
        normal = rng.standard_normal(alive.size)
        pause = rng.random(alive.size) < pauses
        seconds = np.where(
            pause, PAUSE_MEDIAN_S * np.exp(PAUSE_SIGMA * normal), median * np.exp(sigma * normal)
        )
        return (np.minimum(seconds * who.pace[alive], 7200.0) * 1e6).astype(np.int64)

    def slots(self, rng: np.random.Generator, who: Sessions) -> Any:
        """Values of all slots at the start of each session, (n, slots) int64."""
        column, base = self.site.column, self.site.column["account"]
        count = who.start.size
        slots = np.zeros((count, len(column)), np.int64)
        slots[:, column["account"] - base] = who.account
        slots[:, column["owner"] - base] = who.account
        slots[:, column["secret"] - base] = mixed(who.account, 61)
        slots[:, column["list"] - base] = rng.integers(1, 1 << 40, count)
        slots[:, column["page"] - base] = 1
        slots[:, column["limit"] - base] = np.array([20, 20, 50, 100])[rng.integers(0, 4, count)]
        slots[:, column["build"] - base] = self.site.build
        slots[:, column["day"] - base] = who.start // 86_400_000_000
        for slot in self.site.domain.slots:
            everyone = np.arange(count)
            slots[:, column[slot.name] - base] = self.draw(rng, slot.name, slots, everyone)
        self._add_up(slots, np.arange(count))
        slots[:, column["url"] - base] = self._one_of(rng, "url", count)
        return slots

    def _add_up(self, slots: Any, rows: Any) -> None:
        """Sets price and total of the product that each of some sessions has chosen."""
        column, base = self.site.column, self.site.column["account"]
        for slot in self.site.domain.slots:
            if slot.kind == "price":
                each = price(slots[rows, column[slot.options["of"]] - base])
                slots[rows, column[slot.name] - base] = each
                if "qty" in column:
                    qty = slots[rows, column["qty"] - base]
                    slots[rows, column["total"] - base] = each * np.maximum(qty, 1)

    def _one_of(self, rng: np.random.Generator, pool: str, count: int) -> Any:
        refs = self.site.pools[pool]
        return refs[(refs.size * rng.random(count) ** 1.7).astype(np.int64)]

    def draw(self, rng: np.random.Generator, name: str, slots: Any, rows: Any) -> Any:  # noqa: PLR0911 (one per kind)
        """New values of a slot for some sessions."""
        site, column = self.site, self.site.column
        base = column["account"]
        count = rows.size
        if name == "list":
            return rng.integers(1, 1 << 40, count)
        if name == "url":
            return self._one_of(rng, name, count)
        if name in site.owned:
            number = rng.integers(0, 1 << 20, count)
            return site.owned_id(name, slots[rows, column["owner"] - base], number)
        slot = next(s for s in site.domain.slots if s.name == name)
        if slot.kind == "public":
            seed = slots[rows, column["list"] - base]
            place = mixed(seed, rng.integers(1, LISTED + 1, count)) % ITEMS
            return self.world.items[site.table[name] + place]
        if slot.kind in {"text", "word"}:
            return self._one_of(rng, name, count)
        if slot.kind == "small":
            return np.minimum(rng.geometric(0.62, count), slot.options["top"])
        if slot.kind == "price":
            of = slots[rows, column[slot.options["of"]] - base]
            return price(of)
        if slot.kind == "amount":
            cents = np.exp(rng.normal(np.log(slot.options["median"]), slot.options["sigma"], count))
            return np.maximum((cents * 100).astype(np.int64), 1)
        if slot.kind == "range":
            return rng.integers(slot.options["low"], slot.options["high"], count)
        return rng.integers(1, 1 << 50, count)

    def _pick(self, rng: np.random.Generator, slots: Any, alive: Any, action: Any) -> None:
        column, base = self.site.column, self.site.column["account"]
        for name, mask in self.picks:
            chosen = alive[mask[action]]
            if chosen.size:
                slots[chosen, column[name] - base] = self.draw(rng, name, slots, chosen)
        page = column["page"] - base
        slots[alive, page] = np.where(rng.random(alive.size) < 0.3, slots[alive, page] % 40 + 1, 1)
        self._add_up(slots, alive)

    def _expand(self, rng: np.random.Generator, who: Sessions, steps: list[Any]) -> tuple[Any, Any]:
        """Actions to requests; those behind the first of an action follow in parts of a second."""
        session, step, action, time, slots, inside, wrong, low, logging = steps
        luck = rng.random((action.size, MAX_CALLS))
        made = (luck < self.chance[action]) & (self.calls[action] >= 0)
        made[wrong, 1:] = False
        group = who.group[session]
        # only browsers fetch what pages are made of; crawlers do when their action says so
        scripted = (group != WEB) & (group != CRAWLER)
        made &= ~(self.asset[np.maximum(self.calls[action], 0)] & scripted[:, None])
        at, call = np.nonzero(made)
        delay = np.exp(rng.normal(np.log(0.06), 0.8, at.size)) * call
        # the login itself is sent without a token
        token = inside[at] & ~(logging[at] & (call == 0))
        s = session[at]
        moment = time[at] + (delay * 1e6).astype(np.int64)
        rows = self.rows(
            rng, who, Requests(s, moment, self.calls[action[at], call], slots[at], token, step[at])
        )
        rows[:, COL["addr_lo"]] = low[at]
        rows[:, COL["status"]] = np.where(wrong[at] & (call == 0), 401, 0)
        return rows, np.stack((s, step[at], action[at], call), 1)

    def rows(self, rng: np.random.Generator, who: Sessions, made: "Requests") -> Any:
        """Rows of requests of sessions, (n, WIDTH); the one place where requests get their looks.

        Both sides of the simulation come through here.
        """
        s, endpoint = made.session, made.endpoint
        count = s.size
        rows = np.zeros((count, WIDTH), np.int64)
        for name in TEXTS:
            rows[:, COL[name]] = NONE
        first = self.site.column["account"]
        rows[:, first : first + made.slots.shape[1]] = made.slots
        rows[:, COL["ts"]] = made.time
        rows[:, COL["salt"]] = rng.integers(1, 1 << 62, count)
        rows[:, COL["endpoint"]] = endpoint + self.site.first_endpoint
        rows[:, COL["kind"]] = who.kind[s]
        rows[:, COL["addr_hi"]] = who.high[s]
        rows[:, COL["addr_lo"]] = who.low[s]
        group = who.group[s]
        people = np.isin(group, (WEB, MOBILE, STAFF, DEVICE))
        machine = np.isin(group, (PARTNER, CRON))
        asset = self.asset[endpoint]
        token = made.token & ~asset
        rows[:, COL["user"]] = np.where(~machine & token, who.account[s], NONE)
        rows[:, COL["session"]] = np.where(people | (token & ~machine), who.session[s], 0)
        rows[:, COL["cred"]] = np.where(
            ~machine & token, who.session[s], np.where(machine, mixed(who.account[s], 71), 0)
        )
        rows[:, COL["agent"]] = who.agent[s]
        referers = np.array(self.world.referers[self.site.number])
        rows[:, COL["referer"]] = np.where(group == WEB, referers[made.step % referers.size], NONE)
        rows[:, COL["lang"]] = who.lang[s]
        rows[:, COL["flags"]] = np.where(asset, PLAIN_HEADERS, 0)
        return rows


def price(ids: Any) -> Any:
    """Cents that an object costs, as the writer prints them."""
    return 199 + mixed(ids, 7) % 20000


__all__ = ["MAX_STEPS", "SLOTS", "Sessions", "Walker", "price"]
