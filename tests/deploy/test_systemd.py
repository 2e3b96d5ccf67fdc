"""The unit locks the service in, and systemd agrees."""

from pathlib import Path

from apisentinel.cli.configuration import load_service

UNIT = Path(__file__).resolve().parents[2] / "deploy" / "systemd" / "apisentinel.service"


def entries():
    found = {}
    for line in UNIT.read_text("utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


SET = entries()


def test_it_is_locked_in():
    wanted = {
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "NoNewPrivileges": "yes",
        "PrivateTmp": "yes",
        "PrivateDevices": "yes",
        "CapabilityBoundingSet": "",
        "RestrictNamespaces": "yes",
        "SystemCallArchitectures": "native",
        "UMask": "0077",
        "LimitCORE": "0",
        "StateDirectoryMode": "0700",
    }
    assert {name: SET[name][-1] for name in wanted} == wanted
    assert SET["User"] == ["apisentinel"]
    for name in ("MemoryMax", "TasksMax", "LimitNOFILE", "StateDirectory"):
        assert SET[name]


def test_machine_code_can_be_made():
    assert "MemoryDenyWriteExecute" not in SET


def test_its_variables_are_settings():
    variables = dict(value.split("=", 1) for value in SET["Environment"])
    assert str(load_service(None, {}, variables).data_dir) == "/var/lib/apisentinel"


def test_a_wrong_setting_does_not_restart_for_ever():
    assert SET["RestartPreventExitStatus"] == ["2"]
    assert "config check" in SET["ExecStartPre"][0]


def test_there_is_time_to_drain():
    assert int(SET["TimeoutStopSec"][0]) > load_service(None, {}, {}).server.drain_seconds


def test_systemd_reads_it_and_calls_it_safe(systemd_analyze, run, tmp_path):
    # Its program is not installed here.
    text = UNIT.read_text("utf-8").replace("/opt/apisentinel/bin/apisentinel", "/bin/true")
    copy = tmp_path / "apisentinel.service"
    copy.write_text(text)
    assert "apisentinel.service:" not in run(systemd_analyze, "verify", copy)
    threshold = "--threshold=20"  # tenths: exposure of at most 2.0 of 10
    run(systemd_analyze, "security", "--offline=true", "--no-pager", threshold, copy)
