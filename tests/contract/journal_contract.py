"""What every journal does, whatever it is made of: inherit and give the fixture `opened`."""

import os

import numpy as np
import pytest

from apisentinel.storage.base import Committed, JournalEntry, JournalStore

MIB = 1 << 20


def entry(number, rows=3, **changes):
    ids = np.arange(number * 1000, number * 1000 + rows, dtype="<u8").tobytes()
    fields = {"source": "http", "received": number, "count": rows, "event_ids": ids,
              "body": str(number).encode() * 50}  # fmt: skip
    return JournalEntry(**(fields | changes))


class JournalContract:
    """Tests of a journal. `opened()` gives one with what earlier ones of the same test wrote."""

    def test_it_has_the_interface(self, opened):
        journal: JournalStore = opened()
        assert (journal.first_offset, journal.last_offset, journal.last_seq) == (1, 0, 0)
        assert journal.read(0, MIB) == []
        assert journal.load_checkpoint() is None

    def test_batches_come_back_in_order_with_their_numbers(self, opened):
        journal = opened()
        places = [journal.append(entry(n, rows=n)).result() for n in range(1, 6)]
        assert places == [Committed(n, 1 + n * (n - 1) // 2) for n in range(1, 6)]
        read = journal.read(0, MIB)
        assert [(offset, seq) for offset, seq, _ in read] == [
            (p.offset, p.first_seq) for p in places
        ]
        assert [e.body for _, _, e in read] == [entry(n).body for n in range(1, 6)]
        assert [e.first_seq for _, _, e in read] == [p.first_seq for p in places]
        assert [offset for offset, _, _ in journal.read(3, MIB)] == [4, 5]
        assert journal.last_seq == 15

    def test_reading_is_bounded_but_always_goes_on(self, opened):
        journal = opened()
        for n in range(1, 6):
            journal.append(entry(n, body=os.urandom(1_000))).result()
        assert [o for o, _, _ in journal.read(0, 2_500)] == [1, 2]
        assert [o for o, _, _ in journal.read(2, 1)] == [3]

    def test_sizes_of_bodies_are_known_without_reading_them(self, opened):
        journal = opened()
        for n in range(1, 4):
            journal.append(entry(n, body=bytes(n * 100))).result()
        journal.close()
        journal = opened()
        assert list(journal.sizes(0)) == [(1, 100), (2, 200), (3, 300)]
        assert list(journal.sizes(2)) == [(3, 300)]
        assert list(journal.sizes(3)) == []

    def test_numbers_go_on_after_a_restart(self, opened):
        first = opened()
        first.append(entry(1)).result()
        first.close()
        second = opened()
        assert second.append(entry(2)).result() == Committed(2, 4)
        assert [e.received for _, _, e in second.read(0, MIB)] == [1, 2]

    def test_closing_writes_what_was_handed_over(self, opened):
        journal = opened()
        futures = [journal.append(entry(n)) for n in range(1, 30)]
        journal.close()
        assert [f.result().offset for f in futures] == list(range(1, 30))
        assert opened().last_offset == 29

    def test_answers_to_keys_survive_a_restart(self, opened):
        journal = opened()
        assert journal.seen_idempotency(b"k" * 16) is None
        journal.append(entry(1, idempotency=b"k" * 16, answer=b"202 ok")).result()
        assert journal.seen_idempotency(b"k" * 16) == b"202 ok"
        journal.close()
        assert opened().seen_idempotency(b"k" * 16) == b"202 ok"

    def test_event_ids_come_back_oldest_first(self, opened):
        journal = opened()
        for n in range(1, 6):
            journal.append(entry(n, rows=2)).result()
        journal.close()
        found = np.concatenate(list(opened().recent_event_ids(4)))
        assert found[-4:].tolist() == [4000, 4001, 5000, 5001]
        assert found.dtype == np.uint64

    def test_the_newest_checkpoint_comes_back_after_a_restart(self, opened):
        journal = opened()
        for n in range(1, 4):
            journal.append(entry(n)).result()
            journal.save_checkpoint(n, {"a": os.urandom(5 * MIB), "b": b"", "n": str(n).encode()})
        journal.close()
        offset, parts = opened().load_checkpoint()
        assert (offset, parts["n"], parts["b"], len(parts["a"])) == (3, b"3", b"", 5 * MIB)

    def test_what_a_checkpoint_needs_is_never_trimmed(self, opened):
        journal = opened()
        for n in range(1, 20):
            journal.append(entry(n, body=os.urandom(50_000))).result()
        journal.trim(19)
        assert journal.first_offset == 1
        journal.save_checkpoint(4, {})
        journal.trim(19)
        assert journal.first_offset <= 5
        assert [o for o, _, _ in journal.read(4, 1)] == [5]

    def test_an_entry_whose_ids_do_not_fit_is_refused_alone(self, opened):
        journal = opened()
        bad = journal.append(entry(1, event_ids=b"short"))
        good = journal.append(entry(2))
        with pytest.raises(Exception, match="ids"):
            bad.result()
        assert good.result() == Committed(1, 1)
