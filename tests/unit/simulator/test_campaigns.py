"""Every type in every variant on every site that has what it takes."""

import numpy as np
import pytest

from apisentinel.simulator import ATTACKS, VARIANTS, Simulation, plan
from apisentinel.simulator.attack import Attack
from apisentinel.simulator.campaign import Campaign
from apisentinel.simulator.campaigns import BUILDERS, login
from apisentinel.simulator.oddities import MORE_PER_DAY, PER_DAY, Episode, rows_of
from apisentinel.simulator.planning import NEEDS
from apisentinel.simulator.rows import COL

SIZE = 30
LARGE = 3000


@pytest.fixture(scope="module")
def quiet():
    return Simulation(plan(6, 4, attacks="none"))


def made(simulation, crowd, kind, variant, seed=5, size=SIZE):
    start = simulation.begin + 3_600_000_000
    campaign = Campaign(0, "c", kind, variant, crowd.site.number, start, size, seed)
    attack = Attack(crowd, campaign, (start, simulation.end))
    return campaign, BUILDERS[kind](attack)


@pytest.mark.parametrize("kind", ATTACKS)
def test_each_type_is_made_and_labelled_in_every_variant(quiet, kind):
    for crowd in quiet.crowds:
        if not all(name in crowd.site.endpoint for name in NEEDS.get(kind, ())):
            continue
        for variant in VARIANTS:
            campaign, rows = made(quiet, crowd, kind, variant)
            hostile = rows[rows[:, COL["campaign"]] >= 0]
            assert SIZE * 0.7 <= hostile.shape[0] <= SIZE * 2.5, (kind, variant)
            assert campaign.actors
            assert hostile[:, COL["actor"]].max() < len(campaign.actors)
            assert (hostile[:, COL["ts"]] >= campaign.start).all()
            first = crowd.site.first_endpoint
            inside = rows[:, COL["endpoint"]] - first
            assert inside.min() >= 0
            assert inside.max() < len(crowd.site.domain.endpoints)


@pytest.mark.parametrize(
    ("kind", "way", "domain"),
    [
        ("account_takeover", "push", "bank"),
        ("token_abuse", "refresh", "bank"),
        ("token_abuse", "refresh", "iot"),
        ("enumeration", "pay", "shop"),
        ("enumeration", "pay", "saas"),
    ],
)
@pytest.mark.parametrize("variant", VARIANTS)
def test_rarer_ways_are_made_and_labelled(quiet, monkeypatch, kind, way, domain, variant):
    monkeypatch.setattr(login, "_goes", lambda *_: True)
    crowd = next(c for c in quiet.crowds if c.site.domain.name == domain)
    campaign, rows = made(quiet, crowd, kind, variant, size=48)
    hostile = rows[rows[:, COL["campaign"]] >= 0]
    mine = hostile[hostile[:, COL["endpoint"]] == crowd.site.endpoint[way]]
    assert SIZE * 0.7 <= hostile.shape[0] <= SIZE * 8
    assert mine.shape[0] >= 0.3 * hostile.shape[0]
    assert campaign.actors
    if way == "refresh":
        honest = rows[rows[:, COL["campaign"]] < 0]
        before = honest[honest[:, COL["endpoint"]] == crowd.site.endpoint[way]]
        # every token was its owner's first
        assert set(mine[:, COL["session"]].tolist()) <= set(before[:, COL["session"]].tolist())
        assert before[:, COL["ts"]].min() < mine[:, COL["ts"]].min()


def test_the_usual_ways_stay_the_usual_ones(quiet):
    crowd = next(c for c in quiet.crowds if c.site.domain.name == "shop")
    ways = {
        int(made(quiet, crowd, "enumeration", "burst", seed)[1][0, COL["endpoint"]])
        for seed in range(40)
    }
    assert crowd.site.endpoint["pay"] in ways
    assert len(ways) >= 3


def test_mimics_send_an_honest_session_around_their_attack(quiet):
    for kind in ("sqli", "bola", "credential_stuffing"):
        _, rows = made(quiet, quiet.crowds[0], kind, "mimic")
        honest = rows[rows[:, COL["campaign"]] < 0]
        assert honest.shape[0] > 0
        hostile = rows[rows[:, COL["campaign"]] >= 0]
        assert set(hostile[:, COL["agent"]].tolist()) & set(honest[:, COL["agent"]].tolist())


def test_distributed_campaigns_have_many_sources_and_bursts_one(quiet):
    crowd = quiet.crowds[0]
    wide, _ = made(quiet, crowd, "credential_stuffing", "distributed", size=200)
    narrow, _ = made(quiet, crowd, "credential_stuffing", "burst", size=200)
    clients = [sum(kind == "client" for kind, _ in c.actors) for c in (wide, narrow)]
    assert clients[0] >= 8
    assert clients[1] == 1


def test_bursts_are_faster_than_paced_campaigns(quiet):
    rates = {}
    for variant in ("burst", "paced"):
        _, rows = made(quiet, quiet.crowds[0], "volume", variant, size=300)
        times = np.sort(rows[rows[:, COL["campaign"]] >= 0, COL["ts"]])
        rates[variant] = times.size / ((times[-1] - times[0]) / 1e6)
    assert rates["burst"] > 1 > rates["paced"]


def test_bola_asks_for_objects_of_others(quiet):
    crowd = quiet.crowds[0]
    site = crowd.site
    _, rows = made(quiet, crowd, "bola", "burst", size=60)
    owner = rows[:, site.column["owner"]]
    assert (owner != rows[:, COL["user"]]).mean() > 0.9
    slot = site.column["order"]
    own = [
        int(site.owned_id("order", int(user), np.array([k]))[0])
        for user in np.unique(rows[:, COL["user"]]).tolist()
        for k in range(6)
    ]
    assert not set(rows[rows[:, slot] > 0, slot].tolist()) <= set(own)


def test_attackers_share_networks_with_honest_people(busy):
    hostile = {entry["actor"] for entry in busy.truth}
    ids = {entry["event_id"] for entry in busy.truth}
    honest = {r["client_ip"] for r in busy.requests if r["event_id"] not in ids}
    prefixes = {".".join(address.split(".")[:2]) for address in honest if "." in address}
    shared = [a for a in hostile if "." in a and ".".join(a.split(".")[:2]) in prefixes]
    assert len(shared) > 0.5 * len([a for a in hostile if "." in a])
    assert hostile & honest, "some addresses carry both sides"


@pytest.mark.parametrize("kind", [*PER_DAY, *MORE_PER_DAY])
def test_oddities_are_made_without_labels(quiet, kind):
    total = 0
    for crowd in quiet.crowds:
        episode = Episode(kind, crowd.site.number, quiet.begin + 10_000_000, 40, 11)
        rows = rows_of(crowd, episode, quiet.end)
        assert (rows[:, COL["campaign"]] == -1).all()
        total += rows.shape[0]
    assert total > 0


@pytest.mark.parametrize("kind", ATTACKS)
def test_large_campaigns_stay_within_their_actors(quiet, kind):
    crowd = next(
        crowd for crowd in quiet.crowds
        if all(name in crowd.site.endpoint for name in NEEDS.get(kind, ()))
    )  # fmt: skip
    campaign, rows = made(quiet, crowd, kind, "distributed", size=LARGE)
    assert (rows[:, COL["campaign"]] >= 0).sum() >= LARGE * 0.9
    assert len([kind for kind, _ in campaign.actors if kind == "client"]) <= 420
