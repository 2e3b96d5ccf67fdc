"""What is let go of: old alerts and incidents, and those beyond the number that is kept."""

from typing import Final

import apsw
import msgspec

from apisentinel.storage.control_base import ControlBase
from apisentinel.storage.settings import FindingSettings

STEP: Final = 500
"""Incidents removed in one transaction, with their alerts: some ten milliseconds, in which no
alert can be stored.
"""
ALERT_STEP: Final = 5_000
"""Alerts of no incident, or beyond the number that is kept, removed in one transaction."""

DAY_US: Final = 86_400_000_000

ACTOR: Final = "service"
"""Who removes, in the audit."""

_WORKED_ON = """(
    status = 'acknowledged' OR (assignee IS NOT NULL AND status <> 'resolved')
    OR EXISTS (SELECT 1 FROM comment WHERE comment.incident = incident.id)
)"""
_OPEN = "(closed = 0 AND merged_into IS NULL)"

_OLD = f"""
SELECT id, 0 FROM incident
WHERE updated < ? AND NOT {_OPEN} AND NOT {_WORKED_ON} ORDER BY updated, id LIMIT ?
"""

_TOO_MANY = f"""
SELECT id, CASE WHEN {_OPEN} THEN 2 WHEN {_WORKED_ON} THEN 1 ELSE 0 END AS rank FROM incident
ORDER BY rank, updated, id LIMIT ?
"""

_OLD_ALERTS = """
DELETE FROM alert WHERE id IN (
    SELECT id FROM alert
    WHERE ts < ? AND (incident IS NULL OR incident NOT IN (SELECT id FROM incident))
    ORDER BY ts, id LIMIT ?
)
"""

_TOO_MANY_ALERTS = """
DELETE FROM alert WHERE id IN (
    SELECT id FROM alert ORDER BY incident IS NOT NULL, ts, id LIMIT ?
)
"""


class Removed(msgspec.Struct, frozen=True):
    """What one step of retention has removed.

    Attributes:
        incidents: Incidents, with their comments.
        forced: How many of them were open or worked on, and gave way to newer ones all the same.
        alerts: Alerts, those of the incidents included.
        more: Whether there is more to remove.
    """

    incidents: int = 0
    forced: int = 0
    alerts: int = 0
    more: bool = False


class RetentionTables(ControlBase):
    """Removal of alerts and incidents."""

    def retain(
        self, limits: FindingSettings, *, step: int = STEP, alert_step: int = ALERT_STEP
    ) -> Removed:
        """Removes what is old or too much, some of it; audited when anything was removed.

        Incidents that are open (further evidence may join them), acknowledged, assigned and not
        resolved, or commented are never old. They are removed only when there are more than
        `most_incidents`, after all others.

        Args:
            limits: Ages and numbers.
            step: Incidents removed at most.
            alert_step: Alerts removed at most, beside those of the incidents.

        Returns:
            What was removed, and whether to call again.

        Raises:
            StoreError: The disk refuses; nothing was removed.
        """
        now = self._clock.now()
        with self.writing() as connection:
            rows = connection.execute(_OLD, (now - limits.keep_days * DAY_US, step)).fetchall()
            over = _count(connection, "incident") - len(rows) - limits.most_incidents
            if over > 0 and len(rows) < step:
                known = {name for name, _ in rows}
                room = min(over, step - len(rows))
                further = connection.execute(_TOO_MANY, (room + len(rows),)).fetchall()
                rows += [row for row in further if row[0] not in known][:room]
                over -= room
            alerts = _remove(connection, [str(name) for name, _ in rows])
            connection.execute(_OLD_ALERTS, (now - limits.keep_alert_days * DAY_US, alert_step))
            old_alerts = connection.changes()
            beyond = _count(connection, "alert") - limits.most_alerts
            cut = max(0, min(beyond, alert_step - old_alerts))
            if cut:
                connection.execute(_TOO_MANY_ALERTS, (cut,))
            done = Removed(
                incidents=len(rows),
                forced=sum(1 for _, rank in rows if rank),
                alerts=alerts + old_alerts + cut,
                more=len(rows) >= step or over > 0 or old_alerts >= alert_step or beyond > cut,
            )
            if done.incidents or done.alerts:
                detail = {name: getattr(done, name) for name in ("incidents", "forced", "alerts")}
                self._audit_in(connection, ACTOR, "findings.remove", "retention", "done", detail)
        return done


def _count(connection: apsw.Connection, table: str) -> int:
    return int(str(connection.execute(f"SELECT count(*) FROM {table}").get))


def _remove(connection: apsw.Connection, names: list[str]) -> int:
    """Removes incidents with comments and alerts; gives the number of alerts."""
    alerts = 0
    for name in names:
        connection.execute("DELETE FROM comment WHERE incident = ?", (name,))
        connection.execute("DELETE FROM alert WHERE incident = ?", (name,))
        alerts += connection.changes()
        connection.execute("DELETE FROM incident WHERE id = ?", (name,))
    return alerts
