"""Training inside the service: from stored events, in a process of its own, into the shadow.

Nothing that is learned here judges by itself: the new bundle stands beside the active one as its
shadow, and a person activates it. What people said of incidents goes in as labels.
"""

import os
import shutil
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import structlog

from apisentinel.errors import ApiSentinelError, ModelError
from apisentinel.pipeline.learned import trust_folder
from apisentinel.pipeline.live.faults import described
from apisentinel.pipeline.stored import LABEL, request_lines, verdicts_of

if TYPE_CHECKING:
    from pathlib import Path

    from apisentinel.pipeline.service import Service

AUTHOR = "the service"
ROOM = "training"
"""Folder of what a training needs, in the data folder; removed afterwards."""
NICE = 15
"""Training gives way to everything else."""
DRIFT_PAUSE = 0.25
"""Share of the usual pause after which drift may bring a training forward."""
WORDS_SHOWN = 400
_HOUR_US, _DAY_US = 3_600_000_000, 86_400_000_000

_log = structlog.get_logger("apisentinel.retrain")


class Retrainer:
    """Trains when it is time, or earlier when the traffic has moved. `tick` is called once a
    second.

    Attributes:
        problem: Why the last training came to nothing, empty when it did not.
    """

    def __init__(self, service: "Service") -> None:
        self.service = service
        self.settings = service.settings.runtime.retrain
        self.problem = ""
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._stop = threading.Event()
        self._last = service.clock.now()

    @property
    def is_running(self) -> bool:
        """Whether a training is under way."""
        return self._thread is not None and self._thread.is_alive()

    def tick(self) -> None:
        """Begins a training when one is due."""
        if not self.settings.hours or self.service.models.is_pinned or self.is_running:
            return
        waited = (self.service.clock.now() - self._last) / _HOUR_US
        early = waited >= self.settings.hours * DRIFT_PAUSE and self._has_moved()
        if waited >= self.settings.hours or early:
            self.begin()

    def begin(self) -> None:
        """Begins a training now, on a thread of its own."""
        self._last = self.service.clock.now()
        self._thread = threading.Thread(target=self._guarded, name="retrain", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Ends a training that is under way."""
        self._stop.set()
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _has_moved(self) -> bool:
        drift = self.service.models.monitor.told()["drift"]
        return drift is not None and drift["moved"] >= self.settings.drift

    def _guarded(self) -> None:
        room = self.service.settings.data_dir / ROOM
        try:
            self.problem = ""
            self._train(room)
        except ApiSentinelError as error:
            self.problem = str(error)
            _log.error("training came to nothing", problem=self.problem)
        except Exception as error:  # noqa: BLE001 (a thread has nobody else to tell)
            self.problem = repr(error)
            _log.error("training failed", **described(error))
        finally:
            shutil.rmtree(room, ignore_errors=True)

    def _train(self, room: "Path") -> None:
        shutil.rmtree(room, ignore_errors=True)
        room.mkdir(mode=0o700)
        rows, labelled = self._write(room / "events.ndjson")
        if rows < self.settings.least_events:
            self.problem = f"{rows:,} stored events are too few to learn from"
            return
        _log.info("training", events=rows, labelled=labelled)
        self._run(room, labelled > 0)
        if self._stop.is_set():
            return
        registry = self.service.models.registry
        entry = registry.add(room / "bundle", AUTHOR)
        if entry.state == "candidate":
            registry.shadow(
                entry.id, AUTHOR, f"learned from {rows:,} events, {labelled:,} labelled"
            )
        _log.info("trained", bundle=entry.id)

    def _write(self, path: "Path") -> tuple[int, int]:
        """Stored events as requests with labels; their number, and how many have one."""
        service, settings = self.service, self.settings
        since = service.clock.now() - round(settings.days * _DAY_US)
        verdicts = verdicts_of(service.control)
        rows = labelled = 0
        with path.open("xb") as file:
            for block, count, told in request_lines(
                service.events, since, settings.most_events, verdicts
            ):
                file.write(block)
                rows, labelled = rows + count, labelled + told
                if self._stop.is_set():
                    break
        return rows, labelled

    def _run(self, room: "Path", is_labelled: bool) -> None:  # noqa: FBT001 (one plain fact)
        command = [
            sys.executable, "-m", "apisentinel", "train", str(room / "events.ndjson"),
            "--output", str(room / "bundle"), "--quiet", "--trials", str(self.settings.trials),
        ]  # fmt: skip
        if is_labelled:
            command += ["--labels", LABEL]
        trust = trust_folder(self.service.settings.detection)
        # settings of the service are none of a training
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("APISENTINEL_") or name == "APISENTINEL_CACHE_DIR"
        }
        environment["APISENTINEL_TRUST"] = str(trust)
        self._process = subprocess.Popen(  # noqa: S603 (this program)
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment,
        )
        os.setpriority(os.PRIO_PROCESS, self._process.pid, NICE)
        try:
            _, words = self._process.communicate(timeout=self.settings.minutes * 60)
        except subprocess.TimeoutExpired as error:
            self._process.kill()
            self._process.communicate()
            raise ModelError(f"training took longer than {self.settings.minutes:g} min") from error
        if self._process.returncode and not self._stop.is_set():
            told = words[-WORDS_SHOWN:].decode("utf-8", "replace").strip()
            raise ModelError(f"training ended with status {self._process.returncode}: {told}")
