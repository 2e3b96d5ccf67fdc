"""Hostile input between socket and journal: refused or counted, never more."""

import os

import pytest
from tests.fuzz.fuzz_intake import main

INPUTS = max(int(os.environ.get("FUZZ_LINES", "60000")) // 100, 600)
"""One input is a whole body with its commit; a line of the parsers costs a hundredth of it."""


@pytest.mark.fuzz
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_mutated_bodies_are_refused_or_counted(seed):
    assert main(["--inputs", str(INPUTS), "--seed", str(seed)]) == 0
