"""A service in a process of its own, with a user whose session browsers share."""

import json
import time
from contextlib import contextmanager

from tests.integration.test_service import command, running

BATCH = 2_000
"""Requests in one body."""

JUDGED_SECONDS = 120

WHOLE = {"APISENTINEL_RUNTIME__DEGRADATION__FORCE": "0"}
"""On a busy machine a service stores a part of the calm requests only; tests count all of them."""

NAME = "ann"
PASSWORD = "correct horse battery staple"


class UiService:
    """What the tests of the page ask of a service.

    Args:
        running: The process.
        key: That may do everything.
        state: Cookies and storage of a browser in which somebody is logged in.
    """

    def __init__(self, running, key, state=None):
        self.running = running
        self.url = f"{running.url}/"
        self.key = key
        self.state = state

    def get(self, path):
        status, body = self.running.call(f"/api/v1/{path}", self.key)
        assert status == 200, body
        return body

    def post(self, path, body):
        return self.running.call(
            f"/api/v1/{path}",
            self.key,
            json.dumps(body).encode(),
            **{"Content-Type": "application/json"},
        )

    def feed(self, lines):
        """Sends requests as any other sender does; waits as the service asks."""
        for first in range(0, len(lines), BATCH):
            body = b"\n".join(lines[first : first + BATCH])
            while True:
                status, receipt = self.running.call(
                    "/api/v1/events", self.key, body, **{"Content-Type": "application/x-ndjson"}
                )
                if status not in {429, 503}:
                    break
                time.sleep(0.5)
            assert status == 202, receipt
            self.rejected = receipt["rejected_total"]

    def wait_until_judged(self, count):
        """Comes back when as many requests can be found and their incidents, too."""

        def found():
            return self.get("events?limit=1&from=now-2d")["total"] >= count

        self.running.wait(found, f"{count} judged requests", JUDGED_SECONDS)
        self.running.wait(lambda: self.get("incidents?limit=1")["total"] > 0, "an incident", 30)

    def one_time_link(self):
        """The link that the service printed; good once."""
        return self.running.process.stdout.readline().strip()


@contextmanager
def service_with(folder, browser, *arguments):
    """A running service with one admin who is logged in."""
    data = folder / "data"
    key = command(
        *("keys", "create", "--data-dir", str(data), "--name", "tests"),
        *("--scopes", "admin,ingest,read"),
    ).strip()
    command(
        *("users", "add", NAME, "--role", "admin", "--data-dir", str(data)),
        input=f"{PASSWORD}\n{PASSWORD}\n",
    )
    with running(data, *arguments, **WHOLE) as process:
        service = UiService(process, key)
        with browser.new_context() as context:
            answer = context.request.post(
                f"{service.url}api/v1/login",
                data={"name": NAME, "password": PASSWORD},
                headers={"Origin": process.url},
            )
            assert answer.ok, answer.text()
            service.state = context.storage_state()
        yield service
