"""Alerts and incidents: what was detected, and what people made of it.

Detection writes an incident again and again while it grows; what people set (status, verdict,
assignee, comments) is never touched by that.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import apsw
import msgspec

from apisentinel.errors import RefusedError, StoreError
from apisentinel.records.evidence import Alert
from apisentinel.records.taxonomy import severity_of
from apisentinel.storage.base import StaleVersionError
from apisentinel.storage.control_base import ControlBase, Row
from apisentinel.storage.query import Condition, Field, Fields, Kind, Listing, Page, moment
from apisentinel.storage.query_sql import Sql

STATUSES: Final = ("open", "acknowledged", "resolved")
VERDICTS: Final = ("true_positive", "false_positive", "benign")
CHANGEABLE: Final = ("status", "verdict", "assignee")

LONGEST_COMMENT: Final = 10_000
"""Characters of a comment."""
LONGEST_ASSIGNEE: Final = 200
MOST_COMMENTS: Final = 1_000
"""Comments of one incident."""

QUIET_US: Final = 15 * 60_000_000
"""An alert belongs to an incident of its entity when it is not further away from it than this."""

ALERT_FIELDS = Fields(
    "id",
    [
        Field("id", Kind.TEXT, sortable=True, filled=True),
        Field("ts", Kind.MOMENT, sortable=True, filled=True),
        Field("first_ts", Kind.MOMENT, sortable=True),
        Field("entity_kind", Kind.TEXT),
        Field("entity", Kind.ADDRESS, sortable=True),
        Field("attack_type", Kind.TEXT, sortable=True),
        Field("risk", Kind.INTEGER, sortable=True, filled=True),
        Field("severity", Kind.TEXT),
        Field("endpoint", Kind.TEXT, sortable=True),
        Field("requests_before", Kind.INTEGER, sortable=True),
        Field("detectors", Kind.LIST),
        Field("incident", Kind.TEXT),
    ],
)

INCIDENT_FIELDS = Fields(
    "id",
    [
        Field("id", Kind.TEXT, sortable=True, filled=True),
        Field("risk", Kind.INTEGER, sortable=True, filled=True),
        Field("severity", Kind.TEXT),
        Field("attack_types", Kind.LIST),
        Field("entities", Kind.LIST),
        Field("endpoints", Kind.LIST),
        Field("first_ts", Kind.MOMENT, sortable=True),
        Field("last_ts", Kind.MOMENT, sortable=True),
        Field("alert_ts", Kind.MOMENT, sortable=True),
        Field("requests", Kind.INTEGER, sortable=True),
        Field("requests_before_alert", Kind.INTEGER, sortable=True),
        Field("entities_total", Kind.INTEGER, sortable=True),
        Field("reason", Kind.TEXT),
        Field("succeeded", Kind.FLAG),
        Field("closed", Kind.FLAG),
        Field("merged_into", Kind.TEXT),
        Field("status", Kind.TEXT, sortable=True),
        Field("verdict", Kind.TEXT),
        Field("assignee", Kind.TEXT, sortable=True),
        Field("created", Kind.MOMENT, sortable=True),
        Field("updated", Kind.MOMENT, sortable=True),
    ],
)

_PEOPLE = "status, verdict, assignee, version, created, updated, closed, merged_into"
_INCIDENT_COLUMNS = (
    f"document, {_PEOPLE}, (SELECT count(*) FROM comment WHERE incident = incident.id)"
)

_PUT_INCIDENT = """
INSERT INTO incident (
    id, risk, severity, attack_types, entities, endpoints, first_ts, last_ts, alert_ts, requests,
    requests_before_alert, entities_total, reason, succeeded, closed, merged_into, created, updated,
    document
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
    risk = excluded.risk, severity = excluded.severity, attack_types = excluded.attack_types,
    entities = excluded.entities, endpoints = excluded.endpoints, first_ts = excluded.first_ts,
    last_ts = excluded.last_ts, alert_ts = excluded.alert_ts, requests = excluded.requests,
    requests_before_alert = excluded.requests_before_alert,
    entities_total = excluded.entities_total, reason = excluded.reason,
    succeeded = excluded.succeeded, closed = excluded.closed, merged_into = excluded.merged_into,
    updated = excluded.updated, document = excluded.document
"""

_PUT_ALERT = """
INSERT INTO alert (
    id, ts, first_ts, entity_kind, entity, attack_type, risk, severity, endpoint, requests_before,
    detectors, document
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
    ts = excluded.ts, first_ts = excluded.first_ts, entity_kind = excluded.entity_kind,
    entity = excluded.entity, attack_type = excluded.attack_type, risk = excluded.risk,
    severity = excluded.severity, endpoint = excluded.endpoint,
    requests_before = excluded.requests_before, detectors = excluded.detectors,
    document = excluded.document
"""

_CLOSE = "UPDATE incident SET closed = 1, updated = ? WHERE id = ? AND closed = 0"

_LINK = """
UPDATE alert SET incident = ?
WHERE entity = ? AND entity_kind = ? AND ts BETWEEN ? AND ? AND incident IS NOT ?
"""


class Findings(ControlBase):
    """Tables of alerts and incidents."""

    # -------------------------------------------------------------------------------------- alerts

    def put_alerts(self, alerts: Sequence[Alert]) -> None:
        """Adds alerts, or writes them again under their ids.

        Raises:
            StoreError: The disk refuses; none of them is kept.
        """
        if not alerts:
            return
        with self.writing() as connection:
            connection.executemany(_PUT_ALERT, [_alert_row(alert) for alert in alerts])

    def list_alerts(self, conditions: Sequence[Condition], page: Page) -> Listing:
        """A page of alerts as documents: fields of `Alert`, severity, detectors, incident.

        Raises:
            FilterError: A condition or the page cannot be used.
        """
        rows, following, total = self.page(
            "alert", ALERT_FIELDS, conditions, page, "document, incident"
        )
        return Listing([_alert_document(row) for row in rows], following, total)

    def get_alert(self, name: str) -> dict[str, Any] | None:
        """One alert, None when there is none of this id."""
        rows = self.rows("SELECT document, incident FROM alert WHERE id = ?", (name,))
        return _alert_document(rows[0]) if rows else None

    def alert_facet(
        self, name: str, conditions: Sequence[Condition], limit: int = 20
    ) -> list[tuple[Any, int]]:
        """Most frequent values of a field of alerts, with counts."""
        return self.facet("alert", ALERT_FIELDS, name, conditions, limit)

    def alert_series(
        self, conditions: Sequence[Condition], first: int, step: int, group: str | None = None
    ) -> list[tuple[int, Any, int]]:
        """Alerts per slice of time: ``(slice, value of the group, count)``."""
        return self.series(
            "alert", ALERT_FIELDS, conditions, moment="ts", first=first, step=step, group=group
        )

    # ----------------------------------------------------------------------------------- incidents

    def put_incidents(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """Adds incidents, or brings what was detected up to date under their ids.

        Args:
            documents: Fields of `Incident`, and optionally ``closed`` and ``merged_into``; a
                document of only ``id`` and ``merged_into`` notes that it has become part of
                another one, one of only ``id`` and ``closed`` that nothing more will join it.

        Raises:
            StoreError: The disk refuses; none of them is kept.
        """
        documents = list(documents)
        if not documents:
            return
        now = self._clock.now()
        with self.writing() as connection:
            for document in documents:
                if "risk" in document:
                    connection.execute(_PUT_INCIDENT, _incident_row(document, now))
                    _link(connection, document)
                elif "merged_into" in document:
                    _merge(connection, str(document["id"]), document["merged_into"], now)
                else:
                    connection.execute(_CLOSE, (now, str(document["id"])))

    def list_incidents(self, conditions: Sequence[Condition], page: Page) -> Listing:
        """A page of incidents; those that became part of another one only when they are asked for.

        Raises:
            FilterError: A condition or the page cannot be used.
        """
        rows, following, total = self.page(
            "incident",
            INCIDENT_FIELDS,
            conditions,
            page,
            _INCIDENT_COLUMNS,
            also=_unmerged(conditions),
        )
        return Listing([_incident_document(row) for row in rows], following, total)

    def get_incident(self, name: str) -> dict[str, Any] | None:
        """One incident with its comments, None when there is none of this id."""
        rows = self.rows(f"SELECT {_INCIDENT_COLUMNS} FROM incident WHERE id = ?", (name,))
        if not rows:
            return None
        document = _incident_document(rows[0])
        document["comments"] = self.comments(name)
        return document

    def open_incident_ids(self, limit: int) -> list[str]:
        """Ids of the newest incidents that may still grow or become part of another one."""
        rows = self.rows(
            "SELECT id FROM incident WHERE closed = 0 AND merged_into IS NULL"
            " ORDER BY last_ts DESC, id LIMIT ?",
            (limit,),
        )
        return [row[0] for row in rows]

    def incident_facet(
        self, name: str, conditions: Sequence[Condition], limit: int = 20
    ) -> list[tuple[Any, int]]:
        """Most frequent values of a field of incidents, with counts."""
        return self.facet(
            "incident", INCIDENT_FIELDS, name, conditions, limit, _unmerged(conditions)
        )

    def incident_series(
        self, conditions: Sequence[Condition], first: int, step: int, group: str | None = None
    ) -> list[tuple[int, Any, int]]:
        """Incidents per slice of time of their last request."""
        return self.series(
            "incident",
            INCIDENT_FIELDS,
            conditions,
            moment="last_ts",
            first=first,
            step=step,
            group=group,
            also=_unmerged(conditions),
        )

    def patch_incident(
        self,
        name: str,
        changes: Mapping[str, Any],
        expected_version: int | None,
        actor: str,
        expected_findings: str | None = None,
    ) -> dict[str, Any]:
        """Changes what people set.

        Args:
            name: Id of the incident.
            changes: Some of status, verdict and assignee.
            expected_version: Version that was read, None to change it in any case.
            actor: Who changes it, for the audit.
            expected_findings: `findings_mark` of what was read, None to change it whatever
                detection has found since.

        Returns:
            The incident as `get_incident` gives it.

        Raises:
            RefusedError: 404 when there is none, 422 for a value that cannot be.
            StaleVersionError: Somebody else has changed it since, or detection has.
            StoreError: The disk refuses.
        """
        _check_changes(changes)
        with self.writing() as connection:
            found = connection.execute(
                f"SELECT {_INCIDENT_COLUMNS} FROM incident WHERE id = ?", (name,)
            ).fetchone()
            if found is None:
                raise RefusedError(404, "there is no incident with this id")
            current = _incident_document(found)
            version, findings = int(current["version"]), findings_mark(current)
            if expected_version is not None and version != expected_version:
                raise StaleVersionError("the incident was changed meanwhile", version, findings)
            if expected_findings is not None and findings != expected_findings:
                raise StaleVersionError("detection has found more meanwhile", version, findings)
            sets = ", ".join(f"{field} = ?" for field in changes)
            connection.execute(
                f"UPDATE incident SET {sets}{', ' if sets else ''}version = version + 1,"
                " updated = ? WHERE id = ?",
                (*changes.values(), self._clock.now(), name),
            )
            self._audit_in(connection, actor, "incident.patch", name, "done", dict(changes))
        document = self.get_incident(name)
        if document is None:
            raise RefusedError(404, "there is no incident with this id")
        return document

    def add_comment(self, incident: str, author: str, text: str) -> dict[str, Any]:
        """Adds a comment to an incident.

        Raises:
            RefusedError: 404 when there is no such incident, 409 when it has too many comments,
                422 for a text that is empty or too long.
        """
        if not text.strip() or len(text) > LONGEST_COMMENT:
            raise RefusedError(422, f"a comment has 1 to {LONGEST_COMMENT:,} characters")
        created = self._clock.now()
        with self.writing() as connection:
            if connection.execute("SELECT 1 FROM incident WHERE id = ?", (incident,)).get is None:
                raise RefusedError(404, "there is no incident with this id")
            count = connection.execute(
                "SELECT count(*) FROM comment WHERE incident = ?", (incident,)
            ).get
            if int(str(count)) >= MOST_COMMENTS:
                raise RefusedError(409, f"an incident has {MOST_COMMENTS:,} comments at most")
            connection.execute(
                "INSERT INTO comment (incident, author, created, text) VALUES (?, ?, ?, ?)",
                (incident, author, created, text),
            )
            number = connection.last_insert_rowid()
            connection.execute(
                "UPDATE incident SET version = version + 1, updated = ? WHERE id = ?",
                (created, incident),
            )
            self._audit_in(connection, author, "incident.comment", incident, "done", {})
        return {"number": number, "author": author, "created": created, "text": text}

    def comments(self, incident: str) -> list[dict[str, Any]]:
        """Comments of an incident, oldest first."""
        rows = self.rows(
            "SELECT number, author, created, text FROM comment WHERE incident = ? ORDER BY number",
            (incident,),
        )
        return [
            {"number": number, "author": author, "created": created, "text": text}
            for number, author, created, text in rows
        ]


def findings_mark(document: Mapping[str, Any]) -> str:
    """Changes when detection changes its mind about an incident: severity, attack types, success,
    or that it is part of another one. Growth within these, such as more requests, keeps it.

    Returns:
        Eight hexadecimal digits.
    """
    severity = str(document.get("severity") or severity_of(document["risk"]).value)
    said = (
        severity,
        sorted(document.get("attack_types") or ()),
        document.get("succeeded"),
        document.get("merged_into"),
    )
    return hashlib.blake2b(msgspec.json.encode(said), digest_size=4).hexdigest()


def _alert_row(alert: Alert) -> Row:
    detectors = sorted({piece.detector for piece in alert.evidence})
    document = msgspec.to_builtins(alert)
    severity = severity_of(alert.risk).value
    document |= {"severity": severity, "entity_kind": alert.entity.kind, "detectors": detectors}
    return (
        alert.id,
        alert.ts,
        alert.first_ts,
        alert.entity.kind,
        clean(alert.entity.id),
        alert.attack_type.value,
        alert.risk,
        severity,
        clean(alert.endpoint),
        alert.requests_before,
        text_of(detectors),
        text_of(document),
    )


def _alert_document(row: Row) -> dict[str, Any]:
    document = _decoded(row[0])
    document["incident"] = row[1]
    return document


def _incident_row(document: Mapping[str, Any], now: int) -> Row:
    entities = document.get("entities") or ()
    ids = [each["id"] if isinstance(each, Mapping) else each for each in entities]
    return (
        document["id"],
        document["risk"],
        str(document.get("severity") or severity_of(document["risk"]).value),
        text_of(document.get("attack_types") or ()),
        text_of(ids),
        text_of(document.get("endpoints") or ()),
        *(when(document.get(name)) for name in ("first_ts", "last_ts", "alert_ts")),
        document.get("requests"),
        document.get("requests_before_alert"),
        document.get("entities_total"),
        clean(document.get("reason") or ""),
        document.get("succeeded"),
        bool(document.get("closed")),
        document.get("merged_into"),
        now,
        now,
        text_of(document),
    )


def _decoded(text: str) -> dict[str, Any]:
    """A document as it was stored.

    Raises:
        StoreError: It was damaged since.
    """
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise StoreError(f"a stored document is damaged: {error}") from error


def _incident_document(row: Row) -> dict[str, Any]:
    document = _decoded(row[0])
    names = _PEOPLE.split(", ")
    document |= dict(zip(names, row[1 : 1 + len(names)], strict=True))
    document["closed"] = bool(document["closed"])
    document["comment_count"] = row[-1]
    return document


def _link(connection: apsw.Connection, document: Mapping[str, Any]) -> None:
    """Notes in the alerts of its entities that they belong to an incident."""
    first, last = when(document.get("first_ts")), when(document.get("last_ts"))
    if first is None or last is None:
        return
    name = document["id"]
    connection.executemany(
        _LINK,
        [
            (name, clean(each["id"]), each["kind"], first - QUIET_US, last + QUIET_US, name)
            for each in document.get("entities") or ()
            if isinstance(each, Mapping)
        ],
    )


def _merge(connection: apsw.Connection, name: str, into: str | None, now: int) -> None:
    connection.execute(
        "UPDATE incident SET merged_into = ?, updated = ? WHERE id = ?", (into, now, name)
    )
    if into is not None:
        connection.execute("UPDATE alert SET incident = ? WHERE incident = ?", (into, name))


def _unmerged(conditions: Sequence[Condition]) -> Sql:
    asked = any(condition.field == "merged_into" for condition in conditions)
    return Sql("true" if asked else "merged_into IS NULL")


def _check_changes(changes: Mapping[str, Any]) -> None:
    unknown = sorted(set(changes) - set(CHANGEABLE))
    if unknown:
        raise RefusedError(422, f"{', '.join(unknown)} cannot be set; only {', '.join(CHANGEABLE)}")
    if "status" in changes and changes["status"] not in STATUSES:
        raise RefusedError(422, f"status is one of {', '.join(STATUSES)}")
    if changes.get("verdict") is not None and changes["verdict"] not in VERDICTS:
        raise RefusedError(422, f"verdict is null or one of {', '.join(VERDICTS)}")
    assignee = changes.get("assignee")
    if assignee is not None and not (
        isinstance(assignee, str) and 0 < len(assignee) <= LONGEST_ASSIGNEE
    ):
        raise RefusedError(422, f"assignee is null or 1 to {LONGEST_ASSIGNEE} characters")


def when(value: Any) -> int | None:
    """µs since the epoch of a time in a document, which is a number or RFC 3339 text."""
    return moment(value) if isinstance(value, str) else value


def clean(text: str) -> str:
    """Text without what SQLite cannot keep: lone surrogates."""
    return text.encode("utf-8", "replace").decode() if not text.isascii() else text


def text_of(value: Any) -> str:
    """JSON text."""
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        return msgspec.json.encode(_cleaned(msgspec.to_builtins(value))).decode()


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(name): _cleaned(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(item) for item in value]
    return value
