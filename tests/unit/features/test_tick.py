"""Ticks: equal whatever the blocks, continued after a restart, and each feature says what its name
says.
"""

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apisentinel.errors import StateError
from apisentinel.features import FeatureState
from apisentinel.features.actor_record import ACTOR
from apisentinel.features.catalogue import EIGHT, FEATURES, INDEX, NAMES, PEERS, feature
from apisentinel.features.tick_record import TRACE
from apisentinel.features.tick_state import Ticks, TickState
from apisentinel.features.tick_trace import TOKENS
from apisentinel.records.flags import PATH_LOGIN
from tests.unit.features.traffic import SMALL, START, Traffic, batch_of, h


class Line:
    """Entities and their ticks behind one another."""

    def __init__(self) -> None:
        self.state = FeatureState(SMALL)
        self.ticks = TickState(self.state)

    def feed(self, events: np.ndarray, marks: np.ndarray | None = None) -> Ticks:
        batch = batch_of(len(events))
        signals = self.state.update(batch, events)
        given_marks = np.zeros(len(events), np.uint8) if marks is None else marks
        return self.ticks.update(batch, events, signals, given_marks)

    def last(self, traffic: Traffic, kind: int = 0) -> dict[str, float]:
        """Features of the last tick of a kind."""
        told = self.feed(traffic.events())
        rows = np.flatnonzero(told.rows["kind"] == kind)
        return dict(zip(NAMES, told.features[rows[-1]].tolist(), strict=True))


def mixed(count: int = 600, seed: int = 4) -> np.ndarray:
    """Clients of many manners, some with users, bursts and late requests."""
    rng = np.random.default_rng(seed)
    traffic = Traffic()
    at = 0.0
    for k in range(count):
        at += float(rng.exponential(2.0)) if rng.random() < 0.7 else 0.01
        c = int(rng.integers(0, 40))
        user = f"u{c % 9}" if c % 3 == 0 else ""
        late = 50.0 * (rng.random() < 0.02)
        if c % 11 == 0:
            traffic.login(max(0.0, at - late), f"10.0.1.{c}", int(rng.choice([200, 401])), user)
        else:
            page = int(rng.zipf(1.5)) % 60
            traffic.add(
                max(0.0, at - late), f"10.0.0.{c}", f"/page/{page}",
                int(rng.choice([200, 200, 200, 404, 302, 500])), user=user,
                duration_us=int(rng.integers(0, 90_000)) if c % 2 else -1,
                object_id=page if c % 4 == 0 else -1, response_bytes=int(rng.integers(0, 9_000)),
                object=h(f"o{page}") if c % 4 == 0 else 0, referer=int(c % 2),
                agent=f"agent{c % 5 if rng.random() < 0.9 else k}",
            )  # fmt: skip
    return traffic.events()


def joined(parts: list[Ticks], sizes: list[int]) -> tuple[Any, ...]:
    starts = np.cumsum([0, *sizes[:-1]])
    rows = np.concatenate([part.rows for part in parts]).copy()
    rows["row"] += np.repeat(starts, [len(part.rows) for part in parts])
    return (
        rows.tobytes(),
        np.concatenate([part.features for part in parts]).tobytes(),
        np.concatenate([part.tokens for part in parts]).tobytes(),
    )


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 599), max_size=8))
def test_rows_do_not_depend_on_how_requests_are_cut(cuts: list[int]) -> None:
    events = mixed()
    whole = Line()
    expected = joined([whole.feed(events.copy())], [len(events)])
    line, edges = Line(), [0, *sorted(set(cuts)), len(events)]
    sizes = np.diff(edges).tolist()
    parts = [line.feed(events[a:b].copy()) for a, b in pairwise(edges)]
    assert joined(parts, sizes) == expected
    assert _digest(line) == _digest(whole)


def _digest(line: Line) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in line.ticks.snapshot().items()}


def test_one_request_at_a_time_gives_what_a_replay_of_all_gives() -> None:
    events = mixed(300, seed=9)
    offline = Line().feed(events.copy())
    online = Line()
    parts = [online.feed(events[k : k + 1].copy()) for k in range(len(events))]
    assert joined(parts, [1] * len(events)) == joined([offline], [len(events)])


@pytest.mark.parametrize("cut", [1, 77, 400])
def test_a_restored_state_continues(cut: int) -> None:
    events = mixed()
    whole = Line()
    whole.feed(events[:cut].copy())
    again = Line()
    again.feed(mixed(200, seed=8))  # what is there before is forgotten
    again.state.restore(whole.state.snapshot())
    again.ticks.restore(whole.ticks.snapshot())
    ends = [line.feed(events[cut:].copy()) for line in (whole, again)]
    assert joined([ends[0]], [0]) == joined([ends[1]], [0])
    assert _digest(whole) == _digest(again)


def test_a_snapshot_of_another_version_is_refused() -> None:
    line = Line()
    other = line.ticks.snapshot() | {"shape": np.zeros(8, np.int64)}
    with pytest.raises(StateError, match="another version"):
        line.ticks.restore(other)


def test_a_client_takes_one_and_a_half_kilobytes_at_most() -> None:
    assert ACTOR.itemsize + TRACE.itemsize <= 1_536


def test_the_catalogue_is_documented_and_has_what_the_field_names() -> None:
    assert len(set(NAMES)) == len(FEATURES)
    assert all(item.words and item.window and item.source for item in FEATURES)
    assert {f"{name}_peers" for name in PEERS} | set(EIGHT) <= set(NAMES)


def test_ticks_come_early_then_with_every_eighth_request() -> None:
    traffic = Traffic()
    for k in range(40):
        traffic.add(10 * k, "10.0.0.1", "/same", session_given=0)
    told = Line().feed(traffic.events())
    assert told.rows["n"].tolist() == [4, 8, 12, 20, 28, 36]
    assert told.rows["first"].tolist() == [1, 0, 0, 0, 0, 0]
    assert set(told.rows["kind"].tolist()) == {0}  # a session that nobody named has no ticks


def test_a_rush_has_few_ticks() -> None:
    traffic = Traffic()
    for k in range(1_000):
        traffic.add(0.0005 * k, "10.0.0.1", "/same", session_given=0)
    assert len(Line().feed(traffic.events()).rows) <= 1_000 // 64 + 4


def test_a_detector_that_raises_an_entity_has_it_judged_at_once() -> None:
    traffic = Traffic()
    for k in range(7):
        traffic.login(2 * k, "192.0.2.1", 401)
    told = Line().feed(traffic.events())
    hits = told.rows[(told.rows["hit"] == 1) & (told.rows["kind"] == 0)]
    assert len(hits)
    assert not set(hits["n"].tolist()) <= {4, 8}


def test_a_timer_and_a_person_differ_in_their_gaps() -> None:
    timer, person = Traffic(), Traffic()
    rng = np.random.default_rng(1)
    for k in range(40):
        timer.add(30 * k, "10.0.0.1", f"/p/{k}")
        person.add(float(np.cumsum(rng.exponential(30, k + 1))[-1]), "10.0.0.1", f"/p/{k}")
    a, b = Line().last(timer), Line().last(person)
    assert a["gap_steady"] > 0.9
    assert b["gap_steady"] < 0.5
    assert a["gap_spread"] < 0.1 < b["gap_spread"]
    assert feature("gap").shown(a["gap"]) == 30


def test_order_features_tell_a_cycle_from_wandering() -> None:
    cycle, wander = Traffic(), Traffic()
    rng = np.random.default_rng(2)
    for k in range(200):
        cycle.add(5 * k, "10.0.0.1", f"/p/{k % 4}")
        wander.add(5 * k, "10.0.0.1", f"/p/{int(rng.integers(0, 4))}")
    a, b = Line().last(cycle), Line().last(wander)
    assert a["sequence_entropy"] < b["sequence_entropy"] - 0.5
    assert a["step_bits"] < b["step_bits"]
    assert a["endpoint_entropy"] == pytest.approx(b["endpoint_entropy"], abs=0.4)


def test_reading_a_table_row_by_row_is_a_walk() -> None:
    walk, jumps = Traffic(), Traffic()
    rng = np.random.default_rng(3)
    for k in range(40):
        walk.add(9 * k, "10.0.0.1", f"/i/{k}", endpoint="/i/{id}", object_id=100 + k)
        number = int(rng.integers(0, 100_000))
        jumps.add(9 * k, "10.0.0.1", f"/i/{number}", endpoint="/i/{id}", object_id=number)
    assert Line().last(walk)["walk_share"] == 1.0
    assert Line().last(jumps)["walk_share"] < 0.1


def test_shares_of_replies_add_up() -> None:
    traffic = Traffic()
    for k in range(60):
        traffic.add(k, "10.0.0.1", f"/p/{k}", [200, 301, 401, 404, 422, 429, 500][k % 7])
    told = Line().last(traffic)
    bad = sum(told[f"{name}_share"] for name in ("denied", "missed", "invalid", "error", "limited"))
    assert told["success_rate"] == pytest.approx(1 - bad, abs=1e-5)
    assert told["redirect_share"] == pytest.approx(1 / 7, abs=0.02)


def test_unknown_is_not_zero() -> None:
    traffic = Traffic()
    for k in range(8):
        traffic.add(k, "10.0.0.1", f"/p/{k}", -1, response_bytes=-1)
    told = Line().last(traffic)
    for name in ("success_rate", "time_z", "response_time", "size_z", "walk_share"):
        assert math.isnan(told[name])


def test_failed_logins_and_their_accounts() -> None:
    traffic = Traffic()
    for k in range(24):
        traffic.login(k, "192.0.2.1", 401, f"user{k}")
    told = Line().last(traffic)
    assert told["login_failed_share"] == pytest.approx(1.0, abs=0.01)
    assert feature("accounts").shown(told["accounts"]) == pytest.approx(24, rel=0.5)


def test_conspicuous_content_counts() -> None:
    traffic = Traffic()
    for k in range(8):
        traffic.add(k, "10.0.0.1", f"/p/{k}")
    marks = np.array([1, 0] * 4, np.uint8)
    told = Line().feed(traffic.events(), marks)
    assert told.features[-1, INDEX["marked_share"]] == pytest.approx(0.5, abs=0.01)


def test_who_does_more_than_all_peers_is_rare_among_them() -> None:
    line, traffic = Line(), Traffic()
    for c in range(100):
        for k in range(12):
            traffic.add(40 * k + c / 10, f"10.0.0.{c}", f"/p/{k % 3}")
    for k in range(400):
        traffic.add(480 + k / 4, "192.0.2.9", f"/q/{k}")
    told = line.feed(traffic.events())
    mine = told.features[(told.rows["key"] == h("192.0.2.9")) & (told.rows["kind"] == 0)][-1]
    other = told.features[(told.rows["key"] == h("10.0.0.5")) & (told.rows["kind"] == 0)][-1]
    assert mine[INDEX["requests_10m_peers"]] > 1.9  # rarer than 1 in 80
    assert other[INDEX["requests_10m_peers"]] < 1.0


def test_an_entity_has_one_voice_among_its_peers_in_ten_minutes() -> None:
    line, traffic = Line(), Traffic()
    begin = 600 - START // 1_000_000 % 600
    for k in range(200):
        traffic.add(begin + k, "192.0.2.9", f"/q/{k}", session_given=0)
    line.feed(traffic.events())
    assert line.ticks.peers[:, PEERS.index("requests_10m"), -1].sum() == 1


def test_words_of_sessions_are_in_the_vocabulary() -> None:
    traffic = Traffic()
    traffic.add(0, "10.0.0.1", "/login", 401, method=3, path_flags=PATH_LOGIN)
    traffic.add(1, "10.0.0.1", "/a.css", path_flags=1)
    traffic.add(1.1, "10.0.0.1", "/a", 500)
    tokens = Line().feed(traffic.events()).tokens.tolist()
    assert tokens[1] == -1
    assert all(0 <= token < TOKENS for token in (tokens[0], tokens[2]))
    assert tokens[0] != tokens[2]


def test_a_record_that_changes_hands_starts_anew() -> None:
    line, traffic = Line(), Traffic()
    for k in range(40):
        traffic.add(k, "192.0.2.9", f"/q/{k}", session_given=0)
    for c in range(6_000):  # many more than the table holds
        traffic.add(100 + c, f"10.{c % 250}.{c // 250}.1", "/x", session_given=0)
    line.feed(traffic.events())
    later = Traffic()
    for k in range(4):
        later.add(9_000 + k, "192.0.2.9", f"/q/{k}", session_given=0)
    told = line.feed(later.events())
    assert told.rows["n"].tolist() == [4]
