"""Documents become lines."""

import json

import pytest

from apisentinel.errors import ParseError
from apisentinel.parsers.document import expand, is_document
from apisentinel.parsers.json_lines import AnyJsonParser
from apisentinel.parsers.json_requests import parse_lines
from apisentinel.parsers.json_samples import SAMPLES

ROWS = [
    {"method": "GET", "path": "/1", "x": 'a"}]{['},
    {"method": "GET", "path": "/2", "y": [[], {}, "\\"]},
    {"method": "GET", "path": "/3"},
]
ENVELOPED = [
    ROWS,
    {"records": ROWS},
    {"Records": ROWS},
    {"log": {"version": "1.2", "creator": {"name": "x"}, "entries": ROWS}},
    {"hits": {"total": 3, "hits": ROWS}},
]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("value", ENVELOPED)
def test_records_of_an_envelope_become_lines(value, indent):
    text = json.dumps(value, indent=indent).encode()
    assert is_document(text) or (indent is None and "hits" in value)
    assert [json.loads(line) for line in expand(text).splitlines()] == ROWS


def test_documents_may_follow_each_other():
    text = (
        b"".join(json.dumps(value, indent=1).encode() + b"\n" for value in [*ENVELOPED, ROWS[0]])
        + json.dumps(ROWS[1]).encode()
    )
    assert [json.loads(line) for line in expand(text).splitlines()] == ROWS * 5 + ROWS[:2]


@pytest.mark.parametrize(
    "head",
    [
        b'[{"a":1}]',
        b"[\n  {",
        b"[]",
        b'\xef\xbb\xbf [ {"a"',
        b'{\n  "a": 1',
        b'{"a":1}{"b":2}',
        b'{"a":1} {"b":2}\n',
        b'{"log":{"version":"1.2","creator":{}',
        b'{"records":[{"time":',
        b'{"Records": [ {',
    ],
)
def test_documents_are_told_by_their_head(head):
    assert is_document(head)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"{",
        b"[",
        b"[10/Oct/2024:13:55:36 +0000] x",
        b"[error] x",
        b'{"a":1}\n{"b":2}\n',
        b'{"log":"text\\n","stream":"stdout"}\n',
        b"{}\n",
        b'{"log":{"level":"info"},"url":"/"}\n',
        b'{"records":"none"}\n',
        b'{"a":"' + b"x" * 70_000,
        b"\xff\xfe{",
        b'{"a":1}\n\n{"b":1}{"c":1}',
    ],
)
def test_lines_are_no_document(head):
    assert not is_document(head)


def test_broken_record_does_not_spoil_the_others():
    text = (
        b'[{"method":"GET","path":"/1"}, {"method":"GET","path":nonsense}, 5, "x",'
        b' {"method":"GET","path":"/2"}]'
    )
    got = parse_lines(expand(text), AnyJsonParser())
    assert [got.batch.text("path", i) for i in range(len(got.batch))] == [b"/1", b"/2"]
    assert got.row.tolist() == [0, -1, -1, -1, 1]


@pytest.mark.parametrize("cut", range(0, 90, 7))
def test_cut_document_gives_its_whole_records(cut):
    text = json.dumps(ROWS).encode()
    whole = [
        line
        for line in expand(text[: len(text) - cut]).splitlines()
        if line.startswith(b"{") and line.endswith(b"}")
    ]
    assert len(whole) >= (3 if cut <= 1 else 0)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b" \n ",
        b"]",
        b"}",
        b",,,",
        b"{",
        b"[",
        b'"',
        b"[[[[",
        b"{{{{",
        b"\x00" * 9,
        b'{"records":[',
        b'[{"a":"\\',
    ],
)
def test_odd_documents_end(text):
    out = expand(text)
    assert len(out) <= len(text) + 1


def test_documents_that_are_too_large_are_refused_with_advice():
    with pytest.raises(ParseError, match=r"larger than the limit of 10; .*jq"):
        expand(b"[" * 11, limit=10)


def test_har_recording_is_read():
    entry = json.loads(SAMPLES["har"])
    text = json.dumps(
        {
            "log": {
                "version": "1.2",
                "creator": {"name": "x", "version": "1"},
                "pages": [],
                "entries": [entry, entry],
            }
        },
        indent=2,
    )
    got = parse_lines(expand(text.encode()), AnyJsonParser())
    assert len(got.batch) == 2
    assert got.batch.text("request_body", 1) == b"item=7"
