"""What a line says about a request, and what it leaves out."""

import json

import pytest
from apisentinel_agent.exchange import Exchange, Sample
from apisentinel_agent.options import Options
from apisentinel_agent.redaction import Redactor
from apisentinel_agent.rendering import Renderer

HEADERS = [
    (b"User-Agent", b"probe/1"),
    (b"Referer", b"https://shop/?token=1&q=2"),
    (b"X-Forwarded-For", b"192.0.2.1"),
    (b"X-Custom", b"caf\xe9"),
    (b"Cookie", b"theme=dark; SESSIONID=abc"),
    (b"Authorization", b"Bearer xyz"),
]


def render(**given):
    options = Options(url="https://x", key="k", **given)

    def line(**fields):
        exchange = Exchange(1_700_000_000_000_000)
        exchange.method, exchange.path, exchange.status = "GET", "/a", 200
        exchange.headers = HEADERS
        for name, value in fields.items():
            setattr(exchange, name, value)
        raw = Renderer(options, Redactor(key=b"k")).line(exchange)
        assert raw.endswith(b"}\n")
        assert raw.count(b"\n") == 1
        return json.loads(raw)

    return line


def test_headers_come_masked_and_in_order():
    assert render()()["headers"] == [
        ["user-agent", "probe/1"],
        ["referer", "https://shop/?token=redacted&q=2"],
        ["x-forwarded-for", "192.0.2.1"],
        ["x-custom", "café"],
        ["cookie", "redacted"],
        ["authorization", "Bearer redacted"],
    ]


def test_without_headers_the_client_can_still_be_told():
    line = render(headers=False)()
    assert line["headers"] == [["x-forwarded-for", "192.0.2.1"]]
    assert line["user_agent"] == "probe/1"
    assert line["referer"] == "https://shop/?token=redacted&q=2"
    assert "session_id" in line
    assert "credential_id" in line


def test_ids_of_sessions_and_credentials_are_hashes_that_stay_the_same():
    first, again = render()(), render()()
    other = render()(headers=[(b"cookie", b"sessionid=other")])
    assert first["session_id"] == again["session_id"] != other["session_id"]
    assert first["credential_id"] == again["credential_id"]
    assert not {"abc", "xyz"} & set(json.dumps(first).replace('"', " ").split())


@pytest.mark.parametrize("hashed", [False, True])
def test_the_user_is_a_hash_only_on_request(hashed):
    line = render(hash_users=hashed)(user="ann")
    assert (line["user_id"] == "ann") is not hashed


def test_long_texts_are_cut():
    line = render(max_text=10, max_headers=2)(path="/" + "a" * 50, query="q=" + "b" * 50)
    assert (line["path"], line["query"]) == ("/aaaaaaaaa", "q=bbbbbbbb")
    assert len(line["headers"]) == 2


def test_a_secret_at_the_cut_is_masked():
    assert render(max_text=15)(query="password=hunter2hunter2")["query"] == "password=redacted"


def body(kind, content, limit=100):
    made = Sample(limit, kind)
    made.add(content)
    return made


def test_bodies_are_masked_by_their_type():
    line = render()(
        request_body=body("application/x-www-form-urlencoded", b"user=ann&password=x"),
        response_body=body("application/json", b'{"token": "abc", "n": 1}'),
    )
    assert line["request_body"] == "user=ann&password=redacted"
    assert line["response_body"] == '{"token": "redacted", "n": 1}'


def test_bytes_that_are_no_text_do_not_stop_it():
    line = render()(request_body=body("application/json", b'{"a": "\xff"}'))
    assert line["request_body"] == '{"a": "\ufffd"}'


def test_nothing_is_made_up():
    line = render()(headers=[])
    assert set(line) == {
        "event_id",
        "ts",
        "method",
        "path",
        "status",
        "request_bytes",
        "response_bytes",
        "duration_us",
    }
