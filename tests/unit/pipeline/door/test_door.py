"""The door: formats, limits, times, repeated events, keys, refusals."""

import threading

import numpy as np
import pytest
from tests.unit.pipeline.door.door_fakes import NOW, FakeJournal, make_door

from apisentinel.clock import ManualClock
from apisentinel.errors import RefusedError, StoreError
from apisentinel.parsers.json_requests import parse_requests
from apisentinel.pipeline.door.door import Dead
from apisentinel.records.codec import decode_batch
from apisentinel.storage.base import DiskFullError, QueueFullError


def request(name=None, url="/a", **more):
    fields = "".join(f',"{key}":{value}' for key, value in more.items())
    event = f',"event_id":"{name}"' if name is not None else ""
    return f'{{"method":"GET","url":"{url}"{event}{fields}}}'.encode()


def refused(status, door, *args, **kwargs):
    with pytest.raises(RefusedError) as caught:
        door.submit_requests(*args, source="http", **kwargs)
    assert caught.value.status == status
    return caught.value


def rows(door, entry=-1):
    return decode_batch(door.journal.entries[entry].body)


BODIES = {
    "lines": request("1") + b"\n" + request("2") + b"\n",
    "no last line end": request("1") + b"\r\n" + request("2"),
    "blank lines": b"\n\n" + request("1") + b"\n\r\n" + request("2") + b"\n\n",
    "array": b"[" + request("1") + b",\n " + request("2") + b"]",
    "concatenated": request("1") + request("2"),
    "concatenated with blanks": request("1") + b"  " + request("2"),
    "lines that share": request("1") + b"\n" + request("2") + b" \n",
    "a line, then a pretty one": request("1") + b"\n" + request("2").replace(b",", b",\n  "),
    "envelope": b'{"events": [' + request("1") + b"," + request("2") + b"]}",
    "pretty": request("1").replace(b",", b",\n  ").replace(b"{", b"{\n  ") + b"\n" + request("2"),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_every_shape_of_body_gives_the_same_rows(body):
    door = make_door()
    receipt = door.submit_requests(body, source="http")
    assert (receipt.accepted, receipt.rejected, receipt.offset) == (2, (), 1)
    assert [rows(door).text("event_id", i) for i in range(2)] == [b"1", b"2"]


def test_objects_that_share_a_later_line_are_found():
    door = make_door()
    body = request("1") + b"\n" + request("2") + request("3") + b"\nbroken\n" + request("4")
    receipt = door.submit_requests(body, source="http")
    assert (receipt.accepted, receipt.broken) == (4, 1)


def test_an_object_that_never_ends_does_not_hide_the_next():
    door = make_door()
    body = b'{"method":"GET","url":"/a\n' + request("2") + b"\n" + request("3")
    receipt = door.submit_requests(body, source="http")
    assert (receipt.accepted, [r.line for r in receipt.rejected]) == (2, [1])


@pytest.mark.parametrize("body", [b"", b"\n\n", b"[]", b"[ ]\n"])
def test_an_empty_body_is_accepted_as_nothing(body):
    door = make_door()
    receipt = door.submit_requests(body, source="http")
    assert (receipt.accepted, receipt.broken, receipt.offset) == (0, 0, None)
    assert door.journal.entries == []


def test_broken_records_are_named_by_line_and_the_rest_is_kept():
    door = make_door()
    body = request("1") + b"\n\nnonsense\n" + b'{"method":"GET"}\n' + request("2")
    receipt = door.submit_requests(body, source="http")
    assert receipt.accepted == 2
    assert [r.line for r in receipt.rejected] == [3, 4]
    assert "JSON" in receipt.rejected[0].error
    assert "url" in receipt.rejected[1].error
    assert door.counters.totals()["received"] == 4
    assert door.counters.conservation() == 0


def test_the_list_of_errors_is_bounded_and_the_rest_is_counted():
    door = make_door(max_errors=3)
    receipt = door.submit_requests(b"x\n" * 10, source="http")
    assert (len(receipt.rejected), receipt.broken) == (3, 10)


def test_an_over_long_record_is_rejected_and_its_neighbours_are_kept():
    door = make_door(max_record_bytes=300)
    body = request("1") + b"\n" + request("2", "/" + "a" * 400) + b"\n" + request("3")
    receipt = door.submit_requests(body, source="http")
    assert receipt.accepted == 2
    assert receipt.rejected[0].line == 2
    assert "300 bytes" in receipt.rejected[0].error


def test_deep_nesting_is_rejected_without_harm():
    door = make_door()
    deep = b'{"method":"GET","url":"/a","extra":' + b"[" * 5000 + b"]" * 5000 + b"}"
    receipt = door.submit_requests(deep + b"\n" + request("1"), source="http")
    assert (receipt.accepted, receipt.broken) == (1, 1)


def test_limits_of_a_submission_answer_413():
    refused(413, make_door(max_body_bytes=2000), b"x" * 2001)
    refused(413, make_door(max_records=3), request() + b"\n" + b"\n".join([request()] * 3))
    refused(413, make_door(max_records=3), b"\n" * 1000)
    refused(413, make_door(max_records=3), b"[" + b",".join([request()] * 4) + b"]")
    assert (
        make_door(max_records=3).submit_requests(b"\n".join([request()] * 3), source="x").accepted
        == 3
    )


def test_rows_without_a_time_get_that_of_arrival():
    door = make_door(clock=ManualClock(NOW))
    door.submit_requests(request(), source="http")
    assert rows(door).ts.tolist() == [NOW]
    assert door.counters.totals()["undated"] == 1


def test_times_far_in_the_future_are_replaced_and_counted():
    door = make_door(clock=ManualClock(NOW))
    seconds = NOW // 1_000_000
    body = b"\n".join(request(ts=seconds + more) for more in (-86_400, 0, 300, 301, 10**6))
    receipt = door.submit_requests(body, source="http")
    assert receipt.clamped == 2
    assert rows(door).ts.tolist() == [NOW - 86_400_000_000, NOW, NOW + 300_000_000, NOW, NOW]


def test_repeated_events_are_left_out_within_and_between_submissions():
    door = make_door()
    first = door.submit_requests(b"\n".join(map(request, "1213")), source="http")
    assert (first.accepted, first.deduplicated) == (3, 1)
    second = door.submit_requests(b"\n".join(map(request, "3414")), source="tail")
    assert (second.accepted, second.deduplicated) == (1, 3)
    assert rows(door).text("event_id", 0) == b"4"
    third = door.submit_requests(b"\n".join(map(request, "14")), source="http")
    assert (third.accepted, third.deduplicated, third.offset) == (0, 2, None)
    assert door.counters.conservation() == 0


def test_rows_without_an_id_are_never_taken_for_repeated():
    door = make_door()
    for body in (request() + b"\n" + request(), request(), request("")):
        door.submit_requests(body, source="http")
    assert door.counters.totals()["accepted"] == 4
    assert np.frombuffer(door.journal.entries[0].event_ids, "<u8").tolist() == [0, 0]


def test_the_window_is_refilled_after_a_restart():
    journal = FakeJournal()
    make_door(journal).submit_requests(request("1") + b"\n" + request(), source="http")
    door = make_door(journal)
    door.remember()
    receipt = door.submit_requests(request("1") + b"\n" + request(), source="http")
    assert (receipt.accepted, receipt.deduplicated) == (1, 1)


def test_ids_of_a_failed_commit_are_free_again():
    door = make_door()
    door.journal.fault = StoreError("broken")
    refusal = refused(503, door, request("1"))
    assert refusal.retry_after
    assert door.counters.totals()["received"] == 0
    door.journal.fault = None
    assert door.submit_requests(request("1"), source="http").accepted == 1


def test_an_event_that_is_being_written_counts_as_known_only_when_it_is_on_disk():
    for fault, outcome in ((None, (0, 1)), (StoreError("broken"), (1, 0))):
        door = make_door()
        door.journal.hold()
        got = {}

        def submit(name, door=door, got=got):
            try:
                got[name] = door.submit_requests(request("1"), source=name)
            except RefusedError as problem:
                got[name] = problem

        first = threading.Thread(target=submit, args=("first",))
        first.start()
        assert door.journal.arrived.wait(10)
        second = threading.Thread(target=submit, args=("second",))
        second.start()
        second.join(0.2)
        assert second.is_alive()  # waits for the outcome of the first
        door.journal.release(fault)
        first.join(10)
        second.join(10)
        receipt = got["second"]
        assert (receipt.accepted, receipt.deduplicated) == outcome
        assert isinstance(got["first"], RefusedError) == (fault is not None)
        assert door.counters.conservation() == 0


def test_the_same_key_and_body_get_the_same_answer():
    door = make_door()
    body = request("1") + b"\nbroken\n" + request()
    first = door.submit_requests(body, source="http", idempotency="k")
    again = door.submit_requests(body, source="http", idempotency="k")
    assert (again.accepted, again.deduplicated, again.rejected) == (2, 0, first.rejected)
    assert len(door.journal.entries) == 1
    totals = door.counters.totals()
    assert (totals["accepted"], totals["deduplicated"], totals["rejected"]) == (2, 2, 2)
    refused(422, door, body + b"\n" + request(), idempotency="k")
    assert door.submit_requests(request(), source="hec", idempotency="k").accepted == 1
    other = door.submit_requests(request(), source="http", idempotency="k", sender="b")
    assert other.accepted == 1


def test_a_key_of_a_submission_that_wrote_nothing_is_remembered_too():
    door = make_door()
    door.submit_requests(b"broken", source="http", idempotency="k")
    refused(422, door, request(), idempotency="k")


def test_a_key_of_a_refused_submission_can_be_used_again():
    door = make_door()
    door.journal.fault = StoreError("broken")
    refused(503, door, request(), idempotency="k")
    door.journal.fault = None
    assert door.submit_requests(request(), source="http", idempotency="k").accepted == 1


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_an_unusable_key_is_refused(key):
    refused(400, make_door(), request(), idempotency=key)


def test_parallel_submissions_with_one_key_write_once():
    door = make_door()
    threads = [
        threading.Thread(
            target=door.submit_requests,
            args=(request(),),
            kwargs={"source": "http", "idempotency": "k"},
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(door.journal.entries) == 1


def test_what_waits_for_judgement_is_bounded_and_freed_by_judging():
    door = make_door(max_body_bytes=1 << 20, backlog_bytes=1 << 20)
    body = b"\n".join([request(url="/" + "a" * 900)] * 400)
    first = door.submit_requests(body, source="http")
    second = door.submit_requests(body, source="http")
    assert (first.offset, second.offset) == (1, 2)
    assert refused(429, door, body).retry_after is not None
    door.judged(2)
    assert door.backlog.bytes == 0
    assert door.submit_requests(body, source="http").accepted == 400
    assert door.counters.totals()["refused"] == 1
    assert door.counters.conservation() == 0


def test_what_will_be_refused_is_known_before_any_work():
    door = make_door(max_body_bytes=1 << 20, backlog_bytes=1 << 20)
    door.check(1 << 30)  # alone it would be let in
    body = b"\n".join([request(url="/" + "a" * 900)] * 400)
    door.submit_requests(body, source="http")
    door.check(1)
    with pytest.raises(RefusedError) as refusal:
        door.check(1 << 20)
    assert (refusal.value.status, refusal.value.retry_after is None) == (429, False)
    door.judged(1)
    door.check(1 << 20)
    door.stop()
    with pytest.raises(RefusedError) as refusal:
        door.check(1)
    assert refusal.value.status == 503
    assert door.counters.totals()["refused"] == 2
    assert door.backlog.share == 0


@pytest.mark.parametrize(
    ("fault", "status"),
    [(DiskFullError("full"), 503), (QueueFullError("slow"), 429), (StoreError("bad"), 503)],
)
def test_faults_of_the_journal_are_refusals(fault, status):
    door = make_door()
    door.journal.fault = fault
    assert refused(status, door, request()).retry_after is not None
    assert door.backlog.bytes == 0
    assert door.backlog.share == 0


def test_a_commit_that_takes_too_long_is_refused_and_settles_itself():
    door = make_door(commit_timeout_seconds=0.05)
    door.journal.hold()
    refused(503, door, request("1"))
    assert door.counters.totals()["received"] == 0
    door.journal.release()
    assert door.counters.totals()["accepted"] == 1
    assert door.submit_requests(request("1"), source="http").deduplicated == 1


def test_a_key_is_in_use_until_its_late_commit_is_settled():
    door = make_door(commit_timeout_seconds=0.05)
    door.journal.hold()
    refused(503, door, request(), idempotency="k")
    refused(503, door, request(), idempotency="k")  # still being written
    door.journal.release()
    assert door.submit_requests(request(), source="http", idempotency="k").accepted == 1
    assert len(door.journal.entries) == 1
    assert door.counters.conservation() == 0


def test_a_stopped_door_refuses_and_waits_for_those_inside():
    door = make_door()
    door.journal.hold()
    inside = threading.Thread(
        target=door.submit_requests, args=(request(),), kwargs={"source": "x"}
    )
    inside.start()
    assert door.journal.arrived.wait(10)
    assert not door.stop(0.05)
    refused(503, door, request())
    door.journal.release()
    assert door.stop(10)
    inside.join()
    assert door.counters.totals()["accepted"] == 1


def test_lines_that_nobody_can_be_told_about_go_to_the_dead_letters():
    door = make_door()
    batch = parse_requests(request("1")).batch
    receipt = door.submit_batch(batch, source="tail", dead=[Dead(b"junk", "no match", 17)])
    assert (receipt.accepted, receipt.deadlettered) == (1, 1)
    assert door.dead_letters.lines == [("tail", Dead(b"junk", "no match", 17))]
    assert door.counters.conservation() == 0


def test_nothing_is_accepted_when_the_dead_letters_cannot_be_written():
    door = make_door()
    door.dead_letters.fault = StoreError("full")
    with pytest.raises(RefusedError):
        door.submit_batch(
            parse_requests(request("1")).batch, source="tail", dead=[Dead(b"junk", "no match")]
        )
    assert door.journal.entries == []
    assert door.counters.totals()["received"] == 0


@pytest.mark.parametrize("slow", [False, True])
def test_a_submission_that_comes_again_after_a_refusal_leaves_its_dead_letters_once(slow):
    door = make_door(commit_timeout_seconds=0.05)
    if slow:
        door.journal.hold()
    else:
        door.journal.fault = StoreError("io")

    def submit():
        batch = parse_requests(request("1")).batch
        return door.submit_batch(batch, source="tail", dead=[Dead(b"junk", "no match", 17)])

    with pytest.raises(RefusedError):
        submit()
    assert door.dead_letters.lines == []
    if slow:
        door.journal.release(StoreError("io"))
    door.journal.fault = None
    assert submit().deadlettered == 1
    assert door.dead_letters.lines == [("tail", Dead(b"junk", "no match", 17))]
    assert door.counters.totals()["deadlettered"] == 1
    assert door.counters.conservation() == 0


def test_shed_rows_are_counted():
    door = make_door()
    door.shed("syslog", 7)
    assert door.counters.totals()["shed"] == 7
    assert door.counters.conservation() == 0
