"""Looks at the content of requests that the screen marked."""

from collections.abc import Callable

from apisentinel.detectors.payload import Finding, PayloadDetector
from apisentinel.detectors.profile import forgiven
from apisentinel.pipeline.casebook import Casebook
from apisentinel.pipeline.judge_rows import (
    CONVICTED_INSPECTIONS,
    CONVICTED_RISK,
    FAILED,
    FIRM_LLR,
    SIGNATURE_LENGTH,
    Marked,
)
from apisentinel.pipeline.lone_findings import FAMILIAR_REQUESTS, LoneFindings
from apisentinel.pipeline.payload_evidence import confirmed, payload_evidence
from apisentinel.pipeline.prevalence import Prevalence
from apisentinel.pipeline.view import View
from apisentinel.records.case import Case
from apisentinel.records.flags import AGENT_SCANNER_TOOL
from apisentinel.records.taxonomy import AttackType

PLENTY_LLR = 10.0
"""Strength above which findings count as equal; the pool caps a piece far below."""
PROTOCOL_LLR = 4.0
"""Most that one request which is no proper HTTP says: TLS on a plain port and line noise happen to
honest clients.
"""
LEAST_LLR = 1.0
"""Weaker findings are not carried on; they could not change any risk by a point."""
SEVERAL_PROGRAMS = 2
"""Programs seen at an address from which on a signed-in user answers for what it sends, not the
address: it may be the exit of an office, a carrier or a VPN.
"""
ATTACK_LLR = 5.0
"""A request with a finding this strong counts as an attack in the timeline."""


class Inspection:
    """Inspects requests, and holds what it finds against who sent them.

    Attributes:
        prevalence: Weak findings that many clients share.
        lone: Odd texts that wait for a second sign.
    """

    def __init__(
        self, casebook: Casebook, detector: PayloadDetector | None, label: Callable[[int], str]
    ) -> None:
        self._cases = casebook
        self._detector = detector
        self._label = label
        self._settings = casebook.settings.detectors.payload
        self.prevalence = Prevalence()
        self.lone = LoneFindings()

    def is_known(
        self, row: int, request: Marked, on_known: Callable[[int, Case], None] | None
    ) -> bool:
        """Counts a marked request of a convicted client without looking at its content; False when
        it has to be inspected.

        A client that stands convicted is inspected further only where it tries new places, and now
        and then, so that a noisy scanner cannot buy the time of everybody else. Its other marked
        requests count as attacks.
        """
        case = self._cases.ledger.cases.get(("client", request.client))
        quiet = self._cases.settings.incidents.window_minutes * 60_000_000
        if (
            case is None
            or self._cases.ledger.is_over(case, request.ts, quiet, str(request.agent))
            or case.peak < CONVICTED_RISK
            or case.inspected < CONVICTED_INSPECTIONS
            or request.is_sample
            or request.fields & ~case.inspected_fields
            or self._detector is None
        ):
            return False
        case.requests += 1
        case.last_ts = max(case.last_ts, request.ts)
        if case.agent == str(request.agent):
            case.alerted_at = max(case.alerted_at, request.ts)
        case.ordinal = max(case.ordinal, request.ordinal)
        endpoint = self._label(request.endpoint)
        if endpoint in case.endpoints:
            case.endpoints[endpoint] += 1
        if on_known is not None:
            on_known(row, case)
        return True

    def inspect(self, view: View, fields: int) -> bool:
        """Inspects the content of a request; True when it is an attack."""
        if self._detector is None:
            return False
        findings = [
            item
            for item in self._detector.inspect_row(view.batch, view.row, fields)
            if item.llr >= LEAST_LLR
        ]
        if findings:
            self._payloads(view, findings)
            case = self._cases.ledger.cases.get(view.client_key)
            if case is not None:
                case.inspected += 1
                case.inspected_fields |= fields
        return any(item.llr >= ATTACK_LLR for item in findings)

    def _payloads(self, view: View, findings: list[Finding]) -> None:
        if not self._settings.enabled or not view.client:
            return
        for finding in findings:
            most = PROTOCOL_LLR if finding.attack_type is AttackType.PROTOCOL else PLENTY_LLR
            strength = min(finding.raw_llr, most)
            llr = (
                strength
                * self._settings.weight
                * self.prevalence.factor(finding, view.client, int(view.clients[view.row]))
            )
            if view.unusual is not None:
                llr *= forgiven(view.unusual, view.row, is_firm=finding.raw_llr >= FIRM_LLR)
            signature = finding.match[:SIGNATURE_LENGTH] or finding.where
            counted = self.lone.counted(
                finding, llr, principal=view.principal_key[1], ts=view.ts,
                is_ordinary=self._is_ordinary(view),
            )  # fmt: skip
            said = confirmed(finding, view.batch, view.row)
            counted = llr if said else counted
            # a lone text is its author's alone: others may come from the same address
            is_shared = view.event["client_agents"] >= SEVERAL_PROGRAMS and view.event["user"]
            key = view.client_key if counted == llr and not is_shared else view.principal_key
            llr = counted
            known = (
                self._cases.ledger.known(key, finding.attack_type, signature, llr, view.ts)
                if said is None
                else None
            )
            evidence = known or payload_evidence(finding, llr, view.seq, said)
            self._cases.hold(view, key, evidence, signature, finding, is_known=known is not None)

    def _is_ordinary(self, view: View) -> bool:
        """True when a client is signed in, or no stranger, and nothing else speaks against it."""
        if view.event["status"] >= FAILED or view.event["agent_flags"] & AGENT_SCANNER_TOOL:
            return False
        case = self._cases.ledger.cases.get(view.client_key)
        if (
            case is not None
            and case.peak >= self._cases.settings.alerts.threshold
            and not case.shared
        ):
            return False
        return bool(view.event["user"]) or view.ordinal("client") > FAMILIAR_REQUESTS
