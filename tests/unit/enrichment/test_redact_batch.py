"""Declared secrets leave the batch, everything else stays, identities and attacks survive."""

import base64
import json
import random
from pathlib import Path
from urllib.parse import quote, quote_plus

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apisentinel.enrichment import Enricher
from apisentinel.enrichment.redact_batch import BatchRedactor
from apisentinel.kernels.bytes import PADDING, padded
from apisentinel.kernels.hashing import HashKey
from apisentinel.parsers.json_requests import parse_requests
from apisentinel.parsers.line_batches import LineReader
from apisentinel.records.batch import TEXT_INDEX, RequestBatch, empty_columns
from apisentinel.records.codec import encode_batch

KEY = HashKey(3, 4)
ROOT = Path(__file__).parents[3]


def batch_of(*requests):
    lines = b"\n".join(
        json.dumps({"method": "POST", "url": "/a"} | request).encode() for request in requests
    )
    parsed = parse_requests(lines)
    assert len(parsed.batch) == len(requests)
    return parsed.batch


def line(text, **kwargs):
    return BatchRedactor(KEY, **kwargs).line(text.encode()).decode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1&password=hunter2&x=1", "a=1&password=redacted&x=1"),
        ("user%5Bpassword%5D=geheim&b=2", "user%5Bpassword%5D=redacted&b=2"),
        ("user[password]=a b;c&b=2", "user[password]=redacted&b=2"),
        ('{"password":"a\\"b","n":1}', '{"password":"redacted","n":1}'),
        ('{"password" : "x\\\\", "n":1}', '{"password" : "redacted", "n":1}'),
        ('{"newPassword":"x1"}', '{"newPassword":"redacted"}'),
        ('{"user_password":"x1"}', '{"user_password":"redacted"}'),
        ('{"pin": 1234, "n": 5}', '{"pin": "redacted", "n": 5}'),
        ('{"cvv":123}', '{"cvv":"redacted"}'),
        ('{"password":["a","b"],"n":1}', '{"password":"redacted","n":1}'),
        ('{"s":"{\\"password\\":\\"x1\\",\\"pin\\":12}"}',
         '{"s":"{\\"password\\":\\"redacted\\",\\"pin\\":\\"redacted\\"}"}'),
        ("q=%7B%22password%22%3A%22s1%22%7D", "q=%7B%22password%22%3A%22redacted%22%7D"),
        ("next=%2Fx%3Fpassword%3Dabc%26b%3D1", "next=%2Fx%3Fpassword%3Dredacted%26b%3D1"),
        ("<password>geheim</password>", "<password>redacted</password>"),
        ('<user password="geheim" n="1">', '<user password="redacted" n="1">'),
        ("{'passwd': 'geheim'}", "{'passwd': 'redacted'}"),
        ("card 4111 1111 1111 1111 ok", "card redacted ok"),
        ("4111-1111-1111-1111", "redacted"),
        ("n=4111111111111111&", "n=redacted&"),
        ("n=4111%201111%201111%201111", "n=redacted"),
        ("378282246310005 3782 822463 10005", "redacted redacted"),
        ("https://u:pw123@host/x", "https://u:redacted@host/x"),
        ("password: hunter2\nnext", "password: redacted\nnext"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
         "-----BEGIN RSA PRIVATE KEY-----redacted-----END RSA PRIVATE KEY-----"),
        ('name="password"\r\n\r\nhunter2\r\n--b', 'name="password"\r\n\r\nredacted\r\n--b'),
    ],
)  # fmt: skip
def test_guessable_secrets_become_one_mark(text, expected):
    assert line(text) == expected
    assert line(expected) == expected


@pytest.mark.parametrize(
    ("before", "secret", "after"),
    [
        ("token=", "abcdefghijkl", "&x=1"),
        ('{"accessToken":"', "abcdefghijkl", '"}'),
        ('{"X-Api-Key": "', "abcdefghijkl", '"}'),
        ('{"Cookie": "', "a=b; c=dddddd", '"}'),
        ("t ", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3", " x"),
        ("Bearer ", "abcdefghijklmnop1", ""),
        ("x ", "ghp_abcdefghijklmnopqrstuvwxyz0123456789", " y"),
        ("x ", "sk_live_abcdefghijklmnop12345678", " y"),
        ("data=", base64.b64encode(b'{"user":1,"password":"x12"}').decode(), "&y"),
        ("data=", base64.b64encode(b"  a=1&password=geheim&b=2").decode(), "&y"),
        ("data=", base64.urlsafe_b64encode(b'?>? {"api_key":"abcdefgh"}').decode(), "&y"),
    ],
)  # fmt: skip
def test_long_secrets_get_a_mark_by_the_key(before, secret, after):
    got = line(before + secret + after)
    assert got.startswith(f"{before}redacted-")
    assert got.endswith(after)
    assert len(got) == len(before) + 25 + len(after)
    assert line(got) == got
    assert BatchRedactor(HashKey(9, 9)).line((before + secret + after).encode()).decode() != got


@pytest.mark.parametrize(
    "text",
    [
        "page_token=abc123def456&nextToken=abcdefgh1234",
        "shopping=1&bypass=foo1&author=me22&compass=north&design=a1&opinion=good&inside=out",
        '{"token":"","password":null,"auth":true,"session":false,"pin":{}}',
        "token=&password=",
        "grant_type=password&token_type=bearer",
        "order=4111111111111112&ts=1700000000000&us=1700000000000000&id=9007199254740993",
        "550e8400-e29b-41d4-a716-446655440000",
        "lat=52.4111111111111111&x=4111111111111111.5",
        "f00d4111111111111111beef",
        "tel 030 1234 5678 9012 3456",
        "cursor=eyJpZCI6MTIzNDU2LCJkaXIiOiJuZXh0In0",
        "img=data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ",
        "https://host:8080/x@y http://a.b/c:d@e",
        "/v1/projects/p/tokens:list /session/new /password/reset",
        "max_tokens=512&tokens=3&passengers=4&spinner=on&postcards=2&session_type=web",
        "the secret of success is work",
        "npm_install=1",
    ],
)
def test_what_is_no_secret_is_not_touched(text):
    spans, numbers = empty_columns(1)
    for name in ("query", "request_body"):
        spans[TEXT_INDEX[name], 0] = 0, len(text)
    batch = RequestBatch(padded(text.encode()), spans, numbers)
    assert BatchRedactor(KEY).apply(batch) == 0
    assert batch.text("query", 0) == text.encode()


def test_headers_are_redacted_by_their_grammar():
    batch = batch_of(
        {
            "headers": [
                ["Host", "h.example"],
                ["Authorization", "Bearer abc.def-ghi"],
                ["Cookie", 'a=1; session="s3cr3t"; flag'],
                ["Set-Cookie", "sid=topsecret; Path=/; HttpOnly"],
                ["X-Acme-Api-Key", "k-123456"],
                ["X-Note", "password=hunter2"],
                ["Accept", "*/*"],
                ["Referer", "https://u.example/?token=abcdefghijkl"],
                ["User-Agent", "curl/8"],
            ]
        }
    )
    assert BatchRedactor(KEY).apply(batch) == 1
    headers = dict(batch.headers(0))
    assert headers[b"host"] == b"h.example"
    assert headers[b"authorization"].startswith(b"Bearer redacted-")
    names = [part.split(b"=")[0] for part in headers[b"cookie"].split(b"; ")]
    assert names[:2] == [b"a", b"session"]
    assert b"s3cr3t" not in headers[b"cookie"]
    assert b"flag" not in headers[b"cookie"]
    assert headers[b"set-cookie"].endswith(b"; Path=/; HttpOnly")
    assert b"topsecret" not in headers[b"set-cookie"]
    assert headers[b"x-acme-api-key"].startswith(b"redacted-")
    assert headers[b"x-note"] == b"password=redacted"
    assert headers[b"accept"] == b"*/*"
    # the columns that were taken from the headers follow them
    assert batch.text("host", 0) == b"h.example"
    assert batch.text("user_agent", 0) == b"curl/8"
    assert batch.text("referer", 0) == headers[b"referer"]
    assert b"abcdefghijkl" not in encode_batch(batch)


def test_basic_credentials_leave_the_user_only():
    def basic(text):
        value = base64.b64encode(text.encode()).decode()
        batch = batch_of({"headers": {"Authorization": f"Basic {value}"}})
        BatchRedactor(KEY).apply(batch)
        return dict(batch.headers(0))[b"authorization"]

    assert basic("ann:one") == basic("ann:two") != basic("bob:one")
    assert basic("ann:one").startswith(b"Basic redacted-")


def test_identities_are_told_apart_as_before():
    rng = random.Random(5)
    secrets = [f"{rng.getrandbits(128):032x}" for _ in range(40)]
    requests = []
    for _ in range(400):
        secret = rng.choice(secrets)
        header = rng.choice(
            [("Authorization", f"Bearer {secret}"), ("Cookie", f"a=1; session={secret}"),
             ("X-Api-Key", secret)]
        )  # fmt: skip
        requests.append({"client_ip": "203.0.113.9", "headers": [header]})
    plain, hidden = batch_of(*requests), batch_of(*requests)
    assert BatchRedactor(KEY).apply(hidden) == 400
    for batch in (plain, hidden):
        Enricher(key=KEY).pure(batch)
    for name in ("h_credential", "h_session", "h_fingerprint", "session_given", "h_client"):
        before, after = plain.enriched[name], hidden.enriched[name]
        pairs = set(zip(before.tolist(), after.tolist(), strict=True))
        assert len(pairs) == len(set(before.tolist())) == len(set(after.tolist())), name


def test_ids_are_hashed_when_asked_for():
    requests = [
        {"user_id": user, "session_id": "s", "credential_id": None}
        for user in ("ann", "ann", "bob")
    ]
    batch = batch_of(*requests)
    BatchRedactor(KEY, hash_ids=True).apply(batch)
    users = [batch.text("user_id", row) for row in range(3)]
    assert users[0] == users[1] != users[2]
    assert all(user.startswith(b"hash-") and len(user) == 21 for user in users)
    assert batch.text("session_id", 0).startswith(b"hash-")
    assert batch.text("credential_id", 0) is None
    assert BatchRedactor(KEY, hash_ids=True).apply(batch) == 0


def test_attacks_are_kept():
    kept = BatchRedactor(KEY, carry_attack=lambda places: [b"OR 1=1" in v for _, v in places])
    raw = b"password=' OR 1=1--&token=ab'cdefghijkl&pin=12"
    assert kept.line(raw).startswith(b"password=' OR 1=1--&token=redacted-")


def test_many_lines_are_redacted_at_once():
    texts = [b"password=abc", b"", b"nothing here", b"x token=abcdefgh y"]
    redactor = BatchRedactor(KEY)
    assert redactor.lines(texts) == [redactor.line(text) for text in texts]
    assert redactor.lines([]) == []
    assert redactor.lines([b"a", b"b"]) == [b"a", b"b"]


PLACES = {
    "bearer": lambda s: {"headers": {"Authorization": f"Bearer {s}"}},
    "basic": lambda s: {
        "headers": {"Authorization": "Basic " + base64.b64encode(f"u:{s}".encode()).decode()}
    },
    "digest": lambda s: {"headers": {"Authorization": f'Digest username="u", response="{s}"'}},
    "proxy": lambda s: {"headers": {"Proxy-Authorization": s}},
    "cookie": lambda s: {"headers": {"Cookie": f"theme=dark; sid={s}; x={s}"}},
    "set-cookie": lambda s: {"headers": {"Set-Cookie": f"sid={s}; Path=/"}},
    "api key header": lambda s: {"headers": {"X-API-Key": s}},
    "vendor header": lambda s: {"headers": {"X-Acme-Access-Token": s}},
    "query": lambda s: {"query": f"a=1&access_token={quote(s)}&b=2"},
    "query plus": lambda s: {"query": f"password={quote_plus(s)}"},
    "rails form": lambda s: {"request_body": f"user%5Bpassword%5D={quote(s)}&c=1"},
    "form": lambda s: {"request_body": f"login=ann&pwd={quote(s)}"},
    "json": lambda s: {"request_body": json.dumps({"user": {"password": s}, "n": 1})},
    "json camel": lambda s: {"request_body": json.dumps({"clientSecret": s, "x": [1]})},
    "json in json": lambda s: {"request_body": json.dumps({"b": json.dumps({"apiKey": s})})},
    "json in url": lambda s: {"query": "q=" + quote(json.dumps({"password": s}), safe="")},
    "url in url": lambda s: {"query": "next=" + quote(f"/x?token={quote(s)}&y=1", safe="")},
    "response": lambda s: {"response_body": json.dumps({"refresh_token": s, "expires_in": 3600})},
    "referer": lambda s: {"referer": f"https://x.example/reset?token={quote(s)}"},
    "path parameter": lambda s: {"path": f"/shop;jsessionid={quote(s, safe='')}/cart", "url": None},
    "userinfo": lambda s: {"query": f"url=https://u:{quote(s, safe='')}@h.example/"},
    "base64 json": lambda s: {
        "request_body": json.dumps(
            {"d": base64.b64encode(json.dumps({"password": s}).encode()).decode()}
        )
    },
    "xml": lambda s: {"request_body": f"<login><password>{s}</password></login>"},
    "multipart": lambda s: {
        "request_body": f'--b\r\nContent-Type: x; name="password"\r\n\r\n{s}\r\n--b--'
    },
    "free text": lambda s: {"request_body": f"please use password: {s} thanks"},
}
PLAIN_ONLY = {"bearer", "digest", "proxy", "cookie", "set-cookie", "xml", "multipart", "free text"}
OWN_FORM = {
    "jwt": lambda s: {"path": f"/confirm/{s}/now", "url": None},
    "jwt in body": lambda s: {"request_body": f"see {s} here"},
    "jwt in header": lambda s: {"headers": {"X-Debug": f"got {s}"}},
}


def password(rng):
    return "".join(rng.choice("abcdefghkmnpqrstuvwxyzABCDEFGHKLMN23456789!$*-_") for _ in range(14))


def token(rng):
    return "".join(rng.choice("abcdefghijklmnopqrstuvwxyzABCDEFGH0123456789") for _ in range(32))


def jwt(rng):
    parts = [json.dumps({"alg": "HS256"}), json.dumps({"sub": rng.getrandbits(40)}), token(rng)]
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)


def card(rng):
    digits = [4, *(rng.randrange(10) for _ in range(14))]
    total = sum(d * 2 - 9 * (d > 4) if i % 2 == 0 else d for i, d in enumerate(digits))
    return "".join(map(str, [*digits, -total % 10]))


def canaries(count):
    """Requests with one secret each: ``(request, forms of the secret that must not be found)``."""
    rng = random.Random(7)
    names = list(PLACES)
    for k in range(count):
        kind = k % 4
        if kind == 0:
            number = card(rng)
            grouped = rng.choice(["", " ", "-"]).join(number[i : i + 4] for i in range(0, 16, 4))
            place = rng.choice(
                [lambda s: {"request_body": json.dumps({"payment": {"nr": s}})},
                 lambda s: {"request_body": f"nr={quote(s)}"}, lambda s: {"query": f"q={quote(s)}"},
                 lambda s: {"headers": {"X-Pan": s}}, lambda s: {"path": f"/pay/{quote(s)}"}]
            )  # fmt: skip
            yield place(grouped), [grouped, number, quote(grouped)]
            continue
        if kind == 1:
            secret = jwt(rng)
            place = OWN_FORM[rng.choice(list(OWN_FORM))]
            yield place(secret), [secret, secret.split(".")[2]]
            continue
        name = names[k % len(names)]
        plain = name in PLAIN_ONLY
        secret = token(rng) if plain and rng.random() < 0.5 else password(rng)
        forms = {
            secret,
            quote(secret),
            quote(secret, safe=""),
            quote_plus(secret),
            quote(quote(secret)),
        }
        packed = base64.b64encode(secret.encode()).decode()
        forms.add(base64.b64encode(json.dumps({"password": secret}).encode()).decode())
        yield (
            PLACES[name](secret),
            [*forms, packed, base64.b64encode(f"u:{secret}".encode()).decode()],
        )


def test_none_of_ten_thousand_canaries_is_left():
    redactor = BatchRedactor(KEY)
    everything = list(canaries(10_000))
    seen = 0
    for begin in range(0, len(everything), 1000):
        part = everything[begin : begin + 1000]
        batch = _batch(part)
        seen += sum(
            any(form.encode() in encode_batch(batch.take(np.array([row]))) for form in forms)
            for row, (_, forms) in enumerate(part)
        )
        redactor.apply(batch)
        for row, (request, forms) in enumerate(part):
            left = encode_batch(batch.take(np.array([row])))
            for form in forms:
                assert form.encode() not in left, (request, form)
    assert seen == 10_000  # every canary was there before


def _batch(part):
    requests = []
    for request, _ in part:
        merged = {"method": "POST", "url": "/a"} | request
        if "path" in request or "query" in request:
            merged.pop("url", None)
            merged.setdefault("path", "/a")
        requests.append(json.dumps({k: v for k, v in merged.items() if v is not None}).encode())
    parsed = parse_requests(b"\n".join(requests))
    assert len(parsed.batch) == len(part)
    return parsed.batch


def test_honest_logs_stay_as_they_are():
    batch = LineReader().read((ROOT / "examples" / "access.log").read_bytes()).batch
    assert len(batch) > 1000
    assert BatchRedactor(KEY).apply(batch) <= len(batch) / 1000


PIECES = st.sampled_from(
    [b"password", b"token", b"=", b":", b'"', b"'", b"\\", b"{", b"}", b"[", b"]", b"%22", b"%3D",
     b"&", b" ", b"\n", b"eyJ", b"4111111111111111", b"-----BEGIN PRIVATE KEY-----", b"://", b"@",
     b"cookie", b"\x1f", b"\x1e", b"authorization", b"Bearer ", b"Basic ",
     b"cGFzc3dvcmQ", b"a" * 30,
     b"ghp_", b"<", b">", b"\r\n\r\n", b"1", b"-"]
)  # fmt: skip
HOSTILE = st.lists(PIECES | st.binary(max_size=3), max_size=30).map(b"".join)


@given(st.lists(st.tuples(*(st.none() | HOSTILE for _ in range(6))), min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
def test_any_content_gives_a_sound_batch_that_does_not_change_again(rows):
    names = ("headers", "path", "query", "referer", "request_body", "user_id")
    text = bytearray()
    spans, numbers = empty_columns(len(rows))
    for row, values in enumerate(rows):
        for name, value in zip(names, values, strict=True):
            if value is not None:
                spans[TEXT_INDEX[name], row] = len(text), len(text) + len(value)
                text += value
        head = spans[TEXT_INDEX["headers"], row]
        if head[0] >= 0 and head[1] - head[0] > 4:
            spans[TEXT_INDEX["host"], row] = head[0] + 1, head[1] - 2
    batch = RequestBatch(padded(text), spans, numbers)
    redactor = BatchRedactor(KEY, hash_ids=True)
    redactor.apply(batch)
    RequestBatch(batch.buffer, batch.spans, batch.numbers)  # refuses spans outside the buffer
    assert (batch.spans[:, :, 1] >= batch.spans[:, :, 0]).all()
    assert (batch.buffer[-PADDING:] == 0).all()
    for row, values in enumerate(rows):
        for name, value in zip(names, values, strict=True):
            assert (batch.text(name, row) is None) == (value is None)


@pytest.mark.parametrize(
    "text",
    [
        b'"token":[' * 7000, b"npm_" * 16_000, b"://" * 20_000, b"eyJ" * 20_000,
        b'password="' * 6000,
        b"password=" * 7000, b"4" * 65_536, b"4 " * 32_768, b"cGFzc3dvcmQ" * 6000, b"\\" * 65_536,
        b'"password":' + b"\\" * 60_000, b"-----BEGIN KEY" * 4000, b"%22password%22%3A%22" * 3000,
        b"Bearer " * 9000, b"<password>" * 6500,
    ],
    ids=range(15),
)  # fmt: skip
def test_hostile_repetition_is_linear(text):
    redactor = BatchRedactor(KEY)
    assert len(redactor.line(text)) <= 3 * len(text) + 64
