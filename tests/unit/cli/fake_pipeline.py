"""A pipeline that does what a test tells it to; stands in for `apisentinel.pipeline`."""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace

from pydantic import BaseModel, ConfigDict, Field
from tests.unit.cli.report_samples import entity, site_report

import apisentinel
from apisentinel.errors import SourceError


class Limits(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    window_s: int = Field(default=5, ge=1)


class ScanSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    format: str = "auto"
    log_format: str | None = None
    strict: bool = False
    trusted_hops: int = Field(default=0, ge=0, le=16)
    threads: int = 2
    chunk_bytes: int = 8 << 20
    top: int = 20
    entities: bool = False
    limits: Limits = Limits()


@dataclass
class Control:
    """What the next scan does, and what it was asked."""

    report: object = field(default_factory=site_report)
    error: BaseException | None = None
    during: Callable[[threading.Event], None] = lambda stop: None
    entities: tuple = (entity(), entity("192.0.2.1"))
    asked: SimpleNamespace | None = None


def module(control: Control) -> ModuleType:
    """The stand-in module."""

    def scan(paths, settings, *, on_progress=None, stop=None, watcher=None):
        control.asked = SimpleNamespace(paths=paths, settings=settings)
        if control.error is not None:
            raise control.error
        for step in range(5):
            if on_progress is not None:
                on_progress(
                    SimpleNamespace(bytes_done=step, bytes_total=5, lines=step * 10, incidents=step)
                )
        control.during(stop)
        return SimpleNamespace(report=control.report, entities=lambda: iter(control.entities))

    class ScoreSession:
        def __init__(self, settings, *, stateless):
            self.stateless = stateless
            self.line = 0

        def score(self, lines):
            out = []
            for raw in lines.splitlines():
                self.line += 1
                try:
                    known = json.loads(raw)
                    answer = {"event_id": known.get("event_id"), "seq": self.line, "risk": 0}
                except ValueError:
                    answer = {"line": self.line, "error": "not valid JSON"}
                out.append(json.dumps(answer))
            return "".join(f"{answer}\n" for answer in out).encode()

    made = ModuleType("apisentinel.pipeline")
    made.__path__ = [str(Path(apisentinel.__file__).parent / "pipeline")]  # settings are the real
    made.ScanSettings, made.scan, made.ScoreSession = ScanSettings, scan, ScoreSession
    return made


def interrupted(times: int) -> Callable[[threading.Event], None]:
    """A user who presses Ctrl-C that often during the scan."""

    def press(stop):
        for _ in range(times):
            os.kill(os.getpid(), signal.SIGINT)
        stop.wait(timeout=10)

    return press


def missing(name: str) -> SourceError:
    """The error of a path that is not there."""
    return SourceError(f"{name}: no such file; check the path")


def main() -> None:
    """The command line over the stand-in, for tests that need a process of its own."""
    control = Control()
    scenario = os.environ.pop("FAKE", "")
    if scenario.startswith("interrupt"):
        control.during = interrupted(int(scenario[-1]))
        control.report = site_report(interrupted=True)
    elif scenario == "progress":
        control.during = lambda stop: stop.wait(0.4)
    sys.modules["apisentinel.pipeline"] = module(control)
    from apisentinel.cli import main as real  # noqa: PLC0415 (after the stand-in is in place)

    real()


if __name__ == "__main__":
    main()
