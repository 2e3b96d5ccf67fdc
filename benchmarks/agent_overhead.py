"""What the middleware of `agents/python` adds to a request, in the process of the application.

The same requests go through an application with and without the middleware, in turn, at a steady
rate, while the sender posts to a collector in another process. Added = difference of the quantiles.

    .venv/bin/python -m benchmarks.agent_overhead [--seconds 10] [--rate 1000]
"""

import argparse
import asyncio
import gc
import multiprocessing
import sys
import time
from collections.abc import Awaitable, Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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

    return call(app), call(Asgi(app, agent))


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
            fields = {f"HTTP_{name.upper().replace('-', '_')}": v for name, v in HEADERS.items()}
            environ = fields | {
                "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": "/orders/7",
                "QUERY_STRING": "q=1&page=2", "RAW_URI": "/orders/7?q=1&page=2",
                "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
                "REMOTE_ADDR": "127.0.0.1", "wsgi.version": (1, 0), "wsgi.url_scheme": "http",
                "wsgi.input": None, "wsgi.errors": sys.stderr, "wsgi.multithread": True,
                "wsgi.multiprocess": True, "wsgi.run_once": False,
            }  # fmt: skip
            answer = app.wsgi_app(environ, lambda *_: lambda _piece: None)
            for _ in answer:
                pass
            answer.close()  # type: ignore[attr-defined]  # urlopen's answer is untyped

        return once

    watched = made()
    protect(watched, agent)
    return call(made()), call(watched)


async def measure(
    calls: tuple[Callable[[], Awaitable[None]], ...], seconds: float, rate: float
) -> list[np.ndarray]:
    """Milliseconds of each request, by application; the two take turns."""
    count = int(seconds * rate)
    times = [np.zeros(count) for _ in calls]
    begin = time.perf_counter()
    for number in range(count):
        pause = begin + number / rate - time.perf_counter()
        if pause > 0:
            await asyncio.sleep(pause)
        turns = list(zip(calls, times, strict=True))
        for call, row in turns if number % 2 else reversed(turns):
            start = time.perf_counter()
            await call()
            row[number] = (time.perf_counter() - start) * 1e3
    return times


async def run(seconds: float, rate: float, url: str) -> bool:
    """Prints the table; True when all budgets are kept."""
    kept = True
    print(f"{'framework':10} {'':10} {'p50 ms':>8} {'p99 ms':>8}")
    for name, make in (("FastAPI", fastapi_calls), ("Flask", flask_calls)):
        agent = Agent(url=url, key="k", batch_records=500)
        calls = await make(agent)
        await measure(calls, 1, rate)
        gc.collect()
        bare, watched = await measure(calls, seconds, rate)
        for label, row in (("without", bare), ("with", watched)):
            p50, p99 = np.quantile(row, [0.5, 0.99])
            print(f"{name:10} {label:10} {p50:8.3f} {p99:8.3f}")
        added = np.quantile(watched, [0.5, 0.99]) - np.quantile(bare, [0.5, 0.99])
        print(f"{name:10} {'added':10} {added[0]:8.3f} {added[1]:8.3f}   {agent.stats()}")
        kept = kept and added[0] <= BUDGET_MS["p50"] and added[1] <= BUDGET_MS["p99"]
        agent.close()
    print("within" if kept else "above", f"the budget: {BUDGET_MS}")
    return kept


def main() -> int:
    """Measures; 1 when a budget is not kept."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=1000.0, help="requests per second")
    given = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    ports = context.Queue()
    process = context.Process(target=collect, args=(ports,), daemon=True)
    process.start()
    try:
        url = f"http://127.0.0.1:{ports.get()}"
        kept = asyncio.run(run(given.seconds, given.rate, url))
    finally:
        process.terminate()
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
