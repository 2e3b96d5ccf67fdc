"""A log as a batch, verdicts of an engine: what the command line says, from Python."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

import apisentinel
from apisentinel.errors import ConfigError, SourceError
from apisentinel.pipeline import ScanSettings, ScoreSession
from apisentinel.pipeline.notebook import UnreadLines

BEGIN = 1_790_000_000


def line(number, **more):
    fields = {
        "ts": BEGIN + number, "method": "GET", "url": f"/items/{number % 9}?q=pen", "status": 200,
        "client_ip": f"192.0.2.{number % 5}",
    }  # fmt: skip
    return json.dumps(fields | more)


def lines():
    found = [line(number) for number in range(60)]
    found[40] = line(40, url="/items?id=1' union select password from users --")
    return found


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.ndjson"
    path.write_text("\n".join(lines()) + "\n")
    return path


def test_a_log_becomes_a_batch_and_verdicts_those_of_the_command_line(log):
    batch = apisentinel.open_batch(log)
    assert len(batch) == 60
    engine = apisentinel.Engine({"trusted_hops": 0})
    verdicts = engine.process(batch)
    said = ScoreSession(ScanSettings(trusted_hops=0)).score(log.read_bytes()).splitlines()
    assert [verdict.risk for verdict in verdicts] == [json.loads(one)["risk"] for one in said]
    assert verdicts[40].risk >= 40 > verdicts[39].risk
    incidents = engine.incidents()
    assert ["sqli" in incident.attack_types for incident in incidents] == [True]


@given(st.integers(1, 59))
def test_the_size_of_batches_changes_nothing(cut):
    def risks(*parts):
        session = ScoreSession(ScanSettings())
        return [
            json.loads(one)["risk"]
            for part in parts
            for one in session.score("\n".join(part).encode()).splitlines()
        ]

    listed = lines()[30:50]
    cut = min(cut, len(listed) - 1)
    assert risks(listed[:cut], listed[cut:]) == risks(listed)


def test_the_other_formats_and_a_document_are_read(tmp_path):
    common = tmp_path / "access.log"
    common.write_text('192.0.2.1 - - [10/Oct/2026:13:55:36 +0000] "GET /a HTTP/1.1" 200 23\n' * 3)
    assert len(apisentinel.open_batch(common)) == 3
    document = tmp_path / "requests.json"
    document.write_text(json.dumps([json.loads(one) for one in lines()], indent=1))
    assert len(apisentinel.open_batch(document)) == 60


def test_lines_without_a_request_are_told(tmp_path, log):
    with log.open("a") as more:
        more.write('{"method": 7\n')
    with pytest.warns(UnreadLines, match="1 lines gave no request"):
        assert len(apisentinel.open_batch(log)) == 60


def test_what_cannot_be_read_is_an_error(tmp_path, log, monkeypatch):
    with pytest.raises(SourceError):
        apisentinel.open_batch(tmp_path / "missing.log")
    with pytest.raises(ConfigError):
        apisentinel.open_batch(log, format_name="nonsense")
    damaged = tmp_path / "damaged.gz"
    damaged.write_bytes(b"\x1f\x8bnonsense")
    with pytest.raises(SourceError):
        apisentinel.open_batch(damaged)
    monkeypatch.setattr("apisentinel.pipeline.notebook.MOST_BYTES", 100)
    with pytest.raises(SourceError, match="do not fit into one batch"):
        apisentinel.open_batch(log)


def test_an_empty_log_is_an_empty_batch(tmp_path):
    path = tmp_path / "empty.log"
    path.write_bytes(b"")
    batch = apisentinel.open_batch(path)
    assert len(batch) == 0
    assert apisentinel.Engine().process(batch) == []


def test_unknown_settings_are_refused():
    with pytest.raises(ValueError, match="nonsense"):
        apisentinel.Engine({"nonsense": 1})


def test_the_package_itself_loads_nothing():
    code = "import sys, apisentinel; print('numpy' in sys.modules, 'Engine' in apisentinel.__all__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
    with pytest.raises(AttributeError, match="nothing"):
        apisentinel.nothing  # noqa: B018 (asking for it is the test)
