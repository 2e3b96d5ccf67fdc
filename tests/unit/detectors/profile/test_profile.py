"""What is unusual, and what is not."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.detectors.profile.conftest import learned
from tests.unit.detectors.profile.requests import HEADERS, batch_of, orders

from apisentinel.detectors.profile import (
    Profile,
    ProfileDetector,
    ProfileSettings,
    Scorer,
    forgiven,
)
from apisentinel.detectors.profile.detector import llr_of
from apisentinel.errors import IncompatibleModelError
from apisentinel.models.arrays import pack_arrays, unpack_arrays


def get(url, **more):
    return {"method": "GET", "url": url, "headers": HEADERS, **more}


def order(**body):
    return {
        "method": "POST",
        "url": "/orders",
        "headers": HEADERS,
        "request_body": json.dumps(body),
    }


USUAL = get("/items?sort=price&page=3")
ODD = {
    "a value that is none of few": get("/items?sort=rowid&page=3"),
    "letters for a number": get("/items?sort=price&page=abc"),
    "a sign in a number": get("/items?sort=price&page=3'"),
    "an unknown parameter": get("/items?sort=price&page=3&debug=1"),
    "a parameter twice": get("/items?sort=price&page=3&page=4"),
    "a missing parameter": get("/items?sort=price"),
    "another order": get("/items?page=3&sort=price"),
    "another method": {"method": "DELETE", "url": "/items", "headers": HEADERS},
    "an unknown place": get("/admin/dump"),
    "a body where there is none": {**USUAL, "request_body": "a=1"},
    "an unknown member": order(quantity=5, note="blue sun river", price=0),
    "a number out of its range": order(quantity=10**9, note="blue sun river"),
    "another type": order(quantity="many", note="blue sun river"),
    "control characters": order(quantity=5, note="blue\x00sun"),
    "letters for an id": get("/items/..%2f..%2fetc"),
}


@pytest.mark.parametrize("odd", ODD)
def test_odd_requests_are_more_surprising_than_nearly_all_ordinary_ones(odd, profile):
    ordinary = Scorer(profile).score(batch_of(orders(400, seed=9))).surprise
    found = Scorer(profile).score(batch_of([ODD[odd]])).surprise[0]
    assert found > np.quantile(ordinary, 0.98)


def test_what_goes_on_behind_a_file_is_odder_than_below_a_folder():
    pages = [
        get(f"/shop/{page}", client_ip=f"10.0.{i % 40}.7", ts=1_700_000_000 + i)
        for i in range(600)
        for page in ("list.jsp", "about/us")
    ]
    scorer = Scorer(learned(pages)[0])
    urls = ("/shop/list.jsp/4861", "/shop/about/4861", "/shop/list.jsp/", "/shop/list.jsp")
    behind, below, slash, usual = scorer.score(batch_of([get(url) for url in urls])).surprise
    assert behind > below > usual
    assert slash > usual


def test_new_values_of_free_fields_are_ordinary(surprise):
    free, enumerated = surprise(
        order(quantity=7, note="Smith river blue"), get("/items?sort=colour&page=3")
    )
    assert free < 2.0 < enumerated


def test_a_request_is_judged_by_itself(profile):
    requests = [*orders(60, seed=3), *ODD.values()]
    together = Scorer(profile).score(batch_of(requests)).surprise
    alone = [Scorer(profile).score(batch_of([request])).surprise[0] for request in requests]
    assert together.tolist() == alone


def test_bytes_give_the_same_profile(profile):
    again = Profile.from_bytes(profile.to_bytes(), ProfileSettings())
    batch = batch_of([*orders(60, seed=3), *ODD.values()])
    assert (
        Scorer(again).score(batch).chance.tolist() == Scorer(profile).score(batch).chance.tolist()
    )
    assert again.to_bytes() == profile.to_bytes()


def test_equal_traffic_gives_equal_bytes():
    assert learned(orders(300))[0].to_bytes() == learned(orders(300))[0].to_bytes()


def test_profiles_of_another_version_are_refused(profile):
    arrays = unpack_arrays(profile.to_bytes())
    arrays["version"][0] += 1
    with pytest.raises(IncompatibleModelError, match="train it again"):
        Profile.from_bytes(pack_arrays(arrays), ProfileSettings())


@pytest.mark.parametrize("name", ["ns", "counts", "mass", "quantiles"])
def test_profiles_with_arrays_of_another_size_are_refused(name, profile):
    arrays = unpack_arrays(profile.to_bytes())
    arrays[name] = np.ascontiguousarray(arrays[name][:-1])
    with pytest.raises(IncompatibleModelError, match=name):
        Profile.from_bytes(pack_arrays(arrays), ProfileSettings())


def attack(i):
    return order(quantity=1, note=f"' or {i}={i} --;<x{i}>")


def test_hidden_attacks_do_not_become_usual():
    clean = orders(1_000)
    poisoned = clean.copy()
    for i in range(40):
        poisoned.insert(i * 25, attack(i))
    (honest, _), (fooled, left_out) = learned(clean), learned(poisoned)
    batch = batch_of([attack(1_000 + i) for i in range(20)])
    ordinary = batch_of(orders(400, seed=9))
    assert left_out >= 30
    for profile in (honest, fooled):
        highest = np.quantile(Scorer(profile).score(ordinary).surprise, 0.99)
        assert (Scorer(profile).score(batch).surprise > highest).all()


def test_one_client_cannot_make_a_value_usual():
    mine = {**get("/items?sort=secret&page=3"), "client_ip": "10.9.9.9"}
    requests = orders(1_000)
    requests[::10] = [mine] * 100
    profile, _ = learned(requests)
    theirs = {**get("/items?sort=price&page=3"), "client_ip": "10.9.9.9"}
    found = Scorer(profile).score(batch_of([mine, theirs])).surprise
    assert found[0] > found[1] + 1.5


def test_little_traffic_claims_little(profile):
    few, _ = learned(orders(30))
    odd = batch_of([ODD["an unknown parameter"]])
    assert Scorer(few).score(odd).surprise[0] < Scorer(profile).score(odd).surprise[0]


def test_the_reason_says_what_is_usual(profile):
    detector = ProfileDetector(profile)
    batch = batch_of([order(quantity="abcdefgh", note="blue sun river")])
    chance = float(Scorer(profile).score(batch).chance[0])
    factor = detector.evidence(batch, 0, chance).factors[0]
    assert factor.name == "body $.quantity"
    assert "8 bytes, letters" in factor.actual
    assert factor.usual.startswith("whole number of ")


def test_reasons_hold_no_values(profile):
    secret = "hunter2-topsecret"
    batch = batch_of([order(quantity=secret, note=secret), get(f"/items?sort={secret}&page=1")])
    for row in range(2):
        said = ProfileDetector(profile).evidence(batch, row, 1e-6)
        assert secret not in str(said)


def test_content_is_forgiven_only_where_it_is_usual(profile):
    # "o'Neil" is among the words of the notes
    batch = batch_of([order(quantity=5, note="Anna o'Neil north"), get("/items?sort=x'y&page=3")])
    unusual = Scorer(profile).score(batch)
    assert forgiven(unusual, 0, is_firm=False) < forgiven(unusual, 0, is_firm=True) < 1.0
    assert forgiven(unusual, 1, is_firm=False) == 1.0


@given(st.floats(0, 1), st.floats(0, 1))
def test_rarer_says_more(a, b):
    low, high = sorted((a, b))
    assert llr_of(low) >= llr_of(high) >= 0.0


def test_nothing_depends_on_what_was_asked_before(profile):
    requests = [*orders(60, seed=12), *ODD.values()]
    again = [*reversed(requests), *requests]
    scorer = Scorer(profile)
    first, second = (scorer.score(batch_of(again)) for _ in range(2))
    alone = [Scorer(profile).score(batch_of([request])).surprise[0] for request in again]
    assert first.surprise.tolist() == second.surprise.tolist() == alone
    assert first.what.tolist() == second.what.tolist()


def test_reasons_of_many_requests_are_those_of_each(profile):
    batch = batch_of([*orders(90, seed=13), *ODD.values()])
    detector = ProfileDetector(profile)
    rows = np.arange(0, len(batch), 1)
    details = detector.details(batch, rows)
    asked = [*reversed(rows.tolist()), *rows.tolist()]
    for row in asked[::3]:
        alone = ProfileDetector(profile).evidence(batch, row, 1e-6)
        assert detector.evidence(batch, row, 1e-6, details=details) == alone
        if row % 2:  # somebody else uses the work space
            detector.evidence(batch, row, 1e-6)
