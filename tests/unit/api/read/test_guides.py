"""What the pages of the documentation ask for is answered."""

import ast
import json
import urllib.parse
from pathlib import Path

import pytest

from apisentinel.api.stream.socket import first_subs

GUIDES = Path(__file__).parents[4] / "docs" / "how-to"


def blocks(page, language):
    """Code of a language in a page."""
    parts = (GUIDES / page).read_text("utf-8").split("```")[1::2]
    return [part.partition("\n")[2] for part in parts if part.partition("\n")[0] == language]


def addresses(page):
    """Paths below /api/v1 that its commands read."""
    for block in blocks(page, ""):
        for line in block.replace("\\\n", " ").splitlines():
            if "$URL/" in line and "-sX" not in line:
                yield line.split("$URL/")[1].split('"')[0]


@pytest.mark.parametrize("address", list(addresses("query-the-api.md")))
def test_every_question_of_the_guide_is_answered(api, address):
    name = api.get("incidents", limit=1)["items"][0]["id"]
    endpoint = api.get("endpoints", limit=1)["items"][0]["endpoint"]
    answer = api("GET", address.replace("$ID", name).replace("~$NAME64", endpoint))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("address", list(addresses("decide-about-clients.md")))
def test_every_question_about_decisions_is_answered(api, address):
    body = {"scope": "client", "value": "203.0.113.250", "action": "watch", "reason": "a guide",
            "duration_seconds": 60}  # fmt: skip
    made = api("POST", "decisions", json=body).json()["id"]
    assert api("GET", address.replace("$ID", made)).status_code == 200
    assert api("DELETE", f"decisions/{made}").status_code == 200


def test_the_body_of_the_guide_about_decisions_can_be_tried(api):
    (command,) = [block for block in blocks("decide-about-clients.md", "") if "dry_run" in block]
    body = json.loads(command.split("-d '")[1].split("'")[0])
    answer = api("POST", "decisions?dry_run=1", json=body)
    assert answer.json()["allowed"]


def test_conditions_that_need_encoding_are_understood(api):
    (line,) = [
        line
        for block in blocks("query-the-api.md", "")
        for line in block.splitlines()
        if "--data-urlencode" in line
    ]
    condition = line.split("'f=")[1].rstrip("'")
    assert api.get("events", f=condition)["total"] > 0


def test_the_address_of_the_stream_is_understood():
    (block,) = blocks("follow-live-alerts.md", "python")
    values = {
        node.targets[0].id: node.value
        for node in ast.parse(block).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(ast.literal_eval(values["URL"])).query)
    (sub,) = first_subs(query["topics"][0], query["f"], 0)
    assert sub.predicate is not None
    assert sub.predicate.passes({"severity": "HIGH"})
    assert not sub.predicate.passes({"severity": "LOW"})


@pytest.mark.parametrize("page", ["query-the-api.md", "follow-live-alerts.md"])
def test_programs_of_the_guides_are_programs(page):
    for block in blocks(page, "python"):
        compile(block, page, "exec")
