"""Who has what, and what is told of somebody who asks for the things of others."""

import json
from typing import Any

import numpy as np
import pytest

from apisentinel.enrichment import Enricher, EnrichmentSettings
from apisentinel.errors import StateError
from apisentinel.features import make_events
from apisentinel.features.holding import OPEN, PRIVATE, ROOM, SHARED
from apisentinel.features.holding_state import HoldingState
from apisentinel.parsers.json_requests import parse_requests

BOUNDS = (1024, 2048, 256, 64)


class Site:
    """Requests of users, in order."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def ask(
        self, at: float, user: str, path: str, status: int = 200, reply: Any = None, **more: Any
    ) -> "Site":
        request = {
            "method": "GET", "path": path, "status": status, "user_id": user,
            "ts": 1_700_000_000 + at, "client_ip": "192.0.2.1",
        }  # fmt: skip
        if reply is not None:
            request["response_body"] = json.dumps(reply)
        self.lines.append(json.dumps(request | more))
        return self

    def counted(self, chunk: int = 10_000, state: HoldingState | None = None) -> "Counted":
        return Counted(self.lines, chunk, state or HoldingState(*BOUNDS))


class Counted:
    """What the tables say, block by block."""

    def __init__(self, lines: list[str], chunk: int, state: HoldingState) -> None:
        self.state = state
        enricher = Enricher(EnrichmentSettings())
        self.told: list[tuple[int, float]] = []
        self.details: list[Any] = []
        kinds = []
        for begin in range(0, len(lines), chunk):
            batch = parse_requests("\n".join(lines[begin : begin + chunk]).encode()).batch
            enricher.pure(batch)
            enricher.ordered(batch)
            found = state.update(batch, make_events(batch))
            kinds.append(found.kinds)
            self.details += list(found.told)
            self.told += [(begin + int(t["row"]), float(t["llr"])) for t in found.told]
        self.kinds = np.concatenate(kinds)


def shop(users: int = 12, path: str = "/orders/{}") -> Site:
    """Users who come back to their two objects."""
    site = Site()
    for visit in range(3):
        for u in range(users):
            for k in range(2):
                number = path.format(1000 + 97 * u + 31 * k)
                site.ask(visit * 4000 + u * 20 + k, f"u{u}", number)
    return site


def test_people_with_their_own_objects_say_nothing() -> None:
    counted = shop().counted()
    assert counted.told == []
    assert counted.kinds[-1] == PRIVATE


def test_objects_of_others_are_told_by_the_third() -> None:
    site = shop()
    first = len(site.lines)
    site.ask(20_000, "eve", "/orders/5")
    for k in range(4):
        site.ask(20_010 + 40 * k, "eve", f"/orders/{1000 + 97 * k}")
    counted = site.counted()
    assert counted.told
    assert counted.told[0][0] - first <= 3
    assert counted.details[0]["foreign"] >= 2


def test_who_walks_through_objects_owns_none_of_them() -> None:
    site = Site()
    for k in range(40):
        site.ask(k, "eve", f"/orders/{1000 + 97 * k}")
    for visit in range(3):
        for u in range(12):
            site.ask(5_000 + 4_000 * visit + 20 * u, f"u{u}", f"/orders/{1000 + 97 * u}")
    told = site.counted().told
    assert all(row < 40 for row, _ in told)


def test_shared_objects_say_nothing() -> None:
    site = Site()
    for visit in range(3):
        for u in range(20):
            for k in range(6):
                site.ask(visit * 4000 + u * 20 + k, f"u{u}", f"/products/{100 + (u * k) % 9}")
    counted = site.counted()
    assert counted.told == []
    assert counted.kinds[-1] == SHARED


def test_an_unknown_word_is_learned() -> None:
    """What the word does not say, use does: shared there, private here."""
    shared = Site()
    for visit in range(3):
        for u in range(20):
            for k in range(4):
                shared.ask(visit * 4000 + u * 20 + k, f"u{u}", f"/zorks/{100 + (u + k) % 7}")
    assert shared.counted().kinds[-1] == SHARED
    private = shop(30, "/zorks/{}").counted()
    assert private.kinds[0] == OPEN
    assert private.kinds[-1] == PRIVATE


def test_another_basket_than_ones_own_needs_a_way_back() -> None:
    """A new basket after an order is no attack, going back and forth is."""
    renewed = Site()
    for k in range(4):
        renewed.ask(k, "anna", "/rest/basket/6")
    for k in range(4):
        renewed.ask(100 + k, "anna", "/rest/basket/31")
    assert renewed.counted().told == []
    curious = Site()
    for k in range(4):
        curious.ask(k, "eve", "/rest/basket/6")
    curious.ask(50, "eve", "/rest/basket/7", 403).ask(60, "eve", "/rest/basket/6")
    curious.ask(70, "eve", "/rest/basket/2")
    told = curious.counted().told
    assert [row for row, _ in told] == [6]


def test_ids_from_replies_speak_for_a_user_and_others_against_it() -> None:
    def site(given: bool) -> Site:
        site = Site()
        for u in range(30):
            ids = [100_000 + 1_013 * u + 17 * k for k in range(4)]
            for k in range(3):
                site.ask(u * 50 + k, f"u{u}", "/orders", reply=[{"id": n} for n in ids])
            for n in ids:
                site.ask(u * 50 + 5, f"u{u}", f"/orders/{n}")
        wanted = [900_000 + 7_001 * k for k in range(8)]
        for k in range(3):
            shown = wanted if given else [5_000_000 + k]
            site.ask(9_000 + k, "eve", "/orders", reply=[{"id": n} for n in shown])
        for k, n in enumerate(wanted):
            site.ask(9_100 + 30 * k, "eve", f"/orders/{n}")
        return site

    assert site(given=True).counted().told == []
    found = site(given=False).counted()
    assert found.told
    assert found.details[0]["unprovenanced"] >= 2


def test_a_few_ids_that_an_app_brings_along_say_nothing() -> None:
    site = Site()
    for u in range(30):
        ids = [100_000 + 1_013 * u + 17 * k for k in range(4)]
        for k in range(3):
            site.ask(u * 50 + k, f"u{u}", "/orders", reply=[{"id": n} for n in ids])
        for n in ids:
            site.ask(u * 50 + 5, f"u{u}", f"/orders/{n}")
    for k in range(3):
        site.ask(9_000 + k, "ann", "/profile", reply=[{"id": 5_000_000 + k}])
    for k in range(5):
        site.ask(9_100 + 30 * k, "ann", f"/orders/{900_000 + 7_001 * k}")
    assert site.counted().told == []


def test_mostly_refused_objects_are_told_though_some_are_let_in() -> None:
    site = shop()
    for k in range(9):
        site.ask(20_000 + 300 * k, "eve", f"/orders/{90_000 + 41 * k}", 403 if k % 3 else 200)
    assert site.counted().told
    broken = shop()
    for k in range(40):
        broken.ask(20_000 + k, "bob", "/orders/90001", 404)
    assert broken.counted().told == []


def test_rooms_of_the_staff_are_not_judged_as_private() -> None:
    site = Site()
    for k in range(60):
        site.ask(30 * k, "clerk", f"/admin/orders/{1000 + 97 * k}")
    counted = site.counted()
    assert counted.told == []
    assert set(counted.kinds.tolist()) == {ROOM}


@pytest.mark.parametrize("chunk", [1, 7, 64])
def test_blocks_change_nothing(chunk: int) -> None:
    site = shop()
    for k in range(6):
        site.ask(20_000 + 40 * k, "eve", f"/orders/{1000 + 97 * k}")
    whole, cut = site.counted(), site.counted(chunk)
    assert cut.told == whole.told
    assert np.array_equal(cut.kinds, whole.kinds)
    for name, array in whole.state.snapshot().items():
        assert np.array_equal(cut.state.snapshot()[name], array), name


def test_a_restored_state_continues() -> None:
    site = shop()
    for k in range(6):
        site.ask(20_000 + 40 * k, "eve", f"/orders/{1000 + 97 * k}")
    whole = site.counted()
    half = len(site.lines) - 4
    first = Counted(site.lines[:half], 100, HoldingState(*BOUNDS))
    successor = HoldingState(*BOUNDS)
    successor.restore(first.state.snapshot())
    rest = Counted(site.lines[half:], 100, successor)
    told = first.told + [(half + row, llr) for row, llr in rest.told]
    assert told == whole.told
    with pytest.raises(StateError):
        HoldingState(2048, 2048, 256, 64).restore(first.state.snapshot())


def test_tables_are_bounded() -> None:
    site = Site()
    for k in range(3_000):
        site.ask(k, f"u{k}", f"/orders/{k}", reply={"id": 100_000 + k})
    counted = site.counted(state=HoldingState(64, 64, 64, 64))
    assert all(len(table.used) <= 64 for table in counted.state.tables.values())
