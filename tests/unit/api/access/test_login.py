import pytest
from tests.unit.api.conftest import ORIGIN, PASSWORD
from tests.unit.api.http_client import TestClient

from apisentinel.api.access.people import People


@pytest.fixture
def people(app):
    return People(app.state.accounts, app.state.clock)


@pytest.fixture
def alice(app, people):
    hashed = app.state.authenticator.passwords.hash_now(PASSWORD)
    return people.add(name="alice", role="analyst", password=hashed)


def log_in(client, **credentials):
    return client.post("/api/v1/login", json=credentials)


def test_the_one_time_token_works_once(client, app):
    token = app.state.authenticator.sessions.new_one_time_token()
    first, second = log_in(client, token=token), log_in(client, token=token)
    assert "one-time token was used" in second.json()["detail"]
    assert (first.status_code, first.json()["role"]) == (200, "admin")
    assert second.status_code == 401


def test_the_one_time_token_ends(client, app, clock, settings):
    token = app.state.authenticator.sessions.new_one_time_token()
    clock.advance(settings.server.sessions.token_hours * 3600)
    assert log_in(client, token=token).status_code == 401


def test_a_new_one_time_token_replaces_the_old_one(client, app):
    old = app.state.authenticator.sessions.new_one_time_token()
    app.state.authenticator.sessions.new_one_time_token()
    assert log_in(client, token=old).status_code == 401


def test_a_password_opens_a_session(client, alice):
    answer = log_in(client, name="alice", password=PASSWORD)
    assert answer.json()["permissions"] == ["read", "signed_in", "write"]
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie
    assert client.get("/api/v1/me").json()["csrf"] == answer.json()["csrf"]


def test_over_tls_the_cookie_is_bound_to_the_host(app, alice):
    with TestClient(app, base_url="https://127.0.0.1") as client:
        answer = log_in(client, name="alice", password=PASSWORD)
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-apisentinel=")
        assert "Secure" in cookie
        assert "Path=/" in cookie
        assert "Domain" not in cookie
        assert "strict-transport-security" in answer.headers


def test_wrong_names_and_wrong_passwords_look_the_same(client, alice):
    one = log_in(client, name="alice", password="wrong wrong wrong").json()
    other = log_in(client, name="mallory", password="wrong wrong wrong").json()
    assert one.pop("request_id") != other.pop("request_id")
    assert one == other


def test_failed_logins_are_in_the_audit(client, alice, accounts):
    log_in(client, name="alice", password="wrong wrong wrong")
    entry = accounts.entries[-1]
    assert (entry["action"], entry["target"], entry["result"]) == (
        "login",
        "user:alice",
        "refused 401",
    )
    assert "wrong wrong" not in str(entry)


def test_guessing_is_slowed_down(client, alice, settings):
    codes = [
        log_in(client, name="alice", password="wrong wrong wrong").status_code
        for _ in range(settings.server.limits.logins_per_minute + 1)
    ]
    assert codes[-1] == 429
    assert set(codes[:-1]) == {401}


def test_a_disabled_user_is_out_at_once(client, alice, people, app, key):
    log_in(client, name="alice", password=PASSWORD)
    answer = client.patch(
        f"/api/v1/users/{alice.id}",
        json={"disabled": True},
        headers=key("admin"),
    )
    assert answer.status_code == 200
    assert client.get("/api/v1/me").status_code == 401
    assert log_in(client, name="alice", password=PASSWORD).status_code == 401


def test_a_session_ends_when_unused_and_in_any_case(client, app, alice, clock):
    log_in(client, name="alice", password=PASSWORD)
    for _ in range(11):
        clock.advance(59 * 60)
        assert client.get("/api/v1/me").status_code == 200
    clock.advance(72 * 60)
    assert client.get("/api/v1/me").status_code == 401
    assert app.state.accounts.sessions() == []


def test_a_session_in_use_ends_after_its_hours(client, alice, clock):
    log_in(client, name="alice", password=PASSWORD)
    for _ in range(12):
        clock.advance(59 * 60)
        assert client.get("/api/v1/me").status_code == 200
    clock.advance(59 * 60)
    assert client.get("/api/v1/me").status_code == 401


def test_logging_in_again_ends_the_session_before(client, alice, app):
    log_in(client, name="alice", password=PASSWORD)
    old = client.cookies["apisentinel"]
    log_in(client, name="alice", password=PASSWORD)
    assert client.cookies["apisentinel"] != old
    assert len(app.state.accounts.sessions()) == 1


def test_logging_out_ends_the_session(client, alice, app):
    csrf = log_in(client, name="alice", password=PASSWORD).json()["csrf"]
    assert client.post("/api/v1/logout").status_code == 403
    assert client.post("/api/v1/logout", headers={"X-CSRF-Token": csrf}).status_code == 204
    assert app.state.accounts.sessions() == []


def test_pages_of_others_cannot_write(client, session):
    headers = session("admin") | {"Origin": "https://attacker.example"}
    answer = client.post("/api/v1/logout", headers=headers)
    assert answer.status_code == 403
    login = client.post(
        "/api/v1/login", json={"token": "x"}, headers={"Origin": "https://attacker.example"}
    )
    assert login.status_code == 403


def test_one_changes_ones_own_password(client, alice):
    csrf = log_in(client, name="alice", password=PASSWORD).json()["csrf"]
    headers = {"X-CSRF-Token": csrf, "Origin": ORIGIN}
    wrong = {"current": "not the password", "new": "another long password"}
    assert client.post("/api/v1/me/password", json=wrong, headers=headers).status_code == 403
    right = {"current": PASSWORD, "new": "another long password"}
    assert client.post("/api/v1/me/password", json=right, headers=headers).status_code == 204
    assert client.get("/api/v1/me").status_code == 401
    assert log_in(client, name="alice", password="another long password").status_code == 200


def test_a_ticket_opens_the_stream_once(client, app, key, clock, settings):
    ticket = client.post("/api/v1/stream/ticket", headers=key("read")).json()["ticket"]
    sessions = app.state.authenticator.sessions
    assert sessions.use_ticket(ticket).scopes == {"read"}
    assert sessions.use_ticket(ticket) is None
    late = client.post("/api/v1/stream/ticket", headers=key("read")).json()["ticket"]
    clock.advance(settings.server.sessions.ticket_seconds)
    assert sessions.use_ticket(late) is None


def test_sessions_survive_a_restart_and_cookies_are_kept_nowhere(client, app, alice):
    log_in(client, name="alice", password=PASSWORD)
    token = client.cookies["apisentinel"]
    stored = app.state.accounts.sessions()[0]
    assert token.encode() not in stored.digest
    app.state.authenticator.sessions._sessions.clear()
    app.state.authenticator.sessions.reload()
    assert client.get("/api/v1/me").json()["name"] == "alice"
