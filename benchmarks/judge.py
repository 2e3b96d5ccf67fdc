"""Measures the judging of the service alone: ``python -m benchmarks.judge [--rows N]``.

Requests of the simulator go through exactly the code of the thread that judges in a service, in one
thread, without HTTP, journal and stores: batches are decoded, prepared, counted, judged and made
into rows of the event store. The figures are CPU time by stage, so they can be compared beside
other programs, versions in turn; ``--digest`` shows whether two versions say the same.

Times are those of a steady rate (``--rate``), and who learns the profile is waited for outside the
measured time, so every run does the same.
"""

import argparse
import gc
import hashlib
import json
import time
from pathlib import Path
from typing import Any

import msgspec

from apisentinel.cli.app import GC_THRESHOLD, GC_YOUNG
from apisentinel.cli.process import save_memory
from apisentinel.kernels.hashing import DEFAULT_KEY
from apisentinel.pipeline.door.parse import parse_body
from apisentinel.pipeline.door.redaction import door_redactor
from apisentinel.pipeline.door.settings import DoorSettings
from apisentinel.pipeline.live.checkpoint import capture
from apisentinel.pipeline.live.engine import LiveEngine
from apisentinel.pipeline.live.event_rows import RowMaker
from apisentinel.pipeline.live.runtime import Runtime
from apisentinel.pipeline.live.runtime import Told as TellingPart
from apisentinel.pipeline.live.warm_up import warm_up
from apisentinel.pipeline.profile import Stopwatch
from apisentinel.pipeline.service_settings import ServiceSettings
from apisentinel.records.batch import NO_TIME
from apisentinel.records.codec import encode_batch
from apisentinel.simulator import Simulation, plan
from apisentinel.storage.base import JournalEntry

BATCH = 1_000
BEGIN_US = 1_700_000_000_000_000
WARM_ROWS = 100_000
"""First requests, told apart: first use of everything, and the profile learned six times."""
SEED = 7


def lines_of(rows: int, attacks: str, seed: int) -> list[bytes]:
    """Simulated requests as NDJSON."""
    found: list[bytes] = []
    chosen = None if attacks == "some" else attacks
    for block in Simulation(
        plan(rows / 1000 / 3600 * 1.5, 1000.0, attacks=chosen, seed=seed)
    ).blocks():
        found += block.text.split(b"\n")[:-1]
        if len(found) >= rows:
            break
    return found[:rows]


class Feed:
    """Batches as a journal gives them, a backlog of some at a time."""

    def __init__(self, lines: list[bytes], options: argparse.Namespace) -> None:
        self.last_offset = 0  # nothing was accepted in an earlier life
        self._rate, self._at_once = options.rate, options.at_once
        settings = DoorSettings()
        redactor = door_redactor(settings)
        self._bodies: list[bytes] = []
        for begin in range(0, len(lines), BATCH):
            batch = parse_body(b"\n".join(lines[begin : begin + BATCH]), settings).batch
            if redactor is not None:
                redactor.apply(batch)
            if not options.own_times:
                batch.numbers["ts"].fill(NO_TIME)
            self._bodies.append(encode_batch(batch))

    def read(self, after: int, _bytes: int) -> list[tuple[int, int, JournalEntry]]:
        """The next batches, accepted at a steady rate; the same ones come round again."""
        found = []
        for place in range(after, after + self._at_once):
            received = BEGIN_US + round(place * BATCH / self._rate * 1e6)
            body = self._bodies[place % len(self._bodies)]
            entry = JournalEntry("http", received, BATCH, b"", body)
            found.append((place + 1, place * BATCH + 1, entry))
        return found


class Told:
    """What the judge says, as a digest, and rows of the event store made of it."""

    def __init__(self, runtime: Runtime, watch: Stopwatch) -> None:
        self.alerts = 0
        self.found = 0
        self._maker = RowMaker(runtime.live.engine)
        self._watch = watch
        self._digest = hashlib.blake2b(digest_size=16)
        self._waiting: list[TellingPart] = []

    def take(self, told: list[TellingPart]) -> None:
        """Called by the judge."""
        self._waiting += told

    def settle(self) -> None:
        """Makes rows of what was told, as another thread of the service does."""
        for part in self._waiting:
            judged = part.judged
            with self._watch.stage("event rows", len(judged.block.batch)):
                self._maker.table(judged, part.source)
            self.alerts += len(judged.alerts)
            self.found += len(judged.findings)
            self._add(judged.alerts)
            first = int(judged.block.batch.numbers["seq"][0])
            for row, found in sorted(judged.findings.items()):
                self._add((first + row, found.risk, found.pieces))
        self._waiting.clear()

    def _add(self, said: Any) -> None:
        self._digest.update(msgspec.json.encode(said))

    def digest(self) -> str:
        """Equal where the same was said."""
        return self._digest.hexdigest()


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Judges and takes the time."""
    settings = ServiceSettings()
    detection = settings.detection
    warm_up(detection)
    if options.log is None:
        lines = lines_of(options.different, options.attacks, options.seed)
    else:
        lines = options.log.read_bytes().split(b"\n")[: options.different]
    feed = Feed(lines[: len(lines) // BATCH * BATCH], options)
    watch = Stopwatch()
    live = LiveEngine(detection, settings.runtime, DEFAULT_KEY, watch)
    runtime = Runtime(live, feed, settings.runtime, lambda: live)  # type: ignore[arg-type]  # it is only read from
    told = Told(runtime, watch)
    runtime.on_told = told.take
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, GC_YOUNG, 100)
    parts: list[dict[str, Any]] = []
    longest = 0
    spent, rows, before = 0, 0, dict[str, int]()
    while live.seq < options.rows:
        online = live.engine.online
        if online is not None:
            online.is_learned(60.0)
        begin = time.thread_time_ns()
        runtime.step()
        took = time.thread_time_ns() - begin
        spent, longest = spent + took, max(longest, took)
        told.settle()
        is_warm = not parts and live.seq >= WARM_ROWS
        if is_warm or live.seq >= options.rows:
            now = dict(watch.cpu_ns)
            count = live.seq - rows
            stages = {
                name: round((ns - before.get(name, 0)) / count / 1e3, 2) for name, ns in now.items()
            }
            parts.append(
                {
                    "rows": count,
                    "judge_us": round(spent / count / 1e3, 2),
                    "longest_ms": round(longest / 1e6, 1),
                }
                | {"stages_us": dict(sorted(stages.items(), key=lambda stage: -stage[1]))}
            )
            spent, rows, before, longest = 0, live.seq, now, 0
    found: dict[str, Any] = {
        "first": parts[0],
        "then": parts[-1],
        "alerts": told.alerts,
        "rows_with_evidence": told.found,
    }
    begin = time.thread_time_ns()
    state = capture(live, {})
    found["capture_ms"] = round((time.thread_time_ns() - begin) / 1e6, 1)
    if options.digest:
        found["said"], found["state"] = told.digest(), state.digest()
    state.release()
    return found


def main() -> None:
    """Prints the figures as JSON."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    arguments.add_argument("--rows", type=int, default=400_000, help="requests judged")
    arguments.add_argument("--different", type=int, default=200_000, help="requests made")
    arguments.add_argument("--rate", type=float, default=10_000.0, help="requests a second")
    arguments.add_argument("--at-once", type=int, default=4, help="batches of 1,000 that wait")
    arguments.add_argument(
        "--attacks", default="none", help="types, or `some` for those of the profile"
    )
    arguments.add_argument("--log", type=Path, help="NDJSON in place of made requests")
    arguments.add_argument("--own-times", action="store_true", help="the simulator's times")
    arguments.add_argument("--seed", type=int, default=SEED)
    arguments.add_argument("--digest", action="store_true", help="compare what is said and kept")
    print(json.dumps(measured(arguments.parse_args()), indent=1))


if __name__ == "__main__":
    save_memory()
    main()
