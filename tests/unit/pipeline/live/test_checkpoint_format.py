"""The number of a checkpoint's format goes with what it holds; older ones are refused in words."""

import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.unit.pipeline.live.kill_child import settings
from tests.unit.pipeline.live.live_traffic import body, requests

from apisentinel import __version__
from apisentinel.errors import StateError
from apisentinel.features import actor_record, endpoint
from apisentinel.pipeline.live import checkpoint
from apisentinel.pipeline.service import Service
from apisentinel.records.case import Case

LAYOUTS = {7: "04c6978ce5f2f305"}
"""Digest of what a checkpoint holds, by format."""


def layout() -> str:
    """Digest of the structures and records of a checkpoint."""
    _, parts = msgspec.json.schema_components([checkpoint.Head, Case])
    for part in parts.values():
        part.pop("description", None)
    records = [actor_record.ACTOR.descr, endpoint.ENDPOINT.descr]
    text = json.dumps([parts, records], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def test_who_changes_what_a_checkpoint_holds_raises_its_format() -> None:
    assert {checkpoint.FORMAT: layout()} == LAYOUTS, "raise FORMAT and name its layout here"


def older(parts: dict[str, bytes], written_by: str | None = None) -> dict[str, bytes]:
    """The parts of a checkpoint as format 2 had them."""
    head = msgspec.msgpack.decode(parts[checkpoint.HEAD])
    del head["written_by"], head["judge"]
    head |= {"format": 2, "suspects": []} | ({"written_by": written_by} if written_by else {})
    return parts | {checkpoint.HEAD: msgspec.msgpack.encode(head)}


@pytest.fixture
def folder(tmp_path) -> Path:
    """A data folder that an earlier version has left, with events, alerts and incidents."""
    service = Service(settings(tmp_path))
    service.start()
    service.door.submit_requests(body(requests(400, seed=11)), source="http")
    assert service.runtime.drain(60)
    assert service.stop(60)
    service = Service(settings(tmp_path))
    service.start()
    try:
        stored = service.journal.load_checkpoint()
        assert stored is not None
        offset, parts = stored
        service.journal.save_checkpoint(offset, older(dict(parts)))
    finally:
        service._close()  # a stop would save the state of this version
    return tmp_path


def kept(service: Service) -> Any:
    with service.events.database.cursor() as cursor:
        events = cursor.execute("SELECT seq, event_id, risk FROM e.hot ORDER BY seq").fetchall()
    alerts = service.control.rows("SELECT id FROM alert ORDER BY id")
    return events, alerts, service.control.rows("SELECT id FROM incident ORDER BY id")


def test_the_state_of_an_earlier_version_is_refused_and_the_rest_is_kept(folder) -> None:
    service = Service(settings(folder))
    service.start()
    try:
        said = service.resumed
        assert "by an earlier version in format 2" in said
        assert f"version {__version__} has format {checkpoint.FORMAT}" in said
        assert "learned anew" in said
        assert "events, alerts, incidents, models, people and settings are kept" in said
        events, alerts, incidents = kept(service)
        assert [seq for seq, _, _ in events] == list(range(1, 401))
        assert len(alerts) > 5
        assert incidents
        # and it goes on
        more = requests(500, seed=12)[:100]
        assert service.door.submit_requests(body(more), source="http").accepted == 100
        assert service.runtime.drain(60)
        service.events.flush()
    finally:
        assert service.stop(60)
    service = Service(settings(folder))
    service.start()
    try:
        assert service.resumed.startswith("resumed at batch")
        assert kept(service)[0][:400] == events
        assert {row[0] for row in alerts} <= {row[0] for row in kept(service)[1]}
    finally:
        assert service.stop(60)


def test_a_refusal_names_the_version_that_wrote_the_state(folder) -> None:
    service = Service(settings(folder))
    service.start()
    try:
        captured = service.runtime.view(checkpoint.capture)
        parts = older({name: bytes(part) for name, part in captured.parts().items()}, "9.8.7")
        with pytest.raises(StateError, match=r"saved by version 9\.8\.7 in format 2"):
            service.runtime.view(lambda live: checkpoint.restore(live, parts))
    finally:
        assert service.stop(60)
