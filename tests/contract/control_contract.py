"""What every control store does, whatever it is made of: inherit and give the fixture `opened`."""

import threading

import pytest
from tests.unit.storage.test_control import MINUTE, NOW, alert, incident

from apisentinel.errors import RefusedError
from apisentinel.storage.accounts import Key
from apisentinel.storage.base import StaleVersionError
from apisentinel.storage.decisions import Decision
from apisentinel.storage.findings import findings_mark
from apisentinel.storage.query import Condition, Op, Page
from apisentinel.storage.settings import FindingSettings

DAY_S = 86_400


def decision(number, hours, **changes):
    fields = {
        "id": f"d{number}", "scope": "client", "value": f"203.0.113.{number}", "action": "block",
        "reason": "r", "source": "manual", "author": "kim", "incident": None, "created": NOW,
        "expires": NOW + hours * 60 * MINUTE, "ends": NOW + hours * 60 * MINUTE,
    }  # fmt: skip
    return Decision(**(fields | changes))


class ControlContract:
    """Tests of a store with a `ManualClock` at `NOW` as fixture `clock`. `opened()` gives one with
    what earlier ones of the same test wrote.
    """

    def test_what_is_written_twice_is_there_once(self, opened):
        store = opened()
        for _ in range(2):
            store.put_alerts([alert(1), alert(2)])
            store.put_incidents([incident("i1"), incident("i2")])
        assert store.list_alerts([], Page("ts")).total == 2
        assert store.list_incidents([], Page("risk")).total == 2

    def test_all_of_it_survives_a_restart(self, opened):
        first = opened()
        first.put_alerts([alert(1)])
        first.put_incidents([incident("i1")])
        first.patch_incident("i1", {"assignee": "kim"}, 1, "kim")
        first.add_comment("i1", "kim", "look at this")
        head = first.audit_head()
        first.close()
        second = opened()
        assert second.get_alert("a1")["risk"] == 41
        document = second.get_incident("i1")
        assert (document["assignee"], document["version"]) == ("kim", 3)
        assert [each["text"] for each in document["comments"]] == ["look at this"]
        assert second.audit_head() == head
        assert second.audit_verify(head).good

    def test_detection_never_touches_what_people_set(self, opened):
        store = opened()
        store.put_incidents([incident("i1")])
        store.patch_incident("i1", {"status": "resolved", "verdict": "benign"}, 1, "kim")
        store.put_incidents([incident("i1", risk=90, severity="CRITICAL")])
        document = store.get_incident("i1")
        assert (document["risk"], document["status"], document["verdict"], document["version"]) == (
            90, "resolved", "benign", 2,
        )  # fmt: skip

    def test_of_two_who_change_the_same_version_one_is_refused(self, opened):
        store = opened()
        store.put_incidents([incident("i1")])
        results = []

        def change(name):
            try:
                store.patch_incident("i1", {"assignee": name}, 1, name)
                results.append(name)
            except StaleVersionError as error:
                results.append(error.current)

        threads = [threading.Thread(target=change, args=(f"p{n}",)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(map(str, results))[:7] == ["2"] * 7
        assert store.get_incident("i1")["assignee"] in results

    def test_a_change_may_depend_on_what_detection_said(self, opened):
        store = opened()
        store.put_incidents([incident("i1")])
        seen = findings_mark(store.get_incident("i1"))
        store.put_incidents([incident("i1", attack_types=["ssrf"])])
        with pytest.raises(StaleVersionError):
            store.patch_incident("i1", {"verdict": "benign"}, 1, "kim", seen)
        assert store.get_incident("i1")["verdict"] is None

    def test_what_became_part_of_another_or_ended_is_noted(self, opened):
        store = opened()
        store.put_incidents([incident("i1"), incident("i2"), incident("i3")])
        store.put_incidents([{"id": "i2", "merged_into": "i1"}, {"id": "i3", "closed": True}])
        assert store.open_incident_ids(10) == ["i1"]
        assert store.get_incident("i2")["merged_into"] == "i1"
        assert {each["id"] for each in store.list_incidents([], Page("id")).items} == {"i1", "i3"}

    def test_pages_hold_still_while_rows_are_added(self, opened):
        store = opened()
        store.put_alerts([alert(n) for n in range(1, 8)])
        first = store.list_alerts([], Page("ts", limit=3))
        store.put_alerts([alert(n) for n in range(8, 12)])
        rest = store.list_alerts([], Page("ts", limit=10, cursor=first.next))
        names = [each["id"] for each in [*first.items, *rest.items]]
        assert names == [f"a{n}" for n in range(7, 0, -1)]

    def test_conditions_select_and_count(self, opened):
        store = opened()
        store.put_alerts([alert(n) for n in range(1, 8)])
        high = [Condition("risk", Op.GTE, 45)]
        assert store.list_alerts(high, Page("ts")).total == 3
        assert store.alert_facet("severity", high) == [("MEDIUM", 3)]
        assert store.alert_series([], NOW, 5 * MINUTE) == [(0, None, 4), (1, None, 3)]

    def test_decisions_end_by_time_or_by_hand(self, opened, clock):
        store = opened()
        for n, hours in enumerate((1, 2, 3)):
            store.add_decision(decision(n, hours), 10)
        later = NOW + 90 * MINUTE
        active = [Condition("ends", Op.GTE, later + 1)]
        found = store.list_decisions(active, Page("ends"))
        assert [each["id"] for each in found.items] == ["d2", "d1"]
        assert store.lift_decision("d2", "bo", later)["lifted_by"] == "bo"
        assert store.list_decisions(active, Page("ends")).total == 1
        assert store.lift_decision("d2", "kim", later) is None  # it has ended
        assert store.lift_decision("d0", "kim", later) is None  # by time
        assert store.lift_decision("d9", "kim", later) is None
        assert store.decision("d0")["lifted_by"] is None
        assert store.decision_facet("action", [], 5) == [("block", 3)]

    def test_decisions_in_force_are_bounded_and_never_doubled(self, opened):
        store = opened()
        store.add_decision(decision(0, 1), 2)
        with pytest.raises(RefusedError, match="in force already: d0"):
            store.add_decision(decision(0, 2, id="other"), 2)
        store.add_decision(decision(1, 1), 2)
        with pytest.raises(RefusedError, match="which is the most"):
            store.add_decision(decision(2, 1), 2)
        store.lift_decision("d0", "bo", NOW + 1)
        store.add_decision(decision(0, 2, id="other", created=NOW + 2), 2)

    def test_who_had_an_alert_is_told(self, opened):
        store = opened()
        store.put_alerts([alert(1), alert(2)])
        names = [store.get_alert(f"a{n}")["entity"]["id"] for n in (1, 2)]
        kind = store.get_alert("a1")["entity"]["kind"]
        assert store.alerted(kind, [*names, "nobody"], 0) == set(names)
        assert store.alerted(kind, names, NOW + 1_000 * MINUTE) == set()
        assert store.alerted("none", names, 0) == set()

    def test_an_unknown_incident_is_refused(self, opened):
        with pytest.raises(RefusedError) as refused:
            opened().patch_incident("i-none", {"status": "open"}, None, "kim")
        assert refused.value.status == 404

    def test_keys_are_seen_at_once(self, opened):
        store = opened()
        store.save_key(Key(id="k", name="n", scopes=(), digest=b"d", created=1, created_by="bo"))
        assert [each.id for each in store.api_keys()] == ["k"]

    def test_retention_keeps_the_open_and_the_chain(self, opened, clock):
        store = opened()
        store.put_incidents([incident("i1"), incident("i2", closed=True)])
        for number in range(5):
            store.audit_append("bo", "key.create", f"k{number}")
        clock.advance(3 * DAY_S)
        store.audit_append("bo", "key.create", "new")
        assert store.retain(FindingSettings(keep_days=1)).incidents == 1
        assert store.get_incident("i1") is not None
        assert store.audit_trim(clock.now() - DAY_S * 1_000_000, 1_000) == 5
        store.close()
        again = opened()
        assert again.audit_verify().good
        assert again.audit_verify().removed == 5
