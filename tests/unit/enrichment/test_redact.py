"""No declared secret survives, nothing else changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apisentinel.enrichment import redact
from apisentinel.enrichment.redact import (
    MASKED,
    SECRET_NAMES,
    SHORTEST_TOKEN,
    Redactor,
    redact_headers,
    redact_text,
    redact_url,
)
from apisentinel.kernels.hashing import HashKey

SECRET = "Xq7Zs3cretV4lue"
words = st.text(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~", min_size=6, max_size=40
).filter(lambda word: "eyJ" not in word)


@pytest.mark.parametrize("name", SECRET_NAMES)
@pytest.mark.parametrize(
    "shape",
    [
        "/a?{n}={v}&x=1",
        "{n}: {v}",
        '{{"{n}": "{v}", "x": 1}}',
        "/cb?state=1;{n}={v}",
        "a%26{n}%3D{v}",
        "user[{n}]={v}",
    ],
)
def test_values_of_secret_names_are_masked(name: str, shape: str) -> None:
    shown = redact_text(shape.format(n=name, v=SECRET).encode())
    assert SECRET not in shown
    assert name in shown


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {SECRET}",
        f"authorization=Basic {SECRET}==",
        f"https://admin:{SECRET}@db.example/",
        f"curl -H 'X-Api-Key: {SECRET}'",
        f"/login?user=bob&password={SECRET}",
        f"my_api_key={SECRET}",
        f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n-----END RSA PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----\n{SECRET}",
        f"x eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{SECRET} y",
        f"Cookie: a=b; theme={SECRET}",
        f'{{"password": "two words {SECRET}", "x": 1}}',
        f'{{"password":"escaped \\" {SECRET}"}}',
        f"{{'token': '{SECRET}'}}",
        f"password=it's({SECRET})",
        f"token=‹{SECRET}",
    ],
)
def test_known_forms_are_masked(text: str) -> None:
    assert SECRET not in redact_text(text.encode())


@pytest.mark.parametrize("card", ["4111111111111111", "5500 0000 0000 0004", "3400-000000-00009"])
def test_card_numbers_are_masked_and_other_numbers_are_not(card: str) -> None:
    assert card not in redact_text(f"pay {card} now".encode())
    assert redact_text(b"order 4111111111111112 ok") == "order 4111111111111112 ok"


@pytest.mark.parametrize(
    "text",
    [
        "/api/products/17?page=2&sort=name",
        "GET /passport/office?author=3",
        "SELECT a FROM b WHERE c = 1",
        "/tokenizer/docs",
    ],
)
def test_harmless_text_stays(text: str) -> None:
    assert redact_text(text.encode()) == text


@given(words, st.sampled_from(SECRET_NAMES), words)
def test_no_secret_survives_and_masking_again_changes_nothing(
    value: str, name: str, other: str
) -> None:
    once = redact_text(f"/p?q=1&{name}={value}Zq9&z=2".encode())
    assert f"{value}Zq9" not in once
    assert redact_text(once.encode()) == once


@given(st.binary(max_size=400))
def test_never_fails(raw: bytes) -> None:
    once = redact_text(raw)
    assert redact_text(once.encode("utf-8", "replace")) == once


def test_headers_are_masked_by_name() -> None:
    shown = redact_headers(
        [
            (b"Cookie", b"a=b; " + SECRET.encode()),
            (b"Accept", b"*/*"),
            (b"x-api-key", SECRET.encode()),
        ]
    )
    assert shown[1] == ("Accept", "*/*")
    assert all(SECRET not in value for _, value in shown)


def test_equal_tokens_have_equal_marks_under_one_key_only() -> None:
    one, two = Redactor(HashKey(1, 2)), Redactor(HashKey(3, 4))
    token = "a" * SHORTEST_TOKEN
    assert one.mark(token) == one.mark(token) != two.mark(token)


def test_what_can_be_guessed_has_no_mark_of_its_own() -> None:
    assert Redactor().mark("1234") == Redactor().mark("hunter2") == MASKED


@pytest.mark.parametrize(
    "url",
    [
        f"/login?user=a&password=it's \"({SECRET}&x=1",
        f"/login?pass%77ord={SECRET}",
        f"/login?user%5Bpassword%5D={SECRET}",
        f"/a;jsessionid={SECRET}?x=1",
        f"/a?next=%2Fcb%3Ftoken%3D{SECRET}",
        f"https://bob:{SECRET}@example.org/?a=1",
        f"/a?X-Amz-Signature={SECRET}",
    ],
)
def test_urls_are_masked_by_the_decoded_name(url: str) -> None:
    once = redact_url(url.encode())
    assert SECRET not in once
    assert redact_url(once.encode()) == once


def test_card_numbers_in_urls_are_masked() -> None:
    assert "1111" not in redact_url(b"/pay?q=4111%201111%201111%201111")
    assert "1111" not in redact_url(b"/pay?q=4111+1111+1111+1111")


@given(st.binary(max_size=300))
def test_urls_never_fail(raw: bytes) -> None:
    once = redact_url(b"/p?" + raw)
    assert redact_url(once.encode("utf-8", "replace")) == once


@given(st.text(min_size=1, max_size=60), st.sampled_from(SECRET_NAMES))
def test_no_value_of_a_secret_parameter_survives(value: str, name: str) -> None:
    hidden = "Zq9" + value.replace("&", "") + "9qZ"
    once = redact_url(f"/p?a=1&{name}={hidden}&z=2".encode("utf-8", "replace"))
    assert "Zq9" not in once
    assert "9qZ" not in once


pieces = st.sampled_from(
    (
        "Authorization: ", "cooKIE :", "\u212aey", "ba\u017fic ", "bearer ", "eyJabcdefgh.abcd.",
        "%3D", "%3a", "token", "PASS", "=", ":", "://", "bob:pw@", "4111 1111 1111 1111",
        "4111%201111", "-----BEGIN PRIVATE KEY-----", "‹masked›", "‹", "›", "?", "&", "a", "x_",
        ".", "[", "]", "é",
    )
)  # fmt: skip


def _tries_all(redactor: Redactor, value: str) -> str:
    """Every pattern on every text, in the order of the redactor."""
    mark = redactor.mark
    value = redact._KEY.sub(lambda found: mark(found.group()), value)
    value = redact._JWT.sub(lambda found: mark(found.group()), value)
    value = redact._LINE.sub(lambda found: found.group(1) + mark(found.group(2)), value)
    value = redact._PAIR.sub(lambda found: found.group(1) + mark(found.group(2)), value)
    value = redact._BEARER.sub(lambda found: f"{found.group(1)} {mark(found.group(2))}", value)
    value = redact._USERINFO.sub(
        lambda found: found.group(1) + mark(found.group(2)) + found.group(3), value
    )
    return str(redact._CARD.sub(lambda found: redact._masked_card(found.group()), value))


@given(st.lists(pieces | st.text(max_size=8), max_size=12).map("".join))
def test_leaving_out_patterns_that_cannot_match_changes_nothing(value: str) -> None:
    redactor = Redactor(HashKey(1, 2))
    assert redactor._mask(value) == _tries_all(redactor, value)


@given(st.lists(st.sampled_from((*SECRET_NAMES, "_", ".", "-", "[", "]", "a")), max_size=5))
def test_names_of_secrets_end_with_a_word_of_the_list(parts: list[str]) -> None:
    plain = "".join(parts).lower().replace("-", "_").rstrip("]").rpartition("[")[2]
    words = [name.replace("-", "_") for name in SECRET_NAMES]
    assert redact.is_secret_name("".join(parts)) == any(
        plain == word or plain.endswith((f"_{word}", f".{word}")) for word in words
    )


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_every_name_of_a_secret_holds_the_letters_that_are_looked_for_first(name: str) -> None:
    for shape in (name, name.replace("-", "_"), name.replace("-", "").replace("_", "")):
        assert any(stem in shape for stem in redact._STEMS)
