from types import SimpleNamespace

import pytest
from tests.unit.api.conftest import PASSWORD

from apisentinel.api.access.keyring import KeyRing
from apisentinel.api.access.secret import Secret
from apisentinel.api.app import create_app


@pytest.fixture
def admin(key):
    return key("admin")


def made(client, admin, **wanted):
    answer = client.post("/api/v1/keys", json={"name": "ci", **wanted}, headers=admin)
    assert answer.status_code == 201
    return answer.json()


def test_a_key_is_told_once_and_kept_nowhere(client, admin, accounts):
    new = made(client, admin, scopes=["read"])
    text = new["key"]
    assert client.get("/api/v1/me", headers={"X-Api-Key": text}).json()["scopes"] == ["read"]
    listed = client.get("/api/v1/keys", headers=admin)
    secret = text.partition(".")[2]
    assert len(secret) >= 43
    assert secret not in listed.text
    assert all(secret.encode() not in each.digest for each in accounts.api_keys())
    assert secret not in str(accounts.entries)


def test_a_revoked_key_is_dead_at_once(client, admin):
    new = made(client, admin, scopes=["read"])
    assert client.delete(f"/api/v1/keys/{new['id']}", headers=admin).json()["state"] == "revoked"
    assert client.get("/api/v1/me", headers={"X-Api-Key": new["key"]}).status_code == 401


def test_a_key_ends(client, admin, clock):
    new = made(client, admin, scopes=["read"], expires_days=1)
    headers = {"X-Api-Key": new["key"]}
    clock.advance(86_399)
    assert client.get("/api/v1/me", headers=headers).status_code == 200
    clock.advance(1)
    assert client.get("/api/v1/me", headers=headers).status_code == 401


def test_a_rotated_key_works_on_for_the_overlap(client, admin, clock):
    old = made(client, admin, scopes=["read"])
    new = client.post(
        f"/api/v1/keys/{old['id']}/rotate", json={"overlap_seconds": 60}, headers=admin
    ).json()
    assert (new["name"], new["scopes"]) == ("ci", ["read"])
    for text in (old["key"], new["key"]):
        assert client.get("/api/v1/me", headers={"X-Api-Key": text}).status_code == 200
    clock.advance(60)
    assert client.get("/api/v1/me", headers={"X-Api-Key": old["key"]}).status_code == 401
    assert client.get("/api/v1/me", headers={"X-Api-Key": new["key"]}).status_code == 200


def test_when_a_key_was_last_used_is_noted_in_batches(client, admin, clock, accounts):
    new = made(client, admin, scopes=["read"])
    headers = {"X-Api-Key": new["key"]}
    client.get("/api/v1/me", headers=headers)

    def last_used():
        return next(each.last_used for each in accounts.api_keys() if each.id == new["id"])

    assert last_used() is None
    clock.advance(31)
    client.get("/api/v1/me", headers=headers)
    assert last_used() == clock.now()


def test_a_key_made_elsewhere_works_and_one_revoked_elsewhere_dies(client, app, clock):
    other = KeyRing(app.state.accounts, Secret(bytes(32)), clock)
    text, key = other.create(name="cli", scopes=("read",), actor="command line")
    clock.advance(0.2)
    assert client.get("/api/v1/me", headers={"X-Api-Key": text}).status_code == 200
    other.revoke(key.id)
    clock.advance(2.1)
    assert client.get("/api/v1/me", headers={"X-Api-Key": text}).status_code == 401


def test_wrong_keys_share_the_looks_at_the_store(client, accounts, app, clock):
    before = accounts.looks
    for number in range(20):
        clock.advance(0.001)
        client.get("/api/v1/me", headers={"X-Api-Key": f"aps_{number}.x"})
    assert accounts.looks - before <= 20


def test_wrong_keys_are_slowed_down(client, settings):
    burst = settings.server.limits.anonymous_per_minute // 5
    codes = {client.get("/api/v1/me").status_code for _ in range(burst)}
    assert codes == {401}
    assert client.get("/api/v1/me").status_code == 429


@pytest.mark.parametrize(
    "wanted",
    [
        {"name": "", "scopes": ["read"]},
        {"name": "a", "scopes": []},
        {"name": "a", "scopes": ["everything"]},
        {"name": "a\n", "scopes": ["read"]},
        {"name": "a", "scopes": ["read"], "expires_days": 0},
        {"name": "a", "scopes": ["read"], "extra": 1},
    ],
)
def test_keys_that_cannot_be(client, admin, wanted):
    assert client.post("/api/v1/keys", json=wanted, headers=admin).status_code == 422


def test_every_change_of_a_key_is_in_the_audit(client, admin, accounts):
    new = made(client, admin, scopes=["read"])
    client.post(f"/api/v1/keys/{new['id']}/rotate", headers=admin)
    client.delete(f"/api/v1/keys/{new['id']}", headers=admin)
    client.delete("/api/v1/keys/nothing", headers=admin)
    assert [(entry["action"], entry["result"]) for entry in accounts.entries] == [
        ("key.create", "done"),
        ("key.rotate", "done"),
        ("key.revoke", "done"),
        ("key.revoke", "refused 404"),
    ]
    assert {entry["actor"] for entry in accounts.entries} == {"key:test"}


def user(client, admin, name="bob", role="viewer", password=PASSWORD):
    return client.post(
        "/api/v1/users", json={"name": name, "role": role, "password": password}, headers=admin
    )


def test_users_are_added_changed_and_kept_out(client, admin, accounts):
    bob = user(client, admin).json()
    assert PASSWORD not in str(accounts.entries)
    assert accounts.users()[0].password.startswith("$argon2id$")
    path = f"/api/v1/users/{bob['id']}"
    assert client.patch(path, json={"role": "analyst"}, headers=admin).json()["role"] == "analyst"
    assert client.delete(path, headers=admin).json()["disabled"] is not None
    assert client.get("/api/v1/users", headers=admin).json()["total"] == 1
    assert [entry["action"] for entry in accounts.entries] == [
        "user.add",
        "user.change",
        "user.disable",
    ]


def test_the_last_admin_stays(client, admin):
    one = user(client, admin, "root", "admin").json()
    path = f"/api/v1/users/{one['id']}"
    assert client.patch(path, json={"role": "viewer"}, headers=admin).status_code == 409
    assert client.delete(path, headers=admin).status_code == 409
    user(client, admin, "root2", "admin")
    assert client.delete(path, headers=admin).status_code == 200


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"name": "bob"}, 409),
        ({"name": " eve"}, 422),
        ({"name": "setup"}, 422),
        ({"role": "king"}, 422),
        ({"password": "short"}, 422),
    ],
)
def test_users_that_cannot_be(client, admin, change, status):
    user(client, admin)
    wanted = {"name": "eve", "role": "viewer", "password": PASSWORD, **change}
    assert client.post("/api/v1/users", json=wanted, headers=admin).status_code == status


def test_settings_are_shown_and_the_few_that_change_live_do(client, admin, app, accounts, service):
    shown = client.get("/api/v1/settings", headers=admin).json()
    assert shown["settings"]["server"]["host"] == "127.0.0.1"
    name = "server.limits.anonymous_per_minute"
    assert name in shown["changeable"]
    answer = client.put("/api/v1/settings", json={"changes": {name: 5}}, headers=admin)
    assert answer.json()["changed"] == {name: 5}
    assert client.get("/api/v1/health").status_code == 200
    assert client.get("/api/v1/health").status_code == 429
    taken_back = client.put("/api/v1/settings", json={"changes": {name: None}}, headers=admin)
    assert taken_back.json()["changed"] == {}
    assert [entry["action"] for entry in accounts.entries] == ["settings.change"] * 2


def test_changed_settings_survive_a_restart(client, admin, service, accounts, clock):
    name = "server.limits.key_per_minute"
    client.put("/api/v1/settings", json={"changes": {name: 50}}, headers=admin)
    again = create_app(service, accounts=accounts, secret=Secret(bytes(32)), clock=clock)
    assert [again.state.limits.keys.wait("me") > 0 for _ in range(11)] == [False] * 10 + [True]


@pytest.mark.parametrize(
    "changes", [{"server.host": 1}, {"server.limits.key_per_minute": 0}, {"nonsense": None}]
)
def test_settings_that_cannot_change(client, admin, changes):
    answer = client.put("/api/v1/settings", json={"changes": changes}, headers=admin)
    assert answer.status_code == 422


def test_the_audit_can_be_read_and_verified(client, admin, control, service, app):
    app.state.accounts = control
    made(client, admin, scopes=["read"])
    entries = client.get("/api/v1/audit", headers=admin).json()
    assert entries["items"][0]["action"] == "key.create"
    verdict = client.get("/api/v1/audit/verify", headers=admin).json()
    assert (verdict["ok"], verdict["entries"]) == (True, 1)


def test_sources_that_wait_are_told(client, key, service):
    service.counters.count("http", accepted=2, rejected=1)
    service.counters.count("nginx", accepted=1)
    service.sources.states = lambda: [
        SimpleNamespace(name="nginx", kind="file", place="/x", problem="", running=True),
        SimpleNamespace(name="fw", kind="syslog", place="udp", problem="denied", running=True),
    ]
    items = client.get("/api/v1/sources", headers=key("read")).json()["items"]
    states = {item["name"]: (item["state"], item["received"]) for item in items}
    assert states["http"] == ("receiving", 3)
    assert states["hec"] == ("waiting for the first event", 0)
    assert states["nginx"] == ("receiving", 1)
    assert states["fw"] == ("failing", 0)
