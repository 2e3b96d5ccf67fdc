"""Restart is replay: any cuts and checkpoints give the run that was never cut."""

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.detectors.profile.conftest import learned
from tests.unit.detectors.profile.requests import orders
from tests.unit.pipeline.live.live_traffic import SMALL, batch_of, requests

from apisentinel.errors import StateError
from apisentinel.kernels.hashing import HashKey
from apisentinel.pipeline.casebook import Casebook
from apisentinel.pipeline.conduct import Conduct
from apisentinel.pipeline.inspection import Inspection
from apisentinel.pipeline.judge import Judge
from apisentinel.pipeline.learned import Learned
from apisentinel.pipeline.live import checkpoint
from apisentinel.pipeline.live.engine import LiveEngine
from apisentinel.pipeline.live.settings import RuntimeSettings
from apisentinel.pipeline.reading_places import ReadingPlaces

if TYPE_CHECKING:
    from apisentinel.records.evidence import Alert

ROWS = 1_500
RUNTIME = RuntimeSettings(quiet_hours=0.05)
KEY = HashKey(1, 2)


def new() -> LiveEngine:
    return LiveEngine(SMALL, RUNTIME, KEY)


class Run:
    """One life or several of an engine over the same traffic."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        self.live = new()
        self.alerts: dict[str, Alert] = {}
        self.closed: dict[str, Any] = {}
        self.stored = checkpoint.capture(self.live).parts()

    def to(self, end: int, step: int = 200) -> None:
        while self.live.seq < end:
            begin = self.live.seq
            part = batch_of(self.rows[begin : min(end, begin + step)])
            for judged in self.live.advance(self.live.prepare(part), begin + 1):
                self.alerts |= {alert.id: alert for alert in judged.alerts}
                self.closed |= {document["id"]: document for document in judged.closed}

    def save(self) -> None:
        self.stored = {
            name: bytes(part) for name, part in checkpoint.capture(self.live).parts().items()
        }

    def kill(self) -> None:
        self.live = new()
        checkpoint.restore(self.live, self.stored)

    def outcome(self) -> tuple[Any, ...]:
        incidents = sorted(self.live.incidents.look(self.live.engine), key=lambda d: d["id"])
        return (
            sorted(self.alerts.values(), key=lambda alert: (alert.seq, alert.number, alert.id)),
            [d for d in incidents if "reason" in d],
            self.closed,
            checkpoint.capture(self.live).digest(),
        )


class Whole(NamedTuple):
    """The traffic and the outcome of a run that was never cut."""

    rows: list[dict[str, Any]]
    outcome: tuple[Any, ...]

    def __repr__(self) -> str:
        return "whole"


@pytest.fixture(scope="module")
def whole() -> Whole:
    rows = requests(ROWS)
    run = Run(rows)
    run.to(ROWS)
    return Whole(rows, run.outcome())


def test_the_traffic_raises_alerts_closes_cases_and_fills_tables(whole) -> None:
    alerts, incidents, closed, _ = whole[1]
    assert len({alert.attack_type for alert in alerts}) >= 4
    assert incidents
    assert closed


@given(
    st.lists(
        st.tuples(st.integers(0, ROWS), st.integers(0, 150), st.integers(1, 700)),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=30)
def test_any_kills_give_the_alerts_and_the_state_of_a_run_without_them(whole, kills) -> None:
    rows, expected = whole
    run = Run(rows)
    for at, more, step in sorted(kills):
        run.to(at, step)
        run.save()
        run.to(min(ROWS, at + more), step)
        run.kill()
    run.to(ROWS)
    assert run.outcome() == expected


def test_blocks_of_any_size_give_equal_state(whole) -> None:
    rows, expected = whole
    run = Run(rows)
    run.to(ROWS, 7)
    assert run.outcome() == expected


def test_a_request_has_the_risk_of_its_moment_whatever_the_block() -> None:
    rows = [row | {"client_ip": "203.0.113.9"} for row in requests(700, seed=3)]

    def risks(step: int) -> dict[int, float]:
        live, out = new(), {}
        for begin in range(0, len(rows), step):
            batch = batch_of(rows[begin : begin + step])
            for judged in live.advance(live.prepare(batch), begin + 1):
                numbers = judged.block.batch.numbers["seq"]
                out |= {int(numbers[row]): found.risk for row, found in judged.findings.items()}
        return out

    assert len(risks(700)) > 100
    assert risks(700) == risks(7)


def test_a_restored_engine_is_the_one_that_was_saved(whole) -> None:
    run = Run(whole[0])
    run.to(900)
    before = checkpoint.capture(run.live).digest()
    run.save()
    run.kill()
    assert checkpoint.capture(run.live).digest() == before


def test_an_engine_that_has_gone_on_can_be_put_back(whole) -> None:
    run = Run(whole.rows)
    run.to(700)
    run.save()
    before = checkpoint.capture(run.live).digest()
    run.to(1_300)
    checkpoint.restore(run.live, run.stored)
    assert checkpoint.capture(run.live).digest() == before
    run.to(ROWS)
    assert run.outcome() == whole.outcome


def test_every_memory_of_the_judge_is_kept_or_can_be_made_anew() -> None:
    """A new attribute has to be added to `memory` and `recall`, or to this list."""
    made_anew = {
        Judge: {"settings", "state", "enricher", "_labels", "_access_rate"},
        Casebook: {"settings", "_fake_bot"},
        Inspection: {"_cases", "_detector", "_label", "_settings"},
        Conduct: {
            "places", "_cases", "_by_family", "_scanner_agent", "_principal", "_foreign", "_surge",
            "_flood", "_forbidden",
        },
        ReadingPlaces: {"kinds", "_entries"},
    }  # fmt: skip
    kept = {
        Judge: {
            "ledger", "policy", "_sightings", "_clients", "_contents", "_rates", "_identities",
            "_takeovers", "_tokens", "_rights", "_prices", "_takings", "_cases", "_inspection",
            "_conduct", "_parameters", "_refusals",
        },
        Casebook: {"ledger", "policy", "staff", "bots"},
        Inspection: {"prevalence", "lone"},
        Conduct: {"habits", "rhythms"},
        ReadingPlaces: {"_rooms"},
    }  # fmt: skip
    judge = new().engine.cases
    parts = judge, judge._cases, judge._inspection, judge._conduct, judge._conduct.places
    assert [type(part) for part in parts] == list(made_anew)
    for part in parts:
        assert set(vars(part)) == made_anew[type(part)] | kept.get(type(part), set())


@pytest.mark.parametrize("part", ["head", "cases", "array/state/site"])
def test_a_damaged_or_foreign_checkpoint_is_refused(part) -> None:
    parts = {name: bytes(value) for name, value in checkpoint.capture(new()).parts().items()}
    for damaged in (parts[part][:-1], b"", b"\x93nonsense"):
        with pytest.raises(StateError):
            checkpoint.restore(new(), parts | {part: damaged})
    del parts[part]
    with pytest.raises(StateError):
        checkpoint.restore(new(), parts)


@pytest.mark.parametrize(
    "damaged", [b"x", bytes(8), bytes(24), bytes(33), b"nonsense" * 5], ids=len
)
def test_pending_rights_that_are_no_whole_records_are_refused(damaged) -> None:
    """Each is a role, an operation, a user and a count: four times eight bytes."""
    parts = {name: bytes(value) for name, value in checkpoint.capture(new()).parts().items()}
    head = msgspec.msgpack.decode(parts["head"], type=checkpoint.Head)
    whole = np.array([[7, 8, 9, 2]], "<u8").tobytes()
    head.judge.rights.pending = whole
    live = new()
    checkpoint.restore(live, parts | {"head": msgspec.msgpack.encode(head)})
    assert live.engine.cases.memory().rights.pending == whole
    head.judge.rights.pending = damaged
    with pytest.raises(StateError, match="does not fit"):
        checkpoint.restore(new(), parts | {"head": msgspec.msgpack.encode(head)})


def test_a_checkpoint_of_other_bounds_is_refused() -> None:
    parts = checkpoint.capture(new()).parts()
    other = SMALL.model_copy(update={"state": SMALL.state.model_copy(update={"clients": 512})})
    with pytest.raises(StateError, match="other bounds"):
        checkpoint.restore(LiveEngine(other, RUNTIME, KEY), parts)


def test_what_many_clients_do_alike_outlives_a_restart() -> None:
    profile = learned(orders(400))[0]
    run = Run(requests(300))
    run.live.use(SMALL, Learned("a", profile))
    run.to(300)
    unusual = run.live.engine.unusual
    assert unusual is not None
    known = unusual.memory()
    assert known.alike
    run.save()
    run.live = new()
    run.live.use(SMALL, Learned("a", profile))
    checkpoint.restore(run.live, run.stored)
    after = run.live.engine.unusual
    assert after is not None
    assert after.memory() == known
    run.live.use(SMALL, Learned("b", profile))
    swapped = run.live.engine.unusual
    assert swapped is not None
    assert swapped.memory() == known
