"""Whatever is asked of the routes that read, they answer as their description says."""

import urllib.parse

import pytest
from fastapi.routing import iter_route_contexts
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from tests.unit.api.live_service import headers_of

from apisentinel.api.query.fields import RESOURCES

TAGS = {"figures", "events", "alerts", "incidents", "entities", "endpoints", "views", "exports"}

NAMES = sorted({name for resource in RESOURCES.values() for name in resource.fields})
ODD = st.sampled_from(
    ["", " ", "0", "-1", "null", "%", "%00", "../..", "'", '"', "\\", "\u202e", "\ufffd",
     "x" * 3000, "a,b", "~", "~!!", "~QQ", "now", "now-15m", "1e309",
     "-9223372036854775809", "[]", "{}", "*"]
)  # fmt: skip
TEXTS = ODD | st.text(max_size=40) | st.sampled_from(NAMES)
CONDITIONS = st.builds(
    "{}:{}:{}".format,
    st.sampled_from(NAMES),
    st.sampled_from(["eq", "ne", "in", "gte", "lte", "has", "prefix", "re", "cidr", "x"]),
    ODD | st.text(max_size=20) | st.integers().map(str),
)


@pytest.fixture(scope="module")
def operations(live_app):
    """Routes that read, with their descriptions and shapes."""
    shapes = {
        route.path.replace(":path}", "}"): route.response_model
        for route in iter_route_contexts(live_app.routes)
        if "GET" in (route.methods or ()) and getattr(route, "response_model", None) is not None
    }
    found = [
        (path, methods["get"], shapes.get(path))
        for path, methods in live_app.openapi()["paths"].items()
        if "get" in methods and TAGS & set(methods["get"].get("tags", ()))
    ]
    assert len(found) >= 25
    return found


PATHS = {
    "incident_id": TEXTS,
    "alert_id": TEXTS,
    "event_id": TEXTS,
    "kind": st.sampled_from(["client", "user", "session", "network", "endpoint", "x"]),
    "entity_id": TEXTS,
    "endpoint_id": TEXTS,
    "of": st.sampled_from([*sorted(RESOURCES), "x"]),
}
QUERIES = {
    "f": st.lists(CONDITIONS | TEXTS, max_size=3),
    "limit": st.integers(-1, 501) | TEXTS,
    "points": st.integers(0, 700) | TEXTS,
    "rows": st.integers(-1, 600) | TEXTS,
    "of": st.sampled_from([*sorted(RESOURCES), "x"]),
    "kind": st.sampled_from(["client", "user", "session", "network", "endpoint", "x"]),
    "format": st.sampled_from(["csv", "ndjson", "x"]),
    **dict.fromkeys(
        ("from", "to", "sort", "cursor", "cols", "group", "fields"), TEXTS | st.text(max_size=8)
    ),
}


def encoded(text):
    """A text as one or more segments of an address."""
    return urllib.parse.quote(text.encode("utf-8", "replace"), safe="/") or "x"


@given(
    st.integers(0, 24),
    st.fixed_dictionaries(PATHS),
    st.fixed_dictionaries({}, optional=QUERIES),
)
@settings(max_examples=300)
def test_no_question_is_answered_in_a_way_that_is_not_described(api, operations, at, path, query):
    address, operation, shape = operations[at]
    known = {parameter["name"] for parameter in operation.get("parameters", [])}
    for name, value in path.items():
        address = address.replace("{" + name + "}", encoded(value))
    given_query = {name: value for name, value in query.items() if name in known}
    answer = api("GET", address.removeprefix("/api/v1/"), params=given_query)
    # an odd value may make the address one of another route, or of none
    assert answer.status_code in {200, 400, 404, 405, 422}, answer.text
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
        assert str(answer.status_code) in {*operation["responses"], "404", "405", "400"}
    elif shape is not None and "{" not in operations[at][0]:
        TypeAdapter(shape).validate_json(answer.content)


def test_every_shape_is_what_is_answered(api, operations):
    incident = api.get("incidents", limit=1)["items"][0]["id"]
    alert = api.get("alerts", limit=1)["items"][0]["id"]
    values = {"incident_id": incident, "alert_id": alert, "event_id": "e1-0", "kind": "client",
              "entity_id": "203.0.113.0", "endpoint_id": "POST /login", "of": "alerts"}  # fmt: skip
    for path, _, shape in operations:
        address = path.format(**values).removeprefix("/api/v1/")
        answer = api("GET", address)
        assert answer.status_code == 200, address
        if shape is not None:
            TypeAdapter(shape).validate_json(answer.content)


def test_nothing_of_it_is_there_for_those_who_may_not_read(open_client, live_app, operations):
    headers = headers_of(live_app, "ingest")
    for path, _, _ in operations:
        for part in ("{incident_id}", "{alert_id}", "{event_id}", "{kind}", "{entity_id}",
                     "{endpoint_id}", "{of}"):  # fmt: skip
            path = path.replace(part, "alerts")  # noqa: PLW2901 (filled step by step)
        assert open_client.get(path).status_code == 401
        assert open_client.get(path, headers=headers).status_code == 403
