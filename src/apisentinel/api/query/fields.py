"""The closed lists of fields that can be filtered, sorted, grouped and shown, per resource."""

from collections.abc import Iterable
from typing import Final

import msgspec

from apisentinel.records.taxonomy import AgentKind, AttackType, Severity
from apisentinel.storage import query
from apisentinel.storage.decisions import ACTIONS, SCOPES
from apisentinel.storage.query import ALLOWED, Kind, Op

SHOWN_OPS: Final = (
    Op.EQ,
    Op.NE,
    Op.IN,
    Op.GTE,
    Op.LTE,
    Op.HAS,
    Op.PREFIX,
    Op.RE,
    Op.CIDR,
)
"""Comparisons of the URL grammar, in the order of their description."""


class Field(msgspec.Struct, frozen=True):
    """One field of a resource.

    Attributes:
        name: As in the answers.
        kind: What it holds.
        choices: The only values there are; empty when there is no such list.
        sortable: Lists can be sorted by it.
        groupable: Facets and series can be made of it.
    """

    name: str
    kind: Kind
    choices: tuple[str, ...] = ()
    sortable: bool = False
    groupable: bool = False

    @property
    def ops(self) -> tuple[Op, ...]:
        """Comparisons that make sense; on a list ``eq`` means ``has``."""
        allowed = ALLOWED[self.kind] | ({Op.EQ} if self.kind is Kind.LIST else frozenset())
        if self.choices and self.kind is not Kind.LIST:
            allowed = frozenset({Op.EQ, Op.NE, Op.IN})
        return tuple(op for op in SHOWN_OPS if op in allowed)


class Resource(msgspec.Struct, frozen=True):
    """What a list shows.

    Attributes:
        name: As in the URL.
        fields: By name.
        time: Field that ``from`` and ``to`` are about, None when there is none.
        sort: Order without a ``sort`` parameter.
        key: Field that tells two rows apart; it breaks ties of every order.
        grows: New rows sort first in the order without a ``sort`` parameter.
    """

    name: str
    fields: dict[str, Field]
    time: str | None
    sort: str
    key: str

    @property
    def searchable(self) -> query.Fields:
        """The fields as the stores and the filters in memory want them."""
        return query.Fields(
            self.key,
            [
                query.Field(field.name, field.kind, sortable=field.sortable)
                for field in self.fields.values()
            ],
        )

    @property
    def sortable(self) -> tuple[str, ...]:
        """Names of the fields that lists can be sorted by."""
        return tuple(field.name for field in self.fields.values() if field.sortable)

    @property
    def groupable(self) -> tuple[str, ...]:
        """Names of the fields that facets and series can be made of."""
        return tuple(field.name for field in self.fields.values() if field.groupable)


SEVERITIES: Final = tuple(Severity)
ATTACK_TYPES: Final = tuple(sorted(AttackType))
ENTITY_KINDS: Final = ("client", "user", "session", "credential", "network", "endpoint")
STATUSES: Final = ("open", "acknowledged", "resolved")
VERDICTS: Final = ("true_positive", "false_positive", "benign")


def _fields(*fields: Field) -> dict[str, Field]:
    return {field.name: field for field in fields}


def _choice(name: str, choices: Iterable[str], *, sortable: bool = False) -> Field:
    return Field(name, Kind.TEXT, tuple(choices), sortable, groupable=True)


def _types(name: str = "attack_types") -> Field:
    return Field(name, Kind.LIST, ATTACK_TYPES, groupable=True)


EVENTS: Final = Resource(
    "events",
    _fields(
        Field("seq", Kind.INTEGER, sortable=True),
        Field("ts", Kind.MOMENT, sortable=True),
        Field("event_id", Kind.TEXT),
        Field("source", Kind.TEXT, groupable=True),
        Field("method", Kind.TEXT, groupable=True),
        Field("host", Kind.TEXT, groupable=True),
        Field("path", Kind.TEXT, groupable=True),
        Field("query", Kind.TEXT),
        Field("status", Kind.INTEGER, sortable=True, groupable=True),
        Field("request_bytes", Kind.INTEGER, sortable=True),
        Field("response_bytes", Kind.INTEGER, sortable=True),
        Field("duration_us", Kind.INTEGER, sortable=True),
        Field("client", Kind.ADDRESS, groupable=True),
        Field("network", Kind.TEXT, groupable=True),
        Field("user", Kind.TEXT, groupable=True),
        Field("session", Kind.TEXT, groupable=True),
        Field("credential", Kind.TEXT, groupable=True),
        Field("user_agent", Kind.TEXT, groupable=True),
        Field("referer", Kind.TEXT, groupable=True),
        _choice("agent_kind", AgentKind),
        Field("endpoint", Kind.TEXT, groupable=True),
        Field("route", Kind.TEXT, groupable=True),
        Field("risk", Kind.INTEGER, sortable=True),
        Field("score", Kind.REAL, sortable=True),
        _choice("severity", SEVERITIES),
        _types(),
        Field("detectors", Kind.LIST, groupable=True),
        Field("reason", Kind.TEXT),
    ),
    time="ts",
    sort="-ts",
    key="seq",
)

ALERTS: Final = Resource(
    "alerts",
    _fields(
        Field("id", Kind.TEXT),
        Field("ts", Kind.MOMENT, sortable=True),
        Field("first_ts", Kind.MOMENT),
        _choice("entity_kind", ENTITY_KINDS),
        Field("entity", Kind.ADDRESS, groupable=True),
        _choice("attack_type", ATTACK_TYPES),
        Field("risk", Kind.INTEGER, sortable=True),
        _choice("severity", SEVERITIES),
        Field("endpoint", Kind.TEXT, groupable=True),
        Field("requests_before", Kind.INTEGER),
        Field("detectors", Kind.LIST, groupable=True),
        Field("incident", Kind.TEXT, groupable=True),
    ),
    time="ts",
    sort="-ts",
    key="id",
)

INCIDENTS: Final = Resource(
    "incidents",
    _fields(
        Field("id", Kind.TEXT),
        Field("risk", Kind.INTEGER, sortable=True),
        _choice("severity", SEVERITIES),
        _types(),
        Field("entities", Kind.LIST),
        Field("endpoints", Kind.LIST, groupable=True),
        Field("first_ts", Kind.MOMENT, sortable=True),
        Field("last_ts", Kind.MOMENT, sortable=True),
        Field("alert_ts", Kind.MOMENT, sortable=True),
        Field("requests", Kind.INTEGER, sortable=True),
        Field("requests_before_alert", Kind.INTEGER),
        Field("entities_total", Kind.INTEGER, sortable=True),
        Field("reason", Kind.TEXT),
        Field("succeeded", Kind.FLAG, groupable=True),
        _choice("status", STATUSES),
        _choice("verdict", VERDICTS),
        Field("assignee", Kind.TEXT, groupable=True),
        Field("closed", Kind.FLAG, groupable=True),
        Field("merged_into", Kind.TEXT),
        Field("created", Kind.MOMENT, sortable=True),
        Field("updated", Kind.MOMENT, sortable=True),
    ),
    time="last_ts",
    sort="-last_ts",
    key="id",
)

ENTITIES: Final = Resource(
    "entities",
    _fields(
        _choice("kind", ENTITY_KINDS),
        Field("id", Kind.ADDRESS, sortable=True),
        Field("requests", Kind.INTEGER, sortable=True),
        Field("score", Kind.REAL, sortable=True),
        Field("risk", Kind.INTEGER, sortable=True),
        _choice("severity", SEVERITIES),
        _types(),
        Field("first_alert_request", Kind.INTEGER, sortable=True),
        Field("first_ts", Kind.MOMENT, sortable=True),
        Field("last_ts", Kind.MOMENT, sortable=True),
        _choice("agent_kind", AgentKind),
    ),
    time="last_ts",
    sort="-score",
    key="id",
)

ENDPOINTS: Final = Resource(
    "endpoints",
    _fields(
        Field("endpoint", Kind.TEXT, sortable=True),
        Field("method", Kind.TEXT, groupable=True),
        Field("host", Kind.TEXT, groupable=True),
        Field("route", Kind.TEXT, groupable=True),
        Field("requests", Kind.INTEGER, sortable=True),
        Field("clients", Kind.INTEGER, sortable=True),
        Field("errors_4xx", Kind.REAL, sortable=True),
        Field("errors_5xx", Kind.REAL, sortable=True),
        Field("p95_ms", Kind.REAL, sortable=True),
        Field("bytes_out", Kind.INTEGER, sortable=True),
        Field("risk", Kind.INTEGER, sortable=True),
        _choice("severity", SEVERITIES),
        Field("first_ts", Kind.MOMENT, sortable=True),
        Field("last_ts", Kind.MOMENT, sortable=True),
    ),
    time="last_ts",
    sort="-requests",
    key="endpoint",
)

DECISIONS: Final = Resource(
    "decisions",
    _fields(
        Field("id", Kind.TEXT),
        _choice("scope", SCOPES),
        Field("value", Kind.ADDRESS, sortable=True, groupable=True),
        _choice("action", ACTIONS),
        Field("reason", Kind.TEXT),
        Field("source", Kind.TEXT, groupable=True),
        Field("author", Kind.TEXT, sortable=True, groupable=True),
        Field("incident", Kind.TEXT, groupable=True),
        Field("created", Kind.MOMENT, sortable=True),
        Field("expires", Kind.MOMENT, sortable=True),
        Field("ends", Kind.MOMENT, sortable=True),
        Field("lifted_by", Kind.TEXT, groupable=True),
    ),
    time="created",
    sort="-created",
    key="id",
)

RESOURCES: Final = {
    resource.name: resource
    for resource in (EVENTS, ALERTS, INCIDENTS, ENTITIES, ENDPOINTS, DECISIONS)
}
"""Resource by name."""
