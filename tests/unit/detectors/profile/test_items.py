"""Requests are taken apart into named values."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.detectors.profile.requests import batch_of

from apisentinel.detectors.profile.items import Reader
from apisentinel.detectors.profile.places import (
    BODY,
    COOKIE,
    FORM,
    HEADER,
    JSON,
    MAX_ITEMS,
    MAX_SEGMENTS,
    PART,
    QUERY,
    SEGMENT,
)

READER = Reader()


def items_of(**request):
    """``(place, name, value)`` of each item of one request."""
    batch = batch_of([{"method": "POST", "path": "/", **request}])
    done, items = READER.read(batch, np.zeros(1, np.int64))
    assert done == 1
    out = []
    for place, span in zip(items.place.tolist(), items.span.tolist(), strict=True):
        value = items.text[span[0] : span[1]].tobytes()
        out.append((place, batch.buffer[span[2] : span[3]].tobytes(), value))
    return out


def test_query_values_are_decoded_once():
    found = items_of(query="a=1%2B1+x&b=%2541&c")
    assert found == [(QUERY, b"a", b"1+1 x"), (QUERY, b"b", b"%41"), (QUERY, b"c", b"")]


def test_path_segments():
    assert items_of(path="/a//b%20c/") == [(SEGMENT, b"a", b"a"), (SEGMENT, b"b%20c", b"b c")]


def test_a_slash_behind_a_file_is_part_of_its_name():
    assert items_of(path="/a/b.gif/") == [(SEGMENT, b"a", b"a"), (SEGMENT, b"b.gif/", b"b.gif/")]
    assert items_of(path="/v1.2/")[0] == (SEGMENT, b"v1.2", b"v1.2")


def test_form():
    assert items_of(request_body="x=1&y=a%26b") == [(FORM, b"x", b"1"), (FORM, b"y", b"a&b")]


def test_json_members_have_their_names():
    body = json.dumps({"a": 1, "b": {"c": 'x"\n'}, "d": [True, {"e": None}]})
    assert items_of(request_body=body) == [
        (JSON, b"a", b"1"),
        (JSON, b"c", b'x"\n'),
        (JSON, b"d", b"true"),
        (JSON, b"e", b"null"),
    ]


def test_json_paths_tell_equal_names_apart():
    batch = batch_of(
        [{"method": "POST", "path": "/", "request_body": '{"a":{"id":1},"b":{"id":1},"id":1}'}]
    )
    _, items = READER.read(batch, np.zeros(1, np.int64))
    assert len(set(items.key.tolist())) == 3
    assert len(set(items.name.tolist())) == 1


def test_elements_of_a_list_are_one_place():
    batch = batch_of([{"method": "POST", "path": "/", "request_body": '[{"id":1},{"id":2}]'}])
    _, items = READER.read(batch, np.zeros(1, np.int64))
    assert len(set(items.key.tolist())) == 1


def test_broken_json_is_read_as_far_as_it_goes():
    assert items_of(request_body='{name": "x"; "b": 2') == [
        (JSON, b"name", b"x"),
        (JSON, b"b", b"2"),
    ]


def test_cookies_are_apart_and_lengths_are_left_out():
    headers = {"Cookie": "a=1; b=2", "Content-Length": "5", "X-One": "v"}
    assert items_of(headers=headers) == [
        (COOKIE, b"a", b"1"),
        (COOKIE, b"b", b"2"),
        (HEADER, b"x-one", b"v"),
    ]


def test_parts():
    body = '--q\r\nContent-Disposition: form-data; name="f"\r\n\r\nhello\r\n--q--\r\n'
    assert items_of(request_body=body) == [(PART, b"f", b"hello")]


def test_other_bodies_are_one_value():
    assert items_of(request_body="<a>b</a>") == [(BODY, b"", b"<a>b</a>")]


@pytest.mark.parametrize("separator", ["&", ";"])
def test_number_of_values_is_bounded(separator):
    query = "&".join(f"a{i}=1" for i in range(2_000))
    headers = {"Cookie": separator.join(f"c{i}=1" for i in range(2_000))}
    path = "/a" * 500
    found = items_of(query=query, path=path, headers=headers)
    assert len(found) <= MAX_ITEMS + MAX_SEGMENTS


_TEXT = st.text(max_size=400)


@given(st.lists(st.tuples(_TEXT, _TEXT, _TEXT, _TEXT), min_size=1, max_size=6))
def test_any_text_is_read(requests):
    batch = batch_of(
        [
            {
                "method": "POST",
                "path": "/" + path,
                "query": query,
                "request_body": body,
                "headers": {"x-a": header, "cookie": query},
            }
            for path, query, body, header in requests
        ]
    )
    rows = np.arange(len(batch), dtype=np.int64)
    done, items = READER.read(batch, rows)
    assert done == len(batch)
    assert (np.diff(items.first) >= 0).all()
    assert items.first[-1] == len(items.key)
    assert ((items.span[:, 0] <= items.span[:, 1]) & (items.span[:, 1] <= len(items.text))).all()
    assert ((items.span[:, 2] >= 0) & (items.span[:, 3] <= len(batch.buffer))).all()
