"""The control store keeps what people set, finds what they ask for, and notices tampering."""

import threading
from pathlib import Path
from typing import NamedTuple

import apsw
import pytest

from apisentinel.clock import ManualClock
from apisentinel.errors import RefusedError, StoreError
from apisentinel.records.evidence import Alert, EntityRef, Evidence
from apisentinel.records.taxonomy import AttackType
from apisentinel.storage.accounts import Key, Session, User
from apisentinel.storage.audit import Head
from apisentinel.storage.base import NewerVersionError, StaleVersionError
from apisentinel.storage.control import ControlStore
from apisentinel.storage.control_schema import MIGRATIONS, VERSION
from apisentinel.storage.findings import findings_mark
from apisentinel.storage.preferences import View
from apisentinel.storage.query import Condition, FilterError, Op, Page
from apisentinel.storage.settings import StorageSettings

NOW = 1_700_000_000_000_000
MINUTE = 60_000_000


@pytest.fixture
def clock():
    return ManualClock(NOW)


@pytest.fixture
def store(tmp_path, clock):
    store = ControlStore(tmp_path, clock, StorageSettings(dead_letters=5, dead_letter_bytes=256))
    yield store
    store.close()


def alert(number, **changes):
    fields = {
        "id": f"a{number}",
        "entity": EntityRef("client", f"10.0.0.{number}"),
        "attack_type": AttackType.SQLI,
        "risk": 40 + number,
        "ts": NOW + number * MINUTE,
        "first_ts": NOW,
        "requests_before": number,
        "endpoint": "GET /items",
        "evidence": (Evidence("payload", AttackType.SQLI, 5.0),),
    }
    return Alert(**(fields | changes))


def incident(name, **changes):
    fields = {
        "id": name,
        "risk": 70,
        "severity": "HIGH",
        "attack_types": ["sqli", "scanning"],
        "entities": [{"kind": "client", "id": "10.0.0.1"}],
        "endpoints": ["GET /items"],
        "first_ts": "2023-11-14T22:13:20Z",
        "last_ts": "2023-11-14T22:20:00Z",
        "alert_ts": "2023-11-14T22:14:00Z",
        "requests": 12,
        "requests_before_alert": 3,
        "reason": "10.0.0.1 sent SQL",
        "factors": [{"name": "hits", "actual": 3}],
        "samples": [],
        "succeeded": None,
        "entities_total": 1,
        "merged_into": None,
        "closed": False,
    }
    return fields | changes


# -------------------------------------------------------------------------------- alerts, incidents


def test_alerts_are_found_by_their_fields_in_pages(store):
    store.put_alerts([alert(n) for n in range(30)])
    store.put_alerts([alert(n) for n in range(30)])  # the same ones again
    seen, cursor = [], None
    while True:
        page = store.list_alerts([], Page("risk", cursor=cursor, limit=7))
        seen += [item["id"] for item in page.items]
        assert page.total == 30
        cursor = page.next
        if cursor is None:
            break
    assert seen == [f"a{n}" for n in reversed(range(30))]
    found = store.list_alerts(
        [Condition("entity", Op.CIDR, "10.0.0.8/29"), Condition("risk", Op.LTE, 50)], Page("ts")
    )
    assert [item["id"] for item in found.items] == ["a10", "a9", "a8"]
    assert found.items[0]["detectors"] == ["payload"]
    assert store.alert_facet("severity", []) == [("MEDIUM", 20), ("HIGH", 10)]
    assert store.alert_facet("detectors", []) == [("payload", 30)]


def test_alerts_know_the_incident_of_their_entity(store):
    store.put_alerts([alert(1), alert(1, id="late", ts=NOW + 600 * MINUTE), alert(2)])
    store.put_incidents([incident("i1")])
    linked = {item["id"]: item["incident"] for item in store.list_alerts([], Page("ts")).items}
    assert linked == {"a1": "i1", "late": None, "a2": None}
    store.put_incidents([incident("i0"), {"id": "i1", "merged_into": "i0"}])
    assert store.get_alert("a1")["incident"] == "i0"
    assert store.get_alert("nothing") is None


def test_detection_does_not_touch_what_people_set(store):
    store.put_incidents([incident("i1")])
    store.patch_incident(
        "i1", {"status": "acknowledged", "verdict": "benign", "assignee": "bo"}, 1, "bo"
    )
    store.add_comment("i1", "bo", "our own scanner")
    store.put_incidents([incident("i1", risk=90, severity="CRITICAL", requests=99)])
    found = store.get_incident("i1")
    assert (found["risk"], found["requests"]) == (90, 99)
    assert (found["status"], found["verdict"], found["assignee"]) == (
        "acknowledged",
        "benign",
        "bo",
    )
    assert [c["text"] for c in found["comments"]] == ["our own scanner"]
    assert found["version"] == 3
    assert found["factors"] == [{"name": "hits", "actual": 3}]


def test_a_change_of_an_old_version_is_refused(store):
    store.put_incidents([incident("i1")])
    store.patch_incident("i1", {"status": "acknowledged"}, 1, "bo")
    with pytest.raises(StaleVersionError) as problem:
        store.patch_incident("i1", {"status": "resolved"}, 1, "al")
    assert problem.value.current == 2
    assert store.get_incident("i1")["status"] == "acknowledged"
    store.patch_incident("i1", {"status": "resolved"}, None, "al")
    assert [e["actor"] for e in store.list_audit([], Page("number")).items] == ["al", "bo"]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"risk": 0}, 422),
        ({"status": "gone"}, 422),
        ({"verdict": "maybe"}, 422),
        ({"assignee": ""}, 422),
        ({"assignee": "x" * 201}, 422),
        ({"status = 'x' --": 1}, 422),
    ],
)
def test_values_that_cannot_be_are_refused(store, changes, status):
    store.put_incidents([incident("i1")])
    with pytest.raises(RefusedError) as problem:
        store.patch_incident("i1", changes, None, "bo")
    assert problem.value.status == status
    assert store.get_incident("i1")["version"] == 1


def test_what_does_not_exist_is_404(store):
    for work in (
        lambda: store.patch_incident("x", {"status": "open"}, None, "bo"),
        lambda: store.add_comment("x", "bo", "text"),
    ):
        with pytest.raises(RefusedError) as problem:
            work()
        assert problem.value.status == 404
    assert store.get_incident("x") is None


def test_merged_incidents_are_shown_only_when_asked_for(store):
    store.put_incidents([incident("i1"), incident("i2")])
    store.put_incidents([{"id": "i2", "merged_into": "i1"}, {"id": "i9", "merged_into": "i1"}])
    assert [i["id"] for i in store.list_incidents([], Page("risk")).items] == ["i1"]
    asked = [Condition("merged_into", Op.EQ, "i1")]
    assert [i["id"] for i in store.list_incidents(asked, Page("risk")).items] == ["i2"]
    assert store.incident_facet("attack_types", []) == [("scanning", 1), ("sqli", 1)]


def test_a_change_may_depend_on_what_detection_said(store):
    store.put_incidents([incident("i1")])
    seen = findings_mark(store.get_incident("i1"))
    store.put_incidents(
        [incident("i1", risk=71, requests=10_000, attack_types=["scanning", "sqli"])]
    )
    store.patch_incident("i1", {"status": "acknowledged"}, 1, "bo", seen)
    store.put_incidents([incident("i1", succeeded=True)])
    with pytest.raises(StaleVersionError) as stale:
        store.patch_incident("i1", {"verdict": "benign"}, 2, "bo", seen)
    now = findings_mark(store.get_incident("i1"))
    assert (stale.value.current, stale.value.findings) == (2, now)
    assert store.get_incident("i1")["verdict"] is None
    store.patch_incident("i1", {"verdict": "benign"}, 2, "bo", now)


def test_a_note_that_an_incident_has_ended_leaves_all_else(store, clock):
    store.put_incidents([incident("i1")])
    store.patch_incident("i1", {"assignee": "bo"}, None, "bo")
    clock.advance(1)
    store.put_incidents([{"id": "i1", "closed": True}, {"id": "i9", "closed": True}])
    found = store.get_incident("i1")
    assert (found["closed"], found["assignee"], found["risk"]) == (True, "bo", 70)
    assert found["updated"] == clock.now()
    assert store.open_incident_ids(10) == []
    assert store.get_incident("i9") is None


def test_incidents_are_found_by_lists_times_and_missing_values(store):
    store.put_incidents(
        [
            incident("i1"),
            incident("i2", entities=[{"kind": "user", "id": "eve"}], last_ts=None, succeeded=True),
        ]
    )

    def ids(*conditions):
        found = store.list_incidents(list(conditions), Page("id", descending=False))
        return [i["id"] for i in found.items]

    assert ids(Condition("entities", Op.HAS, "eve")) == ["i2"]
    assert ids(Condition("entities", Op.IN, ("eve", "10.0.0.1"))) == ["i1", "i2"]
    assert ids(Condition("last_ts", Op.GTE, NOW)) == ["i1"]
    assert ids(Condition("last_ts", Op.EQ, None)) == ["i2"]
    assert ids(Condition("succeeded", Op.EQ, True)) == ["i2"]
    assert ids(Condition("reason", Op.RE, "^10.*SQL$")) == ["i1", "i2"]
    for bad in (Condition("nope", Op.EQ, 1), Condition("risk", Op.EQ, "70")):
        with pytest.raises(FilterError):
            ids(bad)


def test_hostile_text_is_kept_as_it_is(store):
    text = "'); DROP TABLE alert; -- \u202e<script>\x1b[31m"
    store.put_alerts([alert(1, endpoint=text), alert(2, endpoint="lone \ud800 surrogate")])
    found = store.list_alerts([Condition("endpoint", Op.EQ, text)], Page("ts"))
    assert [item["endpoint"] for item in found.items] == [text]
    assert store.get_alert("a2")["endpoint"] == "lone ? surrogate"


# ----------------------------------------------------------------------------------------- accounts


def test_accounts_come_back_as_they_were_saved(store):
    key = Key(id="k", name="n", scopes=("read",), digest=b"d" * 32, created=1, created_by="bo")
    user = User(id="u", name="bo", role="admin", password="$argon2id$", created=1)
    session = Session(digest=b"s", user="u", created=1, seen=1)
    store.save_key(key)
    store.save_user(user)
    store.save_session(session)
    store.touch_keys({"k": 5, "other": 6})
    store.save_key(key)  # an older copy does not set the time of its use back
    assert [k.last_used for k in store.api_keys()] == [5]
    assert store.users() == [user]
    assert store.sessions() == [session]
    store.remove_sessions([b"s"])
    assert store.sessions() == []
    with pytest.raises(StoreError):
        store.save_user(User(id="v", name="bo", role="admin", password="", created=1))
    assert store.users() == [user]


def test_secrets_are_made_once(store):
    first = store.secret("keys")
    assert len(first) == 32
    assert store.secret("keys") == first != store.secret("cookies")


def test_settings_and_views_have_owners_and_versions(store):
    assert store.setting("retention") is None
    assert store.save_setting("retention", {"days": 3}, "bo", 0) == 1
    with pytest.raises(StaleVersionError):
        store.save_setting("retention", {"days": 4}, "bo", 0)
    assert store.setting("retention") == ({"days": 3}, 1)
    view = View(id="v", owner="bo", name="n", screen="events", query={"f": ["a"]}, shared=False,
                created=1, updated=1)  # fmt: skip
    store.save_view(view)
    assert store.views("bo") == [view]
    assert store.views("al") == []
    with pytest.raises(RefusedError):
        store.save_view(View(**{f: getattr(view, f) for f in view.__struct_fields__}
                             | {"owner": "al"}))  # fmt: skip
    assert not store.remove_view("v", "al")
    assert store.remove_view("v", "bo")


# -------------------------------------------------------------------------------------------- audit


def tamper(tmp_path, statement):
    connection = apsw.Connection(str(tmp_path / "control.db"))
    connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'eve' WHERE number = 4",
        "UPDATE audit SET ts = ts + 1 WHERE number = 1",
        "UPDATE audit SET detail = '{}' WHERE number = 7",
        "UPDATE audit SET digest = zeroblob(32) WHERE number = 9",
        "DELETE FROM audit WHERE number = 5",
        "DELETE FROM audit WHERE number = 1",
        (
            "UPDATE audit SET number = number - 7 WHERE number IN (3, 4);"
            "UPDATE audit SET number = -number WHERE number < 0;"
        ),
        "UPDATE audit SET number = number + 1 WHERE number = 9",
    ],
)
def test_the_audit_shows_what_was_changed_removed_or_moved(store, tmp_path, statement):
    for number in range(9):
        store.audit_append("bo", "key.create", f"k{number}", {"n": number})
    assert store.audit_verify().good
    tamper(tmp_path, statement)
    assert not store.audit_verify().good


def test_a_noted_head_shows_a_cut_end_and_a_chain_written_anew(store, tmp_path, clock):
    for number in range(5):
        store.audit_append("bo", "key.create", f"k{number}")
    noted = store.audit_head()
    assert noted.number == 5
    store.audit_append("bo", "key.create", "later")
    assert store.audit_verify(noted).good
    tamper(tmp_path, "DELETE FROM audit WHERE number > 4")
    assert store.audit_verify().good  # that is why it is noted elsewhere
    assert not store.audit_verify(noted).good
    tamper(tmp_path, "DELETE FROM audit")
    for number in range(6):
        store.audit_append("eve", "key.create", f"k{number}")
    assert store.audit_verify().good
    assert not store.audit_verify(noted).good
    assert store.audit_verify(Head(0, bytes(32))).good


# ------------------------------------------------------------------------------------- dead letters


class Line(NamedTuple):
    raw: bytes
    reason: str
    offset: int = -1


def test_dead_letters_can_be_taken_back(store):
    store.put_dead_letters("tail", [Line(b"a", "no request")])
    numbers = store.put_dead_letters("tail", [Line(b"b", "no request"), Line(b"c", "no request")])
    store.put_dead_letters("tail", [Line(b"d", "no request")])
    assert numbers == range(2, 4)
    store.take_back_dead_letters(numbers)
    assert [letter.body for letter in store.open_dead_letters(0, 10)] == [b"a", b"d"]
    assert store.put_dead_letters("tail", []) == range(0)


def test_dead_letters_can_be_replayed_and_the_oldest_give_way(store):
    store.put_dead_letters("syslog", [Line(bytes([65 + n]) * 300, "no request", n)
                                      for n in range(8)])  # fmt: skip
    page = store.list_dead_letters([], Page("number", descending=False))
    assert [item["number"] for item in page.items] == [4, 5, 6, 7, 8]
    assert page.items[0]["head"] == "D" * 200
    letters = store.open_dead_letters(0, 10)
    assert (len(letters[0].body), letters[0].size, letters[0].whole) == (256, 300, False)
    store.mark_replayed([letter.number for letter in letters[:2]])
    assert [letter.number for letter in store.open_dead_letters(0, 10)] == [6, 7, 8]
    assert store.dead_letter_count() == 3


# --------------------------------------------------------------------------------------- the file


def test_another_connection_sees_every_change_at_once(store, tmp_path, clock):
    other = ControlStore(tmp_path, clock)
    store.save_key(Key(id="k", name="n", scopes=(), digest=b"", created=1, created_by="bo"))
    assert [key.id for key in other.api_keys()] == ["k"]
    other.close()


def test_many_threads_may_write_and_read(store):
    def work(number):
        for step in range(10):
            store.audit_append(f"t{number}", "step", str(step))
            store.list_audit([], Page("number", limit=5))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.audit_verify().good
    assert store.audit_head().number == 60


def test_a_newer_store_is_refused_and_left_alone(tmp_path, clock):
    ControlStore(tmp_path, clock).close()
    tamper(tmp_path, f"PRAGMA user_version = {VERSION + 1}")
    before = (tmp_path / "control.db").read_bytes()
    with pytest.raises(NewerVersionError, match="newer program"):
        ControlStore(tmp_path, clock)
    assert (tmp_path / "control.db").read_bytes() == before


GOLDEN = sorted((Path(__file__).parent / "golden").glob("control-*.sql"))


def test_there_is_a_golden_state_of_every_earlier_version():
    assert [path.stem for path in GOLDEN] == [f"control-{v}" for v in range(1, VERSION)]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_earlier_versions_are_brought_up_to_date(tmp_path, clock, path):
    connection = apsw.Connection(str(tmp_path / "control.db"))
    connection.execute(path.read_text("utf-8"))
    connection.close()
    store = ControlStore(tmp_path, clock)
    assert [i["id"] for i in store.list_incidents([], Page("risk")).items] == ["i1"]
    assert store.get_incident("i1")["comments"][0]["text"] == "seen"
    assert [key.id for key in store.api_keys()] == ["aps_1"]
    assert store.audit_verify().good
    before = store.dead_letter_count()
    store.put_dead_letters("http", [Line(b"x", "y")])
    assert store.dead_letter_count() == before + 1
    assert store.list_decisions([], Page("created")).total == 0
    assert store.preferences("kim") == {}
    store.close()


@pytest.mark.parametrize("version", range(VERSION))
def test_a_migration_that_is_cut_short_leaves_the_earlier_version(
    tmp_path, clock, version, monkeypatch
):
    # the step does all its work and then fails: as if the program had ended before the commit
    broken = (*MIGRATIONS[:version], MIGRATIONS[version] + "; SELECT no_such_function();")
    broken += MIGRATIONS[version + 1 :]
    monkeypatch.setattr("apisentinel.storage.control_base.MIGRATIONS", broken)
    with pytest.raises(StoreError):
        ControlStore(tmp_path, clock)
    connection = apsw.Connection(str(tmp_path / "control.db"))
    assert connection.execute("PRAGMA user_version").get == version
    connection.close()
    monkeypatch.undo()
    store = ControlStore(tmp_path, clock)
    store.put_dead_letters("http", [Line(b"x", "y")])
    store.close()
