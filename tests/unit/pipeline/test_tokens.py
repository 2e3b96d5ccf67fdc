"""Bearer tokens through the whole pipeline."""

import base64
import json
import random

import pytest

from apisentinel.pipeline import ScanSettings, ScoreSession

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
THIEF = "python-requests/2.32"
BEGIN = 1_793_000_000


def jwt(number: int, alg: str = "RS256", life: int = 3_600, **head: object) -> str:
    body = {"iss": "https://id.example", "sub": str(number), "iat": BEGIN, "exp": BEGIN + life}
    parts = (json.dumps({"alg": alg} | head), json.dumps(body), f"signature {number}")
    return ".".join(base64.urlsafe_b64encode(p.encode()).decode().rstrip("=") for p in parts)


def line(second: int, token: str, **more: object) -> str:
    fields = {
        "ts": BEGIN + second, "method": "GET", "path": "/orders", "status": 200,
        "client_ip": "192.0.2.1", "user_agent": AGENT,
        "headers": {"authorization": f"Bearer {token}"},
    }  # fmt: skip
    return json.dumps(fields | more)


def story() -> list[str]:
    lines = []
    for k in range(40):
        own = {"client_ip": f"203.0.{k}.5", "user_agent": f"{AGENT} v{k % 7}"}
        lines += [line(20 * k + step, jwt(k), **own) for step in (0, 3, 9)]
        # by train from one network into the next
        lines.append(line(20 * k + 12, jwt(k), **own | {"client_ip": f"198.18.{k}.5"}))
    return lines


def answers(lines: list[str], pieces: list[int] | None = None) -> list[dict]:
    session = ScoreSession(ScanSettings())
    out, at = [], 0
    for size in pieces or [len(lines)]:
        text = "\n".join(lines[at : at + size]).encode() + b"\n"
        out += [json.loads(one) for one in session.score(text).splitlines()]
        at += size
    return out


ATTACKS = {
    "sharing": [line(801, jwt(39), client_ip="192.88.7.9", user_agent=THIEF)],
    "unsigned": [line(801, jwt(3, "none"), status=401)],
    "confused": [line(801, jwt(4, "HS256"), status=401)],
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_are_told_and_people_are_not(attack):
    told = answers(story() + ATTACKS[attack])
    assert max(one["risk"] for one in told[:-1]) < 40
    assert told[-1]["risk"] >= 40
    assert "token_abuse" in told[-1]["attack_types"]


def test_an_expired_token_is_told_of_the_endpoint():
    late = [
        line(801, "opaque-token-of-somebody", status=401),
        line(9_000, jwt(39), client_ip="203.0.39.5"),
    ]
    told = answers(story() + late)
    assert told[-1]["detectors"]["expired_token"] > 0.5


def test_blocks_do_not_matter():
    lines = story() + [one for attack in ATTACKS.values() for one in attack]
    lines += [
        line(801, "opaque-token-of-somebody", status=401),
        line(9_000, jwt(39), client_ip="203.0.39.5"),
    ]
    lines.append(line(9_001, jwt(39), client_ip="192.88.7.9", user_agent=THIEF))
    rng = random.Random(5)
    whole = answers(lines)
    for _ in range(3):
        pieces: list[int] = []
        while sum(pieces) < len(lines):
            pieces.append(rng.randint(1, 40))
        assert answers(lines, pieces) == whole
