"""The embedded event store fulfils the contract, on one place of storage and on two."""

import pytest
from tests.contract.events_contract import NOW, EventsContract

from apisentinel.clock import ManualClock
from apisentinel.storage.events import EventStore
from apisentinel.storage.settings import EventSettings, StorageSettings

SETTINGS = StorageSettings(events=EventSettings(flush_ms=5, maintenance_seconds=1e9))


@pytest.fixture
def opened(tmp_path):
    stores = []

    def work():
        stores.append(EventStore(tmp_path, SETTINGS, ManualClock(NOW)))
        return stores[-1]

    yield work
    for store in stores:
        store.close()


class TestDatabaseOnly(EventsContract):
    pass


class TestDatabaseAndFiles(EventsContract):
    def aged(self, store):
        store.maintain(at_once=True)
        assert list(store.database.path.glob("dt=*/*.parquet"))
