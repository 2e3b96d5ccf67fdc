"""Signatures of programs: right, wrong, old, of somebody else, and not to be judged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.signed_requests import AGENT, KEY, OTHER, key_set, signed

from apisentinel.enrichment.structured import bare, dictionary, signature_input
from apisentinel.enrichment.web_bot_auth import Directory, Request
from apisentinel.errors import ConfigError

NOW = 1_793_000_000


@pytest.fixture
def directory(tmp_path) -> Directory:
    other = key_set(tmp_path / "other.example.jwks.json", OTHER)
    return Directory([key_set(tmp_path / f"{AGENT}.json"), other])


def request_of(headers: dict[str, str], *, ts: float = NOW, host: str | None = "shop.example"):
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request(ts, "GET", host, None, "/a", "b=1", pairs)


def outcome(directory: Directory, headers: dict[str, str], **more: object) -> tuple[str, str]:
    proof = directory.verify(request_of(headers, **more))
    return proof.outcome, proof.why


def test_a_right_signature_proves_the_program(directory):
    proof = directory.verify(request_of(signed(NOW, nonce="n1")))
    assert (proof.outcome, proof.agent, proof.nonce) == ("verified", AGENT, "n1")
    wide = '"@authority" "@method" "@path" "@query" "signature-agent"'
    assert outcome(directory, signed(NOW, covered=wide))[0] == "verified"


def test_a_signature_without_a_named_agent_counts(directory):
    headers = signed(NOW, covered='"@authority"', agent="")
    del headers["signature-agent"]
    assert outcome(directory, headers)[0] == "verified"


@pytest.mark.parametrize(
    ("changed", "more", "expected", "why"),
    [
        ({"key": OTHER, "named": KEY}, {}, "failed", "wrong"),
        ({"key": OTHER}, {}, "failed", "key of other.example"),
        ({}, {"ts": NOW + 901}, "failed", "expired"),
        ({}, {"ts": NOW + 890}, "verified", "right"),
        ({}, {"host": "bank.example"}, "failed", "wrong"),
        ({}, {"ts": NOW - 400}, "claimed", "later on"),
        ({"life": 90_000}, {}, "claimed", "too long"),
        ({}, {"host": None}, "claimed", "does not hold"),
        ({"covered": '"@authority" "signature-agent" "x-extra"'}, {}, "claimed", "does not hold"),
        ({"covered": '"signature-agent"'}, {}, "claimed", "host"),
        ({"covered": '"@authority"'}, {}, "claimed", "agent"),
    ],
)
def test_other_signatures(directory, changed, more, expected, why):
    found = outcome(directory, signed(NOW, **changed), **more)
    assert found[0] == expected
    assert why in found[1]


def test_an_unknown_key_is_a_claim_because_keys_change(tmp_path):
    directory = Directory([key_set(tmp_path / AGENT, OTHER)])
    assert outcome(directory, signed(NOW))[0] == "claimed"


@pytest.mark.parametrize(
    "headers",
    [
        {}, {"signature": "sig1=:AA==:"}, signed(NOW) | {"signature-input": "sig1=()"},
        signed(NOW) | {"signature-input": 'sig1=("a'},
        signed(NOW) | {"signature-input": "x" * 9_999},
        {k: v.replace("web-bot-auth", "other") for k, v in signed(NOW).items()},
    ],
)  # fmt: skip
def test_what_is_no_signature_of_a_program_is_nothing(directory, headers):
    assert directory.verify(request_of(headers)) is None


@pytest.mark.parametrize("written", ["", "sig1=AA", "sig1=:!!:", "sig2=:AA==:", "sig1=:AAAA:"])
def test_a_signature_that_is_broken_is_wrong(directory, written):
    assert outcome(directory, signed(NOW) | {"signature": written})[0] == "failed"


@given(st.text(max_size=80), st.text(max_size=80), st.text(max_size=40))
def test_any_text_is_read_without_an_error(directory_text, signature, agent):
    headers = {"signature-input": directory_text, "signature": signature, "signature-agent": agent}
    Directory(()).verify(request_of(headers))
    wrapped = f'a=({directory_text});tag="web-bot-auth";keyid="x"'
    Directory(()).verify(request_of(headers | {"signature-input": wrapped}))


def test_structured_fields():
    assert dictionary('a=1, b="x, y";c=2') == {"a": "1", "b": '"x, y";c=2'}
    assert bare('"a\\"b\\\\"') == 'a"b\\'
    said = signature_input('("@authority" "x";key="a b");created=5;tag="t"')
    assert [covered.name for covered in said.covered] == ["@authority", "x"]
    assert said.covered[1].parameters == ';key="a b"'
    assert said.parameters == {"created": "5", "tag": "t"}


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", '{"keys": []}', '{"keys": [{"kty": "OKP"}]}',
        '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AA"}]}',
    ],
)  # fmt: skip
def test_files_without_keys_are_clear_errors(tmp_path, text):
    (tmp_path / "keys").write_text(text)
    with pytest.raises(ConfigError, match="keys"):
        Directory([tmp_path / "keys"])
