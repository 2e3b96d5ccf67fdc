"""Rounds begin by the clock, go on in steps, and a disk that refuses ends only the round."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.storage.test_control import NOW, incident

from apisentinel.clock import ManualClock
from apisentinel.errors import StoreError
from apisentinel.pipeline.live.housekeeping import EVERY_S, FIRST_S, Housekeeper
from apisentinel.storage.control import ControlStore
from apisentinel.storage.settings import FindingSettings

LIMITS = FindingSettings(keep_days=1, audit_days=1)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def store(tmp_path: Path, clock: ManualClock) -> Iterator[ControlStore]:
    store = ControlStore(tmp_path, clock)
    yield store
    store.close()


def test_a_round_begins_when_it_is_due(store: ControlStore, clock: ManualClock) -> None:
    store.put_incidents([incident("old", closed=True)])
    store.audit_append("bo", "key.create", "k")
    clock.advance(86_401)
    keeper = Housekeeper(store, LIMITS, clock)
    keeper.tick()
    assert store.get_incident("old") is not None
    clock.advance(FIRST_S)
    keeper.tick()
    assert store.get_incident("old") is None
    keeper.tick()
    assert keeper.removed == {"incidents": 1, "audit": 1}
    assert store.audit_verify().good
    store.put_incidents([incident("next", closed=True)])
    clock.advance(EVERY_S - 1)
    keeper.tick()
    clock.advance(86_400)
    keeper.tick()
    assert store.get_incident("next") is None


def test_one_call_is_one_step(store: ControlStore, clock: ManualClock) -> None:
    store.put_incidents([incident(f"i{n}", closed=True) for n in range(1_200)])
    keeper = Housekeeper(store, FindingSettings(most_incidents=1), clock)
    clock.advance(FIRST_S)
    seen = []
    for _ in range(3):
        keeper.tick()
        seen.append(keeper.removed["incidents"])
    assert seen == [500, 1_000, 1_199]


def test_a_disk_that_refuses_is_asked_again_next_time(
    store: ControlStore, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = Housekeeper(store, LIMITS, clock)

    def refuse(limits: FindingSettings) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(store, "retain", refuse)
        clock.advance(FIRST_S)
        keeper.tick()
    assert keeper.problem == "the disk is full"
    clock.advance(EVERY_S)
    keeper.tick()
    assert keeper.problem == ""
