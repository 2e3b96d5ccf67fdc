import asyncio
import json
import threading

import pytest

from apisentinel.api.query.fields import ALERTS
from apisentinel.api.query.filters import parse_filter
from apisentinel.api.query.matching import RowFilter
from apisentinel.api.stream import hub as stream_hub
from apisentinel.api.stream.hub import QUEUE_BYTES, QUEUE_FRAMES, Hub, Sub
from apisentinel.api.stream.messages import FRAME_BYTES, ROWS, Line, all_rows, best_rows
from apisentinel.clock import ManualClock
from apisentinel.pipeline.live.bus import Bus

ALERTS_ONLY = (Sub("alerts"),)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(stream_hub, "TICK_S", 0)


def alert(n, risk=50, severity="MEDIUM", **more):
    return {"id": f"a-{n}", "risk": risk, "severity": severity, **more}


def make_hub(epoch="e", **kept):
    return Hub(Bus(epoch, kept), lambda topic, item: item, ManualClock())


async def settle():
    for _ in range(20):
        await asyncio.sleep(0)


def texts(hub, watcher):
    return [json.loads(text) for text in hub.frames(watcher)]


def wanted(*f):
    return RowFilter(ALERTS, parse_filter(ALERTS, f, 0, None, None))


def live(test):
    """Runs an async test with a hub and closes it."""

    def run():
        async def main():
            hub = make_hub()
            try:
                await test(hub)
            finally:
                hub.close()
                await settle()

        asyncio.run(main())

    run.__name__ = test.__name__
    return run


@live
async def test_what_is_published_is_told(hub):
    watcher = hub.attach(ALERTS_ONLY)
    hub.bus.publish("alerts", [alert(1)])
    hub.bus.publish("health", [{"ok": True}])
    await settle()
    assert texts(hub, watcher) == [
        {
            "topic": "alerts",
            "cursor": "e-2",
            "items": [alert(1)],
            "rest": {"count": 0, "severities": {}},
        }
    ]


@live
async def test_threads_may_publish(hub):
    watcher = hub.attach(ALERTS_ONLY)
    thread = threading.Thread(target=lambda: hub.bus.publish("alerts", [alert(1)]))
    thread.start()
    await asyncio.wait_for(watcher.bell.wait(), 5)
    thread.join()
    assert texts(hub, watcher)[0]["items"] == [alert(1)]


@live
async def test_the_same_question_is_encoded_once_and_answered_with_the_same_text(hub):
    watchers = [hub.attach([Sub("alerts", wanted("risk:gte:10"))]) for _ in range(200)]
    others = [hub.attach([Sub("alerts", wanted("risk:gte:60"))]) for _ in range(5)]
    hub.bus.publish("alerts", [alert(1)])
    await settle()
    assert hub.encoded == 1  # nothing passes the other filter
    frames = [next(hub.frames(watcher)) for watcher in watchers]
    assert all(frame is frames[0] for frame in frames)
    assert [texts(hub, watcher) for watcher in others] == [[]] * 5


@live
async def test_a_busy_tick_shows_the_highest_risks_and_counts_the_rest(hub):
    watcher = hub.attach(ALERTS_ONLY)
    items = [alert(n, risk=n % 100, severity="LOW" if n % 100 < 40 else "HIGH") for n in range(450)]
    hub.bus.publish("alerts", items)
    await settle()
    (frame,) = texts(hub, watcher)
    assert len(frame["items"]) == ROWS
    assert min(item["risk"] for item in frame["items"]) == 75
    assert frame["rest"]["count"] == 350
    assert sum(frame["rest"]["severities"].values()) == 350


@live
async def test_of_one_tick_only_the_newest_state_of_an_incident_counts(hub):
    watcher = hub.attach([Sub("incidents")])
    hub.bus.publish("incidents", [alert(1, risk=40), alert(2, risk=50), alert(1, risk=70)])
    await settle()
    (frame,) = texts(hub, watcher)
    assert [(item["id"], item["risk"]) for item in frame["items"]] == [("a-1", 70), ("a-2", 50)]


@live
async def test_of_metrics_the_newest_are_shown(hub):
    watcher = hub.attach([Sub("metrics")])
    hub.bus.publish("metrics", [{"n": n} for n in range(150)])
    await settle()
    (frame,) = texts(hub, watcher)
    assert [item["n"] for item in frame["items"]] == list(range(50, 150))
    assert frame["rest"] == {"count": 50}


@live
async def test_only_the_last_frame_of_a_tick_moves_the_cursor(hub):
    watcher = hub.attach(
        [Sub("alerts"), Sub("incidents"), Sub("alerts", wanted("risk:gte:1"), "x")]
    )
    hub.bus.publish("alerts", [alert(1)])
    hub.bus.publish("incidents", [alert(2)])
    await settle()
    frames = texts(hub, watcher)
    assert [frame["topic"] for frame in frames] == ["incidents", "alerts", "alerts"]
    assert [frame["cursor"] for frame in frames] == ["e-0", "e-0", "e-2"]
    assert frames[2]["sub"] == "x"


@live
async def test_a_client_that_never_reads_costs_a_bounded_queue_and_sees_a_gap(hub):
    slow, quick = hub.attach(ALERTS_ONLY), hub.attach(ALERTS_ONLY)
    seen = 0
    for n in range(QUEUE_FRAMES * 3):
        hub.bus.publish("alerts", [alert(n)])
        await settle()
        seen += sum(len(frame["items"]) for frame in texts(hub, quick))
        assert slow.waiting <= QUEUE_FRAMES
        assert slow.held_bytes <= QUEUE_BYTES
    assert seen == QUEUE_FRAMES * 3
    first, *rest = texts(hub, slow)
    assert first["topic"] == "gap"
    assert first["from"] == "e-0"
    lost = int(first["to"].removeprefix("e-"))
    assert [item["id"] for frame in rest for item in frame["items"]] == [
        f"a-{n}" for n in range(lost, QUEUE_FRAMES * 3)
    ]


@live
async def test_large_frames_are_bounded_in_bytes_too(hub):
    slow = hub.attach(ALERTS_ONLY)
    for n in range(40):
        hub.bus.publish("alerts", [alert(100 * n + k, text="😀" * 2000) for k in range(100)])
        await settle()
        assert slow.held_bytes <= QUEUE_BYTES
    assert texts(hub, slow)[0]["topic"] == "gap"


@live
async def test_who_comes_back_is_told_every_row_that_was_missed(hub):
    hub.attach(ALERTS_ONLY)
    for n in range(30):
        hub.bus.publish("alerts", [alert(1000 * n + k) for k in range(250)])
        await settle()
    back = hub.attach(ALERTS_ONLY, resume="e-3")
    hub.bus.publish("alerts", [alert("new")])
    await settle()
    frames = texts(hub, back)
    missed = [item["id"] for frame in frames for item in frame["items"]]
    assert missed == [f"a-{1000 * n + k}" for n in range(1, 30) for k in range(250)] + ["a-new"]
    assert frames[-1]["cursor"] == hub.bus.text(hub.bus.cursor)
    assert all(len(frame["items"]) <= ROWS for frame in frames)


@live
async def test_who_comes_back_with_the_newest_cursor_missed_nothing(hub):
    hub.attach(ALERTS_ONLY)
    hub.bus.publish("alerts", [alert(1)])
    await settle()
    back = hub.attach(ALERTS_ONLY, resume="e-1")
    assert texts(hub, back) == []
    assert hub.cursor_of(back) == "e-1"


def test_who_comes_back_after_too_long_sees_a_gap_and_what_is_left():
    async def main():
        hub = make_hub(alerts=5)
        hub.attach(ALERTS_ONLY)
        for n in range(1, 21):
            hub.bus.publish("alerts", [alert(n)])
            await settle()
        back = hub.attach(ALERTS_ONLY, resume="e-3")
        gap, *frames = texts(hub, back)
        assert gap == {"topic": "gap", "from": "e-3", "to": "e-15"}
        assert [f["items"][0]["id"] for f in frames] == [f"a-{n}" for n in range(16, 21)]
        hub.close()

    asyncio.run(main())


@live
async def test_a_cursor_of_an_earlier_life_gives_a_gap(hub):
    hub.bus.publish("alerts", [alert(1)])
    for cursor in ("old-77", "e-999", "e--1", "nonsense", "", "e-0x1", "e-" + "9" * 50):
        watcher = hub.attach(ALERTS_ONLY, resume=cursor)
        assert [text["topic"] for text in texts(hub, watcher)] == ["gap"]


@live
async def test_filters_can_be_changed_while_it_runs(hub):
    watcher = hub.attach(ALERTS_ONLY)
    watcher.subs["alerts"] = Sub("alerts", wanted("risk:gte:60"))
    hub.bus.publish("alerts", [alert(1, risk=50), alert(2, risk=70)])
    await settle()
    assert [item["id"] for frame in texts(hub, watcher) for item in frame["items"]] == ["a-2"]


@live
async def test_the_bus_is_read_only_while_somebody_watches(hub):
    assert hub.bus.watchers == 0
    one, two = hub.attach(ALERTS_ONLY), hub.attach(ALERTS_ONLY)
    assert hub.bus.watchers == 1
    hub.detach(one)
    assert hub.bus.watchers == 1
    hub.detach(two)
    assert hub.bus.watchers == 0
    hub.bus.publish("alerts", [alert(1)])
    again = hub.attach(ALERTS_ONLY)
    hub.bus.publish("alerts", [alert(2)])
    await settle()
    assert [item["id"] for frame in texts(hub, again) for item in frame["items"]] == ["a-2"]


def test_a_hub_that_falls_behind_the_bus_says_so():
    async def main():
        hub = make_hub(alerts=200)
        watcher = hub.attach(ALERTS_ONLY)
        for n in range(50):  # before the hub gets its turn
            hub.bus.publish("alerts", [alert(n * 100 + k) for k in range(100)])
        await settle()
        gap, frame = texts(hub, watcher)
        assert gap == {"topic": "gap", "from": "e-0", "to": "e-48"}
        assert len(frame["items"]) + frame["rest"]["count"] == 200
        hub.close()

    asyncio.run(main())


def test_a_flood_of_decoys_does_not_hide_the_needle():
    async def main():
        hub = make_hub()
        watcher = hub.attach(ALERTS_ONLY)
        hub.bus.publish("alerts", [alert(n, risk=60, severity="HIGH") for n in range(2_500)])
        hub.bus.publish("alerts", [alert("needle", risk=95, severity="CRITICAL")])
        hub.bus.publish("alerts", [alert(n, risk=60, severity="HIGH") for n in range(2_000)])
        await settle()
        first = texts(hub, watcher)[0]
        assert first["items"][0]["id"] == "a-needle"
        assert first["rest"]["severities"]["HIGH"] >= 2_400
        hub.close()

    asyncio.run(main())


def test_frames_are_cut_by_bytes_and_one_row_always_fits():
    rows = [Line({"risk": n, "severity": "LOW", "text": "x" * 60_000}) for n in range(5)]
    best = json.loads(b"{" + best_rows("alerts", rows) + b"}")
    assert [row["risk"] for row in best["items"]] == [4, 3]
    assert best["rest"]["count"] == 3
    giant = [Line({"risk": 1, "text": "x" * (FRAME_BYTES + 1)})]
    assert len(json.loads(b"{" + best_rows("alerts", giant) + b"}")["items"]) == 1
    told = [json.loads(b"{" + body + b"}")["items"] for body in all_rows(rows)]
    assert [row["risk"] for part in told for row in part] == [0, 1, 2, 3, 4]


@live
async def test_a_row_is_encoded_once_for_all_filters(hub):
    watchers = [hub.attach([Sub("alerts", wanted(f"risk:gte:{n}"))]) for n in range(20)]
    counted = []
    hub.shown = lambda _, item: counted.append(item) or item
    hub.bus.publish("alerts", [alert(n, risk=90) for n in range(10)])
    await settle()
    assert [len(texts(hub, watcher)[0]["items"]) for watcher in watchers] == [10] * 20
    assert len(counted) == 10


@live
async def test_a_row_that_cannot_be_shown_is_a_gap_and_the_stream_goes_on(hub):
    def shown(_, item):
        if item["id"] == "a-bad":
            raise ValueError(item)
        return item

    hub.shown = shown
    watcher = hub.attach(ALERTS_ONLY)
    hub.bus.publish("alerts", [alert("bad")])
    await settle()
    hub.bus.publish("alerts", [alert("good")])
    await settle()
    gap, frame = texts(hub, watcher)
    assert gap == {"topic": "gap", "from": "e-0", "to": "e-1"}
    assert frame["items"][0]["id"] == "a-good"
