"""The agent of a process: threads, forks, ends, and the Python versions that it is written for."""

import ast
import os
import subprocess
import sys
import textwrap
import threading
import zipfile

import pytest
from apisentinel_agent import Agent
from apisentinel_agent.exchange import Exchange
from tests.agents.conftest import SOURCE


def exchange(path="/"):
    made = Exchange(0)
    made.method, made.path, made.status = "GET", path, 200
    return made


def python(program, url):
    """Runs a program with the agent on its path; gives what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env={**os.environ, "PYTHONPATH": str(SOURCE), "URL": url},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


START = """
import os, sys
from apisentinel_agent import Agent
from apisentinel_agent.exchange import Exchange

agent = Agent(url=os.environ["URL"], key="k", interval_s=float(os.environ.get("WAIT", "600")))

def report(path):
    exchange = Exchange(0)
    exchange.method, exchange.path, exchange.status = "GET", path, 200
    agent.record(exchange)
"""


def test_what_waits_is_sent_at_the_end_of_the_process(collector):
    python(START + "report('/last')", collector.url)
    assert [r["path"] for r in collector.records] == ["/last"]


def test_the_end_of_the_process_does_not_wait_for_a_collector_that_hangs(collector):
    collector.hang.set()
    python(
        START + "agent.close(0.1); report('/late'); agent2 = agent; print(agent.stats())",
        collector.url,
    )
    collector.hang.clear()


def test_workers_of_a_forking_server_report_each_with_a_thread_of_its_own(collector):
    program = START + textwrap.dedent(
        """
        import warnings
        warnings.simplefilter("ignore")
        report("/parent")
        for number in range(3):
            if os.fork() == 0:
                report(f"/child/{number}")
                sys.exit()
        for _ in range(3):
            os.wait()
        """
    )
    python(program, collector.url)
    records = collector.records
    expected = ["/child/0", "/child/1", "/child/2", "/parent"]
    assert sorted(r["path"] for r in records) == expected
    assert len({r["event_id"] for r in records}) == 4


def test_many_threads_lose_nothing(collector):
    agent = Agent(url=collector.url, key="k", interval_s=0.01)
    workers = [
        threading.Thread(target=lambda: [agent.record(exchange()) for _ in range(500)])
        for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert agent.flush(20)
    assert len({r["event_id"] for r in collector.records}) == 2000
    stats = agent.stats()
    assert (stats["recorded"], stats["sent"], stats["dropped"]) == (2000, 2000, 0)
    agent.close()


def test_every_request_is_accounted_for(collector):
    collector.always = 400
    agent = Agent(url=collector.url, key="k", max_records=10, interval_s=0.01, exit_timeout_s=5)
    for _ in range(50):
        agent.record(exchange())
    agent.close()
    stats = agent.stats()
    outcomes = ("sent", "dropped", "refused", "faulty", "undelivered", "waiting")
    assert stats["recorded"] == 50 == sum(stats[name] for name in outcomes)


def test_a_repeated_batch_is_counted_once(collector):
    collector.plan = [500, 202]
    agent = Agent(url=collector.url, key="the.key", backoff_s=0.01)
    agent.record(exchange())
    assert agent.flush(20)
    agent.close()
    assert len(collector.records) == 1
    first, second = (headers for _, headers, _ in collector.tries)
    assert first["Idempotency-Key"] == second["Idempotency-Key"]
    assert first["Authorization"] == "Bearer the.key"
    assert first["Content-Encoding"] == "gzip"
    assert first["Content-Type"] == "application/x-ndjson"
    assert collector.tries[0][0] == "/api/v1/events"


def test_a_connection_that_the_collector_closed_is_opened_again(collector):
    collector.plan = [(202, {"Connection": "close"})]
    agent = Agent(url=collector.url, key="k", interval_s=0.0)
    for number in range(3):
        agent.record(exchange(f"/{number}"))
        assert agent.flush(20)
    agent.close()
    assert len(collector.records) == 3


def test_recording_never_raises():
    agent = Agent(url="http://127.0.0.1:9", key="k")
    agent.record(None)
    assert agent.faults == 1


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda p: p.name)
def test_the_code_is_python_3_9(path):
    tree = ast.parse(path.read_text("utf-8"), feature_version=(3, 9))
    future = [n for n in tree.body if isinstance(n, ast.ImportFrom) and n.module == "__future__"]
    assert future or not any(isinstance(n, ast.FunctionDef) for n in ast.walk(tree))


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda p: p.name)
def test_nothing_but_the_standard_library_and_the_framework_is_imported(path):
    allowed = set(sys.stdlib_module_names) | {"apisentinel_agent"}
    allowed |= {"flask"} if path.name == "flask.py" else set()
    allowed |= {"django"} if path.name == "django.py" else set()
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    assert found <= allowed


def test_the_distribution_holds_the_package_and_asks_for_nothing(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "-d", str(tmp_path)],
        cwd=SOURCE.parent,
        check=True,
        capture_output=True,
        timeout=60,
    )
    (wheel,) = tmp_path.glob("apisentinel_agent-*-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = [name for name in names if name.endswith("/METADATA")]
        text = archive.read(metadata).decode()
    modules = {f"apisentinel_agent/{path.name}" for path in SOURCE.glob("*/*.py")}
    assert modules | {"apisentinel_agent/py.typed"} <= set(names)
    assert "Requires-Dist" not in text
    assert "Requires-Python: >=3.9" in text
