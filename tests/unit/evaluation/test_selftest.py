"""Attacks are planted among what a site does, and the self-test says which are found."""

import json

import pytest

from apisentinel.cli.outcome import Exit
from apisentinel.cli.selftest import Wanted, run
from apisentinel.errors import ConfigError, SourceError
from apisentinel.evaluation import self_test
from apisentinel.evaluation.plants import PLANTS, Ground, Who, _numbered
from apisentinel.evaluation.selftest import sown
from apisentinel.evaluation.site import FEW_OBJECTS, MOST_CLIENTS, SAMPLES, Place, Seen, Site
from apisentinel.pipeline.scan import scan
from apisentinel.pipeline.settings import ScanSettings
from apisentinel.records.flags import PATH_LOGIN, PATH_REGISTER
from apisentinel.simulator import Simulation, plan
from apisentinel.simulator.randomness import stream

SETTINGS = ScanSettings(models=False)


@pytest.fixture(scope="module")
def traffic(tmp_path_factory):
    """Three quiet hours of a simulated site."""
    path = tmp_path_factory.mktemp("quiet") / "requests.ndjson"
    with path.open("wb") as file:
        for block in Simulation(plan(3.0, 1.5, attacks="none", seed=5)).blocks():
            file.write(block.text)
    return path


@pytest.fixture(scope="module")
def site(traffic):
    site = Site()
    done = scan([str(traffic)], SETTINGS, watcher=site.watch)
    site.name(done.engine.enricher.label_of)
    return site


def test_a_site_is_known_by_its_traffic(site):
    logins = [place for place in site.places if place.is_login]
    assert logins
    assert all(place.refusal() == 401 for place in logins)
    objects = [place for place in site.places if place.gives_objects]
    assert objects
    assert all("{" in place.label for place in objects)
    assert all(len(place.samples) <= SAMPLES for place in site.places)
    assert 100 < len(site.clients) <= MOST_CLIENTS
    assert site.places == sorted(site.places, key=lambda place: (-place.requests, place.label))


def test_every_attack_finds_its_place_on_a_whole_site(site):
    planted, requests, skipped = sown(site, 1)
    assert skipped == []
    assert {(item.type, item.variant) for item in planted} == {plant[:2] for plant in PLANTS}
    assert len(requests) == sum(len(item.moments) for item in planted)
    times = [request["ts"] for request in requests]
    assert times == sorted(times)
    quarter = site.first + (site.last - site.first) // 4
    assert quarter <= times[0] <= times[-1] <= site.last


def test_equal_seeds_plant_equal_attacks(site):
    assert sown(site, 3) == sown(site, 3)
    assert sown(site, 3)[1] != sown(site, 4)[1]


def test_strangers_have_addresses_that_nobody_else_has(site):
    ours = {seen.client for seen in site.clients}
    addresses = set()
    for number in range(len(PLANTS)):
        ground = Ground(site, stream(1, "x"), number)
        some = {ground.stranger(k).client for k in range(25)}
        assert len(some) == 25
        assert all(address.startswith(("198.18.", "198.19.")) for address in some)
        assert addresses.isdisjoint(some)
        addresses |= some
    assert addresses.isdisjoint(ours)


def test_planted_attacks_are_found_and_quiet_traffic_stays_quiet(traffic):
    found = self_test([str(traffic)], SETTINGS, seeds=(1,))
    assert found.total.campaigns == len(PLANTS)
    by_type = {group.name: group for group in found.types}
    assert by_type["sqli"].right_type == by_type["sqli"].campaigns == 2
    assert by_type["volume"].found == 1
    assert by_type["scanning"].found == 2
    assert found.total.found >= 0.85 * found.total.campaigns
    assert found.alarms <= 2
    again = self_test([str(traffic)], SETTINGS, seeds=(1,))
    assert again == found


def test_a_deaf_detector_is_seen(traffic):
    """The test can fail: without the payload detector, injections are missed."""
    detectors = SETTINGS.detectors
    deaf = SETTINGS.model_copy(
        update={"detectors": detectors.model_copy(
            update={"payload": detectors.payload.model_copy(update={"enabled": False})})}
    )  # fmt: skip
    found = self_test([str(traffic)], deaf, seeds=(1,))
    by_type = {group.name: group for group in found.types}
    assert by_type["sqli"].right_type == 0
    assert by_type["ssti"].right_type == 0


def test_too_little_traffic_is_refused(tmp_path):
    path = tmp_path / "short.ndjson"
    rows = [{"ts": 1_700_000_000 + k, "method": "GET", "path": "/"} for k in range(60)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(SourceError, match="less than half an hour"):
        self_test([str(path)], SETTINGS)
    path.write_text('{"method": "GET", "path": "/"}\n')
    with pytest.raises(SourceError, match="no times"):
        self_test([str(path)], SETTINGS)


def test_a_site_without_logins_and_objects_is_attacked_otherwise(tmp_path):
    path = tmp_path / "plain.ndjson"
    rows = [
        {"ts": 1_700_000_000 + 9 * k, "method": "GET", "path": f"/page{k % 5}", "status": 200,
         "client_ip": f"192.0.2.{k % 40}"}
        for k in range(800)
    ]  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = self_test([str(path)], SETTINGS)
    assert "brute_force burst" in found.skipped
    assert "bola mimic" in found.skipped
    assert {group.name for group in found.types} >= {"sqli", "scanning", "volume"}


def seen(path, status=200):
    return Seen("GET", None, path, None, "192.0.2.1", None, None, None, None, None, status, -1, -1)


def test_places_know_what_they_are_for():
    place = Place(PATH_LOGIN)
    place.label = "POST /login"
    assert place.is_login
    assert place.refusal() == 401
    place.statuses.update({403: 5, 401: 2, 200: 90})
    assert place.refusal() == 403
    place.flags |= PATH_REGISTER
    assert not place.is_login
    place = Place(0)
    place.label = "GET /orders/{id}"
    place.samples = [seen(f"/orders/{k}") for k in range(FEW_OBJECTS)]
    assert place.gives_objects
    place.samples[0] = seen("/orders/1", 404)
    assert not place.gives_objects


def test_requests_leave_out_what_the_site_does_not_log():
    ground = Ground(Site(), stream(1, "x"), 0)
    request = ground.request(Who("198.18.0.1", None), seen("/a"), query=None)
    assert request == {"method": "GET", "path": "/a", "client_ip": "198.18.0.1", "status": 200}


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("/a/17/b", ("/a/", 17, "/b")),
        ("/v1/a", ("/v", 1, "/a")),
        ("/a", ("/a", None, "")),
        ("/" + "9" * 16, ("/" + "9" * 16, None, "")),
        ("", ("", None, "")),
    ],
    ids=["middle", "version", "none", "too long", "empty"],
)
def test_the_last_number_of_a_path(path, parts):
    assert _numbered(path) == parts


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"paths": ("-",)}, "not standard input"),
        ({"data_dir": "x"}, "name files, or a data folder"),
        ({"seeds": "x"}, "no list such as"),
        ({"json": "/nowhere/out.json"}, "--json"),
        ({"paths": (), "data_dir": "/nowhere"}, "no data folder of a service"),
    ],
    ids=["stdin", "both", "seeds", "output", "no service"],
)
def test_wrong_usage_is_explained(given, said):
    usual = {
        "paths": ("a.log",), "data_dir": None, "days": 7.0, "seeds": "1", "json": None,
        "options": {}, "config": None, "quiet": True,
    }  # fmt: skip
    with pytest.raises(ConfigError, match=said):
        run(Wanted(**usual | given))


def test_the_command_shows_and_writes_what_it_found(traffic, tmp_path, capsys):
    out = tmp_path / "found.json"
    wanted = Wanted(
        paths=(str(traffic),), data_dir=None, days=7.0, seeds="1", json=str(out),
        options={"models": False}, config=None, quiet=True,
    )  # fmt: skip
    assert run(wanted) == Exit.DONE
    document = json.loads(out.read_bytes())
    shown = capsys.readouterr().out
    assert f"{document['planted']:,} hostile requests" in shown
    assert document["total"]["campaigns"] == len(PLANTS)
    assert "sqli" in shown
