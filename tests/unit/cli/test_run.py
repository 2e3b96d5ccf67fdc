"""Pipeline files: what they do, and how their faults are told."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apisentinel.cli.app import main
from apisentinel.cli.pipeline_file import read
from apisentinel.errors import ConfigError

LOG = str(Path(__file__).parents[3] / "examples" / "access.log")
USUAL = {
    "input": {"type": "log", "path": LOG},
    "filter": {"type": "anomaly_detection"},
    "output": {"type": "alert", "threshold": 0.7},
}


@pytest.fixture
def command(monkeypatch, capsys, tmp_path):
    def run(document, *words, name="p.json"):
        path = tmp_path / name
        text = document if isinstance(document, str) else json.dumps(document)
        path.write_text(text, "utf-8")
        monkeypatch.setattr(sys, "argv", ["apisentinel", "run", str(path), *words])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return ended.value.code, out, err

    return run


def test_the_file_that_users_know_gives_alerts(command):
    code, out, _ = command({"pipeline": [USUAL]})
    alerts = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert alerts
    assert all(alert["anomaly_score"] >= 0.7 for alert in alerts)
    assert [alert["ts"] for alert in alerts] == sorted(alert["ts"] for alert in alerts)
    wanted = {"id", "ts", "anomaly_score", "risk", "severity", "attack_types", "entities", "reason"}
    assert wanted <= alerts[0].keys()


def test_yaml_means_the_same_and_the_higher_threshold_counts(command):
    text = f"""
pipeline:
  - input: {{type: file, path: {LOG}}}
    filter: {{type: anomaly_detection, threshold: 0.95}}
    output: {{type: alert}}
"""
    code, out, _ = command(text, name="p.yaml")
    assert code == 0
    assert all(json.loads(line)["anomaly_score"] >= 0.95 for line in out.splitlines())
    assert len(out.splitlines()) < len(command({"pipeline": [USUAL]})[1].splitlines())


def test_reports_and_alerts_to_files(command, tmp_path):
    outputs = [
        {"type": "report", "format": "json", "path": str(tmp_path / "r.json")},
        {"type": "report", "format": "html", "path": str(tmp_path / "r.html")},
        {"type": "alert", "path": str(tmp_path / "a.ndjson")},
    ]
    code, out, _ = command({"pipeline": [USUAL | {"output": outputs}]})
    assert (code, out) == (0, "")
    report = json.loads((tmp_path / "r.json").read_text())
    alerts = (tmp_path / "a.ndjson").read_text().splitlines()
    assert len(alerts) == sum(incident["risk"] >= 40 for incident in report["incidents"])
    assert "<html" in (tmp_path / "r.html").read_text()


def test_standard_input_is_an_input(command, tmp_path):
    path = tmp_path / "p.json"
    path.write_text(json.dumps({"pipeline": [USUAL | {"input": {"type": "stdin"}}]}))
    with Path(LOG).open("rb") as log:
        ended = subprocess.run(
            [sys.executable, "-m", "apisentinel", "run", str(path)],
            stdin=log, capture_output=True, check=True, timeout=120,
        )  # fmt: skip
    assert len(ended.stdout.splitlines()) >= 1


def test_check_does_nothing(command):
    code, out, err = command({"pipeline": [USUAL]}, "--check")
    assert (code, out) == (0, "")
    assert "can be used" in err


def test_all_faults_are_told_with_their_places(command):
    text = """
pipeline:
  - input: {type: logg, path: x}
    filter:
      type: anomaly_detection
      model_uri: models/x
      treshold: 0.3
    output: {type: alert, threshold: 1.7}
  - input: {type: http}
    outputs: 1
  - input: {type: syslog}
    output: {type: report}
  - input: {path: x}
    output: []
"""
    code, _, err = command(text, name="p.yml")
    assert code == 2
    for fault in (
        "pipeline[0].input (line 3): type 'logg' is not one of log, file, stdin, syslog; did you",
        "pipeline[0].filter.treshold (line 7): is not known here; did you mean 'threshold'?",
        "pipeline[0].filter.model_uri (line 6): this version has no trained models",
        "pipeline[0].output.threshold (line 8): Input should be less than or equal to 1",
        "pipeline[1].input (line 9): type http is the service itself",
        "pipeline[1].output (line 9): is missing",
        "pipeline[1].outputs (line 10): is not known here; did you mean 'output'?",
        "pipeline[2].input (line 11): an input without an end must be the only entry",
        "pipeline[2].output (line 12): an input without an end has no report",
        "pipeline[3].input (line 13): has no type",
        "pipeline[3].output (line 14): is empty",
    ):
        assert fault in err, fault


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("{", "p.json", "line 1, column 2"),
        ("a: [", "p.yaml", "is no YAML"),
        ("a: &x 1\nb: *x", "p.yaml", "anchors"),
        ("a: !!python/object/apply:os.system [ls]", "p.yaml", "is no YAML"),
        ("pipeline: []\npipeline: []", "p.yaml", "pipeline (line 2): stands twice"),
        ('{"pipeline": [], "pipeline": []}', "p.json", "stands twice"),
        ("[" * 5000, "p.json", "nested too deeply"),
        ("[" * 5000, "p.yaml", "YAML"),
        ("", "p.yaml", "the file"),
        ("{}", "p.toml", ".json, .yaml, .yml"),
        ('{"pipeline": []}', "p.json", "pipeline (line 1): is empty"),
        ("[]", "p.json", "the file (line 1): must be an object with keys"),
    ],
)
def test_what_is_no_pipeline_file_is_told_in_words(command, text, name, said):
    code, _, err = command(text, name=name)
    assert code == 2
    assert said in err


def test_unusable_places_are_told_before_any_work(command, tmp_path):
    bad = USUAL | {"output": {"type": "alert", "path": str(tmp_path / "none" / "a")}}
    assert "does not exist" in command({"pipeline": [bad]})[2]
    bad = USUAL | {"input": {"type": "log", "path": LOG, "format": "nginxx"}}
    assert "nginxx" in command({"pipeline": [bad]})[2]
    two = USUAL | {"output": [{"type": "report"}, {"type": "report", "format": "html"}]}
    assert "standard output" in command({"pipeline": [two]})[2]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["log", "alert", "x", "-"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["pipeline", "input", "filter", "output", "type", "path", "threshold"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(JSON)
@settings(max_examples=150, deadline=None)
def test_any_document_is_used_or_refused_in_words(tmp_path_factory, document):
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps(document))
    try:
        read(str(path))
    except ConfigError as error:
        assert str(error).startswith(str(path))  # noqa: PT017 (not raising is fine, too)


def test_an_input_without_an_end_gives_alerts_as_they_are_raised(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    out = tmp_path / "alerts.ndjson"
    document = {
        "pipeline": [
            {
                "input": {"type": "syslog", "protocol": "tcp", "port": port},
                "output": {"type": "alert", "path": str(out)},
            }
        ],
        "data_dir": str(tmp_path / "data"),
    }
    path = tmp_path / "p.json"
    path.write_text(json.dumps(document))
    process = subprocess.Popen(
        [sys.executable, "-m", "apisentinel", "run", str(path)],
        stderr=subprocess.PIPE, env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        line = process.stderr.readline()
        assert b"Reading tcp" in line, line + process.stderr.read()
        with socket.create_connection(("127.0.0.1", port), 20) as client:
            client.sendall(Path(LOG).read_bytes())
        for _ in range(400):
            if out.exists() and out.stat().st_size:
                break
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    finally:
        process.kill()
        process.stderr.close()
        process.wait()
    alerts = [json.loads(line) for line in out.read_text().splitlines()]
    assert alerts
    assert all(alert["risk"] >= 40 for alert in alerts)
