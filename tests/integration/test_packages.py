"""What is shipped has the page in it, and can be installed where there is no Node."""

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = "apisentinel/_ui/"

pytestmark = pytest.mark.slow


def build(folder, target, source=ROOT, **variables):
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", folder],
        cwd=source,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = folder.iterdir()
    return made


def assert_whole(wheel):
    """All that the manifest of the page names is in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        manifest = json.loads(archive.read(f"{PAGE}.vite/manifest.json"))
    assert f"{PAGE}index.html" in names
    assert f"{PAGE}third-party-notices.txt" in names
    for chunk in manifest.values():
        for name in (chunk["file"], *chunk.get("css", ())):
            assert PAGE + name in names
    assert not [name for name in names if "node_modules" in name or name.endswith(".ui.lock")]


def test_the_wheel_has_the_whole_page(tmp_path):
    assert_whole(build(tmp_path, "wheel"))


def test_a_source_distribution_needs_no_node(tmp_path):
    made = tmp_path / "made"
    sdist = build(made, "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    assert (source / "ui" / "src" / "main.tsx").is_file()
    again = tmp_path / "again"
    assert_whole(build(again, "wheel", source, APISENTINEL_NODE="/nowhere/node"))
    (source / "ui" / "src" / "main.tsx").write_text("changed", "utf-8")
    with pytest.raises(AssertionError, match="no Node"):
        build(tmp_path / "broken", "wheel", source, APISENTINEL_NODE="/nowhere/node")
