"""A batch as a Polars frame, which is an extra."""

import sys

import pytest
from tests.unit.pipeline.live.live_traffic import batch_of

from apisentinel.errors import MissingDependencyError

ROWS = [
    {"method": "GET", "path": "/a", "client_ip": "203.0.113.1", "status": 200},
    {"method": "POST", "path": "/é", "client_ip": "203.0.113.2", "status": 404},
]


def test_a_batch_can_be_seen_as_a_frame():
    frame = batch_of(ROWS).frame(["method", "path", "status", "user_agent"], [1, 0])
    assert frame.to_dicts() == [
        {"method": "POST", "path": "/é", "status": 404, "user_agent": None},
        {"method": "GET", "path": "/a", "status": 200, "user_agent": None},
    ]


def test_without_polars_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(MissingDependencyError, match=r"apisentinel\[frame\]"):
        batch_of(ROWS).frame(["method"], [0])
