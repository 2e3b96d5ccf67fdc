"""Headers are screened one by one and remembered; the result is that of the block as a whole."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.detectors.payload.requests import batch_of

from apisentinel.detectors.payload import PayloadDetector, screen
from apisentinel.detectors.payload.decode import decode
from apisentinel.detectors.payload.screen import flag_texts
from apisentinel.detectors.payload.sql_tokens import shape
from apisentinel.detectors.payload.workspace import ROOM, borrowed, give_back
from apisentinel.records.batch import HEADER_END, HEADER_SPLIT

_PIECES = (
    b"shop.example.com", b"Mozilla/5.0 (X11; Linux)", b"a=1; b=2", b"1%27%20or%201%3d1", b"union",
    b"select 1 from a", b"<script>", b"%253Cscript%253E", b"${jndi:ldap://h}", b"../../etc/passwd",
    b"PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==", b"\\x3cscript", b"&#60;svg", b" ", b"%", b"'", b"\xff",
)  # fmt: skip
_NAMES = (b"host", b"user-agent", b"cookie", b"x-search", b"te")
_header = st.tuples(st.sampled_from(_NAMES), st.lists(st.sampled_from(_PIECES), max_size=3))


def _block(pairs: list[tuple[bytes, list[bytes]]]) -> bytes:
    return b"".join(
        name + bytes([HEADER_SPLIT]) + b"".join(pieces) + bytes([HEADER_END])
        for name, pieces in pairs
    )


@settings(max_examples=300)
@given(st.lists(st.lists(_header, max_size=5), min_size=1, max_size=6))
def test_headers_are_marked_as_the_block_would_be(requests: list[list[tuple[bytes, list[bytes]]]]):
    blocks = [_block(pairs) for pairs in requests]
    batch = batch_of(
        *({"method": b"GET", "path": b"/", "headers": block} for block in blocks if block)
    )
    flags = PayloadDetector().screen_fields(batch)
    wanted = flag_texts([block for block in blocks if block], screen.HEADERS)
    assert [bool(flag & screen.HEADERS) for flag in flags.tolist()] == wanted


def test_a_header_seen_before_is_marked_again():
    odd = _block([(b"x-search", [b"<script>alert(1)</script>"]), (b"te", [b"1"])])
    plain = _block([(b"x-search", [b"trousers and a shirt"]), (b"te", [b"1"])])
    rows = [{"method": b"GET", "path": b"/", "headers": h} for h in (odd, plain, odd, plain) * 40]
    flags = PayloadDetector().screen_fields(batch_of(*rows))
    assert [bool(flag & screen.HEADERS) for flag in flags.tolist()] == [True, False] * 80


def test_what_words_need_together_may_stand_in_two_headers():
    one, two = (b"x-a", [b"select 1 from a"]), (b"x-b", [b"'"])
    block = _block([one, two])
    batch = batch_of({"method": b"GET", "path": b"/", "headers": block})
    flag = PayloadDetector().screen_fields(batch)[0]
    assert bool(flag & screen.HEADERS) is flag_texts([block], screen.HEADERS)[0]


@given(st.lists(st.binary(max_size=60), max_size=300))
def test_texts_are_marked_alone_as_together(texts: list[bytes]):
    assert flag_texts(texts, screen.QUERY) == [flag_texts([t], screen.QUERY)[0] for t in texts]


def test_long_texts_do_not_need_the_kept_arrays():
    long = b"a" * ROOM + b"%27%20union%20select"
    assert decode(long).text == b"a" * ROOM + b"' union select"
    many = [b"a" * 1_000] * (ROOM // 1_000) + [b"1%27%20union%20select", b"plain"]
    assert flag_texts(many, screen.QUERY) == [False] * (len(many) - 2) + [True, False]
    assert shape(b" " * ROOM + b"1 or 1=1") == shape(b"1 or 1=1")


def test_a_kept_array_forgets_the_text_before():
    first, short = b"%41" * 60, b"%4"
    decode(first)
    assert decode(short).text == short
    assert shape(b"select a from b") != shape(b"s")
    assert shape(b"s") == b"n"


def test_two_borrowers_have_two_workspaces():
    one, two = borrowed(), borrowed()
    assert one is not two
    one.put(b"abc")
    two.put(b"x")
    assert (one.taken(3), two.taken(1)) == (b"abc", b"x")
    give_back(one)
    give_back(two)
