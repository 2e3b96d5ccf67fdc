"""A change is tried on the same traffic, and what it gains and loses is named."""

import json

import pytest
from tests.unit.evaluation.test_evaluation import incident
from tests.unit.pipeline.live.live_traffic import requests

from apisentinel.cli.backtest import Wanted, run
from apisentinel.cli.outcome import Exit
from apisentinel.errors import ConfigError
from apisentinel.evaluation.backtest import Way, backtest, compare
from apisentinel.pipeline.service import Service
from apisentinel.pipeline.service_settings import ServiceSettings
from apisentinel.pipeline.settings import ScanSettings
from apisentinel.records.evidence import EntityRef
from apisentinel.records.taxonomy import AttackType as T

RULES = ScanSettings(models=False)
DEAF = RULES.model_copy(
    update={"detectors": RULES.detectors.model_copy(
        update={"payload": RULES.detectors.payload.model_copy(update={"enabled": False})})}
)  # fmt: skip


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    path = tmp_path_factory.mktemp("log") / "log.ndjson"
    path.write_text("".join(json.dumps(row) + "\n" for row in requests(2_000)))
    return path


def test_what_is_lost_is_named(log):
    found = backtest([str(log)], Way(RULES), Way(DEAF))
    assert found.requests == 2_000
    assert found.second.entities < found.first.entities
    assert found.lost
    assert all(hit.before >= 40 > hit.after for hit in found.lost)
    assert found.first.entities == found.kept + len(found.lost)
    assert found.second.entities == found.kept + len(found.gained)


def test_a_higher_threshold_only_loses(log):
    found = backtest([str(log)], Way(RULES), Way(RULES, 95))
    assert not found.gained
    assert found.second.alarms <= found.first.alarms
    assert backtest([str(log)], Way(RULES), Way(RULES)).lost == ()


def test_people_s_verdicts_count():
    a, b, c = (EntityRef("client", name) for name in "abc")
    before = [incident([T.SQLI], [("client", name)]) for name in "abc"]
    found = compare(before, [], 40, 40, 2.0, 10, {a: True, b: False})
    assert (found.confirmed_lost, found.false_lost, len(found.lost)) == (1, 1, 3)
    assert found.first.alarms_per_day == 1.5
    assert {hit.id: hit.confirmed for hit in found.lost} == {"a": True, "b": False, "c": None}
    assert c.id == "c"


def wanted(**more):
    usual = {
        "paths": (), "data_dir": None, "days": 9_999.0, "first_config": None, "first_model": None,
        "first_threshold": 40, "config": None, "model": None, "threshold": 40, "json": None,
        "quiet": True,
    }  # fmt: skip
    return Wanted(**usual | more)


def test_stored_events_are_judged_again(tmp_path, capsys):
    service = Service(ServiceSettings(data_dir=tmp_path / "data", detection=RULES))
    service.start()
    lines = "".join(json.dumps(row) + "\n" for row in requests(600))
    assert service.door.submit_requests(lines.encode(), source="http").accepted == 600
    assert service.runtime.drain(30)
    service.stop()
    config = tmp_path / "c.toml"
    config.write_text("[detectors.payload]\nenabled = false\n")
    target = tmp_path / "out.json"
    asked = wanted(data_dir=str(tmp_path / "data"), config=str(config), json=str(target))
    assert run(asked) == Exit.DONE
    found = json.loads(target.read_text())
    assert found["requests"] == 600
    assert found["second"]["alarms"] <= found["first"]["alarms"]
    assert "alarms per day" in capsys.readouterr().out


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"paths": ("a",), "data_dir": "b"},
        {"paths": ("a",)},
        {"data_dir": "none", "threshold": 9},
    ],
    ids=["nothing", "both", "no change", "no folder"],
)
def test_what_cannot_be_compared_is_refused(options, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError):
        run(wanted(**options))
