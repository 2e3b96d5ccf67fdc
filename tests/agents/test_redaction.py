"""Secrets do not leave the process, and everything else stays as it was."""

import json
from urllib.parse import parse_qsl, urlencode

import pytest
from apisentinel_agent.redaction import Redactor
from hypothesis import given
from hypothesis import strategies as st

REDACTOR = Redactor()
SECRET = "hunter2-Qx9"
NAMES = st.sampled_from(
    ["password", "newPassword", "user[api_key]", "access-token", "PIN", "client_secret", "sid"]
)
# No letters of the secret's marker, so that it can only come from the secret itself.
PLAIN = st.text(st.characters(codec="utf-8", exclude_characters="Q"), max_size=30)


@pytest.mark.parametrize(
    ("name", "claim"),
    [
        ("password", True),
        ("user.password2", True),
        ("X-Api-Key", True),
        ("csrf_token", True),
        ("sig", True),
        ("shipping", False),
        ("author", False),
        ("signal", False),
        ("q", False),
        ("max_tokens", False),
        ("next_page_token", False),
        ("refreshToken", True),
        ("passwordConfirmation", True),
        ("secret_santa", False),
    ],
)
def test_a_secret_is_known_by_its_name(name, claim):
    assert REDACTOR.is_secret(name) is claim


def test_further_names_can_be_given():
    assert Redactor(["Tax-Number"]).form("tax_number=12&x=1") == "tax_number=redacted&x=1"


@given(st.dictionaries(PLAIN.filter(bool), PLAIN, max_size=4), NAMES)
def test_the_secret_of_a_form_is_masked_and_nothing_else(fields, name):
    fields = {key: value for key, value in fields.items() if not REDACTOR.is_secret(key)}
    text = urlencode({**fields, name: SECRET})
    masked = dict(parse_qsl(REDACTOR.form(text), keep_blank_values=True))
    assert masked == {**fields, name: "redacted"}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PLAIN, inner, max_size=3),
    max_leaves=8,
)


def holds_secret_name(value):
    if isinstance(value, dict):
        return any(REDACTOR.is_secret(k) or holds_secret_name(v) for k, v in value.items())
    return isinstance(value, list) and any(holds_secret_name(v) for v in value)


@given(VALUES.filter(lambda v: not holds_secret_name(v)), NAMES, st.booleans(), st.booleans())
def test_the_secret_of_a_document_is_masked_and_nothing_else(value, name, ascii_only, spaced):
    secret = {"deep": [SECRET, {"er": SECRET}]} if spaced else SECRET
    text = json.dumps(
        {"before": value, name: secret, "after": value},
        ensure_ascii=ascii_only,
        indent=2 if spaced else None,
    )
    assert json.loads(REDACTOR.json(text)) == {"before": value, name: "redacted", "after": value}


@given(VALUES, st.integers(0, 200))
def test_a_document_that_was_cut_gives_no_secret_away(value, cut):
    text = json.dumps({"password": SECRET, "x": value})[:cut]
    assert SECRET[:6] not in REDACTOR.json(text)


@given(st.text(max_size=200))
def test_any_text_can_be_masked(text):
    REDACTOR.json(text)
    REDACTOR.form(text)
    REDACTOR.url(text)


def test_a_name_that_is_written_in_escapes_is_seen_through():
    assert SECRET not in REDACTOR.json(f'{{"p\\u0061ssword": "{SECRET}"}}')
    assert SECRET not in REDACTOR.form(f"p%61ssword={SECRET}")


def test_a_document_of_quotes_takes_no_quadratic_time():
    text = '"' + '\\"' * 200_000
    assert REDACTOR.json(text) == text


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("authorization", "Bearer abc.def", "Bearer redacted"),
        ("authorization", "abc", "redacted"),
        ("cookie", "a=1", "redacted"),
        ("x-my-token", "abc", "redacted"),
        (
            "referer",
            "https://u:pw@shop/x?token=1&q=2#t=3",
            "https://redacted@shop/x?token=redacted&q=2",
        ),
        ("user-agent", "token=1", "token=1"),
    ],
)
def test_headers(name, value, shown):
    assert REDACTOR.header(name, value) == shown


def test_hashes_are_equal_for_equal_secrets_under_one_key_only():
    first, other = (Redactor(hashes=True, key=key) for key in (b"1", b"2"))
    assert first.secret(SECRET) == first.secret(SECRET) != other.secret(SECRET)
    assert first.secret(SECRET).startswith("redacted-")
    assert SECRET not in first.secret(SECRET)
