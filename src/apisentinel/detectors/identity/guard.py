"""The memory of all attempts to sign in, and what each new one adds to the suspicion against its
source, its account and its endpoint.
"""

from collections import OrderedDict
from typing import Any, NamedTuple

import msgspec

from apisentinel.detectors.identity import cards, codes, replies, sites, sources
from apisentinel.detectors.identity.attempts import (
    ACCOUNTS_EACH,
    FAILED,
    GUESSERS_EACH,
    HOMES_EACH,
    PLACES_KEPT,
    SOURCES_KEPT,
    SUCCEEDED,
    TARGETS_KEPT,
    Attempt,
    AttemptMemory,
    Holder,
    Place,
    Source,
    Target,
    Tried,
    program_of,
)
from apisentinel.detectors.identity.fading import DAY_US, HOUR_US, room_for, touched
from apisentinel.detectors.identity.places import STEPS, Purpose
from apisentinel.detectors.identity.signs import IdentitySign
from apisentinel.detectors.identity.slices import SliceTests
from apisentinel.records.packed import Packed
from apisentinel.records.signal import ActorSignal, Family
from apisentinel.records.taxonomy import AttackType

TOLD_FROM, TOLD_STEP = 2.3, 0.75
"""Nats from which on something is told, and the rise that tells it again."""
ACCOUNT_STEPS = ((6.0, 1.2), (8.0, 0.7), (12.0, 0.5), (30.0, 0.35))
"""Guesses at one account of ten minutes, an hour, a day and a week by others than its owner that
are never too many, and nats for each further one.
"""
ACCOUNT_SOURCES = 3
"""Sources from which on it is the account that is attacked, rather than one source that attacks."""
SHARED_LLR = 5.5
"""Most that guessing says of an address that many share, where nobody knows the account."""
STRONGEST = 14.0
SECOND_NAME_LLR = 1.0
"""Most that failures of an endpoint say under a second name: one phenomenon is not told twice."""
PROMPTED_EACH = 3
"""Accounts prompted by one client within a day from which on the client is named instead."""
TOKENS_KEPT = 50_000
"""Refresh tokens remembered, 200 bytes each."""

STUFFING = AttackType.CREDENTIAL_STUFFING

Signal = ActorSignal | IdentitySign


class Said(NamedTuple):
    """What an attempt says, and about whom.

    Attributes:
        about: ``client``, ``session``, ``account`` or ``endpoint``.
        key: Hash of the account; 0 where the request itself names the entity.
        signal: What a detector is told.
    """

    about: str
    key: int
    signal: Signal


class AttemptGuard:
    """Judges attempts in their order. Deterministic; bounded by the limits of `attempts`.

    Args:
        slices: Tests the networks and programs of each endpoint one by one, too.
    """

    def __init__(self, *, slices: bool = False) -> None:
        self._by_slices = slices
        self._sources: dict[tuple[str, int], Source] = {}
        self._packed: Packed[tuple[str, int], Source] = Packed(_kept_source)
        self._targets: dict[int, Target] = {}
        self._places: dict[int, Place] = {}
        self._tokens: OrderedDict[int, Holder] = OrderedDict()
        self._slices = SliceTests()

    def see(self, attempt: Attempt) -> list[Said]:
        """Counts an attempt; gives what it says."""
        purpose = attempt.purpose
        if purpose == Purpose.REFRESH:
            # a broken client loops over refusals
            again = self._repeated(attempt) if attempt.outcome == SUCCEEDED else []
            return [*self._refreshed(attempt), *again]
        if purpose == Purpose.PUSH:
            return [*self._prompted(attempt), *self._repeated(attempt)]
        if purpose == Purpose.PAYMENT:
            return self._paid(attempt)
        if purpose == Purpose.CODE:
            told = self._code(attempt)
            return [*told, *self._repeated(attempt), *self._site(attempt, is_guess=True)]
        if purpose in STEPS:
            told = self._probed(attempt)
            return [*told, *self._repeated(attempt), *self._site(attempt, is_guess=True)]
        return self._signed(attempt)

    # --- logins ------------------------------------------------------------------------------

    def _signed(self, attempt: Attempt) -> list[Said]:
        source = self._source("client", attempt.client)
        source.n += 1
        hit = attempt.outcome == SUCCEEDED
        if not hit and source.n > sources.FLOOD and source.n % sources.FLOOD_EVERY:
            return []
        if hit:
            weight, found = 0.0, sources.succeeded(source, attempt)
        else:
            weight, found = sources.failed(source, attempt), False
        out = self._of_source("client", source, attempt, found=found)
        if attempt.session:
            session = self._source("session", attempt.session)
            session.n += 1
            if hit:
                found = sources.succeeded(session, attempt)
            else:
                sources.failed(session, attempt)
                found = False
            out += self._of_source("session", session, attempt, found=found)
        if attempt.account and not attempt.is_odd:
            out += self._of_account(attempt, weight)
        if attempt.purpose == Purpose.LOGIN and attempt.outcome in {FAILED, SUCCEEDED}:
            out += self._site(attempt, is_guess=weight > sources.REPEATED)
            out += self._slice(attempt)
        return out

    def _source(self, kind: str, key: int) -> Source:
        self._packed.touched.add((kind, key))
        source = touched(self._sources, (kind, key))
        if source is None:
            room_for(self._sources, SOURCES_KEPT)
            source = self._sources[kind, key] = Source()
            if len(self._packed.touched) > 2 * SOURCES_KEPT:  # nobody saves them
                self._packed.touched.intersection_update(self._sources)
        return source

    def _of_source(self, kind: str, source: Source, attempt: Attempt, *, found: bool) -> list[Said]:
        """Guessing at few accounts, and lists of many."""
        out: list[Said] = []
        ts = attempt.ts
        is_own = attempt.purpose != Purpose.DENIED and self._is_own(source, attempt)
        levels = (
            sources.guessing(source, ts, is_own=is_own), sources.listing(source, ts)
        )  # fmt: skip
        for place, (family, level) in enumerate(
            zip((Family.BRUTE_FORCE, Family.STUFFING), levels, strict=True)
        ):
            llr = min(level, STRONGEST)
            told = source.told[place]
            if llr < 0.25 * told:
                told = source.told[place] = 0.0
            if llr < TOLD_FROM or (llr < told + TOLD_STEP and not (found and llr >= 5.0)):
                continue
            source.told[place] = llr
            about, key = kind, 0
            if family is Family.BRUTE_FORCE and kind == "client" and sources.is_shared(source, ts):
                # several people sign in from there: it is about the account that is guessed at
                key = sources.most_tried(source, ts)
                about, llr = ("account", llr) if key else (kind, min(llr, SHARED_LLR))
            facts = sources.facts_of(source, ts)
            out.append(Said(about, key, ActorSignal(kind, family, llr, facts, found)))
        return out

    def _is_own(self, source: Source, attempt: Attempt) -> bool:
        """True where a person may have forgotten a secret: somebody who keeps a session, as
        browsers and apps do, who comes from a place of the account, or, where the log does not
        name who fails, from an address of somebody who has signed in.
        """
        if attempt.session:
            return True
        target = self._targets.get(attempt.account)
        if target is None:
            return not attempt.account and bool(source.good)
        return attempt.client in target.homes or attempt.network in target.homes

    def _of_account(self, attempt: Attempt, weight: float) -> list[Said]:
        """Guesses of several sources at one account."""
        ts, client = attempt.ts, attempt.client
        target = touched(self._targets, attempt.account)
        if target is None:
            room_for(self._targets, TARGETS_KEPT)
            target = self._targets[attempt.account] = Target()
        known = client in target.homes or attempt.network in target.homes
        if attempt.outcome == SUCCEEDED:
            guesses, _ = target.guessers.get(client, (0, 0))
            if guesses <= sources.PATIENT:
                target.guessers.pop(client, None)
                target.guesses.add(-float(guesses), ts)
                homes = [h for h in target.homes if h not in {client, attempt.network}]
                target.homes = [*homes, attempt.network, client][-HOMES_EACH:]
            return []
        if known or weight <= sources.REPEATED:
            return []
        guesses, _ = target.guessers.pop(client, (0, 0))
        room_for(target.guessers, GUESSERS_EACH)
        target.guessers[client] = (guesses + 1, ts)
        counts = target.guesses.add(1.0, ts)
        recent = sum(ts - last <= 7 * DAY_US for _, last in target.guessers.values())
        llr = max(s * (n - free) for n, (free, s) in zip(counts, ACCOUNT_STEPS, strict=True))
        llr = min(llr, codes.MOST_LLR)
        if recent < ACCOUNT_SOURCES or llr < TOLD_FROM:
            return []
        if llr < 0.25 * target.told:
            target.told = 0.0
        if llr < target.told + TOLD_STEP:
            return []
        target.told = llr
        sign = IdentitySign(
            "account", llr, AttackType.BRUTE_FORCE, counts[2], 2.0, 24.0, sources=recent
        )
        return [Said("account", attempt.account, sign)]

    # --- endpoints ---------------------------------------------------------------------------

    def _site(self, attempt: Attempt, *, is_guess: bool) -> list[Said]:
        """Failures of an endpoint beyond what its people cause."""
        place = self._place(attempt)
        is_outcome = attempt.outcome in {FAILED, SUCCEEDED} and not attempt.is_odd
        if not is_outcome or sites.is_foreign(place, attempt):
            return []
        target = self._targets.get(attempt.account) if attempt.account else None
        at_home = target is not None and (
            attempt.client in target.homes or attempt.network in target.homes
        )
        if not sites.count(place, attempt, at_home=at_home) or not is_guess:
            return []
        ts = attempt.ts
        z, failed, usual, window = sites.excess(place, ts)
        if z < sites.LEAST_Z or not sites.is_fresh(place, ts):
            return []
        pairs = sites.open_pairs(place, ts, window)
        clients = len({pair.client for pair in pairs})
        if clients < sites.LEAST_SOURCES or not sites.goes_on(pairs, ts, window):
            return []
        accounts = len({pair.account for pair in pairs if pair.account})
        secrets = len({pair.secret for pair in pairs if pair.secret})
        place.fresh = [0.0, 0.0]
        out = []
        for rank, kind in enumerate(sites.kinds(pairs, attempt.purpose)):
            llr = min(sites.strength(z), SECOND_NAME_LLR) if rank else sites.strength(z)
            sign = IdentitySign(
                "site", llr, kind, failed, usual, window / HOUR_US,
                clients, accounts, secrets,
            )  # fmt: skip
            out.append(Said("endpoint", attempt.endpoint, sign))
        return out

    def _slice(self, attempt: Attempt) -> list[Said]:
        """A network or a program whose accounts fail one after the other, from several sources."""
        if not self._by_slices or not attempt.account or attempt.is_odd:
            return []
        target = self._targets.get(attempt.account)
        if attempt.outcome == FAILED and target is not None:
            homes = target.homes
            if attempt.client in homes or attempt.network in homes:
                return []  # its owner
        place = self._place(attempt)
        found = self._slices.see(attempt, lambda: sites.usual_share(place, attempt.ts))
        if found is None:
            return []
        pairs = sites.open_pairs(place, attempt.ts, DAY_US)
        sign = IdentitySign(
            "slice", found.llr, sites.kinds(pairs, attempt.purpose)[0] if pairs else STUFFING,
            float(found.failed), float(found.tried), found.hours, found.clients, found.failed,
            note=found.kind,
        )  # fmt: skip
        return [Said("endpoint", attempt.endpoint, sign)]

    def _place(self, attempt: Attempt) -> Place:
        place = touched(self._places, attempt.endpoint)
        if place is None:
            room_for(self._places, PLACES_KEPT)
            place = self._places[attempt.endpoint] = Place(attempt.endpoint, attempt.purpose)
        return place

    # --- steps beside the login --------------------------------------------------------------

    def _code(self, attempt: Attempt) -> list[Said]:
        """Different codes that are refused."""
        out: list[Said] = []
        for kind, key in (("client", attempt.client), ("session", attempt.session)):
            if not key:
                continue
            source = self._source(f"code {kind}", key)
            source.n += 1
            if attempt.outcome == SUCCEEDED:
                source.good[attempt.body] = attempt.ts
                while len(source.good) > ACCOUNTS_EACH:
                    del source.good[next(iter(source.good))]
                if source.guesses.at(attempt.ts)[1] <= codes.CODE_STEPS[0][0]:
                    source.guesses.counts = [0.0] * len(source.guesses.counts)
                continue
            if attempt.body and attempt.body in source.secrets:
                continue
            source.secrets = [*source.secrets, attempt.body][-ACCOUNTS_EACH:]
            counts = source.guesses.add(1.0, attempt.ts)
            llr = codes.code_strength(counts)
            if kind == "client" and len(source.good) > 2 * counts[2]:
                # an office: most of its codes are right
                continue
            if not self._rises(source, 0, llr):
                continue
            sign = IdentitySign("codes", llr, AttackType.ENUMERATION, counts[1], 1.0)
            out.append(Said(kind, 0, sign))
        return out

    def _probed(self, attempt: Attempt) -> list[Said]:
        """One program at one address asks for account after account."""
        if not attempt.account:
            return self._probed_unnamed(attempt)
        place = self._place(attempt)
        target = self._targets.get(attempt.account)
        replies.learn(place, attempt, is_known=target is not None and bool(target.homes))
        source = self._source("steps", program_of(attempt.client, attempt.agent))
        source.n += 1
        known = source.failed.get(attempt.account)
        if known is None:
            room_for(source.failed, ACCOUNTS_EACH)
            known = source.failed[attempt.account] = Tried()
            source.walk.add(1.0, attempt.ts)
        if attempt.outcome == FAILED and not known.n:
            known.n = 1
            source.guesses.add(1.0, attempt.ts)
        known.last = attempt.ts
        missed, asked = source.guesses.at(attempt.ts)[2], source.walk.at(attempt.ts)[2]
        llr = codes.prober_strength(missed, asked)
        if not self._rises(source, 0, llr):
            return []
        # accounts that are made are the work of a script, not a search for those of others
        is_made = attempt.purpose == Purpose.REGISTER and missed < codes.MADE_SHARE * asked
        kind = AttackType.AUTOMATION if is_made else AttackType.ENUMERATION
        sign = IdentitySign(
            "accounts", llr, kind, missed, 1.0, 24.0,
            accounts=round(asked), secrets=int(replies.tells_apart(place)),
        )  # fmt: skip
        return [Said("client", 0, sign)]

    def _probed_unnamed(self, attempt: Attempt) -> list[Said]:
        """The same where the log does not tell the account: refusals, whichever account it was."""
        if attempt.outcome != FAILED or attempt.is_odd:
            return []
        source = self._source("steps unnamed", program_of(attempt.client, attempt.agent))
        source.n += 1
        missed = source.guesses.add(1.0, attempt.ts)[2]
        llr = codes.unnamed_strength(missed)
        if not self._rises(source, 0, llr):
            return []
        sign = IdentitySign("accounts", llr, AttackType.ENUMERATION, missed, 1.0, 24.0)
        return [Said("client", 0, sign)]

    def _prompted(self, attempt: Attempt) -> list[Said]:
        """Prompts of a second factor for one account."""
        about = attempt.account or attempt.user or attempt.session or attempt.client
        if not about or attempt.outcome != SUCCEEDED:
            return []
        source = self._source("prompts", about)
        counts = source.guesses.add(1.0, attempt.ts)
        client = self._source("prompter", attempt.client)
        if about not in client.good:
            client.walk.add(1.0, attempt.ts)
        client.good.pop(about, None)
        room_for(client.good, ACCOUNTS_EACH)
        client.good[about] = attempt.ts
        source.agents = [*(c for c in source.agents if c != attempt.client), attempt.client][-2:]
        llr = codes.prompt_strength(counts[0])
        if not self._rises(source, 0, llr):
            return []
        sign = IdentitySign("prompts", llr, AttackType.ACCOUNT_TAKEOVER, counts[0], 1.0)
        if len(source.agents) < 2 or client.walk.at(attempt.ts)[2] >= PROMPTED_EACH:
            return [Said("client", 0, sign)]
        return [Said("account", about, sign)]

    def _repeated(self, attempt: Attempt) -> list[Said]:
        """One step again and again for one account, user or session, whatever the answers."""
        about = attempt.account or attempt.user or attempt.session
        if not about or attempt.is_odd:
            return []
        source = self._source("steps again", sites.pair_key(attempt.endpoint, about))
        source.n += 1
        counts = source.guesses.add(1.0, attempt.ts)
        source.walk.add(float(attempt.outcome == SUCCEEDED), attempt.ts)
        if attempt.body and attempt.body not in source.secrets:
            source.secrets = [*source.secrets, attempt.body][-ACCOUNTS_EACH:]
        llr = codes.step_strength(counts)
        if not self._rises(source, 0, llr):
            return []
        who = "session" if attempt.session else "client"
        found = [(AttackType.VOLUME, llr), (AttackType.AUTOMATION, codes.SCRIPT_LLR)]
        if attempt.purpose == Purpose.CODE and len(source.secrets) >= codes.FEW_CODES:
            found.append((AttackType.ENUMERATION, 0.5 * llr))
        if attempt.purpose in STEPS and source.walk.at(attempt.ts)[1] >= codes.ACCEPTED_FEW:
            # it is let through again and again: the flow itself is abused (OWASP API6:2023);
            # prompts and refreshed tokens always are
            found.append((AttackType.SEQUENCE_ABUSE, codes.SCRIPT_LLR))
        usual = codes.STEPS_FREE[1]
        return [
            Said(who, 0, IdentitySign("steps", value, kind, counts[1], usual))
            for kind, value in found
        ]

    def _paid(self, attempt: Attempt) -> list[Said]:
        """Cards that are declined, one after the other."""
        weight = cards.weight_of(attempt, is_declined=attempt.is_declined)
        if weight == 0.0 or attempt.is_odd:
            return []
        out = []
        for about, key in (
            ("client", attempt.client), ("session", attempt.session), ("account", attempt.user),
        ):  # fmt: skip
            if not key:
                continue
            source = self._source(f"cards {about}", key)
            source.n += 1
            llr = min(cards.count(source, attempt, weight), codes.MOST_LLR)
            if weight < 0 or not self._rises(source, 0, llr):
                continue
            declined = source.guesses.at(attempt.ts)[2]
            sign = IdentitySign("cards", llr, AttackType.ENUMERATION, declined, 2.0, 24.0)
            out.append(Said(about, key if about == "account" else 0, sign))
        return out

    def _refreshed(self, attempt: Attempt) -> list[Said]:
        """A refresh token that two programs in two networks hold."""
        if not attempt.body or not attempt.agent:
            return []
        holder = self._tokens.get(attempt.body)
        if holder is None:
            if attempt.outcome != SUCCEEDED:
                return []
            if len(self._tokens) >= TOKENS_KEPT:
                self._tokens.popitem(last=False)
            self._tokens[attempt.body] = Holder(attempt.agent, attempt.network, attempt.user)
            return []
        if not holder.agent or attempt.agent == holder.agent or attempt.network == holder.network:
            return []
        other = program_of(attempt.network, attempt.agent)
        if other not in holder.others:
            holder.others = [*holder.others, other]
        is_of_others = attempt.user and holder.user and attempt.user != holder.user
        if is_of_others or len(holder.others) >= codes.HOLDERS:
            # what everybody sends is no token
            holder.agent, holder.others = 0, []
            return []
        worked = attempt.outcome == SUCCEEDED
        llr = codes.REPLAYED_ELSEWHERE if worked else codes.REFUSED_ELSEWHERE
        sign = IdentitySign("replay", llr, AttackType.TOKEN_ABUSE, 2.0, 1.0, succeeded=worked)
        return [Said("client", 0, sign)]

    @staticmethod
    def _rises(source: Source, place: int, llr: float) -> bool:
        """True when a strength is worth telling; remembers it."""
        if llr < 0.25 * source.told[place]:
            source.told[place] = 0.0
        if llr < TOLD_FROM or llr < source.told[place] + TOLD_STEP:
            return False
        source.told[place] = llr
        return True

    # --- checkpoint --------------------------------------------------------------------------

    def memory(self, *, packed: bool = False) -> AttemptMemory:
        """What a successor has to know.

        Args:
            packed: It will be written as MessagePack: the sources are packed already.
        """
        sources: Any = (
            msgspec.Raw(self._packed.array(self._sources))
            if packed
            else [(kind, key, source) for (kind, key), source in self._sources.items()]
        )
        return AttemptMemory(
            sources,
            list(self._targets.items()),
            list(self._places.values()),
            list(self._tokens.items()),
            self._slices.memory(),
        )

    def pack_some(self, most: int) -> int:
        """Packs so many of the sources that have changed; gives how many are left."""
        return self._packed.some(self._sources, most)

    def recall(self, memory: AttemptMemory) -> None:
        """Takes over what an earlier one remembered."""
        self._sources = {(kind, key): source for kind, key, source in memory.sources}
        self._packed = Packed(_kept_source)
        self._packed.touched.update(self._sources)
        self._targets = dict(memory.targets)
        self._places = {place.endpoint: place for place in memory.places}
        self._tokens = OrderedDict(memory.tokens)
        self._slices.recall(memory.slices)


def _kept_source(about: tuple[str, int], source: Source) -> tuple[str, int, Source]:
    """A source as `AttemptMemory` has it."""
    return (*about, source)
