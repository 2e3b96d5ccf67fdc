"""A batch that ends the process is found and left out; chance kills leave nothing out."""

from typing import Any

import pytest
from tests.unit.pipeline.live.live_traffic import requests
from tests.unit.pipeline.live.test_runtime import MemoryJournal, Watch, filled

from apisentinel.pipeline.live.crash_guard import CAREFUL_STARTS, DEATHS, FILE, CrashGuard


class Death(BaseException):
    """The process ends here."""


def life(data_dir: Any, journal: MemoryJournal, deadly: int) -> Watch:
    """A life from the start of the journal that may end at a batch."""
    watch = Watch(journal)
    watch.runtime.guard = CrashGuard(data_dir)
    watch.runtime.guard.begin(0, journal.last_offset)
    judge = watch.runtime._judge

    def mortal(group: Any) -> None:
        first = journal.entries[deadly - 1][1]
        if group.first_seq <= first < group.first_seq + len(group.block.batch):
            raise Death
        judge(group)

    watch.runtime._judge = mortal
    return watch.run()


def test_the_batch_at_which_the_process_ends_is_set_aside(tmp_path) -> None:
    journal = filled(requests(200), 20)
    for _ in range(CAREFUL_STARTS - 1 + DEATHS):
        with pytest.raises(Death):
            life(tmp_path, journal, deadly=4)
    watch = life(tmp_path, journal, deadly=4)
    assert watch.seqs == [*range(1, 61), *range(81, 201)]
    assert [poison.seq for poison in watch.poisons] == list(range(61, 81))
    assert "ended several times" in watch.poisons[0].reason
    assert not (tmp_path / FILE).exists()
    assert watch.runtime.guard is None


def test_kills_at_different_batches_leave_nothing_out(tmp_path) -> None:
    journal = filled(requests(200), 20)
    for deadly in (3, 3, 3, 5, 6, 5, 6, 7, 9):
        with pytest.raises(Death):
            life(tmp_path, journal, deadly)
    watch = Watch(journal)
    watch.runtime.guard = CrashGuard(tmp_path)
    watch.runtime.guard.begin(0, 10)
    assert watch.run().seqs == list(range(1, 201))


def test_a_new_checkpoint_begins_a_new_count(tmp_path) -> None:
    guard = CrashGuard(tmp_path)
    for _ in range(CAREFUL_STARTS):
        guard.begin(7, 20)
    assert guard.is_careful
    guard.begin(8, 20)
    assert not guard.is_careful
    guard.begin(20, 20)
    assert not (tmp_path / FILE).exists()


def test_damaged_notes_are_no_notes(tmp_path) -> None:
    (tmp_path / FILE).write_bytes(b"{")
    guard = CrashGuard(tmp_path)
    guard.begin(1, 2)
    assert not guard.is_careful
