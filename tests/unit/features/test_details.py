"""What is read from inside a request, against naive oracles."""

import base64
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apisentinel.features.details import TOKEN_KEY_PATH, TOKEN_UNSIGNED, details
from apisentinel.kernels.hashing import hash_bytes
from apisentinel.records.batch import (
    HEADER_END,
    HEADER_SPLIT,
    TEXT_INDEX,
    RequestBatch,
    empty_columns,
)
from apisentinel.records.flags import PATH_LOGIN


def batch(body: bytes = b"", headers: bytes = b"", path: bytes = b"/login") -> RequestBatch:
    spans, numbers = empty_columns(1)
    text = path + headers + body
    at = 0
    for name, part in (("path", path), ("headers", headers), ("request_body", body)):
        if part:
            spans[TEXT_INDEX[name], 0] = at, at + len(part)
        at += len(part)
    out = RequestBatch(np.frombuffer(text + bytes(64), np.uint8).copy(), spans, numbers)
    out.enriched = {
        "path_flags": np.array([PATH_LOGIN], np.uint32),
        "method": np.array([3], np.uint8),
    }
    return out


@pytest.mark.parametrize(
    "body",
    [
        b'{"email":"ann@example.org","password":"secret"}',
        b'{ "remember": true, "Username" : "ann@example.org", "PassWord": "secret" }',
        b"grant_type=password&username=ann@example.org&password=secret",
        b"user=ann@example.org&x=1&pwd=secret",
    ],
)
def test_account_and_password_of_a_login(body: bytes) -> None:
    found, _ = details(batch(body))
    assert found[0, 0] == hash_bytes(b"ann@example.org")
    assert found[0, 1] == hash_bytes(b"secret")
    assert found[0, 2] == hash_bytes(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"email":"ann@example.org","password":"redacted"}',
        b"username=ann@example.org&password=redacted",
        b'{"pin": "redacted", "email": "ann@example.org"}',
    ],
)
def test_passwords_that_were_masked_on_the_way_in_are_not_one_password(body: bytes) -> None:
    found, _ = details(batch(body))
    assert found[0, 0] == hash_bytes(b"ann@example.org")
    assert found[0, 1:3].tolist() == [0, 0]


def test_a_mark_with_a_hash_tells_secrets_apart() -> None:
    body = b'{"email":"ann@example.org","password":"redacted-0123456789abcdef"}'
    found, _ = details(batch(body))
    assert found[0, 1] == hash_bytes(b"redacted-0123456789abcdef")
    assert found[0, 2] == hash_bytes(body)


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"mailbox":"a"}', b"password", b'"email"', b"email="]
)
def test_no_account(body: bytes) -> None:
    assert details(batch(body))[0][0, 0] == 0


def bearer(head: dict[str, str]) -> bytes:
    text = base64.urlsafe_b64encode(json.dumps(head).encode()).rstrip(b"=")
    split, end = bytes([HEADER_SPLIT]), bytes([HEADER_END])
    return b"host" + split + b"a" + end + b"authorization" + split + b"Bearer " + text + b".e30.x"


@pytest.mark.parametrize(
    ("head", "flags"),
    [
        ({"alg": "HS256", "typ": "JWT"}, 0),
        ({"alg": "RS256", "kid": "2024-01"}, 0),
        ({"alg": "none"}, TOKEN_UNSIGNED),
        ({"typ": "JWT", "alg": "NonE"}, TOKEN_UNSIGNED),
        ({"alg": "HS256", "kid": "../../dev/null"}, TOKEN_KEY_PATH),
    ],
)
def test_heads_of_tokens(head: dict[str, str], flags: int) -> None:
    text = json.dumps(head, separators=(",", ":"))
    found, marks = details(batch(headers=bearer(json.loads(text))))
    assert found[0, 3] != 0
    compact = base64.urlsafe_b64encode(text.encode()).rstrip(b"=")
    split = bytes([HEADER_SPLIT])
    _, marks = details(batch(headers=b"authorization" + split + b"Bearer " + compact + b".e30.x"))
    assert marks[0, 0] == flags


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_bytes_are_survived(body: bytes, headers: bytes) -> None:
    found, _ = details(batch(body, headers))
    assert (found[0, 2] != 0) == bool(body)
    assert (details(batch(body, headers))[0] == found).all()


@pytest.mark.parametrize(
    ("path", "sensitive"), [(b"/me/email", 1), (b"/account/Password/new", 1), (b"/emails", 0)]
)
def test_places_that_change_how_an_account_is_reached(path: bytes, sensitive: int) -> None:
    assert details(batch(path=path))[1][0, 1] == sensitive
