"""The data classifier bears any bytes, keeps its limits, and checks what it claims."""

import string

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from apisentinel.detectors.data import DataClassifier, class_names, vocabulary
from apisentinel.detectors.data.limits import MAX_COUNT, MAX_PLACES

classify = DataClassifier().classify

FRAGMENTS = st.sampled_from(
    [
        b"@",
        b"a@b.co",
        b"4111 1111 1111 1111",
        b"+44 20 7946 0958",
        b"::1:2",
        b"1.2.3.4",
        b"GB82WEST",
        b"password=",
        b"dob ",
        b"Name: ",
        b'{"',
        b'":',
        b"[",
        b"}",
        b'"',
        b"\\",
        b"\n",
        b"\0",
        b"\xff\xfe",
        b"http://",
        b"eyJ",
        b"0",
        b" ",
        b"-",
        b"Street ",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=12), inner, max_size=5)
    ),
    max_leaves=25,
)


def check_digit(digits: str) -> str:
    """Luhn's check digit, digit by digit as the standard words it."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        double = int(digit) * 2
        total += (double - 9 if double > 9 else double) if place % 2 == 0 else int(digit)
    return str(-total % 10)


def check_digits(country: str, rest: str) -> str:
    """Check digits of an IBAN."""
    number = "".join(
        str(string.ascii_uppercase.index(c) + 10) if c.isalpha() else c
        for c in f"{rest}{country}00"
    )
    return f"{98 - int(number) % 97:02d}"


def bounded(body: bytes) -> bool:
    found = classify(body)
    places: dict[str, int] = {}
    for entry in found:
        places[entry.name] = places.get(entry.name, 0) + 1
    return all(1 <= entry.count <= MAX_COUNT for entry in found) and all(
        n <= MAX_PLACES + 1 for n in places.values()
    )


@given(st.binary(max_size=2_000))
def test_any_bytes_are_borne(body):
    assert bounded(body)


@given(st.lists(FRAGMENTS | st.binary(max_size=4), max_size=120).map(b"".join))
def test_fragments_of_sensitive_data_are_borne(body):
    assert bounded(body)


@given(JSON)
def test_any_json_is_borne(document):
    assert bounded(
        orjson.dumps(document, default=str, option=orjson.OPT_NON_STR_KEYS)
        if _fits(document)
        else b"{}"
    )


def _fits(document: object) -> bool:
    if isinstance(document, int) and not isinstance(document, bool):
        return -(2**63) <= document < 2**64
    if isinstance(document, list):
        return all(_fits(value) for value in document)
    return not isinstance(document, dict) or all(_fits(value) for value in document.values())


CARDS = st.one_of(
    st.from_regex(r"\A4[0-9]{14}\Z"),
    st.from_regex(r"\A5[1-5][0-9]{13}\Z"),
    st.from_regex(r"\A3[47][0-9]{12}\Z"),
)
SEPARATORS = st.sampled_from(["", " ", "-"])


@given(CARDS, SEPARATORS)
def test_valid_cards_are_found_and_wrong_ones_are_not(start, separator):
    right = check_digit(start)
    wrong = str((int(right) + 1) % 10)
    cuts = (4, 8, 12) if len(start) == 15 else (4, 10)
    found = []
    for last in (right, wrong):
        number = start + last
        parts = [number[a:b] for a, b in zip((0, *cuts), (*cuts, len(number)), strict=True)]
        found.append(
            "card_number"
            in class_names(classify(f"paid by {separator.join(parts)} today".encode()))
        )
    assert found == [len(set(start + right)) > 1, False]


ACCOUNTS = st.sampled_from(sorted(vocabulary.load("plans")["iban"].items())).flatmap(
    lambda plan: st.tuples(
        st.just(plan[0]),
        st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=plan[1] - 4, max_size=plan[1] - 4),
    )
)


@given(ACCOUNTS, st.booleans(), st.booleans())
def test_valid_accounts_are_found_and_wrong_ones_are_not(account, grouped, lower):
    country, rest = account
    digits = check_digits(country, rest)
    wrong = f"{(int(digits) + 1) % 100:02d}"
    found = []
    for check in (digits, wrong):
        number = f"{country}{check}{rest}"
        number = (
            " ".join(number[i : i + 4] for i in range(0, len(number), 4)) if grouped else number
        )
        number = number.lower() if lower else number
        found.append("iban" in class_names(classify(f"pay to {number}, please".encode())))
    assert found == [True, False]


@settings(max_examples=50)
@given(st.integers(0, 255), st.integers(0, 255), st.integers(1, 223), st.integers(0, 255))
def test_addresses_are_found_unless_they_are_versions(b, c, a, d):
    address = f"{a}.{b}.{c}.{d}".encode()
    assert ("ip_address" in class_names(classify(b"from " + address))) == (a != 127)
    assert class_names(classify(b"version " + address)) == ()
