"""Tokens in two hands, forged ones, expired ones that are accepted; and honest people."""

import base64
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apisentinel.detectors.behaviour import ExpiredToken, TokenForgery, TokenSharing
from apisentinel.detectors.identity import TokenMemory, Tokens, TokenUse
from apisentinel.detectors.identity.claims import LONGEST_TOKEN, Claims, bearer_of, read_token
from apisentinel.records.taxonomy import AttackType

SECOND, MINUTE, HOUR = 1_000_000, 60_000_000, 3_600_000_000
START = 1_800_000_000 * SECOND
MEDIUM_LLR = 5.07


def encode(part: object) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")


def token(body: dict | None = None, **head: object) -> bytes:
    return encode({"alg": "RS256"} | head) + b"." + encode(body or {}) + b".c2ln"


def claims(alg: str = "RS256", *, life: int = 3_600, oddity: str = "", brings: bool = False):
    begin = START // SECOND
    return Claims(alg, oddity, brings, "https://id.example", begin, begin + life)


def use(at: int = 0, *, key: int = 1, agent: int = 3, network: int = 10, accepted: bool = True,
        personal: bool = True, said: Claims | None = None,
        endpoint: int = 5) -> TokenUse:  # fmt: skip
    return TokenUse(
        START + at, key, network, agent, network, endpoint, accepted, personal, said
    )  # fmt: skip


# --- content -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "oddity"),
    [
        ({"alg": "nOnE"}, "none"),
        ({"kid": "../../dev/null"}, "key path"),
        ({"kid": "/proc/sys/kernel/randomize_va_space"}, "key path"),
        ({"kid": "x' UNION SELECT 'a"}, "key query"),
        ({"kid": "k;id"}, "key query"),
        ({"kid": "2026-11/a+b/c=="}, ""),
        ({"kid": "did:web:example.com#key-1"}, ""),
        ({"kid": "https://id.example/keys/3"}, ""),
        ({"kid": 7}, ""),
    ],
)
def test_heads(head, oddity):
    assert read_token(token(**head)).oddity == oddity


def test_claims_are_read():
    read = read_token(token({"iss": "x" * 500, "iat": 1.5, "exp": True}, jku="https://a"))
    assert (read.issuer, read.issued, read.expires) == ("x" * 120, 1, 0)
    assert read.brings_key


@pytest.mark.parametrize(
    "text",
    [b"", b"eyJ", b"eyJhbGciOiJub25lIn0", b"eyJ.eyJ.x", b"a.b.c", b"eyJ" + b"a" * LONGEST_TOKEN,
     token()[:-4].replace(b".", b"!"), encode([1]) + b"." + encode([2]) + b".x",
     b"eyJ" + base64.urlsafe_b64encode(b"[" * 6_000) + b".eyJ.x"],
)  # fmt: skip
def test_what_is_no_token_is_none(text):
    assert read_token(text) is None


@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_an_error(raw):
    read_token(b"eyJ" + raw)
    read_token(base64.urlsafe_b64encode(b'{"' + raw) + b"." + base64.urlsafe_b64encode(raw) + b".x")


def test_the_bearer_of_headers():
    block = b"host\x1fa\x1eauthorization\x1fBearer abc\x1ex\x1fy"
    assert bearer_of(block) == b"abc"
    assert bearer_of(b"x-authorization\x1fBearer abc") == b""
    assert bearer_of(b"authorization\x1fBasic abc") == b""


# --- in two hands --------------------------------------------------------------------------------


def test_a_thief_beside_the_owner_is_told_and_more_when_the_owner_goes_on():
    tokens = Tokens()
    tokens.see(use())
    (first,) = tokens.see(use(MINUTE, agent=4, network=20))
    assert first[0] == "client"
    assert first[1].llr >= MEDIUM_LLR
    tokens.see(use(2 * MINUTE))
    (again,) = tokens.see(use(3 * MINUTE, agent=4, network=20))
    assert again[1].llr > first[1].llr
    assert tokens.see(use(4 * MINUTE, agent=4, network=20)) == []
    evidence = TokenSharing().evidence(again[1])
    assert evidence.attack_type is AttackType.TOKEN_ABUSE
    assert evidence.succeeded


def test_people_take_their_token_along():
    tokens = Tokens()
    for at, agent, network in (
        (0, 3, 10), (1, 3, 11), (2, 4, 11), (3, 4, 12), (4, 3, 13), (5, 3, 10),
    ):  # fmt: skip
        assert tokens.see(use(at * MINUTE, agent=agent, network=network)) == []


def test_a_new_device_an_hour_later_is_a_hint():
    tokens = Tokens()
    tokens.see(use())
    ((_, sign),) = tokens.see(use(HOUR, agent=4, network=20))
    assert 0 < sign.llr < MEDIUM_LLR


def test_keys_of_programs_are_left_alone():
    tokens = Tokens()
    tokens.see(use(personal=False))
    assert tokens.see(use(MINUTE, agent=4, network=20, personal=False)) == []


def test_a_gateway_that_passes_tokens_on_says_nothing_from_the_third_on():
    tokens = Tokens()
    told = []
    for key in range(1, 9):
        tokens.see(use(key * MINUTE, key=key, network=100 + key))
        told += tokens.see(use(key * MINUTE + SECOND, key=key, agent=4, network=20))
    assert len(told) == 2


# --- forged --------------------------------------------------------------------------------------


def known() -> Tokens:
    tokens = Tokens()
    for key in range(100, 130):
        assert tokens.see(use(key=key, said=claims())) == []
    return tokens


@pytest.mark.parametrize(
    ("said", "least"),
    [
        (claims("NONE", oddity="none"), MEDIUM_LLR),
        (claims(oddity="key path"), MEDIUM_LLR),
        (claims("HS256"), MEDIUM_LLR),
        (claims(brings=True), MEDIUM_LLR),
        (claims(life=400 * 86_400), 4.0),
    ],
)
@pytest.mark.parametrize("accepted", [True, False])
def test_forged_tokens_are_told_at_the_first(said, least, accepted):
    ((about, sign),) = known().see(use(key=999, said=said, accepted=accepted))
    assert (about, sign.what) == ("client", "forged")
    assert sign.llr >= least
    evidence = TokenForgery().evidence(sign)
    assert evidence.succeeded is accepted
    assert sign.note in str(evidence.factors[0].actual)


@pytest.mark.parametrize(
    "said", [claims(), claims("ES256"), claims("RS512"), claims(life=7_200), claims(life=86_400)]
)
def test_rotations_and_other_lives_are_everyday(said):
    assert known().see(use(key=999, said=said)) == []


def test_an_unknown_or_symmetric_issuer_has_no_habit_to_break():
    tokens = Tokens()
    for key in range(40):
        said = claims("HS256", brings=True, life=3_600 if key else 90 * 86_400)
        assert tokens.see(use(key=key + 1, said=said)) == []


# --- expired -------------------------------------------------------------------------------------


def test_an_endpoint_that_refuses_some_and_accepts_an_expired_one_is_told_once():
    tokens = Tokens()
    tokens.see(use(said=claims()))
    tokens.see(use(MINUTE, key=7, accepted=False))
    assert tokens.see(use(HOUR + 30 * MINUTE)) == []
    ((about, sign),) = tokens.see(use(4 * HOUR))
    assert about == "endpoint"
    assert sign.llr >= MEDIUM_LLR
    assert ExpiredToken().evidence(sign).factors[0].actual == pytest.approx(3.0)
    assert tokens.see(use(5 * HOUR)) == []


def test_a_public_endpoint_does_not_look_at_tokens():
    tokens = Tokens()
    tokens.see(use(said=claims()))
    assert tokens.see(use(9 * HOUR)) == []


# --- memory --------------------------------------------------------------------------------------


def test_memory_carries_all_over():
    one = known()
    one.see(use(said=claims()))
    one.see(use(1, key=7, accepted=False))
    other = Tokens()
    other.recall(msgspec.msgpack.decode(msgspec.msgpack.encode(one.memory()), type=TokenMemory))
    for later in (
        use(key=999, said=claims("HS256")), use(MINUTE, agent=4, network=20), use(4 * HOUR),
    ):  # fmt: skip
        assert other.see(later) == one.see(later) != []
    assert other.memory() == one.memory()


def test_what_may_be_forgotten_is_known_beforehand(monkeypatch):
    monkeypatch.setattr("apisentinel.detectors.identity.tokens.TOKENS_KEPT", 3)
    tokens = Tokens()
    for key in (1, 2, 3):
        tokens.see(use(key=key))
    assert not tokens.may_forget([1, 2, 3])
    assert not tokens.may_forget([2, 9])
    assert tokens.may_forget([1, 9])
    assert tokens.may_forget([7, 8, 9, 10])
    tokens.see(use(key=9))
    assert list(tokens.records) == [2, 3, 9]


def test_every_use_of_a_token_of_a_program_is_its_last_whoever_comes():
    tokens = Tokens()
    tokens.see(use(personal=False))
    tokens.see(use(MINUTE, agent=9, network=90, personal=False))
    assert tokens.records[1].last == START + MINUTE
