"""Real tools against a shop on the loopback, while people shop there.

The shop reports by the middleware to a service in a process of its own. Each tool runs twice, as
it is and saying that it is a browser, each time as a client of its own.

``TOOLS=hydra,arjun`` runs only these, ``TOOLS_TABLE=FILE`` writes the table of the quality page.
"""

import os
import select
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.integration.test_service import command, running
from tests.integration.tools.attackers import ROOT, TOOLS
from tests.integration.tools.visitors import ACCOUNTS, Visitor, client_at

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("tools")]
"""All in one process: the tools run once."""

HEAD_START_S = 4
"""Time in which the shop has only visitors."""

AT_ONCE = 2
"""Tools that run beside each other: one for each core of a small machine."""

RUNS = [(tool, disguised) for tool in TOOLS for disguised in (False, True)]
NAMES = [f"{tool.name}-{'browser' if disguised else 'itself'}" for tool, disguised in RUNS]
CHOSEN = set(filter(None, os.environ.get("TOOLS", "").split(","))) or {tool.name for tool in TOOLS}

FIRST_DOOR = 2
"""127.0.0.1 is where the service and everything else of the machine is."""

MEDIUM = 40

ENOUGH_REQUESTS = 40
"""A tool that is found later is found too late; see the quality page for what is usual."""


class Campaign:
    """What one run of one tool did, and what was said about it.

    Attributes:
        door: Address of the shop that it called.
        client: What this door stands for.
        output: What it wrote, for people who look for why it did nothing.
        requests: How many arrived.
        alerts: About this client, of MEDIUM or more.
        incidents: That name this client, of MEDIUM or more.
    """

    def __init__(self, run):
        self.tool, self.is_disguised = run
        self.door = f"127.0.0.{FIRST_DOOR + len(ACCOUNTS) + RUNS.index(run)}"
        self.client = client_at(self.door)
        self.output = ""
        self.requests = 0
        self.alerts, self.incidents = [], []

    def run(self, port, folder):
        place = folder / NAMES[RUNS.index((self.tool, self.is_disguised))]
        self.output = self.tool.run(self.door, port, place, disguised=self.is_disguised)

    def first_alert(self):
        """Requests up to and including the one that raised the first alert; None without one."""
        return min((each["requests_before"] for each in self.alerts), default=None)

    def types(self):
        return {each["attack_type"] for each in self.alerts}


class Field:
    """All that happened.

    Attributes:
        campaigns: By run.
        visitors: By client.
        alerts: Of MEDIUM or more.
        incidents: Of MEDIUM or more.
    """

    def __init__(self):
        self.campaigns = {
            run: Campaign(run) for run in RUNS if run[0].name in CHOSEN and run[0].program()
        }
        self.visitors = {}
        self.alerts, self.incidents = [], []

    def about(self, client):
        """Alerts and incidents about a client."""
        alerts = [each for each in self.alerts if each["entity"]["id"] == client]
        incidents = [
            each for each in self.incidents if client in {one["id"] for one in each["entities"]}
        ]
        return alerts, incidents

    def happen(self, port, folder):
        """People come, then the tools; when the last tool is done, the people leave."""
        for number, (name, password) in enumerate(ACCOUNTS.items()):
            door = f"127.0.0.{FIRST_DOOR + number}"
            visitor = Visitor(door, port, name=name, password=password, seed=number)
            self.visitors[client_at(door)] = visitor
            visitor.start()
        time.sleep(HEAD_START_S)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            running_ = [pool.submit(each.run, port, folder) for each in self.campaigns.values()]
            for each in running_:
                each.result()
        for visitor in self.visitors.values():
            visitor.leave.set()
        for visitor in self.visitors.values():
            visitor.join(30)

    def read(self, service, key):
        """Asks the service what it found."""

        def rows(path):
            status, found = service.call(f"/api/v1/{path}", key)
            assert status == 200, found
            return found

        self.alerts = rows(f"alerts?f=risk:gte:{MEDIUM}&limit=500")["items"]
        self.incidents = rows(f"incidents?f=risk:gte:{MEDIUM}&limit=500")["items"]
        for each in self.campaigns.values():
            each.alerts, each.incidents = self.about(each.client)
            each.requests = rows(f"events?f=client:eq:{each.client}&limit=1")["total"]


def start_shop(service, key):
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.tools.shop", str(len(RUNS) + len(ACCOUNTS))],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith("APISENTINEL_")},
            "PYTHONPATH": str(ROOT / "agents" / "python" / "src"),
            "APISENTINEL_AGENT_URL": service.url,
            "APISENTINEL_AGENT_KEY": key,
        },
    )
    ready, _, _ = select.select([process.stdout], [], [], 60)
    line = process.stdout.readline() if ready else ""
    assert line.startswith("port "), f"the shop did not start: {line!r}"
    return process, int(line.split()[1])


@pytest.fixture(scope="module")
def field(tmp_path_factory):
    made = Field()
    if not made.campaigns:
        pytest.skip("no tool is here: sh tools/ci_tools.sh attackers")
    folder = tmp_path_factory.mktemp("tools")
    data = folder / "data"
    key = command(
        *("keys", "create", "--data-dir", str(data), "--name", "t", "--scopes", "ingest,read")
    ).strip()
    with running(data) as service:
        shop, port = start_shop(service, key)
        try:
            made.happen(port, folder)
        finally:
            shop.terminate()  # which sends what the agent still has
            shop.wait(30)
            shop.stdout.close()

        def all_are_judged():
            overview = service.call("/api/v1/overview", key)[1]
            return overview["lag_seconds"] == 0 and overview["conservation"] == 0

        service.wait(all_are_judged, "all requests judged", 60)
        made.read(service, key)
    if path := os.environ.get("TOOLS_TABLE"):
        Path(path).write_text(table(made), encoding="utf-8")
    return made


def table(field):
    """The table of the quality page."""
    lines = [
        "| tool | says that it is | requests | until the first alert | called |",
        "|---|---|---:|---:|---|",
    ]
    for each in field.campaigns.values():
        who = "a browser" if each.is_disguised else "what it says by itself"
        types = ", ".join(f"`{name}`" for name in sorted(each.types()))
        lines.append(
            f"| {each.tool.name} | {who} | {each.requests} | {each.first_alert()} | {types} |"
        )
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("run", RUNS, ids=NAMES)
def test_a_tool_is_found_soon_and_called_by_what_it_does(field, run):
    if run not in field.campaigns:
        pytest.skip(f"{run[0].name} is not here: sh tools/ci_tools.sh attackers")
    campaign = field.campaigns[run]
    assert campaign.requests > 0, f"it asked nothing: {campaign.output}"
    assert campaign.incidents, campaign.output
    assert campaign.types() & campaign.tool.types
    assert campaign.first_alert() <= ENOUGH_REQUESTS


def test_people_are_left_alone(field):
    for client, visitor in field.visitors.items():
        assert visitor.fault is None
        assert visitor.requests > 10
        assert {200, 303} <= visitor.statuses <= {200, 201, 303, 404}
        assert field.about(client) == ([], [])
    assert not {each["entity"]["id"] for each in field.alerts} & set(ACCOUNTS)
