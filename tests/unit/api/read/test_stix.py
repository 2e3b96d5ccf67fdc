"""A bundle other tools can read: references that hold, times in order, texts escaped."""

import ipaddress
import json
import re

from hypothesis import given
from hypothesis import strategies as st

from apisentinel.api.read.stix import stix_bundle

ID = re.compile(
    r"^[a-z0-9-]+--[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
)
PATTERN = re.compile(r"^\[[a-z0-9-]+:[a-z_]+ = '(?:[^'\\]|\\['\\])*'\]$", re.DOTALL)

INCIDENT = {
    "id": "i-0123456789abcdef",
    "attack_types": ["sqli", "brute_force"],
    "entities": [
        {"kind": "client", "id": "203.0.113.9"},
        {"kind": "client", "id": "2001:db8::1"},
        {"kind": "user", "id": "o'neil\\"},
        {"kind": "session", "id": "abc"},
    ],
    "first_ts": "2026-11-20T12:00:00.123456Z",
    "last_ts": "2026-11-20T12:05:00Z",
    "requests": 240,
    "reason": "203.0.113.9 sent SQL injection",
    "verdict": None,
}


def of_type(bundle, kind):
    return [each for each in bundle["objects"] if each["type"] == kind]


def references_in(value):
    """Every id that an object refers to."""
    if isinstance(value, dict):
        for name, member in value.items():
            if name.endswith("_ref"):
                yield member
            elif name.endswith("_refs"):
                yield from member
            else:
                yield from references_in(member)
    elif isinstance(value, list):
        for member in value:
            yield from references_in(member)


def check(bundle):
    ids = [each["id"] for each in bundle["objects"]]
    assert len(set(ids)) == len(ids)
    assert set(references_in(bundle["objects"])) <= set(ids)
    for each in bundle["objects"]:
        assert ID.match(each["id"])
        assert each["id"].startswith(f"{each['type']}--")
        assert each["spec_version"] == "2.1"
        assert each.get("created", "") <= each.get("modified", "~")
    for each in of_type(bundle, "indicator"):
        assert PATTERN.match(each["pattern"])
    json.dumps(bundle)


def test_an_incident_becomes_indicators_sightings_and_attack_patterns():
    bundle = stix_bundle(INCIDENT, 90)
    check(bundle)
    assert {each["value"] for each in of_type(bundle, "ipv4-addr")} == {"203.0.113.9"}
    assert {each["value"] for each in of_type(bundle, "ipv6-addr")} == {"2001:db8::1"}
    indicators = of_type(bundle, "indicator")
    assert len(indicators) == len(of_type(bundle, "sighting")) == 3
    assert {each["confidence"] for each in indicators} == {90}
    assert "[user-account:user_id = 'o\\'neil\\\\']" in {each["pattern"] for each in indicators}
    outside = [
        each["external_id"]
        for pattern in of_type(bundle, "attack-pattern")
        for each in pattern["external_references"]
    ]
    assert "CWE-89" in outside
    assert len(of_type(bundle, "attack-pattern")) == 2
    (observed,) = of_type(bundle, "observed-data")
    assert observed["number_observed"] == 240
    assert observed["first_observed"] == "2026-11-20T12:00:00.123Z"
    assert observed["last_observed"] == "2026-11-20T12:05:00.000Z"


def test_the_id_of_an_observable_is_that_of_the_standard():
    """What any other producer gives the same address, so that both are known as one."""
    (seen,) = of_type(stix_bundle(INCIDENT, 90), "ipv4-addr")
    # uuid5 of {"value":"203.0.113.9"} in the namespace of the standard
    assert seen["id"] == "ipv4-addr--39090fdc-366e-571f-ab5b-d05e2918f88f"


def test_what_was_no_attack_is_told_without_indicators():
    bundle = stix_bundle(INCIDENT | {"verdict": "benign"}, 90)
    check(bundle)
    assert of_type(bundle, "observed-data")
    assert not of_type(bundle, "indicator")


def test_made_up_traffic_says_so_and_the_same_incident_is_the_same_bundle():
    assert stix_bundle(INCIDENT, 90) == stix_bundle(dict(INCIDENT), 90)
    marked = stix_bundle(INCIDENT, 90, demo=True)
    assert all(
        "demo" in each["labels"]
        for each in marked["objects"]
        if "created" in each and each["type"] != "marking-definition"
    )


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "kind": st.sampled_from(["client", "user", "network", "session", "credential"]),
                "id": st.one_of(st.text(max_size=40), st.ip_addresses().map(str)),
            }
        ),
        max_size=6,
    ),
    st.text(max_size=80),
)
def test_whatever_the_texts_are_the_bundle_holds_together(entities, reason):
    bundle = stix_bundle(INCIDENT | {"entities": entities, "reason": reason}, 50)
    check(bundle)
    for each in of_type(bundle, "ipv4-addr"):
        assert ipaddress.ip_network(each["value"], strict=False).version == 4
