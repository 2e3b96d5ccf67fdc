"""The image and its compose file keep to the rules of a careful host."""

import runpy
from pathlib import Path

import pytest
import yaml

from apisentinel.cli.configuration import load_service

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
IMAGE = runpy.run_path(str(ROOT / "tools" / "write_deploy.py"))["IMAGE"]


def instructions():
    """Instructions of the Dockerfile with their continued lines."""
    text = (DEPLOY / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, rest = line.strip().partition(" ")
            yield name, " ".join(rest.split())


STEPS = list(instructions())
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
SERVICE = COMPOSE["services"]["apisentinel"]


def of(name):
    return [rest for found, rest in STEPS if found == name]


def variables():
    found = {}
    for rest in of("ENV"):
        found |= dict(pair.split("=", 1) for pair in rest.split())
    return found


def test_every_base_is_pinned_to_a_patch_release():
    for rest in of("FROM"):
        image, _, tag = rest.split()[0].partition(":")
        assert image == "python"
        assert tag.startswith(f"{IMAGE['python_full_version']}-slim-")


def test_it_ends_as_an_ordinary_user():
    last = max(index for index, (name, _) in enumerate(STEPS) if name == "FROM")
    users = [rest for name, rest in STEPS[last:] if name == "USER"]
    assert users == ["10001:10001"]
    assert SERVICE["user"] == "10001:10001"


def test_packages_come_with_hashes_and_no_index_is_named():
    installs = [part for rest in of("RUN") for part in rest.split("&&") if "pip install" in part]
    assert len(installs) == 3
    assert all("--require-hashes" in part or "--no-index" in part for part in installs)
    lock = (DEPLOY / "requirements.txt").read_text("utf-8")
    entries = [line for line in lock.splitlines() if "==" in line]
    assert len(entries) > 30
    assert "://" not in lock
    assert lock.count("--hash=sha256:") >= len(entries)
    whole = (ROOT / "requirements.lock").read_text("utf-8")
    assert all(line in whole for line in entries)


@pytest.mark.parametrize("name", ["pytest", "mypy", "django", "ruff", "scikit-learn"])
def test_tools_for_development_stay_out(name):
    assert f"\n{name}==" not in (DEPLOY / "requirements.txt").read_text("utf-8")


def test_no_secret_is_built_in():
    assert of("ARG") == []
    words = ("password", "secret", "token", "api_key")
    assert not [name for name in variables() if any(word in name.lower() for word in words)]
    assert not of("ADD")
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert "*" in ignored


def test_it_says_whether_it_is_well():
    (check,) = of("HEALTHCHECK")
    assert "/readyz" in check
    assert of("STOPSIGNAL") == ["SIGTERM"]


def test_the_settings_built_in_are_settings():
    ours = {name: value for name, value in variables().items() if name.startswith("APISENTINEL_")}
    settings = load_service(None, {}, ours | SERVICE["environment"])
    assert str(settings.data_dir) == "/var/lib/apisentinel/data"
    assert (settings.server.host, settings.server.port) == ("0.0.0.0", 8080)
    assert settings.server.allowed_hosts == ("apisentinel",)
    assert settings.server.metrics_open is False


def test_the_command_exists():
    assert of("ENTRYPOINT") == ['["apisentinel"]']
    assert of("CMD")[-1] == '["serve"]'


def test_compose_gives_no_rights_and_no_room_but_what_is_needed():
    assert SERVICE["read_only"] is True
    assert SERVICE["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in SERVICE["security_opt"]
    assert "privileged" not in SERVICE
    assert SERVICE["mem_limit"]
    assert SERVICE["pids_limit"]
    assert all(mount.startswith("/tmp:") for mount in SERVICE["tmpfs"])


def test_compose_listens_on_this_machine_only():
    assert SERVICE["ports"]
    assert all(port.startswith("127.0.0.1:") for port in SERVICE["ports"])


def test_what_is_written_is_on_volumes():
    mounted = {volume.split(":")[1] for volume in SERVICE["volumes"]}
    assert mounted == {"/var/lib/apisentinel", "/var/cache/apisentinel"}
    assert {volume.split(":")[0] for volume in SERVICE["volumes"]} == set(COMPOSE["volumes"])
    settings = variables()
    for name in ("APISENTINEL_DATA_DIR", "APISENTINEL_CACHE_DIR"):
        assert any(settings[name].startswith(place) for place in mounted)


def test_there_is_time_to_drain():
    assert SERVICE["stop_grace_period"] == "30s"
    assert load_service(None, {}, {}).server.drain_seconds < 30


def test_the_linter_of_dockerfiles_has_nothing_to_say(hadolint, run):
    assert not run(hadolint, "--no-color", "--failure-threshold", "style", DEPLOY / "Dockerfile")
