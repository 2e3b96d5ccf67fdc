"""Figures, entities, endpoints, views and exports over a real service."""

import base64
import csv
import io
import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.api.live_service import HOSTILE
from tests.unit.pipeline.live.live_traffic import START_US

from apisentinel.api.query.fields import RESOURCES
from apisentinel.api.read.exports import FORMULA, cell, csv_blocks, ndjson_blocks
from apisentinel.storage.query import Page

HOUR = {"from": START_US, "to": START_US + 3_600_000_000}


# ------------------------------------------------------------------------------------------ figures


def test_the_overview_keeps_the_books(api):
    counters = api.get("overview")["counters"]
    outcomes = ("accepted", "rejected", "deduplicated", "deadlettered", "shed")
    assert counters["received"] == sum(counters[name] for name in outcomes) > 0


@pytest.mark.parametrize(
    ("of", "fields"),
    [(resource.name, name) for resource in RESOURCES.values() for name in resource.groupable],
)
def test_facets_count_what_the_list_shows(api, of, fields):
    rows = api.everything(of, limit=500)
    told = api.get("facets", of=of, fields=fields, limit=100)["facets"][0]
    counts = Counter()
    for row in rows:
        value = row.get(fields)
        value = value["id"] if isinstance(value, dict) else value
        counts.update(value if isinstance(value, list) else [value])
    told = {entry["value"]: entry["count"] for entry in told["values"]}
    if fields == "entity_kind":
        assert sum(told.values()) == len(rows)
        return
    assert told == dict(counts.most_common(100)) or len(counts) > 100


def test_facets_take_the_filter(api):
    told = api.get("facets", of="alerts", fields="severity", f="risk:gte:80")["facets"][0]
    assert [entry["value"] for entry in told["values"]] == ["CRITICAL"]


@pytest.mark.parametrize("group", [None, "severity", "status_class", "attack_types", "client"])
@pytest.mark.parametrize("points", [2, 60, 600])
def test_a_chart_counts_every_event_of_its_period(api, group, points):
    more = {} if group is None else {"group": group}
    chart = api.get("timeseries", points=points, **HOUR, **more)
    assert len(chart["t"]) <= points
    assert all(len(line["v"]) == len(chart["t"]) for line in chart["series"])
    gaps = {round(b - a, 6) for a, b in zip(chart["t"], chart["t"][1:], strict=False)}
    assert gaps <= {chart["step_seconds"]}
    if group != "attack_types":
        whole = {"from": chart["t"][0], "to": HOUR["to"]}  # the first slice is a whole one
        total = api.get("events", limit=1, **whole)["total"]
        assert sum(sum(line["v"]) for line in chart["series"]) == total


@pytest.mark.parametrize("of", ["alerts", "incidents"])
def test_alerts_and_incidents_have_charts_too(api, of):
    chart = api.get("timeseries", of=of, group="severity", **HOUR)
    rows = api.everything(of, **HOUR)
    told = {line["key"]: sum(line["v"]) for line in chart["series"]}
    assert told == dict(Counter(row["severity"] for row in rows))


def test_a_chart_of_nothing_is_a_line_of_zeros(api):
    chart = api.get("timeseries", **{"from": "now-1h"})
    assert set(chart["series"][0]["v"]) == {0}


@pytest.mark.parametrize(
    "query",
    [{"group": "path,host"}, {"group": "nosuch"}, {"from": "now", "to": "now"}, {"f": "x"}],
)
def test_a_chart_that_cannot_be_drawn_is_refused(api, query):
    assert api.get("timeseries", 400, **query)["status"] == 400


# --------------------------------------------------------------------------- entities and endpoints


def test_an_entity_is_shown_with_what_belongs_to_it(api):
    shown = api.get("entities/client/203.0.113.0")
    assert shown["remembered"] is True
    assert shown["severity"] in {"MEDIUM", "HIGH", "CRITICAL"}
    assert {alert["entity"]["id"] for alert in shown["alerts"]} == {"203.0.113.0"}
    assert shown["events_total"] == shown["requests"]
    assert shown["incidents"]
    measures = {entry["name"]: entry for entry in shown["profile"]}
    assert measures["requests"]["actual"] > measures["requests"]["peers"]["median"]
    assert 0 < measures["requests"]["peers"]["rank"] <= 1
    assert shown["case"]["families"]["sqli"]


def test_links_lead_to_entities(api):
    links = api.get("entities/client/198.51.0.0/links", **{"from": START_US})["links"]
    users = next(link["values"] for link in links if link["kind"] == "user")
    assert users[0]["id"] == "u0"
    back = api.get("entities/user/u0/links", **{"from": START_US})["links"]
    clients = next(link["values"] for link in back if link["kind"] == "client")
    assert clients[0]["id"] == "198.51.0.0"


def test_an_entity_has_a_timeline_and_sessions(api):
    chart = api.get("entities/client/203.0.113.0/timeline", **HOUR)
    shown = api.get("entities/client/203.0.113.0")
    assert sum(sum(line["v"]) for line in chart["series"]) == shown["events_total"]
    assert api.get("entities/client/203.0.113.0/sessions", **HOUR)["sessions"] == []


@pytest.mark.parametrize("name", ["203.0.113.0/24", "GET /api/orders/{id}", "POST /login"])
def test_ids_with_slashes_have_an_address(api, name):
    kind = "network" if "/24" in name else "endpoint"
    code = base64.urlsafe_b64encode(name.encode()).decode().rstrip("=")
    assert api.get(f"entities/{kind}/{name}")["id"] == name
    assert api.get(f"entities/{kind}/~{code}")["id"] == name
    assert api.get(f"entities/{kind}/~{code}/profile")["id"] == name


@pytest.mark.parametrize("path", ["client/192.0.2.1", "user/nobody", "network/x", "session/~~~"])
def test_nothing_is_known_of_an_unknown_entity(api, path):
    assert api.get(f"entities/{path}", 404)["status"] == 404


def test_a_kind_that_is_none_is_refused_with_the_nearest(api):
    assert api.get("entities/clint/x", 400)["suggestion"] == "client"
    assert api.get("entities", 400, kind="usr")["suggestion"] == "user"


def test_an_endpoint_is_shown_with_its_callers(api):
    shown = api.get("endpoints/POST /login")
    assert shown["requests"] == sum(entry["count"] for entry in shown["statuses"])
    assert {caller["client"] for caller in shown["callers"]} <= {
        f"203.0.113.{n}" for n in range(15)
    }
    assert shown["alerts_total"] >= len(shown["alerts"]) > 0
    assert sum(entry["count"] for entry in shown["response_bytes"]) == shown["requests"]
    assert api.get("endpoints/GET /nosuch", 404)["status"] == 404


def test_an_event_is_found_by_both_its_names(api):
    by_id = api.get("events/e1-0")
    assert api.get(f"events/{by_id['seq']}")["event_id"] == "e1-0"
    assert api.get("events/nosuch", 404)["status"] == 404


# -------------------------------------------------------------------------------------------- views


def test_a_view_is_saved_changed_and_removed(api):
    body = {"name": "mine", "screen": "incidents", "query": {"f": ["risk:gte:60"]}}
    made = api("POST", "views", json=body)
    assert made.status_code == 201
    name = made.json()["id"]
    assert name in {view["id"] for view in api.get("views")["items"]}
    changed = api("PUT", f"views/{name}", json={**body, "name": "ours", "shared": True})
    assert (changed.json()["name"], changed.json()["created"]) == ("ours", made.json()["created"])
    assert api("DELETE", f"views/{name}").status_code == 204
    assert api("DELETE", f"views/{name}").status_code == 404
    assert api("PUT", f"views/{name}", json=body).status_code == 404
    assert api("POST", "views", json={**body, "more": 1}).status_code == 422


# ------------------------------------------------------------------------------------------ exports


@pytest.mark.parametrize("of", sorted(RESOURCES))
@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_an_export_holds_the_rows_of_the_list(api, of, form):
    answer = api("GET", f"exports/{of}", params={"format": form})
    assert answer.status_code == 200
    key = RESOURCES[of].key
    if form == "csv":
        got = [row[key] for row in csv.DictReader(io.StringIO(answer.text, newline=""))]
    else:
        got = [json.loads(line)[key] for line in answer.text.splitlines()]
    order = {"sort": "ts"} if of == "events" else {}
    listed = [row[key] for row in api.everything(of, limit=500, **order)]
    assert [str(value).lstrip("'") for value in got] == [str(value).lstrip("'") for value in listed]


def test_an_export_takes_filter_order_columns_and_a_cap(api):
    answer = api("GET", "exports/events", params={
        "f": "status:gte:400", "sort": "seq", "cols": "seq,status", "rows": 5})  # fmt: skip
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows[0] == ["seq", "status"]
    assert len(rows) == 6
    assert all(int(status) >= 400 for _, status in rows[1:])
    assert "max5.csv" in answer.headers["content-disposition"]
    assert api.get("exports/events", 400, cols="nosuch")["parameter"] == "cols"
    assert api.get("exports/events", 422, rows=10_000_000)["status"] == 422


def test_no_cell_of_an_export_runs(api):
    answer = api("GET", "exports/events", params={"f": "client:eq:198.51.100.77"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == len(HOSTILE)
    for row in rows:
        for text in row.values():
            assert text[:1] not in set("=+-@\t\r\n")
            assert all(char.isprintable() for char in text)
    assert {row["user_agent"] for row in rows} >= {"'" + HOSTILE["formula"]}
    assert "a\\x1b[2Jb\\x07\\u202ec\\u200b" in answer.text


def test_an_export_is_audited(api, live):
    api("GET", "exports/alerts", params={"f": "risk:gte:1"})
    entry = live.control.list_audit((), Page("number", limit=1)).items[0]
    assert (entry["action"], entry["target"]) == ("export", "alerts")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.text(max_size=40) | VALUES)
def test_no_value_makes_a_cell_that_runs(value):
    text = cell(value)
    assert all(char.isprintable() for char in text)
    assert text.lstrip(" \u00a0\u3000")[:1] not in FORMULA or not text.strip()


@given(st.lists(st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3), max_size=5))
def test_an_export_has_a_line_for_every_row(rows):
    text = b"".join(csv_blocks(rows, "abc")).decode()
    assert len(list(csv.reader(io.StringIO(text, newline="")))) == len(rows) + 1
    told = b"".join(ndjson_blocks(rows)).decode("utf-8", "surrogatepass")
    assert len([line for line in told.split("\n") if line]) == len(rows)
