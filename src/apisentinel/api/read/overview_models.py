"""Shape of the overview, for the OpenAPI document and for the page."""

from pydantic import Field

from apisentinel.api.read.models import EndpointRow, Entity, Severity, Shape


class Degradation(Shape):
    """How much is left out under load."""

    level: int = Field(description="0 for nothing.")
    meaning: str


class Period(Shape):
    """First and last moment of the traffic that is remembered."""

    begin: str | None = Field(alias="from")
    to: str | None


class TopEntity(Entity):
    """An entity that stands out."""

    risk: int
    peak: int = Field(description="The highest risk that it has had.")
    alerts: int
    first_ts: str | None
    last_ts: str | None
    attack_types: list[str]


class Overview(Shape):
    """The state of things at a glance."""

    time: str
    started: str
    uptime_seconds: float
    demo: bool
    ok: bool
    counters: dict[str, int] = Field(description="Since the start, of all sources together.")
    sources: dict[str, dict[str, int]]
    silent_sources: list[str]
    judged: int
    unjudged: int = Field(description="Requests that could not be judged.")
    late: int
    lag_seconds: float
    degradation: Degradation
    rates: dict[str, float] = Field(description="A second, over the last ten seconds.")
    alerts: dict[Severity, int] = Field(description="Since the start.")
    open_incidents: int
    stored: dict[str, int]
    period: Period | None
    totals: dict[str, int] = Field(description="Of what the judge remembers.")
    entities_by_severity: dict[Severity, int]
    attack_types: dict[str, int]
    top_entities: list[TopEntity]
    top_endpoints: list[EndpointRow]
