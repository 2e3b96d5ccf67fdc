"""The traffic has the shapes that real traffic has; bounds are wide, seeds are fixed."""

from collections import Counter, defaultdict

import numpy as np
import pytest
from tests.unit.simulator.conftest import run

from apisentinel.simulator import Simulation, plan
from apisentinel.simulator.population import COUNTRIES, Population, rhythm


@pytest.fixture(scope="module")
def quiet():
    return run(hours=8, rate=3, attacks="none", seed=6)


def test_rate_is_the_mean_that_was_asked_for(quiet):
    assert 0.8 < len(quiet.requests) / (8 * 3600 * 3) < 1.3


def test_domains_have_their_shares(quiet):
    counts = Counter(request["host"] for request in quiet.requests)
    shares = sorted(count / len(quiet.requests) for count in counts.values())
    assert len(counts) == 4
    assert shares[0] > 0.07
    assert 0.3 < shares[-1] < 0.55


def test_popular_objects_are_far_more_popular(quiet):
    host = Counter(r["host"] for r in quiet.requests if "/products/" in r["path"]).most_common(1)[
        0
    ][0]
    ids = Counter(
        r["path"] for r in quiet.requests if r["host"] == host and "/v2/products/" in r["path"]
    )
    counts = sorted(ids.values(), reverse=True)
    tenth = max(1, len(counts) // 10)
    assert sum(counts[:tenth]) > 0.3 * sum(counts)


def test_some_people_come_far_more_often():
    simulation = Simulation(plan(24, 10, attacks="none", profile="default,domains=shop"))
    population: Population = simulation.crowds[0].population
    users = population.draw(np.random.default_rng(1), 20_000, 20.0, 0.0)
    counts = np.sort(np.bincount(users))[::-1]
    assert counts[: counts.size // 100].sum() > 0.05 * counts.sum()
    assert counts[0] > 8 * np.median(counts[counts > 0])


def test_addresses_are_shared_as_behind_nat_and_own_at_home(quiet):
    users = defaultdict(set)
    for request in quiet.requests:
        if "user_id" in request:
            users[request["client_ip"]].add(request["user_id"])
    sizes = sorted((len(some) for some in users.values()), reverse=True)
    assert sizes[0] >= 5
    assert sum(size == 1 for size in sizes) > 0.5 * len(sizes)


def test_both_kinds_of_addresses_and_hopping_phones_occur(quiet):
    addresses = {request["client_ip"] for request in quiet.requests}
    six = sum(":" in address for address in addresses)
    assert 0.08 < six / len(addresses) < 0.6
    of_session = defaultdict(set)
    for request in quiet.requests:
        if "session_id" in request:
            of_session[request["session_id"]].add(request["client_ip"])
    assert sum(len(some) > 1 for some in of_session.values()) > 3


def test_statuses_are_those_of_a_healthy_site_with_mishaps(quiet):
    counts = Counter(request["status"] for request in quiet.requests)
    good = sum(n for status, n in counts.items() if status < 400)
    assert 0.93 < good / len(quiet.requests) < 0.999
    assert {401, 404, 304} <= set(counts)
    assert counts[502] + counts[503] > 0


def test_logins_fail_now_and_then(quiet):
    logins = [r["status"] for r in quiet.requests if r["method"] == "POST" and r["path"].endswith(
        ("/login", "/token", "/sessions"))]  # fmt: skip
    assert 0.02 < np.mean(np.array(logins) == 401) < 0.35


def test_day_and_night_differ_and_weeks_have_ends():
    week = np.array(
        [sum(c[1] * rhythm((h + c[2]) % 168, 0.9) for c in COUNTRIES) for h in range(168)]
    )
    assert week.max() > 3 * week.min()
    assert week[:120].mean() > 2 * week[120:].mean()
    private = [rhythm(h, 0.0) for h in range(24)]
    assert private[20] > 3 * private[4]


def test_headers_come_in_the_order_of_their_program(quiet):
    orders = defaultdict(set)
    for request in quiet.requests:
        headers = dict(request["headers"])
        agent = headers.get("user-agent", headers.get("User-Agent", ""))
        if "Firefox/" in agent:
            orders["firefox"].add(tuple(name for name, _ in request["headers"]))
    for order in orders["firefox"]:
        assert order[:2] == ("host", "user-agent")
        assert order.index("accept-encoding") < order.index("te")


def test_versions_of_programs_move_on_over_months():
    simulation = Simulation(plan(1, 1, attacks="none", profile="default,domains=shop"))
    site, world = simulation.world.sites[0], simulation.world
    devices = np.arange(50)
    early, late = (
        world.agent_refs(site, world.kind["chrome"], devices, weeks) for weeks in (0, 20)
    )
    assert (early != late).all()
    assert len(set(early.tolist())) > 3


def test_free_text_is_various_and_sometimes_odd():
    simulation = Simulation(plan(1, 1, attacks="none", profile="default,domains=shop"))
    site, pool = simulation.world.sites[0], simulation.world.pool
    texts = [pool.text(ref) for ref in site.pools["free"].tolist()]
    assert len(set(texts)) > 600
    odd = [
        text for text in texts if any(mark in text for mark in ("O'", "<", "--", "&&", "||", '"'))
    ]
    assert 0.01 < len(odd) / len(texts) < 0.25
