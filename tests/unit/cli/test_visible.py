"""Nothing hidden stays hidden, and what can be read stays as it is."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.cli.report_samples import PAYLOADS

from apisentinel.cli.visible import INVISIBLE, clip, pieces, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("Grüße, 日本語, Привет", "Grüße, 日本語, Привет"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b31m", "\\x9b31m"),
        ("a\r\nb\tc", "a\\x0d\\x0ab\\x09c"),
        ("\u202etxt.exe", "\\u202etxt.exe"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("a\u2028b", "a\\u2028b"),
        ("a\u00a0b", "a\\xa0b"),
        ("\u3164\u2800\ufe0f", "\\u3164\\u2800\\ufe0f"),
        ("\U000e0041", "\\U000e0041"),
        ("\ud800", "\\ud800"),
        ("e\u0301", "e\u0301"),
        ("z" + "\u0301" * 4, "z\u0301\u0301\\u0301\\u0301"),
    ],
)
def test_hidden_characters_are_written_out(text, shown):
    assert visible(text) == shown


@given(st.text())
def test_what_is_shown_is_printable_and_complete(text):
    shown = visible(text)
    assert shown.isprintable()
    assert not INVISIBLE & {ord(char) for char in shown}
    assert all(unicodedata.category(char) not in {"Cc", "Cf", "Zl", "Zp"} for char in shown)


@given(st.text())
def test_pieces_lose_nothing(text):
    back = [
        piece
        if not escaped
        else chr(int(piece.replace("\\", "0").lower().replace("0u", "0x"), base=0))
        for piece, escaped in pieces(text)
    ]
    assert "".join(back) == text


@pytest.mark.parametrize("text", PAYLOADS)
def test_payloads_hold_nothing_hidden(text):
    assert visible(text).isprintable()


def test_long_text_is_cut_with_its_length():
    assert clip("x" * 5_000, 10) == "xxxxxxxxxx… (+4,990)"
