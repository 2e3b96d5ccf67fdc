"""What the tests of deploy/ share."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def tool(name, hint):
    """Path of a program; the test is skipped without it."""
    beside = Path(sys.executable).parent
    found = shutil.which(name, path=f"{beside}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        pytest.skip(f"{name} is not here: {hint}")
    return found


@pytest.fixture
def run():
    """Runs a program; gives its output, or fails with it."""

    def call(*command, cwd=ROOT):
        done = subprocess.run(
            list(map(str, command)),
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return call


@pytest.fixture
def promtool():
    return tool("promtool", "sh tools/ci_tools.sh")


@pytest.fixture
def hadolint():
    return tool("hadolint", "sh tools/ci_tools.sh")


@pytest.fixture
def helm():
    return tool("helm", "sh tools/ci_tools.sh helm")


@pytest.fixture
def systemd_analyze():
    return tool("systemd-analyze", "part of systemd")
