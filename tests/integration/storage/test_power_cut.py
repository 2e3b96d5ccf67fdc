"""Loss of power at any moment: what was acknowledged is there afterwards, whole and in order."""

import os
import random
from contextlib import suppress

import apsw
import pytest
from tests.integration.storage.crashdisk import CrashVfs, PowerCut, new_disk

from apisentinel.clock import ManualClock
from apisentinel.errors import StoreError
from apisentinel.storage import sqlite
from apisentinel.storage.base import JournalEntry
from apisentinel.storage.chain import Chain
from apisentinel.storage.checkpoints import Checkpoints
from apisentinel.storage.packing import pack
from apisentinel.storage.settings import JournalSettings

CUTS = int(os.environ.get("POWER_CUTS", "2000"))
SETTINGS = JournalSettings(segment_bytes=64 << 10, checkpoints=2)
ROUNDS = 24


@pytest.fixture(scope="module")
def vfs():
    vfs = CrashVfs()
    yield vfs
    vfs.unregister()


@pytest.fixture(autouse=True)
def small_logs(monkeypatch):
    """The log is moved into the database every few commits, so that cuts meet that, too."""
    monkeypatch.setattr(sqlite, "WAL_PAGES", 12)


class Life:
    """A journal that is written until something happens, and what it has promised."""

    def __init__(self, folder, rng):
        self.folder, self.rng = folder, rng
        self.clock = ManualClock(1)
        self.acknowledged = {}  # offset -> (first_seq, body)
        self.attempted = {}  # a superset: the commit that was under way, too
        self.states = {0: None}  # offset -> parts of checkpoints that may be found
        self.promised = 0  # offset of the newest checkpoint that was acknowledged
        self.trimmed = 0
        self.chain = self.checkpoints = None

    def open(self):
        self.chain = Chain(self.folder, SETTINGS, self.clock)
        self.checkpoints = Checkpoints(self.folder, SETTINGS.checkpoints, 1, self.clock)
        newest = self.checkpoints.newest
        if newest is not None:
            self.chain.skip_to(newest.offset, newest.last_seq)

    def batch(self):
        count = self.rng.randrange(1, 4)
        body = self.rng.randbytes(self.rng.randrange(20, 9_000))
        ids = self.rng.randbytes(8 * count)
        return pack(JournalEntry("http", 1, count, ids, body), 1)

    def commit(self):
        group = [self.batch() for _ in range(self.rng.randrange(1, 4))]
        offset, seq = self.chain.last_offset + 1, self.chain.last_seq + 1
        for packed in group:
            self.attempted[offset] = (seq, packed.entry.body)
            offset, seq = offset + 1, seq + packed.entry.count
        for place, packed in zip(self.chain.commit(group), group, strict=True):
            self.acknowledged[place.offset] = (place.first_seq, packed.entry.body)

    def save(self):
        offset = self.chain.last_offset
        parts = {"state": self.rng.randbytes(self.rng.randrange(1, 50_000)), "empty": b""}
        self.states[offset] = parts
        self.checkpoints.save(offset, self.chain.last_seq, parts)
        self.promised = offset

    def trim(self):
        up_to = self.checkpoints.oldest_offset
        self.trimmed = max(self.trimmed, up_to)
        self.chain.trim(up_to, keep_hours=0, keep_bytes=0)

    def step(self, number):
        self.clock.advance(1)
        self.commit()
        if number % 7 == 6:
            self.save()
        if number % 9 == 8:
            self.trim()

    def live(self):
        self.open()
        for number in range(ROUNDS):
            self.step(number)

    def die(self):
        """Lets go of the handles as a crash does."""
        if self.chain is not None and self.chain._active is not None:
            with suppress(PowerCut, StoreError):
                self.chain._active.abandon()

    def lost(self):
        """Acknowledged batches that cannot be read after a restart; checks everything else."""
        self.chain = None
        self.open()
        chain = self.chain
        gone = 0
        for offset, (seq, body) in self.acknowledged.items():
            if offset <= self.trimmed:
                continue
            entry = chain.entry(offset)
            if entry is None or (entry.first_seq, entry.body) != (seq, body):
                gone += 1
        if not gone:
            assert not chain.damage, chain.damage
        for offset in range(chain.first_offset, chain.last_offset + 1):
            entry = chain.entry(offset)
            if entry is not None:
                assert (entry.first_seq, entry.body) == self.attempted[offset]
        for link in chain.links:
            connection = (
                chain._active.connection()
                if chain._active and chain._active.name == link.name
                else sqlite.connect(self.folder, link.name)
            )
            assert connection.execute("PRAGMA integrity_check").get == "ok"
            if not chain._active or chain._active.name != link.name:
                sqlite.close(connection)
        found = self.checkpoints.load()
        offset, parts = found or (0, None)
        assert offset >= self.promised or gone
        assert parts == self.states[offset]
        return gone


def cut_once(vfs, seed, operations=None):
    """One life with a power cut at a random moment; the journal afterwards goes on."""
    rng = random.Random(seed)
    disk, folder = new_disk(vfs, seed)
    life = Life(folder, rng)
    disk.cut_at = None if operations is None else rng.randrange(1, operations)
    try:
        life.live()
    except (PowerCut, StoreError, apsw.Error):
        assert disk.dead
    life.die()
    total = disk.operations
    disk.power_cut()
    gone = life.lost()
    if not gone:
        seq = life.chain.last_seq
        life.commit()  # numbers go on where they ended
        assert life.acknowledged[life.chain.last_offset][0] > seq or not seq
    life.chain.close()
    return gone, disk, total


@pytest.mark.slow
@pytest.mark.timeout(200 + CUTS // 20)
def test_no_cut_of_power_takes_back_what_was_acknowledged(vfs):
    _, _, operations = cut_once(vfs, 0)
    torn = lost_writes = 0
    for seed in range(1, CUTS + 1):
        gone, disk, _ = cut_once(vfs, seed, operations)
        assert gone == 0, f"seed {seed} lost {gone} acknowledged batches"
        torn += disk.torn
        lost_writes += disk.lost
    # a green run proves nothing unless the disk did what disks do
    assert torn > CUTS / 20
    assert lost_writes > CUTS / 20


def test_the_test_would_notice_a_commit_without_sync(vfs, monkeypatch):
    honest = sqlite.connect

    def careless(*args, **kwargs):
        return honest(*args, **kwargs | {"synchronous": "NORMAL"})

    _, _, operations = cut_once(vfs, 0)
    monkeypatch.setattr("apisentinel.storage.segment.sqlite.connect", careless)
    runs = sum(cut_once(vfs, seed, operations)[0] > 0 for seed in range(1, 121))
    assert runs > 10


@pytest.mark.parametrize("kind", ["io", "full"])
@pytest.mark.parametrize("every", [1, 2, 3, 5, 7, 11, 13, 17, 23, 31, 47])
@pytest.mark.parametrize("call", ["write", "sync"])
def test_a_disk_that_fails_now_and_then_loses_nothing(vfs, kind, every, call):
    disk, folder = new_disk(vfs, every)
    life = Life(folder, random.Random(every))
    life.open()
    refused = 0
    seen = {"write": 0, "sync": 0}

    def fail(number, name):
        seen[name] += 1
        return kind if name == call and seen[name] % every == 0 else None

    disk.fail = fail
    for number in range(60):
        try:
            life.step(number)
        except (StoreError, OSError):
            refused += 1
    assert refused > 0
    disk.fail = lambda number, name: None
    before = dict(life.acknowledged)
    life.commit()  # it takes in again by itself
    assert len(life.acknowledged) > len(before)
    life.die()
    assert life.lost() == 0
    life.chain.close()
    # and what was acknowledged survives a power cut, too
    disk.power_cut()
    assert life.lost() == 0
    life.chain.close()


def test_refused_batches_are_not_in_the_journal(vfs):
    """A batch whose fsync failed is not kept: its sender was told so and sends it again."""
    disk, folder = new_disk(vfs, 1)
    life = Life(folder, random.Random(1))
    life.open()
    life.commit()
    kept = life.chain.last_offset
    disk.fail = lambda number, name: "io" if name == "sync" else None
    with pytest.raises(StoreError):
        life.commit()
    disk.fail = lambda number, name: None
    assert life.chain.last_offset == kept
    life.commit()
    life.die()
    assert life.lost() == 0
    assert {offset: life.chain.entry(offset).body for offset in life.acknowledged} == {
        offset: body for offset, (_, body) in life.acknowledged.items()
    }
    assert life.chain.last_offset == max(life.acknowledged)
    life.chain.close()
