"""Unusual requests as evidence against clients."""

import numpy as np
import pytest
from tests.unit.detectors.profile.conftest import learned
from tests.unit.detectors.profile.requests import HEADERS, batch_of, orders

from apisentinel.detectors.profile import ProfileSettings, Scorer
from apisentinel.pipeline.learned_requests import COMMON_CLIENTS, COMMON_FACTOR, UnusualRequests
from apisentinel.pipeline.prepare import Prepared

ODD = {"method": "PATCH", "url": "/items?sort=id&debug=1", "headers": HEADERS}


@pytest.fixture(scope="module")
def profile():
    return learned(orders(900))[0]


def block_of(profile, requests):
    batch = batch_of(requests)
    fields = np.zeros(len(batch), np.uint8)
    return Prepared(batch, fields, Scorer(profile).score(batch))


def told(profile, requests, clients, unusual=None):
    found = unusual or UnusualRequests(profile)
    return list(found.told(block_of(profile, requests), np.array(clients, np.uint64)))


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
    assert full.llr == brief.llr == item.llr > 2.0
    assert full.factors[0].name != "unusual for this endpoint" == brief.factors[0].name


def test_what_many_clients_do_alike_counts_less(profile):
    found = told(profile, [ODD] * (COMMON_CLIENTS + 2), range(1, COMMON_CLIENTS + 3))
    strengths = [item.llr for item in found]
    assert len({item.signature for item in found}) == 1
    assert strengths[COMMON_CLIENTS - 1 :] == [pytest.approx(strengths[0] * COMMON_FACTOR)] * 3


def test_what_one_client_repeats_counts_in_full(profile):
    strengths = {item.llr for item in told(profile, [ODD] * 30, [9] * 30)}
    assert len(strengths) == 1


def test_blocks_make_no_difference(profile):
    requests, clients = [ODD] * 12, list(range(1, 13))
    whole = told(profile, requests, clients)
    unusual = UnusualRequests(profile)
    parts = [
        item.llr
        for row in range(12)
        for item in told(profile, requests[row : row + 1], clients[row : row + 1], unusual)
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
