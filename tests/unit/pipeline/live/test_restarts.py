"""Lives of a consumer over one journal: any order of arrivals, steps, checkpoints and kills ends
like one life.
"""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.pipeline.live.live_traffic import SMALL, requests
from tests.unit.pipeline.live.test_runtime import KEY, SETTINGS, Fragile, MemoryJournal

from apisentinel.pipeline.live import checkpoint
from apisentinel.pipeline.live.engine import LiveEngine
from apisentinel.pipeline.live.runtime import Runtime

ROWS = requests(700, seed=8)
BAD = {120, 121, 400}
"""Rows at which the engine fails."""
for _row in BAD:
    ROWS[_row] = ROWS[_row] | {"path": "/poison"}
    ROWS[_row].pop("url", None)


class World:
    """A journal, a store with effects by id, and lives that come and go."""

    def __init__(self, block_rows: int = 64) -> None:
        self.settings = SETTINGS.model_copy(update={"block_rows": block_rows, "read_bytes": 4096})
        self.journal = MemoryJournal()
        self.sent = 0
        self.alerts: dict[str, Any] = {}
        self.rows: set[int] = set()
        self.letters: dict[int, bytes] = {}
        self.saved: dict[str, bytes] | None = None
        self.runtime = self.born()

    def engine(self) -> LiveEngine:
        live = Fragile(SMALL, self.settings, KEY)
        if self.saved is not None:
            checkpoint.restore(live, self.saved)
        return live

    def born(self) -> Runtime:
        runtime = Runtime(self.engine(), self.journal, self.settings, self.engine)
        runtime.on_told = self.told
        runtime.on_poison = lambda poisons: self.letters.update({p.seq: p.raw for p in poisons})
        return runtime

    def told(self, told: list[Any]) -> None:
        for part in told:
            self.rows.update(part.judged.block.batch.numbers["seq"].tolist())
            self.alerts |= {alert.id: alert for alert in part.judged.alerts}

    def do(self, what: str, count: int) -> None:
        if what == "add":
            part = ROWS[self.sent : self.sent + count]
            self.sent += len(part)
            if part:
                self.journal.add(part)
        elif what == "step":
            if self.runtime.live.offset < self.journal.last_offset:
                self.runtime.step()
        elif what == "save":
            parts = checkpoint.capture(self.runtime.live).parts()
            self.saved = {name: bytes(part) for name, part in parts.items()}
        else:
            self.runtime = self.born()

    def end(self) -> tuple[Any, ...]:
        self.do("add", len(ROWS))
        while self.runtime.live.offset < self.journal.last_offset:
            self.runtime.step()
        live = self.runtime.live
        live.offset = 0  # how rows were cut into batches is no part of the outcome
        order = sorted(self.alerts.values(), key=lambda alert: (alert.seq, alert.number, alert.id))
        incidents = [d for d in live.incidents.look(live.engine) if "risk" in d]
        return order, self.rows, self.letters, checkpoint.capture(live).digest(), len(incidents) > 0


EXPECTED = World(block_rows=4096).end()


def test_one_life_judges_all_but_the_rows_at_fault() -> None:
    alerts, rows, letters, _, has_incidents = EXPECTED
    assert len(alerts) > 15
    assert rows == set(range(1, len(ROWS) + 1)) - {row + 1 for row in BAD}
    assert set(letters) == {row + 1 for row in BAD}
    assert has_incidents


@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "add", "step", "save", "kill"]), st.integers(1, 150)),
        max_size=24,
    ),
    st.sampled_from([16, 64, 4096]),
)
@settings(max_examples=25)
def test_many_lives_end_like_one(steps, block_rows) -> None:
    world = World(block_rows)
    for what, count in steps:
        world.do(what, count)
    alerts, rows, letters, digest, _ = world.end()
    assert alerts == EXPECTED[0]
    assert rows == EXPECTED[1]
    assert letters == EXPECTED[2]
    assert digest == EXPECTED[3]
