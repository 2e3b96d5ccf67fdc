"""What every store of events does, whatever it is made of; inherit and give `opened`."""

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apisentinel.storage.columns import Table
from apisentinel.storage.event_fields import EVENT_FIELDS
from apisentinel.storage.events_schema import EVENT_SCHEMA
from apisentinel.storage.query import Condition, FilterError, Op, Page
from apisentinel.storage.query_memory import select

SECOND = 1_000_000
DAY = 86_400 * SECOND
NOW = 1_700_000_000 * SECOND


def row(seq, **changes):
    fields = dict.fromkeys(EVENT_SCHEMA) | {
        "seq": seq,
        "ts": NOW + seq * SECOND,
        "event_id": f"e{seq}",
        "method": "GET",
        "path": f"/items/{seq}",
        "status": (200, 404, 500)[seq % 3],
        "client": f"10.0.0.{seq % 5}",
        "user": f"u{seq % 4}",
        "risk": seq % 100,
        "score": (seq % 100) / 128,
        "severity": "LOW",
        "response_bytes": 10,
        "duration_us": seq,
        "attack_types": ["sqli", "xss"] if seq % 7 == 0 else [],
        "detectors": [],
    }
    return fields | changes


def table(rows):
    return Table.of_rows(EVENT_SCHEMA, rows)


class EventsContract:
    """Tests of an event store.

    `opened()` gives one with what earlier ones of the same test wrote; `aged(store)` makes it put
    away all that it can, so that the newest and the older events lie in different places.
    """

    def aged(self, store):
        """Nothing, unless the store keeps old events elsewhere."""

    @pytest.fixture
    def filled(self, opened):
        store = opened()
        old = [row(seq, ts=NOW - 9 * DAY + seq * SECOND) for seq in range(1, 41)]
        store.put(table(old))
        store.flush()
        self.aged(store)
        new = [row(seq) for seq in range(41, 101)]
        store.put(table(new[:30]))
        store.put(table(new[30:]))
        store.flush()
        return store, old + new

    def test_rows_come_back_as_they_were(self, filled):
        store, rows = filled
        assert store.last_seq == 100
        found, cursor = [], None
        while True:
            page = store.list_events([], Page("seq", False, cursor, 33))
            assert page.total == 100
            found += page.items
            cursor = page.next
            if cursor is None:
                break
        assert found == rows

    def test_a_replay_changes_nothing(self, filled):
        store, rows = filled
        store.put(table(rows[20:90]))
        store.put(table([*rows[80:], row(101)]))
        store.flush()
        assert store.last_seq == 101
        assert store.list_events([], Page("seq", limit=1)).total == 101

    def test_everything_is_there_after_a_restart(self, filled, opened):
        store, rows = filled
        store.close()
        again = opened()
        assert again.last_seq == 100
        again.put(table([rows[-1], row(101)]))
        again.flush()
        assert again.list_events([], Page("seq", limit=1)).total == 101

    def test_one_event_is_found_by_its_ids(self, filled):
        store, rows = filled
        assert store.get_event(seq=7) == rows[6]
        assert store.get_event(event_id="e77") == rows[76]
        assert store.get_event(event_id="nothing") is None

    @pytest.mark.parametrize("sort", ["ts", "seq", "risk", "client", "score", "user"])
    @pytest.mark.parametrize("descending", [True, False])
    def test_pages_are_those_of_the_rows_in_memory(self, filled, sort, descending):
        store, rows = filled
        conditions = [Condition("status", Op.IN, (200, 500)), Condition("risk", Op.GTE, 5)]
        cursor = None
        for _ in range(3):
            page = Page(sort, descending, cursor, 17)
            expected = select(rows, EVENT_FIELDS, conditions, page)
            found = store.list_events(conditions, page)
            assert [i["seq"] for i in found.items] == [i["seq"] for i in expected.items]
            assert found.total == expected.total
            cursor = found.next
            assert (cursor is None) == (expected.next is None)

    @settings(suppress_health_check=list(HealthCheck), max_examples=25)
    @given(
        begin=st.integers(-10 * DAY, 200 * SECOND),
        length=st.integers(1, 12 * DAY),
        group=st.sampled_from([None, "status_class", "severity", "attack_types", "user"]),
        points=st.integers(2, 600),
    )
    def test_series_count_what_is_in_their_period(self, filled, begin, length, group, points):
        store, rows = filled
        end = NOW + begin + length
        found = store.timeseries([], NOW + begin, end, group=group, points=points)
        assert len(found.t) <= points
        assert all(t % found.step == 0 for t in found.t)
        assert all(len(line["v"]) == len(found.t) for line in found.series)
        first = found.t[0]
        assert first <= NOW + begin < first + found.step
        inside = [r for r in rows if first <= r["ts"] < end]
        counted = (
            sum(len(r["attack_types"]) for r in inside) if group == "attack_types" else len(inside)
        )
        assert sum(sum(line["v"]) for line in found.series) == counted

    @pytest.mark.parametrize("group", [None, "user", "severity"])
    def test_series_tell_other_measures(self, filled, group):
        store, rows = filled
        end = NOW + 100 * SECOND
        given = {"group": group, "points": 600}

        def lines(measure):
            found = store.timeseries([], NOW, end, measure=measure, **given)
            return found, {line["key"]: line["v"] for line in found.series}

        found, risks = lines("risk")
        _, errors = lines("errors")
        _, sizes = lines("bytes")
        _, times = lines("p95_ms")
        for key in risks:
            for at, t in enumerate(found.t):
                here = [
                    row
                    for row in rows
                    if t <= row["ts"] < t + found.step and (group is None or row[group] == key)
                ]
                assert risks[key][at] == max((row["risk"] for row in here), default=None)
                assert errors[key][at] == sum(row["status"] >= 400 for row in here)
                assert sizes[key][at] == sum(row["response_bytes"] for row in here)
                assert (times[key][at] is None) == (not here)
        with pytest.raises(FilterError, match="no measure"):
            lines("p42")

    def test_what_a_decision_would_touch_is_told_by_client(self, filled):
        store, rows = filled
        inside = [row for row in rows if NOW <= row["ts"] < NOW + 80 * SECOND]
        wanted = [row for row in inside if row["user"] == "u1"]
        found = store.touched([Condition("user", Op.EQ, "u1")], NOW, NOW + 80 * SECOND)
        assert (found.total, found.requests) == (len(inside), len(wanted))
        assert found.is_whole
        for client, count, risk in found.clients:
            own = [row for row in wanted if row["client"] == client]
            assert (count, risk) == (len(own), max(row["risk"] for row in own))
        assert len(found.clients) == len({row["client"] for row in wanted})

    def test_the_week_counts_by_day_and_hour_in_utc(self, filled):
        store, rows = filled
        expected = [[0] * 24 for _ in range(7)]
        for each in rows:
            moment = datetime.fromtimestamp(each["ts"] // SECOND, UTC)
            expected[moment.weekday()][moment.hour] += 1
        assert store.week([]) == expected

    def test_facets_count_values_and_members_of_lists(self, filled):
        store, _ = filled
        found = store.facets(["client", "attack_types"], [Condition("seq", Op.LTE, 70)], 3)
        assert found["client"] == [("10.0.0.0", 14), ("10.0.0.1", 14), ("10.0.0.2", 14)]
        assert found["attack_types"] == [("sqli", 10), ("xss", 10)]

    def test_the_most_frequent_are_described(self, filled):
        store, rows = filled
        (first, *_) = store.top("client", [], 2)
        mine = [r for r in rows if r["client"] == first["value"]]
        assert first["requests"] == len(mine) == 20
        assert first["errors"] == sum(r["status"] >= 400 for r in mine)
        assert first["risk"] == max(r["risk"] for r in mine)
        assert first["response_bytes"] == 200

    def test_exports_give_all_in_order_up_to_a_number(self, filled):
        store, rows = filled
        wanted = [Condition("status", Op.EQ, 200)]
        expected = [r["seq"] for r in rows if r["status"] == 200]
        assert [r["seq"] for r in store.export_events(wanted, 10_000)] == expected
        assert [r["seq"] for r in store.export_events(wanted, 5)] == expected[:5]

    def test_hostile_text_is_data(self, opened):
        store = opened()
        texts = ["'; DROP TABLE e.hot; --", "\x00nul", "\u202e", "%", "\\", "' OR 1=1", "🙂" * 100]
        store.put(table([row(n + 1, path=text) for n, text in enumerate(texts)]))
        store.flush()
        for number, text in enumerate(texts):
            if "\0" in text:
                continue
            found = store.list_events([Condition("path", Op.EQ, text)], Page("seq"))
            assert [i["seq"] for i in found.items] == [number + 1]
        assert store.get_event(seq=2)["path"] == texts[1]

    @pytest.mark.parametrize(
        "condition",
        [
            Condition("nope", Op.EQ, 1),
            Condition("path", Op.EQ, 1),
            Condition("status", Op.PREFIX, "2"),
            Condition("client", Op.CIDR, "300.0.0.0/8"),
            Condition("path", Op.RE, "("),
            Condition('path" OR 1=1 --', Op.EQ, "x"),
        ],
    )
    def test_what_is_no_condition_is_refused(self, opened, condition):
        store = opened()
        with pytest.raises(FilterError):
            store.list_events([condition], Page("ts"))
        with pytest.raises(FilterError):
            store.facets(["client"], [condition])

    def test_a_period_that_ends_before_it_begins_is_refused(self, opened):
        with pytest.raises(FilterError):
            opened().timeseries([], NOW, NOW)
