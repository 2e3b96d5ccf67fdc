"""The embedded control store fulfils the contract."""

import pytest
from tests.contract.control_contract import ControlContract
from tests.unit.storage.test_control import NOW

from apisentinel.clock import ManualClock
from apisentinel.storage.control import ControlStore


@pytest.fixture
def clock():
    return ManualClock(NOW)


@pytest.fixture
def opened(tmp_path, clock):
    stores = []

    def new():
        stores.append(ControlStore(tmp_path, clock))
        return stores[-1]

    yield new
    for store in stores:
        store.close()


class TestEmbeddedControlStore(ControlContract):
    pass
