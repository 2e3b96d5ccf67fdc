"""Series of an endpoint, pace, objects of others, steps of flows, and how a browser shows pages."""

import numpy as np
import pytest

from apisentinel.features import FeatureState
from apisentinel.features.pair import PACE
from apisentinel.features.surge import SURGE, WALK
from apisentinel.records.flags import PATH_ASSET
from apisentinel.records.signal import FACTS, Family
from tests.unit.features.traffic import SMALL, Traffic, batch_of, h, update


def told(traffic: Traffic) -> list[int]:
    events = traffic.events()
    signals = FeatureState(SMALL).update(batch_of(len(events)), events)
    return [int(s["what"]) for s in signals.endpoints]


def day(minutes: int = 90) -> Traffic:
    """One visitor a minute, each of whom reads a list twice."""
    traffic = Traffic()
    for m in range(minutes):
        for k in range(2):
            traffic.add(60 * m + 20 * k, f"10.0.{m}.1", "/items", endpoint="/items")
    return traffic


@pytest.mark.parametrize(("each", "found"), [(1, False), (10, True)])
def test_a_crowd_is_no_flood(each: int, found: bool) -> None:
    traffic = day()
    visitors = 120 // each
    for v in range(visitors):
        for k in range(each):
            traffic.add(5_460 + 1.1 * v + 30 * k, f"172.16.{v}.1", "/items", endpoint="/items")
    assert (SURGE in told(traffic)) is found


def test_a_flood_of_one_client_does_not_hide_one_of_many() -> None:
    traffic = day()
    for k in range(2_000):
        traffic.add(5_430 + 0.1 * k, "172.16.0.1", "/items", endpoint="/items")
    for k in range(600):
        traffic.add(7_230 + 0.2 * k, f"172.16.{k % 12 + 1}.1", "/items", endpoint="/items")
    assert SURGE in told(traffic)


@pytest.mark.parametrize(("clients", "found"), [(12, True), (1, False)])
def test_a_table_read_in_order_by_many_is_a_walk(clients: int, found: bool) -> None:
    traffic = Traffic()
    rng = np.random.default_rng(5)
    for k in range(60):
        number = int(rng.integers(5_000))
        traffic.add(
            30 * k, f"10.0.{k}.1", f"/p/{number}", endpoint="/p/{id}", object=h(f"o{number}"),
            object_id=number,
        )  # fmt: skip
    for k in range(40):
        traffic.add(
            2_000 + 5 * k, f"192.0.2.{k % clients}", f"/p/{700 + k}", endpoint="/p/{id}",
            object=h(f"o{700 + k}"), object_id=700 + k,
        )  # fmt: skip
    assert (WALK in told(traffic)) is found


@pytest.mark.parametrize(("gap", "found"), [(0.31, True), (4.3, False)])
def test_writing_faster_than_hands_is_told(gap: float, found: bool) -> None:
    traffic = Traffic()
    for k in range(14):
        traffic.add(0.05 + gap * k, "192.0.2.1", "/signup", method=3, endpoint="/signup")
    assert (PACE in told(traffic)) is found


def test_calls_that_everybody_sends_in_bursts_are_not_too_fast() -> None:
    traffic = Traffic()
    for u in range(30):
        for k in range(8):
            traffic.add(100 * u + 0.013 + 0.021 * k, f"10.0.{u}.1", f"/tile/{k}", endpoint="/tile")
    for k in range(16):
        traffic.add(4_000.003 + 0.05 * k, "192.0.2.1", f"/tile/{k}", endpoint="/tile")
    assert PACE not in told(traffic)


def buyers(count: int = 80) -> Traffic:
    traffic = Traffic()
    for u in range(count):
        start = 100 * u
        for step, path in enumerate(("/cart", "/checkout", "/pay")):
            traffic.add(
                start + 20 * step, f"10.0.{u}.1", path, method=3, endpoint=path, user=f"u{u}"
            )
    return traffic


@pytest.mark.parametrize(("steps", "found"), [(("/pay",), True), (("/cart", "/checkout"), False)])
def test_leaving_out_steps_is_told(steps: tuple[str, ...], found: bool) -> None:
    traffic = buyers()
    if not found:
        for k, path in enumerate(steps):
            traffic.add(9_000 + k, "192.0.2.9", path, method=3, endpoint=path, user="eve")
    for k in range(6):
        traffic.add(9_010 + 15 * k, "192.0.2.9", "/pay", method=3, endpoint="/pay", user="eve")
    out = update(FeatureState(SMALL), traffic.events())
    raised = [s for s in out if Family.SEQUENCE in s["families"]]
    assert bool(raised) is found


def browser(late: float, again: bool) -> Traffic:
    traffic = Traffic()
    for k in range(20):
        path = f"/p/{k // 2 if again else k}"
        traffic.add(30 * k, "192.0.2.1", path, referer=1)
        traffic.add(30 * k + late, "192.0.2.1", "/a.css", path_flags=PATH_ASSET, referer=1)
    return traffic


def test_late_assets_and_pages_opened_again_look_like_a_driven_browser() -> None:
    def peak(traffic: Traffic) -> float:
        state = FeatureState(SMALL)
        update(state, traffic.events())
        return float(state.actors["client"].used[0]["peak"][Family.AUTOMATION])

    person = peak(browser(0.2, again=False))
    assert peak(browser(4.0, again=False)) > person + 1
    assert peak(browser(0.2, again=True)) > person + 0.5


def test_facts_are_named() -> None:
    assert len(set(FACTS)) == len(FACTS)
