"""``config``: what is in effect, where it comes from, and what is wrong."""

import json
import tomllib

import pytest
from pydantic import BaseModel, SecretStr

from apisentinel.cli import config
from apisentinel.cli.configuration import load_service
from apisentinel.errors import ConfigError
from apisentinel.pipeline.service_settings import ServiceSettings
from apisentinel.pipeline.settings import ScanSettings

FAULTY = """\
data_dir = "/data"
colour = "red"

[server]
port = 99999
hosts = "x"
tls_cert = "/a"

[detection]
threads = 0

[storage.events]
keep_days = "many"
"""


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "sentinel.toml"
        path.write_text(text)
        return str(path)

    return write


def test_check_lists_all_faults_with_their_lines(command, file, monkeypatch):
    monkeypatch.setenv("APISENTINEL_DOOR__MAX_RECORDS", "0")
    monkeypatch.setenv("APISENTINEL_SERVR__PORT", "1")
    path = file(FAULTY)
    result = command("config", "check", path)
    assert result.code == 2
    for words in (
        f"{path}:2: colour: there is no such setting",
        f"{path}:5: server.port: Input should be less than",
        f"{path}:6: server.hosts: there is no such setting; did you mean 'host'",
        f"{path}:10: detection.threads: Input should be greater than",
        f"{path}:13: storage.events.keep_days: ",
        "environment: APISENTINEL_DOOR__MAX_RECORDS: door.max_records: ",
        "environment: APISENTINEL_SERVR__PORT is no setting; did you mean 'APISENTINEL_SERVER'",
    ):
        assert words in result.err


def test_check_takes_its_file_like_the_other_commands(command, file):
    path = file("colour = 1\n")
    assert f"{path}:1: colour" in command("config", "check", "--config", path).err
    both = command("config", "check", path, "--config", path)
    assert (both.code, "name one file" in both.err) == (2, True)


def test_check_is_content_with_a_good_file(command, file):
    result = command("config", "check", file("top = 3\n[server]\nport = 1\n"))
    assert (result.code, result.out) == (0, "")
    assert "2 settings given, nothing wrong" in result.err


def test_a_rule_about_two_settings_names_their_table(file):
    with pytest.raises(ConfigError, match=r"sentinel.toml:1: server: tls_cert and tls_key"):
        load_service(file('[server]\ntls_cert = "/a"\n'), {}, {})


def test_show_gives_a_file_that_sets_what_is_in_effect(command, file, monkeypatch):
    monkeypatch.setenv("APISENTINEL_DETECTION__TOP", "7")
    path = file("threads = 3\n[server]\nport = 1\n")
    result = command("config", "show", "--config", path)
    again = ServiceSettings.model_validate(tomllib.loads(result.out))
    expected = {"detection": {"top": 7, "threads": 3}, "server": {"port": 1}}
    assert again == ServiceSettings.model_validate(expected)
    assert f"port = 1  # {path}:3" in result.out
    assert "top = 7  # environment: APISENTINEL_DETECTION__TOP" in result.out
    assert 'host = "127.0.0.1"  # default' in result.out


def test_show_can_leave_out_the_defaults(command, file):
    result = command("config", "show", "--changed", "--json", "--config", file("top = 3\n"))
    known = json.loads(result.out)
    assert list(known) == ["detection.top"]
    assert known["detection.top"]["value"] == 3


class Login(BaseModel):
    token: str = "in-clear"
    password: SecretStr = SecretStr("in-clear")
    names: tuple[str, ...] = ("a",)


def test_secrets_are_masked():
    rows = config._leaves(Login())
    assert dict(rows) == {"token": "***", "password": "***", "names": ["a"]}


def test_the_schema_knows_every_key_and_nothing_else(command):
    schema = json.loads(command("config", "schema").out)
    assert set(schema["properties"]) == {
        *ServiceSettings.model_fields,
        *ScanSettings.model_fields,
    }
    assert schema["additionalProperties"] is False
    for name, known in schema["$defs"].items():
        assert known.get("additionalProperties", False) is False, name


def test_settings_of_service_and_detection_have_different_names():
    assert not set(ServiceSettings.model_fields) & set(ScanSettings.model_fields)


def test_the_service_takes_options_by_dotted_name():
    settings = load_service(None, {"server.port": 0, "data_dir": "/x", "server.host": None}, {})
    assert (settings.server.port, str(settings.data_dir)) == (0, "/x")
