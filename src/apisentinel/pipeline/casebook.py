"""Where evidence becomes cases and alerts."""

from msgspec import structs

from apisentinel.detectors import behaviour
from apisentinel.detectors.payload import Finding
from apisentinel.enrichment import BotProofs
from apisentinel.incidents import AlertPolicy
from apisentinel.pipeline.bots import Bots
from apisentinel.pipeline.judge_rows import FIRM_LLR, betrayal, count_finding, signatures
from apisentinel.pipeline.settings import ScanSettings
from apisentinel.pipeline.staff_networks import StaffNetworks
from apisentinel.pipeline.view import Outcome, View
from apisentinel.records.case import KEPT_CLIENTS, SHARED_AGENTS, Case, EntityKey
from apisentinel.records.evidence import EntityRef, Evidence
from apisentinel.records.flags import AGENT_CLAIMS_GOOD_BOT
from apisentinel.records.taxonomy import AGENT_KINDS, AgentKind, AttackType
from apisentinel.scoring import Ledger, counts

FOREIGN = frozenset(("fake_bot|address", "fake_bot|proof"))
"""Signatures of what speaks against a crawler's name from the beginning."""

TOOLS = frozenset(
    AGENT_KINDS.index(kind)
    for kind in (AgentKind.EMPTY, AgentKind.LIBRARY, AgentKind.TOOL, AgentKind.SCANNER)
)
"""Kinds of programs whose names say nothing of who runs them: two attackers with the same library
or scanner are no campaign by that alone.
"""

SAMPLES_KEPT, SAMPLE_LLR, ENDPOINTS_KEPT = 5, 2.0, 20
"""Requests that a case shows, evidence from which on one is shown, and endpoints that it counts."""


class Casebook:
    """Cases, and the alerts that they deserve. Evidence from networks of the staff counts less, and
    what a client does that calls itself a crawler speaks against that name.

    Attributes:
        ledger: The cases.
        policy: The alerts.
        staff: Networks in which the staff works.
        bots: Which programs proved who they are.
    """

    def __init__(self, settings: ScanSettings, proofs: BotProofs) -> None:
        self.settings = settings
        self.ledger = Ledger(settings.ledger)
        self.policy = AlertPolicy(settings.alerts)
        self.staff = StaffNetworks()
        self._fake_bot = behaviour.FakeBot(settings.detectors.fake_bot)
        self.bots = Bots(proofs, self._fake_bot)

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
        is_asked = counts(evidence.detector, rules=self.settings.rules, models=self.settings.models)
        if not is_asked or self.bots.excuses(view, evidence.attack_type):
            return
        trust = self.staff.factor(evidence.attack_type, view.event["network"])
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
            is_foreign = not FOREIGN.isdisjoint(signatures(case, AttackType.FAKE_BOT))
            self.disbelieve(view, betrayal(evidence, family, status, is_foreign=is_foreign))

    def withdraw(self, view: View, key: EntityKey, signature: str, unless: AttackType) -> None:
        """Takes back an opinion that changed its mind about the name; see `Ledger.withdraw`. A case
        that is over keeps what was said then.
        """
        case = self.ledger.cases.get(key)
        agent = str(view.event["agent"])
        if case is not None and not self.ledger.is_over(case, view.ts, self._quiet, agent):
            self.ledger.withdraw(case, signature, unless)

    @property
    def _quiet(self) -> int:
        """Quiet time after which an alerted case is over, µs."""
        return self.settings.incidents.window_minutes * 60_000_000

    def _case(self, view: View, key: EntityKey, ref: EntityRef | None) -> Case:
        """The case of an entity, with what the row says of it."""
        agent = str(view.event["agent"])
        case = self.ledger.current(key, view.ts, self._quiet, agent) or self.ledger.open(
            key, ref or view.ref(key[0]), view.ts, view.client
        )
        if not case.agent:
            case.agent = agent
        if (
            key[0] not in {"client", "endpoint"}
            and len(case.clients) < KEPT_CLIENTS
            and view.client not in case.clients
            and view.client
        ):
            case.clients[view.client] = view.ref("client")
        if key[0] != "endpoint" and not case.attributes:
            is_tool = int(view.batch.enriched["agent_kind"][view.row]) in TOOLS
            case.attributes = {
                "tool" if is_tool else "agent": agent, "network": str(view.event["network"]),
                "endpoint": str(view.event["endpoint"]),
            }  # fmt: skip
        if key[0] == "client":
            case.shared = view.event["client_agents"] >= SHARED_AGENTS
        return case

    def name_source(self, view: View, key: EntityKey) -> None:
        """Names the client of this request beside an endpoint, as one of those behind what it
        shows.
        """
        case = self.ledger.cases.get(key)
        if case is None or not view.client or view.client in case.clients:
            return
        if len(case.clients) < KEPT_CLIENTS:
            case.clients[view.client] = view.ref("client")

    def claim(self, view: View, *, insists: bool) -> None:
        """Holds against a client that it is not the crawler that it names: by proof, else by the
        networks that are known.

        Args:
            view: At its request.
            insists: It has sent some requests under that name already.
        """
        checked = self.bots.check(view, insists=insists)
        if checked.evidence is not None:
            self.hold(view, view.client_key, checked.evidence, "fake_bot|proof", None)
        if checked.is_settled:
            return
        evidence = self._fake_bot.by_address(
            view.text("user_agent"), view.ref("client").id, insists=insists
        )
        if evidence is not None:
            self.hold(view, view.client_key, evidence, "fake_bot|address", None)

    def disbelieve(self, view: View, llr: float) -> None:
        """Holds it against a client that it is hardly the crawler that it names, by `llr` nats."""
        evidence = self._fake_bot.evidence(view.text("user_agent"), llr)
        if evidence is not None:
            self.hold(view, view.client_key, evidence, "fake_bot", None)
