"""What is told once of each visit of a client."""

import numpy as np
import pytest

from apisentinel.features import EVENT
from apisentinel.pipeline.sightings import INSISTING_REQUESTS, VISIT_US, Sightings
from apisentinel.records.flags import AGENT_CLAIMS_GOOD_BOT, AGENT_SCANNER_TOOL
from apisentinel.records.taxonomy import AGENT_KINDS, AgentKind

SECOND = 1_000_000
TIMES = [1, 2, 3 + VISIT_US, 4 + VISIT_US, 4 + 2 * VISIT_US, 9 + 9 * VISIT_US]


def block(times: list[int]) -> np.ndarray:
    events = np.zeros(len(times), EVENT)
    events["client"], events["agent"], events["ts"] = 7, 5, times
    events["agent_flags"] = AGENT_SCANNER_TOOL
    return events


def test_a_tool_is_told_again_when_its_client_comes_back_after_an_hour():
    assert Sightings().tools(block(TIMES)) == {0, 2, 5}


@pytest.mark.parametrize("size", [1, 2, 5])
def test_neither_blocks_nor_restarts_matter(size: int):
    sightings, found = Sightings(), set()
    for begin in range(0, len(TIMES), size):
        found |= {begin + row for row in sightings.tools(block(TIMES[begin : begin + size]))}
        again = Sightings()
        again.recall(sightings.memory())
        sightings = again
    assert found == Sightings().tools(block(TIMES))


def test_who_goes_on_under_a_crawlers_name_insists_and_who_tries_once_does_not():
    events = block([SECOND * k for k in range(12)])
    events["agent_flags"] = AGENT_CLAIMS_GOOD_BOT
    found = Sightings().claiming(events)
    assert found == {0: False, INSISTING_REQUESTS - 1: True}
    events["agent_flags"][1:] = 0  # the others came with a browser
    assert Sightings().claiming(events) == {0: False}


def test_crawlers_of_language_models_are_looked_at_too():
    events = block([1])
    events["agent_flags"], events["agent_kind"] = 0, AGENT_KINDS.index(AgentKind.AI_AGENT)
    assert Sightings().claiming(events) == {0: False}
