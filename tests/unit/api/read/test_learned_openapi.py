"""What was seen becomes a description that a tool for OpenAPI can read."""

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from apisentinel.api.read.learned_openapi import Seen, learned_openapi, schema_of


def seen(method="GET", host="shop.example", route="/orders/{id}", **more):
    known = {
        "paths": ["/orders/7", "/orders/12"],
        "queries": ["page=1", "page=2&q=a"],
        "statuses": [(200, 2)],
    }
    return Seen(method, host, route, **(known | more))


def check(document):
    """The rules of the specification that such a document could break."""
    json.dumps(document)
    for route, item in document["paths"].items():
        assert route.startswith("/")
        names = re.findall(r"\{([^{}/]*)\}", route)
        assert len(set(names)) == len(names)
        for operation in item.values():
            parameters = operation.get("parameters", [])
            placed = {(each["in"], each["name"]) for each in parameters}
            assert len(placed) == len(parameters)
            assert {name for where, name in placed if where == "path"} == set(names)
            assert operation["responses"]
    ids = [one["operationId"] for item in document["paths"].values() for one in item.values()]
    assert all(ids)


def test_types_come_from_what_was_sent():
    document = learned_openapi([seen()], "1.2.3")
    check(document)
    operation = document["paths"]["/orders/{id}"]["get"]
    where = {each["name"]: each for each in operation["parameters"]}
    assert where["id"]["schema"] == {"type": "integer", "format": "int64"}
    assert where["page"]["required"] is True
    assert where["page"]["x-seen"]["range"] == {"least": 1, "most": 2}
    assert where["q"]["required"] is False
    assert where["q"]["schema"] == {"type": "string"}
    assert operation["responses"] == {"200": {"description": "seen 2 times"}}
    assert document["servers"] == [{"url": "https://shop.example"}]


def test_what_somebody_tried_once_is_no_part_of_the_api():
    queries = ["page=1"] * 300 + ["debug=true"]
    document = learned_openapi([seen(queries=queries)], "1")
    names = {each["name"] for each in document["paths"]["/orders/{id}"]["get"]["parameters"]}
    assert names == {"id", "page"}


def test_values_of_strangers_are_not_told():
    document = learned_openapi([seen(queries=["q=secret-of-somebody"] * 9)], "1")
    assert "secret-of-somebody" not in json.dumps(document)


def test_equal_names_and_hosts_are_told_apart():
    twice = seen(route="/users/{id}/orders/{id}", paths=["/users/ann/orders/7"] * 3)
    document = learned_openapi([twice, seen(host="other.example"), seen(), seen("PURGE")], "1")
    check(document)
    operation = document["paths"]["/users/{id}/orders/{id2}"]["get"]
    assert [each["schema"]["type"] for each in operation["parameters"][:2]] == ["string", "integer"]
    assert document["paths"]["/orders/{id}"]["get"]["x-hosts"] == ["other.example", "shop.example"]
    assert document["x-left-out"] == 1


def test_flags_that_json_does_not_know_are_text():
    assert schema_of({"flag": 9}, ["true", "false"]) == {"type": "boolean"}
    assert schema_of({"flag": 9}, ["yes"]) == {"type": "string"}
    assert schema_of({"integer": 5, "number": 5}) == {"type": "number"}
    assert schema_of({}) == {"type": "string"}


@given(
    st.lists(
        st.builds(
            Seen,
            st.sampled_from(["GET", "POST", "PURGE", ""]),
            st.text(max_size=10),
            st.lists(
                st.sampled_from(["a", "{id}", "{}", "{a b}", "{id}.json", "}{"]), max_size=5
            ).map(lambda steps: "/" + "/".join(steps)),
            st.lists(st.none() | st.text(max_size=20), max_size=3),
            st.lists(st.none() | st.text(max_size=20), max_size=3),
            st.lists(st.tuples(st.none() | st.integers(0, 999), st.integers(0, 9)), max_size=3),
        ),
        max_size=5,
    )
)
def test_whatever_was_seen_the_document_keeps_the_rules(endpoints):
    check(learned_openapi(endpoints, "1", demo=True))


def test_the_service_describes_one_endpoint_and_all(api):
    name = api.get("endpoints", limit=50)["items"][0]["endpoint"]
    one = api.get(f"endpoints/{name}/openapi")
    check(one)
    assert sum(len(item) for item in one["paths"].values()) <= 1
    every = api.get("exports/openapi")
    check(every)
    assert len(every["paths"]) > 3
    assert api.get("endpoints/GET /nowhere/openapi", 404)["status"] == 404


def test_the_service_gives_an_incident_as_stix(api):
    incident = api.get("incidents", limit=1)["items"][0]
    told = api.get(f"incidents/{incident['id']}/stix")
    assert told["type"] == "bundle"
    assert incident["id"] in json.dumps(told)
    assert api.get("incidents/i-none/stix", 404)["status"] == 404
