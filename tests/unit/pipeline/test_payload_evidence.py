"""The reply raises what an attack counts and says that it succeeded."""

import json

import pytest

from apisentinel.detectors.payload.learned import LEARNED, ModelAlone, PayloadModel
from apisentinel.errors import UntrustedModelError
from apisentinel.models.bundle import read_bundle
from apisentinel.models.trust import TrustStore
from apisentinel.pipeline.learned import PAYLOAD_PRIOR, payload_detector
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


MAX_BUNDLE = 5_000_000
"""Bytes that the model may take in the wheel."""


def test_the_shipped_model_is_genuine_and_small():
    bundle = read_bundle(PAYLOAD_PRIOR, TrustStore.load(PAYLOAD_PRIOR.parent))
    assert sum(map(len, bundle.parts.values())) <= MAX_BUNDLE
    assert PayloadModel.from_parts(bundle.parts).forest.roots.size >= 100


def test_a_changed_model_is_refused(tmp_path):
    for path in PAYLOAD_PRIOR.rglob("*"):
        if path.is_file():
            copy = tmp_path / path.relative_to(PAYLOAD_PRIOR)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    weights = tmp_path / "payload" / "grams.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(UntrustedModelError):
        read_bundle(tmp_path, TrustStore.load(PAYLOAD_PRIOR.parent))


def test_switches_choose_who_judges():
    def opinion(**options):
        return payload_detector(ScanSettings(**options))._opinion

    assert isinstance(opinion(), PayloadModel)
    assert opinion(models=False) is None
    assert isinstance(opinion(rules=False), ModelAlone)


def test_the_model_alone_gives_evidence():
    line = {
        "ts": 1_772_000_000,
        "method": "GET",
        "path": "/p",
        "query": "q=1%27%20union%20select%20password%20from%20users--%20",
    }
    session = ScoreSession(ScanSettings(rules=False), stateless=True)
    verdict = json.loads(session.score(json.dumps(line).encode() + b"\n"))
    assert "payload_model" in verdict["detectors"]
    assert LEARNED not in verdict["attack_types"]


def test_unsure_findings_of_prose_count_less():
    text = "please select the chair from the list or order by price; it's 'new'"
    scores = []
    for options in ({}, {"models": False}):
        session = ScoreSession(ScanSettings(**options), stateless=True)
        body = json.dumps({"note": text})
        line = {"ts": 1_772_000_000, "method": "POST", "path": "/p", "request_body": body}
        scores.append(json.loads(session.score(json.dumps(line).encode() + b"\n"))["score"])
    assert scores[0] < scores[1]
