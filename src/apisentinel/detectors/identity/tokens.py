"""Tokens that were accepted: who holds them, and what those of an issuer have in common."""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

import msgspec

from apisentinel.detectors.identity.claims import ASYMMETRIC, Claims
from apisentinel.detectors.identity.fading import DAY_US, MINUTE_US, room_for, touched
from apisentinel.detectors.identity.signs import IdentitySign
from apisentinel.records.taxonomy import AttackType

TOKENS_KEPT, ISSUERS_KEPT, PROGRAMS_KEPT, CHECKING_KEPT = 50_000, 64, 1_024, 1_024
"""Tokens, issuers, programs that pass tokens on, and endpoints that refuse tokens, remembered: 400
bytes a token. What came first gives way.
"""
LINKED_EACH = 6
"""Programs and networks of one owner that are remembered for a token."""
PARALLEL_US = 10 * MINUTE_US
"""Two uses this close are beside each other rather than one after the other."""
BESIDE_LLR, AFTER_LLR, AGAIN_LLR = 5.6, 4.4, 6.2
"""Nats of another program in another network with a token: within `PARALLEL_US` of its owner's use,
later (a new device to which somebody moved, so no alert), and when the owner goes on, too.
"""
RELAYS = 3
"""Tokens of different owners that come with one other program from which on that program passes
tokens on: a gateway, a renderer, a mail of links.
"""
FORGED_LLR = 5.3
"""A head that no issuer writes: unsigned, a path or a query as key id. One is an alert."""
CONFUSED_LLR, BROUGHT_LLR, LONG_LLR = 5.3, 5.3, 4.2
"""A symmetric algorithm where the issuer has a private key, a key that the token brings along, a
life far above the issuer's.
"""
KNOWN_TOKENS, OTHER_SHARE = 20, 0.02
"""Accepted tokens of an issuer from which on it is known, and the share of them up to which
something is no habit of it.
"""
LONG_TIMES, LONG_LEAST_S = 4, 24 * 3_600
"""How much longer than the longest known, and at least, a life has to be to be odd."""
EXPIRED_US, EXPIRED_LLR = 60 * MINUTE_US, 5.2
"""Time after which an expired token is no matter of clocks, and nats against an endpoint that
accepts one and refuses others.
"""


class TokenUse(NamedTuple):
    """One request with a bearer token.

    Attributes:
        token, client, agent, network, endpoint: Keyed hashes, 0 where unknown.
        accepted: The response says that it may (2xx, 3xx).
        is_personal: It belongs to a person rather than to a program: a user's browser or app sent
            it.
        claims: Its content, None where it cannot be read.
    """

    ts: int
    token: int
    client: int
    agent: int
    network: int
    endpoint: int
    accepted: bool
    is_personal: bool
    claims: Claims | None


class TokenRecord(msgspec.Struct, array_like=True):
    """An accepted token, and who comes with it.

    Attributes:
        agent, network: The program and network that its owner used last.
        agents, networks: All that are linked with those: a known program from a new network, or a
            new program from a known one.
        last: When its owner used it last, µs.
        expires: µs, 0 when unknown.
        other: When somebody else used it last.
        told: Strength that was told.
    """

    agent: int
    network: int
    last: int
    expires: int = 0
    is_personal: bool = False
    agents: list[int] = []
    networks: list[int] = []
    other: int = 0
    told: float = 0.0
    told_expired: bool = False


class Issuer(msgspec.Struct, array_like=True):
    """What accepted tokens of an issuer have in common."""

    tokens: int = 0
    symmetric: int = 0
    bringing: int = 0
    longest: int = 0


class TokenMemory(msgspec.Struct, forbid_unknown_fields=True):
    """What a successor has to know of tokens, oldest first."""

    tokens: list[tuple[int, TokenRecord]] = []
    issuers: list[tuple[str, Issuer]] = []
    programs: list[tuple[int, list[int]]] = []
    checking: list[int] = []


class Tokens:
    """Judges uses of tokens in their order. Deterministic; bounded."""

    def __init__(self) -> None:
        self.records: OrderedDict[int, TokenRecord] = OrderedDict()
        self._issuers: dict[str, Issuer] = {}
        self._programs: dict[int, list[int]] = {}
        self._checking: dict[int, None] = {}

    def may_forget(self, tokens: Sequence[int]) -> bool:
        """True when so many new tokens could push one of these out of the memory."""
        fresh = len(tokens) - sum(map(self.records.__contains__, tokens))
        surplus = len(self.records) + fresh - TOKENS_KEPT
        if surplus <= 0:
            return False
        oldest = set(islice(self.records, surplus))
        return surplus >= len(self.records) or not oldest.isdisjoint(tokens)

    def see(self, use: TokenUse) -> list[tuple[str, IdentitySign]]:
        """What a use says: about ``client`` or ``endpoint``, and the sign."""
        claims = use.claims
        if not use.accepted:
            self._checking.pop(use.endpoint, None)
            room_for(self._checking, CHECKING_KEPT)
            self._checking[use.endpoint] = None
            sign = self._head(claims, use.ts, accepted=False) if claims else None
            return [("client", sign)] if sign else []
        record = self.records.get(use.token)
        if record is None:
            return self._first(use)
        out: list[tuple[str, IdentitySign]] = []
        out += self._expired(use, record)
        sign = self._shared(use, record)
        if sign is not None:
            out.append(("client", sign))
        return out

    def _first(self, use: TokenUse) -> list[tuple[str, IdentitySign]]:
        """A token that nobody came with before."""
        claims = use.claims
        room_for(self.records, TOKENS_KEPT)
        record = self.records[use.token] = TokenRecord(
            use.agent, use.network, use.ts, claims.expires * 1_000_000 if claims else 0,
            use.is_personal or (claims is not None and claims.expires > 0),
            [use.agent], [use.network],
        )  # fmt: skip
        if claims is None:
            return []
        out: list[tuple[str, IdentitySign]] = []
        sign = self._head(claims, use.ts, accepted=True)
        if sign is not None:
            out.append(("client", sign))
        out += self._expired(use, record)
        self._learn(claims)
        return out

    def _learn(self, claims: Claims) -> None:
        issuer = touched(self._issuers, claims.issuer)
        if issuer is None:
            room_for(self._issuers, ISSUERS_KEPT)
            issuer = self._issuers[claims.issuer] = Issuer()
        issuer.tokens += 1
        issuer.symmetric += not claims.alg.startswith(ASYMMETRIC)
        issuer.bringing += claims.brings_key
        if 0 < claims.issued < claims.expires:
            issuer.longest = max(issuer.longest, claims.expires - claims.issued)

    def _head(self, claims: Claims, ts: int, *, accepted: bool) -> IdentitySign | None:
        """What a token says of itself that its issuer would not."""
        if claims.oddity:
            note = {"none": "has no signature", "key path": "names a file as its key"}
            return _forged(FORGED_LLR, note.get(claims.oddity, "asks for its key by a query"),
                           accepted=accepted)  # fmt: skip
        issuer = self._issuers.get(claims.issuer)
        if issuer is None or issuer.tokens < KNOWN_TOKENS:
            return None
        few = OTHER_SHARE * issuer.tokens
        if claims.alg.startswith("HS") and issuer.symmetric <= few:
            return _forged(CONFUSED_LLR, "is signed with a public key", accepted=accepted)
        if claims.brings_key and issuer.bringing <= few:
            return _forged(BROUGHT_LLR, "brings its own key", accepted=accepted)
        life = claims.expires - (claims.issued or ts // 1_000_000)
        if issuer.longest and life > max(LONG_TIMES * issuer.longest, LONG_LEAST_S):
            return _forged(
                LONG_LLR, "lives far too long", life / 3_600, issuer.longest / 3_600,
                accepted=accepted,
            )  # fmt: skip
        return None

    def _expired(self, use: TokenUse, record: TokenRecord) -> list[tuple[str, IdentitySign]]:
        is_expired = record.expires and use.ts > record.expires + EXPIRED_US
        # an endpoint that refuses nobody does not look at tokens
        if not is_expired or record.told_expired or use.endpoint not in self._checking:
            return []
        record.told_expired = True
        hours = (use.ts - record.expires) / 3.6e9
        sign = IdentitySign(
            "expired", EXPIRED_LLR, AttackType.TOKEN_ABUSE, hours, 0.0, succeeded=True
        )
        return [("endpoint", sign)]

    def _shared(self, use: TokenUse, record: TokenRecord) -> IdentitySign | None:
        """Another program in another network comes with the token, or its owner comes back."""
        ts, told = use.ts, record.told
        if not (use.agent and use.network and record.is_personal):
            record.last = max(record.last, ts)
            return None
        if use.agent in record.agents or use.network in record.networks:
            record.last = max(record.last, ts)
            record.agent, record.network = use.agent, use.network
            record.agents = _with(record.agents, use.agent)
            record.networks = _with(record.networks, use.network)
            return None
        if use.agent in self._programs:
            users = self._programs.pop(use.agent)
        else:
            users = []
            room_for(self._programs, PROGRAMS_KEPT)
        if use.token not in users and len(users) < RELAYS:
            users = [*users, use.token]
        self._programs[use.agent] = users
        if len(users) >= RELAYS:
            return None
        level = BESIDE_LLR if 0 <= ts - record.last <= PARALLEL_US else AFTER_LLR
        if record.other and record.last > record.other and level == BESIDE_LLR:
            level = AGAIN_LLR
        if ts - record.last > DAY_US:
            level = 0.0
        record.other = ts
        if level <= told:
            return None
        record.told = level
        return IdentitySign("shared", level, AttackType.TOKEN_ABUSE, 2.0, 1.0, succeeded=True)

    def memory(self) -> TokenMemory:
        """What a successor has to know."""
        return TokenMemory(
            list(self.records.items()), list(self._issuers.items()),
            list(self._programs.items()), list(self._checking),
        )  # fmt: skip

    def recall(self, memory: TokenMemory) -> None:
        """Takes over what an earlier one remembered."""
        self.records = OrderedDict(memory.tokens)
        self._issuers, self._programs = dict(memory.issuers), dict(memory.programs)
        self._checking = dict.fromkeys(memory.checking)


def _with(values: list[int], value: int) -> list[int]:
    """The last few values, this one at the end."""
    return [*(known for known in values if known != value), value][-LINKED_EACH:]


def _forged(
    llr: float, note: str, actual: float = 1.0, usual: float = 0.0, *, accepted: bool
) -> IdentitySign:
    return IdentitySign(
        "forged", llr, AttackType.TOKEN_ABUSE, actual, usual, succeeded=accepted, note=note
    )
