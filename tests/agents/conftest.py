"""The agent from its folder, a collector to send to, and applications as processes of their own."""

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "agents" / "python" / "src"
sys.path.insert(0, str(SOURCE))

from tests.agents.collector import Collector  # noqa: E402 (after the path is set)

APPS = Path(__file__).parent / "apps"

collect_ignore = ["apps"]


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    """No variable of the developer's shell changes a result."""
    for name in list(os.environ):
        if name.startswith("APISENTINEL_"):
            monkeypatch.delenv(name)


@pytest.fixture
def collector():
    """A collector on a port of its own."""
    with Collector() as running:
        yield running


class App:
    """A web application in a process of its own."""

    def __init__(self, process, port):
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def memory(self) -> int:
        """Bytes of resident memory."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def stop(self) -> int:
        """Asks it to end, as a service manager does, and gives its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(20)
        self.process.stdout.close()
        return code


@pytest.fixture
def start():
    """Starts an application by its name, with options of the agent as variables."""
    running = []

    def launch(name, collector_url, *arguments, **options):
        environ = {k: v for k, v in os.environ.items() if not k.startswith("APISENTINEL_")}
        environ |= {"PYTHONPATH": str(SOURCE), "PYTHONUNBUFFERED": "1"}
        settings = {"url": collector_url, "key": "test.key", "interval_s": "0.05"} | options
        environ |= {f"APISENTINEL_AGENT_{k.upper()}": str(v) for k, v in settings.items()}
        process = subprocess.Popen(
            [sys.executable, str(APPS / f"{name}.py"), *arguments],
            stdout=subprocess.PIPE,
            env=environ,
            text=True,
        )
        ready, _, _ = select.select([process.stdout], [], [], 60)
        line = process.stdout.readline() if ready else ""
        assert line.startswith("port "), f"{name} did not start: {line!r}"
        app = App(process, int(line.split()[1]))
        running.append(app)
        return app

    yield launch
    for app in running:
        app.stop()
