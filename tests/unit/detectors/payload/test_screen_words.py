"""The screen reads long texts in parts; what it finds is what the plain loop finds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.detectors.payload.requests import batch_of, headers

from apisentinel.detectors.payload import PayloadDetector, screen
from apisentinel.detectors.payload.protocol import line_findings
from apisentinel.detectors.payload.screen import flag_texts, tables
from apisentinel.kernels.automaton import marks_of

_PIECES = (
    b"union select", b"union  select", b"waitfor ", b"information-schema", b"getruntime", b"a",
    b"e", b" ", b"  ", b"-", b"9", b"page=2", b"in", b"for", b"objectcl", b"ass", b"x" * 17, b"'",
    b"(", b"order by 1", b"Zo\xc3\xab", b";id", b"sleep", b"java.util",
)  # fmt: skip


def _wanted(text: bytes, field: int) -> bool:
    """What a loop over the bytes says of a text without encodings."""
    t, at = tables(), field.bit_length() - 1
    found = marks_of(t.automaton, text + b" ")
    seen = 0
    for byte in text:
        seen |= int(t.kinds[0, byte])
    alone = found & int(t.alone[at]) or seen & int(t.kinds_alone[at])
    return bool(alone) or any(
        fields & field and found & groups and seen & kinds
        for fields, groups, kinds in t.pairs.tolist()
    )


@settings(max_examples=300)
@given(
    st.lists(st.sampled_from(_PIECES), max_size=40).map(b"".join),
    st.sampled_from([screen.PATH, screen.QUERY, screen.AGENT, screen.HEADERS, screen.BODY]),
)
def test_a_text_in_parts_is_a_text_as_a_whole(text: bytes, field: int) -> None:
    assert flag_texts([text], field) == [_wanted(text, field)]


@given(st.integers(0, 200), st.integers(0, 200))
def test_a_word_is_found_wherever_it_stands(before: int, after: int) -> None:
    text = b"z" * before + b"union select" + b"y" * after
    assert flag_texts([text, text[: before + 11]], screen.QUERY) == [True, False]


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 16))
def test_base64_is_found_wherever_it_stands(before: int, after: int, blanks: int) -> None:
    hidden = b"PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg=="
    text = b" " * before + hidden + b"&" + b"." * after
    assert flag_texts([text, b"." * blanks + b" lower0case0letters0only"], screen.QUERY) == [
        True,
        False,
    ]


def test_line_breaks_of_json_are_blanks() -> None:
    assert flag_texts([b'{"q":"1\\nand\\t1=1"}', b'{"q":"north and east"}'], screen.BODY) == [
        True,
        False,
    ]


def test_a_referer_is_read_once() -> None:
    odd, plain = b"https://a.example/?q=<script>alert(1)</script>", b"https://a.example/"
    rows = batch_of(
        *(
            {"method": b"GET", "path": b"/", "referer": value, "headers": headers(referer=value)}
            for value in (odd, plain)
        ),
        {"method": b"GET", "path": b"/", "headers": headers(referer=odd)},
    )
    flags = PayloadDetector().screen_fields(rows).tolist()
    assert flags == [screen.REFERER, 0, screen.HEADERS]


@pytest.mark.parametrize(
    ("version", "found"),
    [
        *((known, False) for known in (b"", b"0.9", b"1.0", b"HTTP/1.1", b"2.0", b"HTTP/3", b"h2")),
        *((odd, True) for odd in (b"1.2", b"HTTP/2.1", b"HTTP/9.0", b"0.8", b"HTTP/x.1")),
    ],
)
def test_versions_that_http_has_not_are_found(version: bytes, found: bool) -> None:
    batch = batch_of({"method": b"GET", "path": b"/", "http_version": version})
    (findings,) = PayloadDetector().inspect(batch, np.zeros(1, np.int32))
    assert [finding.rules for finding in findings] == [("version-impossible",)] * found


@given(st.binary(max_size=9))
def test_the_screen_knows_versions_as_the_rule_does(version: bytes) -> None:
    batch = batch_of({"method": b"GET", "path": b"/", "http_version": version})
    if line_findings(b"GET", b"/", version):
        assert PayloadDetector().screen_fields(batch)[0] == screen.FORM
