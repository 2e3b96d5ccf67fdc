"""What comes out: order, shape, ground truth, nothing said too much, and always the same bytes."""

import itertools
import json
from datetime import datetime, timedelta

import pytest
from tests.unit.simulator.conftest import run

from apisentinel.records.taxonomy import AttackType
from apisentinel.simulator import ATTACKS, Simulation, demo_stream, files, plan
from apisentinel.simulator import simulation as simulation_module

FORGING = {"parameter_tampering", "mass_assignment", "sqli", "nosqli", "probing"}
"""Types that write their own values into bodies."""

KNOWN = {
    "event_id",
    "ts",
    "method",
    "scheme",
    "host",
    "path",
    "query",
    "http_version",
    "status",
    "request_bytes",
    "response_bytes",
    "duration_us",
    "peer_ip",
    "client_ip",
    "user_id",
    "session_id",
    "credential_id",
    "headers",
    "request_body",
    "response_body",
    "url",
}
TELLTALES = ("campaign", "attack", "truth", "label", "benign", "hostile", "c0000")


def moment(text):
    return datetime.fromisoformat(text)


def test_requests_have_fields_of_the_contract_only(busy):
    for request in busy.requests:
        assert set(request) <= KNOWN
        assert request["method"]
        assert request["path"].startswith("/")
        assert 100 <= request["status"] < 600
        assert all(len(header) == 2 for header in request["headers"])
        assert request["response_bytes"] >= 0
        assert request["duration_us"] > 0


def test_requests_are_in_order_of_time_and_inside_the_period(busy):
    times = [moment(request["ts"]) for request in busy.requests]
    assert times == sorted(times)
    assert times[-1] - times[0] <= timedelta(hours=6)


def test_event_ids_are_unique_and_say_nothing_of_the_order(busy):
    ids = [request["event_id"] for request in busy.requests]
    assert len(set(ids)) == len(ids)
    numbers = [int(name, 16) for name in ids]
    rising = sum(a < b for a, b in itertools.pairwise(numbers)) / len(numbers)
    assert 0.47 < rising < 0.53


def test_bodies_are_what_their_type_says_and_as_long_as_told(busy):
    seen = 0
    hostile = {entry["event_id"] for entry in busy.truth}
    for request in busy.requests:
        if "request_body" in request:
            assert request["request_bytes"] == len(request["request_body"].encode())
            types = [value for name, value in request["headers"] if name.lower() == "content-type"]
            if request["event_id"] not in hostile and types == ["application/json"]:
                json.loads(request["request_body"])
                seen += 1
        if "response_body" in request:
            assert request["response_bytes"] == len(request["response_body"].encode())
    assert seen > 1000


def test_ground_truth_is_in_no_request(busy):
    fields = "\n".join(
        json.dumps([request[name] for name in request if name not in {"request_body", "headers"}])
        for request in busy.requests[:4000]
    ).lower()
    assert not [word for word in TELLTALES[:4] if f'"{word}' in fields]
    assert set(busy.requests[0]) & {"campaign", "attack_type", "actor"} == set()


def test_truth_names_requests_campaigns_and_actors_that_are_there(busy):
    campaigns = {campaign["id"]: campaign for campaign in busy.campaigns}
    requests = {request["event_id"]: request for request in busy.requests}
    counted = dict.fromkeys(campaigns, 0)
    for entry in busy.truth:
        assert set(entry) == {"event_id", "campaign", "attack_type", "actor"}
        campaign, request = campaigns[entry["campaign"]], requests[entry["event_id"]]
        assert campaign["type"] == entry["attack_type"]
        assert entry["actor"] == request["client_ip"]
        assert {"kind": "client", "id": entry["actor"]} in campaign["actors"]
        assert campaign["from"] <= request["ts"] <= campaign["to"]
        counted[entry["campaign"]] += 1
    assert counted == {name: campaign["requests"] for name, campaign in campaigns.items()}


def test_users_and_sessions_of_actors_are_spelled_as_in_the_requests(busy):
    by_campaign = {}
    requests = {request["event_id"]: request for request in busy.requests}
    for entry in busy.truth:
        by_campaign.setdefault(entry["campaign"], []).append(requests[entry["event_id"]])
    checked = 0
    for campaign in busy.campaigns:
        # requests behind the end of the simulation are never sent, so actors may be more
        users = {request.get("user_id") for request in by_campaign[campaign["id"]]} - {None}
        sessions = {request.get("session_id") for request in by_campaign[campaign["id"]]} - {None}
        named = {
            kind: {a["id"] for a in campaign["actors"] if a["kind"] == kind}
            for kind in ("user", "session")
        }
        assert users <= named["user"]
        assert sessions <= named["session"]
        checked += len(users)
    assert checked > 10


def test_density_is_about_what_was_asked_for():
    made = run(hours=6, rate=3, density=0.1, seed=2)
    assert 0.05 < len(made.truth) / len(made.requests) < 0.17
    assert made.simulation.attacks == len(made.truth)


def test_equal_arguments_give_equal_bytes_and_other_seeds_other_worlds():
    first, again, other = (run(hours=0.5, rate=3, seed=seed) for seed in (7, 7, 8))
    assert first.text == again.text
    assert first.truth == again.truth
    assert first.campaigns == again.campaigns
    assert {r["host"] for r in first.requests} != {r["host"] for r in other.requests}


def test_slices_do_not_lose_or_double_requests(monkeypatch):
    monkeypatch.setattr(simulation_module, "SLICE_ROWS", 2000)
    made = run(hours=3, rate=2, density=0.1, seed=3)
    times = [request["ts"] for request in made.requests]
    assert times == sorted(times)
    assert len({request["event_id"] for request in made.requests}) == len(times)
    assert 0.75 < len(times) / (3 * 3600 * 2) < 1.4


def test_week_is_quiet_and_none_means_none():
    for options in ({"profile": "week"}, {"attacks": "none"}):
        made = run(hours=1, rate=2, **options)
        assert not made.truth
        assert not made.campaigns


def test_train_has_a_tenth_of_attacks_of_every_type():
    simulation = Simulation(plan(48, 3, profile="train"))
    assert {campaign.type for campaign in simulation.campaigns} == set(ATTACKS)
    assert {campaign.variant for campaign in simulation.campaigns} == {
        "burst",
        "paced",
        "distributed",
        "mimic",
    }


def test_all_types_of_the_closed_list_but_the_catch_all_can_be_simulated():
    assert set(ATTACKS) == {kind.value for kind in AttackType} - {"anomaly"}


def test_demo_attacks_within_its_first_minute():
    simulation = Simulation(plan(0.2, 5, profile="demo"))
    block = next(iter(simulation.blocks()))
    first = block.moment[block.campaign >= 0][0]
    assert first - simulation.begin < 60_000_000


def test_demo_stream_is_paced_endless_and_follows_the_given_time():
    start = 1_800_000_000_000_000
    last, lines, offsets = -1.0, [], []
    for offset, some in demo_stream(5, 60.0, rate=2.0, start=start):
        assert offset >= last
        last = offset
        offsets.append(offset)
        lines += [(offset, line) for line in some]
        if offset > 70:
            break
    assert last > 60, "one hour at 60 times the speed is a minute; the stream goes on"
    for offset, line in lines[:50] + lines[-50:]:
        ts = moment(json.loads(line)["ts"]).timestamp()
        assert abs(ts - start / 1e6 - offset) < 0.5
    ids = [json.loads(line)["event_id"] for _, line in lines]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    "profile", ["default,renderer=b", "default,domains=iot+bank,renderer=b,calm"]
)
def test_the_other_renderer_says_the_same_in_other_words(profile):
    made = run(hours=0.5, rate=3, profile=profile, seed=9)
    for request in made.requests:
        assert set(request) <= KNOWN
        assert request["url"].startswith("https://")
        assert isinstance(request["ts"], int)


def test_domains_can_be_held_out():
    made = run(hours=0.5, rate=3, profile="train,domains=shop+saas", seed=9)
    assert {site.domain.name for site in made.simulation.world.sites} == {"shop", "saas"}


def test_manifest_tells_what_was_asked_and_what_came(busy):
    document = json.loads(files.manifest(busy.simulation, "1", complete=True))
    assert document["complete"] is True
    assert document["seed"] == 4
    assert document["counts"]["requests"] == len(busy.requests)
    assert document["counts"]["attack_requests"] == len(busy.truth)
    assert document["counts"]["campaigns"] == len(busy.campaigns)
    assert document["parameters"]["density"] == 0.25


def test_hosts_of_a_demo_stay_when_its_seed_is_renewed():
    hosts, offset = {}, 0.0
    for offset, some in demo_stream(5, 240.0, rate=1.0):
        hosts.setdefault(int(offset // 15), set()).update(json.loads(x)["host"] for x in some)
        if offset > 31:
            break
    assert offset > 30
    assert hosts[0] == hosts[1]


def test_totals_are_those_of_the_items_unless_somebody_forges_them(busy):
    forged = {line["event_id"] for line in busy.truth if line["attack_type"] in FORGING}
    seen = 0
    for request in busy.requests:
        body = request.get("request_body", "")
        if '"items"' not in body or '"total"' not in body or request["event_id"] in forged:
            continue
        order = json.loads(body)
        made = sum(item["quantity"] * item["unit_price"] for item in order["items"])
        assert order["total"] == pytest.approx(made)
        seen += 1
    assert seen > 20
