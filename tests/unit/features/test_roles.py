"""Roles are read from what the source says and from the claims of tokens."""

import base64
import json
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from apisentinel.features.details import details
from apisentinel.features.roles import SHOWN, Roles
from apisentinel.parsers.json_requests import parse_requests
from apisentinel.records.batch import RequestBatch


def token(claims: dict[str, Any]) -> str:
    parts = ({"alg": "HS256", "typ": "JWT"}, claims)
    coded = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts)
    return "Bearer " + ".".join(part.rstrip("=") for part in coded) + ".c2ln"


def batch_of(*rows: dict[str, Any]) -> RequestBatch:
    lines = (json.dumps({"method": "GET", "path": "/", **row}) for row in rows)
    batch = parse_requests("\n".join(lines).encode()).batch
    batch.enriched["path_flags"] = np.zeros(len(batch), np.uint32)
    batch.enriched["method"] = np.ones(len(batch), np.uint8)
    return batch


def read(batch: RequestBatch) -> tuple[list[int], list[str]]:
    roles = Roles()
    tokens = np.ascontiguousarray(details(batch)[0][:, 3])
    found = roles.read(batch, tokens).tolist()
    assert roles.read(batch, tokens).tolist() == found, "what is remembered changes nothing"
    return found, [roles.name(batch, row) for row in range(len(batch))]


def claimed(claims: dict[str, Any]) -> str:
    return read(batch_of({"headers": {"Authorization": token(claims)}}))[1][0]


def test_the_source_says_the_role():
    found, names = read(
        batch_of(
            {"extra": {"role": "admin"}},
            {"extra": {"roles": ["clerk", "auditor"]}, "headers": {"Accept": "*/*"}},
            {"extra": {"role": None}},
            {"extra": "admin"},
            {"headers": {"Role": "admin", "X-Role": "admin"}},
        )
    )
    assert names == ["admin", "clerk, auditor", "", "", ""]
    assert len({0, found[0], found[1]}) == 3
    assert found[2:] == [0, 0, 0]


def test_the_source_goes_before_the_token():
    row = {"headers": {"Authorization": token({"role": "admin"})}, "extra": {"role": "clerk"}}
    assert read(batch_of(row))[1] == ["clerk"]


def test_claims_say_the_role_in_their_order():
    assert claimed({"sub": "role", "scope": "read", "groups": ["g"], "role": "admin"}) == "admin"
    assert claimed({"scope": "read write", "exp": 5}) == "read write"
    assert claimed({"realm_access": {"roles": ["a", "b"]}, "aud": "x"}) == "a, b"
    assert claimed({"cognito:groups": ["staff"], "scope": "openid"}) == "staff"
    assert claimed({"name": 'x","role":"admin', "sub": "7"}) in {"", "admin"}
    assert claimed({"sub": "7"}) == ""


def test_equal_roles_of_different_tokens_are_one_role():
    rows = [{"headers": {"Authorization": token({"sub": k, "role": "clerk"})}} for k in range(5)]
    found, _ = read(batch_of(*rows))
    assert len(set(found)) == 1
    assert found[0]


def test_what_is_no_token_has_no_role():
    texts = ["Bearer ", "Bearer eyJ", "Bearer eyJhbGciOiJIUzI1NiJ9", "Basic eyJ.eyJyb2xlIjoiYSJ9.x",
             "Bearer eyJhbGciOiJIUzI1NiJ9.!!!.x", "Bearer [redacted-0123456789abcdef]"]  # fmt: skip
    found, names = read(batch_of(*({"headers": {"Authorization": text}} for text in texts)))
    assert found == [0] * len(texts)
    assert names == [""] * len(texts)


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)
       | st.dictionaries(st.sampled_from(["role", "roles", "groups", "scope", "x"]), inner,
                         max_size=4), max_leaves=8), st.text(max_size=40))  # fmt: skip
def test_any_claims_and_any_role_are_read(claims: Any, role: str):
    rows = [{"headers": {"Authorization": token({"claims": claims})}}, {"extra": {"role": role}}]
    found, names = read(batch_of(*rows))
    assert all(len(name) <= SHOWN for name in names)
    assert all(found[k] or not names[k] for k in range(2))
