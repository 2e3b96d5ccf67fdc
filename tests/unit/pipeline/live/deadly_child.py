"""A service whose judge dies at some requests: ``deadly_child serve DATA_DIR WAY``, or ``trial``.

A path with ``/deadly`` ends the process, two with ``/pair`` in one block do, and one with ``/slow``
takes a while, about which it says so. One with ``/endless`` is never judged, neither by the service
nor in a trial.
"""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from tests.unit.pipeline.live.kill_child import say, settings
from tests.unit.pipeline.live.live_traffic import body, requests

from apisentinel.pipeline.live import trial
from apisentinel.pipeline.live.engine import LiveEngine
from apisentinel.pipeline.service import Service

ROWS = 120
BAD = (60, 63)
"""Places of the requests that are special, from 0."""
SLOW_S = 1.0
ENDLESS_S = 3_600.0
HANGS_S = 2.0
"""Long enough for a block of honest rows of a test."""

honest = LiveEngine.advance


def advance(self: LiveEngine, block: Any, first_seq: int) -> Any:
    paths = [block.batch.text("path", row) or b"" for row in range(len(block.batch))]
    if any(b"/deadly" in path for path in paths) or sum(b"/pair" in path for path in paths) > 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if any(b"/slow" in path for path in paths):
        if sys.argv[1] == "serve":
            say("slow")
        time.sleep(SLOW_S)
    if any(b"/endless" in path for path in paths):
        if sys.argv[1] == "serve":
            say("slow")
        time.sleep(ENDLESS_S)
    return honest(self, block, first_seq)


def rows(way: str) -> list[dict[str, Any]]:
    out = requests(ROWS, seed=3)
    for place in BAD:
        out[place]["path"] = f"/{way}/{place}"
    return out


def main() -> int:
    LiveEngine.advance = advance  # type: ignore[method-assign]  # some rows end this process
    if sys.argv[1] == "trial":
        return trial.main()
    trial.HANGS_S = HANGS_S  # type: ignore[misc]  # a test cannot wait for as long
    trial.COMMAND[:] = [sys.executable, "-m", "tests.unit.pipeline.live.deadly_child", "trial"]
    service = Service(settings(Path(sys.argv[2])))
    service.start()
    service.door.submit_requests(body(rows(sys.argv[3])), source="http", idempotency="once")
    say("sent")
    assert service.runtime.drain(60)
    if service.stop(60):
        say("done")
    return 0


if __name__ == "__main__":
    sys.exit(main())
