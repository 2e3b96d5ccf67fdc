"""Text that quotes code is no attack; an attack among words stays one."""

import tomllib
from functools import cache
from pathlib import Path
from urllib.parse import quote, quote_plus

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.detectors.payload.requests import batch_of, headers

from apisentinel.detectors.payload import PayloadDetector, quotation, screen
from apisentinel.detectors.payload.canonical import text
from apisentinel.detectors.payload.fields import Value
from apisentinel.detectors.payload.judge import LEAST_QUOTED, judge
from apisentinel.scoring.fusion import pooled_log10_odds, risk_of, type_llr

CORPUS = Path(__file__).parents[3] / "corpus"
MEDIUM = 40
LEAST_TEXTS = 150


def corpus(name):
    return tomllib.loads((CORPUS / f"{name}.toml").read_text("utf-8"))


BENIGN = corpus("payload_benign_texts")
ATTACKS = corpus("payload_attacks_in_prose")["attacks"]


def requests(value):
    """The places in which texts travel."""
    sent = quote(value, safe="").encode()
    line = "".join(quote(c) if c < " " else c for c in value).strip().encode()
    return {
        "query": {"path": b"/search", "query": b"q=" + sent + b"&page=1"},
        "form": {"path": b"/s", "request_body": b"q=" + quote_plus(value).encode() + b"&page=1"},
        "JSON": {"path": b"/s", "request_body": orjson.dumps({"page": 1, "note": value})},
        "header": {"path": b"/s", "headers": headers(x_client_note=line)},
    }


@cache
def detector():
    return PayloadDetector()


def risks(value):
    """Risk of a request by the place of the text."""
    rows = requests(value)
    found = detector().inspect(batch_of(*rows.values()), np.arange(len(rows), dtype=np.int32))
    odds = [
        pooled_log10_odds({f.attack_type: type_llr([f.raw_llr]) for f in findings})
        for findings in found
    ]
    return {place: round(risk_of(o)) for place, o in zip(rows, odds, strict=True)}


@pytest.mark.parametrize("group", BENIGN)
def test_texts_that_people_send_stay_below_medium(group):
    flagged = {value: risks(value) for value in BENIGN[group] if max(risks(value).values()) >= 40}
    assert flagged == {}


def test_the_corpus_is_large_and_has_no_repeats():
    texts = [value for group in BENIGN.values() for value in group]
    assert len(set(texts)) == len(texts) >= LEAST_TEXTS


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_among_words_reach_medium(attack):
    assert {place: r for place, r in risks(attack).items() if r < MEDIUM} == {}


def test_words_behind_a_comment_are_no_prose():
    assert quotation.prose(b"1 or 1=1 -- this is the text of it") > 0.5
    assert quotation.prose(quotation.before_end(b"1 or 1=1 -- this is the text of it")) == 0.0


def test_keywords_of_interpreters_are_no_stop_words():
    keywords = b"and or in as from where by into select all like union if then else a sleep cat id"
    assert not quotation.STOP_WORDS & set(keywords.split())


@given(st.text(max_size=200))
def test_shares_lie_between_none_and_all(value):
    plain = text(value.encode())
    for measure in (quotation.prose, quotation.spans, quotation.quotes_code, quotation.refers):
        assert 0.0 <= measure(plain) <= 1.0


def test_prose_grows_with_the_words_of_sentences():
    sentence = b"please see the list of points that you sent to me"
    shares = [quotation.prose(b" ".join(sentence.split()[:n])) for n in range(1, 12)]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


@pytest.mark.parametrize(
    ("value", "expected"),
    [(b"use `git pull` and then go on", 1.0), (b"`id`", 0.0), (b"x`id`", 0.0), (b"a `b", 0.0)],
)
def test_code_in_backticks_needs_words_around_it(value, expected):
    assert quotation.spans(value) == expected


def test_a_quote_opens_or_breaks_out():
    assert quotation.opens(b"error near 'order by x'")
    assert not quotation.opens(b"a' order by 5")
    assert not quotation.opens(b"' or 1=1")


def test_the_largest_value_of_a_query_is_found():
    assert quotation.largest_value(b"q=a & b&page=1") == b"a & b"
    assert quotation.largest_value(b"no pairs") == b"no pairs"


def test_a_quotation_never_has_more_evidence_than_the_same_text_alone():
    """Words before a match lessen it in small steps down to the floor."""
    words = ["please", "see", "the", "list", "of", "points", "that", "you", "sent", "to", "me"]
    scores = []
    for n in range(len(words) + 1):
        value = " ".join([*words[:n], "; sleep 8 hours; cat food"])
        findings = judge([Value("query q", value.encode())], screen.QUERY, marked=True)
        scores.append(max(finding.raw_llr for finding in findings))
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[-1] >= LEAST_QUOTED
