"""Decoders undo what servers undo, within limits."""

import pytest

from apisentinel.detectors.payload.canonical import lookups, path, shell, sql, text
from apisentinel.detectors.payload.decode import Oddity, decode, inside_base64
from apisentinel.detectors.payload.limits import MAX_LAYERS


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"a%20b", b"a b"),
        (b"%253cscript%253e", b"<script>"),
        (b"%u003cscript%u003e", b"<script>"),
        (b"%c0%ae%c0%ae%c0%af", b"../"),
        (b"%e0%80%ae%f0%80%80%af", b"./"),
        (b"%f8%80%80%80%ae%fc%80%80%80%80%af", b"./"),
        (b"&lt;img&Tab;&#x6a;&#97", b"<img\tja"),
        (b"\\x3cb\\u003c\\74\\u{3c}", b"<b<<<"),
        (b"+ADw-script+AD4-", b"<script>"),
        (b"%%32%65", b"."),
        ("\uff1c\uff53cript\uff1e".encode(), b"<script>"),
        ("ⓢelect ﬁ".encode(), b"select fi"),
        (b"..%u2215..%u2216", b"../..\\"),
        (b"C:\\windows\\boot.ini", b"C:\\windows\\boot.ini"),
        (b"100% of %zz &unknown; &#; \\q %", b"100% of %zz &unknown; &#; \\q %"),
        (b"", b""),
    ],
)
def test_layers_are_undone(sent, expected):
    assert decode(sent).text == expected


def test_layers_are_counted_and_bounded():
    value = b"<"
    for _ in range(9):
        value = value.replace(b"%", b"%25").replace(b"<", b"%3c")
    decoded = decode(value)
    assert decoded.layers == MAX_LAYERS
    assert len(decoded.stages) == MAX_LAYERS
    assert decoded.text.endswith(b"3c")


@pytest.mark.parametrize(
    ("sent", "way"),
    [
        (b"%41", Oddity.HIDDEN_LETTER),
        (b"%2541", Oddity.REPEATED_PERCENT),
        (b"%u0041", Oddity.PERCENT_U),
        (b"%c0%ae", Oddity.OVERLONG),
        ("\uff1c".encode(), Oddity.FULLWIDTH),
        (b"a%00", Oddity.NUL),
        (b"&lt;", Oddity.ENTITY),
        (b"+ADw-", Oddity.UTF7),
    ],
)
def test_odd_ways_of_writing_are_noted(sent, way):
    assert decode(sent).oddity & way


@pytest.mark.parametrize(
    ("sent", "inside"),
    [
        (b"PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==", b"<script>alert(1)</script>"),
        (b"data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg", b"<script>alert(1)</script>"),
        (b"dwBoAG8AYQBtAGkAIAAvAGEAbABsAA==", b"whoami /all"),
        (b"{'id':'MSBhbmQgMT0y'}", b"1 and 1=2"),
        (b"d41d8cd98f00b204e9800998ecf8427e", None),
        (b"authenticationtoken", None),
        (b"short", None),
    ],
)
def test_base64_is_read_only_when_it_holds_text(sent, inside):
    found = inside_base64(sent)
    assert found == inside if inside is None or found is None else inside in found


def test_canonical_readings():
    assert text(b"A\t B\x00\x0bC\xc2\xa0D") == b"a b c d"
    assert text("se\u200blect".encode()) == b"select"
    assert sql(b"1/*a*/or/**/2/*!50000union*/x/*open") == b"1 or 2 union x/*open"
    assert shell(b"c'a't${ifs}/e\\tc/p\"a\"sswd") == b"cat /etc/passwd"
    assert shell(b"{cat,/etc/passwd}") == b"cat /etc/passwd"
    assert path(b"..\\..//./..;/etc") == b"../../../etc"
    assert lookups(b"${${lower:j}${::-n}di:x}") == b"${jndi:x}"
    assert lookups(b"${" * 200) == b"${" * 200
    assert lookups(b"}${a:-b}c") == b"}bc"
    assert lookups(b"}a${b") == b"}a${b"
