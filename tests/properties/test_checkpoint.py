"""Whatever traffic came, a checkpoint can be written, read back, and gives the same state."""

import base64
import json
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.unit.pipeline.live.live_traffic import SMALL, START_US

from apisentinel.errors import StateError
from apisentinel.kernels.hashing import HashKey
from apisentinel.parsers.json_requests import parse_requests
from apisentinel.pipeline.live import checkpoint
from apisentinel.pipeline.live.engine import LiveEngine
from apisentinel.pipeline.live.settings import RuntimeSettings

EXAMPLES = int(os.environ.get("CHECKPOINT_EXAMPLES", "40"))

EXTREME = st.sampled_from(
    [0, 1, -1, 2**31 - 1, 2**31, -(2**31), 2**32, 2**53, 2**63 - 1, 2**63, -(2**63), 2**64 - 1,
     2**64, 10**30, -(10**30)]
)  # fmt: skip
TEXT = st.one_of(
    st.sampled_from(["", "a", "admin", "u1", "u2", "\x00", "\x1e:role\x1f", "ÿ", "é", "𝄞", "\ud800",
                     "null", "-", "9" * 40, "A" * 5_000, "'", "${jndi:ldap://x}", "%00", "::1"]),
    st.text(max_size=30),
)  # fmt: skip
NUMBER = st.one_of(EXTREME, st.integers(), st.floats(allow_nan=False, allow_infinity=False))
VALUE = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
            ["id", "product_id", "price", "qty", "total", "items", "email", "password", "user_id",
             "role", "amount", "query", "code", "is_admin"]), inner, max_size=4)
    ),
    max_leaves=10,
)  # fmt: skip
BODY = st.one_of(
    VALUE.map(json.dumps), TEXT,
    st.builds(lambda a, b: json.dumps({"email": a, "password": b}), TEXT, TEXT),
    st.builds("email={}&password={}".format, TEXT, TEXT),
    st.integers(1, 40).map(lambda n: json.dumps([{"id": k, "price": k * 1.5} for k in range(n)])),
)  # fmt: skip


def token(claims: Any) -> str:
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()) for part in ({"alg": "x"}, claims))
    return "Bearer " + ".".join(part.decode().rstrip("=") for part in parts) + ".c2ln"


HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "authorization": st.one_of(TEXT, st.builds(token, VALUE)),
        "cookie": TEXT, "x-forwarded-for": TEXT, "content-type": TEXT, "host": TEXT,
    },
)  # fmt: skip
PATH = st.one_of(
    st.sampled_from(["/", "/login", "/auth/token", "/register", "/password/reset", "/otp", "/admin",
                     "/orders/18446744073709551615", "/orders/9223372036854775808",
                     "/users/1/email", "/graphql", "/v1/items/7", "/health", "/a.css"]),
    TEXT,
)  # fmt: skip
MOMENT = st.one_of(
    st.integers(0, 200).map(lambda k: START_US + k * 97_000_000),
    st.sampled_from([0, 1, START_US, START_US // 1000, 2**62, 4_102_444_800]),
)
ROW = st.fixed_dictionaries(
    {"method": st.sampled_from(["GET", "POST", "PUT", "DELETE", "X"]), "path": PATH},
    optional={
        "ts": MOMENT, "event_id": TEXT, "query": TEXT, "host": TEXT, "scheme": TEXT,
        "http_version": TEXT, "status": st.one_of(st.sampled_from([200, 401, 403, 404, 500, -1, 0]),
                                                  EXTREME),
        "request_bytes": NUMBER, "response_bytes": NUMBER, "duration_us": NUMBER, "peer_ip": TEXT,
        "client_ip": st.one_of(
            st.sampled_from(["192.0.2.1", "2001:db8::1", "::ffff:1.2.3.4"]), TEXT
        ),
        "user_id": TEXT, "session_id": TEXT, "credential_id": TEXT, "user_agent": TEXT,
        "referer": TEXT, "headers": HEADERS, "request_body": BODY, "response_body": BODY,
        "request_body_base64": TEXT, "tls_ja4": TEXT, "tenant": TEXT, "source": TEXT,
        "extra": st.one_of(VALUE, st.builds(lambda role: {"role": role}, TEXT)),
    },
)  # fmt: skip
ROWS = st.lists(ROW, min_size=1, max_size=25)
MODELS_OFF = SMALL.model_copy(update={"models": False})


def new() -> LiveEngine:
    return LiveEngine(MODELS_OFF, RuntimeSettings(quiet_hours=0.05), HashKey(1, 2))


def feed(live: LiveEngine, rows: list[dict[str, Any]]) -> None:
    lines = "\n".join(json.dumps(row) for row in rows)
    batch = parse_requests(lines.encode()).batch
    if len(batch):
        live.advance(live.prepare(batch), live.seq + 1)


def saved(live: LiveEngine) -> tuple[str, dict[str, bytes]]:
    captured = checkpoint.capture(live)
    try:
        return captured.digest(), {name: bytes(part) for name, part in captured.parts().items()}
    finally:
        captured.release()


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@example(
    [{"method": "POST", "path": "/login", "status": 401, "client_ip": "192.0.2.1",
      "request_body": json.dumps({"email": f"m{k}", "password": f"w{k}"})} for k in range(60)],
    [],
)  # fmt: skip
@given(ROWS, ROWS)
def test_a_restored_engine_goes_on_as_if_it_had_never_stopped(
    before: list[dict[str, Any]], after: list[dict[str, Any]]
):
    live, again = new(), new()
    feed(live, before)
    digest, parts = saved(live)
    checkpoint.restore(again, parts)
    assert saved(again)[0] == digest
    feed(live, after)
    feed(again, after)
    assert saved(again)[0] == saved(live)[0]


@pytest.fixture(scope="module")
def parts() -> dict[str, bytes]:
    live = new()
    feed(live, [
        {"method": "POST", "path": "/v1/orders", "ts": START_US + k * 1_000_000, "user_id": f"u{k}",
         "status": 200, "client_ip": "192.0.2.1", "extra": {"role": "customer"},
         "request_body": '{"items":[{"id":1,"price":2}],"total":2}',
         "response_body": '[{"id":1,"price":2}]'}
        for k in range(30)
    ])  # fmt: skip
    return saved(live)[1]


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_damaged_checkpoint_is_refused_or_is_a_state(parts: dict[str, bytes], data: Any):
    name = data.draw(st.sampled_from(["head", "cases"]))
    whole = parts[name]
    at = data.draw(st.integers(0, len(whole) - 1))
    damage = data.draw(st.binary(min_size=0, max_size=4))
    damaged = whole[:at] + damage + whole[at + data.draw(st.integers(0, 3)) :]
    live = new()
    try:
        checkpoint.restore(live, parts | {name: damaged})
    except StateError:
        return
    saved(live)
