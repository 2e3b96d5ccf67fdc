"""Sentences read as sentences, whatever detector they come from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apisentinel.incidents.phrases import phrase
from apisentinel.incidents.wording import named, phrases
from apisentinel.pipeline.settings import ScanSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.taxonomy import AttackType

SET = set(type(ScanSettings().detectors).model_fields)
NAMES = sorted(SET - {"anomaly"} | {"ensemble", "profile"})
"""The models have one setting together."""


def said(detector, name, actual, usual=None, unit="", kind=AttackType.AUTOMATION, *more):
    return phrase(Evidence(detector, kind, 2.0, (Factor(name, actual, usual, unit), *more)))


@pytest.mark.parametrize("detector", [name for name in NAMES if name != "payload"])
def test_every_detector_has_words_of_its_own(detector):
    told = said(detector, "unheard of", 7.0, 1.0, "things", AttackType.AUTOMATION)
    by_name = {"account_takeover", "graphql", "closed_endpoint", "foreign_functions"}
    if detector == "instructions":  # its type is one of content
        told = said(detector, "orders in body", "ignore", None, "", AttackType.PROMPT_INJECTION)
    assert told.startswith("stands out by") == (detector in by_name)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (
            said("scanning", "missing paths in an hour", 3.5, 1.0, "requests"),
            "asked for 4 paths that do not exist within an hour (usual: 1)",
        ),
        (
            said("unusual_replies", "time of a reply", 6.25, 0.11, "s"),
            "got a reply after 6.2 s (usual: 0.1 s)",
        ),
        (
            said("unusual_replies", "bytes of a reply", 5080, 640, "bytes"),
            "got a reply of 5.1 kB (usual: 640 B)",
        ),
        (
            said(
                "account_takeover", "requests between login and change of the contact", 2, 8,
                "requests",
            ),
            "changed contact or payee 2 requests after the sign-in (usual: 8)",
        ),
        (
            said("graphql", "fields under other names", 260),
            "sent a query with 260 fields under other names",
        ),
        (said("graphql", "levels of nesting", 102, 4), "sent a query 102 levels deep (usual: 4)"),
        (
            said("amounts", "number in body $.seats", -1, None),
            "sent -1 as body $.seats",
        ),
        (
            said("exposure", "reply with hashes of passwords", "yes", "never"),
            "got a reply with hashes of passwords",
        ),
        (
            said("exposure", "mail addresses in a reply", 40, 2, "addresses"),
            "got 40 mail addresses in a reply (usual: 2)",
        ),
        (
            said(
                "ensemble", "share of replies 404 and 410", 0.368, "rarer than 1 in 380 peers"
            ),
            (
                "behaves unlike its peers, share of replies 404 and 410: 37 % "
                "(rarer than 1 in 380 peers)"
            ),
        ),
        (
            said(
                "closed_endpoint", "requests from another network", 1, 0.0, "requests",
                AttackType.BFLA, Factor("networks that use it", 2),
            ),
            "called what only 2 networks use",
        ),
        (
            said(
                "endpoint_surge", "requests to one endpoint in five minutes", 81, 1.1, "requests",
                AttackType.VOLUME, Factor("clients behind them", 30, None, "clients"),
            ),
            "was sent 81 requests within five minutes (usual: 1.1) by 30 clients",
        ),
        (
            said("fake_bot", "claims to be a crawler", "Googlebot", "comes from its networks"),
            "claims to be a known crawler (Googlebot) but comes from elsewhere",
        ),
        (
            said("password_spraying", "refused steps in a week", 40, 3, "attempts"),
            "saw 40 refused steps within a week (usual: 3)",
        ),
    ],
)  # fmt: skip
def test_sentences_read_as_sentences(told, expected):
    assert told == expected


def test_what_was_seen_is_told_before_what_was_learned_and_nothing_twice():
    pause = Factor("usual pause between requests", 115.0, 1.3, "s")
    steps = Factor("the same step for one account in an hour", 36, 20.0, "requests")
    listed = [
        Evidence("ensemble", AttackType.CRAWLING, 9.0, (pause,)),
        Evidence("step_flood", AttackType.VOLUME, 5.0, (steps,)),
        Evidence("step_flood", AttackType.ENUMERATION, 4.0, (steps,)),
    ]
    assert phrases(listed) == [
        "took the same step for one account 36 times within an hour (usual: 20)",
        "behaves unlike its peers, usual pause between requests: 1.9 min (usual: 1.3 s)",
    ]


@given(
    st.sampled_from(NAMES),
    st.text(max_size=40),
    st.none() | st.text(max_size=2_000) | st.floats(allow_nan=False, allow_infinity=False),
    st.none() | st.text(max_size=2_000) | st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "s", "bytes", "requests", "h", "µs", "sd"]),
    st.sampled_from(list(AttackType)),
)
def test_a_phrase_comes_of_any_factor(detector, name, actual, usual, unit, kind):
    assert said(detector, name, actual, usual, unit, kind)


def test_who_is_said_with_its_kind_unless_it_is_an_address():
    assert named("client", "192.0.2.1") == "192.0.2.1"
    assert named("session", "a1") == "Session a1"
