"""The sample log is scanned as its page promises."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "examples" / "README.md").read_text("utf-8")
ATTACKERS = re.findall(r"^\| (\d+\.\d+\.\d+\.\d+|[0-9a-f:]+:[0-9a-f:]+) \|", PAGE, re.MULTILINE)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    path = tmp_path_factory.mktemp("scan") / "report.json"
    command = [sys.executable, "-m", "apisentinel", "scan", "examples/access.log", "--quiet"]
    subprocess.run([*command, "--json", str(path)], cwd=ROOT, check=True)
    return json.loads(path.read_text("utf-8"))


def test_every_line_is_read_or_counted(report):
    read = report["input"]
    assert read["lines"] == read["parsed"] + sum(kind["count"] for kind in read["unparsed"])
    assert read["parsed"] >= 3_600


def test_the_page_names_attackers():
    assert len(ATTACKERS) >= 5


@pytest.mark.parametrize("attacker", ATTACKERS)
def test_every_attacker_of_the_page_is_in_an_incident(report, attacker):
    alarmed = {
        entity["id"]
        for incident in report["incidents"]
        if incident["risk"] >= 40
        for entity in incident["entities"]
    }
    assert attacker in alarmed


def test_nobody_else_is_in_an_incident(report):
    alarmed = {
        entity["id"]
        for incident in report["incidents"]
        if incident["risk"] >= 40
        for entity in incident["entities"]
        if entity["kind"] == "client"
    }
    assert alarmed <= set(ATTACKERS)
