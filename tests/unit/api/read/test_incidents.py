"""What people do with incidents, over a real service."""

from pathlib import Path

import pytest
from tests.unit.api.live_service import headers_of

from apisentinel.api.read.explanation import BASE_RISK, DETECTORS, agreement, card_of
from apisentinel.records.taxonomy import REFERENCES
from apisentinel.storage.query import Condition, Op, Page


@pytest.fixture
def incident(api):
    """The first incident, with its ETag."""
    name = api.get("incidents", limit=1, sort="-risk")["items"][0]["id"]
    answer = api("GET", f"incidents/{name}")
    return name, answer.headers["etag"]


@pytest.fixture(scope="module")
def incidents(api):
    return api.everything("incidents", limit=500)


# ------------------------------------------------------------------------------------- explanation


def test_base_factors_and_rest_add_up_to_the_risk(api, incidents):
    for item in incidents:
        told = api.get(f"incidents/{item['id']}/explanation")
        parts = told["base"] + sum(f["contribution"] for f in told["factors"]) + told["rest"]
        assert parts == pytest.approx(told["risk"], abs=0.05)
        assert told["risk"] == item["risk"]
        assert told["base"] == BASE_RISK
        assert abs(told["rest"]) <= 1


def test_base_factors_and_rest_of_an_alert_add_up_too(api):
    for item in api.get("alerts", limit=20)["items"]:
        told = api.get(f"alerts/{item['id']}/explanation")
        parts = told["base"] + sum(f["contribution"] for f in told["factors"]) + told["rest"]
        assert parts == pytest.approx(told["risk"], abs=0.05)


def test_the_sentence_names_the_true_cause(api, incidents):
    (spotted,) = [item for item in incidents if "203.0.113.0" in str(item["entities"])]
    told = api.get(f"incidents/{spotted['id']}/explanation")
    assert told["sentence"]["text"].startswith("203.0.113.0")
    assert "sqli" in told["sentence"]["params"]["attack_types"]
    assert told["detectors"][0]["id"] == "payload"
    assert told["confidence"] == 100
    assert told["in_one_request"] is True


def test_detectors_agree_or_are_silent(api, incidents):
    for item in incidents:
        told = api.get(f"incidents/{item['id']}/explanation")
        assert set(told["agree"]) | set(told["silent"]) >= DETECTORS
        assert not set(told["agree"]) & set(told["silent"])
        assert 0 < told["consensus"] <= 1
        assert {entry["id"] for entry in told["detectors"]} == set(told["agree"])


def test_references_lead_to_the_catalogues(api, incidents):
    for item in incidents:
        told = api.get(f"incidents/{item['id']}/explanation")["references"]
        assert [entry["attack_type"] for entry in told] == item["attack_types"]
        for entry in told:
            known = REFERENCES[entry["attack_type"]]
            assert entry["owasp"]["id"] == known.owasp
            assert entry["owasp"]["url"].startswith("https://")
            assert [each["id"] for each in entry["attack"]] == list(known.attack)


def test_every_detector_has_a_card():
    docs = Path(__file__).parents[4] / "docs"
    for name in DETECTORS:
        page, _, anchor = card_of(name).partition("#")
        text = (docs / page.replace(".html", ".md")).read_text("utf-8")
        assert not anchor or f"## `{anchor}`" in text


# ------------------------------------------------------------------------------ story and likeness


def test_the_timeline_has_what_came_before_and_after(api, incidents):
    item = max(incidents, key=lambda each: each["requests"])
    story = api.get(f"incidents/{item['id']}/timeline")
    assert story["from"] < item["first_ts"] <= item["last_ts"] < story["to"]
    chart = story["requests"]
    assert all(len(line["v"]) == len(chart["t"]) for line in chart["series"])
    assert sum(sum(line["v"]) for line in chart["series"]) == story["events_total"] > 0
    assert {each["id"] for each in story["detections"]} == {
        alert["id"] for alert in api.everything(f"incidents/{item['id']}/alerts")
    }
    ids = {entity["id"] for entity in item["entities"]}
    assert all(event["client"] in ids or event["session"] for event in story["events"])


def test_alerts_of_an_incident_can_be_filtered(api, incidents):
    item = max(incidents, key=lambda each: len(each["attack_types"]))
    every = api.everything(f"incidents/{item['id']}/alerts")
    assert {row["incident"] for row in every} == {item["id"]}
    # evidence of a further type may raise no alert of its own, so the types of the alerts count
    for kind in {row["attack_type"] for row in every}:
        rows = api.everything(f"incidents/{item['id']}/alerts", f=f"attack_type:eq:{kind}")
        assert rows == [row for row in every if row["attack_type"] == kind]


def test_similar_incidents_share_something(api, incidents):
    item = next(each for each in incidents if "scanning" in each["attack_types"])
    told = api.get(f"incidents/{item['id']}/similar")
    assert told["items"]
    assert item["id"] not in {other["id"] for other in told["items"]}
    ranks = [other["similarity"] for other in told["items"]]
    assert ranks == sorted(ranks, reverse=True)
    assert all(other["shared"] for other in told["items"])
    scanning = next(each for each in told["prevalence"] if each["value"] == "scanning")
    assert scanning["incidents"] == sum("scanning" in i["attack_types"] for i in incidents) - 1


def test_a_graph_shows_who_asked_for_what(api, incidents):
    item = next(each for each in incidents if "brute_force" in each["attack_types"])
    graph = api.get(f"incidents/{item['id']}/graph")
    names = [(node["kind"], node["id"]) for node in graph["nodes"]]
    assert len(set(names)) == len(names) <= 50
    assert ("endpoint", "POST /login") in names
    assert [node["leading"] for node in graph["nodes"]].count(True) == len(item["entities"])
    start = names.index(("client", item["entities"][0]["id"]))
    targets = {names[edge["to"]] for edge in graph["edges"] if edge["from"] == start}
    assert ("endpoint", "POST /login") in targets
    assert any(kind == "user" for kind, _ in targets)


@pytest.mark.parametrize("part", ["", "/explanation", "/timeline", "/alerts", "/similar", "/graph"])
def test_nothing_is_known_of_an_unknown_incident(api, part):
    assert api.get(f"incidents/i-0{part}", 404)["status"] == 404


# ---------------------------------------------------------------------------------------- changing


def test_a_change_needs_the_version_that_was_read(api, incident):
    name, tag = incident
    path = f"incidents/{name}"
    assert api("PATCH", path, json={"status": "resolved"}).status_code == 428
    stale = {"If-Match": '"999"'}
    assert api("PATCH", path, json={"status": "resolved"}, headers=stale).status_code == 412
    done = api("PATCH", path, json={"status": "acknowledged", "assignee": "kim"},
               headers={"If-Match": tag})  # fmt: skip
    assert done.status_code == 200
    assert (done.json()["status"], done.json()["assignee"]) == ("acknowledged", "kim")
    assert done.headers["etag"] != tag
    assert api("PATCH", path, json={"status": "open"}, headers={"If-Match": tag}).status_code == 412
    again = api("PATCH", path, json={"status": "open", "assignee": None}, headers={"If-Match": "*"})
    assert again.json()["assignee"] is None


def test_what_detection_has_found_since_is_noticed(api, incident, live):
    name, tag = incident
    path = f"incidents/{name}"
    document = live.control.get_incident(name)
    grown = document | {"risk": document["risk"], "requests": document["requests"] + 1}
    live.control.put_incidents([grown])
    grown_tag = api("GET", path).headers["etag"]
    assert grown_tag != tag
    assert grown_tag.split(".")[0] == tag.split(".")[0]  # growth alone changes no mind
    assert api("PATCH", path, json={"verdict": None}, headers={"If-Match": tag}).status_code == 200
    tag = api("GET", path).headers["etag"]
    live.control.put_incidents([grown | {"attack_types": ["ssrf"]}])
    late = api("PATCH", path, json={"verdict": "benign"}, headers={"If-Match": tag})
    assert late.status_code == 412
    assert "detection has found more" in late.json()["detail"]
    now = api("GET", path).headers["etag"]
    assert (now.split("-")[0], now != tag) == (tag.split("-")[0], True)
    only_people = {"If-Match": tag.split("-")[0] + '"'}
    assert api("PATCH", path, json={"assignee": None}, headers=only_people).status_code == 200
    live.control.put_incidents([document])


@pytest.mark.parametrize(
    "body",
    [{}, {"status": "done"}, {"verdict": "bad"}, {"risk": 1}, {"assignee": ""}, [], "x",
     {"assignee": "x" * 300}],
)  # fmt: skip
def test_what_cannot_be_set_is_refused(api, incident, body):
    answer = api("PATCH", f"incidents/{incident[0]}", json=body, headers={"If-Match": "*"})
    assert answer.status_code == 422


def test_a_viewer_may_not_change_anything(open_client, live_app, incident):
    headers = headers_of(live_app, "read") | {"If-Match": "*"}
    path = f"/api/v1/incidents/{incident[0]}"
    for method, where, body in (
        ("PATCH", path, {"status": "open"}),
        ("POST", f"{path}/comments", {"text": "x"}),
        ("POST", f"{path}/feedback", {"verdict": "benign"}),
        ("POST", "/api/v1/incidents/bulk", {"ids": [incident[0]], "changes": {"status": "open"}}),
    ):
        assert open_client.request(method, where, headers=headers, json=body).status_code == 403


def test_comments_stay_and_are_text(api, incident):
    name, tag = incident
    text = "<b>not bold</b>\u202e"
    added = api("POST", f"incidents/{name}/comments", json={"text": text})
    assert added.status_code == 201
    assert added.json()["author"] == "key:test"
    detail = api("GET", f"incidents/{name}")
    assert detail.json()["comments"][-1]["text"] == text
    assert detail.headers["etag"] != tag
    assert api("POST", f"incidents/{name}/comments", json={"text": ""}).status_code == 422
    assert api("POST", "incidents/i-0/comments", json={"text": "x"}).status_code == 404


def test_feedback_sets_the_verdict_and_keeps_the_reason(api, incident, live):
    name, _ = incident
    body = {"verdict": "false_positive", "reason": "load test"}
    done = api("POST", f"incidents/{name}/feedback", json=body).json()
    assert done["verdict"] == "false_positive"
    assert done["comments"][-1]["text"] == "false_positive: load test"
    assert api("POST", f"incidents/{name}/feedback", json={"verdict": "x"}).status_code == 422
    assert api("POST", "incidents/i-0/feedback", json=body).status_code == 404
    assert live.control.audit_verify().good


def test_every_change_is_in_the_audit(api, incident, live):
    name, _ = incident
    api("PATCH", f"incidents/{name}", json={"status": "open"}, headers={"If-Match": "*"})
    entries = live.control.list_audit((Condition("target", Op.EQ, name),), Page("number"))
    assert entries.items[0]["actor"] == "key:test"
    assert entries.items[0]["action"] == "incident.patch"


def test_many_are_changed_at_once_and_failures_are_told(api, incidents):
    ids = [item["id"] for item in incidents[:3]]
    body = {"ids": [*ids, "i-0"], "changes": {"status": "resolved"}}
    told = api("POST", "incidents/bulk", json=body).json()
    assert told["done"] == ids
    assert [(failure["id"], failure["status"]) for failure in told["failed"]] == [("i-0", 404)]
    resolved = {row["id"] for row in api.everything("incidents", f="status:eq:resolved")}
    assert set(ids) <= resolved
    api("POST", "incidents/bulk", json={"ids": ids, "changes": {"status": "open"}})


def test_what_people_set_survives_what_detection_writes(api, incident, live):
    name, _ = incident
    api("PATCH", f"incidents/{name}", json={"assignee": "kim"}, headers={"If-Match": "*"})
    live.ticker.look(everything=True)
    live.recorder.barrier(30)
    assert api.get(f"incidents/{name}")["assignee"] == "kim"


def test_evidence_that_no_setting_is_named_after_counts_too():
    told = agreement([{"id": "of a name that no setting has"}], 10)
    assert told["consensus"] > 0
    assert told["agree"] == ["of a name that no setting has"]
