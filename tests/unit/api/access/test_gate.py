"""Every route × every role and scope, as the application declares them."""

import pytest

from apisentinel.api.access.gate import ROLES, SCOPES, declared_permissions

PUBLIC = {
    "/api/v1/health",
    "/api/v1/login",
    "/livez",
    "/readyz",
    "/services/collector/health",
    "/services/collector/health/1.0",
}
"""What anybody may do, and nothing else."""

HARMLESS = {
    "/api/v1/stream/ticket",
    "/api/v1/logout",
    "/api/v1/me/password",
    "/api/v1/login",
    "/api/v1/me/preferences",
    "/api/v1/thresholds/simulate",
}
"""Writes that concern nobody but the one who asks."""

KEYS_ONLY = "/services/collector"
"""Senders of events have keys, browsers have no business there."""

OWN = ("/api/v1/views", "/api/v1/exports", "/api/v1/searches")
"""Writes of one's own views, which whoever may read has."""


def routes(app):
    return [
        (method, route.path, route.permission)
        for route in declared_permissions(app.routes)
        for method in sorted(route.methods - {"HEAD", "WEBSOCKET"})
    ]


def outcome(client, method, path, headers):
    # letters that fit ids as well as names
    for name in ("{", "}"):
        path = path.replace(name, "")
    status = client.request(method, path, headers=headers).status_code
    return {401: "unknown", 403: "refused"}.get(status, "passed")


@pytest.fixture
def app(app):
    # the rates are not what is tested here
    for rate in (app.state.limits.anonymous, app.state.limits.keys, app.state.limits.logins):
        rate.change(10_000_000)
    return app


def test_every_route_declares_one_known_permission(app):
    known = {"public", "metrics"}.union(*ROLES.values(), *SCOPES.values())
    assert [route for route in routes(app) if route[2] not in known] == []
    assert len(routes(app)) > 40


def test_only_listed_routes_are_open(app):
    assert {path for _, path, permission in routes(app) if permission == "public"} == PUBLIC


def test_nobody_changes_things_with_the_right_to_read(app):
    loose = [
        (method, path)
        for method, path, permission in routes(app)
        if method not in {"GET", "HEAD"}
        and permission in {"read", "public", "signed_in", "metrics"}
        and path not in HARMLESS
        and not path.startswith(OWN)
    ]
    assert loose == []


@pytest.mark.parametrize("role", sorted(ROLES))
def test_roles_pass_where_their_permissions_say(client, app, session, role):
    wrong = []
    headers = session(role)
    for method, path, permission in routes(app):
        if path in HARMLESS:
            continue
        allowed = permission in ROLES[role] | {"public", "metrics"}
        got = outcome(client, method, path, headers)
        if path.startswith(KEYS_ONLY) and permission == "ingest":
            assert got == "unknown"
            continue
        if (got == "passed") is not allowed or got == "unknown":
            wrong.append((method, path, permission, got))
    assert wrong == []


@pytest.mark.parametrize("scope", sorted(SCOPES))
def test_keys_pass_where_their_scopes_say(client, app, key, scope):
    headers = key(scope)
    wrong = []
    for method, path, permission in routes(app):
        if path in HARMLESS:
            continue
        allowed = permission in SCOPES[scope] | {"public", "metrics"}
        got = outcome(client, method, path, headers)
        if (got == "passed") is not allowed or got == "unknown":
            wrong.append((method, path, permission, got))
    assert wrong == []


def test_nobody_in_particular_is_asked_for_a_key(client, app):
    wrong = []
    for method, path, permission in routes(app):
        if path in HARMLESS:
            continue
        got = outcome(client, method, path, {})
        expected = "passed" if permission in {"public", "metrics"} else "unknown"
        if got != expected:
            wrong.append((method, path, permission, got))
    assert wrong == []


def test_a_session_without_its_csrf_header_changes_nothing(client, app, session):
    headers = session("admin")
    del headers["X-CSRF-Token"]
    writes = [
        (method, path)
        for method, path, permission in routes(app)
        if method not in {"GET", "HEAD"} and path != "/api/v1/login" and permission != "ingest"
    ]
    assert [each for each in writes if outcome(client, *each, headers) != "refused"] == []


def test_metrics_need_a_key_beyond_the_loopback(client, service, key, settings):
    server = settings.server.model_copy(update={"host": "0.0.0.0"})
    service.settings = settings.model_copy(update={"server": server})
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers=key("read")).status_code == 200
