"""The layer below percent signs is read only where it differs; the result is that of all of it."""

from urllib.parse import unquote_to_bytes

from hypothesis import given, settings
from hypothesis import strategies as st

from apisentinel.detectors.payload import screen
from apisentinel.detectors.payload.limits import SCREEN_LAYERS
from apisentinel.detectors.payload.screen import flag_texts, tables
from apisentinel.kernels.automaton import marks_of

_PIECES = (
    b"union", b"select", b"%20", b"%27", b"%3c", b"script", b"%25", b"%2527", b"27", b"%", b"%2",
    b"and", b"1", b"=", b"%3D", b"%28", b"sleep", b"%23", b"&", b"%26", b"%2e", b"/", b"%2F",
    b"etc", b"passwd", b"%61", b" ", b"or", b"%C3%AB", b"lang=en", b"name", b"%3b", b"id", b"<",
)  # fmt: skip


def _wanted(text: bytes, field: int) -> bool:
    """What all layers say, each read from its beginning; for texts with percent signs only."""
    t, at = tables(), field.bit_length() - 1
    found = seen = 0
    for _ in range(SCREEN_LAYERS + 1):
        found |= marks_of(t.automaton, text + b" ")
        for byte in text:
            seen |= int(t.kinds[0, byte])
        text, before = unquote_to_bytes(text), text
        if text == before:
            break
    alone = found & int(t.alone[at]) or seen & int(t.kinds_alone[at])
    return bool(alone) or any(
        fields & field and found & groups and seen & kinds
        for fields, groups, kinds in t.pairs.tolist()
    )


@settings(max_examples=500)
@given(
    st.lists(st.sampled_from(_PIECES), max_size=24).map(b"".join),
    st.sampled_from([screen.QUERY, screen.REFERER, screen.HEADERS, screen.BODY]),
)
def test_layers_are_read_as_if_from_the_beginning(text: bytes, field: int) -> None:
    assert flag_texts([text], field) == [_wanted(text, field)]


@given(st.integers(0, 90), st.integers(0, 90))
def test_an_encoded_blank_is_found_wherever_it_stands(before: int, after: int) -> None:
    text = b"z" * before + b"union%20select" + b"y" * after
    assert flag_texts([text, text.replace(b"%20", b"%2C")], screen.QUERY) == [True, False]
