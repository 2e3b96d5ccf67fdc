"""When an alert is raised: once per entity and attack type in a session window, again when the risk
rose by ten.
"""

import hashlib
from collections.abc import Callable

from pydantic import BaseModel, ConfigDict, Field

from apisentinel.incidents.budget import AlertBudget
from apisentinel.incidents.leads import has_lead
from apisentinel.records.case import Case
from apisentinel.records.evidence import Alert, Evidence, Explanation

NOTABLE_LLR = 2.0
"""Evidence (nats) from which on an alerted case goes on. What is weaker everybody causes now and
then, so that at an address of many people no incident would ever end.
"""


class AlertSettings(BaseModel):
    """When somebody is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    threshold: int = Field(
        default=40, ge=1, le=100, description="Lowest risk that raises an alert."
    )
    window_minutes: int = Field(
        default=15, ge=1, description="Quiet time after which the same entity and type alert anew."
    )
    step: int = Field(
        default=10, ge=1, description="Rise of the risk that alerts again inside the window."
    )
    kept: int = Field(
        default=100_000, ge=100, description="Alerts kept; later ones are counted only."
    )
    budget: int = Field(
        default=0,
        ge=0,
        description="Entities a day that may be told of for statistical reasons alone; the risk"
        " that they need rises as the budget is used up. 0: no bound. Certain evidence is always"
        " told.",
    )


class AlertPolicy:
    """Decides which evidence becomes an alert, and remembers the alerts. Ids depend on the input
    alone.

    Args:
        settings: When somebody is told.
        explain: Says why a case has its risk; alerts then carry it along.
    """

    def __init__(
        self,
        settings: AlertSettings | None = None,
        explain: Callable[[Case], Explanation] | None = None,
    ) -> None:
        self.settings = settings or AlertSettings()
        self.explain = explain
        self.alerts: list[Alert] = []
        self.budget = AlertBudget(self.settings.budget)
        self.suppressed = 0
        self.unkept = 0

    def take(self) -> list[Alert]:
        """Hands over the alerts raised since the last call and forgets them."""
        taken, self.alerts = self.alerts, []
        return taken

    def consider(
        self,
        case: Case,
        evidence: Evidence,
        ts: int,
        ordinal: int,
        endpoint: str,
        seq: int = 0,
    ) -> Alert | None:
        """The alert that this evidence raises, None when the risk is too low or the alert is
        already out.

        Args:
            case: The entity's case, with the evidence added.
            evidence: The latest piece.
            ts: Its event time, µs.
            ordinal: Number of the entity's request.
            endpoint: Label of the endpoint.
            seq: Number of the request among all requests.
        """
        if case.risk < self.settings.threshold:
            return None
        window = self.settings.window_minutes * 60_000_000
        is_notable = evidence.llr >= NOTABLE_LLR
        quiet = ts - case.alerted_at > window and is_notable
        if (
            case.alert_ordinal is not None
            and not quiet
            and case.risk < case.alerted_risk + self.settings.step
        ):
            if is_notable:
                case.alerted_at = max(case.alerted_at, ts)
            self.suppressed += 1
            return None
        if case.alert_ordinal is None and not has_lead(case):
            return None
        if case.alert_ordinal is None and self.budget.holds(case, self.settings.threshold, ts):
            return None
        case.alerted_at = ts
        case.alerted_risk = case.risk
        if case.alert_ordinal is None:
            case.alert_ordinal = ordinal
            case.alert_ts = ts
            case.alert_seq = seq
        case.alerts += 1
        words = f"{case.ref.kind}|{case.ref.id}|{evidence.attack_type}|{ts}|{ordinal}|{case.alerts}"
        alert = Alert(
            "a-" + hashlib.blake2b(words.encode("utf-8", "replace"), digest_size=8).hexdigest(),
            case.ref, evidence.attack_type, round(case.risk), ts, case.first_ts, ordinal, endpoint,
            (evidence,), seq, case.alerts, None if self.explain is None else self.explain(case),
        )  # fmt: skip
        if len(self.alerts) < self.settings.kept:
            self.alerts.append(alert)
        else:
            self.unkept += 1
        return alert
