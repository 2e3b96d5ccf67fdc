"""The agent and the real service: what the application serves is what the service has judged."""

import http.client
import json
import os
import select
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.deploy.test_monitoring import FAMILIES

COMMAND = [sys.executable, "-m", "apisentinel"]
PATIENCE_S = 90
"""A cold start compiles kernels."""


class Service:
    """A service in a process of its own, on a port that outlives it."""

    def __init__(self, folder):
        self.folder = folder
        self.port = 0
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [*COMMAND, "serve", "--data-dir", str(self.folder), "--port", str(self.port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={k: v for k, v in os.environ.items() if not k.startswith("APISENTINEL_AGENT")},
        )
        while not self.port:
            ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE_S)
            line = self.process.stdout.readline() if ready else ""
            assert line, "the service did not start"
            if "http://" in line:
                self.port = int(line.partition("http://")[2].partition("/")[0].rpartition(":")[2])
        self.url = f"http://127.0.0.1:{self.port}"
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self.get("/readyz")
            except OSError:
                assert time.monotonic() < deadline, "the service is not ready"
                time.sleep(0.05)

    def stop(self, *, kill=False):
        if self.process is not None:
            (self.process.kill if kill else self.process.terminate)()
            self.process.wait(30)
            self.process.stdout.close()
            self.process = None

    def key(self, scopes):
        options = ["--data-dir", str(self.folder), "--name", "test", "--scopes", scopes]
        done = subprocess.run(
            [*COMMAND, "keys", "create", *options],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout.strip()

    def get(self, path, key=""):
        request = urllib.request.Request(self.url + path)
        if key:
            request.add_header("Authorization", f"Bearer {key}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()

    def until(self, path, key, claim):
        """The answer, as soon as a claim about it holds."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            found = json.loads(self.get(path, key))
            if claim(found):
                return found
            assert time.monotonic() < deadline, found
            time.sleep(0.05)


@pytest.fixture
def service(tmp_path):
    made = Service(tmp_path / "data")
    try:
        made.start()
        yield made
    finally:
        made.stop(kill=True)


def calls(app, paths, **headers):
    """Statuses of some requests over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=30)
    statuses = []
    for path in paths:
        connection.request("GET", path, headers=headers)
        with connection.getresponse() as answer:
            answer.read()
            statuses.append(answer.status)
    connection.close()
    return statuses


def test_requests_arrive_with_what_the_framework_knows(service, start):
    read = service.key("read")
    app = start("fastapi_app", service.url, key=service.key("ingest"), service="shop")
    cookie = "sessionid=abcdef"
    attack = "/orders/5?sort=1%27%20UNION%20SELECT%20password%20FROM%20users--"
    calls(app, ["/orders/3?q=1", attack], Cookie=cookie, Authorization="Bearer topsecret")
    found = service.until("/api/v1/events", read, lambda page: page["total"] == 2)["items"]
    by_path = {item["path"]: item for item in found}
    harmless, hostile = by_path["/orders/3"], by_path["/orders/5"]
    assert harmless["user"] == "user-3"
    assert harmless["status"] == 200
    assert harmless["client"] == "127.0.0.1"
    assert harmless["session"] == hostile["session"] not in {None, "", "abcdef"}
    assert harmless["risk"] < hostile["risk"]
    assert "sqli" in hostile["attack_types"]
    assert "topsecret" not in json.dumps(found)
    names = {
        line.split()[2]
        for line in service.get("/metrics").decode().splitlines()
        if line.startswith("# TYPE apisentinel_")
    }
    derived = {f"{name}{part}" for name in names for part in ("_bucket", "_sum", "_count")}
    assert names <= set(FAMILIES) <= names | derived


def test_a_service_that_is_killed_under_load_gets_every_request_once(service, start):
    read = service.key("read")
    options = {"key": service.key("ingest"), "backoff_s": 0.05, "max_backoff_s": 0.2}
    app = start("fastapi_app", service.url, batch_records=20, **options)
    shares = [[f"/orders/{n}" for n in range(first, 600, 3)] for first in range(3)]
    with ThreadPoolExecutor(3) as pool:
        running = [pool.submit(calls, app, share) for share in shares]
        service.until("/api/v1/overview", read, lambda o: o["counters"]["accepted"] > 50)
        service.stop(kill=True)
        service.start()
        assert [s for part in running for s in part.result()] == [200] * 600
    service.until("/api/v1/events", read, lambda page: page["total"] >= 600)
    app.stop()
    service.until("/api/v1/overview", read, lambda o: o["lag_seconds"] == 0)
    assert json.loads(service.get("/api/v1/events", read))["total"] == 600
    assert json.loads(service.get("/api/v1/overview", read))["conservation"] == 0
