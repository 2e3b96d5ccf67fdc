"""The bus: order, bounds, gaps, bells."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apisentinel.pipeline.live.bus import ITEMS_A_MESSAGE, TOPICS, Bus, Gap


def items(*numbers: int) -> list[dict[str, int]]:
    return [{"n": n} for n in numbers]


def test_messages_come_in_order_with_rising_cursors() -> None:
    bus = Bus("e1")
    reader = bus.subscribe(["alerts", "metrics"])
    bus.publish("alerts", items(1, 2))
    bus.publish("events", items(9))
    bus.publish("metrics", items(3))
    messages, gap = reader.get_nowait()
    assert [(m.cursor, m.topic, [i["n"] for i in m.items]) for m in messages] == [
        (1, "alerts", [1, 2]),
        (3, "metrics", [3]),
    ]
    assert gap is None
    assert reader.get_nowait() == ([], None)


def test_a_slow_reader_sees_a_gap_and_then_what_is_left() -> None:
    bus = Bus("e1", {"alerts": 3})
    reader = bus.subscribe(["alerts"])
    for n in range(1, 6):
        bus.publish("alerts", items(n))
    messages, gap = reader.get_nowait()
    assert gap == Gap(1, 2)
    assert [m.items[0]["n"] for m in messages] == [3, 4, 5]
    assert reader.get_nowait() == ([], None)


def test_other_topics_make_no_gap() -> None:
    bus = Bus("e1", {"metrics": 1})
    bus.publish("alerts", items(1))
    for n in range(5):
        bus.publish("metrics", items(n))
    assert bus.since(0, ["alerts"])[1] is None
    assert bus.since(0, ["metrics"])[1] is not None


@given(st.lists(st.tuples(st.sampled_from(TOPICS), st.integers(0, 250)), max_size=30))
def test_nothing_is_lost_without_a_gap_and_memory_is_bounded(sent) -> None:
    kept = dict.fromkeys(TOPICS, 300)
    bus = Bus("e1", kept)
    published: list[tuple[str, int]] = []
    for k, (topic, count) in enumerate(sent):
        bus.publish(topic, items(*[k] * count))
        published += [(topic, k)] * count
    for topic in TOPICS:
        messages, gap = bus.since(0, [topic])
        got = [(topic, item["n"]) for m in messages for item in m.items]
        wanted = [entry for entry in published if entry[0] == topic]
        assert got == wanted[len(wanted) - len(got) :]
        assert (gap is None) == (len(got) == len(wanted))
        assert len(got) <= 300
        assert all(len(m.items) <= ITEMS_A_MESSAGE for m in messages)


def test_a_reader_may_go_on_from_a_cursor_of_this_life_only() -> None:
    bus = Bus("e2")
    bus.publish("alerts", items(1))
    assert bus.parse(bus.text(1)) == 1
    for text in ("e1-1", "e2-2", "e2-", "e2--1", "e2-1x", "", "-", "e2-" + "9" * 30, "e2-\u0661"):
        assert bus.parse(text) is None
    with bus.subscribe(["alerts"], cursor=0) as reader:
        assert len(reader.get_nowait()[0]) == 1
        assert bus.watchers == 1
    assert bus.watchers == 0
    with pytest.raises(ValueError, match="hyphen"):
        Bus("a-b")


def test_the_bell_rings_once_until_the_messages_are_taken() -> None:
    bus = Bus("e1")
    reader = bus.subscribe(["alerts"])
    rings: list[int] = []
    reader.on_ready = lambda: rings.append(1)
    bus.publish("metrics", items(1))
    assert not rings
    bus.publish("alerts", items(1))
    bus.publish("alerts", items(2))
    assert len(rings) == 1
    reader.get_nowait()
    bus.publish("alerts", items(3))
    assert len(rings) == 2
    assert reader.wait(0)


def test_many_messages_are_taken_in_steps() -> None:
    bus = Bus("e1")
    reader = bus.subscribe(["alerts"])
    for n in range(10):
        bus.publish("alerts", items(n))
    first, _ = reader.get_nowait(most=6)
    assert reader.wait(0)
    second, _ = reader.get_nowait(most=6)
    assert [m.items[0]["n"] for m in first + second] == list(range(10))


def test_threads_may_publish_at_once() -> None:
    bus = Bus("e1")
    threads = [
        threading.Thread(target=lambda: [bus.publish("alerts", items(1)) for _ in range(200)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    messages, gap = bus.since(0, ["alerts"])
    assert [m.cursor for m in messages] == list(range(1, 801))
    assert gap is None


def test_an_unknown_topic_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        Bus("e1").publish("gossip", items(1))
