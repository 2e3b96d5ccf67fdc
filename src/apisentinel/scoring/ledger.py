"""The ledger: cases by entity, bounded, with old evidence fading."""

import math
from collections import deque

from pydantic import BaseModel, ConfigDict, Field

from apisentinel.records.case import KEPT_EVIDENCE, Case, EntityKey, FamilyCase
from apisentinel.records.evidence import EntityRef, Evidence
from apisentinel.records.taxonomy import AttackType
from apisentinel.scoring.cases import Cases
from apisentinel.scoring.fusion import case_odds, family_llr, risk_of

SHARED_CAP = 59.0
"""Highest risk of an entity behind which many people stand: evidence about an address is not
evidence about one of them.
"""
FADE_US = 86_400_000_000
"""Time constant with which evidence fades."""
FADE_STEP_US = 3_600_000_000
"""Younger evidence does not fade at all."""
ENDPOINTS_KEPT = 20
OTHER_PROGRAM_US = 600_000_000
"""Quiet time after which another program at an alerted address is another visitor: exits of VPNs,
offices and carriers have many a day, and each of them is a story of its own.
"""


class LedgerSettings(BaseModel):
    """Bounds of the ledger."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cases: int = Field(
        default=20_000,
        ge=100,
        description="Entities under suspicion at once; the least suspicious give way first.",
    )


class Ledger:
    """Holds what is known against each entity and its fused risk.

    Deterministic in the order of `add`. Not thread-safe.
    """

    def __init__(self, settings: LedgerSettings | None = None) -> None:
        self.settings = settings or LedgerSettings()
        self.cases = Cases()
        self.past: deque[Case] = deque(maxlen=self.settings.cases)
        self.dropped = 0

    def current(self, key: EntityKey, now: int, quiet: int, agent: str = "") -> Case | None:
        """The case of an entity that is not over: an alerted one is after a quiet time, so that
        what comes later is told anew.

        Args:
            key: The entity.
            now: Event time, µs.
            quiet: Time without evidence worth an alert after which an alerted case is over, µs.
            agent: Keyed hash of the program that asks now; another one at the same address begins
                a case of its own after `OTHER_PROGRAM_US`.
        """
        case = self.cases.get(key)
        if case is None or not self.is_over(case, now, quiet, agent):
            return case
        is_other = key[0] == "client" and bool(agent) and agent != case.agent
        self.past.append(case)
        renewed = self.cases[key] = Case(
            key=key, ref=case.ref, parent=case.parent, first_ts=now, last_ts=now,
            # what was convicted once is soon believed again: two looks fewer than it had
            inspected=max(case.inspected - 2, 0),
            inspected_fields=case.inspected_fields,
            earlier_peak=max(case.peak, case.earlier_peak),
            earlier_ordinal=case.alert_ordinal
            if case.earlier_ordinal is None
            else case.earlier_ordinal,
            attributes={}
            if is_other
            else {n: v for n, v in case.attributes.items() if n != "payload"},
        )  # fmt: skip
        return renewed

    @staticmethod
    def is_over(case: Case, now: int, quiet: int, agent: str = "") -> bool:
        """Whether an alerted case is over; arguments as in `current`."""
        if case.alert_ordinal is None:
            return False
        if case.key[0] == "client" and agent and case.agent and agent != case.agent:
            quiet = min(quiet, OTHER_PROGRAM_US)
        return now - case.alerted_at > quiet

    def open(self, key: EntityKey, ref: EntityRef, ts: int, parent: int = 0) -> Case:
        """The case of an entity, opened when there is none."""
        case = self.cases.get(key)
        if case is None:
            if len(self.cases) >= self.settings.cases:
                self._make_room()
            case = self.cases[key] = Case(key=key, ref=ref, parent=parent, first_ts=ts, last_ts=ts)
        return case

    def add(self, case: Case, evidence: Evidence, signature: str, ts: int, ordinal: int) -> float:
        """Adds evidence to a case.

        Args:
            case: From `open`.
            evidence: What a detector says.
            signature: Tells pieces of evidence apart; the same signature replaces a weaker piece.
            ts: Event time, µs.
            ordinal: Number of the entity's request, from 1.

        Returns:
            The risk after it, 0-100.
        """
        if ts - case.last_ts > FADE_STEP_US:
            factor = math.exp(-(ts - case.last_ts) / FADE_US)
            for other in case.families.values():
                other.fade *= factor
                other.llr = family_llr(other)
        family = case.families.get(evidence.attack_type)
        if family is None:
            family = case.families[evidence.attack_type] = FamilyCase(first_ts=ts)
        self.touch(case, family, ts, ordinal)
        known = family.strongest.get(signature)
        if known is None or evidence.llr > known.llr * family.fade or evidence.succeeded:
            if family.fade < 1.0:
                family.strongest = {
                    name: _faded(piece, family.fade) for name, piece in family.strongest.items()
                }
                family.fade = 1.0
            family.strongest[signature] = evidence
            if len(family.strongest) > KEPT_EVIDENCE:
                weakest = min(family.strongest, key=lambda name: (family.strongest[name].llr, name))
                del family.strongest[weakest]
            family.llr = family_llr(family)
        case.risk = risk_of(case_odds(case))
        if case.shared:
            case.risk = min(case.risk, SHARED_CAP)
        case.peak = max(case.peak, case.risk)
        return case.risk

    @staticmethod
    def withdraw(case: Case, signature: str, unless: AttackType) -> None:
        """Takes back pieces of a signature that stand under another attack type.

        One opinion that changed its mind about the name is still one opinion.

        Args:
            case: From `open`.
            signature: Of the pieces.
            unless: The type under which it stays.
        """
        for attack, family in list(case.families.items()):
            if attack != unless and family.strongest.pop(signature, None) is not None:
                if family.strongest:
                    family.llr = family_llr(family)
                else:
                    del case.families[attack]

    def known(
        self, key: EntityKey, attack: AttackType, signature: str, llr: float, ts: int
    ) -> Evidence | None:
        """A piece that makes a new one needless, so that `touch` is all that is left to do.

        That is the same piece when it is as strong, or the weakest of those kept when all of them
        are.
        """
        case = self.cases.get(key)
        family = case.families.get(attack) if case is not None else None
        if case is None or family is None or ts - case.last_ts > FADE_STEP_US:
            return None
        if case.alert_ordinal is not None and ts - case.alerted_at > OTHER_PROGRAM_US:
            return None  # the case may be over
        piece = family.strongest.get(signature)
        if piece is None and len(family.strongest) >= KEPT_EVIDENCE:
            piece = min(family.strongest.values(), key=_strength)
        return piece if piece is not None and piece.llr * family.fade >= llr else None

    @staticmethod
    def touch(case: Case, family: FamilyCase, ts: int, ordinal: int) -> None:
        """Counts one more request with evidence that is known already."""
        family.count += 1
        family.last_ts = max(family.last_ts, ts)
        case.last_ts = max(case.last_ts, ts)
        if case.first_ordinal == 0:
            case.first_ordinal = ordinal
        case.ordinal = max(case.ordinal, ordinal)

    def _make_room(self) -> None:
        """Drops the quarter of cases with the lowest peak, oldest first among equals."""
        order = sorted(self.cases.values(), key=lambda case: (case.peak, case.last_ts))
        for case in order[: len(order) // 4 + 1]:
            del self.cases[case.key]
            self.dropped += 1


def _strength(piece: Evidence) -> float:
    return piece.llr


def _faded(piece: Evidence, fade: float) -> Evidence:
    return Evidence(
        piece.detector,
        piece.attack_type,
        piece.llr * fade,
        piece.factors,
        piece.seqs,
        piece.succeeded,
    )
