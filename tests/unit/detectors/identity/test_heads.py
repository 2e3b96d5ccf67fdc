"""The head of a token alone tells whether the whole token has to be read for what is odd."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apisentinel.detectors.identity.claims import is_odd_head, read_token


def part(value: object) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")


@pytest.mark.parametrize(
    "head",
    [
        {"alg": "none"},
        {"alg": "NoNe", "kid": "1"},
        {"alg": "HS256", "kid": "../../dev/null"},
        {"alg": "HS256", "kid": "1' union select 1"},
    ],
)
def test_what_no_issuer_writes_is_odd(head: dict[str, str]) -> None:
    assert is_odd_head(part(head))
    claims = read_token(b".".join((part(head), part({"exp": 1}), b"x")))
    assert claims is not None
    assert claims.oddity


@given(
    st.one_of(
        st.binary(max_size=40),
        st.builds(
            part,
            st.fixed_dictionaries(
                {},
                optional={
                    "alg": st.sampled_from(["none", "None", "HS256", 1, None]),
                    "kid": st.sampled_from(["a", "/etc/x", "a;b", 5, None]),
                },
            ),
        ),
    )
)
def test_a_token_without_an_odd_head_has_no_oddity(head: bytes) -> None:
    head = head.replace(b".", b"")
    claims = read_token(b"eyJ" + head + b"." + part({"exp": 1}) + b".x")
    if not is_odd_head(b"eyJ" + head):
        assert claims is None or not claims.oddity
    claims = read_token(head + b"." + part({"exp": 1}) + b".x")
    if not is_odd_head(head):
        assert claims is None or not claims.oddity
