"""CPU time of each stage, for the benchmarks. Costs nothing worth counting: two clock reads per
block and stage.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Stopwatch:
    """Adds up CPU time by stage over all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.cpu_ns: dict[str, int] = {}
        self.events: dict[str, int] = {}

    @contextmanager
    def stage(self, name: str, events: int) -> Iterator[None]:
        """Measures the CPU time that the calling thread spends inside the block."""
        begin = time.thread_time_ns()
        yield
        spent = time.thread_time_ns() - begin
        with self._lock:
            self.cpu_ns[name] = self.cpu_ns.get(name, 0) + spent
            self.events[name] = self.events.get(name, 0) + events

    def write(self, path: str) -> None:
        """Writes ``{"stages": {name: {"cpu_ns", "events"}}}``."""
        stages = {
            name: {"cpu_ns": ns, "events": self.events[name]}
            for name, ns in sorted(self.cpu_ns.items())
        }
        Path(path).write_text(json.dumps({"stages": stages}, indent=1) + "\n", "utf-8")
