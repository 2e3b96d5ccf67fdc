"""A question that takes too long is given up."""

import pytest

from apisentinel.clock import SystemClock
from apisentinel.errors import RefusedError
from apisentinel.storage import event_asking
from apisentinel.storage.events import EventStore
from apisentinel.storage.query import Page
from apisentinel.storage.settings import StorageSettings

ENDLESS = "SELECT count(*) FROM range(1000000000000) AS r(n) WHERE n::VARCHAR LIKE '%x%'"


@pytest.fixture
def store(tmp_path):
    store = EventStore(tmp_path / "events", StorageSettings(), SystemClock())
    yield store
    store.close()


def test_a_question_that_takes_too_long_is_refused_and_the_next_is_answered(store, monkeypatch):
    monkeypatch.setattr(event_asking, "QUERY_SECONDS", 0.05)
    with pytest.raises(RefusedError, match="narrow its period") as refused:
        store._ask((), lambda cursor, _: cursor.execute(ENDLESS).fetchall())
    assert refused.value.status == 503
    monkeypatch.setattr(event_asking, "QUERY_SECONDS", 10)
    assert store.list_events((), Page("ts")).total == 0
