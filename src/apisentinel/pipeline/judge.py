"""Signals and findings to evidence, evidence to cases and alerts, in the order of the requests."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import structs

from apisentinel.detectors import behaviour, content
from apisentinel.detectors.payload import PayloadDetector
from apisentinel.enrichment import Enricher
from apisentinel.features import FeatureState, Signals
from apisentinel.features.access_rates import AccessRates, Rate
from apisentinel.features.body_marks import body_marks
from apisentinel.features.holding_state import Holdings
from apisentinel.features.prices import PriceBook
from apisentinel.features.reply_marks import reply_marks
from apisentinel.features.state import size
from apisentinel.pipeline.casebook import Casebook
from apisentinel.pipeline.conduct import Conduct
from apisentinel.pipeline.contents import Asked, Contents
from apisentinel.pipeline.data_takings import DataTakings
from apisentinel.pipeline.identities import Identities, Told
from apisentinel.pipeline.inspection import Inspection
from apisentinel.pipeline.judge_memory import JudgeMemory
from apisentinel.pipeline.judge_rows import (
    EXPLAINED_RISK,
    LN_TEN,
    Raised,
    Suspect,
    by_row,
    holding_signals,
    marked,
    marks_of,
    raised,
    stated_prices,
)
from apisentinel.pipeline.parameter_tries import ParameterTries
from apisentinel.pipeline.prepare import Prepared
from apisentinel.pipeline.role_rights import RoleRights
from apisentinel.pipeline.room_refusals import RoomRefusals
from apisentinel.pipeline.settings import ScanSettings
from apisentinel.pipeline.sightings import Sightings
from apisentinel.pipeline.takeovers import Takeovers
from apisentinel.pipeline.tokens import TokenUses
from apisentinel.pipeline.view import Outcome, View
from apisentinel.records.case import SHARED_AGENTS, Case, EntityKey
from apisentinel.records.flags import AGENT_CLAIMS_GOOD_BOT
from apisentinel.records.signal import HoldingSignal
from apisentinel.records.taxonomy import AttackType
from apisentinel.scoring import PRIOR_LOG10, case_odds, risk_of

LEAST_MAILS = 5
"""Mail addresses in a reply from which on it is looked at."""

SCRIPT_LLR = 0.2
"""What odd repetition of a step says of a script besides: a second name for one phenomenon, hardly
any more risk.
"""
LABELS_KEPT = 10_000
"""Endpoint labels that are not made again."""

__all__ = ["Judge", "Suspect"]


class Judge:
    """Keeps cases and alerts up to date. Deterministic in the order of requests; not
    thread-safe.
    """

    def __init__(
        self,
        settings: ScanSettings,
        state: FeatureState,
        enricher: Enricher,
        detector: PayloadDetector | None,
    ) -> None:
        chosen = settings.detectors
        self.settings = settings
        self.state = state
        self.enricher = enricher
        self._cases = Casebook(settings, enricher.bots)
        self.ledger, self.policy = self._cases.ledger, self._cases.policy
        self._inspection = Inspection(self._cases, detector, self.label)
        self._conduct = Conduct(self._cases)
        self._contents = Contents(
            content.Privileges(chosen.privileges), content.Amounts(chosen.amounts),
            content.GraphQL(chosen.graphql), content.Instructions(chosen.instructions),
            content.Exposure(chosen.exposure), content.Totals(chosen.totals),
        )  # fmt: skip
        self._identities = Identities(chosen, self.label)
        self._takeovers = Takeovers(chosen, enricher.origins)
        self._rights = RoleRights(chosen)
        self._takings = DataTakings(chosen)
        self._tokens = TokenUses(chosen)
        self._prices = PriceBook()
        self._parameters = ParameterTries(behaviour.ParameterDiscovery(chosen.parameter_discovery))
        self._sightings = Sightings()
        self._refusals = RoomRefusals()
        self._rates = AccessRates(settings.thresholds)
        self._access_rate = behaviour.AccessRate(chosen.access_rate)
        self._clients = 0
        self._labels: dict[int, str] = {}

    def judge(  # noqa: C901, PLR0912, PLR0913, PLR0915, PLR0917 (one step after another)
        self,
        block: Prepared,
        events: npt.NDArray[Any],
        signals: Signals,
        on_outcome: Callable[[Outcome], None] | None = None,
        before_row: Callable[[int], None] | None = None,
        on_known: Callable[[int, Case], None] | None = None,
        suspects: Mapping[int, Sequence["Suspect"]] | None = None,
        holdings: Holdings | None = None,
    ) -> npt.NDArray[np.bool_]:
        """Takes over everything that a block says.

        Args:
            block: Screened requests.
            events: Their `EVENT` rows after the state update.
            signals: What the state update reported.
            on_outcome: Called for each piece of evidence, in order of the rows.
            before_row: Called before a row that may change a case.
            on_known: Called with the case for a request of a convicted client that is counted
                without a look at its content.
            suspects: Entities that the models find odd, by row.
            holdings: Who asks for what belongs to others, and what the place of each request is.

        Returns:
            bool ``(n_rows,)``: requests whose content is an attack.
        """
        attacks = np.zeros(len(events), np.bool_)
        chosen = marked(block.fields, events, signals)
        actors: dict[int, list[Raised]] = defaultdict(list)
        for row, signal in raised(signals.actors):
            actors[row].append(signal)
        endpoints: dict[int, list[Any]] = defaultdict(list)
        for signal in signals.endpoints:
            endpoints[int(signal["row"])].append(signal)
        tools = self._sightings.tools(events)
        # clients seen up to each row, so that nothing depends on where a block ends
        first_requests = signals.ordinals["client"] == 1
        clients = self._clients + np.cumsum(first_requests)
        self._clients += int(np.count_nonzero(first_requests))
        posing = self._sightings.posing(events)
        claiming = self._sightings.claiming(events, all_programs=self.enricher.bots.is_used)
        odd = suspects or {}
        rates = by_row(self._rates.update(events))
        marks = body_marks(block.batch)
        asking = marks_of(marks, 1)
        stated = stated_prices(self._prices.update(block.batch, events, marks))
        mails = reply_marks(block.batch)
        telling = marks_of(mails, LEAST_MAILS)
        holding = self._holding(holdings, events)
        refused = self._refusals.judge(self._conduct.places.kinds, events)
        tried = self._by_identity(block, events, signals, mails)
        others = {
            *actors, *endpoints, *tools, *posing, *claiming, *odd, *asking, *telling, *holding,
            *tried, *rates, *refused,
        }  # fmt: skip
        rows = sorted(others.union(chosen))
        view = View(self.label, block, events, signals, clients, on_outcome, rows)
        inner, told = self._cases.staff.entries(events), 0
        for place, row in enumerate(rows):
            # what is known at a row does not depend on where a block ends
            while told < len(inner) and inner[told][0] <= row:
                self._cases.staff.absorb(inner[told])
                told += 1
            if before_row is not None:
                before_row(row)
            request = chosen.get(row)
            if request is not None and self._inspection.is_known(row, request, on_known):
                attacks[row] = True
                request = None
            if request is not None:
                view.at(place)
                attacks[row] = self._inspection.inspect(view, request.fields)
            if row in others:
                view.at(place)
                if row in claiming:
                    self._cases.claim(view, insists=claiming[row])
                self._conduct.behave(
                    view, actors.get(row, ()), is_tool=row in tools, is_posing=row in posing
                )
                for signal in endpoints.get(row, ()):
                    self._conduct.endpoint(view, signal)
                self._conduct.held(view, holding.get(row))
                self._conduct.refused(view, refused.get(row))
                for said in tried.get(row, ()):
                    self._tried(view, said)
                if row in asking or row in telling:
                    self._asked(view, asking.get(row, 0), telling.get(row, 0), stated.get(row, ()))
                self._odd(view, odd.get(row, ()), rates.get(row, ()))
        for entry in inner[told:]:
            self._cases.staff.absorb(entry)
        return attacks

    def _holding(
        self, holdings: Holdings | None, events: npt.NDArray[Any]
    ) -> dict[int, HoldingSignal]:
        """Who asks for objects of others, by row; takes over what the place of each row is."""
        self._conduct.places.begin(None if holdings is None else holdings.kinds, events)
        return {} if holdings is None else holding_signals(holdings.told)

    def _by_identity(
        self,
        block: Prepared,
        events: npt.NDArray[Any],
        signals: Signals,
        mails: npt.NDArray[np.uint8],
    ) -> dict[int, list[Told]]:
        """What users and accounts show at the rows of a block."""
        roles = self._rights.roles(block.batch, events)
        tried = self._identities.judge(block, events, signals)
        for more in (
            self._takeovers.judge(events, signals),
            self._rights.judge(block.batch, events, signals, roles),
            self._takings.judge(block.batch, events, roles, mails),
            self._tokens.judge(block.batch, events),
            self._parameters.judge(block.batch, events),
        ):
            for row, found in more.items():
                tried.setdefault(row, []).extend(found)
        return tried

    def _tried(self, view: View, told: Told) -> None:
        """What an attempt to sign in says about its source, its account or its endpoint."""
        evidence = self._conduct.places.named(view, told.evidence)
        self._cases.hold(view, told.key, evidence, told.signature, None, ref=told.ref)
        if told.key[0] == "endpoint":
            self._cases.name_source(view, told.key)

    def _odd(self, view: View, suspects: Iterable["Suspect"], rates: Iterable[Rate]) -> None:
        """Entities that the models find odd, or that ask an endpoint too often."""
        for rate in rates:
            told = self._access_rate.evidence(rate.actual, rate.limit, rate.llr)
            if told is not None:
                key = view.principal_key
                told = self._conduct.at_its_time(view, key, told, "rate", rate.actual, is_late=True)
                self._cases.hold(view, key, told, f"access_rate|{view.endpoint}", None)
        for suspect in suspects:
            key = self._told_of(view, suspect.key)
            case = self.ledger.cases.get(key)
            proven = self._cases.bots.excuses(view, AttackType.CRAWLING)
            if not suspect.signature and (
                proven or self._is_crowd(view, key) or self._is_crawler(view, case)
            ):
                continue
            make = suspect.evidence
            if suspect.brief is not None:
                burden = PRIOR_LOG10 if case is None else case_odds(case)
                if risk_of(burden + suspect.llr / LN_TEN) < EXPLAINED_RISK:
                    make = suspect.brief
            evidence = make(view.seq)
            if not suspect.signature:
                evidence = self._conduct.places.named(view, evidence)
            signature = suspect.signature or evidence.detector
            self._cases.withdraw(view, key, signature, evidence.attack_type)
            self._cases.hold(view, key, evidence, signature, None)
            if not suspect.signature and evidence.attack_type is AttackType.SEQUENCE_ABUSE:
                script = structs.replace(
                    evidence, attack_type=AttackType.AUTOMATION, llr=min(SCRIPT_LLR, evidence.llr)
                )
                self._cases.hold(view, key, script, f"{signature}|script", None)

    @staticmethod
    def _is_crowd(view: View, key: EntityKey) -> bool:
        """Whether the entity that is named is an address of many programs: the sum of many people
        is like no person, so the models have nothing to say of it. They judge its users, and the
        sessions that have a name.
        """
        return key[0] == "client" and view.event["client_agents"] >= SHARED_AGENTS

    @staticmethod
    def _is_crawler(view: View, case: Case | None) -> bool:
        """Whether the client says that it is a known crawler and nothing contradicts it: among
        people and apps crawlers are odd by nature, so the models have nothing to say of them.
        """
        if not view.event["agent_flags"] & AGENT_CLAIMS_GOOD_BOT:
            return False
        return case is None or AttackType.FAKE_BOT not in case.families

    def _told_of(self, view: View, key: EntityKey) -> EntityKey:
        """The entity that is named: who uses a credential rather than the credential, and the
        client rather than a session that it did not name itself.
        """
        if key[0] == "credential":
            return view.principal_key
        return view.client_key if key[0] == "session" and not view.event["session_given"] else key

    def _asked(self, view: View, marks: int, mails: int, stated: Sequence[Any]) -> None:
        """What the fields of a marked request say, and what its reply holds."""
        key = view.principal_key
        if not key[1]:
            return
        asked = Asked(
            view.event["endpoint"], key[1], view.ordinal("endpoint"), view.text("path"),
            view.batch.text("query", view.row), view.batch.text("request_body", view.row),
            tuple(stated),
        )  # fmt: skip
        found = list(self._contents.judge(asked, marks)) if marks else []
        told = self._contents.reply(asked, mails) if mails else None
        for signature, evidence in [*found, told] if told else found:
            # secrets are told as such wherever they are
            is_secret = signature == "secrets"
            kept = evidence if is_secret else self._conduct.places.named(view, evidence)
            self._cases.hold(view, key, kept, signature, None)

    def proven_bot(self, client: int) -> str:
        """Name of the program that a client proved to be, empty without one."""
        return self._cases.bots.name_of(client)

    def label(self, endpoint: int) -> str:
        """``METHOD host route`` of an endpoint hash, worked out once."""
        known = self._labels.get(endpoint)
        if known is None:
            if len(self._labels) >= LABELS_KEPT:
                self._labels.clear()
            known = self._labels[endpoint] = self.enricher.label_of(endpoint)
        return known

    def pack_some(self, most: int) -> int:
        """Packs some of what is saved with the state, so that saving it has less to do.

        Args:
            most: Cases, and sources of sign-ins.

        Returns:
            How many have changed and are not packed.
        """
        return self.ledger.cases.pack_some(most) + self._identities.pack_some(most)

    def memory(self, *, packed: bool = False) -> JudgeMemory:
        """What a judge after a restart has to know beside the cases; texts of endpoints are not
        part of it, they are looked up again.

        Args:
            packed: It will be written as MessagePack; parts are packed already.
        """
        return JudgeMemory(
            self._clients,
            self._inspection.prevalence.memory(),
            self._contents.memory(),
            self._inspection.lone.memory(),
            rates=self._rates.memory(),
            staff=self._cases.staff.memory(),
            attempts=self._identities.memory(packed=packed),
            purposes=self._identities.purposes(),
            visits=self._takeovers.memory(),
            rights=self._rights.memory(),
            rooms=self._conduct.places.memory(),
            refusals=self._refusals.memory(),
            takings=self._takings.memory(),
            tokens=self._tokens.memory(),
            prices=self._prices.memory(),
            bots=self._cases.bots.memory(),
            parameters=self._parameters.memory(),
            sightings=self._sightings.memory(),
            habits=self._conduct.habits.memory(),
            rhythms=self._conduct.rhythms.memory(),
        )

    def recall(self, memory: JudgeMemory) -> None:
        """Takes over what an earlier judge remembered."""
        self._clients = memory.clients
        self._sightings.recall(memory.sightings)
        self._conduct.habits.recall(memory.habits)
        self._conduct.rhythms.recall(memory.rhythms)
        self._rates.recall(memory.rates)
        self._inspection.prevalence.recall(memory.phenomena)
        self._contents.recall(memory.contents)
        self._inspection.lone.recall(memory.signs)
        self._cases.staff.recall(memory.staff)
        self._identities.recall(memory.attempts, memory.purposes)
        self._takeovers.recall(memory.visits)
        self._rights.recall(memory.rights)
        self._conduct.places.recall(memory.rooms)
        self._refusals.recall(memory.refusals)
        self._takings.recall(memory.takings)
        self._tokens.recall(memory.tokens)
        self._prices.recall(memory.prices)
        self._cases.bots.recall(memory.bots)
        self._parameters.recall(memory.parameters)

    def attribute_share(self, kind: str, value: str) -> float:
        """Share of all clients that have an attribute; 1 when unknown."""
        clients = max(1, size(self.state.actors["client"]))
        if kind == "payload":
            return 1.0 / clients
        kind = "agent" if kind == "tool" else kind
        return min(1.0, max(1.0, self.state.sharers(kind, int(value))) / clients)
