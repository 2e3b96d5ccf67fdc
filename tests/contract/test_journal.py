"""The embedded journal fulfils the contract."""

import pytest
from tests.contract.journal_contract import JournalContract

from apisentinel.clock import ManualClock
from apisentinel.storage.journal import Journal
from apisentinel.storage.settings import DiskSettings, JournalSettings, StorageSettings

SETTINGS = StorageSettings(
    journal=JournalSettings(segment_bytes=64 << 10, keep_hours=0),
    disk=DiskSettings(ballast_bytes=0, min_free_bytes=0, refuse_percent=100),
)


@pytest.fixture
def opened(tmp_path):
    journals = []

    def work():
        journals.append(Journal(tmp_path, SETTINGS, ManualClock(1)))
        return journals[-1]

    yield work
    for journal in journals:
        journal.close()


class TestJournal(JournalContract):
    pass
