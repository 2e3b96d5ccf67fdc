"""Unusual requests as evidence against clients."""

import numpy as np
import pytest
from tests.unit.detectors.profile.conftest import learned
from tests.unit.detectors.profile.requests import HEADERS, batch_of, orders

from apisentinel.detectors.profile import ProfileSettings, Scorer, Unusual
from apisentinel.pipeline.judge_rows import betrayal
from apisentinel.pipeline.learned_requests import (
    ALONE_LLR,
    COMMON_CLIENTS,
    COMMON_FACTOR,
    UnusualRequests,
)
from apisentinel.pipeline.prepare import Prepared
from apisentinel.records.case import FamilyCase
from apisentinel.records.taxonomy import AttackType
from apisentinel.scoring import pooled_log10_odds, risk_of
from apisentinel.scoring.fusion import type_llr

ODD = {"method": "PATCH", "url": "/items?sort=id&debug=1", "headers": HEADERS}


@pytest.fixture(scope="module")
def profile():
    return learned(orders(900))[0]


def block_of(profile, requests):
    batch = batch_of(requests)
    fields = np.zeros(len(batch), np.uint8)
    return Prepared(batch, fields, Scorer(profile).score(batch))


def told(profile, requests, clients, unusual=None, first=1):
    found = unusual or UnusualRequests(profile)
    block = block_of(profile, requests)
    block.batch.numbers["seq"][:] = np.arange(first, first + len(requests))
    return list(found.told(block, np.array(clients, np.uint64)))


def test_only_unusual_requests_of_known_clients_are_told(profile):
    requests = [*orders(50, seed=5), ODD, ODD]
    found = told(profile, requests, [*range(1, 51), 7, 0])
    assert 50 in [item.row for item in found]
    assert 51 not in [item.row for item in found]
    assert len(found) < 5


def test_evidence_has_the_number_of_its_request(profile):
    (item,) = told(profile, [ODD], [7])
    full, brief = item.evidence(41), item.brief(41)
    assert full.seqs == brief.seqs == (41,)
    assert full.llr == brief.llr == item.llr == ALONE_LLR
    assert full.factors[0].name != "unusual for this endpoint" == brief.factors[0].name


def test_what_many_clients_do_alike_counts_less(profile):
    found = told(profile, [ODD] * (COMMON_CLIENTS + 2), range(1, COMMON_CLIENTS + 3))
    strengths = [item.llr for item in found]
    assert len({item.signature for item in found}) == 1
    assert strengths[COMMON_CLIENTS - 1 :] == [pytest.approx(strengths[0] * COMMON_FACTOR)] * 3


def at_times(profile, unusual, seconds, client=9):
    """What odd requests of a client say at these times."""
    block = block_of(profile, [ODD] * len(seconds))
    block.batch.numbers["seq"][:] = np.arange(1, len(seconds) + 1)
    block.batch.numbers["ts"][:] = np.array(seconds) * 1_000_000
    clients = np.full(len(seconds), client, np.uint64)
    return [item.llr for item in unusual.told(block, clients)]


def test_who_is_unusual_again_and_again_counts_in_full(profile):
    first, second, *rest = at_times(profile, UnusualRequests(profile), range(100, 3_100, 100))
    assert first == second == ALONE_LLR
    assert len(set(rest)) == 1
    assert rest[0] > 2 * ALONE_LLR


def test_one_odd_text_now_and_then_is_none_of_that(profile):
    hours = [100 + 2_400 * k for k in range(9)]
    assert set(at_times(profile, UnusualRequests(profile), hours)) == {ALONE_LLR}
    unusual = UnusualRequests(profile)
    apart = [at_times(profile, unusual, [100 + k], client=50 + k) for k in range(5)]
    assert apart == [[ALONE_LLR]] * 5


def test_a_successor_knows_who_was_unusual(profile):
    unusual = UnusualRequests(profile)
    at_times(profile, unusual, [100, 200])
    successor = UnusualRequests(profile)
    successor.recall(unusual.memory())
    assert at_times(profile, successor, [300]) == at_times(profile, unusual, [300])
    assert at_times(profile, successor, [400])[0] > ALONE_LLR


def test_what_only_the_reply_shows_is_left_to_others():
    answered = [{**order, "status": 200} for order in orders(900)]
    knows_statuses, _ = learned(answered)
    failing = {**answered[5], "status": 507}
    block = block_of(knows_statuses, [failing] * 5)
    unusual = UnusualRequests(knows_statuses)
    for row in range(5):
        (item,) = unusual.told(block.take(np.array([row])), np.array([4], np.uint64))
        found = item.evidence(row)
        assert found.factors[0].name == "status"
        assert found.llr == ALONE_LLR
    assert unusual.memory().mild == [int(block.unusual.what[0])]
    (item,) = unusual.told(block.take(np.array([0])), np.array([4], np.uint64))
    assert item.llr == item.brief(9).llr == ALONE_LLR


def test_paths_that_nobody_knows_have_no_habits(profile):
    block = block_of(profile, [ODD])
    block.batch.enriched["route"][:] = 0
    assert not list(UnusualRequests(profile).told(block, np.array([7], np.uint64)))


def test_blocks_make_no_difference(profile):
    requests, clients = [ODD] * 12, list(range(1, 13))
    whole = told(profile, requests, clients)
    unusual = UnusualRequests(profile)
    parts = [
        item.llr
        for row in range(12)
        for item in told(profile, requests[row : row + 1], clients[row : row + 1], unusual, row + 1)
    ]
    assert [item.llr for item in whole] == parts


def test_without_weight_nothing_is_told():
    profile, _ = learned(orders(300), weight=0.0)
    assert not told(profile, [ODD], [7])
    assert ProfileSettings(weight=0.0).weight == 0.0


def test_a_successor_knows_what_many_clients_did(profile):
    unusual = UnusualRequests(profile)
    told(profile, [ODD] * COMMON_CLIENTS, range(1, COMMON_CLIENTS + 1), unusual)
    successor = UnusualRequests(profile)
    successor.recall(unusual.memory())
    (before,) = told(profile, [ODD], [99], unusual)
    (after,) = told(profile, [ODD], [99], successor)
    assert after.llr == before.llr
    assert successor.memory() == unusual.memory()


def news_of(profile, count, *, first=1):
    """Requests each of which has something else that is unusual."""
    block = block_of(profile, [ODD] * count)
    block.batch.numbers["seq"][:] = np.arange(first, first + count)
    block.unusual = Unusual(
        np.full(count, 9.0), np.full(count, 1e-5), np.arange(first, first + count, dtype=np.uint64),
        np.full(count, 500.0),
    )  # fmt: skip
    return block


def test_when_many_clients_have_something_new_each_thing_counts_less(profile):
    """A deployment: each client meets another new page."""
    clients = np.arange(1, 61, dtype=np.uint64)
    strengths = [t.llr for t in UnusualRequests(profile).told(news_of(profile, 60), clients)]
    assert strengths[:10] == [pytest.approx(strengths[0])] * 10
    assert strengths[-1] < 0.25 * strengths[0]
    one = np.full(60, 5, np.uint64)
    alone = {t.llr for t in UnusualRequests(profile).told(news_of(profile, 60), one)}
    assert alone == {strengths[0], max(alone)}
    assert strengths[0] == ALONE_LLR


def test_a_flood_is_over_after_a_while(profile):
    unusual = UnusualRequests(profile)
    clients = np.arange(1, 41, dtype=np.uint64)
    during = list(unusual.told(news_of(profile, 40), clients))[-1].llr
    (after,) = unusual.told(news_of(profile, 1, first=20_000), np.array([77], np.uint64))
    assert after.llr > 2.0 * during


def test_a_profile_that_nobody_trained_raises_no_alert_alone(profile):
    unusual = UnusualRequests(profile, most=ALONE_LLR)
    found = list(unusual.told(news_of(profile, 9), np.full(9, 5, np.uint64)))
    assert {item.llr for item in found} == {ALONE_LLR}
    assert {item.evidence(3).llr for item in found} == {ALONE_LLR}
    together = type_llr(item.llr for item in found)
    assert risk_of(pooled_log10_odds({AttackType.ANOMALY: together})) < 40.0


def test_what_is_unusual_does_not_give_a_crawler_away(profile):
    (item,) = told(profile, [ODD], [7])
    assert betrayal(item.evidence(1), FamilyCase(llr=6.0), 404) == 0.0
