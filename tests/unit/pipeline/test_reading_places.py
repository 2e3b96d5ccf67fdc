"""Rooms of the staff are known by who came there up to a request, whatever the size of a block."""

from types import SimpleNamespace

import numpy as np
import pytest

from apisentinel.features import EVENT
from apisentinel.features.holding import NO_PLACE, PRIVATE, ROOM, SHARED
from apisentinel.pipeline.reading_places import ROOM_CLIENTS, ReadingPlaces
from apisentinel.pipeline.view import VIEWED
from apisentinel.records.evidence import Evidence
from apisentinel.records.taxonomy import AttackType

COUNT = 60


def named(places: ReadingPlaces, begin: int, end: int) -> list[AttackType]:
    """What reading much is called at each of some requests, by ever new clients, to one place."""
    events = np.zeros(end - begin, EVENT)
    events["client"], events["endpoint"] = np.arange(begin, end) + 1, 7
    events["user"], events["status"] = 5, 200
    places.begin(np.full(len(events), ROOM, np.uint8), events)
    clients = np.full(len(events), 100)
    evidence = Evidence("x", AttackType.SCRAPING, 5.0)
    event = {"user": 5, "status": 200, "endpoint": 7}
    views = (SimpleNamespace(row=row, event=event, clients=clients) for row in range(len(events)))
    return [places.named(view, evidence).attack_type for view in views]  # type: ignore[arg-type]


def test_a_place_of_many_is_no_room():
    found = named(ReadingPlaces(), 0, COUNT)
    few = int(ROOM_CLIENTS)
    assert found[:few] == [AttackType.INSIDER_MISUSE] * few
    assert set(found[few:]) == {AttackType.SCRAPING}


@pytest.mark.parametrize("cut", [1, 20, 26, 59])
def test_neither_a_cut_nor_a_restart_changes_anything(cut: int):
    places, again = ReadingPlaces(), ReadingPlaces()
    first = named(places, 0, cut)
    again.recall(places.memory())
    assert first + named(again, cut, COUNT) == named(ReadingPlaces(), 0, COUNT)


@pytest.mark.parametrize(
    ("endpoint", "thing", "kind", "name"),
    [
        ("GET shop.test /rechnung.php", 9, NO_PLACE, AttackType.BOLA),
        ("GET /v1/shipments/{id}", 9, NO_PLACE, AttackType.BOLA),
        ("GET /v1/shipments", 0, NO_PLACE, AttackType.SCRAPING),  # pages of one's own list
        ("GET /v1/products/{id}", 9, NO_PLACE, AttackType.SCRAPING),
        ("GET /v1/things/{id}", 9, PRIVATE, AttackType.BOLA),
        ("GET /v1/orders/{id}", 9, SHARED, AttackType.SCRAPING),  # learned, whatever the word
    ],
)
def test_a_walk_of_nobody_known_is_named_by_whose_the_objects_are(
    endpoint: str, thing: int, kind: int, name: AttackType
) -> None:
    places = ReadingPlaces()
    events = np.zeros(1, EVENT)
    places.begin(np.full(1, kind, np.uint8), events)
    event = {"user": 0, "status": 200, "endpoint": 7, "object": thing}
    assert event.keys() <= set(VIEWED)
    view = SimpleNamespace(row=0, event=event, clients=[100], endpoint=endpoint)
    found = places.named(view, Evidence("x", AttackType.SCRAPING, 5.0))  # type: ignore[arg-type]
    assert found.attack_type is name
