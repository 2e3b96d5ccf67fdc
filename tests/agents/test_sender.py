"""Batches, retries, pauses and bounds, with a collector that is a function."""

import gzip
import json
import logging

import pytest
from apisentinel_agent.buffer import Buffer
from apisentinel_agent.exchange import FIXED_BYTES, Exchange
from apisentinel_agent.options import Options
from apisentinel_agent.redaction import Redactor
from apisentinel_agent.rendering import Renderer
from apisentinel_agent.sender import Sender
from apisentinel_agent.transport import Answer
from hypothesis import given
from hypothesis import strategies as st

OK = Answer(202, None, 0, "HTTP 202")


class Script:
    """A transport that answers from a list, and then with 202."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.sent = []
        self.keys = []

    def send(self, body, headers):
        lines = [json.loads(line) for line in gzip.decompress(body).splitlines()]
        self.sent.append([line["path"] for line in lines])
        self.keys.append(headers["Idempotency-Key"])
        self.last = headers
        return self.answers.pop(0) if self.answers else OK

    def close(self):
        pass


def exchange(path):
    made = Exchange(1_700_000_000_000_000)
    made.method, made.path, made.status, made.event_id = "GET", path, 200, path
    return made


class Rig:
    """A sender without its thread; pauses are noted instead of waited for."""

    def __init__(self, *answers, **given):
        self.options = Options(url="https://x", key="k", **given)
        self.buffer = Buffer(
            self.options.max_records, self.options.max_bytes, self.options.batch_records
        )
        self.transport = Script(*answers)
        self.pauses = []
        self.now = 0.0
        renderer = Renderer(self.options, Redactor())
        self.sender = Sender(
            self.options,
            self.buffer,
            renderer,
            self.transport,
            name="rig",
            monotonic=lambda: self.now,
        )
        self.sender._pause = self.pause

    def pause(self, seconds):
        self.pauses.append(seconds)
        self.now += seconds

    def put(self, *paths):
        return [self.buffer.put(exchange(path), FIXED_BYTES) for path in paths]

    def drain(self, deadline=1e9):
        self.sender.hurry(deadline, stop=True)
        self.sender.run()


def failure(status, retry_after=None):
    return Answer(status, retry_after, 0, f"HTTP {status}")


def test_what_waits_goes_out_in_batches_in_order():
    rig = Rig(batch_records=2)
    rig.put("/1", "/2", "/3")
    rig.drain()
    assert rig.transport.sent == [["/1", "/2"], ["/3"]]
    assert len(set(rig.transport.keys)) == 2
    assert rig.sender.sent == 3


@pytest.mark.parametrize("status", [0, 401, 404, 408, 429, 500, 502, 503, 504, 302])
def test_a_batch_is_repeated_with_its_key_until_it_is_taken(status):
    rig = Rig(failure(status), failure(status))
    rig.put("/1")
    rig.drain()
    assert rig.transport.sent == [["/1"]] * 3
    assert len(set(rig.transport.keys)) == 1
    assert rig.sender.sent == 1


def test_pauses_grow_with_jitter_up_to_a_limit():
    rig = Rig(*[failure(503)] * 12, backoff_s=1.0, max_backoff_s=20.0)
    rig.put("/1")
    rig.drain()
    bounds = [min(20.0, 2.0**n) for n in range(12)]
    assert all(b / 2 <= p <= b for p, b in zip(rig.pauses, bounds, strict=True))
    assert len(set(rig.pauses)) == 12


def test_the_collector_says_how_long_to_wait():
    rig = Rig(failure(429, 33.0), failure(503, 1e5), backoff_s=1.0)
    rig.put("/1")
    rig.drain()
    assert 33 <= rig.pauses[0] <= 34
    assert 600 <= rig.pauses[1] <= 601


@pytest.mark.parametrize("status", [400, 415, 422])
def test_what_is_refused_for_good_is_dropped_and_counted(status):
    rig = Rig(failure(status), batch_records=2)
    rig.put("/1", "/2", "/3")
    rig.drain()
    assert rig.transport.sent == [["/1", "/2"], ["/3"]]
    assert (rig.sender.refused, rig.sender.sent) == (2, 1)


def test_a_batch_that_is_too_large_is_halved():
    rig = Rig(failure(413), failure(413), failure(413))
    rig.put("/1", "/2", "/3")
    rig.drain()
    assert rig.transport.sent == [["/1", "/2", "/3"], ["/1"], ["/2", "/3"], ["/2"], ["/3"]]
    assert (rig.sender.refused, rig.sender.sent) == (1, 2)


def test_at_the_end_it_gives_up_at_the_deadline():
    rig = Rig(*[failure(503)] * 100, backoff_s=1.0)
    rig.put("/1")
    rig.drain(deadline=5.0)
    assert rig.sender.undelivered == 1
    assert len(rig.transport.sent) < 10


def test_drops_are_reported_with_a_later_batch():
    rig = Rig(max_records=2)
    assert rig.put("/1", "/2", "/3") == [True, True, False]
    rig.drain()
    assert "dropped=1" in rig.transport.last["X-Sentinel-Agent"]
    assert "recorded=3" in rig.transport.last["X-Sentinel-Agent"]


def test_what_was_seen_first_stays_when_the_buffer_is_full():
    rig = Rig(max_records=2)
    rig.put("/1", "/2", "/3", "/4")
    rig.drain()
    assert rig.transport.sent == [["/1", "/2"]]


def test_a_request_that_cannot_be_written_does_not_hold_up_the_others():
    rig = Rig()
    broken = exchange("/2")
    broken.headers = [(None, None)]
    rig.put("/1")
    rig.buffer.put(broken, FIXED_BYTES)
    rig.put("/3")
    rig.drain()
    assert rig.transport.sent == [["/1", "/3"]]
    assert rig.sender.faulty == 1


def test_trouble_is_logged_once_and_without_the_key(caplog):
    rig = Rig(*[failure(401)] * 5, failure(503))
    rig.put("/1")
    with caplog.at_level(logging.INFO, "apisentinel_agent"):
        rig.drain()
    texts = [record.getMessage() for record in caplog.records]
    assert len(texts) == 3
    assert "does not know the key" in texts[0]
    assert "answers again" in texts[2]


@given(st.lists(st.tuples(st.integers(1, 5000), st.booleans()), max_size=80))
def test_the_buffer_never_holds_more_than_it_may_and_loses_nothing_silently(steps):
    buffer = Buffer(10, 20_000, 4)
    taken = 0
    for memory, take in steps:
        buffer.put(exchange("/"), memory)
        assert len(buffer) <= 10
        assert buffer.bytes <= 20_000
        if take:
            taken += len(buffer.take(4, 8_000))
    assert buffer.recorded == taken + len(buffer) + buffer.dropped


def test_a_batch_ends_at_its_bytes_but_holds_at_least_one():
    buffer = Buffer(10, 1 << 20, 4)
    for _ in range(3):
        buffer.put(exchange("/"), 5_000)
    assert [len(buffer.take(10, 10_000)), len(buffer.take(10, 1))] == [2, 1]
    assert buffer.bytes == 0
