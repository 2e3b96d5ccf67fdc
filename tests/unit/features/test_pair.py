"""What is told of one principal at one endpoint, and which honest use says nothing."""

import numpy as np
import pytest

from apisentinel.features import FeatureState
from apisentinel.features.pair import LARGE, OBJECTS, OUTSIDE, REFUSALS, REPEATS, SLOW
from tests.unit.features.traffic import SMALL, Traffic, batch_of, h


def told(traffic: Traffic, state: FeatureState | None = None) -> list[tuple[int, float]]:
    events = traffic.events()
    signals = (state or FeatureState(SMALL)).update(batch_of(len(events)), events)
    return [(int(s["what"]), float(s["llr"])) for s in signals.endpoints]


def shop(users: int = 40, orders: int = 3) -> Traffic:
    """Users who look at their few orders again and again."""
    traffic = Traffic()
    for u in range(users):
        for k in range(2 * orders):
            number = 100 * u + k % orders
            traffic.add(
                60 * k + u, f"10.0.{u}.1", f"/orders/{number}", endpoint="/orders/{id}",
                user=f"u{u}", object=h(f"o{number}"), duration_us=20_000 + 500 * k,
            )  # fmt: skip
    return traffic


def test_users_of_a_shop_say_nothing() -> None:
    assert told(shop()) == []


@pytest.mark.parametrize(("orders", "found"), [(8, False), (40, True)])
def test_many_objects_are_measured_against_the_endpoint(orders: int, found: bool) -> None:
    traffic = shop()
    for k in range(orders):
        traffic.add(
            900 + k, "192.0.2.9", f"/orders/{7_000 + 13 * k}", endpoint="/orders/{id}",
            user="eve", object=h(f"x{k}"),
        )  # fmt: skip
    assert bool([llr for what, llr in told(traffic) if what == OBJECTS and llr > 5.1]) is found


def test_refusals_need_new_targets() -> None:
    loop, guesses = shop(), shop()
    for k in range(40):
        loop.add(900 + k, "192.0.2.9", "/codes/1", 404, endpoint="/codes/{id}", user="bob")
        guesses.add(900 + k, "192.0.2.9", f"/codes/{k}", 404, endpoint="/codes/{id}", user="bob")
    assert REFUSALS not in [what for what, _ in told(loop)]
    found = [llr for what, llr in told(guesses) if what == REFUSALS]
    assert found
    assert found[0] > 5.1


def test_refusals_that_are_usual_here_count_less() -> None:
    traffic = Traffic()
    for u in range(60):
        for k in range(2):
            traffic.add(
                u + k, f"10.0.{u}.1", f"/find/{u}-{k}", 404, endpoint="/find/{id}", user=f"u{u}"
            )
    for k in range(9):
        traffic.add(100 + k, "192.0.2.9", f"/find/x{k}", 404, endpoint="/find/{id}", user="bob")
    assert REFUSALS not in [what for what, _ in told(traffic)]


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"response_bytes": 60_000, "duration_us": 20_000}, LARGE),
        ({"response_bytes": 500, "duration_us": 4_000_000}, SLOW),
    ],
)
def test_replies_out_of_range(more: dict[str, int], what: int) -> None:
    traffic = shop()
    for k in range(8):
        traffic.add(900 + k, "192.0.2.9", "/orders/1", endpoint="/orders/{id}", user="eve", **more)
    assert what in [found for found, _ in told(traffic)]
    once = shop().add(900, "192.0.2.9", "/orders/1", endpoint="/orders/{id}", user="eve", **more)
    assert told(once) == []


def test_repeated_calls_are_measured_against_the_endpoint() -> None:
    traffic = Traffic()
    for u in range(40):
        traffic.add(u, f"10.0.{u}.1", "/signup", 201, method=3)
    for k in range(60):
        traffic.add(100 + k, "192.0.2.9", "/signup", 201, method=3)
    assert REPEATS in [what for what, _ in told(traffic)]


def bank(users: int = 40) -> Traffic:
    """Users who look at their own three accounts now and then."""
    traffic = Traffic()
    for u in range(users):
        for k in range(6):
            number = 100 * u + k % 3
            traffic.add(
                60 * k + u, f"10.0.{u}.1", f"/accounts/{number}", endpoint="/accounts/{id}",
                user=f"u{u}", object=h(f"a{number}"),
            )  # fmt: skip
    return traffic


@pytest.mark.parametrize(("accounts", "found"), [(3, False), (18, True)])
def test_searches_in_own_objects_are_no_walk(accounts: int, found: bool) -> None:
    traffic = bank()
    for k in range(18):
        number = 7_000 + 13 * (k % accounts)
        traffic.add(
            900 + 20 * k, "192.0.2.9", f"/accounts/{number}", endpoint="/accounts/{id}",
            user="eve", object=h(f"x{number}"), query=h(f"q={k}"),
        )  # fmt: skip
    assert bool([llr for what, llr in told(traffic) if what == OBJECTS and llr > 5.1]) is found


@pytest.mark.parametrize(("busiest", "found"), [(2, True), (12, False)])
def test_where_some_do_ten_times_the_work_more_is_needed(busiest: int, found: bool) -> None:
    traffic = Traffic()
    for u in range(60):
        for k in range(busiest if u % 10 == 0 else 1):
            traffic.add(
                60 * k + u, f"10.0.{u}.1", f"/tasks/{100 * u + k}", endpoint="/tasks/{id}",
                user=f"u{u}", object=h(f"t{100 * u + k}"),
            )  # fmt: skip
    for k in range(50):
        traffic.add(
            900 + 20 * k, "192.0.2.9", f"/tasks/{90_000 + 17 * k}", endpoint="/tasks/{id}",
            user="eve", object=h(f"z{k}"),
        )  # fmt: skip
    assert bool([llr for what, llr in told(traffic) if what == OBJECTS and llr > 5.1]) is found


def office(networks: int) -> Traffic:
    traffic = Traffic()
    for k in range(80):
        traffic.add(
            k, f"10.{k % networks}.0.{k % 9}", "/staff/list", user=f"s{k % 9}",
            network=h(f"office{k % networks}"),
        )  # fmt: skip
    return traffic


@pytest.mark.parametrize(("networks", "found"), [(2, True), (9, False)])
def test_endpoints_of_few_networks_are_closed(networks: int, found: bool) -> None:
    traffic = office(networks).add(
        200, "192.0.2.9", "/staff/list", user="eve", network=h("elsewhere")
    )
    assert (OUTSIDE in [what for what, _ in told(traffic)]) is found


def test_people_behind_one_address_are_told_apart() -> None:
    traffic = shop()
    for u in range(30):
        for k in range(3):
            number = 9_000 + 10 * u + k
            traffic.add(
                900 + 10 * u + k, "192.0.2.9", f"/orders/{number}", endpoint="/orders/{id}",
                user=f"n{u}", object=h(f"o{number}"),
            )  # fmt: skip
    assert told(traffic) == []


def test_nothing_depends_on_the_blocks() -> None:
    events = shop().events()
    whole, parts = FeatureState(SMALL), FeatureState(SMALL)
    whole.update(batch_of(len(events)), events.copy())
    for piece in np.array_split(events, 7):
        parts.update(batch_of(len(piece)), piece.copy())
    left, right = whole.snapshot(), parts.snapshot()
    assert all(left[name].tobytes() == right[name].tobytes() for name in left)
