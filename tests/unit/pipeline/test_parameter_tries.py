"""Who tries names of parameters is found by that alone; forms with many fields are not."""

import json
from typing import Any

from apisentinel.pipeline import ScanSettings, ScoreSession

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
WORDS = [f"{a}_{b}" for a in ("api", "user", "page", "sort", "debug") for b in "abcdefghijklmnop"]
FORM = ["q", "from", "to", "rooms", "adults", "children", "stars", "sort", "page", "currency"]


def request(names: list[str], second: int, client: str = "192.0.2.1") -> bytes:
    query = "&".join(f"{name}=1{second}" for name in names)
    fields = {
        "method": "GET", "path": "/search", "query": query, "client_ip": client, "status": 200,
        "ts": f"2026-11-02T10:{second // 60:02d}:{second % 60:02d}Z", "user_agent": AGENT,
    }  # fmt: skip
    return json.dumps(fields).encode()


def scored(session: ScoreSession, lines: list[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in session.score(b"\n".join(lines)).splitlines()]


def word_list(begin: int = 0) -> list[bytes]:
    return [request(WORDS[k : k + 10], begin + k // 10) for k in range(0, len(WORDS), 10)]


def test_a_list_of_names_is_found_by_itself_within_four_requests() -> None:
    answers = scored(ScoreSession(ScanSettings()), word_list())
    assert [answer["risk"] >= 40 for answer in answers[:4]] == [False, False, False, True]
    assert answers[3]["attack_types"] == ["scanning"]


def test_a_form_with_many_fields_says_nothing() -> None:
    lines = [request(FORM[: 8 + k % 3], k) for k in range(40)]
    lines += [request(FORM, 50 + k, f"192.0.2.{k}") for k in range(9)]
    answers = scored(ScoreSession(ScanSettings()), lines)
    assert not any("scanning" in answer["attack_types"] for answer in answers)


def test_names_that_differ_in_numbers_are_one_name() -> None:
    lines = [request([f"item{k}{n}" for n in range(10)], k) for k in range(9)]
    answers = scored(ScoreSession(ScanSettings()), lines)
    assert not any("scanning" in answer["attack_types"] for answer in answers)


def test_blocks_do_not_matter() -> None:
    lines = [request(FORM, k, f"192.0.2.{20 + k}") for k in range(4)] + word_list(10)
    session = ScoreSession(ScanSettings())
    one_by_one = [scored(session, [line])[0] for line in lines]
    assert one_by_one == scored(ScoreSession(ScanSettings()), lines)
