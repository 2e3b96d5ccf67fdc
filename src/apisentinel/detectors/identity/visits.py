"""Who stands behind an account: where its user comes from, and what happens right after a login.

References: Freeman et al., "Who are you? A statistical approach to measuring user authenticity",
NDSS 2016; Wiefling et al., "Pump up password security!", ACM TOPS 26(1), 2022.
"""

import math
from collections import OrderedDict
from typing import NamedTuple

import msgspec

from apisentinel.detectors.identity.attempts import program_of
from apisentinel.detectors.identity.fading import DAY_US, MINUTE_US, room_for, touched
from apisentinel.detectors.identity.travel import Journey, impossible
from apisentinel.records.origin import Origin

USERS_KEPT, LOGINS_KEPT, CHANGERS_KEPT, VALUES_KEPT = 30_000, 20_000, 5_000, 4_096
"""Users, logins, programs that changed contacts, and networks and programs of the whole site that
are remembered. A user takes about 600 bytes.
"""
PLACES_EACH, AGENTS_EACH, USERS_EACH = 12, 8, 32
PRIOR_WEIGHT = 1.0
"""Visits that the frequency in the whole site stands for in a user's own history."""
WIDE_WEIGHT, NEAR_WEIGHT, AGENT_WEIGHT, HOUR_WEIGHT = 0.5, 0.2, 0.5, 0.2
"""Weights of the ratios of network (/16, /32), its part (/24, /64), program and hour; after
Wiefling et al., rounded, as they do not stand alone.
"""
OPERATOR_WEIGHT, COUNTRY_WEIGHT, NUMBERED_WEIGHT = 0.3, 0.3, 0.2
"""Weights of operator (ASN) and country where a database knows them, and of the network's number
then: a carrier gives its people other numbers every day.
"""
STRANGE_MOST, STRANGE_ALONE, FAMILIAR_MOST = 3.0, 1.0, -4.0
"""Most that strangeness adds beside haste and without, and familiarity takes off."""
FRESH_US, HASTE_US = 10 * MINUTE_US, MINUTE_US
"""Time after a login during which it is fresh, and during which a change is hasty."""
HASTE = (5.2, 5.2, 5.2, 4.0, 3.0, 2.2, 1.6, 1.6, 0.8, 0.8, 0.8, 0.8)
"""Nats of a change by the requests since the login: people look around first. One in 1,600 logins
of people is followed by a change within half a minute, and hardly any as the second request.
"""
STRAIGHT = 3
"""Requests between login and change up to which orders afterwards count in full."""
LATE = 1.5
"""What is taken off for a change that is not hasty."""
PROGRAM_LLR = 2.5
"""A program under its own name signs in as a user and changes the contact."""
OTHERS_LLR, OTHERS_MOST = 3.0, 6.0
"""Each other user whose contact the same program at the same address changed within a day."""
UNSEEN_LLR = 2.0
"""A change without a login, from where the user never came, among the first requests."""
TAKES_US, TAKES = 10 * MINUTE_US, (0.0, 1.0, 1.6, 1.9)
"""What is ordered, paid or commanded within this time after a change, and nats by the number:
whoever tidies up a profile changes more of it, but makes nothing new.
"""


class Visit(NamedTuple):
    """A request of a user.

    Attributes:
        network, wide: Its part of the network, and the whole (/16 or /32).
        ordinal: Which request of its session it is.
        is_program: Its agent is a library or tool under its own name.
        origin: What a database says of its address, None without one.
        is_accepted: The response says that it may.
    """

    ts: int
    user: int
    client: int
    agent: int
    network: int
    wide: int
    session: int
    ordinal: int
    is_program: bool
    origin: Origin | None = None
    is_accepted: bool = True


class UserRecord(msgspec.Struct, array_like=True):
    """What is known of a user's visits: counts by network, its part, program and six hours, by
    operator and country, and where the last came from when.
    """

    n: int = 0
    wide: dict[int, int] = {}
    near: dict[int, int] = {}
    agents: dict[int, int] = {}
    hours: list[int] = msgspec.field(default_factory=lambda: [0] * 4)
    session: int = 0
    changed: int = 0
    changer: int = 0
    level: float = 0.0
    taken: int = 0
    facts: list[float] = []
    operators: dict[int, int] = {}
    countries: dict[int, int] = {}
    last: Origin | None = None
    last_ts: int = 0


class TakeoverSign(msgspec.Struct, frozen=True):
    """A change of how an account is reached, and what speaks for a thief.

    Attributes:
        llr: Strength, nats.
        steps, seconds: Requests and time since the login; below 0 without one.
        strangeness: Weighted log ratio of network, program and hour: others against this user.
        others: Other users whose contact the same program changed.
        taken: What was changed or ordered since.
        is_program: The agent is a library or tool.
        origin, usual: Where it comes from, and the country that the user came from most, where a
            database knows.
    """

    llr: float
    steps: int
    seconds: float
    strangeness: float
    visits: int
    others: int
    taken: int
    is_program: bool
    origin: Origin | None = None
    usual: str = ""


class VisitMemory(msgspec.Struct, forbid_unknown_fields=True):
    """What a successor has to know of visits, quiet ones first."""

    users: list[tuple[int, UserRecord]] = []
    logins: list[tuple[int, int, int, int]] = []
    changers: list[tuple[int, int, list[int]]] = []
    wide: list[tuple[int, int]] = []
    agents: list[tuple[int, int]] = []
    visits: int = 0
    operators: list[tuple[int, int]] = []
    countries: list[tuple[int, int]] = []
    located: int = 0


class Visits:
    """Remembers visits and judges changes, in the order of the requests. Bounded, deterministic."""

    def __init__(self) -> None:
        self._users: dict[int, UserRecord] = {}
        self._logins: OrderedDict[int, tuple[int, int, int]] = OrderedDict()
        self._changers: OrderedDict[int, tuple[int, list[int]]] = OrderedDict()
        self._wide: dict[int, int] = {}
        self._agents: dict[int, int] = {}
        self._visits = 0
        self._operators: dict[int, int] = {}
        self._countries: dict[int, int] = {}
        self._located = 0

    def login(self, ts: int, client: int, agent: int, session: int, ordinal: int) -> None:
        """A login that worked."""
        key = program_of(client, agent)
        self._logins.pop(key, None)
        if len(self._logins) >= LOGINS_KEPT:
            self._logins.popitem(last=False)
        self._logins[key] = (ts, session, ordinal)

    def begin(self, visit: Visit) -> Journey | None:
        """The first requests of a session: where a user comes from; gives the journey since the
        last visit when nobody could make it.
        """
        user = self._user(visit.user)
        if user.session == visit.session:
            return None
        user.session = visit.session
        journey = self._located_at(user, visit, visit.origin) if visit.origin else None
        user.n += 1
        self._visits += 1
        for own, site, value, most in (
            (user.wide, self._wide, visit.wide, PLACES_EACH),
            (user.agents, self._agents, visit.agent, AGENTS_EACH),
        ):
            _count(own, value, most)
            _count(site, value, VALUES_KEPT)
        _count(user.near, visit.network, PLACES_EACH)
        user.hours[_hour(visit.ts)] += 1
        return journey

    def _located_at(self, user: UserRecord, visit: Visit, now: Origin) -> Journey | None:
        """Counts operator and country of a visit, and compares its place with the last one's."""
        country = now.country_number
        journey = None
        if visit.is_accepted:
            if user.last is not None:
                journey = impossible(
                    user.last, now, visit.ts - user.last_ts, visits=user.n,
                    countries=len(user.countries), is_known_program=visit.agent in user.agents,
                    is_known_country=country in user.countries,
                )  # fmt: skip
            user.last, user.last_ts = now, visit.ts
        self._located += 1
        for own, site, value in (
            (user.operators, self._operators, now.asn),
            (user.countries, self._countries, country),
        ):
            if value:
                _count(own, value, PLACES_EACH)
                _count(site, value, VALUES_KEPT)
        return journey

    def change(self, visit: Visit) -> TakeoverSign | None:
        """A change of how an account is reached or paid, accepted."""
        user = self._user(visit.user)
        strangeness = self._strangeness(user, visit)
        key = program_of(visit.client, visit.agent)
        login = self._logins.get(key)
        others = self._others(key, visit)
        steps, seconds, level = -1, -1.0, 0.0
        if login is not None and 0 <= visit.ts - login[0] <= FRESH_US:
            steps = visit.ordinal - (login[2] if login[1] == visit.session else 0)
            seconds = (visit.ts - login[0]) * 1e-6
            level = HASTE[steps] if 0 <= steps < len(HASTE) else 0.0
            if visit.ts - login[0] > HASTE_US:
                level = max(0.0, level - LATE)
            if level > 0:
                level += min(OTHERS_LLR * others, OTHERS_MOST)
                level += PROGRAM_LLR * visit.is_program
        elif strangeness > 1.0 and visit.ordinal < len(HASTE):
            level = UNSEEN_LLR
        user.changed, user.changer, user.taken = visit.ts, key, 0
        # a new place is everyday life; beside haste it is not
        most = STRANGE_MOST if level >= HASTE[STRAIGHT + 1] else STRANGE_ALONE
        user.level = level + min(strangeness, most) if level > 0 else 0.0
        user.facts = [float(steps), seconds, strangeness, float(others), float(visit.is_program)]
        return self._sign(user, visit)

    def take(self, visit: Visit) -> TakeoverSign | None:
        """Something is changed or ordered by a user whose contact was changed before."""
        user = self._users.get(visit.user)
        key = program_of(visit.client, visit.agent)
        if user is None or user.level <= 0 or user.changer != key:
            return None
        if not 0 < visit.ts - user.changed <= TAKES_US or user.taken >= len(TAKES) - 1:
            return None
        user.taken += 1
        return self._sign(user, visit)

    @staticmethod
    def _sign(user: UserRecord, visit: Visit) -> TakeoverSign | None:
        if user.level <= 0:
            return None
        steps, seconds, strangeness, others, program = user.facts
        # who looked around first orders something now and then
        weight = 1.0 if 0 <= steps <= STRAIGHT else 0.5
        return TakeoverSign(
            user.level + weight * TAKES[user.taken], int(steps), seconds, strangeness, user.n,
            int(others), user.taken, bool(program), visit.origin, _most(user.countries),
        )  # fmt: skip

    def _others(self, key: int, visit: Visit) -> int:
        """Other users whose contact this program at this address changed within a day."""
        since, users = self._changers.pop(key, (visit.ts, []))
        if visit.ts - since > DAY_US:
            users = []
        others = [user for user in users if user != visit.user]
        if len(self._changers) >= CHANGERS_KEPT:
            self._changers.popitem(last=False)
        self._changers[key] = (visit.ts, [*others, visit.user][-USERS_EACH:])
        return len(others)

    def _strangeness(self, user: UserRecord, visit: Visit) -> float:
        """How much rarer network, program and hour are for this user than for the site, nats."""
        if user.n == 0:
            return 0.0
        # the visit itself was counted when it began
        own = user.session == visit.session
        n = user.n - own
        total = max(1, self._visits)
        wide = _ratio(user.wide.get(visit.wide, 0) - own, n, self._wide.get(visit.wide, 0) / total)
        near = _ratio(user.near.get(visit.network, 0) - own, n, 1e-4)
        agent = _ratio(
            user.agents.get(visit.agent, 0) - own, n, self._agents.get(visit.agent, 0) / total
        )
        hour = _ratio(user.hours[_hour(visit.ts)] - own, n, 0.25)
        place = WIDE_WEIGHT * wide
        if visit.origin is not None and user.countries:
            place = NUMBERED_WEIGHT * wide + self._foreign(user, visit.origin, n, own=own)
        told = place + NEAR_WEIGHT * min(near, 0.0) + AGENT_WEIGHT * agent + HOUR_WEIGHT * hour
        return min(max(told, FAMILIAR_MOST), STRANGE_MOST)

    def _foreign(self, user: UserRecord, origin: Origin, n: int, *, own: bool) -> float:
        """The same for operator and country."""
        total, out = max(1, self._located), 0.0
        for weight, mine, site, value in (
            (OPERATOR_WEIGHT, user.operators, self._operators, origin.asn),
            (COUNTRY_WEIGHT, user.countries, self._countries, origin.country_number),
        ):
            if value:
                out += weight * _ratio(mine.get(value, 0) - own, n, site.get(value, 0) / total)
        return out

    def _user(self, key: int) -> UserRecord:
        user = touched(self._users, key)
        if user is None:
            room_for(self._users, USERS_KEPT)
            user = self._users[key] = UserRecord()
        return user

    def memory(self) -> VisitMemory:
        """What a successor has to know."""
        return VisitMemory(
            list(self._users.items()),
            [(key, *login) for key, login in self._logins.items()],
            [(key, ts, users) for key, (ts, users) in self._changers.items()],
            list(self._wide.items()), list(self._agents.items()), self._visits,
            list(self._operators.items()), list(self._countries.items()), self._located,
        )  # fmt: skip

    def recall(self, memory: VisitMemory) -> None:
        """Takes over what an earlier one remembered."""
        self._users = dict(memory.users)
        self._logins = OrderedDict((key, (ts, s, n)) for key, ts, s, n in memory.logins)
        self._changers = OrderedDict((key, (ts, users)) for key, ts, users in memory.changers)
        self._wide, self._agents = dict(memory.wide), dict(memory.agents)
        self._visits = memory.visits
        self._operators, self._countries = dict(memory.operators), dict(memory.countries)
        self._located = memory.located


def _count(kept: dict[int, int], value: int, most: int) -> None:
    if value not in kept:
        room_for(kept, most)
    # moved to the end, so that what was not seen longest gives way
    kept[value] = kept.pop(value, 0) + 1


def _ratio(seen: int, visits: int, share: float) -> float:
    """Log of the share of a value in the site over its share for a user, smoothed with the site."""
    share = min(max(share, 1e-4), 1.0)
    own = (max(seen, 0) + PRIOR_WEIGHT * share) / (visits + PRIOR_WEIGHT)
    return math.log(share / own)


def _most(countries: dict[int, int]) -> str:
    """The most frequent country of a user as letters, empty when none is known."""
    if not countries:
        return ""
    value = max(countries, key=lambda country: (countries[country], country))
    return value.to_bytes(2, "big").decode("ascii", "replace")


def _hour(ts: int) -> int:
    """Quarter of the day."""
    return ts // (6 * 60 * MINUTE_US) % 4
