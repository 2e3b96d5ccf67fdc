"""Rows that end the process are found and left out; kills from outside leave nothing out."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.unit.pipeline.live.deadly_child import BAD, ROWS
from tests.unit.pipeline.live.kill_child import settings
from tests.unit.pipeline.live.live_traffic import requests
from tests.unit.pipeline.live.test_runtime import MemoryJournal, Watch, filled

from apisentinel.pipeline.live import crash_guard, trial
from apisentinel.pipeline.live.crash_guard import DEATHS, FILE, MARK_FILE, CrashGuard
from apisentinel.pipeline.service import Service


def death(data_dir: Path, first: int, last: int) -> None:
    """A life that ends while rows are judged."""
    guard = CrashGuard(data_dir)
    guard.begin()
    guard.enter(first, last)


def begun(data_dir: Path) -> CrashGuard:
    guard = CrashGuard(data_dir)
    guard.begin()
    return guard


def test_the_same_rows_twice_are_suspected_where_they_overlap(tmp_path) -> None:
    death(tmp_path, 10, 50)
    assert begun(tmp_path).suspects is None
    death(tmp_path, 40, 90)
    assert begun(tmp_path).suspects == (40, 50)


def test_other_rows_begin_a_new_count(tmp_path) -> None:
    for first in (10, 60, 10, 60):
        death(tmp_path, first, first + 20)
    assert begun(tmp_path).suspects is None


def test_an_end_between_rows_accuses_nothing(tmp_path) -> None:
    for _ in range(2 * DEATHS):
        death(tmp_path, 10, 20)
        guard = begun(tmp_path)
        guard.enter(10, 20)
        guard.leave()
    assert begun(tmp_path).suspects is None


def test_a_life_that_judged_nothing_changes_nothing(tmp_path) -> None:
    death(tmp_path, 10, 20)
    begun(tmp_path)
    begun(tmp_path)
    death(tmp_path, 10, 20)
    assert begun(tmp_path).suspects == (10, 20)


def test_a_stop_is_no_death(tmp_path) -> None:
    for _ in range(DEATHS):
        guard = begun(tmp_path)
        guard.enter(10, 20)
        guard.close()
        guard.enter(10, 20)  # the judge goes on for a moment
    assert begun(tmp_path).suspects is None


def test_another_start_of_the_machine_accuses_nothing(tmp_path, monkeypatch) -> None:
    for number in range(DEATHS + 1):
        monkeypatch.setattr(crash_guard, "boot", lambda number=number: number)
        death(tmp_path, 10, 20)
    monkeypatch.setattr(crash_guard, "boot", lambda: 99)
    assert begun(tmp_path).suspects is None


def test_a_checkpoint_forgets_what_it_has(tmp_path) -> None:
    guard = begun(tmp_path)
    guard.leave_out(7)
    guard.leave_out(12)
    guard.part(20, 30)
    again = begun(tmp_path)
    assert again.aside == {7, 12}
    assert again.is_single(30, 40)
    again.resumed(9)
    assert begun(tmp_path).aside == {12}
    begun(tmp_path).resumed(30)
    assert not begun(tmp_path).is_single(0, 100)
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize("name", [FILE, MARK_FILE])
def test_damaged_notes_are_no_notes(tmp_path, name) -> None:
    death(tmp_path, 10, 20)
    death(tmp_path, 10, 20)
    (tmp_path / FILE).write_bytes(b"{")
    (tmp_path / name).write_bytes(b"{")
    assert begun(tmp_path).suspects is None


def watched(journal: MemoryJournal, guard: CrashGuard) -> tuple[Watch, list[int]]:
    """A run of the judge, and the number of rows in each of its groups."""
    watch = Watch(journal)
    watch.runtime.guard = guard
    judge, sizes = watch.runtime._judge, []

    def counted(group: Any) -> None:
        sizes.append(len(group.block.batch))
        judge(group)

    watch.runtime._judge = counted
    return watch.run(), sizes


def test_rows_that_end_the_process_are_left_out_and_buried(tmp_path) -> None:
    guard = begun(tmp_path)
    for row in (61, 77, 80):
        guard.leave_out(row)
    watch, _ = watched(filled(requests(200), 20), guard)
    assert watch.seqs == [row for row in range(1, 201) if row not in {61, 77, 80}]
    assert [poison.seq for poison in watch.poisons] == [61, 77, 80]
    assert "ends while it is judged" in watch.poisons[0].reason


def test_rows_that_only_end_it_together_are_judged_one_by_one(tmp_path) -> None:
    guard = begun(tmp_path)
    guard.part(65, 70)
    watch, sizes = watched(filled(requests(200), 20), guard)
    assert watch.seqs == list(range(1, 201))
    assert sizes.count(1) == 6
    assert sum(sizes) == 200


def life(data_dir: Path, way: str, *, kill: bool = False) -> tuple[int, str]:
    """A process that serves; killed when it says that it is slow."""
    command = [sys.executable, "-m", "tests.unit.pipeline.live.deadly_child", "serve"]
    child = subprocess.Popen(
        [*command, str(data_dir), way],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=Path(__file__).resolve().parents[4],
    )
    assert child.stdout is not None
    said = ""
    for line in child.stdout:
        said = line.strip()
        if kill and said == "slow":
            child.send_signal(signal.SIGKILL)
    child.stdout.close()
    return child.wait(), said


def left(data_dir: Path) -> tuple[list[int], list[tuple[str, str]]]:
    """Numbers of the stored events, and dead letters with their reasons."""
    service = Service(settings(data_dir))
    service.start()
    try:
        with service.events.database.cursor() as cursor:
            seqs = [seq for (seq,) in cursor.execute("SELECT seq FROM e.hot ORDER BY 1").fetchall()]
        return seqs, service.control.rows("SELECT reason FROM dead_letter")
    finally:
        assert service.stop(60)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_only_the_requests_that_kill_go_to_the_dead_letters(tmp_path) -> None:
    for _ in range(DEATHS):
        assert life(tmp_path, "deadly")[0] == -signal.SIGKILL
    assert life(tmp_path, "deadly") == (0, "done")
    seqs, letters = left(tmp_path)
    assert seqs == [n + 1 for n in range(ROWS) if n not in BAD]
    assert len(letters) == len(BAD)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_requests_that_kill_together_are_judged_all_the_same(tmp_path) -> None:
    for _ in range(DEATHS):
        assert life(tmp_path, "pair")[0] == -signal.SIGKILL
    assert life(tmp_path, "pair") == (0, "done")
    seqs, letters = left(tmp_path)
    assert seqs == list(range(1, ROWS + 1))
    assert not letters


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_kills_from_outside_at_the_same_requests_leave_nothing_out(tmp_path) -> None:
    for _ in range(DEATHS + 1):
        assert life(tmp_path, "slow", kill=True)[0] == -signal.SIGKILL
    assert life(tmp_path, "slow") == (0, "done")
    seqs, letters = left(tmp_path)
    assert seqs == list(range(1, ROWS + 1))
    assert not letters


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_requests_that_are_never_judged_go_to_the_dead_letters(tmp_path) -> None:
    for _ in range(DEATHS):
        assert life(tmp_path, "endless", kill=True)[0] == -signal.SIGKILL
    assert life(tmp_path, "endless") == (0, "done")
    seqs, letters = left(tmp_path)
    assert seqs == [n + 1 for n in range(ROWS) if n not in BAD]
    assert len(letters) == len(BAD)


SLEEPER = [sys.executable, "-c", "import time; time.sleep(3600)"]


def test_trials_that_do_not_end_hold_a_start_for_a_bounded_time(tmp_path, monkeypatch) -> None:
    """Each of them would take as long as it may; together they may take no longer."""
    for _ in range(DEATHS):
        death(tmp_path, 10, 20)
    guard = begun(tmp_path)
    assert guard.suspects == (10, 20)
    given = []
    honest = trial.died_at

    def counted(*arguments: Any, **options: Any) -> Any:
        given.append(arguments[4])
        return honest(*arguments, **options)

    monkeypatch.setattr(trial, "died_at", counted)
    monkeypatch.setattr(trial, "TRIALS_S", 0.5)
    monkeypatch.setattr(trial, "COMMAND", SLEEPER)
    trial.try_suspects(guard, settings(tmp_path), tmp_path / "journal")
    assert given
    assert all(seconds <= 0.5 for seconds in given)
    assert not guard.aside
    assert guard.suspects == (10, 20)  # the next start tries them again


def test_a_trial_that_stands_still_at_a_row_names_it(tmp_path, monkeypatch) -> None:
    script = (
        "import sys, time; from pathlib import Path;"
        "from apisentinel.pipeline.live.crash_guard import Mark, JUDGING;"
        f"Mark(Path({str(tmp_path)!r}) / {trial.TRIAL_MARK!r}).set(JUDGING, 12, 12);"
        "time.sleep(3600)"
    )
    monkeypatch.setattr(trial, "COMMAND", [sys.executable, "-c", script])
    monkeypatch.setattr(trial, "HANGS_S", 0.2)
    for _ in range(DEATHS):
        death(tmp_path, 10, 20)
    guard = begun(tmp_path)
    place = trial.died_at(
        guard, settings(tmp_path), tmp_path / "journal", (10, 20), 60.0, is_single=True
    )
    assert place == (12, 12)
