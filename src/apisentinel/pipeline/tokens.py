"""Bearer tokens: which rows say something about them, and what they add to cases."""

from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.detectors import behaviour
from apisentinel.detectors.identity.claims import Claims, bearer_of, read_token
from apisentinel.detectors.identity.tokens import (
    EXPIRED_US,
    TokenMemory,
    Tokens,
    TokenUse,
)
from apisentinel.pipeline.identities import Told
from apisentinel.pipeline.settings import Detectors
from apisentinel.records.batch import RequestBatch
from apisentinel.records.taxonomy import AGENT_KINDS, AgentKind

_NAMES = (
    "ts", "token", "client", "agent", "network", "endpoint", "status", "user", "agent_kind",
)  # fmt: skip
PERSONAL = tuple(AGENT_KINDS.index(kind) for kind in (AgentKind.BROWSER, AgentKind.MOBILE_APP))
REFUSED = (401, 403)
NEVER = 1 << 62


class TokenUses:
    """Feeds uses of tokens to their memory and its signs to detectors.

    Most requests repeat what is known of their token; they are told apart by columns, so that only
    first uses, uses from elsewhere and expired ones are looked at one by one.
    """

    def __init__(self, chosen: Detectors) -> None:
        self._tokens = Tokens()
        self._read: dict[int, Claims | None] = {}
        self._detectors: dict[str, Any] = {
            "shared": behaviour.TokenSharing(chosen.token_sharing),
            "forged": behaviour.TokenForgery(chosen.token_forgery),
            "expired": behaviour.ExpiredToken(chosen.expired_token),
        }

    def judge(self, batch: RequestBatch, events: npt.NDArray[Any]) -> dict[int, list[Told]]:
        """Evidence of a block by row.

        Args:
            batch: The requests.
            events: Their `EVENT` rows after the state update.
        """
        held = events["token"] != 0
        if not held.any():
            return {}
        status = events["status"]
        looked = held & np.isin(status, REFUSED)
        accepted = np.flatnonzero(held & (status >= 200) & (status < 400))
        latest: dict[int, int] = {}
        self._read.clear()
        if accepted.size:
            unusual, latest = self._unusual(batch, accepted, events)
            looked[accepted] = unusual
        chosen = np.flatnonzero(looked)
        some = events[chosen]
        columns = zip(*(some[name].tolist() for name in _NAMES), strict=True)
        out: dict[int, list[Told]] = {}
        for row, values in zip(chosen.tolist(), columns, strict=True):
            told = self._row(batch, row, *values)
            if told:
                out[row] = told
        for token, ts in latest.items():
            record = self._tokens.records[token]
            record.last = max(record.last, ts)
        return out

    def _unusual(
        self, batch: RequestBatch, rows: npt.NDArray[Any], events: npt.NDArray[Any]
    ) -> tuple[npt.NDArray[np.bool_], dict[int, int]]:
        """Which accepted uses say more than that a token is used by who had it last.

        Returns:
            bool of each row, and the latest use of the tokens that are not looked at again.
        """
        ts, agent, network = (events[name][rows] for name in ("ts", "agent", "network"))
        tokens, first, which = np.unique(
            events["token"][rows], return_index=True, return_inverse=True
        )
        keys = tokens.tolist()
        if self._tokens.may_forget(keys):
            return np.ones(len(rows), np.bool_), {}
        fresh, agents, networks, expires = self._known(batch, rows[first], keys)
        # who is first with a new token has it
        agents = np.where(fresh, agent[first], agents)
        networks = np.where(fresh, network[first], networks)
        moved = (agent != agents[which]) | (network != networks[which])
        # all uses of a token that comes from elsewhere, too, so that they are compared in order
        watched = np.zeros(len(keys), np.bool_)
        watched[which[moved]] = True
        unusual = watched[which] | (ts > expires[which])
        unusual[first[fresh]] = True
        last = np.zeros(len(keys), np.int64)
        np.maximum.at(last, which, ts)
        quiet = zip(keys, last.tolist(), watched.tolist(), strict=True)
        return unusual, {token: at for token, at, is_watched in quiet if not is_watched}

    def _known(
        self, batch: RequestBatch, rows: npt.NDArray[Any], tokens: list[int]
    ) -> tuple[npt.NDArray[Any], ...]:
        """What is remembered of tokens; new ones are read.

        Args:
            batch: The requests.
            rows: The first row of each token.
            tokens: Each once.

        Returns:
            Of each token: whether it is new, agent and network of who has it, 0 for a new one, and
            when it is out of date, in event time.
        """
        agents, networks, expires = [], [], []
        records = self._tokens.records
        fresh = np.zeros(len(tokens), np.bool_)
        for place, token in enumerate(tokens):
            record = records.get(token)
            if record is not None:
                agents.append(record.agent)
                networks.append(record.network)
                ends = 0 if record.told_expired else record.expires
            else:
                fresh[place] = True
                agents.append(0)
                networks.append(0)
                row = int(rows[place])
                claims = self._read[row] = _claims(batch, row)
                ends = claims.expires * 1_000_000 if claims else 0
            expires.append(ends + EXPIRED_US if ends else NEVER)
        return (
            fresh, np.array(agents, np.uint64), np.array(networks, np.uint64),
            np.array(expires, np.int64),
        )  # fmt: skip

    def _row(  # noqa: PLR0913, PLR0917 (columns of one row)
        self, batch: RequestBatch, row: int, ts: int, token: int, client: int, agent: int,
        network: int, endpoint: int, status: int, user: int, kind: int,
    ) -> list[Told]:  # fmt: skip
        accepted = status not in REFUSED
        claims = None
        if not accepted or token not in self._tokens.records:
            claims = self._read[row] if row in self._read else _claims(batch, row)
        use = TokenUse(
            ts, token, client, agent, network, endpoint, accepted,
            user != 0 and kind in PERSONAL, claims,
        )  # fmt: skip
        out = []
        for about, sign in self._tokens.see(use):
            key = client if about == "client" else endpoint
            evidence = self._detectors[sign.what].evidence(sign)
            if evidence is not None and key:
                signature = f"{evidence.detector}|{sign.note}"
                out.append(Told((about, key), evidence, signature, None))
        return out

    def memory(self) -> TokenMemory:
        """What a successor has to know."""
        return self._tokens.memory()

    def recall(self, memory: TokenMemory) -> None:
        """Takes over what an earlier one remembered."""
        self._tokens.recall(memory)


def _claims(batch: RequestBatch, row: int) -> Claims | None:
    """Content of the bearer token of a row."""
    return read_token(bearer_of(batch.text("headers", row) or b""))
