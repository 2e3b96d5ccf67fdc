"""Foreign functions: what only another role performs."""

import math

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.signal import FunctionSignal
from apisentinel.records.taxonomy import AttackType

HIGHEST, UNSAID_HIGHEST, RARE_HIGHEST = 5.6, 2.0, 3.5
"""Most that one operation says; the same where nobody says the roles, so that a new colleague who
begins with several operations of an administration area is no alert; and outside administration
areas for an operation that its own role seldom performs, too: everybody might have a use for it.
"""
DOUBT, EARLIER = 2.0, 20.0
"""What is taken off because each role does something for the first time now and then, and how many
requests each user weighs who was let in before.
"""
ADMIN_LLR, WRITE_LLR, LEAST = 1.2, 0.4, 1.5
COMMON_REQUESTS, COMMON_MEMBERS = 30, 3


class ForeignFunctions:
    """A user is let in (2xx) to an operation that its role never performed, and that only a smaller
    role performs.

    Roles are what the source says (``extra.role``), else the claims of the bearer token (``role``,
    ``roles``, ``groups``, ``permissions``, ``scope``), else the regular users of operations that
    few users have in common. An operation becomes a role's when several of its users performed it
    in several windows of ten minutes.

    Catches: vertical escalation that succeeds, at the first call.
    Misses: refused calls (`forbidden_functions`); roles whose own operations nobody used yet;
    tokens that were masked before they came here, when the source does not say the role.
    Counter-examples: a user who was given more rights under the old role; the first customer who
    uses what only the staff did so far. Both stay below HIGH.
    Cost: 10 ns for a request with a known token, nothing for access logs without users.

    References: OWASP API5:2023; CWE-862, CWE-269; CAPEC-122, CAPEC-233; ATT&CK T1078.
    """

    id = "foreign_functions"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, signal: FunctionSignal) -> Evidence | None:
        """Evidence about the user."""
        if not self.settings.enabled:
            return None
        llr = math.log((signal.requests + 1) / (1 + EARLIER * signal.before)) - DOUBT
        most = HIGHEST if signal.role else UNSAID_HIGHEST
        if signal.is_admin:
            llr += ADMIN_LLR
            most += ADMIN_LLR if signal.role else 0.0
        elif signal.other_requests < COMMON_REQUESTS or signal.members < COMMON_MEMBERS:
            most = RARE_HIGHEST
        llr = min(llr + WRITE_LLR * signal.writes, most, HIGHEST) * self.settings.weight
        if llr < LEAST:
            return None
        others = ", ".join(signal.others) or f"{signal.members} regular users"
        name = f"operation that only {others} perform, in the role of"
        caller = signal.role or "none of them"
        return Evidence(
            self.id, AttackType.BFLA, llr,
            (
                Factor(name, caller, others, n=signal.requests),
                Factor("users of this role who did it", signal.before + 1, 0, "users"),
                Factor("calls by those whose it is", signal.other_requests, None, "requests"),
                Factor("users whose it is", signal.members, None, "users"),
            ),
        )  # fmt: skip
