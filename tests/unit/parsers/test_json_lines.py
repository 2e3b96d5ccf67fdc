"""JSON formats: what each column of a line becomes."""

import pytest
from tests.unit.parsers.json_rows import ANY, BY_NAME, EXPECTED, looked, row

from apisentinel.parsers.json_samples import SAMPLES


@pytest.mark.parametrize("name", EXPECTED)
def test_format_gives_its_columns_by_name_and_by_detection(name):
    assert row(SAMPLES[name], BY_NAME[name]) == EXPECTED[name]
    assert row(SAMPLES[name]) == EXPECTED[name]


def test_every_format_has_an_expectation():
    assert set(EXPECTED) == set(BY_NAME)


@pytest.mark.parametrize("name", EXPECTED)
def test_detection_names_the_format(name):
    assert ANY.variants[looked(SAMPLES[name].encode()).variant] == name
