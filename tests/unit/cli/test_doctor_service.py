"""``doctor`` for the service: each fault is found and comes with what to do."""

import fcntl
import os
import resource
import socket

import pytest

from apisentinel.cli import doctor_service as checks
from apisentinel.cli.checkup import State
from apisentinel.pipeline.server_settings import ServerSettings
from apisentinel.storage.disk import DiskUse
from apisentinel.storage.settings import DiskSettings


def states(findings):
    return [finding.state for finding in findings]


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "data"
    made.mkdir(mode=0o700)
    return made


def test_a_healthy_folder_has_nothing_to_do(folder):
    (folder / "hash.key").touch(0o600)
    found = list(checks.data_folder(folder))
    assert {finding.name for finding in found} == {"Data folder", "Disk speed", "Permissions"}
    assert not [finding for finding in found if finding.state is State.BROKEN]


def test_a_folder_that_is_not_there_is_no_fault_where_it_can_be_made(tmp_path):
    (finding,) = checks.data_folder(tmp_path / "a" / "b")
    assert finding.state is State.GOOD


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "data").touch()
    assert states(checks.data_folder(tmp_path / "data")) == [State.BROKEN]


def test_a_folder_open_to_others_is_a_warning_and_says_how_to_close_it(folder):
    folder.chmod(0o755)
    (finding,) = checks.permissions(folder)
    assert finding.state is State.ODD
    assert f"chmod 700 {folder}" in finding.advice


def test_a_key_that_others_can_read_is_broken(folder):
    (folder / "secret.key").touch()
    (folder / "secret.key").chmod(0o644)
    (finding,) = checks.permissions(folder)
    assert finding.state is State.BROKEN
    assert "chmod 600" in finding.advice


@pytest.mark.parametrize(
    ("free_percent", "state"), [(50, State.GOOD), (12, State.ODD), (5, State.BROKEN)]
)
def test_the_disk_is_judged_as_the_service_will(folder, monkeypatch, free_percent, state):
    use = DiskUse(total=100 << 30, free=free_percent << 30)
    monkeypatch.setattr("apisentinel.storage.disk.disk_use", lambda _: use)
    finding = next(checks.disk(folder, DiskSettings()))
    assert finding.state is state
    assert bool(finding.advice) is (state is not State.GOOD)


def test_a_network_file_system_is_broken(folder, monkeypatch):
    monkeypatch.setattr(checks, "file_system", lambda _: "nfs4")
    found = list(checks.disk(folder, DiskSettings()))
    assert found[-1].state is State.BROKEN
    assert "local disk" in found[-1].advice


def test_the_nearest_mount_decides(tmp_path):
    real = tmp_path.resolve()
    mounts = tmp_path / "mounts"
    spaced = str(real / "with space").replace(" ", "\\040")
    mounts.write_text(f"a / ext4 rw 0 0\nb {real} nfs rw 0 0\nc {spaced} xfs rw 0 0\n")
    (real / "with space").mkdir()
    (real / "with space and more").mkdir()
    kinds = [
        checks.file_system(real / name, mounts)
        for name in ("other", "with space", "with space and more")
    ]
    assert kinds == ["nfs", "xfs", "nfs"]
    assert checks.file_system(real, tmp_path / "none") == ""


@pytest.fixture
def taken():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_in_use_is_a_warning(folder, taken):
    (finding,) = checks.port(ServerSettings(port=taken), folder)
    assert finding.state is State.ODD
    assert "--port" in finding.advice


def test_a_port_used_by_the_running_service_is_fine(folder, taken):
    lock = os.open(folder / "service.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.write(lock, b"4711\n")
    (finding,) = checks.port(ServerSettings(port=taken), folder)
    os.close(lock)
    assert finding.state is State.GOOD
    assert "4711" in finding.text


def test_a_lock_that_nobody_holds_is_no_service(folder):
    (folder / "service.lock").write_text("4711\n")
    assert checks.running(folder) is None


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_an_address_of_another_machine_is_broken(folder, host):
    assert states(checks.port(ServerSettings(host=host, port=0), folder)) == [State.BROKEN]


class Watch:
    """A clock whose two hands go as told."""

    def __init__(self, wall, steady):
        self.walls, self.steadies = iter(wall), iter(steady)

    def now(self):
        return next(self.walls)

    def monotonic(self):
        return next(self.steadies)


NOW = checks.FIRST_MOMENT + 10**12


@pytest.mark.parametrize(
    ("wall", "state"),
    [
        ((NOW, NOW + 200_000), State.GOOD),
        ((NOW, NOW + 900_000), State.ODD),
        ((NOW, NOW - 5_000_000), State.ODD),
        ((10**12, 10**12 + 200_000), State.BROKEN),
    ],
)
def test_a_clock_that_jumps_or_was_never_set_is_found(tmp_path, monkeypatch, wall, state):
    monkeypatch.setattr(checks, "WATCHED_S", 0.0)
    assert states(checks.clocks(tmp_path / "none", Watch(wall, (1.0, 1.2)))) == [state]


def test_a_clock_that_went_back_is_found_by_newer_files(folder, monkeypatch):
    monkeypatch.setattr(checks, "WATCHED_S", 0.0)
    file = folder / "journal"
    file.touch()
    os.utime(file, (NOW / 1e6 + 1000,) * 2)
    (finding,) = checks.clocks(folder, Watch((NOW, NOW), (0.0, 0.0)))
    assert finding.state is State.ODD
    assert "1000 s" in finding.text


@pytest.mark.parametrize(
    ("soft", "state"),
    [(100, State.BROKEN), (1024, State.ODD), (65536, State.GOOD), (-1, State.GOOD)],
)
def test_few_open_files_are_a_warning(monkeypatch, soft, state):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, 65536))
    (finding,) = checks.files()
    assert finding.state is state
    assert ("ulimit" in finding.advice) is (state is not State.GOOD)


def test_an_old_sqlite_is_broken(monkeypatch):
    monkeypatch.setattr("apsw.sqlite_lib_version", lambda: "3.40.1")
    assert next(checks.versions()).state is State.BROKEN


def test_faults_of_the_settings_are_shown(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = "s.toml"
    (tmp_path / file).write_text("colour = 1\n[server]\nport = -1\n")
    result = command("doctor", "--config", file)
    assert result.code == 1
    assert "colour" in result.out
    assert "greater than or equal to 0" in " ".join(result.out.split())


def test_what_only_the_service_needs_does_not_stop_somebody_who_scans(
    command, tmp_path, monkeypatch
):
    monkeypatch.setattr("apisentinel.storage.disk.disk_use", lambda _: DiskUse(total=100, free=1))
    monkeypatch.setattr("apisentinel.kernels.compiler.CACHE_FOLDER", tmp_path)
    monkeypatch.chdir(tmp_path)
    assert command("doctor").code == 0
    assert command("doctor", "--data-dir", tmp_path).code == 1


@pytest.mark.parametrize(
    ("server", "state"),
    [
        (ServerSettings(), State.GOOD),
        (ServerSettings(host="localhost"), State.GOOD),
        (ServerSettings(host="0.0.0.0"), State.ODD),
        (ServerSettings(host="sentinel.example"), State.ODD),
        (ServerSettings(host="::", tls_cert="c.pem", tls_key="k.pem"), State.GOOD),
    ],
    ids=["loopback", "name of this machine", "everywhere", "another name", "with TLS"],
)
def test_serving_others_without_tls_is_a_warning(server, state):
    (finding,) = checks.encryption(server)
    assert finding.state is state
    assert ("tls_cert" in finding.advice) is (state is State.ODD)
