"""A collector that keeps what it gets, and misbehaves when it is told to."""

import gzip
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATIENCE_S = 20.0


class Collector:
    """Answers ``POST /api/v1/events`` on a free port of this machine."""

    def __init__(self):
        self.batches = {}
        """Lines by idempotency key."""
        self.tries = []
        """Headers of every request."""
        self.plan = []
        """Answers to come: a status, or (status, headers); when it is empty, 202."""
        self.always = None
        """An answer that is given for ever."""
        self.hang = threading.Event()
        """While it is set, requests are read and not answered."""
        self._changed = threading.Condition()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                collector.handle(self)

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # clients that leave are part of the tests

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.hang.clear()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def handle(self, request):
        body = request.rfile.read(int(request.headers["Content-Length"]))
        while self.hang.is_set():
            time.sleep(0.01)
        answer = self.always or (self.plan.pop(0) if self.plan else 202)
        status, headers = answer if isinstance(answer, tuple) else (answer, {})
        lines = [json.loads(line) for line in gzip.decompress(body).splitlines()]
        content = b"{}"
        with self._changed:
            self.tries.append((request.path, dict(request.headers), len(lines)))
            if status == 202:
                self.batches.setdefault(request.headers["Idempotency-Key"], lines)
                content = json.dumps(
                    {"accepted": len(lines), "deduplicated": 0, "rejected": []}
                ).encode()
            self._changed.notify_all()
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    @property
    def records(self):
        """All requests that were reported, in order of arrival."""
        return [record for lines in list(self.batches.values()) for record in lines]

    def wait(self, count):
        """The records, as soon as there are so many."""
        self.until(lambda: len(self.records) >= count)
        return self.records

    def until(self, claim):
        """Waits until a claim holds."""
        with self._changed:
            assert self._changed.wait_for(claim, PATIENCE_S), f"got {len(self.records)} records"
