"""The command line with a stand-in for the pipeline, run in this process."""

import os
import sys
from dataclasses import dataclass

import pytest
from tests.unit.cli.fake_pipeline import Control, module

from apisentinel.cli.app import main


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    """No variable of the developer's shell changes a result."""
    for name in list(os.environ):
        if name.startswith("APISENTINEL_") or name in {"NO_COLOR", "COLUMNS", "FORCE_COLOR"}:
            monkeypatch.delenv(name)


@pytest.fixture
def pipeline(monkeypatch):
    """What the pipeline does; change it before the command runs."""
    control = Control()
    monkeypatch.setattr("apisentinel.kernels.compiler.is_warm", lambda: True)
    monkeypatch.setitem(sys.modules, "apisentinel.pipeline", module(control))
    return control


@pytest.fixture
def command(pipeline, monkeypatch, capsys):
    """Runs a command line and gives its exit code and output."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["apisentinel", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        return Result(left.value.code or 0, out, err)

    return run
