"""Attempts to sign in and changes of contacts through the whole pipeline."""

import json

import pytest

from apisentinel.pipeline import ScanSettings, ScoreSession

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


def line(second: int, path: str, **more: object) -> str:
    ts = f"2026-11-02T{10 + second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z"
    fields = {"ts": ts, "method": "POST", "path": path, "client_ip": "192.0.2.1", "status": 200}
    return json.dumps(fields | {"user_agent": AGENT} | more)


def sign_in(second: int, mail: str, word: str, **more: object) -> str:
    body = json.dumps({"email": mail, "password": word})
    return line(second, "/auth/login", request_body=body, **more)


def answers(lines: list[str], *, piecewise: bool = False) -> list[dict]:
    session = ScoreSession(ScanSettings())
    if piecewise:
        return [json.loads(session.score(one.encode() + b"\n")) for one in lines]
    return [json.loads(one) for one in session.score("\n".join(lines).encode()).splitlines()]


def takeover(start: int, user: str) -> list[str]:
    agent = {"user_agent": "python-requests/2.32", "client_ip": "198.51.100.7"}
    own = agent | {"user_id": user, "session_id": f"s-{user}"}
    return [
        sign_in(start, f"{user}@a.example", "right", **agent),
        line(start + 3, "/me", method="GET", **own),
        line(start + 6, "/me/email", method="PUT", request_body='{"email":"x@b.example"}', **own),
        line(start + 9, "/payees", **own),
    ]


def story() -> list[str]:
    lines = []
    for k in range(40):
        lines.append(sign_in(k * 30, f"p{k}@a.example", f"w{k}", status=401 if k % 9 == 0 else 200))
        lines.append(line(k * 30 + 4, "/me", method="GET", user_id=f"u{k}", session_id=f"t{k}"))
    lines += takeover(1300, "u5")
    lines += [
        sign_in(1400 + 2 * k, f"v{k}@a.example", f"x{k}", status=401, client_ip=f"203.0.{k}.9")
        for k in range(40)
    ]
    lines += [
        line(1600 + k, "/auth/otp", status=401, client_ip="198.51.100.9",
             request_body=json.dumps({"code": f"{k:06d}"}))
        for k in range(12)
    ]  # fmt: skip
    return lines


@pytest.fixture(scope="module")
def told() -> list[dict]:
    return answers(story())


def test_a_takeover_is_told_with_the_change(told):
    at = next(k for k, one in enumerate(told) if "account_takeover" in one["attack_types"])
    assert json.loads(story()[at])["path"] in {"/me/email", "/payees"}
    assert told[at]["user"] == "u5"
    assert told[at]["risk"] >= 40


def test_people_before_it_are_left_alone(told):
    assert max(one["risk"] for one in told[:80]) < 40


def test_codes_one_after_the_other_are_enumeration(told):
    found = [one["detectors"] for one in told[-12:] if "enumeration" in one["attack_types"]]
    assert max(one.get("code_guessing", 0.0) for one in found) >= 0.9
    assert max(one["risk"] for one in told[-12:]) >= 40


def test_blocks_do_not_matter(told):
    assert answers(story(), piecewise=True) == told


def test_an_injection_into_the_name_is_no_account():
    lines = [
        line(k, "/auth/login", status=401, client_ip=f"203.0.{k}.9",
             request_body='{"email":{"$gt":""},"password":{"$gt":""}}')
        for k in range(40)
    ]  # fmt: skip
    assert not any("brute_force" in one["attack_types"] for one in answers(lines))


def payments(status: int, reply: str = "") -> list[str]:
    return [
        line(k * 9, "/v1/payments", status=status, client_ip="198.51.100.9", response_body=reply,
             request_body=json.dumps({"order": k, "card": "redacted", "amount": 1}))
        for k in range(12)
    ]  # fmt: skip


def test_cards_one_after_the_other_are_told():
    for lines in (payments(402), payments(200, '{"status":"DECLINED","code":"do_not_honor"}')):
        told = answers(lines)
        worst = max(told, key=lambda one: one["detectors"].get("carding", 0.0))
        assert worst["risk"] >= 40
        assert "enumeration" in worst["attack_types"]
        assert answers(lines, piecewise=True) == told
    assert not any("carding" in one["detectors"] for one in answers(payments(200, '{"ok":1}')))
