"""Bundles over HTTP: who may see them, who may switch them, what a threshold would have meant."""

import json

import pytest
from tests.unit.api.live_service import headers_of
from tests.unit.pipeline.live.live_traffic import requests

from apisentinel.clock import SystemClock
from apisentinel.pipeline.learned import trust_folder
from apisentinel.pipeline.learned_profile import ProfileLearner
from apisentinel.pipeline.learning import TrainSettings, train


@pytest.fixture
def registry(live, tmp_path, monkeypatch):
    """The registry of the service, which trusts keys of this test alone, emptied at the end."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    yield live.models.registry
    for entry in live.models.registry.read().entries:
        if entry.state in ("active", "shadow"):
            live.models.registry.retire(entry.id, "test")
        live.models.registry.remove(entry.id, "test")


@pytest.fixture
def added(live, registry, tmp_path, monkeypatch):
    """Ids of two bundles."""
    settings = live.settings.detection
    folder = trust_folder(settings)
    monkeypatch.setattr(registry, "trust", lambda: _trust(folder))
    monkeypatch.setattr(registry, "check", lambda _: None)
    ids = []
    for seed in (1, 2):
        log = tmp_path / f"{seed}.ndjson"
        rows = [row for row in requests(800, seed=seed) if "ts" in row]
        log.write_text("".join(json.dumps(row) + "\n" for row in rows))
        training = TrainSettings(trials=0, seed=seed)
        learner = ProfileLearner(settings, training)
        output = tmp_path / f"bundle{seed}"
        train([str(log)], output, settings, training, SystemClock(), learners=[learner])
        ids.append(registry.add(output, "test").id)
    return ids


def _trust(folder):
    from apisentinel.models.trust import TrustStore  # noqa: PLC0415 (only here)

    return TrustStore.load(folder)


@pytest.fixture
def admin(open_client, live_app):
    headers = headers_of(live_app, "admin")

    def call(method, path, status=200, **body):
        answer = open_client.request(method, f"/api/v1/{path}", headers=headers, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    return call


def test_bundles_are_listed_shown_and_compared(api, added):
    listed = api.get("models")
    assert {row["id"] for row in listed["items"]} == set(added)
    assert listed["total"] == 2
    assert not listed["pinned"]
    assert [step["state"] for step in listed["history"]][:2] == ["candidate", "candidate"]
    shown = api.get(f"models/{added[0]}")
    assert shown["about"]["seed"] == 1
    assert "profile/endpoints.safetensors" in shown["parts"]
    found = api.get(f"models/{added[0]}/diff", other=added[1])["differences"]
    assert found["seed"] == [1, 2]
    api.get("models/ffffffffffffffff", status=404)


def test_only_admins_switch_and_every_switch_is_audited(api, admin, added):
    answer = api("POST", f"models/{added[0]}/activate", json={})
    assert answer.status_code == 403
    assert admin("POST", f"models/{added[0]}/activate", why="better")["state"] == "active"
    assert admin("POST", f"models/{added[1]}/shadow")["state"] == "shadow"
    admin("POST", f"models/{added[1]}/activate")
    assert next(row["id"] for row in admin("POST", "models/rollback")["items"]) == added[0]
    admin("DELETE", f"models/{added[0]}", 404)
    actions = [entry["action"] for entry in admin("GET", "audit")["items"]]
    assert {"model.activate", "model.shadow", "model.rollback", "model.remove"} <= set(actions)


def test_the_monitor_is_plain_data(api):
    told = api.get("models/monitor")
    assert len(told["scores"]["counts"]) == 100


def test_a_threshold_is_tried_on_stored_incidents(api):
    everything = api("POST", "thresholds/simulate", json={"threshold": 0, "days": 90}).json()
    nothing = api("POST", "thresholds/simulate", json={"threshold": 100, "days": 90}).json()
    assert everything["alarms"] == everything["incidents"] == sum(everything["risks"])
    assert nothing["alarms"] == everything["risks"][100]
    answer = api("POST", "thresholds/simulate", json={"threshold": 101})
    assert answer.status_code == 422
