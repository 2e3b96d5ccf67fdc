"""The JSON kernel against the JSON of the standard library.

It accepts the same objects and reads the same values.
"""

import json
import math

from hypothesis import example, given
from hypothesis import strategies as st

from apisentinel.parsers.base import Reason
from apisentinel.parsers.document import expand
from apisentinel.parsers.json_formats import NDJSON
from apisentinel.parsers.json_lines import JsonLinesParser
from apisentinel.parsers.json_requests import parse_lines, parse_requests
from apisentinel.parsers.mapping import JsonMapping

VALID = {Reason.OK, Reason.NO_REQUEST, Reason.BAD_TIME, Reason.BAD_NUMBER}

texts = st.text(st.characters(codec="utf-8"), max_size=60)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
dumps = st.builds(
    lambda value, ascii_only, spaced: json.dumps(
        value, ensure_ascii=ascii_only, separators=(" , ", " : ") if spaced else (",", ":")
    ),
    st.dictionaries(
        texts | st.sampled_from(["method", "path", "ts", "status", "headers"]), values, max_size=5
    ),
    st.booleans(),
    st.booleans(),
)
PIECES = [
    '"',
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "0",
    "-",
    ".",
    "e",
    "+",
    " ",
    "\t",
    "\r",
    "\x01",
    "tru",
    "null",
    "\\u",
    "\\ud83d",
    "\\x41",
    "é",
    "/",
]


def refuse(_text):
    raise ValueError


def depth(value):
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


def is_object(text):
    try:
        return isinstance(json.loads(text, parse_constant=refuse), dict)
    except ValueError:
        return False


@given(
    dumps,
    st.lists(
        st.tuples(st.integers(0, 200), st.integers(0, 3), st.sampled_from(PIECES)), max_size=3
    ),
)
@example("{}", [])
@example('{"":1}', [(5, 0, ",")])
@example('{"a":1.}', [])
@example('{"a":-}', [])
@example('{"a":"\\u12"}', [])
@example('{"a":"' + "x" * 31 + '"}', [])
def test_exactly_the_valid_objects_are_accepted(text, edits):
    for at, width, piece in edits:
        text = text[:at] + piece + text[at + width :]
    text = text.replace("\n", " ")
    if not text.strip(" \t\r"):
        return
    reason = Reason(int(parse_requests(text.encode()).reason[0]))
    assert reason == Reason.TOO_DEEP or (reason in VALID) == is_object(text)


@given(dumps)
def test_the_lenient_reading_accepts_every_valid_object(text):
    reason = Reason(
        int(parse_lines(text.encode(), JsonLinesParser(JsonMapping("x", NDJSON.fields))).reason[0])
    )
    assert reason in VALID


@given(
    texts.filter(bool),
    texts,
    st.dictionaries(texts, values, max_size=3),
    st.booleans(),
    st.booleans(),
)
def test_text_is_read_as_the_library_reads_it(method, agent, rest, ascii_only, last):
    own = {"method": method, "path": "/", "user_agent": agent}
    rest = {key: value for key, value in rest.items() if key not in NDJSON.fields}
    line = json.dumps(rest | own if last else own | rest, ensure_ascii=ascii_only)
    got = parse_requests(line.encode())
    assert got.batch.text("method", 0) == method.encode()
    assert (got.batch.text("user_agent", 0) or b"") == agent.encode()


@given(st.integers(0, 2**62), st.integers(0, 999), st.floats(0, 1e9, allow_nan=False))
def test_numbers_are_read_as_the_library_reads_them(size, status, took):
    line = json.dumps(
        {
            "method": "GET",
            "path": "/",
            "response_bytes": size,
            "status": status,
            "duration_us": took,
        }
    )
    numbers = parse_requests(line.encode()).batch.numbers
    assert (numbers["response_bytes"][0], numbers["status"][0]) == (size, status)
    assert math.isclose(int(numbers["duration_us"][0]), took, abs_tol=0.51)


@given(
    st.lists(st.tuples(texts, texts | st.lists(texts, min_size=1, max_size=3)), max_size=5),
    st.sampled_from(["object", "pairs", "members"]),
)
def test_headers_are_read_as_the_library_reads_them(pairs, shape):
    if shape == "object":
        value = dict(pairs)
        pairs = list(value.items())
    elif shape == "pairs":
        value = [list(pair) for pair in pairs]
    else:
        value = [{"name": name, "value": inner} for name, inner in pairs]
    line = json.dumps({"method": "GET", "path": "/", "headers": value}).encode()
    got = parse_requests(line).batch.headers(0)
    plain = bytes.maketrans(b"\x1e\x1f", b"  ")
    each = [(name, [inner] if isinstance(inner, str) else inner) for name, inner in pairs]
    expected = [
        (n.encode().lower().translate(plain), i.encode().translate(plain))
        for n, inner in each
        for i in inner
    ]
    joined = [
        (n.encode().lower().translate(plain), ", ".join(inner).encode().translate(plain))
        for n, inner in each
    ]
    assert got in (expected, joined)


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_a_line_has_the_same_result_whatever_its_neighbours(one, two):
    one, two = one.replace(b"\n", b""), two.replace(b"\n", b"")
    line = b'{"method":"GET","path":"/kept","headers":{"a":"b"}}'
    got = parse_requests(b"\n".join([one, line, two]) + b"\n")
    assert got.reason.size == 3
    assert got.batch.text("path", int(got.row[1])) == b"/kept"


@given(
    st.lists(st.dictionaries(texts, values, max_size=3), max_size=5),
    st.sampled_from([None, 0, 3]),
    st.booleans(),
)
def test_documents_give_all_their_records(records, indent, enveloped):
    records = [record for record in records if depth(record) < 30]
    text = json.dumps({"records": records} if enveloped else records, indent=indent).encode()
    assert [json.loads(line) for line in expand(text).splitlines()] == records


@given(
    st.lists(
        st.sampled_from(
            [
                b"{",
                b"}",
                b"[",
                b"]",
                b",",
                b":",
                b'"',
                b"\\",
                b"a",
                b"0",
                b"\n",
                b'{"records":[',
                b'"log"',
                b"\xff",
            ]
        ),
        max_size=60,
    )
)
def test_expansion_of_any_bytes_ends_and_stays_bounded(parts):
    text = b"".join(parts)
    out = expand(text)
    assert len(out) <= 2 * len(text)
    assert not out or out.endswith(b"\n")
