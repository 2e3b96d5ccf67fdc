"""The control store under power cuts and failing disks: answered changes stay, half ones do not."""

import os
import random
from contextlib import suppress

import apsw
import pytest
from tests.integration.storage.crashdisk import CrashVfs, PowerCut, new_disk
from tests.unit.storage.test_control import GOLDEN, alert, incident

from apisentinel.clock import ManualClock
from apisentinel.errors import StoreError
from apisentinel.storage import sqlite
from apisentinel.storage.control import ControlStore

CUTS = int(os.environ.get("POWER_CUTS", "2000")) // 10


@pytest.fixture(scope="module")
def vfs():
    vfs = CrashVfs("crash-control")
    yield vfs
    vfs.unregister()


@pytest.fixture(autouse=True)
def small_logs(monkeypatch):
    monkeypatch.setattr(sqlite, "WAL_PAGES", 12)


class Life:
    def __init__(self, folder):
        self.folder = folder
        self.alerts, self.status, self.comments = set(), None, 0
        self.store = None

    def open(self):
        self.store = ControlStore(None, ManualClock(1), folder=self.folder)

    def step(self, number):
        store = self.store
        store.put_alerts([alert(number), alert(number, id=f"b{number}")])
        self.alerts |= {f"a{number}", f"b{number}"}
        store.put_incidents([incident("i1", risk=number)])
        status = ("open", "acknowledged", "resolved")[number % 3]
        store.patch_incident("i1", {"status": status}, None, "bo")
        self.status = status
        store.add_comment("i1", "bo", str(number))
        self.comments += 1

    def check(self):
        """All that was answered is there; the audit is whole and says what was done."""
        store = self.store
        assert store.rows("PRAGMA integrity_check") == [("ok",)]
        found = {row[0] for row in store.rows("SELECT id FROM alert")}
        assert found >= self.alerts
        assert {f"b{name[1:]}" for name in found if name[0] == "a"} <= found  # both or none
        kept = store.get_incident("i1")
        assert self.comments == 0 or len(kept["comments"]) in {self.comments, self.comments + 1}
        audit = store.audit_verify()
        assert audit.good
        if kept:
            assert audit.entries == kept["version"] - 1


def cut_once(vfs, seed, operations):
    disk, folder = new_disk(vfs, seed)
    life = Life(folder)
    disk.cut_at = None if operations is None else random.Random(seed).randrange(1, operations)
    with suppress(PowerCut, StoreError, apsw.Error):
        life.open()
        for number in range(12):
            life.step(number)
    assert disk.dead or operations is None
    total = disk.operations
    if life.store is not None and life.store._writer is not None:
        with suppress(PowerCut, StoreError):
            sqlite.close(life.store._writer, checkpoint=False)
    disk.power_cut()
    life.open()
    life.check()
    life.step(100)
    life.check()
    life.store.close()
    return disk, total


@pytest.mark.slow
@pytest.mark.timeout(200 + CUTS // 20)
def test_no_cut_of_power_takes_back_what_was_answered(vfs):
    _, operations = cut_once(vfs, 0, None)
    torn = sum(cut_once(vfs, seed, operations)[0].torn for seed in range(1, CUTS + 1))
    assert torn > CUTS / 20


@pytest.mark.parametrize("kind", ["io", "full"])
@pytest.mark.parametrize("every", [2, 3, 7, 13, 31])
@pytest.mark.parametrize("call", ["write", "sync"])
def test_a_disk_that_fails_now_and_then_leaves_a_whole_store(vfs, kind, every, call):
    disk, folder = new_disk(vfs, every)
    life = Life(folder)
    life.open()
    seen = {"write": 0, "sync": 0}
    refused = 0

    def fail(number, name):
        seen[name] += 1
        return kind if name == call and seen[name] % every == 0 else None

    disk.fail = fail
    for number in range(40):
        try:
            life.store.put_alerts([alert(number), alert(number, id=f"b{number}")])
            life.alerts |= {f"a{number}", f"b{number}"}
        except StoreError:
            refused += 1
    disk.fail = lambda number, name: None
    assert refused
    life.store.put_alerts([alert(99), alert(99, id="b99")])  # it goes on by itself
    life.check()
    life.store.close()


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_power_cut_at_every_moment_of_a_migration_leaves_one_version_or_the_other(vfs, path):
    def old():
        disk, folder = new_disk(vfs, 1)
        connection = sqlite.connect(folder, "control.db", create=True)
        connection.execute(path.read_text("utf-8"))
        sqlite.close(connection)
        disk.sync_names()
        return disk, folder

    disk, folder = old()
    begin = disk.operations
    store = ControlStore(None, ManualClock(1), folder=folder)
    letters = store.dead_letter_count()
    store.close()
    end = disk.operations
    assert end - begin > 5
    for cut in range(begin + 1, end + 1):
        disk, folder = old()
        disk.rng.seed(cut)
        disk.cut_at = cut
        store = None
        with suppress(PowerCut, StoreError, apsw.Error):
            store = ControlStore(None, ManualClock(1), folder=folder)
            store.close()
        assert disk.dead
        disk.power_cut()
        store = ControlStore(None, ManualClock(1), folder=folder)
        assert store.get_incident("i1")["comments"][0]["text"] == "seen"
        assert store.dead_letter_count() == letters
        assert store.audit_verify().good
        store.close()
