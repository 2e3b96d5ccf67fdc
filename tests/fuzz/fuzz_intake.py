"""Bounded fuzzing of everything between a socket and the journal: mutated bodies through the
decoders, the door, HEC, OTLP, syslog framing, redaction and the codec.

Checks that nothing raises but a refusal, that the books balance, that batches stay sound, that what
is written can be read back and that redaction takes its declared secret. Run:
``python tests/fuzz/fuzz_intake.py --inputs 100000 --seed 1``.
"""

import argparse
import gzip
import json
import random
import sys
import zlib
from collections import Counter

import numpy as np
import zstandard
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.unit.pipeline.door.door_fakes import FakeJournal, make_door

from apisentinel.errors import RefusedError, StateError
from apisentinel.parsers import hec, otlp
from apisentinel.parsers.json_samples import SAMPLES
from apisentinel.parsers.line_batches import LineReader
from apisentinel.pipeline.door.door import Dead
from apisentinel.pipeline.door.redaction import door_redactor
from apisentinel.pipeline.door.settings import DoorSettings
from apisentinel.records.batch import RequestBatch
from apisentinel.records.codec import decode_batch, encode_batch
from apisentinel.sources.body import decompress
from apisentinel.sources.syslog_framing import Framing

SECRET = "Zq7xWv93kLmT2pRb"
REQUESTS = [
    {"method": "POST", "url": f"/login?api_key={SECRET}", "request_body": "a=1&b=2"},
    {"method": "POST", "url": "/a", "request_body": json.dumps({"u": {"password": SECRET}})},
    {"method": "GET", "url": "/a", "headers": {"Authorization": f"Bearer {SECRET}", "Accept": "x"}},
    {"method": "GET", "url": "/a", "headers": [["Cookie", f"a=b; sid={SECRET}"]]},
    {"method": "GET", "path": "/a;jsessionid=" + SECRET, "referer": f"https://u:{SECRET}@h/"},
]
TOKENS = [
    b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"=", b"&", b"%22", b"%3D", b"\n", b"\r\n",
    b"\0", b"\xff", b"\x1e", b"\x1f", b"password", b"token=", b"eyJ", b"4111111111111111",
    b"://", b"@", b"null", b"1e999", b"-----BEGIN PRIVATE KEY-----", b"events",
    b'"event":', b"Basic ",
]  # fmt: skip
SPAN = {
    "traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "kind": 2,
    "startTimeUnixNano": "1700000000000000000",
    "attributes": [
        {"key": "http.request.method", "value": {"stringValue": "GET"}},
        {"key": "url.path", "value": {"stringValue": "/a"}},
        {"key": "http.request.header.x", "value": {"arrayValue": {"values": [{"intValue": 1}]}}},
    ],
}  # fmt: skip
EXPORT = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [SPAN]}]}]}).encode()
PROTOBUF = json_format.ParseDict(
    {"resourceSpans": [{"scopeSpans": [{"spans": [SPAN | {"traceId": "", "spanId": ""}]}]}]},
    ExportTraceServiceRequest(),
).SerializeToString()
MESSAGES = b"23 <14>Nov 20 08:27:54 a: b<14>Nov 20 08:27:54 h n: GET\n9 <14>x y z"
PACK = {"gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstandard.compress}


def mutate(data: bytes, rng: random.Random) -> bytes:
    """Changes some places of a text."""
    out = bytearray(data)
    for _ in range(rng.choice((0, 1, 1, 2, 4, 8))):
        at = rng.randrange(len(out) + 1)
        kind = rng.randrange(4)
        if kind == 0:
            out[at:at] = rng.choice(TOKENS)
        elif kind == 1:
            del out[at : at + rng.randrange(1, 12)]
        elif kind == 2 and at < len(out):
            out[at] = rng.randrange(256)
        else:
            out[at:at] = out[max(at - rng.randrange(30), 0) : at]
    return bytes(out)


def sound(batch: RequestBatch) -> None:
    """Checks a batch and its way through the codec."""
    RequestBatch(batch.buffer, batch.spans, batch.numbers)
    again = decode_batch(encode_batch(batch))
    assert len(again) == len(batch)
    for name in ("headers", "query", "request_body", "user_agent", "referer"):
        for row in range(len(batch)):
            assert again.text(name, row) == batch.text(name, row)


def through_the_door(rng: random.Random) -> str:
    door = make_door(FakeJournal(), redactor=door_redactor(DoorSettings()))
    clean = [json.dumps(request).encode() for request in rng.choices(REQUESTS, k=3)]
    body = b"\n".join([*clean, mutate(clean[0], rng), mutate(clean[1], rng)])
    door.submit_requests(body, source="http")
    assert door.counters.conservation() == 0
    for entry in door.journal.entries:
        batch = decode_batch(entry.body)
        sound(batch)
        rows = encode_batch(batch.take(np.arange(min(3, len(batch)))))
        assert SECRET.encode() not in rows, body
    return "door"


def through_hec(rng: random.Random) -> str:
    events = b"".join(
        json.dumps({"event": rng.choice([*SAMPLES.values(), *REQUESTS]), "time": 5}).encode()
        for _ in range(2)
    )
    got = hec.parse_events(mutate(events, rng))
    sound(got.batch)
    door = make_door(redactor=door_redactor(DoorSettings()))
    dead = [Dead(line.raw, line.reason) for line in got.dead]
    door.submit_batch(got.batch, source="hec", broken=got.broken, dead=dead)
    assert door.counters.conservation() == 0
    return f"hec {got.code}"


def through_otlp(rng: random.Random) -> str:
    body, kind = rng.choice(((EXPORT, otlp.JSON_TYPE), (PROTOBUF, otlp.PROTOBUF_TYPE)))
    try:
        got = otlp.parse_traces(mutate(body, rng), kind)
    except RefusedError as refusal:
        return f"{kind} {refusal.status}"
    return f"{kind} {got.requests} {got.ignored} {len(got.rejected)}"


def through_syslog(rng: random.Random) -> str:
    framing = Framing(480)
    data = mutate(MESSAGES * 3, rng)
    cut = rng.randrange(len(data) + 1)
    messages = framing.feed(data[:cut]) + framing.feed(data[cut:]) + framing.finish()
    lines = b"".join(message.text + b"\n" for message in messages)
    got = LineReader().read(lines)
    sound(got.batch)
    return "syslog"


def through_a_decoder(rng: random.Random) -> str:
    name = rng.choice(list(PACK))
    data = b"abc" * rng.randrange(2000)
    try:
        decompress(mutate(PACK[name](data), rng), name)
    except RefusedError as refusal:
        return f"{name} {refusal.status}"
    return f"{name} taken"


def through_the_codec(rng: random.Random) -> str:
    batch = LineReader().read(json.dumps(rng.choice(REQUESTS)).encode()).batch
    try:
        decode_batch(mutate(encode_batch(batch), rng))
    except StateError:
        return "codec damaged"
    return "codec whole"


WAYS = (
    through_the_door,
    through_hec,
    through_otlp,
    through_syslog,
    through_a_decoder,
    through_the_codec,
)


def main(arguments: list[str]) -> int:
    """Runs the given number of inputs through all ways."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--inputs", type=int, default=10_000)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args(arguments)
    rng = random.Random(chosen.seed)
    total = Counter(WAYS[turn % len(WAYS)](rng) for turn in range(chosen.inputs))
    for name, count in total.most_common():
        sys.stdout.write(f"{count:>10,}  {name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
