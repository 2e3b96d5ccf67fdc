"""Signals and findings to evidence, evidence to cases and alerts, in the order of the requests."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import structs

from apisentinel.detectors import behaviour, content
from apisentinel.detectors.payload import Finding, PayloadDetector
from apisentinel.detectors.profile import forgiven
from apisentinel.enrichment import Enricher
from apisentinel.features import LOGIN, FeatureState, Signals
from apisentinel.features.access_rates import AccessRates, Rate
from apisentinel.features.body_marks import body_marks
from apisentinel.features.holding import PRIVATE, ROOM, SHARED
from apisentinel.features.holding_state import Holdings
from apisentinel.features.reply_marks import reply_marks
from apisentinel.features.state import KIND_NAMES, size
from apisentinel.incidents import AlertPolicy
from apisentinel.kernels.sketches import estimate_distinct
from apisentinel.pipeline.contents import Asked, Contents
from apisentinel.pipeline.identities import Identities, Told
from apisentinel.pipeline.judge_memory import JudgeMemory
from apisentinel.pipeline.judge_rows import (
    CONVICTED_INSPECTIONS,
    CONVICTED_RISK,
    ENDPOINT_SIGNALS,
    EXPLAINED_RISK,
    FAILED,
    FIRM_LLR,
    LN_TEN,
    REFUSED,
    SIGNATURE_LENGTH,
    Marked,
    Raised,
    Suspect,
    betrayal,
    by_family,
    by_principal,
    by_row,
    count_finding,
    families,
    holding_signals,
    marked,
    marks_of,
    raised,
    signatures,
)
from apisentinel.pipeline.lone_findings import FAMILIAR_REQUESTS, LoneFindings
from apisentinel.pipeline.payload_evidence import confirmed, payload_evidence
from apisentinel.pipeline.prepare import Prepared
from apisentinel.pipeline.prevalence import Prevalence
from apisentinel.pipeline.settings import ScanSettings
from apisentinel.pipeline.sightings import INSISTING_REQUESTS, Sightings
from apisentinel.pipeline.staff_networks import StaffNetworks
from apisentinel.pipeline.takeovers import Takeovers
from apisentinel.pipeline.view import Outcome, View
from apisentinel.records.case import KEPT_CLIENTS, Case, EntityKey
from apisentinel.records.evidence import EntityRef, Evidence
from apisentinel.records.flags import AGENT_CLAIMS_GOOD_BOT, AGENT_SCANNER_TOOL
from apisentinel.records.signal import FACTS, ActorSignal, EndpointSignal, Family, HoldingSignal
from apisentinel.records.taxonomy import AttackType
from apisentinel.scoring import PRIOR_LOG10, Ledger, case_odds, counts, risk_of

SHARED_AGENTS = 6
"""Different user agents from which on an address counts as shared by many people."""

PLENTY_LLR = 10.0
"""Strength above which findings count as equal; the pool caps a piece far below."""
PROTOCOL_LLR = 4.0
"""Most that one request which is no proper HTTP says: TLS on a plain port and line noise happen to
honest clients.
"""
POSING_LLR = 6.0
"""What a login under a crawler's name says."""

READING = frozenset(
    (AttackType.SCRAPING, AttackType.CRAWLING, AttackType.BOLA, AttackType.RESOURCE_ABUSE,
     AttackType.DATA_EXPOSURE)
)  # fmt: skip
"""What reading too much is called elsewhere than in a room of the staff."""
ROOM_CLIENTS, ROOM_SHARE = 25.0, 0.05
"""Clients, and share of all clients, that a room of the staff has at most; `support` is also a word
of places for customers.
"""

LEAST_MAILS = 5
"""Mail addresses in a reply from which on it is looked at."""

SUCCEEDED = int(LOGIN.SUCCEEDED)
BY_ATTEMPTS = frozenset((Family.BRUTE_FORCE, Family.STUFFING))
"""Families that `Identities` judges attempt by attempt; those of users `Takeovers` does."""

LEAST_LLR = 1.0
"""Weaker findings are not carried on; they could not change any risk by a point."""
ATTACK_LLR = 5.0
"""A request with a finding this strong counts as an attack in the timeline."""
GONE, UNKNOWN = frozenset((404, 410)), "{unknown}"
"""Statuses of a place that is not there, and the route of such places."""
LABELS_KEPT = 10_000
"""Endpoint labels that are not made again."""

SAMPLES_KEPT, SAMPLE_LLR, ENDPOINTS_KEPT = 5, 2.0, 20

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
        self.settings = settings
        self.detector = detector
        self.state = state
        self.enricher = enricher
        self.ledger = Ledger(settings.ledger)
        self.policy = AlertPolicy(settings.alerts)
        chosen = settings.detectors
        self._by_family = by_family(chosen)
        self._scanner_agent = behaviour.ScannerAgent(chosen.scanner_agent)
        self._fake_bot = behaviour.FakeBot(chosen.fake_bot)
        self._principal = by_principal(chosen)
        self._foreign = behaviour.ForeignObjects(chosen.foreign_objects)
        self._kinds: npt.NDArray[np.uint8] | None = None
        self._surge = behaviour.EndpointSurge(chosen.endpoint_surge)
        self._flood = behaviour.EndpointFlood(chosen.endpoint_flood)
        self._contents = Contents(
            content.Privileges(chosen.privileges), content.Amounts(chosen.amounts),
            content.GraphQL(chosen.graphql), content.Instructions(chosen.instructions),
            content.Exposure(chosen.exposure),
        )  # fmt: skip
        self._identities = Identities(chosen, self.label)
        self._takeovers = Takeovers(chosen)
        self._lone = LoneFindings()
        self._staff = StaffNetworks()
        self._payload = chosen.payload
        self._sightings = Sightings()
        self._rates = AccessRates(settings.thresholds)
        self._access_rate = behaviour.AccessRate(chosen.access_rate)
        self._clients = 0
        self._labels: dict[int, str] = {}
        self._prevalence = Prevalence()

    def judge(  # noqa: C901, PLR0912, PLR0913, PLR0917 (one step after another, as designed)
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
        claiming = self._sightings.claiming(events, signals.ordinals["client"])
        odd = suspects or {}
        rates = by_row(self._rates.update(events))
        asking = marks_of(body_marks(block.batch), 1)
        telling = marks_of(reply_marks(block.batch), LEAST_MAILS)
        holding = {} if holdings is None else holding_signals(holdings.told)
        self._kinds = None if holdings is None else holdings.kinds
        tried = self._identities.judge(block, events, signals)
        for row, found in self._takeovers.judge(events, signals).items():
            tried.setdefault(row, []).extend(found)
        others = {
            *actors, *endpoints, *tools, *posing, *claiming, *odd, *asking, *telling, *holding,
            *tried, *rates,
        }  # fmt: skip
        rows = sorted(others.union(chosen))
        view = View(self.label, block, events, signals, clients, on_outcome, rows)
        inner, told = self._staff.entries(events), 0
        for place, row in enumerate(rows):
            # what is known at a row does not depend on where a block ends
            while told < len(inner) and inner[told][0] <= row:
                self._staff.absorb(inner[told])
                told += 1
            if before_row is not None:
                before_row(row)
            request = chosen.get(row)
            if request is not None and self._is_known(row, request, on_known):
                attacks[row] = True
                request = None
            if request is not None:
                view.at(place)
                attacks[row] = self._content(view, request.fields)
            if row in others:
                view.at(place)
                if row in claiming:
                    self._claim(view)
                self._behaviour(
                    view, actors.get(row, ()), is_tool=row in tools, is_posing=row in posing
                )
                for signal in endpoints.get(row, ()):
                    self._endpoint(view, signal)
                self._held(view, holding.get(row))
                for said in tried.get(row, ()):
                    self._tried(view, said)
                if row in asking or row in telling:
                    self._asked(view, asking.get(row, 0), telling.get(row, 0))
                self._odd(view, odd.get(row, ()), rates.get(row, ()))
        for entry in inner[told:]:
            self._staff.absorb(entry)
        return attacks

    def _tried(self, view: View, told: Told) -> None:
        """What an attempt to sign in says about its source, its account or its endpoint."""
        self.hold(view, told.key, told.evidence, told.signature, None, ref=told.ref)

    def _odd(self, view: View, suspects: Iterable["Suspect"], rates: Iterable[Rate]) -> None:
        """Entities that the models find odd, or that ask an endpoint too often."""
        for rate in rates:
            told = self._access_rate.evidence(rate.actual, rate.limit, rate.llr)
            if told is not None:
                key = self._principal_key(view)
                self.hold(view, key, told, f"access_rate|{view.endpoint}", None)
        for suspect in suspects:
            key = self._told_of(view, suspect.key)
            case = self.ledger.cases.get(key)
            if not suspect.signature and self._is_crawler(view, case):
                continue
            make = suspect.evidence
            if suspect.brief is not None:
                burden = PRIOR_LOG10 if case is None else case_odds(case)
                if risk_of(burden + suspect.llr / LN_TEN) < EXPLAINED_RISK:
                    make = suspect.brief
            evidence = make(view.seq)
            signature = suspect.signature or evidence.detector
            if case is not None:
                self.ledger.withdraw(case, signature, evidence.attack_type)
            self.hold(view, key, evidence, signature, None)

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
            return self._principal_key(view)
        return view.client_key if key[0] == "session" and not view.event["session_given"] else key

    def _behaviour(
        self, view: View, signals: Iterable["Raised"], *, is_tool: bool, is_posing: bool
    ) -> None:
        """What the client of a request says about itself, and what its actors have done."""
        if is_tool:
            self._tool(view)
        if is_posing:
            self._disbelieve(view, POSING_LLR)
        for signal in signals:
            self._actor(view, signal)

    def _asked(self, view: View, marks: int, mails: int) -> None:
        """What the fields of a marked request say, and what its reply holds."""
        key = self._principal_key(view)
        if not key[1]:
            return
        asked = Asked(
            view.event["endpoint"], key[1], view.ordinal("endpoint"), view.text("path"),
            view.batch.text("query", view.row), view.batch.text("request_body", view.row),
        )  # fmt: skip
        found = list(self._contents.judge(asked, marks)) if marks else []
        told = self._contents.reply(asked, mails) if mails else None
        for signature, evidence in [*found, told] if told else found:
            # secrets are told as such wherever they are
            kept = evidence if signature == "secrets" else self._in_place(view, evidence)
            self.hold(view, key, kept, signature, None)

    def _is_known(
        self, row: int, request: "Marked", on_known: Callable[[int, Case], None] | None
    ) -> bool:
        """Counts a marked request of a convicted client without looking at its content; False when
        it has to be inspected.

        A client that stands convicted is inspected further only where it tries new places, and now
        and then, so that a noisy scanner cannot buy the time of everybody else. Its other marked
        requests count as attacks.
        """
        case = self.ledger.cases.get(("client", request.client))
        if (
            case is None
            or request.ts - case.last_ts > self.settings.incidents.window_minutes * 60_000_000
            or case.peak < CONVICTED_RISK
            or case.inspected < CONVICTED_INSPECTIONS
            or request.is_sample
            or request.fields & ~case.inspected_fields
            or self.detector is None
        ):
            return False
        case.requests += 1
        case.last_ts = max(case.last_ts, request.ts)
        case.alerted_at = max(case.alerted_at, request.ts)
        case.ordinal = max(case.ordinal, request.ordinal)
        endpoint = self.label(request.endpoint)
        if endpoint in case.endpoints:
            case.endpoints[endpoint] += 1
        if on_known is not None:
            on_known(row, case)
        return True

    def _content(self, view: View, fields: int) -> bool:
        """Inspects the content of a request; True when it is an attack."""
        if self.detector is None:
            return False
        findings = [
            item
            for item in self.detector.inspect_row(view.batch, view.row, fields)
            if item.llr >= LEAST_LLR
        ]
        if findings:
            self._payloads(view, findings)
            case = self.ledger.cases.get(view.client_key)
            if case is not None:
                case.inspected += 1
                case.inspected_fields |= fields
        return any(item.llr >= ATTACK_LLR for item in findings)

    def _claim(self, view: View) -> None:
        evidence = self._fake_bot.by_address(
            view.text("user_agent"), view.ref("client").id,
            insists=view.ordinal("client") >= INSISTING_REQUESTS,
        )  # fmt: skip
        if evidence is not None:
            self.hold(view, view.client_key, evidence, "fake_bot|address", None)

    def _disbelieve(self, view: View, llr: float) -> None:
        evidence = self._fake_bot.evidence(view.text("user_agent"), llr)
        if evidence is not None:
            self.hold(view, view.client_key, evidence, "fake_bot", None)

    def _payloads(self, view: View, findings: list[Finding]) -> None:
        if not self._payload.enabled or not view.client:
            return
        for finding in findings:
            most = PROTOCOL_LLR if finding.attack_type is AttackType.PROTOCOL else PLENTY_LLR
            strength = min(finding.raw_llr, most)
            llr = (
                strength
                * self._payload.weight
                * self._prevalence.factor(finding, view.client, int(view.clients[view.row]))
            )
            if view.unusual is not None:
                llr *= forgiven(view.unusual, view.row, is_firm=finding.raw_llr >= FIRM_LLR)
            signature = finding.match[:SIGNATURE_LENGTH] or finding.where
            counted = self._lone.counted(
                finding, llr, principal=self._principal_key(view)[1], ts=view.ts,
                is_ordinary=self._is_ordinary(view),
            )  # fmt: skip
            said = confirmed(finding, view.batch, view.row)
            counted = llr if said else counted
            # a lone text is its author's alone: others may come from the same address
            key = view.client_key if counted == llr else self._principal_key(view)
            llr = counted
            known = (
                self.ledger.known(key, finding.attack_type, signature, llr, view.ts)
                if said is None
                else None
            )
            evidence = known or payload_evidence(finding, llr, view.seq, said)
            self.hold(view, key, evidence, signature, finding, is_known=known is not None)

    def _is_ordinary(self, view: View) -> bool:
        """True when a client is signed in, or no stranger, and nothing else speaks against it."""
        if view.event["status"] >= FAILED or view.event["agent_flags"] & AGENT_SCANNER_TOOL:
            return False
        case = self.ledger.cases.get(view.client_key)
        if case is not None and case.peak >= self.settings.alerts.threshold and not case.shared:
            return False
        return bool(view.event["user"]) or view.ordinal("client") > FAMILIAR_REQUESTS

    def _tool(self, view: View) -> None:
        if not view.client:
            return
        evidence = self._scanner_agent.evidence(view.text("user_agent"))
        if evidence is not None:
            agent = view.event["agent"]
            self.hold(view, view.client_key, evidence, f"scanner_agent|{agent}", None)

    def _actor(self, view: View, signal: "Raised") -> None:
        kind = KIND_NAMES[signal.kind]
        shared_client = view.event["client_agents"] >= SHARED_AGENTS
        if kind == "session" and not (view.event["session_given"] or shared_client):
            return
        key: EntityKey = (kind, view.event[kind])
        if kind == "credential" and view.event["user"]:
            key = ("user", view.event["user"])
        facts = dict(zip(FACTS, signal.facts, strict=True))
        for family in families(signal.raised):
            if family in BY_ATTEMPTS or (family is Family.TAKEOVER and kind == "user"):
                continue
            told = ActorSignal(kind, family, signal.llr[family], facts, signal.login == SUCCEEDED)
            detector = self._by_family[family]
            evidence = detector.evidence(told)
            if evidence is not None:
                self.hold(view, key, self._in_place(view, evidence), detector.id, None)

    def _in_place(self, view: View, evidence: Evidence) -> Evidence:
        """The evidence under the name that reading much has where it happens: what a user reads in
        a room of the staff is misuse by an insider, what it reads of private objects is not
        scraping, and what everybody may read belongs to nobody.
        """
        if self._kinds is None or not view.event["user"]:
            return evidence
        kind = int(self._kinds[view.row])
        if kind == ROOM and evidence.attack_type in READING and self._is_room(view):
            return structs.replace(evidence, attack_type=AttackType.INSIDER_MISUSE)
        if kind == PRIVATE and evidence.attack_type is AttackType.SCRAPING:
            return structs.replace(evidence, attack_type=AttackType.BOLA)
        if kind == SHARED and evidence.attack_type is AttackType.BOLA:
            return structs.replace(evidence, attack_type=AttackType.SCRAPING)
        return evidence

    def _is_room(self, view: View) -> bool:
        """True when few clients come to an endpoint whose path says that it is the staff's."""
        record = self.state.record(self.state.endpoints, view.event["endpoint"])
        if record is None or view.event["status"] >= REFUSED:
            return False
        here = float(estimate_distinct(record["clients"]))
        return here <= max(ROOM_CLIENTS, ROOM_SHARE * size(self.state.actors["client"]))

    def _held(self, view: View, signal: HoldingSignal | None) -> None:
        """A principal that asks for what is not its own."""
        evidence = None if signal is None else self._foreign.evidence(signal)
        if evidence is not None:
            self.hold(view, self._principal_key(view), evidence, evidence.detector, None)

    def _endpoint(self, view: View, signal: Any) -> None:
        what = ENDPOINT_SIGNALS[int(signal["what"])]
        about = int(signal["about"])
        told = EndpointSignal(
            what, float(signal["llr"]), float(signal["actual"]), float(signal["usual"]),
            float(signal["sources"]), float(signal["accounts"]), float(signal["secrets"]),
            bool(about & 1), bool(about & 2), bool(about & 4), bool(about & 8),
        )  # fmt: skip
        if what == "refusals" and view.event["status"] in GONE and view.endpoint.endswith(UNKNOWN):
            # one missing place with ever new bodies; many missing places are scanning
            return
        if what in self._principal:
            evidence = self._principal[what].evidence(told)
            if evidence is not None:
                evidence = self._in_place(view, evidence)
                key = self._principal_key(view)
                self.hold(view, key, evidence, f"{evidence.detector}|{view.endpoint}", None)
                if evidence.attack_type is AttackType.SEQUENCE_ABUSE:
                    # who takes a step this often has a script do it
                    script = structs.replace(
                        evidence, attack_type=AttackType.AUTOMATION, llr=0.5 * evidence.llr
                    )
                    self.hold(view, key, script, f"{script.detector}|script", None)
            return
        if what == "guessing":
            # `Identities` compares with the hours of a week instead
            return
        if what in {"surge", "novelty", "walk"}:
            evidence = self._surge.evidence(told)
            if evidence is not None:
                evidence = self._in_place(view, evidence)
                key = ("endpoint", view.event["endpoint"])
                self.hold(view, key, evidence, f"{self._surge.id}|{what}", None)
            return
        evidence = self._flood.evidence(told)
        if evidence is not None and view.client:
            self.hold(view, view.client_key, evidence, f"endpoint_flood|{view.endpoint}", None)

    @staticmethod
    def _principal_key(view: View) -> EntityKey:
        """The user where one is known, else the session that was sent, else the client."""
        if view.event["user"]:
            return ("user", view.event["user"])
        if view.event["session_given"] and view.event["session"]:
            return ("session", view.event["session"])
        return view.client_key

    def hold(  # noqa: PLR0913 (one place makes cases)
        self,
        view: View,
        key: EntityKey,
        evidence: Evidence,
        signature: str,
        finding: Finding | None,
        *,
        is_known: bool = False,
        ref: EntityRef | None = None,
    ) -> None:
        """Adds evidence to a case, raises the alert that it deserves, and tells the listener.

        `ref` names an entity that stands in no column of the row.
        """
        if not counts(evidence.detector, rules=self.settings.rules, models=self.settings.models):
            return
        trust = self._staff.factor(evidence.attack_type, view.event["network"])
        if trust < 1.0 and evidence.llr < FIRM_LLR:
            evidence, is_known = structs.replace(evidence, llr=trust * evidence.llr), False
        case = self._case(view, key, ref)
        ordinal = view.ordinal(key[0])
        if not is_known and evidence.detector != "payload":
            evidence = structs.replace(evidence, known=view.ordinal("endpoint"))
        if is_known and evidence.attack_type in case.families:
            self.ledger.touch(case, case.families[evidence.attack_type], view.ts, ordinal)
        else:
            self.ledger.add(case, evidence, signature, view.ts, ordinal)
        family = case.families[evidence.attack_type]
        status = view.event["status"]
        if finding is not None:
            count_finding(view, case, family, finding)
        endpoint = view.endpoint
        if endpoint in case.endpoints or len(case.endpoints) < ENDPOINTS_KEPT:
            case.endpoints[endpoint] = case.endpoints.get(endpoint, 0) + 1
        is_new = not case.samples or case.samples[-1].seq != view.seq
        if is_new and len(case.samples) < SAMPLES_KEPT and evidence.llr >= SAMPLE_LLR:
            case.samples.append(view.sample(finding))
        self.policy.consider(case, evidence, view.ts, ordinal, endpoint, view.seq)
        if view.on_outcome is not None:
            view.on_outcome(Outcome(view.row, case, evidence))
        if key[0] == "client" and view.event["agent_flags"] & AGENT_CLAIMS_GOOD_BOT:
            is_foreign = "fake_bot|address" in signatures(case, AttackType.FAKE_BOT)
            self._disbelieve(view, betrayal(evidence, family, status, is_foreign=is_foreign))

    def _case(self, view: View, key: EntityKey, ref: EntityRef | None) -> Case:
        """The case of an entity, with what the row says of it."""
        quiet = self.settings.incidents.window_minutes * 60_000_000
        case = self.ledger.current(key, view.ts, quiet) or self.ledger.open(
            key, ref or view.ref(key[0]), view.ts, view.client
        )
        if not case.agent:
            case.agent = str(view.event["agent"])
        if (
            key[0] not in {"client", "endpoint"}
            and len(case.clients) < KEPT_CLIENTS
            and view.client not in case.clients
            and view.client
        ):
            case.clients[view.client] = view.ref("client")
        if key[0] != "endpoint" and not case.attributes:
            case.attributes = {
                "agent": str(view.event["agent"]), "network": str(view.event["network"]),
                "endpoint": str(view.event["endpoint"]),
            }  # fmt: skip
        if key[0] == "client":
            case.shared = view.event["client_agents"] >= SHARED_AGENTS
        return case

    def label(self, endpoint: int) -> str:
        """``METHOD host route`` of an endpoint hash, worked out once."""
        known = self._labels.get(endpoint)
        if known is None:
            if len(self._labels) >= LABELS_KEPT:
                self._labels.clear()
            known = self._labels[endpoint] = self.enricher.label_of(endpoint)
        return known

    def memory(self) -> JudgeMemory:
        """What a judge after a restart has to know beside the cases; texts of endpoints are not
        part of it, they are looked up again.
        """
        return JudgeMemory(
            self._clients,
            self._sightings.memory(),
            self._prevalence.memory(),
            self._contents.memory(),
            self._lone.memory(),
            rates=self._rates.memory(),
            staff=self._staff.memory(),
            attempts=self._identities.memory(),
            purposes=self._identities.purposes(),
            visits=self._takeovers.memory(),
        )

    def recall(self, memory: JudgeMemory) -> None:
        """Takes over what an earlier judge remembered."""
        self._clients = memory.clients
        self._sightings.recall(memory.tools)
        self._rates.recall(memory.rates)
        self._prevalence.recall(memory.phenomena)
        self._contents.recall(memory.contents)
        self._lone.recall(memory.signs)
        self._staff.recall(memory.staff)
        self._identities.recall(memory.attempts, memory.purposes)
        self._takeovers.recall(memory.visits)

    def attribute_share(self, kind: str, value: str) -> float:
        """Share of all clients that have an attribute; 1 when unknown."""
        clients = max(1, size(self.state.actors["client"]))
        if kind == "payload":
            return 1.0 / clients
        return min(1.0, max(1.0, self.state.sharers(kind, int(value))) / clients)
