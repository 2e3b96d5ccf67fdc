"""Lists over a real service: shape, filters, order, pages."""

import base64
import threading
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.api.live_service import COUNT, HOSTILE, headers_of, lines, settle
from tests.unit.pipeline.live.live_traffic import START_US, requests

from apisentinel.api.query.fields import ALERTS, EVENTS, INCIDENTS, RESOURCES
from apisentinel.api.query.filters import GrammarError, parse_filter
from apisentinel.api.query.matching import RowFilter
from apisentinel.api.read import models
from apisentinel.storage.event_fields import EVENT_FIELDS
from apisentinel.storage.findings import ALERT_FIELDS, INCIDENT_FIELDS

LISTS = ("events", "alerts", "incidents", "entities", "endpoints")
SHAPES = {
    "events": models.EventRow,
    "alerts": models.AlertRow,
    "incidents": models.IncidentRow,
    "entities": models.EntityRow,
    "endpoints": models.EndpointRow,
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_has_items_next_and_total(api, name):
    page = api.get(name, limit=2)
    assert set(page) == {"items", "next", "total"}
    assert len(page["items"]) == 2
    assert page["total"] > 2
    assert page["next"]
    for item in page["items"]:
        shape = SHAPES[name].model_validate(item)
        assert not set(item) - set(shape.model_dump()) - {"number", "seq", "entity_kind"}


def test_incidents_carry_the_words_of_the_scan_report(api):
    item = api.get("incidents", limit=1)["items"][0]
    promised = {"id", "risk", "severity", "attack_types", "entities", "first_ts", "last_ts",
                "alert_ts", "requests", "requests_before_alert", "endpoints", "reason", "factors",
                "samples"}  # fmt: skip
    assert promised <= set(item)
    assert {"kind", "id"} == set(item["entities"][0])


def test_entities_carry_the_words_of_the_entities_file(api):
    item = api.get("entities", kind="client", limit=1)["items"][0]
    assert {"kind", "id", "requests", "score", "risk", "severity", "attack_types",
            "first_alert_request"} <= set(item)  # fmt: skip
    assert item["risk"] >= 95
    assert item["first_alert_request"] is not None


@pytest.mark.parametrize("kind", ["client", "user", "session", "network", "endpoint"])
def test_every_kind_of_entity_is_listed(api, kind):
    items = api.get("entities", kind=kind, limit=500)["items"]
    assert items
    assert {item["kind"] for item in items} == {kind}


def test_entities_are_what_the_summary_says(api, live):
    listed = {
        (kind, row["id"]): row
        for kind in ("client", "user", "session", "network", "endpoint")
        for row in api.everything("entities", kind=kind, limit=500)
    }
    known = live.view(lambda engine: list(live.summary().entities()))
    assert len(known) == len(listed)
    for entity in known:
        row = listed[entity.kind, entity.id]
        assert (row["requests"], row["risk"], row["severity"], row["first_alert_request"]) == (
            entity.requests, entity.risk, entity.severity.value, entity.first_alert_request,
        )  # fmt: skip
        assert row["score"] == pytest.approx(entity.score, abs=1e-6)
        assert row["attack_types"] == [kind.value for kind in entity.attack_types]


def test_endpoints_are_what_the_summary_says(api, live):
    rows = {row["endpoint"]: row for row in api.everything("endpoints")}
    for endpoint in live.view(lambda engine: live.summary().endpoints(500)):
        row = rows.pop(endpoint.endpoint)
        for name in ("requests", "clients", "errors_4xx", "errors_5xx", "p95_ms", "bytes_out"):
            assert row[name] == getattr(endpoint, name)
        assert row["risk"] == endpoint.risk
    assert rows == {}


@pytest.mark.parametrize(
    ("name", "sort"),
    [
        (resource.name, sign + field)
        for resource in RESOURCES.values()
        for field in resource.sortable
        for sign in ("", "-")
    ],
)
def test_pages_hold_every_row_once_in_any_order(api, name, sort):
    most = 500 if name == "events" else 7
    key = RESOURCES[name].key
    rows = api.everything(name, sort=sort, limit=most, cols=key)
    total = api.get(name, limit=1)["total"]
    assert len({row[key] for row in rows}) == len(rows) == total


def test_pages_hold_every_row_once_while_rows_are_added(api, live):
    before = {row["seq"] for row in api.everything("events", limit=500, cols="seq")}
    more = requests(500, seed=2)
    stop = threading.Event()

    def add():
        for at in range(0, len(more), 50):
            live.door.submit_requests(lines(more[at : at + 50]), source="http")
            if stop.wait(0.001):
                return

    adding = threading.Thread(target=add)
    adding.start()
    try:
        seen = [row["seq"] for row in api.everything("events", limit=37, cols="seq")]
    finally:
        adding.join()
        stop.set()
        settle(live)
    assert len(seen) == len(set(seen))
    assert before <= set(seen)


@pytest.fixture
def at(live_app):
    """Sets the clock of the application."""
    clock = live_app.state.clock

    def set_now(now):
        live_app.state.clock = SimpleNamespace(now=lambda: now, monotonic=clock.monotonic)

    yield set_now
    live_app.state.clock = clock


def test_a_cursor_keeps_the_period_of_its_first_page(api, at):
    now = START_US + 1_300_000_000
    period = {"from": "now-10m", "to": "now"}
    at(now)
    first = api.get("events", limit=10, **period)
    whole = [row["seq"] for row in api.everything("events", **period)]
    at(now + 600_000_000)
    rows, cursor = first["items"], first["next"]
    while cursor:
        page = api.get("events", limit=500, cursor=cursor, **period)
        rows, cursor = rows + page["items"], page["next"]
    assert [row["seq"] for row in rows] == whole
    assert first["total"] == len(whole) > 100


@pytest.mark.parametrize(
    "cursor", ["x", "0", "AAAA", "%00", "gaE", "x" * 20_000, "'; drop table", "лл", "=" * 8]
)
def test_a_cursor_that_is_none_is_refused(api, cursor):
    answer = api("GET", "events", params={"cursor": cursor})
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


@given(st.binary(max_size=60))
@settings(max_examples=50)
def test_no_bytes_crash_a_cursor(api, data):
    cursor = base64.urlsafe_b64encode(data).decode().rstrip("=")
    assert api("GET", "alerts", params={"cursor": cursor}).status_code in {200, 400}


def test_a_cursor_belongs_to_its_query(api):
    cursor = api.get("alerts", limit=1)["next"]
    assert "another filter" in api.get("alerts", 400, cursor=cursor, sort="risk")["detail"]
    assert "another filter" in api.get("alerts", 400, cursor=cursor, f="risk:gte:1")["detail"]
    assert api.get("alerts", cursor=cursor)["items"]


def test_conditions_narrow_a_list(api):
    high = api.everything("incidents", f=["severity:in:HIGH,CRITICAL"])
    assert {item["severity"] for item in high} == {"HIGH", "CRITICAL"}
    both = api.everything("alerts", f=["entity:cidr:203.0.113.0/28", "attack_type:eq:sqli"])
    assert both
    assert {item["attack_type"] for item in both} == {"sqli"}
    scans = api.get("events", f=["user_agent:re:(?i)SQLMAP", "status:gte:400"], limit=500)
    assert 0 < scans["total"] < COUNT
    assert all("sqlmap" in item["user_agent"] for item in scans["items"])


def test_a_period_narrows_a_list(api):
    whole = api.get("events", limit=1)["total"]
    half = {"from": START_US + 600_000_000, "limit": 500}
    rows = api.everything("events", **half)
    assert 0 < len(rows) < whole
    assert min(row["ts"] for row in rows) >= "2025-10-09T09:03:20"


def test_columns_narrow_a_row(api):
    item = api.get("incidents", limit=1, cols="risk,reason")["items"][0]
    assert set(item) == {"id", "risk", "reason"}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    "query",
    [
        {"f": "nosuch:eq:1"}, {"f": "risk"}, {"f": "risk:re:1"}, {"f": "risk:gte:x"},
        {"sort": "nosuch"}, {"cols": "nosuch"}, {"from": "soon"}, {"from": "now", "to": "now-1h"},
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_answered_with_what_can(api, name, query):
    problem = api.get(name, 400, **query)
    assert problem["status"] == 400
    assert problem["parameter"]
    assert problem["request_id"]


def test_the_nearest_field_is_suggested(api):
    problem = api.get("incidents", 400, f="severty:eq:HIGH")
    assert problem["suggestion"] == "severity"
    assert "severity" in problem["allowed"]


@pytest.mark.parametrize("limit", [0, 501, -1, "x"])
def test_a_page_has_up_to_500_rows(api, limit):
    assert api.get("events", 422, limit=limit)["status"] == 422


def test_lists_need_a_key_that_may_read(open_client, live_app):
    for name in LISTS:
        assert open_client.get(f"/api/v1/{name}").status_code == 401
        ingest = headers_of(live_app, "ingest")
        assert open_client.get(f"/api/v1/{name}", headers=ingest).status_code == 403


def test_what_attackers_wrote_arrives_as_it_is_in_json(api):
    for name, text in HOSTILE.items():
        item = api.get(f"events/hostile-{name}")
        assert item["user_agent"] == text
    answer = api("GET", "events/hostile-markup")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("resource", "stored"),
    [(EVENTS, EVENT_FIELDS), (ALERTS, ALERT_FIELDS), (INCIDENTS, INCIDENT_FIELDS)],
)
def test_fields_are_those_of_the_stores(resource, stored):
    for field in resource.fields.values():
        assert stored.named(field.name).kind == field.kind
        if field.sortable:
            assert stored.sorting(field.name)


FILTERS = (
    "severity:eq:HIGH", "severity:in:LOW,CRITICAL", "risk:gte:60", "risk:lte:59", "risk:ne:49",
    "attack_type:eq:sqli", "attack_type:in:probing,scanning", "entity:eq:203.0.113.1",
    "entity:cidr:203.0.113.0/30", "entity:has:113.1", "entity:re:[0-4]$", "entity_kind:eq:client",
    "detectors:has:payload", "detectors:ne:payload", "endpoint:prefix:GET", "endpoint:re:(?i)get",
    "incident:eq:", "ts:gte:2025-10-09T09:00:00Z", "ts:lte:2025-10-09T09:00:00Z", "id:prefix:a-",
    "requests_before:gte:10",
)  # fmt: skip


@given(st.lists(st.sampled_from(FILTERS), min_size=1, max_size=3))
@settings(max_examples=60)
def test_a_filter_of_the_stream_passes_what_the_list_shows(api, conditions):
    listed = {row["id"] for row in api.everything("alerts", f=conditions, limit=500)}
    rows = api.everything("alerts", limit=500)
    wanted = RowFilter(ALERTS, parse_filter(ALERTS, conditions, 0, None, None))
    assert {row["id"] for row in rows if wanted.matches(row)} == listed


@given(st.sampled_from([
    "severity:eq:MEDIUM", "attack_types:has:sqli", "attack_types:ne:sqli",
    "entities:has:203.0.113.1",
    "endpoints:in:GET /search,POST /login", "succeeded:eq:true", "succeeded:eq:", "status:eq:open",
    "verdict:eq:", "assignee:eq:", "closed:eq:false", "requests:gte:50", "last_ts:gte:1760001000",
    "reason:has:sent", "entities_total:lte:1",
]))  # fmt: skip
@settings(max_examples=30)
def test_the_same_holds_for_incidents(api, condition):
    listed = {row["id"] for row in api.everything("incidents", f=condition, limit=500)}
    rows = api.everything("incidents", limit=500)
    wanted = RowFilter(INCIDENTS, parse_filter(INCIDENTS, [condition], 0, None, None))
    assert {row["id"] for row in rows if wanted.matches(row)} == listed


@given(st.text(max_size=80))
@settings(max_examples=80)
def test_no_text_crashes_a_list(api, text):
    answer = api("GET", "events", params={"f": text, "limit": 1})
    assert answer.status_code in {200, 400, 422}


def test_grammar_errors_are_refusals():
    with pytest.raises(GrammarError):
        parse_filter(EVENTS, ["x"], 0, None, None)
