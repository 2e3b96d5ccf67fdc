"""Measures the service: ``python -m benchmarks.ingest throughput|latency|overload|clients``.

One client process on the same machine, batches of 1,000 simulated requests over kept connections,
against ``apisentinel serve`` with default settings in a process of its own. `throughput` counts
requests that were answered 202, which the service sends after they are on disk. `latency` sends at
a fixed rate and takes the time from the answer to a batch with an attack until the alert arrives on
the WebSocket. `overload` sends many times more than is taken and ignores Retry-After, with the rate
that is taken without overload measured before and after each of ``--turns``, since neighbours on a
shared machine change what is possible. What counts there is what was judged in the end, by the time
until it was: in a short flood more is accepted than is judged, and waits; in a long one the backlog
is full, and no more is accepted than is judged. `clients` sends a few requests of each
of many clients (``--clients``), with the table of clients as it is or larger (``--table``), and
watches memory. Nothing is asserted: the figures tell, and whoever reads them judges.
"""

import argparse
import http.client
import json
import math
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from apisentinel.clock import ManualClock
from apisentinel.pipeline.installation import EVENTS_FOLDER
from apisentinel.simulator import Simulation, plan
from apisentinel.storage.event_database import parts
from apisentinel.storage.events import EventStore
from apisentinel.storage.settings import StorageSettings
from benchmarks import sender
from benchmarks.machine import machine
from benchmarks.measure import PRODUCT, ROOT
from benchmarks.sender import Bodies, packed

BATCH = 1_000
BATCHES = 200
"""Different batches; sent over and over with other event ids."""

WARM_S = 3
"""Sending before anything is measured: first use of everything."""
RATED_S = 20
"""How long the rate without overload is taken."""
OVERLOAD = 10
"""Offered under overload, times of what was taken in without it just before."""
OVERLOAD_CONNECTIONS = 256
COLD_DAYS = 5
FRESH_S = 33
"""Beginning of `latency` that is told apart: at 10,000 requests a second until the profile is
learned once every 262,144 requests.
"""
BEHIND_S = 20
"""How long `latency` waits for the last alerts."""
ROUNDS = 3
"""Requests of each of many clients."""

ATTACK = "/items?id=1%27%20UNION%20SELECT%20password%20FROM%20users--%20"


class Service:
    """A service in a process of its own."""

    def __init__(self, data_dir: Path, settings: str = "") -> None:
        config = data_dir.parent / "settings.toml"
        config.write_text(settings, "utf-8")
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port: int = probe.getsockname()[1]
        self.key = subprocess.run(
            [
                *PRODUCT,
                *["keys", "create", "--name", "b", "--scopes", "ingest,read", "--data-dir"],
                str(data_dir),
            ],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        ).stdout.strip()
        self._command = [
            *[*PRODUCT, "serve", "--data-dir", str(data_dir), "--port", str(self.port)],
            *["--config", str(config)],
        ]
        self.headers = {"Authorization": f"Bearer {self.key}"}
        self.data_dir = data_dir
        self.start()

    def start(self) -> float:
        """Starts it, again after a stop; gives the seconds until it is ready."""
        begin = time.monotonic()
        self.process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, cwd=ROOT)
        while not self._is_ready():
            if self.process.poll() is not None or time.monotonic() - begin > 180:
                raise RuntimeError("the service does not start")
            time.sleep(0.1)
        return time.monotonic() - begin

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5):
                return True
        except OSError:
            return False

    def get(self, path: str) -> Any:
        """A document of the REST API."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", None, self.headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def memory(self) -> dict[str, float]:
        """Memory now and at its peak, MiB."""
        text = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        return {
            name: round(int(re.findall(rf"{name}:\s+(\d+)", text)[0]) / 1024)
            for name in ("VmRSS", "VmHWM")
        }

    def cpu_seconds(self) -> float:
        """CPU time so far."""
        return sender.cpu_seconds(self.process.pid)

    def stop(self) -> float:
        """Ends it; gives the seconds that it took."""
        begin = time.monotonic()
        self.process.terminate()
        self.process.wait(60)
        return time.monotonic() - begin


@contextmanager
def service(settings: str = "") -> Iterator[Service]:
    """A fresh service in a folder on the disk of the working tree, with settings as TOML."""
    with tempfile.TemporaryDirectory(dir=ROOT, prefix=".bench-") as folder:
        running = Service(Path(folder) / "data", settings)
        try:
            yield running
        finally:
            if running.process.poll() is None:
                running.process.kill()
                running.process.wait()


class Sender:
    """One kept connection."""

    def __init__(self, target: Service) -> None:
        self._target = target
        self._connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=120)

    def send(self, body: bytes) -> tuple[int, int]:
        """Status, and accepted requests."""
        try:
            self._connection.request("POST", "/api/v1/events", body, self._target.headers)
            answer = self._connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return 0, 0
        accepted = json.loads(content)["accepted"] if answer.status == 202 else 0
        return answer.status, accepted


def batches() -> list[bytes]:
    """Bodies of 1,000 honest requests without times: those of their arrival count."""
    hours = BATCH * BATCHES / 1000 / 3600 * 1.5
    text: list[bytes] = []
    for block in Simulation(plan(hours, 1000.0, attacks="none", seed=7)).blocks():
        text += block.text.split(b"\n")[:-1]
        if len(text) >= BATCH * BATCHES:
            break
    lines = [re.sub(rb'"ts":("[^"]*"|[0-9.]+),', b"", line) for line in text]
    return [b"\n".join(lines[i : i + BATCH]) for i in range(0, BATCH * BATCHES, BATCH)]


def renamed(body: bytes, name: int) -> bytes:
    """A body whose requests have event ids that were not sent before."""
    return body.replace(b'"event_id":"', b'"event_id":"%d-' % name)


def flood(
    target: Service, bodies: Bodies, seconds: float, connections: int, rate: float = math.inf
) -> dict[str, Any]:
    """Sends as fast as the answers come, over several connections, or at most at a rate."""
    place = sender.Target(target.port, target.key)
    tally = sender.flood(place, bodies, seconds, connections, rate / BATCH)
    return {
        "seconds": round(tally.seconds, 1),
        "connections": connections,
        "offered_per_s": round(sum(tally.codes.values()) * BATCH / tally.seconds),
        "accepted_per_s": round(tally.codes.get(202, 0) * BATCH / tally.seconds),
        "answers": dict(sorted(tally.codes.items())),
        "answer_ms": quantiles(tally.waits),
        "refusal_ms": quantiles(tally.refusals),
    }


def quantiles(seconds: list[float]) -> dict[str, float]:
    """Median, 99th percentile and maximum in milliseconds."""
    if len(seconds) < 2:
        return {}
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    picked = {"p50": cuts[49], "p99": cuts[98], "max": max(seconds)}
    return {name: round(value * 1000, 1) for name, value in picked.items()}


def settled(target: Service, seconds: float = 120) -> dict[str, Any]:
    """Waits until everything accepted is judged; gives the books."""
    begin = time.monotonic()
    while time.monotonic() - begin < seconds:
        overview = target.get("/api/v1/overview")
        if overview["lag_seconds"] == 0 and overview["judged"] >= overview["counters"]["accepted"]:
            break
        time.sleep(0.2)
    return {
        "counters": overview["counters"],
        "judged": overview["judged"],
        "conservation": overview["conservation"],
        "behind_s": round(time.monotonic() - begin, 1),
    }


def throughput(target: Service, options: argparse.Namespace) -> dict[str, Any]:
    """Accepted requests per second."""
    with packed(batches(), 10**9) as bodies:
        flood(target, bodies, WARM_S, options.connections)
        cpu, own = target.cpu_seconds(), bodies.cpu_seconds()
        found = flood(target, bodies, options.seconds, options.connections)
        found["client_cores"] = round((bodies.cpu_seconds() - own) / found["seconds"], 2)
    found["service_cores"] = round((target.cpu_seconds() - cpu) / found["seconds"], 2)
    found["memory_mib"] = target.memory()
    found |= settled(target)
    found["cpu_us_per_accepted"] = per_row(target.cpu_seconds(), found["judged"])
    found["first_stop_s"] = round(target.stop(), 1)
    return found | {"cold_bytes_per_event": cold_bytes(target.data_dir)}


def cold_bytes(data_dir: Path) -> float:
    """Bytes of a stored event once its day has become a Parquet file."""
    clock = ManualClock(time.time_ns() // 1000 + COLD_DAYS * 86_400_000_000)
    store = EventStore(data_dir / EVENTS_FOLDER, StorageSettings(), clock)
    try:
        store.maintain(at_once=True)
        with store.database.cursor() as cursor:
            files = parts(cursor)
    finally:
        store.close()
    return round(sum(part.bytes for part in files) / max(1, sum(part.rows for part in files)), 1)


def per_row(seconds: float, rows: int) -> float:
    """CPU per request, µs."""
    return round(seconds / rows * 1e6, 1)


def overload(target: Service, options: argparse.Namespace) -> dict[str, Any]:
    """Goodput, memory and books while ten times more is sent than is taken."""
    memory: list[float] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(1):
            memory.append(target.memory()["VmRSS"])

    with packed(batches(), 10**9) as bodies:

        def phase(seconds: float, connections: int, rate: float = math.inf) -> dict[str, Any]:
            settled(target)
            cpu, own, begin = target.cpu_seconds(), bodies.cpu_seconds(), time.monotonic()
            found = flood(target, bodies, seconds, connections, rate)
            client = bodies.cpu_seconds() - own
            behind = settled(target)["behind_s"]
            accepted = max(1, found["answers"].get(202, 0) * BATCH)
            found["behind_s"] = behind
            found["judged_per_s"] = round(accepted / (time.monotonic() - begin))
            found["cpu_us_per_accepted"] = per_row(target.cpu_seconds() - cpu, accepted)
            found["client_cores"] = round(client / found["seconds"], 2)
            return found

        flood(target, bodies, WARM_S, options.connections)
        watcher = threading.Thread(target=watch)
        watcher.start()
        rated = [phase(RATED_S, options.connections)]
        over = []
        for _ in range(options.turns):
            rate = rated[-1]["judged_per_s"] * OVERLOAD
            over.append(phase(options.seconds / options.turns, OVERLOAD_CONNECTIONS, rate))
            rated.append(phase(RATED_S, options.connections))
    done.set()
    watcher.join()
    step = max(1, len(memory) // 10)

    def shares(rate: str) -> list[float]:
        """Rates under overload of the mean of those before and after."""
        means = [(rated[k][rate] + rated[k + 1][rate]) / 2 for k in range(len(over))]
        return [round(part[rate] / mean, 2) for part, mean in zip(over, means, strict=True)]

    return {
        "rated": rated,
        "overload": over,
        "goodput_of_rated": shares("judged_per_s"),
        "accepted_of_rated": shares("accepted_per_s"),
        "offered_of_rated": [
            round(2 * part["offered_per_s"] / (before["judged_per_s"] + after["judged_per_s"]), 1)
            for part, before, after in zip(over, rated, rated[1:], strict=False)
        ],
        "memory_mib_over_time": memory[::step],
        "memory_mib": target.memory(),
    } | settled(target)


def one_each(first: int, round_: int) -> bytes:
    """A body with one request of each of 1,000 clients."""
    lines = []
    for n in range(first, first + BATCH):
        address = f"{20 + (n >> 16 & 63)}.{n >> 8 & 255}.{n & 255}.{n % 251}"
        lines.append(
            f'{{"event_id":"c{round_}-{n}","method":"GET","url":"/items/{n * 7 % 5_000}",'
            f'"status":200,"response_bytes":{n % 900},"client_ip":"{address}",'
            '"user_agent":"Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}'
        )
    return "\n".join(lines).encode()


def clients(target: Service, options: argparse.Namespace) -> dict[str, Any]:
    """Memory with many clients that each send a request now and then."""
    lock = threading.Lock()
    memory = []
    begin = time.monotonic()
    for round_ in range(ROUNDS):
        waiting = iter(range(0, options.clients, BATCH))

        def work(waiting: Iterator[int] = waiting, round_: int = round_) -> None:
            sender = Sender(target)
            while True:
                with lock:
                    first = next(waiting, None)
                if first is None:
                    return
                body = one_each(first, round_)
                while sender.send(body)[0] != 202:
                    time.sleep(0.2)

        threads = [threading.Thread(target=work) for _ in range(options.connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        settled(target)
        memory.append(target.memory())
    took = time.monotonic() - begin
    time.sleep(15)  # a checkpoint of all of it
    found = {
        "clients": options.clients,
        "table": options.table,
        "requests_of_each": ROUNDS,
        "seconds": round(took, 1),
        "memory_mib_after_each_round": memory,
        "memory_mib": target.memory(),
        "remembered": target.get("/api/v1/entities?kind=client&limit=1")["total"],
    } | settled(target)
    found["first_stop_s"] = round(target.stop(), 1)
    found["start_again_s"] = round(target.start(), 1)
    again = settled(target)
    return found | {
        "memory_mib_after_restart": target.memory(),
        "judged_after_restart": again["judged"],
        "behind_after_restart_s": again["behind_s"],
        "remembered_after_restart": target.get("/api/v1/entities?kind=client&limit=1")["total"],
    }


class Alerts:
    """When the alert of each client of an attack arrived on the WebSocket."""

    def __init__(self, target: Service) -> None:
        self.seen: dict[str, float] = {}
        self.problem = ""
        self._target = target
        self._done = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(30)
        return self

    def __exit__(self, *_problem: object) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            with connect(
                f"ws://127.0.0.1:{self._target.port}/api/v1/stream?topics=alerts",
                additional_headers=self._target.headers,
                max_size=1 << 24,
            ) as stream:
                self._ready.set()
                self._listen(stream)
        except (OSError, WebSocketException) as problem:
            self.problem = repr(problem)

    def _listen(self, stream: ClientConnection) -> None:
        while not self._done.is_set():
            try:
                message = json.loads(stream.recv(timeout=1))
            except TimeoutError:
                continue
            now = time.monotonic()
            for item in message.get("items", ()):
                for client in re.findall(r"198\.18\.\d+\.\d+", json.dumps(item.get("entity", ""))):
                    self.seen.setdefault(client, now)


def attacked(body: bytes, number: int) -> tuple[bytes, str]:
    """A body with an attack of a client of its own in its middle, and the client."""
    client = f"198.18.{number // 250 % 250}.{number % 250}"
    fields = {"event_id": f"a{number}", "method": "GET", "url": ATTACK, "client_ip": client}
    lines = renamed(body, number).split(b"\n")
    lines[len(lines) // 2] = json.dumps(fields).encode()
    return b"\n".join(lines), client


def paced(
    target: Service, bodies: list[bytes], numbers: range, options: argparse.Namespace
) -> tuple[dict[str, float], float]:
    """Sends attacks at a fixed rate; when each was answered, and the worst delay of the sender."""
    answered: dict[str, float] = {}
    late = [0.0]
    waiting = iter(numbers)
    lock = threading.Lock()
    begin = time.monotonic()

    def work() -> None:
        sender = Sender(target)
        while True:
            with lock:
                number = next(waiting, None)
            if number is None:
                return
            body, client = attacked(bodies[number % len(bodies)], number)
            due = begin + (number - numbers.start) * BATCH / options.rate
            time.sleep(max(0.0, due - time.monotonic()))
            late[0] = max(late[0], time.monotonic() - due)
            if sender.send(body)[0] == 202:
                answered[client] = time.monotonic()

    threads = [threading.Thread(target=work) for _ in range(options.connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answered, late[0]


def latency(target: Service, options: argparse.Namespace) -> dict[str, Any]:
    """Time from the answer to a batch with an attack until its alert is on the WebSocket.

    What is learned of an API is learned often in the beginning, so the first `FRESH_S` seconds are
    told apart.
    """
    bodies = batches()
    fresh = int(FRESH_S * options.rate / BATCH)
    whole = fresh + int(options.seconds * options.rate / BATCH)
    with Alerts(target) as alerts:
        first, _ = paced(target, bodies, range(fresh), options)
        cpu, begin = target.cpu_seconds(), time.monotonic()
        answered, late = paced(target, bodies, range(fresh, whole), options)
        cores = (target.cpu_seconds() - cpu) / (time.monotonic() - begin)
        end = time.monotonic() + BEHIND_S
        while len(alerts.seen) < len(first) + len(answered) and time.monotonic() < end:
            time.sleep(0.1)

    def delays(sent: dict[str, float]) -> list[float]:
        # an alert may overtake the answer; it then took no time at all
        return [
            max(0.0, alerts.seen[name] - at) for name, at in sent.items() if name in alerts.seen
        ]

    return {
        "rate_per_s": options.rate,
        "attacks_answered": len(answered),
        "alerts_seen": len(delays(answered)),
        "answer_to_alert_ms": quantiles(delays(answered)),
        "answer_to_alert_ms_when_fresh": quantiles(delays(first)),
        "stream": alerts.problem,
        "sender_late_ms": round(late * 1000),
        "service_cores": round(cores, 2),
        "cpu_us_per_accepted": round(cores / options.rate * 1e6, 1),
        "memory_mib": target.memory(),
    } | settled(target)


PARTS: dict[str, Callable[[Service, argparse.Namespace], dict[str, Any]]] = {
    "throughput": throughput,
    "latency": latency,
    "overload": overload,
    "clients": clients,
}


def main() -> None:
    """Runs the parts that were asked for and prints what they found as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=list(PARTS))
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=float, default=10_000)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--turns", type=int, default=1, help="parts that overload is cut into")
    parser.add_argument("--clients", type=int, default=1_000_000)
    parser.add_argument("--table", type=int, default=0, help="clients remembered; 0: as usual")
    options = parser.parse_args()
    table = f"[detection.state]\nclients = {options.table}\n" if options.table else ""
    found: dict[str, Any] = {"machine": machine()}
    for name in options.parts or list(PARTS):
        with service(table if name == "clients" else "") as target:
            found[name] = PARTS[name](target, options)
            found[name]["stop_s"] = round(target.stop(), 1)
    json.dump(found, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
