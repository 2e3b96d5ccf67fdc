"""Figures over lists: most frequent values, counts over time, the state of things at a glance."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query

from apisentinel.api.access.gate import needs
from apisentinel.api.http.answers import Json, turn
from apisentinel.api.http.context import get_service
from apisentinel.api.query.fields import ALERTS, INCIDENTS, RESOURCES, Resource
from apisentinel.api.query.filters import Filter, GrammarError, parse_filter, parse_names
from apisentinel.api.query.shapes import clipped
from apisentinel.api.read.asking import Conditions, From, Now, To
from apisentinel.api.read.entity_query import count_entities
from apisentinel.api.read.known import Known
from apisentinel.api.read.models import Chart, Facets, problems
from apisentinel.api.read.overview_models import Overview
from apisentinel.pipeline.service import Service
from apisentinel.storage.event_query import ADDED, MOST_POINTS, STATUS_CLASS, step_of
from apisentinel.storage.query import Condition
from apisentinel.storage.query_memory import matcher

router = APIRouter(prefix="/api/v1", tags=["figures"], dependencies=[Depends(needs("read"))])

TheService = Annotated[Service, Depends(get_service)]

MOST_FACETS: Final = 12
"""Facets of one answer: a side bar of them."""
MOST_VALUES: Final = 100
"""Values of one facet."""

DEFAULT_PERIOD_US: Final = 3_600_000_000
"""Period of a chart whose begin is not named: the last hour."""

Name = Literal["events", "alerts", "incidents", "entities", "endpoints", "decisions"]
Of = Annotated[Name, Query(description="The list that is counted.")]
OfTimed = Annotated[
    Literal["events", "alerts", "incidents"], Query(description="The list that is counted.")
]

AMeasure = Annotated[
    Literal["requests", "risk", "p50_ms", "p95_ms", "p99_ms", "bytes", "errors"],
    Query(description="What is told of the events of a slice."),
]


@router.get(
    "/facets", response_model=Facets, responses=problems(400), summary="Count values of fields"
)
def facets(  # noqa: PLR0913, PLR0917 (FastAPI calls it with names)
    clock: Now,
    service: TheService,
    known: Known,
    of: Of = "events",
    fields: Annotated[str, Query(max_length=400, examples=["severity,client"])] = "severity",
    begin: From = None,
    end: To = None,
    f: Conditions = None,
    limit: Annotated[int, Query(ge=1, le=MOST_VALUES)] = 20,
    kind: Annotated[str, Query(max_length=20, description="Kind of entities.")] = "client",
) -> Json:
    """The most frequent values of up to 12 fields among the rows that pass the filter.

    Of more than 300,000 events a sample is counted, unless few of them pass the filter; `share`
    tells how large it was.
    """
    resource = RESOURCES[of]
    names = parse_names("fields", fields, resource.groupable, MOST_FACETS)
    wanted = parse_filter(resource, f or (), clock.now(), begin, end).all_conditions(resource)
    share = 1.0
    with turn():
        found: dict[str, list[tuple[Any, int]]]
        if of == "events":
            counted = service.events.facets(names, wanted, limit)
            found, share = counted, counted.share
        elif of == "alerts":
            found = {name: service.control.alert_facet(name, wanted, limit) for name in names}
        elif of == "incidents":
            found = {name: service.control.incident_facet(name, wanted, limit) for name in names}
        elif of == "decisions":
            found = {name: service.control.decision_facet(name, wanted, limit) for name in names}
        elif of == "entities":
            found = count_entities(known.entities(kind), wanted, names, limit)
        else:
            found = _counted(known.endpoints.rows, resource, wanted, names, limit)
    return Json(
        {
            "facets": [
                {
                    "field": name,
                    "values": [
                        {"value": _shown(resource, name, value), "count": count}
                        for value, count in found[name]
                    ],
                }
                for name in names
            ],
            "share": round(share, 4),
        }
    )


def _shown(resource: Resource, name: str, value: Any) -> Any:
    if resource.fields[name].kind == "flag" and value is not None:
        return bool(value)
    return clipped(value)


def _counted(
    rows: Sequence[dict[str, Any]],
    resource: Resource,
    wanted: Sequence[Condition],
    names: Sequence[str],
    limit: int,
) -> dict[str, list[tuple[Any, int]]]:
    passes = matcher(wanted, resource.searchable)
    counts: dict[str, Counter[Any]] = {name: Counter() for name in names}
    for row in rows:
        if passes(row):
            for name, counter in counts.items():
                value = row.get(name)
                counter.update(value if isinstance(value, list) else [value])
    return {
        name: sorted(counter.items(), key=lambda item: (-item[1], str(item[0])))[:limit]
        for name, counter in counts.items()
    }


@router.get(
    "/timeseries", response_model=Chart, responses=problems(400), summary="Count rows over time"
)
def timeseries(  # noqa: PLR0913, PLR0917 (FastAPI calls it with names)
    clock: Now,
    service: TheService,
    of: OfTimed = "events",
    group: Annotated[
        str | None,
        Query(max_length=40, description="A line for each value: a field, or `status_class`."),
    ] = None,
    begin: From = None,
    end: To = None,
    f: Conditions = None,
    points: Annotated[int, Query(ge=2, le=MOST_POINTS)] = MOST_POINTS,
    measure: AMeasure = "requests",
) -> Json:
    """Counts in slices of equal width, as columns: times in seconds since the epoch and a series
    per value. The service chooses the width so that there are no more than 600 slices.

    Of events other measures than their number can be told: the highest `risk`, a quantile of the
    duration, `bytes` of the answers, and `errors`, which are answers of 400 and above. A quantile
    or risk is null where a slice has no events.
    """
    resource = RESOURCES[of]
    allowed = (*resource.groupable, *((STATUS_CLASS,) if of == "events" else ()))
    names = parse_names("group", group or "", allowed, 1)
    wanted = parse_filter(resource, f or (), clock.now(), begin, end)
    last = wanted.end if wanted.end is not None else clock.now() + 1
    first = wanted.begin if wanted.begin is not None else last - DEFAULT_PERIOD_US
    if first >= last:
        raise GrammarError("from", begin or "", "the period is empty")
    if of != "events" and measure != "requests":
        raise GrammarError("measure", measure, "it is told of events only", ("requests",))
    period = (max(first, 0), last)
    return Json(chart(service, of, wanted, period, names[0] if names else None, points, measure))


def chart(  # noqa: PLR0913, PLR0917 (names say what is what)
    service: Service,
    of: str,
    wanted: Filter,
    period: tuple[int, int],
    group: str | None = None,
    points: int = MOST_POINTS,
    measure: str = "requests",
) -> dict[str, Any]:
    """A chart of the rows of a list."""
    first, last = period
    with turn():
        if of == "events":
            found = service.events.timeseries(
                wanted.conditions, first, last, group=group, points=points, measure=measure
            )
            step, times, series = found.step, found.t, found.series
        else:
            step = step_of(first, last, points)
            times, series = _stored(service, of, wanted, (first // step * step, last), step, group)
    return {
        "t": [moment / 1e6 for moment in times],
        "series": [
            {"key": "all" if group is None else _key(each["key"]), "v": each["v"]}
            for each in series
        ]
        or [{"key": "all", "v": [0 if measure in ADDED else None] * len(times)}],
        "step_seconds": step / 1e6,
    }


def _key(value: Any) -> str:
    return "" if value is None else str(clipped(str(value)))


def _stored(
    service: Service, of: str, wanted: Filter, period: tuple[int, int], step: int, group: str | None
) -> tuple[list[int], list[dict[str, Any]]]:
    """Columns of a list of the control store."""
    first, last = period
    resource = ALERTS if of == "alerts" else INCIDENTS
    conditions = Filter(wanted.conditions, first, last).all_conditions(resource)
    count = -(-(last - first) // step)
    ask = service.control.alert_series if of == "alerts" else service.control.incident_series
    lines: dict[Any, list[int]] = {}
    for slot, key, n in ask(conditions, first, step, group):
        lines.setdefault(key, [0] * count)[slot] += n
    ranked = sorted(lines.items(), key=lambda item: (-sum(item[1]), str(item[0])))
    return (
        [first + slot * step for slot in range(count)],
        [{"key": key, "v": values} for key, values in ranked[:MOST_VALUES]],
    )


@router.get("/overview", response_model=Overview, responses=problems(), summary="Show the overview")
def overview(service: TheService) -> Json:
    """The state of things at a glance.

    `counters` has the books of the conservation rule: received is always accepted + rejected +
    deduplicated + deadlettered + shed.
    """
    return Json(clipped(service.overview()))
