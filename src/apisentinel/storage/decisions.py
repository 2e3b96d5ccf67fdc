"""Decisions: what somebody wants done to whom, until when."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from apisentinel.errors import RefusedError
from apisentinel.storage.control_base import ControlBase, Row
from apisentinel.storage.query import Condition, Field, Fields, Kind, Listing, Page

SCOPES: Final = ("client", "network", "user", "session", "credential", "endpoint")
ACTIONS: Final = ("watch", "challenge", "rate_limit", "step_up", "revoke_session", "block")

KEPT: Final = 100_000
"""Decisions that are kept, ended ones included; the audit remembers the others."""

DECISION_FIELDS = Fields(
    "id",
    [
        Field("id", Kind.TEXT, sortable=True, filled=True),
        Field("scope", Kind.TEXT),
        Field("value", Kind.ADDRESS, sortable=True),
        Field("action", Kind.TEXT),
        Field("reason", Kind.TEXT),
        Field("source", Kind.TEXT),
        Field("author", Kind.TEXT, sortable=True),
        Field("incident", Kind.TEXT),
        Field("created", Kind.MOMENT, sortable=True, filled=True),
        Field("expires", Kind.MOMENT, sortable=True, filled=True),
        Field("ends", Kind.MOMENT, sortable=True, filled=True),
        Field("lifted_by", Kind.TEXT),
    ],
)

_COLUMNS: Final = (
    "id, scope, value, action, reason, source, author, incident, created, expires, ends, lifted_by"
)

_NAMES: Final = tuple(_COLUMNS.split(", "))


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is to be done to somebody until it ends.

    Attributes:
        id: Made by the service.
        scope: Kind of `value`, one of `SCOPES`.
        value: Address, network or id of an entity, or an endpoint.
        action: One of `ACTIONS`.
        reason: In the words of who decided.
        source: ``manual``.
        author: Who decided.
        incident: That it answers to, None when to none.
        created, expires: µs since the epoch.
        ends: When it is or was over: `expires`, or the moment it was lifted; µs.
        lifted_by: Who lifted it, None when nobody.
    """

    id: str
    scope: str
    value: str
    action: str
    reason: str
    source: str
    author: str
    incident: str | None
    created: int
    expires: int
    ends: int
    lifted_by: str | None = None


class DecisionTable(ControlBase):
    """The table of decisions."""

    def add_decision(self, decision: Decision, most_active: int) -> None:
        """Keeps a decision; the oldest ended ones give way when there are too many.

        Raises:
            RefusedError: 409, the same is in force already, or too much is in force.
            StoreError: The disk refuses.
        """
        now = decision.created
        with self.writing() as connection:
            same = connection.execute(
                "SELECT id FROM decision WHERE scope = ? AND value = ? AND action = ? AND ends > ?",
                (decision.scope, decision.value, decision.action, now),
            ).get
            if same is not None:
                raise RefusedError(409, f"this is in force already: {same}; lift it first")
            active = connection.execute("SELECT count(*) FROM decision WHERE ends > ?", (now,)).get
            if int(str(active)) >= most_active:
                raise RefusedError(
                    409, f"{active} decisions are in force, which is the most; lift some first"
                )
            connection.execute(
                f"INSERT INTO decision ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                tuple(getattr(decision, name) for name in _NAMES),
            )
            connection.execute(
                "DELETE FROM decision WHERE ends <= ? AND id IN"
                " (SELECT id FROM decision ORDER BY ends DESC, id LIMIT -1 OFFSET ?)",
                (now, KEPT),
            )

    def decision(self, name: str) -> dict[str, Any] | None:
        """One decision as a document, None when there is none of this id."""
        rows = self.rows(f"SELECT {_COLUMNS} FROM decision WHERE id = ?", (name,))
        return _document(rows[0]) if rows else None

    def list_decisions(self, conditions: Sequence[Condition], page: Page) -> Listing:
        """A page of decisions.

        Raises:
            FilterError: A condition or the page cannot be used.
        """
        return self.listing("decision", DECISION_FIELDS, conditions, page, _COLUMNS)

    def decision_facet(
        self, name: str, conditions: Sequence[Condition], limit: int
    ) -> list[tuple[Any, int]]:
        """Most frequent values of a field with their counts."""
        return self.facet("decision", DECISION_FIELDS, name, conditions, limit)

    def lift_decision(self, name: str, actor: str, now: int) -> dict[str, Any] | None:
        """Ends a decision before its time.

        Returns:
            It as it is now; None when there is none of this id, or it has ended already.
        """
        with self.writing() as connection:
            connection.execute(
                "UPDATE decision SET ends = ?, lifted_by = ? WHERE id = ? AND ends > ?",
                (now, actor, name, now),
            )
            if not connection.changes():
                return None
            row = connection.execute(
                f"SELECT {_COLUMNS} FROM decision WHERE id = ?", (name,)
            ).fetchone()
        return None if row is None else _document(row)

    def alerted(self, kind: str, names: Sequence[str], since: int) -> set[str]:
        """Which of these entities had an alert.

        Args:
            kind: Of the entities.
            names: Their ids.
            since: µs since the epoch; earlier alerts do not count.
        """
        rows = self.rows(
            "SELECT DISTINCT entity FROM alert WHERE entity_kind = ? AND ts >= ?"
            " AND entity IN (SELECT value FROM json_each(?))",
            (kind, since, msgspec.json.encode(list(names)).decode()),
        )
        return {row[0] for row in rows}


def _document(row: Row) -> dict[str, Any]:
    return dict(zip(_NAMES, row, strict=True))
