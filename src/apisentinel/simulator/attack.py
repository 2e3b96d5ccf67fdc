"""What every kind of attack needs: actors, moments, requests, labels."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from apisentinel.simulator import spec
from apisentinel.simulator.campaign import Campaign
from apisentinel.simulator.crowd import Crowd
from apisentinel.simulator.identity import address_text, session_text, user_text
from apisentinel.simulator.journeys import MOBILE, TOOL, WEB, Requests, Sessions
from apisentinel.simulator.randomness import stream
from apisentinel.simulator.rows import COL, NONE, REF, WIDTH, mixed

SECOND = 1_000_000
TOOLS, LIBRARY, BROWSER, APP = range(4)
"""How an attacker's program looks: a tool under its own name, a library, like a browser or app."""

PER_ACTOR = 6
"""Requests of one actor of a distributed campaign, on average."""

MOST_ACTORS = 400
"""Actors of one campaign; larger botnets look no different here."""


class Attack:
    """One campaign while it is made.

    Attributes:
        who: The actors as sessions.
        cover: Honest requests that the actors send besides, such as the session of a mimic.
    """

    def __init__(self, crowd: Crowd, campaign: Campaign, span: tuple[int, int]) -> None:
        self.crowd, self.campaign = crowd, campaign
        self.world, self.site = crowd.world, crowd.site
        self.walker, self.population = crowd.walker, crowd.population
        self.variant, self.size = campaign.variant, campaign.size
        self.rng = stream(campaign.seed, "attack")
        self.begin, self.end = span
        self.cover: list[Any] = []
        self.who: Sessions
        self.tokens = False
        self.words = spec.clients()["words"]
        self.odd_texts: list[str] = spec.texts()["code"]

    # --- who ---------------------------------------------------------------------------------

    def actors(
        self,
        tools: str = "library",
        *,
        known: bool = False,
        per: float = PER_ACTOR,
        users: Any = None,
        group: int | None = None,
        most: int = 12,
    ) -> Sessions:
        """The actors of the campaign.

        Args:
            tools: Family of agents of a program that does not hide.
            known: They hold tokens of accounts of their own.
            per: Requests per actor when the campaign is distributed.
            users: Indices of accounts that they use; random ones when None.
            most: Actors of a mimic at most.
            group: Kind of client to look like; the variant decides when None.
        """  # fmt: skip
        rng, variant = self.rng, self.variant
        count = {
            "burst": 1,
            "paced": 1 + int(rng.random() < 0.25),
            "distributed": int(np.clip(self.size / per, 8, MOST_ACTORS)),
            "mimic": int(np.clip(self.size / 8, 1, most)),
        }[variant]
        look = self._look()
        if group is None:
            shares = self.site.domain.shares
            web = shares.get("web", 0) >= shares.get("mobile", 0)
            group = WEB if look == BROWSER or (look != APP and web) else MOBILE
        start = np.full(count, self.begin, np.int64)
        if users is None:
            users = rng.integers(0, self.site.accounts, count)
        who = self.crowd.sessions(rng, group, start, np.asarray(users)[:count])
        if variant != "mimic":
            self._rent(who)
            if look in (TOOLS, LIBRARY):
                self._dress(who, tools if look == TOOLS else "library")
        elif rng.random() < 0.5:
            # bought sessions of real homes; else the actor's own
            who.high, who.low = self.population.homes(rng, count)
        who.known[:] = known
        who.hop[:] = 0
        self.who, self.tokens = who, known
        return who

    def _look(self) -> int:
        chances = {
            "burst": (0.35, 0.35, 0.2, 0.1), "paced": (0.15, 0.4, 0.3, 0.15),
            "distributed": (0.1, 0.3, 0.4, 0.2), "mimic": (0, 0, 0.6, 0.4),
        }[self.variant]  # fmt: skip
        return int(self.rng.choice(4, p=chances))

    def _rent(self, who: Sessions) -> None:
        """Addresses: hosting, exits of VPNs that honest people use, too, or homes as proxies."""
        rng, count = self.rng, who.start.size
        chances = (0.2, 0.25, 0.55) if self.variant == "distributed" else (0.45, 0.25, 0.3)
        kind = rng.choice(3, count, p=chances)
        rented = self.population.hosts(rng.integers(1, 1 << 40, count))
        homes = self.population.homes(rng, count)
        exits = self.population.exits[rng.integers(0, self.population.exits.size, count)]
        who.high = np.where(kind == 2, homes[0], 0)
        who.low = np.where(kind == 0, rented[1], np.where(kind == 1, exits, homes[1]))

    def _dress(self, who: Sessions, tools: str) -> None:
        """Gives the actors the headers of a program that is no browser."""
        agents = spec.payloads()["agents"]
        names = agents.get(tools, agents["library"])
        chosen = self.rng.integers(0, len(names), who.start.size)
        if self.variant != "distributed":
            chosen[:] = chosen[:1]
        who.agent = np.array([self.world.pool.ref(names[k]) for k in chosen.tolist()], np.int64)
        who.kind[:] = self.world.kind["tool"]
        who.group[:] = TOOL
        who.lang[:] = NONE

    # --- when --------------------------------------------------------------------------------

    def schedule(
        self,
        size: int | None = None,
        fastest: float = 40.0,
        gaps_s: tuple[float, float] = (8.0, 3600.0),
        longest_s: float = 14_400.0,
    ) -> tuple[Any, Any]:
        """Actor and moment (µs) of each request, in order of time.

        Args:
            size: Requests; those of the campaign when None.
            fastest: Requests per second of a burst at most.
            gaps_s: Shortest and longest usual time between requests of a paced campaign.
            longest_s: Length of a distributed campaign at most.
        """
        rng, count = self.rng, size or self.size
        actors = self.who.start.size
        room = max(self.end - self.begin, SECOND)
        if self.variant == "mimic":
            return self._woven(count)
        if self.variant == "burst":
            speed = float(np.exp(rng.uniform(np.log(min(2.0, fastest)), np.log(fastest))))
            gaps = rng.gamma(rng.uniform(1, 8), 1.0, count)
            time = np.cumsum(gaps) / gaps.mean() / speed * SECOND
        elif self.variant == "paced":
            gaps = (
                np.exp(rng.normal(0, 0.7, count))
                if rng.random() < 0.5
                else rng.uniform(0.9, 1.1, count)
            )
            # slower only as far as the campaign's time allows
            gap = float(np.exp(rng.uniform(np.log(gaps_s[0]), np.log(gaps_s[1])))) * SECOND
            time = np.cumsum(gaps) / gaps.mean() * min(gap, room * 0.95 / count)
        else:
            length = min(
                room * 0.95,
                float(np.exp(rng.uniform(np.log(longest_s / 60), np.log(longest_s)))) * SECOND,
            )
            time = np.sort(rng.random(count)) * length
        time = np.minimum(time, room * 0.99)
        session = rng.integers(0, actors, count)
        return session, self.begin + time.astype(np.int64)

    def _woven(self, count: int) -> tuple[Any, Any]:
        """Moments inside honest sessions of the actors, which become the cover."""
        who, rng = self.who, self.rng
        actors = who.start.size
        room = max(self.end - self.begin, 60 * SECOND)
        who.start = self.begin + np.sort(rng.random(actors) * room * 0.6).astype(np.int64)
        known = who.known.copy()
        rows, place = self.walker.walk(rng, who)
        who.known = known
        self.cover.append(rows)
        session = np.sort(rng.integers(0, actors, count))
        time = np.empty(count, np.int64)
        for actor in range(actors):
            chosen = np.flatnonzero(session == actor)
            own = rows[place[:, 0] == actor, COL["ts"]] if rows.size else np.zeros(0, np.int64)
            own = own if own.size else who.start[actor : actor + 1]
            after = np.sort(rng.choice(own, chosen.size))
            pause = np.cumsum(np.exp(rng.normal(np.log(5), 0.8, chosen.size)))
            time[chosen] = after + (pause * SECOND).astype(np.int64)
        return session, time

    # --- what --------------------------------------------------------------------------------

    def has(self, *endpoints: str) -> bool:
        """True when the site has all these endpoints."""
        return all(name in self.site.endpoint for name in endpoints)

    def slots(self, session: Any) -> Any:
        """Fresh slots of each request, (n, slots)."""
        who = self.who
        picked = Sessions(
            **{name: getattr(who, name)[session] for name in Sessions.__dataclass_fields__}
        )
        return self.walker.slots(self.rng, picked)

    def column(self, slot: str) -> int:
        """Column of a slot in slots (not in rows)."""
        return self.site.column[slot] - self.site.column["account"]

    def rows(
        self, session: Any, time: Any, endpoint: Any, slots: Any = None, token: Any = None
    ) -> Any:
        """Rows of requests of actors.

        Args:
            endpoint: Id of one endpoint, or ids of each request.
            token: Sent with a token; what `actors` was told when None.
        """
        names = [endpoint] * session.size if isinstance(endpoint, str) else endpoint
        numbers = np.array([self.site.endpoint[n] for n in names], np.int64).reshape(-1)
        made = Requests(
            session, time, numbers - self.site.first_endpoint,
            self.slots(session) if slots is None else slots,
            np.full(session.size, self.tokens) if token is None else token,
            np.arange(session.size),
        )  # fmt: skip
        return self.walker.rows(self.rng, self.who, made)

    def text(self, text: str, *, encoded: bool = False) -> int:
        """Number of a string for a row."""
        return self.world.pool.ref(text, encoded=encoded)

    def texts(self, make: Callable[[], str], count: int, *, encoded: bool = False) -> Any:
        """Numbers of `count` strings."""
        return np.array([self.text(make(), encoded=encoded) for _ in range(count)], np.int64)

    def header(self, name: str, value: str) -> int:
        """Number of the text of one more header."""
        return self.text(json.dumps([name, value], ensure_ascii=False, separators=(",", ":")))

    def statuses(self, count: int, choices: dict[int, float]) -> Any:
        """Statuses in the given proportions; 0 leaves it to the servers."""
        shares = np.array(list(choices.values()))
        return self.rng.choice(np.array(list(choices)), count, p=shares / shares.sum())

    def foreign(self, slot: str, session: Any, *, walk: bool) -> tuple[Any, Any]:
        """Ids of objects of others and the accounts that own them.

        Args:
            walk: Neighbouring ids one after the other instead of random ones.
        """
        each, factor, offset, size, first = self.site.owned[slot]
        count = session.size
        if walk:
            begin = int(self.rng.integers(size))
            place = (begin + np.arange(count) * int(self.rng.choice([1, 1, 1, 2, -1]))) % size
        else:
            place = self.rng.integers(0, size, count)
        inverse = pow(int(factor), -1, int(size))
        owner = ((place - offset) % size * inverse) % size // each
        return first + place, self.site.first_account + owner

    # --- ground truth ------------------------------------------------------------------------

    def finish(self, hostile: Any) -> Any:
        """All rows of the campaign with labels on the hostile ones."""
        campaign = self.campaign
        hostile[:, COL["campaign"]] = campaign.number
        known: dict[tuple[str, str], int] = {}
        pairs, actor = np.unique(
            hostile[:, [COL["addr_hi"], COL["addr_lo"]]], axis=0, return_inverse=True
        )
        for high, low in pairs.tolist():
            known.setdefault(("client", address_text(high, low)), len(known))
        for user in np.unique(hostile[:, COL["user"]]).tolist():
            if user >= 0:
                known.setdefault(("user", user_text(self.site.domain.user, user)), len(known))
        for session in np.unique(hostile[:, COL["session"]]).tolist():
            if session:
                known.setdefault(("session", session_text(session)), len(known))
        hostile[:, COL["actor"]] = actor.reshape(-1)
        campaign.actors = list(known)
        return np.concatenate([hostile, *self.cover]) if self.cover else hostile


def empty() -> Any:
    """No rows."""
    return np.zeros((0, WIDTH), np.int64)


__all__ = ["APP", "BROWSER", "LIBRARY", "REF", "SECOND", "TOOLS", "Attack", "empty", "mixed"]
