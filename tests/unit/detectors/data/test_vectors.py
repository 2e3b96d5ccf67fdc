"""Every pattern of the data file finds its own examples and leaves its counter-examples alone."""

import pytest

from apisentinel.detectors.data import DataClassifier, class_names
from apisentinel.detectors.data.patterns import load_patterns

PATTERNS = load_patterns()
HITS = [(pattern.id, pattern.data_class, body) for pattern in PATTERNS for body in pattern.hit]
MISSES = [(pattern.id, pattern.data_class, body) for pattern in PATTERNS for body in pattern.miss]


def classes(body: str) -> tuple[str, ...]:
    return class_names(DataClassifier().classify(body.encode()))


@pytest.mark.parametrize(("pattern", "data_class", "body"), HITS)
def test_example_is_found(pattern, data_class, body):
    assert data_class in classes(body)


@pytest.mark.parametrize(("pattern", "data_class", "body"), MISSES)
def test_counter_example_is_left_alone(pattern, data_class, body):
    assert data_class not in classes(body)


def test_every_pattern_has_examples_and_counter_examples():
    assert [pattern.id for pattern in PATTERNS if not pattern.hit or not pattern.miss] == []


def test_ids_are_unique():
    assert len({pattern.id for pattern in PATTERNS}) == len(PATTERNS)
