"""What the state kernels notice, and that it does not depend on how the events arrive in blocks."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apisentinel.errors import StateError
from apisentinel.features import LOGIN, FeatureSettings, FeatureState
from apisentinel.records.signal import Family
from tests.unit.features.traffic import SMALL, Traffic, batch_of, h, peaks, update

ALERT = 5.07
"""Nats that make a risk of 40."""


def ordinary(minutes: int = 30, clients: int = 20) -> Traffic:
    traffic = Traffic()
    for c in range(clients):
        for m in range(minutes):
            traffic.page_with_assets(60 * m + c, f"10.0.0.{c}", f"/page/{(m * 7 + c) % 40}")
    return traffic


def test_ordinary_visitors_stay_calm() -> None:
    state = FeatureState(SMALL)
    update(state, ordinary().events())
    for c in range(20):
        assert max(peaks(state, f"10.0.0.{c}").values()) < 2.3


@pytest.mark.parametrize(("failures", "found"), [(3, False), (6, True), (40, True)])
def test_brute_force_by_number_of_failures(failures: int, found: bool) -> None:
    traffic = Traffic()
    for k in range(failures):
        traffic.login(k, "192.0.2.1", 401)
    state = FeatureState(SMALL)
    update(state, traffic.events())
    assert (peaks(state, "192.0.2.1")[Family.BRUTE_FORCE] >= ALERT) == found


def test_a_person_who_finds_the_password_is_forgiven() -> None:
    traffic = Traffic()
    for day in range(3):
        for k in range(3):
            traffic.login(day * 7200 + k * 10, "192.0.2.1", 401)
        traffic.login(day * 7200 + 40, "192.0.2.1", 200)
    state = FeatureState(SMALL)
    update(state, traffic.events())
    assert peaks(state, "192.0.2.1")[Family.BRUTE_FORCE] < ALERT


def test_stuffing_counts_accounts_not_failures() -> None:
    many, one = FeatureState(SMALL), FeatureState(SMALL)
    update(many, _tries([f"user{k}" for k in range(8)]).events())
    update(one, _tries(["user0"] * 8).events())
    assert peaks(many, "192.0.2.1")[Family.STUFFING] >= ALERT
    assert peaks(one, "192.0.2.1")[Family.STUFFING] == 0


def _tries(users: list[str]) -> Traffic:
    traffic = Traffic()
    for k, user in enumerate(users):
        traffic.login(k * 5, "192.0.2.1", 401, user)
    return traffic


def test_a_login_form_that_always_answers_200_is_understood_from_its_redirects() -> None:
    traffic = Traffic()
    traffic.login(0, "198.51.100.1", 302)
    for k in range(8):
        traffic.login(10 + k, "192.0.2.1", 200)
    events = traffic.events()
    update(FeatureState(SMALL), events)
    assert events["login"].tolist() == [LOGIN.SUCCEEDED] + [LOGIN.FAILED] * 8


def test_scanner_needs_different_missing_paths() -> None:
    wide, narrow = FeatureState(SMALL), FeatureState(SMALL)
    scan, loop = Traffic(), Traffic()
    for k in range(15):
        scan.add(k, "192.0.2.1", f"/guess{k}", 404)
        loop.add(k, "192.0.2.1", "/broken", 404)
    update(wide, scan.events())
    update(narrow, loop.events())
    assert peaks(wide, "192.0.2.1")[Family.SCANNING] >= ALERT
    assert peaks(narrow, "192.0.2.1")[Family.SCANNING] < 2.3


def test_walks_are_scraping_when_they_hit_and_enumeration_when_they_miss() -> None:
    for status, family in ((200, Family.SCRAPING), (404, Family.ENUMERATION)):
        traffic = Traffic()
        for k in range(30):
            traffic.add(
                k * 20,
                "192.0.2.1",
                f"/items/{k}",
                status,
                endpoint="/items/{id}",
                object_id=1000 + k,
            )
        state = FeatureState(SMALL)
        update(state, traffic.events())
        assert peaks(state, "192.0.2.1")[family] >= ALERT


@pytest.mark.parametrize(("status", "walks"), [(204, False), (403, True)])
def test_steps_that_change_something_and_may_are_no_walk(status: int, walks: bool) -> None:
    """A test is answered question by question; who tries to change what is not his is told."""
    traffic = Traffic()
    for k in range(30):
        traffic.add(
            k * 20, "192.0.2.1", f"/quiz/9/answers/{k}", status, method=4,
            endpoint="/quiz/{id}/answers/{id}", object_id=k,
        )  # fmt: skip
    state = FeatureState(SMALL)
    update(state, traffic.events())
    found = max(peaks(state, "192.0.2.1")[f] for f in (Family.SCRAPING, Family.ENUMERATION))
    assert (found >= ALERT) is walks


def test_random_objects_are_no_walk() -> None:
    rng = np.random.default_rng(3)
    traffic = Traffic()
    for k, number in enumerate(rng.integers(0, 100_000, 60).tolist()):
        traffic.add(
            k * 20, "192.0.2.1", f"/items/{number}", endpoint="/items/{id}", object_id=number
        )
    state = FeatureState(SMALL)
    update(state, traffic.events())
    assert peaks(state, "192.0.2.1")[Family.SCRAPING] < 2.3


def test_crawling_needs_pace() -> None:
    fast, slow = FeatureState(SMALL), FeatureState(SMALL)
    for state, gap in ((fast, 0.4), (slow, 8.0)):
        traffic = Traffic()
        for k in range(60):
            traffic.add(k * gap, "192.0.2.1", f"/p/{k}")
        update(state, traffic.events())
    assert peaks(fast, "192.0.2.1")[Family.CRAWLING] >= ALERT
    assert peaks(slow, "192.0.2.1")[Family.CRAWLING] < 2.3


def test_agents_that_change_all_the_time_differ_from_many_people_behind_one_address() -> None:
    rng = np.random.default_rng(5)
    tool, office = Traffic(), Traffic()
    people = rng.integers(0, 8, 200)
    for k in range(20):
        tool.add(k, "192.0.2.1", "/", agent=f"agent{k}")
    for k, person in enumerate(people.tolist()):
        office.add(k * 5, "192.0.2.1", f"/p/{k % 30}", agent=f"agent{person}")
    state, shared = FeatureState(SMALL), FeatureState(SMALL)
    update(state, tool.events())
    update(shared, office.events())
    assert peaks(state, "192.0.2.1")[Family.AGENT_SWITCHING] >= ALERT
    assert peaks(shared, "192.0.2.1")[Family.AGENT_SWITCHING] < ALERT


def test_floods_are_measured_against_the_site() -> None:
    traffic = ordinary()
    for k in range(1500):
        traffic.add(600 + k * 0.03, "192.0.2.1", "/same")
    state = FeatureState(SMALL)
    update(state, traffic.events())
    assert peaks(state, "192.0.2.1")[Family.VOLUME] >= ALERT


def test_suspicion_fades() -> None:
    traffic = Traffic()
    for k in range(5):
        traffic.add(k, "192.0.2.1", f"/guess{k}", 404)
    traffic.add(4 * 3600, "192.0.2.1", "/")
    state = FeatureState(SMALL)
    update(state, traffic.events())
    record = state.record(state.actors["client"], h("192.0.2.1"))
    assert record is not None
    assert record["llr"][Family.SCANNING] < 0.2 * record["peak"][Family.SCANNING]


def mixed(seed: int, n: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    traffic = Traffic()
    for k in range(n):
        client = f"10.0.{rng.integers(0, 3)}.{rng.integers(0, 200)}"
        late = -float(rng.integers(0, 90)) if rng.random() < 0.1 else 0.0
        if rng.random() < 0.2:
            traffic.login(
                100 + k + late,
                client,
                int(rng.choice([200, 401, 302])),
                f"user{rng.integers(0, 9)}",
            )
        else:
            number = int(rng.integers(0, 50))
            traffic.add(
                100 + k + late,
                client,
                f"/i/{number}",
                int(rng.choice([200, 404, 500])),
                endpoint="/i/{id}",
                object_id=number,
            )
    events = traffic.events()
    return events[np.argsort(np.arange(len(events)) + rng.normal(0, 2, len(events)), kind="stable")]


@given(st.integers(0, 10_000), st.lists(st.integers(1, 399), max_size=6))
def test_state_and_signals_do_not_depend_on_the_blocks(seed: int, cuts: list[int]) -> None:
    events = mixed(seed, 400)
    tiny = FeatureSettings(
        clients=64,
        sessions=64,
        users=64,
        credentials=64,
        endpoints=64,
        pairs=64,
        networks=64,
        objects=64,
        agents=64,
    )
    whole, parts = FeatureState(tiny), FeatureState(tiny)
    expected = [
        (s["row"], s["kind"], s["families"], s["llr"].tobytes())
        for s in update(whole, events.copy())
    ]
    found = []
    edges = sorted({0, *cuts, len(events)})
    for low, high in pairwise(edges):
        found += [
            (s["row"] + low, s["kind"], s["families"], s["llr"].tobytes())
            for s in update(parts, events[low:high].copy())
        ]
    assert found == expected
    left, right = whole.snapshot(), parts.snapshot()
    assert left.keys() == right.keys()
    assert all(left[name].tobytes() == right[name].tobytes() for name in left)


def test_a_snapshot_continues_as_if_nothing_had_happened() -> None:
    events = mixed(11, 600)
    straight, before, after = (FeatureState(SMALL) for _ in range(3))
    update(straight, events.copy())
    update(before, events[:300].copy())
    after.restore(before.snapshot())
    update(after, events[300:].copy())
    left, right = straight.snapshot(), after.snapshot()
    assert all(left[name].tobytes() == right[name].tobytes() for name in left)


def test_a_snapshot_of_other_bounds_is_refused() -> None:
    other = FeatureState(SMALL.model_copy(update={"clients": 512}))
    with pytest.raises(StateError, match="other bounds"):
        other.restore(FeatureState(SMALL).snapshot())


def test_memory_per_key_is_within_the_budget() -> None:
    state = FeatureState(SMALL)
    assert state.actors["client"].records.itemsize <= 1024
    assert state.endpoints.records.itemsize <= 4096


def test_events_without_entity_are_skipped() -> None:
    events = Traffic().add(1, "192.0.2.1", "/").events()
    for name in ("client", "session", "network"):
        events[name] = 0
    state = FeatureState(SMALL)
    signals = state.update(batch_of(1), events)
    assert signals.slots["client"].tolist() == [-1]
    assert len(state.actors["client"].used) == 0


def flows(seed: int, actors: int) -> np.ndarray:
    """People with and without a name pay, most of them after a look at their basket."""
    rng = np.random.default_rng(seed)
    traffic = Traffic()
    for k in range(actors):
        client, at = f"10.1.{k % 7}.{k}", float(rng.integers(0, 5 * actors))
        user = f"user{k}" if rng.random() < 0.5 else ""
        if rng.random() < 0.97:
            traffic.add(at, client, "/basket", user=user)
        traffic.add(at + 20, client, "/pay", method=3, user=user)
    return traffic.events()


@given(st.integers(0, 10_000), st.lists(st.integers(1, 700), max_size=6))
def test_steps_are_learned_alike_of_named_and_nameless_people_in_any_blocks(
    seed: int, cuts: list[int]
) -> None:
    events = flows(seed, 360)
    whole, parts = FeatureState(SMALL), FeatureState(SMALL)
    update(whole, events.copy())
    for low, high in pairwise(
        sorted({0, *(cut for cut in cuts if cut < len(events)), len(events)})
    ):
        update(parts, events[low:high].copy())
    left, right = whole.snapshot(), parts.snapshot()
    assert [name for name in left if left[name].tobytes() != right[name].tobytes()] == []
    record = whole.record(whole.endpoints, h("3 /pay"))
    assert record is not None
    assert min(record["called"]) >= 60
