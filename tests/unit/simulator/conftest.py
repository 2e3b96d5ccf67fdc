"""One small simulation that many tests look at."""

import json
from dataclasses import dataclass

import pytest

from apisentinel.simulator import Simulation, files, plan


@dataclass
class Made:
    """A simulation that has run."""

    simulation: Simulation
    text: bytes
    requests: list
    truth: list
    campaigns: list


def run(hours=2, rate=3, **options):
    simulation = Simulation(plan(hours, rate, **options))
    text, labels = bytearray(), bytearray()
    for lines, truth in files.blocks(simulation):
        text += lines
        labels += truth
    return Made(
        simulation,
        bytes(text),
        [json.loads(line) for line in text.splitlines()],
        [json.loads(line) for line in labels.splitlines()],
        json.loads(files.campaigns_document(simulation))["campaigns"],
    )


@pytest.fixture(scope="session")
def busy():
    return run(hours=6, rate=2, density=0.25, seed=4)
