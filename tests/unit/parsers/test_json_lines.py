"""JSON formats: what each column of a line becomes."""

import numpy as np
import pytest
from tests.unit.parsers.json_rows import ANY, BY_NAME, EXPECTED, row

from apisentinel.kernels.bytes import padded
from apisentinel.parsers.json_requests import split_lines
from apisentinel.parsers.json_samples import SAMPLES
from apisentinel.records.batch import empty_columns


@pytest.mark.parametrize("name", EXPECTED)
def test_format_gives_its_columns_by_name_and_by_detection(name):
    assert row(SAMPLES[name], BY_NAME[name]) == EXPECTED[name]
    assert row(SAMPLES[name]) == EXPECTED[name]


def test_every_format_has_an_expectation():
    assert set(EXPECTED) == set(BY_NAME)


@pytest.mark.parametrize("name", EXPECTED)
def test_detection_names_the_format(name):
    line = SAMPLES[name].encode()
    begin, end = split_lines(line)
    spans, numbers = empty_columns(1)
    variant, reason = np.full(1, 255, np.uint8), np.zeros(1, np.uint8)
    ANY.parse_into(
        padded(line),
        begin,
        end,
        np.zeros(1, np.int32),
        0,
        spans,
        numbers,
        reason,
        variant,
        np.zeros(2, np.int64),
    )
    assert ANY.variants[variant[0]] == name
