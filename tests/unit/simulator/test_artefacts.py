"""No artefacts: what has no meaning must not tell hostile from honest requests.

A classifier learns on one world and is asked about another. It sees nuisance only: fractions of
seconds, digits of ids, addresses, sizes and times. Requests are compared with honest ones to the
same place with the same outcome and the same headers, so that only nuisance can differ.
"""

import ipaddress
import json

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from apisentinel.simulator import Simulation, plan

MOST = 0.55
ATTACKS = (
    "bola,credential_stuffing,scraping,automation,account_takeover,sequence_abuse,token_abuse,"
    "crawling,insider_misuse,parameter_tampering,resource_abuse,brute_force"
)
"""Those that ask for what honest people ask for, too."""

PER_ACTOR = 6
"""Requests of one actor and one honest client at most: an address is no feature by repetition."""


def nuisance(request):
    """Values without meaning."""
    micros, second = int(request["ts"][20:26]), int(request["ts"][17:19])
    event, address = int(request["event_id"], 16), int(ipaddress.ip_address(request["client_ip"]))
    session = int(request.get("session_id", "0")[:6], 16)
    return (
        micros, micros % 1000, micros % 10, second, event >> 56, event & 255, event % 1000,
        address & 255, address >> 8 & 255, address % 7, request["duration_us"] % 1000,
        request["duration_us"] % 10, request["response_bytes"] % 8, session % 256, session >> 16,
        list(request).index("status"), len(request["event_id"]), len(request.get("session_id", "")),
    )  # fmt: skip


def likeness(request):
    """What has to be equal in the honest request that a hostile one is compared with."""
    path = "".join("#" if c.isdigit() else c for c in request["path"])
    names = tuple(name for name, _ in request["headers"])
    return (
        request["host"], request["method"], path, "query" in request, request["status"], names,
        "user_id" in request, "session_id" in request, ":" in request["client_ip"],
    )  # fmt: skip


def table(seed):
    simulation = Simulation(
        plan(6, 4, seed=seed, density=0.4, attacks=ATTACKS, profile="default,calm")
    )
    honest, hostile, seen = {}, {}, {}
    for block in simulation.blocks():
        for line, campaign in zip(block.text.splitlines(), block.campaign.tolist(), strict=True):
            request = json.loads(line)
            who = (request["client_ip"], campaign)
            seen[who] = seen.get(who, 0) + 1
            if seen[who] <= PER_ACTOR:
                side = hostile if campaign >= 0 else honest
                side.setdefault(likeness(request), []).append(nuisance(request))
    rng = np.random.default_rng(seed)
    rows, labels = [], []
    for key, some in hostile.items():
        others = honest.get(key, [])
        count = min(len(some), len(others))
        for side, label in ((some, 1), (others, 0)):
            for k in rng.permutation(len(side))[:count].tolist():
                rows.append(side[k])
                labels.append(label)
    return np.array(rows, float), np.array(labels)


@pytest.fixture(scope="module")
def first():
    return table(21)


def test_nuisance_does_not_tell_the_sides_apart(first):
    learned, labels = first
    asked, truth = table(22)
    assert min(labels.size, truth.size) > 500
    model = HistGradientBoostingClassifier(max_iter=60, random_state=0).fit(learned, labels)
    auc = roc_auc_score(truth, model.predict_proba(asked)[:, 1])
    assert auc <= MOST


def test_the_probe_finds_an_artefact_that_is_put_in(first):
    learned, labels = first
    leaky = learned.copy()
    leaky[labels == 1, 2] = 0
    half = np.arange(labels.size) % 2 == 0
    model = HistGradientBoostingClassifier(max_iter=60, random_state=0).fit(
        leaky[half], labels[half]
    )
    assert roc_auc_score(labels[~half], model.predict_proba(leaky[~half])[:, 1]) > 0.7
