"""Measures the way through the door without the disk: ``python -m benchmarks.door [--seconds S]``.

One thread submits batches of 1,000 realistic requests (browser headers, cookies or bearer tokens,
JSON bodies, logins with passwords): parsing, times, redaction, deduplication and the codec are in
the figure, compression and fsync are not. Parts are measured on their own as well.
"""

import argparse
import json
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.clock import SystemClock
from apisentinel.kernels.hashing import HashKey
from apisentinel.parsers.json_requests import parse_requests
from apisentinel.pipeline.door.counters import Counters
from apisentinel.pipeline.door.door import Door
from apisentinel.pipeline.door.redaction import door_redactor
from apisentinel.pipeline.door.settings import DoorSettings
from apisentinel.records.codec import decode_batch, encode_batch
from apisentinel.storage.base import Committed, JournalEntry
from apisentinel.storage.dedup import DedupTable

ROWS = 1000
BATCHES = 20
AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0"
    " Safari/537.36"
)


class NoJournal:
    """Takes everything at once and keeps nothing."""

    first_offset = 1
    last_offset = 0
    last_seq = 0
    bytes_used = 0

    def append(self, entry: JournalEntry) -> "Future[Committed]":
        """Confirms a batch."""
        self.last_offset += 1
        self.last_seq += entry.count
        future: Future[Committed] = Future()
        future.set_result(Committed(self.last_offset, self.last_seq))
        return future

    def seen_idempotency(self, digest: bytes) -> bytes | None:
        """Nothing is known."""
        del digest
        return None

    def recent_event_ids(self, window: int) -> Iterator[npt.NDArray[np.uint64]]:
        """Nothing is known."""
        del window
        return iter(())


def request(rng: random.Random, number: int) -> bytes:
    """One request as a line."""
    headers = {"User-Agent": AGENT, "Accept": "*/*", "Accept-Language": "en-US,en;q=0.9"}
    if number % 2:
        headers["Authorization"] = f"Bearer eyJhbGciOiJIUzI1NiJ9.eyJ{rng.getrandbits(160):040x}.x"
    else:
        headers["Cookie"] = f"_ga=GA1.2.{rng.getrandbits(30)}; session={rng.getrandbits(128):032x}"
    fields = {
        "event_id": f"e{rng.getrandbits(64):016x}",
        "ts": 1_700_000_000_000 + number,
        "method": "GET",
        "url": f"/api/v1/orders/{rng.randrange(10**6)}?expand=items&page={number % 7}",
        "host": "shop.example",
        "status": 200,
        "response_bytes": 1234,
        "duration_us": 4567,
        "client_ip": f"203.0.113.{number % 250}",
        "user_id": f"u{number % 500}",
        "headers": headers,
    }
    if number % 20 == 0:
        login = {"user": f"a{number}", "password": f"P@ss w0rd'{rng.randrange(1000)}"}
        fields |= {"method": "POST", "url": "/login", "request_body": json.dumps(login)}
    elif number % 5 == 0:
        fields["request_body"] = json.dumps(
            {"items": [{"sku": rng.randrange(10**6)}], "note": "please ring the bell"}
        )
    return json.dumps(fields).encode()


def microseconds(work: Callable[[int], object], seconds: float) -> float:
    """Time per row in µs; `work` handles the batch of its number."""
    count = 0
    begin = time.perf_counter()
    while time.perf_counter() - begin < seconds:
        work(count % BATCHES)
        count += 1
    return (time.perf_counter() - begin) / count / ROWS * 1e6


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="time for each figure")
    seconds = parser.parse_args().seconds
    rng = random.Random(1)
    bodies = [b"\n".join(request(rng, n) for n in range(ROWS)) for _ in range(BATCHES)]
    settings = DoorSettings(backlog_bytes=1 << 40)
    key = HashKey(1, 2)
    redactor = door_redactor(settings, key)
    assert redactor is not None
    journal: Any = NoJournal()
    door = Door(
        settings, journal, DedupTable(1 << 20), Counters(), redactor, None, SystemClock(),
        key=key,
    )  # fmt: skip
    batches = [parse_requests(body).batch for body in bodies]
    encoded = [encode_batch(batch) for batch in batches]

    def through(k: int) -> None:
        receipt = door.submit_requests(bodies[k], source="benchmark")
        door.judged(receipt.offset or 0)
        if k == BATCHES - 1:
            door._dedup._table = DedupTable(1 << 20)  # noqa: SLF001 (the same events again)

    figures = {
        "parse": microseconds(lambda k: parse_requests(bodies[k]), seconds),
        "parse + redact": microseconds(
            lambda k: redactor.apply(parse_requests(bodies[k]).batch), seconds
        ),
        "encode": microseconds(lambda k: encode_batch(batches[k]), seconds),
        "decode": microseconds(lambda k: decode_batch(encoded[k]), seconds),
        "Door.submit_requests": microseconds(through, seconds),
    }
    size = sum(map(len, bodies)) / BATCHES / ROWS
    print(f"{size:.0f} bytes a request, {sum(map(len, encoded)) / BATCHES / ROWS:.0f} encoded")
    for name, value in figures.items():
        print(f"{name:24} {value:7.2f} µs/row {1e6 / value:12,.0f} rows/s")


if __name__ == "__main__":
    main()
