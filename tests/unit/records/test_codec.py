"""The codec gives back what it took, and refuses everything else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apisentinel.errors import StateError
from apisentinel.kernels.bytes import padded
from apisentinel.parsers.json_requests import parse_requests
from apisentinel.records import codec
from apisentinel.records.batch import (
    NO_TIME,
    NUMBER_COLUMNS,
    TEXT_COLUMNS,
    RequestBatch,
    empty_columns,
)
from apisentinel.records.codec import decode_batch, encode_batch

LINE = (
    b'{"method":"GET","url":"/a/b?c=d","ts":1700000000,"status":200,"headers":'
    b'{"Host":"shop.example","User-Agent":"curl/8"},"request_body":"x=1"}\n'
)


def assert_equal(left, right):
    assert len(left) == len(right)
    for name in NUMBER_COLUMNS:
        assert np.array_equal(left.numbers[name], right.numbers[name]), name
        assert left.numbers[name].dtype == right.numbers[name].dtype
    for name in TEXT_COLUMNS:
        for row in range(len(left)):
            assert left.text(name, row) == right.text(name, row), (name, row)


@st.composite
def batches(draw):
    rows = draw(st.integers(0, 8))
    text = draw(st.binary(max_size=200))
    spans, numbers = empty_columns(rows)
    for column in range(spans.shape[0]):
        for row in range(rows):
            if draw(st.booleans()):
                begin = draw(st.integers(0, len(text)))
                spans[column, row] = begin, draw(st.integers(begin, len(text)))
    for name, dtype in NUMBER_COLUMNS.items():
        bounds = np.iinfo(dtype)
        values = st.integers(int(bounds.min), int(bounds.max))
        numbers[name][:] = draw(st.lists(values, min_size=rows, max_size=rows))
    return RequestBatch(padded(text), spans, numbers)


@given(batches())
@settings(max_examples=200, deadline=None)
def test_every_batch_comes_back(batch):
    assert_equal(decode_batch(encode_batch(batch)), batch)


@given(batches(), st.data())
@settings(max_examples=200, deadline=None)
def test_a_changed_byte_is_noticed(batch, data):
    raw = bytearray(encode_batch(batch))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    try:
        got = decode_batch(bytes(raw))
    except StateError:
        return
    assert_equal(got, batch)  # only the spare bytes of the head may change without effect


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_arbitrary_bytes_are_refused(raw):
    with pytest.raises(StateError):
        decode_batch(raw)


@given(batches(), st.binary(min_size=1, max_size=60), st.integers(0, 300))
@settings(max_examples=200, deadline=None)
def test_hostile_control_bytes_with_a_right_checksum_are_bounded(batch, patch, at):
    raw = bytearray(encode_batch(batch))
    head = codec._HEAD.size
    at = head + at % max(len(raw) - head, 1)
    raw[at : at + len(patch)] = patch[: max(len(raw) - at, 0)]
    sum_ = int(codec._checksum(padded(raw), head, len(raw)))
    raw[head - 8 : head] = sum_.to_bytes(8, "little")
    try:
        got = decode_batch(raw)
    except StateError:
        return
    for name in TEXT_COLUMNS:
        for row in range(len(got)):
            got.text(name, row)


@pytest.mark.parametrize("cut", [0, 5, 20, 39, -1])
def test_cut_bytes_are_refused(cut):
    raw = encode_batch(parse_requests(LINE * 3).batch)
    with pytest.raises(StateError):
        decode_batch(raw[:cut])


def test_another_version_is_named():
    raw = bytearray(encode_batch(parse_requests(LINE).batch))
    raw[4] = 9
    with pytest.raises(StateError, match="format 9"):
        decode_batch(raw)


def test_only_used_bytes_are_written():
    batch = parse_requests(LINE.replace(b'"request_body"', b'"unknown":"topsecret","x"')).batch
    raw = encode_batch(batch)
    assert b"shop.example" in raw
    assert b"topsecret" not in raw
    assert raw.count(b"curl/8") == 1  # the agent is a part of the headers


def test_no_time_and_wide_numbers_survive():
    spans, numbers = empty_columns(3)
    numbers["ts"][:] = [NO_TIME, np.iinfo(np.int64).max, 0]
    batch = RequestBatch(padded(b""), spans, numbers)
    assert decode_batch(encode_batch(batch)).ts.tolist() == numbers["ts"].tolist()
