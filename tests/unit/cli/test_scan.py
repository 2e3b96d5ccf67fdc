"""``scan``: options reach the pipeline, documents their files, exit codes keep the contract."""

import json
import os
import subprocess
import sys
from subprocess import PIPE

import msgspec
import pytest
from tests.unit.cli.fake_pipeline import interrupted, missing
from tests.unit.cli.report_samples import empty_report, entity, site_report

from apisentinel import __version__
from apisentinel.parsers.base import REASON_TEXT, Reason
from apisentinel.records.report import Input, InputFile, ScanReport, Unparsed


def test_options_reach_the_pipeline(command, pipeline):
    code = command(
        "scan",
        "a.log",
        "-",
        "--log-format",
        "$remote_addr",
        "--trusted-hops",
        2,
        "--threads",
        1,
        "--chunk-size",
        "64KiB",
        "--top",
        3,
        "--strict",
    ).code
    settings = pipeline.asked.settings
    assert (pipeline.asked.paths, settings.log_format) == (["a.log", "-"], "$remote_addr")
    assert (settings.trusted_hops, settings.threads, settings.top) == (2, 1, 3)
    assert (settings.chunk_bytes, settings.strict, settings.entities) == (65536, True, False)
    assert code == 1


def test_the_report_goes_to_stdout_and_nothing_else_does(command):
    result = command("scan", "a.log")
    assert result.code == 0
    assert result.out.startswith("API Sentinel")
    assert "SQL injection" in result.out


def test_piped_output_holds_no_escape_sequences(command):
    assert "\x1b" not in command("scan", "a.log").out


def test_quiet_prints_nothing(command, pipeline):
    pipeline.report = site_report(input=Input((), 3, 3, ()))
    result = command("scan", "a.log", "--quiet")
    assert (result.code, result.out, result.err) == (0, "", "")


def test_json_has_the_shape_of_the_contract(command, tmp_path):
    target = tmp_path / "report.json"
    assert command("scan", "a.log", "--json", target).code == 0
    document = json.loads(target.read_bytes())
    assert next(iter(document)) == "version"
    assert document["version"] == 1
    assert document.keys() >= {
        "input",
        "period",
        "totals",
        "seconds",
        "events_per_second",
        "incidents",
        "endpoints",
        "clients",
    }
    assert document["input"]["files"][0].keys() >= {"path", "format", "lines", "parsed", "bytes"}
    assert document["input"].keys() >= {"lines", "parsed", "unparsed"}
    assert document["input"]["unparsed"][0].keys() == {"reason", "count", "example"}
    assert document["period"].keys() == {"from", "to"}
    assert document["totals"].keys() == {"requests", "clients", "users", "sessions", "endpoints"}
    incident = document["incidents"][0]
    assert incident.keys() >= {
        "id",
        "risk",
        "severity",
        "attack_types",
        "entities",
        "first_ts",
        "last_ts",
        "alert_ts",
        "requests",
        "requests_before_alert",
        "endpoints",
        "reason",
        "factors",
        "samples",
    }
    assert incident["severity"] == "CRITICAL"
    assert incident["entities"][0] == {"kind": "client", "id": "203.0.113.7"}
    assert incident["factors"][0].keys() == {
        "name",
        "actual",
        "usual",
        "unit",
        "contribution",
        "window",
        "n",
    }


def test_json_can_be_read_back(command, tmp_path):
    target = tmp_path / "report.json"
    command("scan", "a.log", "--json", target)
    assert msgspec.json.decode(target.read_bytes(), type=ScanReport) == site_report()


def test_json_on_stdout_replaces_the_report(command):
    assert json.loads(command("scan", "a.log", "--json", "-").out)["version"] == 1


def test_a_path_that_is_not_text_still_makes_json(command, pipeline):
    name = os.fsdecode(b"/logs/\xff.log")
    pipeline.report = site_report(input=Input((InputFile(name, "x", 1, 1, 1),), 1, 1, ()))
    result = command("scan", "a.log", "--json", "-")
    assert json.loads(result.out)["input"]["files"][0]["path"] == "/logs/\ufffd.log"


def test_entities_are_one_object_a_line(command, pipeline, tmp_path):
    target = tmp_path / "entities.ndjson"
    assert command("scan", "a.log", "--entities", target).code == 0
    lines = [json.loads(line) for line in target.read_bytes().splitlines()]
    assert pipeline.asked.settings.entities
    assert [line["id"] for line in lines] == ["203.0.113.7", "192.0.2.1"]
    assert lines[0].keys() == {
        "kind",
        "id",
        "requests",
        "score",
        "risk",
        "severity",
        "attack_types",
        "first_alert_request",
    }


def test_files_are_whole_or_as_before(command, pipeline, tmp_path):
    target = tmp_path / "entities.ndjson"
    target.write_text("before")

    def broken():
        yield entity()
        raise OSError(28, "No space left on device", str(target))

    pipeline.entities = broken()
    result = command("scan", "a.log", "--entities", target)
    assert (result.code, target.read_text()) == (1, "before")
    assert [path.name for path in tmp_path.iterdir()] == ["entities.ndjson"]
    assert "No space left on device" in result.err


def test_a_link_keeps_pointing_to_its_file(command, tmp_path):
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    link.symlink_to(real)
    command("scan", "a.log", "--json", link)
    assert link.is_symlink()
    assert json.loads(real.read_bytes())["version"] == 1


@pytest.mark.parametrize(
    ("severity", "code"), [("low", 3), ("MEDIUM", 3), ("high", 3), ("critical", 3)]
)
def test_findings_at_or_above_fail_on_give_three(command, severity, code):
    assert command("scan", "a.log", "--fail-on", severity).code == code


def test_findings_below_fail_on_give_zero(command, pipeline):
    report = site_report()
    pipeline.report = site_report(incidents=report.incidents[1:])
    assert command("scan", "a.log", "--fail-on", "critical").code == 0


def test_strict_fails_on_lines_that_cannot_be_read(command):
    result = command("scan", "a.log", "--strict", "--fail-on", "low")
    assert result.code == 1
    assert "37 of 241,415 lines cannot be read" in result.err
    assert "--log-format" in result.err


def test_strict_forgives_empty_lines_and_comments(command, pipeline):
    texts = [REASON_TEXT[Reason.EMPTY], REASON_TEXT[Reason.COMMENT]]
    unparsed = tuple(Unparsed(text, 1, "") for text in texts)
    pipeline.report = site_report(input=Input((), 3, 1, unparsed))
    assert command("scan", "a.log", "--strict").code == 0


def test_nothing_understood_is_said(command, pipeline):
    pipeline.report = empty_report()
    pipeline.report = msgspec.structs.replace(pipeline.report, input=Input((), 5, 0, ()))
    result = command("scan", "a.log")
    assert result.code == 0
    assert "--format" in result.err


def test_a_missing_file_is_one_message_without_traceback(command, pipeline):
    pipeline.error = missing("nope.log")
    result = command("scan", "nope.log")
    assert result.code == 1
    assert result.err == "Error: nope.log: no such file; check the path\n"


def test_a_fault_of_ours_is_called_so(command, pipeline):
    pipeline.error = ZeroDivisionError("x")
    result = command("scan", "a.log")
    assert result.code == 1
    assert "Traceback" not in result.err
    assert "APISENTINEL_DEBUG=1" in result.err


def test_the_first_run_says_that_it_compiles(command, monkeypatch):
    monkeypatch.setattr("apisentinel.kernels.compiler.is_warm", lambda: False)
    assert "compiling the kernels" in command("scan", "a.log").err


def test_debug_shows_the_traceback(command, pipeline, monkeypatch):
    monkeypatch.setenv("APISENTINEL_DEBUG", "1")
    pipeline.error = ZeroDivisionError("x")
    assert "Traceback" in command("scan", "a.log").err


def test_messages_show_no_control_characters(command, pipeline):
    pipeline.error = missing("\x1b[2J.log")
    assert "\x1b" not in command("scan", "x").err


def test_ctrl_c_writes_the_partial_report(command, pipeline, tmp_path):
    pipeline.during = interrupted(1)
    pipeline.report = site_report(interrupted=True)
    target = tmp_path / "report.json"
    result = command("scan", "a.log", "--json", target)
    assert result.code == 130
    assert json.loads(target.read_bytes())["interrupted"]
    assert "PARTIAL REPORT" in result.out
    assert "only a part of the input" in result.err


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("--json", "-", "--html", "-"), "cannot both go to standard output"),
        (("--json", "same", "--html", "same"), "same file name"),
        (("--json", "/no/such/folder/x"), "does not exist"),
        (("--json", "/"), "is a folder"),
        (("--chunk-size", "lots"), "is no size"),
        (("--chunk-size", "1"), "outside"),
        (("--fail-on", "hihg"), "did you mean 'high'?"),
        (("--fail-on", "sev1"), "low, medium, high, critical"),
        (("--jsn", "x"), "did you mean '--json'"),
        (("--trusted-hops", "-1"), "--trusted-hops"),
        (("--format", "ngnix"), "did you mean"),
        (("--config", "/no/such/file.toml"), "cannot read the settings"),
    ],
)
def test_wrong_usage_gives_two_and_a_hint(command, arguments, hint):
    result = command("scan", "a.log", *arguments)
    assert result.code == 2
    assert hint in result.err
    assert result.out == ""


def test_an_output_over_an_input_is_refused(command, tmp_path):
    log = tmp_path / "a.log"
    log.write_text("precious")
    result = command("scan", log, "--json", log)
    assert (result.code, log.read_text()) == (2, "precious")


def test_a_wrong_command_suggests_the_right_one(command):
    result = command("scna", "a.log")
    assert result.code == 2
    assert "Did you mean 'scan'?" in result.err


def test_no_command_shows_the_help(command):
    result = command()
    assert result.code == 2
    assert "Commands:" in result.err


def test_the_version_is_shown(command):
    assert command("--version").out == f"apisentinel {__version__}\n"


def test_a_reader_that_leaves_early_does_not_change_the_exit_code():
    arguments = [sys.executable, "-m", "tests.unit.cli.fake_pipeline", "scan", "a.log"]
    with subprocess.Popen([*arguments, "--fail-on", "low"], stdout=PIPE, stderr=PIPE) as process:
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()
        assert process.wait(timeout=60) == 3
