"""``doctor``: every check has a result; what is broken decides the exit code."""

from pathlib import Path

import pytest

from apisentinel.cli import doctor
from apisentinel.cli.doctor import Finding, State, kernel_modules


def test_a_healthy_machine_gives_zero(command, tmp_path, monkeypatch):
    monkeypatch.setattr("apisentinel.kernels.compiler.CACHE_FOLDER", tmp_path)
    result = command("doctor")
    assert result.code == 0
    for name in (
        "Python",
        "Packages",
        "Kernel cache",
        "Memory",
        "Cores",
        "Temporary folder",
        "Output",
    ):
        assert name in result.out
    assert "doctor --warm" in result.out


def test_something_broken_gives_one_and_says_what_to_do(command, monkeypatch):
    broken = Finding("Thing", State.BROKEN, "is broken", "Mend it.")
    monkeypatch.setattr(doctor, "CHECKS", (lambda: iter([broken]),))
    result = command("doctor")
    assert result.code == 1
    assert "Mend it." in result.out
    assert "1 broken" in result.out


def test_no_folder_for_kernels_is_broken(monkeypatch):
    monkeypatch.setattr("apisentinel.kernels.compiler.CACHE_FOLDER", None)
    (finding,) = doctor.kernels()
    assert finding.state is State.BROKEN
    assert "APISENTINEL_CACHE_DIR" in finding.advice


def test_a_package_that_cannot_be_imported_is_broken(monkeypatch):
    monkeypatch.setattr(doctor, "needed", lambda: {"nothing": "no_such_module_at_all"})
    states = [finding.state for finding in doctor.packages()]
    assert State.BROKEN in states


def test_what_is_needed_is_what_the_distribution_demands():
    names = doctor.needed()
    assert names["google-re2"] == "re2"
    assert {"apsw", "duckdb", "numpy", "fastapi"} <= set(names)
    assert not any("-" in module for module in names.values())
    assert "opentelemetry-proto" not in names


def test_the_limit_of_a_container_counts(tmp_path, monkeypatch):
    limit = tmp_path / "memory.max"
    limit.write_text(str(100 << 20))
    monkeypatch.setattr(doctor, "CGROUP_LIMITS", (limit,))
    (finding,) = doctor.memory()
    assert finding.state is State.ODD
    assert "0.1 GiB" in finding.text


@pytest.mark.parametrize("content", ["max", ""])
def test_no_limit_is_no_limit(tmp_path, monkeypatch, content):
    limit = tmp_path / "memory.max"
    limit.write_text(content)
    monkeypatch.setattr(doctor, "CGROUP_LIMITS", (limit, Path("/no/such/file")))
    assert len(list(doctor.memory())) == 1


def test_modules_with_kernels_are_found():
    found = kernel_modules()
    assert "apisentinel.records.batch" in found
    assert not [name for name in found if ".cli" in name]


def test_warm_imports_every_module_with_kernels(command, monkeypatch):
    monkeypatch.setattr(doctor, "kernel_modules", lambda: ["apisentinel.kernels.bytes"])
    monkeypatch.setattr(doctor, "CHECKS", ())
    result = command("doctor", "--warm")
    assert result.code == 0
    assert "1 module with kernels ready in" in result.err
