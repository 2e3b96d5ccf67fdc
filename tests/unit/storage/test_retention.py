"""What is old or too much is removed in an order that can be told, and the audit still proves."""

import threading

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.storage.test_control import MINUTE, NOW, alert, incident

from apisentinel.clock import ManualClock
from apisentinel.storage.audit import Head
from apisentinel.storage.base import DamagedError
from apisentinel.storage.control import ControlStore
from apisentinel.storage.query import Page
from apisentinel.storage.retention import DAY_US
from apisentinel.storage.settings import FindingSettings

DAY_S = 86_400


@pytest.fixture
def clock():
    return ManualClock(NOW)


@pytest.fixture
def store(tmp_path, clock):
    store = ControlStore(tmp_path, clock)
    yield store
    store.close()


def kept(store):
    return {each["id"] for each in store.list_incidents([], Page("id", limit=500)).items}


def fill(store):
    """Five incidents that were told at the same time, in five states."""
    ended = {"closed": True}
    store.put_incidents(
        [
            incident("ended", **ended),
            incident("commented", **ended),
            incident("acknowledged", **ended),
            incident("assigned", **ended),
            incident("resolved", **ended),
            incident("open"),
        ]
    )
    store.add_comment("commented", "bo", "why?")
    store.patch_incident("acknowledged", {"status": "acknowledged"}, None, "bo")
    store.patch_incident("assigned", {"assignee": "bo"}, None, "bo")
    store.patch_incident("resolved", {"assignee": "bo", "status": "resolved"}, None, "bo")


def test_what_has_ended_is_removed_by_age_and_what_is_worked_on_stays(store, clock):
    store.put_alerts([alert(1), alert(2, ts=NOW - 100 * DAY_US)])
    fill(store)
    limits = FindingSettings(keep_days=30)
    clock.advance(29 * DAY_S)
    assert store.retain(limits).incidents == 0
    clock.advance(2 * DAY_S)
    done = store.retain(limits)
    assert (done.incidents, done.forced, done.more) == (2, 0, False)
    assert kept(store) == {"open", "commented", "acknowledged", "assigned"}
    assert store.retain(limits).incidents == 0


def test_the_age_is_that_of_the_last_change_not_of_the_traffic(store, clock):
    """Somebody may judge old logs."""
    old = {"first_ts": "2013-01-01T00:00:00Z", "last_ts": "2013-01-02T00:00:00Z", "closed": True}
    store.put_incidents([incident("i1", **old)])
    assert store.retain(FindingSettings(keep_days=1)).incidents == 0
    clock.advance(2 * DAY_S)
    assert store.retain(FindingSettings(keep_days=1)).incidents == 1


def test_merged_incidents_go_by_age_as_well(store, clock):
    store.put_incidents([incident("i1"), incident("i2")])
    store.put_incidents([{"id": "i2", "merged_into": "i1"}])
    clock.advance(2 * DAY_S)
    assert store.retain(FindingSettings(keep_days=1)).incidents == 1
    assert store.get_incident("i2") is None
    assert kept(store) == {"i1"}


@pytest.mark.parametrize(
    ("most", "left", "forced"),
    [
        (5, {"commented", "acknowledged", "assigned", "open", "resolved"}, 0),
        (4, {"commented", "acknowledged", "assigned", "open"}, 0),
        (2, {"assigned", "open"}, 2),
        (1, {"open"}, 3),
    ],
)
def test_beyond_the_number_the_worked_on_give_way_before_the_open(store, clock, most, left, forced):
    store.put_incidents([incident("ended", closed=True)])
    for name in ("commented", "acknowledged", "assigned", "resolved", "open"):
        clock.advance(1)
        store.put_incidents([incident(name, closed=name != "open")])
    store.add_comment("commented", "bo", "why?")
    clock.advance(1)
    store.patch_incident("acknowledged", {"status": "acknowledged"}, None, "bo")
    clock.advance(1)
    store.patch_incident("assigned", {"assignee": "bo"}, None, "bo")
    done = store.retain(FindingSettings(most_incidents=most))
    assert kept(store) == left
    assert (done.incidents, done.forced) == (6 - most, forced)


def test_alerts_and_comments_go_with_their_incident_and_the_audit_says_so(store, clock):
    store.put_alerts([alert(1), alert(2)])
    store.put_incidents([incident("i1", closed=True, first_ts=NOW, last_ts=NOW)])
    (linked,) = (a["id"] for a in store.list_alerts([], Page("ts")).items if a["incident"])
    clock.advance(DAY_S * 2)
    done = store.retain(FindingSettings(keep_days=1))
    assert (done.incidents, done.alerts) == (1, 1)
    assert store.get_alert(linked) is None
    entry = store.list_audit([], Page("number")).items[0]
    assert (entry["actor"], entry["action"]) == ("service", "findings.remove")
    assert entry["detail"] == {"incidents": 1, "forced": 0, "alerts": 1}
    assert store.audit_verify().good
    head = store.audit_head()
    store.retain(FindingSettings(keep_days=1))
    assert store.audit_head() == head  # nothing removed, nothing to say


def test_alerts_of_no_incident_go_by_age_and_first_beyond_the_number(store, clock):
    store.put_alerts([alert(1)])
    store.put_incidents([incident("i1", first_ts=NOW, last_ts=NOW + MINUTE)])
    store.put_alerts([alert(n) for n in range(3, 9)])
    done = store.retain(FindingSettings(most_alerts=4))
    assert done.alerts == 3
    left = {a["id"] for a in store.list_alerts([], Page("ts")).items}
    assert left == {"a1", "a6", "a7", "a8"}
    clock.advance(2 * DAY_S)
    store.retain(FindingSettings(keep_alert_days=1))
    assert {a["id"] for a in store.list_alerts([], Page("ts")).items} == {"a1"}


def test_steps_are_small_and_end(store, clock):
    store.put_incidents([incident(f"i{n:02}", closed=True) for n in range(25)])
    store.put_alerts([alert(n) for n in range(100, 112)])
    limits = FindingSettings(most_incidents=3, most_alerts=2)
    steps = []
    while True:
        steps.append(store.retain(limits, step=10, alert_step=5))
        if not steps[-1].more:
            break
    assert [each.incidents for each in steps] == [10, 10, 2]
    assert sum(each.alerts for each in steps) == 10
    assert kept(store) == {"i22", "i23", "i24"}


# ------------------------------------------------------------------------------------- the audit


def entries(store, count, clock):
    for number in range(count):
        clock.advance(1)
        store.audit_append("bo", "key.create", f"k{number}", {"n": number})


def tamper(folder, statement):
    connection = apsw.Connection(str(folder / "control.db"))
    connection.execute(statement)
    connection.close()


def test_the_chain_still_proves_after_its_begin_was_removed(store, tmp_path, clock):
    entries(store, 300, clock)
    early, noted = Head(50, bytes(32)), store.audit_head()
    assert store.audit_trim(0, 1_000) == 0
    assert store.audit_trim(clock.now() - 100_000_000, 1_000) == 199
    found = store.audit_verify(noted)
    assert (found.good, found.removed, found.entries) == (True, 199, 102)
    assert not store.audit_verify(early).good  # that one cannot be checked any more
    assert store.audit_trim(clock.now() - 100_000_000, 1_000) == 0
    entries(store, 5, clock)
    assert store.audit_verify(noted).good
    again = ControlStore(tmp_path, clock)
    assert again.audit_verify(noted).good
    again.close()


def test_the_number_of_entries_is_bounded_in_steps(store, clock):
    entries(store, 350, clock)
    steps = []
    while done := store.audit_trim(0, 100, step=100):
        steps.append(done)
    assert steps == [100, 100, 53]
    assert store.audit_verify().good
    assert store.audit_verify().entries == 100


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit WHERE number <= 210",
        "DELETE FROM audit WHERE number < 290; DELETE FROM meta WHERE name = 'audit_base'",
        "DELETE FROM audit WHERE action = 'audit.trim'",
        "UPDATE audit SET actor = 'eve' WHERE number = 250",
        "DELETE FROM meta WHERE name = 'audit_base'",
        "UPDATE meta SET value = zeroblob(4) WHERE name = 'audit_base'",
        "UPDATE meta SET value = zeroblob(40) WHERE name = 'audit_base'",
    ],
)
def test_a_begin_that_was_removed_by_hand_shows(store, tmp_path, clock, statement):
    entries(store, 300, clock)
    store.audit_trim(0, 100)
    assert store.audit_verify().good
    tamper(tmp_path, statement)
    assert not store.audit_verify().good


def test_entries_that_were_changed_are_not_removed(store, tmp_path, clock):
    entries(store, 300, clock)
    tamper(tmp_path, "UPDATE audit SET target = 'other' WHERE number = 20")
    with pytest.raises(DamagedError, match="entry 19"):
        store.audit_trim(0, 100)
    assert store.audit_head().number == 300
    assert not store.audit_verify().good


def test_the_newest_entry_always_stays(store, clock):
    entries(store, 3, clock)
    assert store.audit_trim(clock.now() + 1, 1_000) == 2
    assert store.audit_verify().good
    assert store.audit_head().number == 4


def test_checking_while_entries_are_removed_raises_no_alarm(store, clock):
    entries(store, 400, clock)
    found = []
    done = threading.Event()

    def check():
        while not done.is_set():
            found.append(store.audit_verify())

    thread = threading.Thread(target=check)
    thread.start()
    while store.audit_trim(0, 100, step=10):
        pass
    done.set()
    thread.join()
    assert all(each.good for each in found)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 60)), max_size=8))
def test_whatever_is_appended_and_removed_the_chain_holds(tmp_path_factory, steps):
    clock = ManualClock(NOW)
    store = ControlStore(tmp_path_factory.mktemp("c"), clock)
    for count, most in steps:
        entries(store, count, clock)
        store.audit_trim(clock.now() - 30_000_000, most)
        result = store.audit_verify(store.audit_head())
        assert result.good, result
        assert result.removed + result.entries == store.audit_head().number
    store.close()
