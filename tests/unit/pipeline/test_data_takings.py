"""Users that take out more than they and their peers usually do."""

import json
from collections.abc import Iterator

import msgspec
import numpy as np
import pytest

from apisentinel.detectors.base import DetectorSettings
from apisentinel.detectors.behaviour import DataTaking
from apisentinel.features import EVENT
from apisentinel.features.takings import TakingMemory, Takings
from apisentinel.incidents.phrases import phrase
from apisentinel.pipeline import ScanSettings, ScoreSession
from apisentinel.pipeline.settings import Detectors
from apisentinel.records.batch import TEXT_INDEX, RequestBatch, empty_columns
from apisentinel.records.signal import TakingSignal

HOUR = 3_600_000_000
USERS = 16
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


def block(
    rows: list[tuple[int, int, int, int]], begin_at: int = 0
) -> tuple[RequestBatch, np.ndarray, np.ndarray]:
    """Time (hours), user, records and kilobytes of each request."""
    buffer = bytearray()
    spans, numbers = empty_columns(len(rows))
    events = np.zeros(len(rows), EVENT)
    for k, (hour, user, records, size) in enumerate(rows):
        begin = len(buffer)
        buffer += b"[" + b",".join([b'{"a":1}'] * records) + b"]"
        spans[TEXT_INDEX["response_body"], k] = begin, len(buffer)
        events[k]["ts"], events[k]["user"] = hour * HOUR + begin_at + k, user
        events[k]["response_bytes"] = size * 1024
    events["status"] = 200
    padded = np.frombuffer(bytes(buffer) + bytes(64), np.uint8).copy()
    batch = RequestBatch(padded, spans, numbers)
    batch.enriched["h_host"] = np.ones(len(rows), np.uint64)
    return batch, events, np.zeros(len(rows), np.uint8)


def usual(hours: range, records: int = 20) -> list[tuple[int, int, int, int]]:
    return [(h, 1 + u, records + u % 5, 50) for h in hours for u in range(USERS)]


def follow(takings: Takings, rows: list[tuple[int, int, int, int]], size: int = 0) -> list:
    found = []
    step = size or len(rows)
    for begin in range(0, len(rows), step):
        batch, events, mails = block(rows[begin : begin + step], begin)
        roles = np.zeros(len(events), np.uint64)
        found += [
            (begin + row, signal) for row, signal in takings.update(batch, events, roles, mails)
        ]
    return found


def told(*more: tuple[int, int, int, int], hours: int = 12) -> list:
    rows = usual(range(hours))
    return [(row - len(rows), signal) for row, signal in follow(Takings(), [*rows, *more])]


def test_many_records_in_an_hour_are_told_with_the_own_and_the_peers_usual():
    found = told(*((12, 3, 100, 50) for _ in range(4)))
    assert found[0][0] == 2
    signal = found[0][1]
    assert (signal.window, signal.measure, signal.actual) == ("hour", "records", 300.0)
    assert 20 <= signal.own <= 28
    assert 20 <= signal.peers <= 28
    evidence = DataTaking().evidence(signal)
    assert evidence is not None
    assert phrase(evidence).startswith("took 300 records in an hour, by its own past (99th perc")
    assert "by its peers: " in phrase(evidence)


def test_many_bytes_are_told_where_no_reply_is_recorded():
    found = told(*((12, 3, 0, 9_000) for _ in range(4)))
    assert {signal.measure for _, signal in found} == {"kilobytes"}


def test_what_is_usual_for_the_user_or_for_its_peers_is_not_told():
    heavy = [(h, 99, 100, 50) for h in range(12) for _ in range(5)]
    rows = sorted([*usual(range(12)), *heavy])
    assert not [s for _, s in follow(Takings(), [*rows, (12, 99, 400, 50)]) if s.window == "hour"]
    busy = [*usual(range(12), records=300)]
    assert not follow(Takings(), [*busy, (12, 50, 500, 50)])
    assert not told((12, 3, 150, 50))


def test_nobody_is_told_before_anything_is_known():
    assert not told((1, 3, 5_000, 50), hours=1)


def test_a_new_user_is_compared_with_its_peers_alone():
    found = told((12, 77, 3_000, 50))
    assert found[0][1].own == -1.0


def test_a_theft_makes_nothing_usual_but_a_habit_does():
    thefts = [(12 + 2 * k, 3, 1_000, 50) for k in range(14)]
    rows = sorted([*usual(range(40)), *thefts])
    hours = [rows[row][0] for row, s in follow(Takings(), rows) if s.window == "hour"]
    assert hours[:5] == [12, 14, 16, 18, 20]
    assert max(hours) < 32


def test_more_is_told_again_and_the_same_is_not():
    found = told(*((12, 3, 100, 50) for _ in range(30)))
    actual = [s.actual for _, s in found if s.window == "hour"]
    assert actual == sorted(actual)
    assert len(actual) <= 7


@pytest.mark.parametrize("size", [1, 13, 100])
def test_neither_blocks_nor_a_restart_change_anything(size: int):
    rows = [*usual(range(12)), *((12, 3, 100, 50) for _ in range(9))]
    whole, pieces = Takings(), Takings()
    assert follow(pieces, rows, size) == follow(whole, rows)
    assert pieces.memory() == whole.memory()
    again = Takings()
    again.recall(msgspec.json.decode(msgspec.json.encode(whole.memory()), type=TakingMemory))
    more = [(12, 3, 500, 50), (13, 4, 900, 50)]
    assert follow(again, more) == follow(whole, more)
    assert again.memory() == whole.memory()


def test_the_evidence_grows_and_can_be_switched_off():
    little, much = (
        TakingSignal("hour", "records", 300.0 * times, 20.0, 30.0, 200.0, 12) for times in (1, 9)
    )
    levels = [DataTaking().evidence(signal) for signal in (little, much)]
    assert levels[0] is not None
    assert levels[1] is not None
    assert levels[0].llr < levels[1].llr < 6
    assert DataTaking(DetectorSettings(enabled=False)).evidence(much) is None


def lines(hours: int) -> Iterator[str]:
    for hour in range(hours):
        for user in range(USERS):
            yield line(hour, user, 900)


def line(hour: int, user: int, size: int, minute: int = 0) -> str:
    ts = f"2026-11-02T{hour:02d}:{minute:02d}:{user:02d}Z"
    return json.dumps({
        "ts": ts, "method": "GET", "path": "/v1/reports", "status": 200, "response_bytes": size,
        "client_ip": f"192.0.2.{user}", "user_id": f"u{user}", "session_id": f"s{user}",
        "host": "api.shop.example", "user_agent": AGENT,
    })  # fmt: skip


def test_the_whole_pipeline_tells_it():
    session = ScoreSession(ScanSettings(detectors=Detectors()))
    rows = [*lines(10), *(line(10, 3, 40_000_000, minute) for minute in range(4))]
    found = [json.loads(one) for one in session.score("\n".join(rows).encode()).splitlines()]
    assert not any(verdict["detectors"].get("data_taking") for verdict in found[: USERS * 10])
    assert found[-1]["detectors"]["data_taking"] > 0
    assert {"data_exposure", "insider_misuse"} & set(found[-1]["attack_types"])
