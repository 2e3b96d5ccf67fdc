"""What the middleware of `agents/python` adds to a request, in the process of the application.

The same requests go through three copies of an application, two without the middleware and one with
it, in changing order, at a steady rate, while the sender posts to a collector in another process.
Each request is compared with its neighbour: added in the middle is the median of the differences;
added at the end is the difference of the 99th percentiles, the median of those of many rounds, so
that a neighbour that takes the machine for a while spoils a round and not the figure. The second
copy without the middleware tells what such figures are worth: what it adds is noise. CPU is that of
the thread of the request, which neighbours change least; it leaves out waiting for the sender.

    .venv/bin/python -m benchmarks.agent_overhead [--rounds 12] [--requests 1500] [--rate 1000]
"""

import argparse
import asyncio
import gc
import io
import multiprocessing
import sys
import time
from collections.abc import Awaitable, Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from fastapi import FastAPI
from flask import Flask

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "agents" / "python" / "src"))

from apisentinel_agent import Agent
from apisentinel_agent.asgi import SentinelMiddleware as Asgi
from apisentinel_agent.flask import protect

BUDGET_MS = {"p50": 0.1, "p99": 0.3}
"""What may be added to a request."""

HEADERS = {
    "host": "shop.example",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0",
    "accept": "application/json",
    "accept-language": "en,de;q=0.8",
    "accept-encoding": "gzip, deflate, br",
    "authorization": "Bearer " + "x" * 200,
    "cookie": "sessionid=" + "y" * 32 + "; theme=dark; consent=1",
    "referer": "https://shop.example/products?category=4",
    "x-forwarded-for": "198.51.100.7",
    "x-request-id": "6a1de1d3-3f3f-4c83-a6a5-0e6b4c6f0c2a",
}


def collect(ports: Any) -> None:
    """A collector that takes everything; the body of its process."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(202)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            """Keeps quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ports.put(server.server_address[1])
    server.serve_forever()


async def fastapi_calls(agent: Agent) -> tuple[Callable[[], Awaitable[None]], ...]:
    """One request to a FastAPI application, without and with the middleware."""
    app = FastAPI()

    @app.get("/orders/{number}")
    async def order(number: int) -> dict[str, int]:
        return {"order": number}

    sent = [(name.encode(), value.encode()) for name, value in HEADERS.items()]

    def call(target: Any) -> Callable[[], Awaitable[None]]:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(_message: Any) -> None:
            return

        async def once() -> None:
            scope = {
                "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
                "scheme": "http", "path": "/orders/7", "raw_path": b"/orders/7", "root_path": "",
                "query_string": b"q=1&page=2", "headers": list(sent), "client": ("127.0.0.1", 9),
                "server": ("127.0.0.1", 80), "state": {},
            }  # fmt: skip
            await target(scope, receive, send)

        return once

    return call(app), call(app), call(Asgi(app, agent))


def environ() -> dict[str, Any]:
    """A request as a server hands it to a WSGI application."""
    fields = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in HEADERS.items()}
    return fields | {
        "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": "/orders/7",
        "QUERY_STRING": "q=1&page=2", "RAW_URI": "/orders/7?q=1&page=2",
        "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1", "wsgi.version": (1, 0), "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr, "wsgi.multithread": True,
        "wsgi.multiprocess": True, "wsgi.run_once": False,
    }  # fmt: skip


async def flask_calls(agent: Agent) -> tuple[Callable[[], Awaitable[None]], ...]:
    """One request to a Flask application, without and with the middleware."""

    def made() -> Flask:
        app = Flask("benchmark")

        @app.get("/orders/<int:number>")
        def order(number: int) -> dict[str, int]:
            return {"order": number}

        return app

    def call(app: Flask) -> Callable[[], Awaitable[None]]:
        async def once() -> None:
            answer = app.wsgi_app(environ(), lambda *_: lambda _piece: None)
            for _ in answer:
                pass
            answer.close()  # type: ignore[attr-defined]  # urlopen's answer is untyped

        return once

    watched = made()
    protect(watched, agent)
    return call(made()), call(made()), call(watched)


async def django_calls(agent: Agent) -> tuple[Callable[[], Awaitable[None]], ...]:
    """One request to a Django application under WSGI, without and with the middleware."""
    django = import_module("django")  # settings come first, and it has no types
    settings = import_module("django.conf").settings
    handler = import_module("django.core.handlers.wsgi").WSGIHandler
    answer_of = import_module("django.http").JsonResponse
    path = import_module("django.urls").path
    watching: Any = import_module("apisentinel_agent.django")

    def order(_request: Any, number: int) -> Any:
        return answer_of({"order": number})

    settings.configure(
        SECRET_KEY="benchmark",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=type("urls", (), {"urlpatterns": [path("orders/<int:number>", order)]}),
        MIDDLEWARE=[],
        LOGGING_CONFIG=None,
    )
    django.setup()
    watching._AGENT = agent  # noqa: SLF001 (the middleware makes its own otherwise)

    def call(app: Any) -> Callable[[], Awaitable[None]]:
        async def once() -> None:
            answer = app(environ(), lambda *_: lambda _piece: None)
            for _ in answer:
                pass
            answer.close()

        return once

    bare, again = handler(), handler()
    settings.MIDDLEWARE = ["apisentinel_agent.django.SentinelMiddleware"]
    return call(bare), call(again), call(handler())


async def measure(
    calls: tuple[Callable[[], Awaitable[None]], ...], count: int, rate: float
) -> np.ndarray:
    """Time and CPU of each request, ms, ``(2, applications, requests)``; they take turns."""
    times = np.zeros((2, len(calls), count))
    begin = time.perf_counter()
    for number in range(count):
        pause = begin + number / rate - time.perf_counter()
        if pause > 0:
            await asyncio.sleep(pause)
        for place in range(len(calls)):
            which = (number + place) % len(calls)
            start, used = time.perf_counter(), time.thread_time()
            await calls[which]()
            ends = time.perf_counter() - start, time.thread_time() - used
            times[:, which, number] = np.array(ends) * 1e3
    return times


def added(bare: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """What one side adds to another, ms: in the middle and at the 99th percentile.

    Args:
        bare: ``(rounds, requests)``.
        other: The same of the other side.
    """
    ends = np.quantile(other, 0.99, axis=1) - np.quantile(bare, 0.99, axis=1)
    return float(np.median(other - bare)), float(np.median(ends))


async def run(rounds: int, count: int, rate: float, url: str) -> bool:
    """Prints the table; True when all budgets are kept."""
    kept = True
    print(f"{'':23} {'p50 ms':>8} {'p99 ms':>8}")
    makers = (("FastAPI", fastapi_calls), ("Flask", flask_calls), ("Django", django_calls))
    for name, make in makers:
        agent = Agent(url=url, key="k", batch_records=500)
        calls = await make(agent)
        await measure(calls, count, rate)
        gc.collect()
        rows = [await measure(calls, count, rate) for _ in range(rounds)]
        for what, times in zip(("time", "CPU"), np.stack(rows, axis=2), strict=True):
            ends = np.median(np.quantile(times[0], 0.99, axis=1))
            print(f"{name:8} {what:5} {'without':8} {np.median(times[0]):8.3f} {ends:8.3f}")
            for label, other in (("noise", times[1]), ("added", times[2])):
                found = added(times[0], other)
                print(f"{name:8} {what:5} {label:8} {found[0]:8.3f} {found[1]:8.3f}")
            kept = kept and found[0] <= BUDGET_MS["p50"] and found[1] <= BUDGET_MS["p99"]
        print(f"{name:8} {agent.stats()}")
        agent.close()
    print("within" if kept else "above", f"the budget: {BUDGET_MS}")
    return kept


def main() -> int:
    """Measures; 1 when a budget is not kept."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--requests", type=int, default=1_500, help="of each round")
    parser.add_argument("--rate", type=float, default=1000.0, help="requests per second")
    given = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    ports = context.Queue()
    process = context.Process(target=collect, args=(ports,), daemon=True)
    process.start()
    try:
        url = f"http://127.0.0.1:{ports.get()}"
        kept = asyncio.run(run(given.rounds, given.requests, given.rate, url))
    finally:
        process.terminate()
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
