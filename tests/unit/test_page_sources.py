"""The sources of the page fit the service and every machine that builds it."""

import json
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UI = ROOT / "ui"
TYPES = runpy.run_path(str(ROOT / "tools" / "gen_ts_types.py"))

SINKS = (
    "dangerouslySetInnerHTML",
    ".innerHTML",
    ".outerHTML",
    "insertAdjacentHTML",
    "document.write",
    "srcdoc",
    "createContextualFragment",
    "DOMParser",
    "javascript:",
    "new Function(",
    "eval(",
)
"""Ways from text to markup or code. The browser refuses them; none may be tried."""


@pytest.fixture(scope="module")
def lock():
    return json.loads((UI / "package-lock.json").read_text("utf-8"))["packages"]


def test_types_are_those_of_the_service():
    assert TYPES["FILE"].read_text("utf-8") == TYPES["text"](), "run `make reference`"


def test_what_is_sent_may_be_left_out_and_what_is_answered_is_there():
    schema = {"properties": {"a": {"type": "string", "default": "x"}, "b": {"type": "integer"}}}
    assert TYPES["members"](schema) == ["a: string;", "b?: number;"]
    assert TYPES["members"](schema, sent=True) == ["a?: string;", "b?: number;"]


def test_the_lock_is_complete_for_every_platform(lock):
    """npm drops packages of platforms that a registry lacks without a word; then others fail."""
    missing = [
        f"{name} of {path or 'the project'}"
        for path, package in lock.items()
        for name in package.get("optionalDependencies", {})
        if not any(
            found.endswith(f"node_modules/{name}") and {"version", "integrity"} <= entry.keys()
            for found, entry in lock.items()
        )
    ]
    assert missing == []


def test_the_lock_names_no_address_and_proves_every_content(lock):
    for path, package in lock.items():
        if path:
            assert "resolved" not in package, path
            assert package["integrity"].startswith("sha512-"), path


def test_versions_are_exact_and_what_runs_is_what_is_locked(lock):
    package = json.loads((UI / "package.json").read_text("utf-8"))
    for group in ("dependencies", "devDependencies"):
        for name, version in package[group].items():
            assert version[0].isdigit(), name
            assert lock[f"node_modules/{name}"]["version"] == version


def test_no_package_runs_a_script_when_it_is_installed(lock):
    assert "ignore-scripts=true" in (UI / ".npmrc").read_text("utf-8")
    assert [
        path
        for path, package in lock.items()
        if package.get("hasInstallScript") and not package.get("optional")
    ] == []


def test_nothing_in_the_page_makes_markup_or_code_of_text():
    found = [
        f"{path.relative_to(ROOT)}: {sink}"
        for path in sorted((UI / "src").rglob("*.ts*"))
        if ".test." not in path.name
        for sink in SINKS
        if sink in path.read_text("utf-8")
    ]
    assert found == []
