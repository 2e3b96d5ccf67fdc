"""Shapes of the answers, for the OpenAPI document and for those who write clients.

Rows may have more members than these, and fewer when ``cols`` asks for fewer.
"""

from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")

PROBLEM_JSON = "application/problem+json"

Severity = Literal["LOW", "MEDIUM", "HIGH", "CRITICAL"]
EntityKind = Literal["client", "user", "session", "credential", "network", "endpoint"]
Status = Literal["open", "acknowledged", "resolved"]
Outcome = Literal["true_positive", "false_positive", "benign"]


class Shape(BaseModel):
    """Base of all shapes: more members may come."""

    model_config = ConfigDict(extra="allow")


def example(**members: Any) -> ConfigDict:
    """The configuration of a shape with an example of it."""
    return ConfigDict(extra="allow", json_schema_extra={"examples": [members]})


class Listing(Shape, Generic[T]):
    """A page of a list."""

    items: list[T]
    next: str | None = Field(description="Cursor of the next page, null at the end.")
    total: int = Field(description="Rows on all pages.")


class Entity(Shape):
    """An entity by kind and id."""

    kind: EntityKind = Field(examples=["client"])
    id: str = Field(examples=["203.0.113.9"])


class Factor(Shape):
    """One reason for a risk."""

    name: str = Field(examples=["failed logins"])
    actual: float | str = Field(examples=[120])
    usual: float | str | None = Field(None, examples=[0.2])
    unit: str = ""
    contribution: float = Field(0.0, description="Points of the risk.")
    window: str = Field("", description="In what it was counted.", examples=["10 min"])
    n: int | None = Field(None, description="Requests from which the usual value is known.")


class Sample(Shape):
    """A request that shows it; redacted, and written by a stranger."""

    seq: int
    ts: str | None = None
    client: str
    method: str
    url: str
    status: int | None = None
    user_agent: str = ""
    match: str = Field("", description="The decoded part that a detector saw.")
    where: str = Field("", description="Where it was found, such as `query q`.")
    decoded: list[str] = Field(
        [], description="How the value was written, and what it became layer by layer."
    )


class IncidentRow(Shape):
    """Alerts that belong together; the fields of the report of `scan`, and what people set."""

    model_config = example(
        id="i-9f86d081884c7d65",
        risk=92,
        severity="CRITICAL",
        attack_types=["credential_stuffing", "brute_force"],
        entities=[{"kind": "client", "id": "203.0.113.9"}],
        entities_total=1,
        first_ts="2026-11-21T10:00:00Z",
        last_ts="2026-11-21T10:04:10Z",
        alert_ts="2026-11-21T10:00:07Z",
        requests=412,
        requests_before_alert=11,
        endpoints=["POST shop.example /login"],
        reason="203.0.113.9 tried 380 different accounts (usual: 1) at POST shop.example /login;"
        " every such request was refused.",
        succeeded=False,
        status="open",
        verdict=None,
        assignee=None,
        version=1,
    )

    id: str = Field("", examples=["i-9f86d081884c7d65"])
    risk: int = Field(0, ge=0, le=100)
    severity: Severity = "LOW"
    attack_types: list[str] = Field([], examples=[["credential_stuffing"]])
    entities: list[Entity] = []
    entities_total: int = 0
    first_ts: str | None = None
    last_ts: str | None = None
    alert_ts: str | None = None
    requests: int = 0
    requests_before_alert: int = 0
    endpoints: list[str] = []
    reason: str = Field("", description="One sentence of why.")
    factors: list[Factor] = []
    samples: list[Sample] = []
    succeeded: bool | None = Field(None, description="Null when nothing is known.")
    status: Status = "open"
    verdict: Outcome | None = None
    assignee: str | None = None
    version: int = Field(1, description="Of what people set; the first part of the ETag.")
    closed: bool = Field(False, description="Nothing more is expected to join it.")
    merged_into: str | None = Field(None, description="The incident that it has become part of.")
    comment_count: int = 0
    created: str | None = None
    updated: str | None = None


class Comment(Shape):
    """What somebody wrote."""

    number: int
    author: str
    created: str | None
    text: str


class IncidentDetail(IncidentRow):
    """An incident with its comments."""

    comments: list[Comment] = []


class EvidencePiece(Shape):
    """What one detector says about one entity."""

    detector: str
    attack_type: str
    llr: float = Field(description="Natural log of the likelihood ratio attack : normal.")
    factors: list[Factor] = []
    seqs: list[int] = Field([], description="Up to five requests that show it.")
    succeeded: bool | None = None


class AlertRow(Shape):
    """One entity, one attack type, one window of time."""

    model_config = example(
        id="a-1b4f0e9851971998",
        ts="2026-11-21T10:00:07Z",
        entity={"kind": "client", "id": "203.0.113.9"},
        attack_type="credential_stuffing",
        risk=71,
        severity="HIGH",
        endpoint="POST shop.example /login",
        requests_before=11,
        detectors=["credential_stuffing"],
        reason="203.0.113.9 tried 11 different accounts (usual: 1)",
        succeeded=None,
        incident="i-9f86d081884c7d65",
    )

    id: str = Field("", examples=["a-1b4f0e9851971998"])
    ts: str | None = None
    first_ts: str | None = None
    entity: Entity | None = None
    attack_type: str = Field("", examples=["sqli"])
    risk: int = Field(0, ge=0, le=100)
    severity: Severity = "LOW"
    endpoint: str | None = None
    requests_before: int | None = None
    detectors: list[str] = []
    reason: str = ""
    succeeded: bool | None = None
    incident: str | None = Field(None, description="Id of its incident.")
    evidence: list[EvidencePiece] = []


class EventRow(Shape):
    """A judged request."""

    model_config = example(
        seq=184_220,
        ts="2026-11-21T10:00:07Z",
        event_id="e-184220",
        method="POST",
        host="shop.example",
        path="/login",
        status=401,
        client="203.0.113.9",
        network="203.0.113.0/24",
        user="ann",
        agent_kind="library",
        endpoint="POST shop.example /login",
        risk=71,
        severity="HIGH",
        attack_types=["credential_stuffing"],
        detectors=["credential_stuffing"],
    )

    seq: int = 0
    ts: str | None = None
    event_id: str | None = None
    source: str | None = None
    method: str | None = None
    host: str | None = None
    path: str | None = None
    query: str | None = None
    status: int | None = None
    request_bytes: int | None = None
    response_bytes: int | None = None
    duration_us: int | None = None
    client: str | None = None
    network: str | None = None
    user: str | None = None
    session: str | None = None
    credential: str | None = None
    user_agent: str | None = None
    referer: str | None = None
    agent_kind: str | None = None
    endpoint: str | None = None
    route: str | None = None
    risk: int | None = None
    score: float | None = None
    severity: Severity | None = None
    attack_types: list[str] | None = None
    detectors: list[str] | None = None
    reason: str | None = None


class EntityRow(Shape):
    """An entity that is remembered; the fields of `scan --entities`, and when it was seen."""

    model_config = example(
        kind="client",
        id="203.0.113.9",
        requests=412,
        score=0.92,
        risk=92,
        severity="CRITICAL",
        attack_types=["credential_stuffing"],
        first_alert_request=11,
        first_ts="2026-11-21T10:00:00Z",
        last_ts="2026-11-21T10:04:10Z",
        agent_kind="library",
    )

    kind: EntityKind = "client"
    id: str = ""
    requests: int = 0
    score: float = Field(0.0, ge=0, le=1)
    risk: int = Field(0, ge=0, le=100)
    severity: Severity = "LOW"
    attack_types: list[str] = []
    first_alert_request: int | None = None
    first_ts: str | None = None
    last_ts: str | None = None
    agent_kind: str | None = None


class EndpointRow(Shape):
    """Traffic of one endpoint; the fields of the report of `scan`, and when it was seen."""

    model_config = example(
        endpoint="GET shop.example /orders/{id}",
        method="GET",
        host="shop.example",
        route="/orders/{id}",
        requests=18_204,
        clients=961,
        errors_4xx=0.021,
        errors_5xx=0.0004,
        p95_ms=84.2,
        bytes_out=91_020_000,
        risk=12,
        severity="LOW",
    )

    endpoint: str = Field("", examples=["GET shop.example /orders/{id}"])
    method: str | None = None
    host: str | None = None
    route: str | None = None
    requests: int = 0
    clients: int = 0
    errors_4xx: float = 0.0
    errors_5xx: float = 0.0
    p95_ms: float | None = None
    bytes_out: int = 0
    risk: int = 0
    severity: Severity = "LOW"
    first_ts: str | None = None
    last_ts: str | None = None


class Series(Shape):
    """One line of a chart; as many values as there are times."""

    key: str
    v: list[float | None]


class Chart(Shape):
    """Columns for a chart: times in seconds since the epoch, and one or more series."""

    model_config = example(
        t=[1763719200.0, 1763719210.0],
        series=[{"key": "LOW", "v": [120, 118]}, {"key": "HIGH", "v": [0, 4]}],
        step_seconds=10.0,
    )

    t: list[float]
    series: list[Series]
    step_seconds: float = Field(description="Width of a slice, chosen by the service.")


class ParameterRow(Shape):
    """What the values of one parameter were like."""

    name: str = Field(examples=["page"])
    where: Literal["query"]
    requests: int
    share: float = Field(description="Of the requests that were looked at.")
    kinds: dict[str, int] = Field(
        description="empty, integer, number, flag, id, redacted, text.", examples=[{"integer": 9}]
    )
    distinct: int = Field(description="Different values, 1,000 at most.")
    length: dict[str, int] = Field(description="least and most, in characters.")
    range: dict[str, int] | None = Field(description="least and most of whole numbers.")
    examples: list[str] = Field(description="The most frequent values.")


class EndpointParameters(Shape):
    """Parameters of an endpoint."""

    endpoint: str
    requests: int = Field(description="Requests that were looked at.")
    parameters: list[ParameterRow]


class CallerRow(Shape):
    """One that calls an endpoint."""

    id: str | None
    requests: int
    risk: int | None = Field(description="The highest of these requests.")
    errors: int = Field(description="Answers of 400 and above.")
    response_bytes: int | None
    p95_us: int | None
    last_ts: str | None


class Callers(Shape):
    """Who calls an endpoint."""

    endpoint: str
    by: str
    callers: list[CallerRow]


class Week(Shape):
    """Requests by day of the week, Monday first, and hour of the day, UTC."""

    kind: EntityKind
    id: str
    counts: list[list[int]] = Field(description="Seven lists of 24 counts.")


class FacetValue(Shape):
    """A value and how many rows have it."""

    value: str | int | float | bool | None
    count: int


class Facet(Shape):
    """The most frequent values of a field."""

    field: str
    values: list[FacetValue]


class Facets(Shape):
    """Facets of a list."""

    model_config = example(
        facets=[{"field": "severity", "values": [{"value": "HIGH", "count": 4}]}],
    )

    facets: list[Facet]
    share: float = Field(
        default=1.0,
        description="Part of the rows that was counted; below 1 the counts are estimates from it.",
    )


class Change(BaseModel):
    """What people can set. A member that is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    status: Status = Field(default="open", description="Where the work on it stands.")
    verdict: Outcome | None = Field(default=None, description="What it was; null takes it back.")
    assignee: str | None = Field(default=None, min_length=1, max_length=200)


class Bulk(BaseModel):
    """One change of many incidents, whatever their version."""

    model_config = ConfigDict(extra="forbid")

    ids: list[str] = Field(min_length=1, max_length=500)
    changes: Change


class BulkFailure(Shape):
    """An incident that was not changed, and why."""

    id: str
    status: int
    detail: str


class BulkResult(Shape):
    """What became of a bulk change."""

    done: list[str]
    failed: list[BulkFailure]


class NewComment(BaseModel):
    """A comment to be added."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=10_000)


class Feedback(BaseModel):
    """What an incident really was."""

    model_config = ConfigDict(extra="forbid")

    verdict: Outcome
    reason: str = Field("", max_length=2_000, description="Kept as a comment.")


class ViewBody(BaseModel):
    """A saved view as it is sent."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200)
    screen: str = Field(min_length=1, max_length=64, examples=["incidents"])
    query: dict[str, Any] = Field(description="Filters, order and columns as plain data.")
    shared: bool = Field(default=False, description="Others see it.")


class ViewRow(ViewBody):
    """A saved view."""

    model_config = ConfigDict(extra="allow")

    id: str
    owner: str
    own: bool = Field(True, description="It is the caller's, who may change it.")
    created: str | None
    updated: str | None


class Views(Shape):
    """Own and shared views."""

    items: list[ViewRow]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of a route, for its description; 401, 403, 422, 429 and 503 are always there."""
    words = {
        400: "A filter, order or cursor cannot be used.",
        401: "No key and no session.",
        403: "The key or role does not allow this.",
        404: "There is nothing of this id.",
        409: "There are too many already.",
        412: "Somebody else has changed it since it was read.",
        422: "A parameter or the body does not fit.",
        428: "If-Match is missing.",
        429: "Too many requests.",
        503: "Busy, or a store is away; try again after Retry-After seconds.",
    }
    return {
        status: {
            "description": words[status],
            "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in sorted({*statuses, 401, 403, 422, 429, 503})
    }
