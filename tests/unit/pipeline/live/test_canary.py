"""Attacks on ourselves are found, cost little, and leave nothing behind."""

import math
import tracemalloc
from pathlib import Path

import pytest

from apisentinel.api.operations.metrics import exposition
from apisentinel.clock import ManualClock
from apisentinel.pipeline.canary_requests import ATTACKS
from apisentinel.pipeline.live.canary import Canary, Round
from apisentinel.pipeline.live.settings import RuntimeSettings
from apisentinel.pipeline.service import Service
from apisentinel.pipeline.service_settings import ServiceSettings
from apisentinel.pipeline.settings import ScanSettings
from apisentinel.records.taxonomy import AttackType
from apisentinel.storage.query import Page


def test_every_attack_is_found() -> None:
    clock = ManualClock(1_760_000_000_000_000)
    assert len(ATTACKS) >= 17
    for _ in range(2):
        done = Canary(ScanSettings(), 5, clock).round()
        assert done.missed == []
        assert list(done.seconds) == list(ATTACKS)
        clock.advance(300)


def test_a_detector_that_is_off_is_missed() -> None:
    settings = ScanSettings.model_validate({"detectors": {"payload": {"enabled": False}}})
    done = Canary(settings, 5, ManualClock(1_760_000_000_000_000)).round()
    assert AttackType.SQLI in done.missed
    assert AttackType.BRUTE_FORCE not in done.missed


def test_rounds_come_by_the_clock_and_a_failure_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ManualClock(1_760_000_000_000_000)
    canary = Canary(ScanSettings(), 5, clock)
    rounds = []
    monkeypatch.setattr(canary, "round", lambda: rounds.append(1) or Round(clock.now(), {}))
    for _ in range(12):
        canary.tick()
        clock.advance(60)
    assert len(rounds) == 3

    def fail() -> Round:
        raise RuntimeError("broken")

    monkeypatch.setattr(canary, "round", fail)
    clock.advance(300)
    canary.tick()
    assert canary.problem == "RuntimeError"


def test_a_round_holds_little_memory() -> None:
    canary = Canary(ScanSettings(), 5, ManualClock(1_760_000_000_000_000))
    canary.round()
    tracemalloc.start()
    canary.round()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 32 << 20


def test_it_leaves_no_trace_in_the_service_and_shows_what_is_missed(tmp_path: Path) -> None:
    runtime = RuntimeSettings(canary_minutes=5)
    service = Service(ServiceSettings(data_dir=tmp_path, runtime=runtime))
    service.start()
    try:
        service.canary.stop(60)
        assert service.canary.last is not None
        service.ticker.tick()
        assert service.health()["canary"]["ok"]
        assert service.counters.totals()["received"] == 0
        assert service.runtime.live.seq == 0
        assert not service.runtime.live.engine.cases.ledger.cases
        assert service.control.list_alerts([], Page("ts")).total == 0
        service.canary.last = Round(service.clock.now(), {AttackType.XSS: math.inf})
        check = service.health()["canary"]
        assert (check["ok"], check["detail"]) == (False, "not found: xss")
        assert 'apisentinel_canary_detect_seconds{class="xss"} +Inf' in exposition(service)
    finally:
        service.stop()


def test_it_is_off_unless_it_is_asked_for(tmp_path: Path) -> None:
    service = Service(ServiceSettings(data_dir=tmp_path))
    service.start()
    try:
        assert service.canary.last is None
        assert service.health()["canary"] == {"ok": True, "detail": "off"}
    finally:
        service.stop()
