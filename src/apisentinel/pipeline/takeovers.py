"""Visits of users and changes of how their accounts are reached: which rows they are, and what they
add to cases.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.detectors import behaviour
from apisentinel.detectors.identity import TakeoverSign, Visit, VisitMemory, Visits
from apisentinel.detectors.identity.visits import TAKES_US
from apisentinel.enrichment import Origins
from apisentinel.features import LOGIN, Signals
from apisentinel.pipeline.identities import Told
from apisentinel.pipeline.settings import Detectors
from apisentinel.records.flags import PATH_LOGIN
from apisentinel.records.taxonomy import AGENT_KINDS, METHODS, AgentKind

_NAMES = (
    "ts", "user", "client", "agent", "network", "session", "address_hi", "address_lo", "agent_kind",
    "login", "status", "method", "sensitive", "path_flags",
)  # fmt: skip
FIRST_REQUESTS = 2
"""Requests of a session that may show its user first: a login has none yet."""
PROGRAMS = tuple(AGENT_KINDS.index(kind) for kind in (AgentKind.LIBRARY, AgentKind.TOOL))
POST = METHODS.index("POST")
SUCCEEDED = int(LOGIN.SUCCEEDED)
LEAST_LLR = 1.0


class Takeovers:
    """Feeds visits and changes to their memory and its signs to the detector."""

    def __init__(self, chosen: Detectors, origins: Origins | None = None) -> None:
        self._visits = Visits()
        self._origins = origins
        self._detector = behaviour.AccountTakeover(chosen.account_takeover)
        self._travel = behaviour.ImpossibleTravel(chosen.impossible_travel)
        self._changed: dict[int, int] = {}

    def judge(self, events: npt.NDArray[Any], signals: Signals) -> dict[int, list[Told]]:
        """Evidence of a block by row.

        Args:
            events: `EVENT` rows after the state update.
            signals: What the state update reported.
        """
        user, accepted = events["user"], (events["status"] >= 200) & (events["status"] < 400)
        writes = (events["method"] >= 3) & (events["method"] <= 6) & accepted
        posts = writes & (events["method"] == POST)
        changes = (events["sensitive"] != 0) & writes & (user != 0)
        login = writes & (events["path_flags"] & PATH_LOGIN != 0) & (events["login"] >= SUCCEEDED)
        begins = (user != 0) & (signals.ordinals["session"] <= FIRST_REQUESTS)
        # who changed something in this block may go on in it
        watched = np.array([*self._changed, *user[changes].tolist()], np.uint64)
        taking = posts & np.isin(user, watched) if len(watched) else np.zeros(len(user), np.bool_)
        rows = np.flatnonzero(login | begins | changes | taking)
        if not len(rows):
            return {}
        some = events[rows]
        columns = zip(
            rows.tolist(), signals.ordinals["session"][rows].tolist(), changes[rows].tolist(),
            login[rows].tolist(), *(some[name].tolist() for name in _NAMES), strict=True,
        )  # fmt: skip
        out: dict[int, list[Told]] = {}
        for values in columns:
            told = self._row(*values)
            if told:
                out[values[0]] = told
        newest = int(some["ts"][-1])
        self._changed = {
            key: ts for key, ts in self._changed.items() if newest - ts <= 2 * TAKES_US
        }
        return out

    def _row(  # noqa: PLR0913, PLR0917 (columns of one row)
        self, _row: int, ordinal: int, is_change: bool, is_login: bool, ts: int, user: int,  # noqa: FBT001 (columns)
        client: int, agent: int, network: int, session: int, high: int, low: int, kind: int,
        _login: int, status: int, method: int, _sensitive: int, _flags: int,
    ) -> list[Told]:  # fmt: skip
        if is_login:
            self._visits.login(ts, client, agent, session, ordinal)
        if not user:
            return []
        wide = high >> 32 if high else low >> 16
        origin = self._origins.of(high, low) if self._origins is not None else None
        visit = Visit(
            ts, user, client, agent, network, wide, session, ordinal, kind in PROGRAMS, origin,
            200 <= status < 400,
        )  # fmt: skip
        out = []
        journey = self._visits.begin(visit) if ordinal <= FIRST_REQUESTS else None
        if journey is not None:
            travel = self._travel.evidence(journey)
            if travel is not None:
                out.append(Told(("user", user), travel, "impossible_travel", None))
        sign: TakeoverSign | None = None
        if is_change:
            self._changed[user] = ts
            sign = self._visits.change(visit)
        elif method == POST and user in self._changed:
            sign = self._visits.take(visit)
        evidence = self._detector.told(sign) if sign and sign.llr >= LEAST_LLR else None
        if evidence is not None:
            out.append(Told(("user", user), evidence, "account_takeover|change", None))
        return out

    def memory(self) -> VisitMemory:
        """What a successor has to know."""
        return self._visits.memory()

    def recall(self, memory: VisitMemory) -> None:
        """Takes over what an earlier one remembered."""
        self._visits.recall(memory)
        self._changed = {key: record.changed for key, record in memory.users if record.changed}
