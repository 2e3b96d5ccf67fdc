"""The reply raises what an attack counts and says that it succeeded."""

import json

from apisentinel.pipeline.score import ScoreSession
from apisentinel.pipeline.settings import ScanSettings

QUERY = "q=%27%20or%201%3D1--%20"
SILENT, TELLING = b"<h1>nothing found</h1>", b"You have an error in your SQL syntax near ''"


def line(reply):
    request = {
        "ts": "2026-03-01T10:00:00Z", "method": "GET", "path": "/search", "query": QUERY,
        "client_ip": "203.0.113.9", "status": 200, "response_body": reply.decode(),
    }  # fmt: skip
    return json.dumps(request).encode() + b"\n"


def verdicts(replies, **options):
    session = ScoreSession(ScanSettings(), **options)
    return [json.loads(text) for text in session.score(b"".join(map(line, replies))).splitlines()]


def test_a_reply_raises_the_score_of_one_request():
    silent, telling = verdicts([SILENT, TELLING], stateless=True)
    assert telling["score"] > silent["score"]
    assert silent["attack_types"] == telling["attack_types"] == ["sqli"]


def test_a_case_knows_that_it_succeeded_even_after_a_silent_try():
    session = ScoreSession(ScanSettings())
    session.score(line(SILENT) + line(TELLING))
    cases = session.engine.cases.ledger.cases.values()
    pieces = [
        piece
        for case in cases
        for kind in case.families.values()
        for piece in kind.strongest.values()
    ]
    assert any(piece.succeeded for piece in pieces)
    told = [factor.actual for piece in pieces for factor in piece.factors]
    assert "the reply shows an error of the database" in told
