"""Scoring line by line, and that history matters."""

import json

from apisentinel.pipeline import ScanSettings, ScoreSession

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


def request(path: str, client: str = "192.0.2.1", second: int = 0, **more: object) -> str:
    ts = f"2026-11-02T10:{second // 60:02d}:{second % 60:02d}Z"
    fields = {"method": "GET", "path": path, "client_ip": client, "ts": ts, "user_agent": AGENT}
    return json.dumps(fields | {"status": 200} | more)


def scored(lines: list[str], *, stateless: bool = False) -> list[dict]:
    session = ScoreSession(ScanSettings(), stateless=stateless)
    return [json.loads(line) for line in session.score("\n".join(lines).encode()).splitlines()]


ATTACK = request(
    "/search", query="q=1%27%20union%20select%20password%20from%20users--%20", second=5
)


def test_every_line_has_its_answer_in_its_place():
    answers = scored([request("/a"), "nonsense", "", ATTACK])
    assert [("error" in a) for a in answers] == [False, True, True, False]
    assert [a["line"] for a in answers if "error" in a] == [2, 3]


def test_a_request_alone_has_the_same_score_in_any_company():
    alone = scored([ATTACK], stateless=True)[0]["score"]
    others = [request(f"/p/{k}", second=k) for k in range(30)]
    assert scored([*others, ATTACK, *others], stateless=True)[30]["score"] == alone


def test_history_counts_unless_it_is_left_out():
    lines = [ATTACK, request("/", second=9), request("/", client="198.51.100.7", second=9)]
    after, stranger = scored(lines)[1:]
    assert after["risk"] > stranger["risk"]
    after, stranger = scored(lines, stateless=True)[1:]
    assert after["risk"] == stranger["risk"]


def test_guessing_is_seen_as_it_happens():
    lines = [request("/login", method="POST", status=401, second=k) for k in range(8)]
    risks = [answer["risk"] for answer in scored(lines)]
    assert risks[2] < 40 <= risks[6]
    assert "brute_force" in scored(lines)[6]["attack_types"]


def test_blocks_do_not_matter():
    lines = [request(f"/g{k}", status=404, second=k) for k in range(25)]
    lines += [ATTACK, request("/login", method="POST", status=401, second=40)]
    session = ScoreSession(ScanSettings())
    pieces = b"".join(session.score(line.encode() + b"\n") for line in lines)
    whole = ScoreSession(ScanSettings()).score("\n".join(lines).encode())
    assert pieces == whole


def test_one_handshake_on_a_plain_port_is_no_incident():
    log = json.dumps(
        {"method": "", "path": "\x16\x03\x01", "client_ip": "192.0.2.9", "status": 400}
    )
    answers = scored([log.replace('"method": ""', '"method": "\\u0016"')])
    assert answers[0].get("risk", 0) < 40


def test_forwarded_addresses_count_only_behind_trusted_hops():
    forwarded = {"X-Forwarded-For": "6.6.6.6, 198.51.100.9"}
    fields = {"method": "GET", "path": "/", "peer_ip": "10.0.0.1", "headers": forwarded}
    line = json.dumps(fields).encode()
    said = [
        json.loads(ScoreSession(ScanSettings(trusted_hops=hops)).score(line))["client"]
        for hops in (0, 1)
    ]
    assert said == ["10.0.0.1", "198.51.100.9"]
