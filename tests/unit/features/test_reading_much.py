"""Reading much: haste, hours, rules for robots, and who is allowed more."""

import pytest

from apisentinel.features import FeatureState
from apisentinel.features.pair import REFUSALS
from apisentinel.features.surge import SURGE
from apisentinel.records.flags import PATH_ROBOTS
from apisentinel.records.signal import Family
from apisentinel.records.taxonomy import AGENT_KINDS, AgentKind
from tests.unit.features.traffic import SMALL, Traffic, batch_of, h, peaks, update

CRAWLER, LIBRARY = AGENT_KINDS.index(AgentKind.CRAWLER), AGENT_KINDS.index(AgentKind.LIBRARY)
READER = "192.0.2.9"


def crawling(traffic: Traffic, client: str = READER) -> float:
    state = FeatureState(SMALL)
    update(state, traffic.events())
    return peaks(state, client)[Family.CRAWLING]


def told(traffic: Traffic) -> list[int]:
    events = traffic.events()
    return [
        int(s["what"]) for s in FeatureState(SMALL).update(batch_of(len(events)), events).endpoints
    ]


def test_a_pause_before_a_known_page_ends_a_rush() -> None:
    traffic = Traffic()
    for k in range(120):
        traffic.add(4 * k, READER, "/list")
        traffic.add(4 * k + 0.1, READER, f"/item/{k}", endpoint="/item/{id}")
    assert crawling(traffic) < 5.07


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({}, False),
        ({"agent_kind": LIBRARY, "session_given": 0}, True),
        ({"agent_kind": LIBRARY, "session_given": 0, "credential": 7}, False),
        ({"agent_kind": CRAWLER, "session_given": 0}, False),
    ],
    ids=["browser", "program", "program with a key", "declared crawler"],
)
def test_what_a_reader_may_read_in_an_hour(more: dict[str, int], found: bool) -> None:
    traffic = Traffic()
    for k in range(80):
        path = ("/a", "/b", "/c")[k % 3]
        traffic.add(20 * k, READER, f"{path}/{k}", endpoint=path, **more)
    assert (crawling(traffic) > 5.07) is found


@pytest.mark.parametrize(("times", "found"), [(2, False), (6, True)])
def test_browsers_do_not_ask_for_the_rules_of_robots(times: int, found: bool) -> None:
    traffic = Traffic()
    for k in range(times):
        traffic.add(30 * k, READER, "/robots.txt", path_flags=PATH_ROBOTS)
    assert (crawling(traffic) > 5.07) is found


@pytest.mark.parametrize(("office", "found"), [(True, False), (False, True)])
def test_an_office_is_a_crowd(office: bool, found: bool) -> None:
    traffic = Traffic()
    for m in range(90):
        for k in range(2):
            traffic.add(60 * m + 20 * k, f"10.0.{m}.1", "/items", endpoint="/items", user=f"u{m}")
    for v in range(60):
        for k in range(2):
            user = f"colleague{v}" if office else f"v{v % 6}"
            client = "172.16.1.1" if office else f"172.16.{v % 6}.1"
            traffic.add(5_460 + 3 * v + k, client, "/items", endpoint="/items", user=user)
    assert (SURGE in told(traffic)) is found


def test_the_flood_of_one_is_no_surge_of_the_endpoint() -> None:
    traffic = Traffic()
    for m in range(90):
        for k in range(2):
            traffic.add(60 * m + 20 * k, f"10.0.{m}.1", "/items", endpoint="/items")
    for v in range(6):
        traffic.add(5_460 + 20 * v, f"10.1.{v}.1", "/items", endpoint="/items")
    for k in range(150):
        traffic.add(5_465 + k, READER, "/items", endpoint="/items")
    assert SURGE not in told(traffic)


@pytest.mark.parametrize(("status", "found"), [(404, False), (403, True)])
def test_the_same_missing_path_with_other_content_is_one_target(status: int, found: bool) -> None:
    traffic = Traffic()
    for k in range(12):
        traffic.add(30 * k, READER, "/sync", status, method=3, body=h(f"b{k}"), user="bob")
    assert (REFUSALS in told(traffic)) is found


def test_a_walk_is_forgotten_after_hours() -> None:
    traffic = Traffic()
    for k in range(40):
        traffic.add(k, READER, f"/p/{k}", endpoint="/p/{id}", object=h(f"o{k}"), object_id=k)
    for k in range(2):
        traffic.add(
            36_000 + 60 * k, READER, f"/p/{k}", endpoint="/p/{id}", object=h(f"o{k}"), object_id=k
        )
    state = FeatureState(SMALL)
    signals = update(state, traffic.events())
    assert not [s for s in signals if s["row"] >= 40 and Family.SCRAPING in s["families"]]
