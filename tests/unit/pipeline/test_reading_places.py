"""Rooms of the staff are known by who came there up to a request, whatever the size of a block."""

from types import SimpleNamespace

import numpy as np
import pytest

from apisentinel.features import EVENT
from apisentinel.features.holding import ROOM
from apisentinel.pipeline.reading_places import ROOM_CLIENTS, ReadingPlaces
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
