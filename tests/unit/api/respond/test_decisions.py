"""Decisions are tried on stored traffic, guarded, kept with an end, audited and told."""

import pytest
from tests.unit.api.live_service import headers_of

from apisentinel.clock import ManualClock
from apisentinel.pipeline.response_settings import ResponseSettings
from apisentinel.storage.query import Page

VICTIM = "198.51.100.7"


@pytest.fixture
def decide(api, live, live_app):
    """Tries or makes a decision at the time of the traffic; what is made is lifted at the end."""
    last = live.events.list_events([], Page("ts", limit=1)).items[0]["ts"]
    usual = live_app.state.clock
    live_app.state.clock = ManualClock(last + 1_000_000)
    made: list[str] = []

    def make(status=201, *, dry_run=False, **wanted):
        body = {"scope": "client", "value": VICTIM, "action": "block", "duration_seconds": 900,
                "reason": "seen in a test", **wanted}  # fmt: skip
        params = {"dry_run": "1"} if dry_run else {}
        answer = api("POST", "decisions", json=body, params=params)
        assert answer.status_code == status, answer.text
        if status == 201:
            made.append(answer.json()["id"])
        return answer.json()

    yield make
    for name in made:
        api("DELETE", f"decisions/{name}")
    live_app.state.clock = usual


@pytest.fixture
def busiest(api):
    """The client with most requests and one without any alert."""
    alerted = {row["entity"]["id"] for row in api.everything("alerts", f="entity_kind:eq:client")}
    counts = api.get("facets", fields="client", limit=100)["facets"][0]["values"]
    return (
        next(each["value"] for each in counts if each["value"] in alerted),
        next(each["value"] for each in counts if each["value"] not in alerted),
    )


def test_a_decision_is_listed_with_its_end_and_can_be_lifted(api, decide):
    made = decide(value="192.88.99.8")
    assert made["state"] == "active"
    assert made["enforcement"] == "none"
    assert made["expires"] == made["ends"] > made["created"]
    listed = api.get("decisions", f=["scope:eq:client", "value:cidr:192.88.99.8/32"])
    assert listed["total"] == 1
    assert listed["items"] == [made]
    assert api.get(f"decisions/{made['id']}") == made
    lifted = api("DELETE", f"decisions/{made['id']}").json()
    assert lifted["state"] == "lifted"
    assert lifted["lifted_by"] == "key:test"
    assert api("DELETE", f"decisions/{made['id']}").status_code == 404
    mine = "value:eq:192.88.99.8"
    assert api.get("decisions", active="true", f=mine)["total"] == 0
    assert api.get("decisions", active="false", f=mine)["items"][0]["id"] == made["id"]


def test_decisions_have_pages_facets_and_files(api, decide):
    names = {decide(value=f"192.88.99.{k}")["id"] for k in range(20, 25)}
    here = "value:cidr:192.88.99.16/28"
    rows = api.everything("decisions", limit=2, active="true", sort="value", f=here)
    assert {row["id"] for row in rows} == names
    assert [row["value"] for row in rows] == sorted(row["value"] for row in rows)
    facet = api.get("facets", of="decisions", fields="action", f="value:cidr:192.88.99.16/28")
    assert facet["facets"][0]["values"][0] == {"value": "block", "count": 5}
    file = api("GET", "exports/decisions", params={"f": "value:eq:192.88.99.20"})
    assert "192.88.99.20" in file.text


def test_a_dry_run_tells_what_would_have_been_hit_and_decides_nothing(api, decide, busiest):
    before = api.get("decisions")["total"]
    guilty, quiet = busiest
    tried = decide(200, dry_run=True, value=guilty)
    count = api.get("events", f=f"client:eq:{guilty}")["total"]
    assert tried["preview"]["requests"] == count > 0
    assert tried["preview"]["total_requests"] == api.get("events")["total"]
    assert tried["preview"]["clients_without_alert"] == 0
    assert tried["allowed"]
    tried = decide(200, dry_run=True, value=quiet)
    assert tried["preview"]["requests_without_alert"] == tried["preview"]["requests"] > 0
    assert tried["preview"]["examples_without_alert"][0]["client"] == quiet
    assert api.get("decisions")["total"] == before


def test_traffic_of_clients_without_an_alert_is_protected(api, decide):
    endpoint = api.get("facets", fields="endpoint")["facets"][0]["values"][0]["value"]
    refused = decide(409, scope="endpoint", value=endpoint)
    assert [each["code"] for each in refused["objections"]] == ["share"]
    tried = decide(200, dry_run=True, scope="endpoint", value=endpoint)
    assert not tried["allowed"]
    assert decide(scope="endpoint", value=endpoint, action="watch")["state"] == "active"


@pytest.mark.parametrize("value", ["127.0.0.1", "10.1.2.3", "192.168.7.7", "::1", "fd00::7"])
def test_allowed_networks_are_protected(decide, value):
    codes = [each["code"] for each in decide(409, value=value)["objections"]]
    assert "allowed_range" in codes


def test_a_network_around_an_allowed_one_is_protected(live, decide, monkeypatch):
    settings = live.settings.model_copy(
        update={"response": ResponseSettings(allow=("203.0.113.77/32",))}
    )
    monkeypatch.setattr(live, "settings", settings)
    assert decide(409, scope="network", value="203.0.113.0/24")["objections"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"value": "not an address"},
        {"value": ""},
        {"scope": "network", "value": "203.0.0.0/8"},
        {"scope": "network", "value": "2001:db8::/16"},
        {"action": "revoke_session"},
        {"action": "explode"},
        {"duration_seconds": 0},
        {"duration_seconds": None},
        {"reason": ""},
        {"more": 1},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(decide, wrong):
    decide(422, **wrong)


def test_there_is_always_an_end_and_only_admins_go_far(api, decide, live_app):
    decide(403, duration_seconds=8 * 86_400)
    body = {"scope": "client", "value": VICTIM, "action": "watch", "reason": "long",
            "duration_seconds": 8 * 86_400}  # fmt: skip
    admin = headers_of(live_app, "admin")
    answer = api("POST", "decisions", json=body, headers=admin)
    assert answer.status_code == 201
    assert api("DELETE", f"decisions/{answer.json()['id']}").status_code == 200


def test_the_same_is_not_decided_twice(decide):
    decide(value="198.51.100.99")
    assert "in force already" in decide(409, value="198.51.100.99")["detail"]


def test_an_unknown_incident_is_refused(decide):
    decide(404, incident="i-none")


def test_who_may_not_respond_may_not_decide(api, live_app, decide):
    reader = headers_of(live_app, "read")
    body = {"scope": "client", "value": VICTIM, "action": "watch", "reason": "no",
            "duration_seconds": 60}  # fmt: skip
    assert api("POST", "decisions", json=body, headers=reader).status_code == 403
    assert api("POST", "decisions?dry_run=1", json=body, headers=reader).status_code == 403


def test_every_decision_is_audited_refused_ones_too(live, api, decide):
    decide(409, value="127.0.0.1")
    made = decide(value="198.51.100.50")
    entries = live.control.list_audit([], Page("number", limit=2)).items
    assert entries[0]["action"] == "decision.create"
    assert entries[0]["detail"]["decision"] == made["id"]
    assert entries[1]["result"] == "refused 409"


def test_decisions_are_told_on_the_stream(live, decide):
    with live.bus.subscribe(["decisions"]) as watcher:
        made = decide(value="198.51.100.60")
        messages, _ = watcher.get_nowait()
    assert [item["id"] for message in messages for item in message.items] == [made["id"]]


def test_hits_count_what_came_since(api, decide, busiest, live_app):
    now = live_app.state.clock.now()
    live_app.state.clock = ManualClock(now - 86_400_000_000)
    made = decide(value=busiest[0], action="watch", duration_seconds=2 * 86_400)
    assert api.get(f"decisions/{made['id']}/hits")["requests"] == 0
    live_app.state.clock = ManualClock(now)
    hits = api.get(f"decisions/{made['id']}/hits")
    assert hits["requests"] == api.get("events", f=f"client:eq:{busiest[0]}")["total"]
    assert hits["clients"] == 1
