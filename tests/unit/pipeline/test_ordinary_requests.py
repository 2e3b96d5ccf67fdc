"""Ordinary requests cost no Python: how many calls a scan makes does not follow the lines."""

import random
import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

from apisentinel.pipeline import ScanSettings, scan

PAGES = ("/", "/shop", "/shop/items/7", "/shop/items/9", "/cart", "/about", "/api/v1/news")
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
FEW, MANY = 8_000, 40_000
MOST_CALLS = 0.6
"""Calls per further line, most of them where a window ends. Judging each line would cost fifty.
"""


def honest(lines: int) -> bytes:
    """People who come, read six pages and go; one request a second in all."""
    draw, out = random.Random(5), []
    readers, left, newest = list(range(12)), [6] * 12, 12
    for number in range(lines):
        place = draw.randrange(12)
        person = readers[place]
        left[place] -= 1
        if not left[place]:
            readers[place], left[place], newest = newest, 6, newest + 1
        hours, rest = divmod(number, 3_600)
        out.append(
            f"198.18.{person // 250}.{person % 250 + 1} - -"
            f" [02/Nov/2026:{hours:02d}:{rest // 60:02d}:{rest % 60:02d} +0000]"
            f' "GET {draw.choice(PAGES)} HTTP/1.1" 200 {900 + 13 * person % 700} "-" "{AGENT}"\n'
        )
    return "".join(out).encode()


def calls(path: Path) -> Counter[str]:
    """Functions that a scan called in the thread that judges, by name."""
    seen: Counter[str] = Counter()

    def note(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            seen[frame.f_code.co_qualname] += 1
        elif event == "c_call":
            seen[getattr(argument, "__qualname__", "C")] += 1

    sys.setprofile(note)
    try:
        report = scan([str(path)], ScanSettings(threads=1)).report
    finally:
        sys.setprofile(None)
    assert not report.incidents
    return seen


def test_ordinary_requests_cost_no_python(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    counts = []
    for lines in (FEW, FEW, MANY):  # the first one also links kernels
        log.write_bytes(honest(lines))
        counts.append(calls(log))
    _, few, many = counts
    more = many - few
    assert more.total() < MOST_CALLS * (MANY - FEW), more.most_common(8)
