"""What the signals of the keyed state say of actors and endpoints."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from msgspec import structs

from apisentinel.detectors import behaviour
from apisentinel.detectors.behaviour.crawler_ranges import confirms
from apisentinel.features import LOGIN
from apisentinel.features.state import KIND_NAMES
from apisentinel.pipeline.casebook import Casebook
from apisentinel.pipeline.habits import Habits
from apisentinel.pipeline.judge_rows import (
    CRAWLER_TYPES,
    ENDPOINT_SIGNALS,
    Raised,
    by_family,
    by_principal,
    families,
)
from apisentinel.pipeline.reading_places import ReadingPlaces
from apisentinel.pipeline.rhythms import Rhythms
from apisentinel.pipeline.room_refusals import Refused
from apisentinel.pipeline.view import View
from apisentinel.records.case import SHARED_AGENTS
from apisentinel.records.evidence import Evidence
from apisentinel.records.flags import AGENT_CLAIMS_GOOD_BOT
from apisentinel.records.signal import FACTS, ActorSignal, EndpointSignal, Family, HoldingSignal
from apisentinel.records.taxonomy import AttackType

if TYPE_CHECKING:
    from apisentinel.records.case import EntityKey

POSING_LLR = 6.0
"""What a login under a crawler's name says."""

SUCCEEDED = int(LOGIN.SUCCEEDED)
BY_ATTEMPTS = frozenset((Family.BRUTE_FORCE, Family.STUFFING))
"""Families that `Identities` judges attempt by attempt; those of users `Takeovers` does."""

GONE, UNKNOWN = frozenset((404, 410)), "{unknown}"
"""Statuses of a place that is not there, and the route of such places."""
LOOPS_MOST = 1_000.0
"""Calls in an hour up to which asking for what is gone, again and again, is a broken client."""
MOSTLY = 5.0
"""Times the usual from which on whoever asks during a surge is one of its sources, four out of five
times.
"""
BESIDES_LLR = 0.2
"""What a second name for one phenomenon says: hardly any more risk."""
CONFLICT = 409
"""Status by which a step says that it does not fit the state of what it changes (RFC 9110, section
15.5.10).
"""
FLOOD_BESIDES = 100.0
"""Calls of one endpoint in an hour by nobody who is signed in from which on the work of a script is
a flood, too.
"""
FROM_HOME, FROM_HOME_LLR = 4, 3.6
"""Requests of a colleague from an unusual place that only support, and what they say at most."""
CROWDS = frozenset(("client", "session"))
OF_ONE = frozenset((Family.VOLUME, Family.AUTOMATION))
CROWD_USUAL, CROWD_TIMES, CROWD_LLR = 12.0, 3.0, 2.0
"""Requests a minute of one client where nobody knows what is usual; how many times the usual each
program behind an address of many may ask while their sum is no flood, since several people have
the same program; and the most that pace and volume of such a sum say.
"""
HABIT_LLR = 2.0
"""The most that haste says of somebody where others are as hasty at other hours."""
WORK = frozenset(("objects", "large", "slow", "repeats", "pace"))
WORK_OF = {
    Family.VOLUME: "requests_1m", Family.CRAWLING: "fresh_1m", Family.SEQUENCE: "skipped",
}  # fmt: skip
LATE = frozenset((Family.SEQUENCE,))
RHYTHM_LLR = 1.0
"""Signs of endpoints and families of actors that a job of each day shows as well, with how much of
it; those that are only known once the endpoint is, as its steps are (and its usual rate); and the
most that they say of who did the same on an earlier day at the same time, when it was told in full.
"""
TAKEN, REMOVES = frozenset((202, 204)), "DELETE "
TAKEN_LLR = 4.2
"""Replies that only say that something was taken (RFC 9110, sections 15.3.3 and 15.3.5), and the
most that haste says where they are all that a caller gets: devices and apps send what they gathered
without a network as fast as they can. It leads, and needs another sign, as a flood has.
"""
REPEATING = frozenset((AttackType.AUTOMATION, AttackType.VOLUME))
CONFIRMED = 0.5
"""What reading much says of a crawler that comes from where its operator crawls."""


def _trusting(view: View, evidence: Evidence) -> Evidence:
    """The evidence, weaker where a crawler reads much from where its operator crawls."""
    if (
        not view.event["agent_flags"] & AGENT_CLAIMS_GOOD_BOT
        or evidence.attack_type not in CRAWLER_TYPES
        or not confirms(view.text("user_agent"), view.ref("client").id)
    ):
        return evidence
    return structs.replace(evidence, llr=CONFIRMED * evidence.llr)


def _besides(
    view: View, told: EndpointSignal, evidence: Evidence
) -> Iterator[tuple[AttackType, str]]:
    """Second names for what a principal does at an endpoint."""
    kind = evidence.attack_type
    if view.event["status"] == CONFLICT and kind in REPEATING:
        # a script repeats a step which the state of the flow forbids
        yield AttackType.SEQUENCE_ABUSE, "conflict"
    if kind is AttackType.SEQUENCE_ABUSE:
        # who takes a step this often has a script do it
        yield AttackType.AUTOMATION, "script"
    is_script = kind is AttackType.AUTOMATION and told.what == "repeats" and not view.event["user"]
    if is_script and told.actual >= FLOOD_BESIDES:
        yield AttackType.VOLUME, "flood"


def _of_crowd(view: View, evidence: Evidence, facts: dict[str, float]) -> Evidence:
    """The evidence, weaker where each of the many programs behind an address does little."""
    each = facts["requests_1m"] / view.event["client_agents"]
    if each > CROWD_TIMES * max(facts["usual"], CROWD_USUAL):
        return evidence
    return structs.replace(evidence, llr=min(evidence.llr, CROWD_LLR))


class Conduct:
    """Turns signals into evidence, and holds it against who it is about.

    Attributes:
        places: What reading much is called where it happens.
        habits: Endpoints where haste is usual.
        rhythms: What principals do each day at the same time.
    """

    def __init__(self, casebook: Casebook) -> None:
        chosen = casebook.settings.detectors
        self.places = ReadingPlaces()
        self.habits = Habits()
        self.rhythms = Rhythms()
        self._cases = casebook
        self._by_family = by_family(chosen)
        self._scanner_agent = behaviour.ScannerAgent(chosen.scanner_agent)
        self._principal = by_principal(chosen)
        self._foreign = behaviour.ForeignObjects(chosen.foreign_objects)
        self._forbidden = behaviour.ForbiddenFunctions(chosen.forbidden_functions)
        self._surge = behaviour.EndpointSurge(chosen.endpoint_surge)
        self._flood = behaviour.EndpointFlood(chosen.endpoint_flood)

    def behave(
        self, view: View, signals: Iterable[Raised], *, is_tool: bool, is_posing: bool
    ) -> None:
        """What the client of a request says about itself, and what its actors have done."""
        if is_tool:
            self._tool(view)
        if is_posing:
            self._cases.disbelieve(view, POSING_LLR)
        for signal in signals:
            self._actor(view, signal)

    def _tool(self, view: View) -> None:
        if not view.client:
            return
        evidence = self._scanner_agent.evidence(view.text("user_agent"))
        if evidence is not None:
            agent = view.event["agent"]
            self._cases.hold(view, view.client_key, evidence, f"scanner_agent|{agent}", None)

    def _actor(self, view: View, signal: Raised) -> None:
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
            if evidence is None:
                continue
            is_crowd = shared_client and not (kind == "session" and view.event["session_given"])
            if is_crowd and kind in CROWDS and family in OF_ONE:
                evidence = _of_crowd(view, evidence, facts)
            if family in WORK_OF:
                evidence = self.at_its_time(
                    view, key, evidence, family.name, facts[WORK_OF[family]], is_late=family in LATE
                )
            self._cases.hold(view, key, self.places.named(view, evidence), detector.id, None)

    def held(self, view: View, signal: HoldingSignal | None) -> None:
        """A principal that asks for what is not its own."""
        evidence = None if signal is None else self._foreign.evidence(signal)
        if evidence is not None:
            self._cases.hold(view, view.principal_key, evidence, evidence.detector, None)

    def refused(self, view: View, told: Refused | None) -> None:
        """A user that is refused where the staff works."""
        if told is None or not self.places.is_room(view):
            return
        evidence = self._forbidden.among_staff(*told)
        if evidence is not None:
            key = ("user", view.event["user"])
            self._cases.hold(view, key, evidence, f"{evidence.detector}|staff", None)

    def _is_everyday(self, view: View, told: EndpointSignal) -> bool:
        """Whether there is a plain explanation for a signal about an endpoint."""
        event = view.event
        if told.what == "outside":
            return not self._cases.staff.is_office(event["endpoint"], event["network"])
        if event["status"] not in GONE or not view.endpoint.endswith(UNKNOWN):
            return False
        # one missing place with ever new bodies, or asked for on a timer by an old client; many
        # missing places are scanning
        is_loop = told.what == "repeats" and not told.secrets and told.actual < LOOPS_MOST
        return told.what == "refusals" or is_loop

    def endpoint(self, view: View, signal: Any) -> None:
        """What a signal about an endpoint says of it, or of who asked for it."""
        what = ENDPOINT_SIGNALS[int(signal["what"])]
        about = int(signal["about"])
        told = EndpointSignal(
            what, float(signal["llr"]), float(signal["actual"]), float(signal["usual"]),
            float(signal["sources"]), float(signal["accounts"]), float(signal["secrets"]),
            bool(about & 1), bool(about & 2), bool(about & 4), bool(about & 8),
        )  # fmt: skip
        if self._is_everyday(view, told):
            return
        if what in self._principal:
            self._of_principal(view, told)
            return
        if what == "guessing":
            # `Identities` compares with the hours of a week instead
            return
        if what in {"surge", "novelty", "walk"}:
            evidence = self._surge.evidence(told)
            if evidence is not None:
                evidence = self.places.named(view, evidence)
                key = ("endpoint", view.event["endpoint"])
                if what == "surge":
                    evidence = self.at_its_time(view, key, evidence, what, told.actual)
                self._cases.hold(view, key, evidence, f"{self._surge.id}|{what}", None)
                if what != "surge" or told.actual >= MOSTLY * max(told.usual, 1.0):
                    self._cases.name_source(view, key)
            return
        evidence = self._flood.evidence(told)
        if evidence is not None and view.client:
            evidence = self.at_its_time(view, view.client_key, evidence, what, told.actual)
            self._cases.hold(
                view, view.client_key, evidence, f"endpoint_flood|{view.endpoint}", None
            )

    def _of_principal(self, view: View, told: EndpointSignal) -> None:
        """What a signal says of who stands behind a request."""
        evidence = self._principal[told.what].evidence(told)
        if evidence is None:
            return
        evidence = _trusting(view, self.places.named(view, evidence))
        key, signature = view.principal_key, f"{evidence.detector}|{view.endpoint}"
        if told.what == "outside" and told.sources > 0:
            evidence = self._from_home(key, evidence)
        elif told.what == "pace":
            evidence = self._haste(view, key, evidence, signature)
            is_taken = told.writes and view.event["status"] in TAKEN
            if is_taken and not view.endpoint.startswith(REMOVES):
                evidence = structs.replace(evidence, llr=min(evidence.llr, TAKEN_LLR))
        if told.what in WORK:
            evidence = self.at_its_time(view, key, evidence, told.what, told.actual)
        self._cases.hold(view, key, evidence, signature, None)
        for kind, name in _besides(view, told, evidence):
            second = structs.replace(evidence, attack_type=kind, llr=min(BESIDES_LLR, evidence.llr))
            self._cases.hold(view, key, second, f"{second.detector}|{name}", None)

    def at_its_time(
        self,
        view: View,
        key: "EntityKey",
        evidence: Evidence,
        what: str,
        size: float,
        *,
        is_late: bool = False,
    ) -> Evidence:
        """The evidence, hardly any where somebody does each day at this time what it speaks of."""
        endpoint, ts = view.event["endpoint"], view.event["ts"]
        if not self.rhythms.is_usual(key[1], endpoint, what, size, ts, is_late=is_late):
            return evidence
        return structs.replace(evidence, llr=min(evidence.llr, RHYTHM_LLR))

    def _haste(self, view: View, key: "EntityKey", evidence: Evidence, signature: str) -> Evidence:
        """Haste that goes on until it is called a flood counts once, and hardly where clients do so
        hour by hour.
        """
        habit = self.habits.is_habit(view.event["endpoint"], key[1], view.event["ts"])
        if habit:
            evidence = structs.replace(evidence, llr=min(evidence.llr, HABIT_LLR))
        case = self._cases.ledger.cases.get(key)
        if evidence.attack_type is AttackType.VOLUME and case is not None:
            before = case.families.get(AttackType.AUTOMATION)
            if before is not None and signature in before.strongest:
                self._cases.withdraw(view, key, signature, AttackType.VOLUME)
                script = structs.replace(
                    evidence, attack_type=AttackType.AUTOMATION, llr=min(BESIDES_LLR, evidence.llr)
                )
                self._cases.hold(view, key, script, signature, None)
        return evidence

    def _from_home(self, key: "EntityKey", evidence: Evidence) -> Evidence:
        """The evidence against a colleague at an unusual place: support at first, because people
        look something up from home; more when it goes on.
        """
        case = self._cases.ledger.cases.get(key)
        family = None if case is None else case.families.get(evidence.attack_type)
        if family is not None and family.count >= FROM_HOME:
            return evidence
        return structs.replace(evidence, llr=min(evidence.llr, FROM_HOME_LLR))
