"""Operations that only another role performs, through the whole pipeline."""

import json
from collections.abc import Iterator
from functools import partial

import msgspec
import numpy as np
import pytest

from apisentinel.detectors.base import DetectorSettings
from apisentinel.detectors.behaviour import ForeignFunctions
from apisentinel.features import EVENT
from apisentinel.features.role_matrix import MatrixMemory, RoleMatrix
from apisentinel.features.roles import Roles
from apisentinel.incidents.phrases import phrase
from apisentinel.kernels.hashing import hash_bytes
from apisentinel.parsers.json_requests import parse_requests
from apisentinel.pipeline import ScanSettings, ScoreSession
from apisentinel.pipeline.settings import Detectors
from apisentinel.records.signal import FunctionSignal

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
CUSTOMERS, ADMINS = 24, 4


def line(
    second: int, method: str, path: str, user: str, role: str | None, status: int = 200
) -> str:
    ts = f"2026-11-02T{8 + second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z"
    address = f"192.0.2.{len(user) + int(user[1:]) % 90}"
    fields = {"ts": ts, "method": method, "path": path, "client_ip": address,
              "status": status, "user_id": user, "session_id": f"s-{user}", "user_agent": AGENT,
              "host": "api.shop.example", "response_bytes": 900}  # fmt: skip
    return json.dumps(fields | ({"extra": {"role": role}} if role else {}))


def customers(seconds: range, *, said: bool = True) -> Iterator[str]:
    for second in seconds:
        user = second // 3 % CUSTOMERS
        path = ("/v1/products/7", "/v1/cart", "/v1/orders")[second % 3]
        yield line(second, "GET", path, f"c{user}", "customer" if said else None)
        if second % 20 == 0:
            admin = second // 20 % ADMINS
            place, method = (("/admin/refunds", "POST"), ("/admin/users", "GET"))[second // 80 % 2]
            yield line(second, method, place, f"a{admin}", "admin" if said else None)


def verdicts(lines: list[str], settings: ScanSettings | None = None, size: int = 0) -> list[dict]:
    session = ScoreSession(settings or ScanSettings())
    parts = [lines[k : k + size] for k in range(0, len(lines), size)] if size else [lines]
    return [
        json.loads(one)
        for part in parts
        for one in session.score("\n".join(part).encode()).splitlines()
    ]


def bfla(verdict: dict) -> float:
    return verdict["detectors"].get("foreign_functions", 0.0)


HISTORY = 4_200


def told(*more: str, history: int = HISTORY) -> list[dict]:
    return verdicts([*customers(range(history)), *more])[-len(more) :]


def test_a_customer_who_is_let_in_to_a_function_of_the_staff_is_told():
    (verdict,) = told(line(HISTORY, "POST", "/admin/refunds", "c5", "customer"))
    assert verdict["risk"] >= 40
    assert "bfla" in verdict["attack_types"]
    assert "operation that only admin perform, in the role of: customer" in verdict["reason"]


def test_the_sentence_names_both_roles():
    signal = FunctionSignal("customer", 3120, ("admin",), 40, 4, 0, is_admin=True, writes=True)
    evidence = ForeignFunctions().evidence(signal)
    assert evidence is not None
    assert phrase(evidence) == (
        "came in role customer, which never did this in 3,120 requests; only admin did"
    )


def test_nobody_is_told_for_what_the_own_role_does():
    assert not any(map(bfla, verdicts(list(customers(range(HISTORY))))))


def test_honest_steps_are_not_told():
    found = told(
        line(HISTORY, "POST", "/admin/refunds", "c5", "customer", status=403),
        line(HISTORY + 1, "GET", "/v1/cart", "a1", "admin"),
        line(HISTORY + 2, "GET", "/v1/news", "c5", "customer"),
        line(HISTORY + 3, "GET", "/admin/users", "a9", "admin"),
        line(HISTORY + 4, "POST", "/admin/refunds", "n1", "support"),
    )
    assert not any(map(bfla, found))


def test_what_several_users_do_in_several_windows_becomes_their_role_s():
    more = [
        line(HISTORY + 600 * k + user, "POST", "/admin/refunds", f"c{user}", "customer")
        for k in range(6)
        for user in range(5)
    ]
    found = told(*more, line(HISTORY + 3600, "POST", "/admin/refunds", "c9", "customer"))
    assert bfla(found[0])
    assert not bfla(found[-1])


def test_a_hunt_of_one_account_makes_nothing_usual():
    more = [line(HISTORY + 600 * k, "POST", "/admin/refunds", "c5", "customer") for k in range(6)]
    found = told(*more, line(HISTORY + 3600, "POST", "/admin/refunds", "c9", "customer"))
    assert bfla(found[-1])


def test_a_young_role_says_nothing():
    (verdict,) = told(line(300, "POST", "/admin/refunds", "c5", "customer"), history=300)
    assert not bfla(verdict)


def test_it_can_be_switched_off():
    off = ScanSettings(detectors=Detectors(foreign_functions=DetectorSettings(enabled=False)))
    lines = [*customers(range(HISTORY)), line(HISTORY, "GET", "/admin/users", "c5", "customer")]
    assert not any(map(bfla, verdicts(lines, off)))


@pytest.mark.parametrize("size", [7, 1000])
def test_the_size_of_a_block_changes_nothing(size: int):
    lines = [*customers(range(HISTORY)), line(HISTORY, "GET", "/admin/users", "c5", "customer")]
    assert verdicts(lines, size=size) == verdicts(lines)


def test_a_restart_changes_nothing():
    lines = [*customers(range(HISTORY)), line(HISTORY, "GET", "/admin/users", "c5", "customer")]
    batches = [
        parse_requests("\n".join(part).encode()).batch for part in (lines[:3000], lines[3000:])
    ]
    whole, again = RoleMatrix(), RoleMatrix()
    found = []
    for place, batch in enumerate(batches):
        events = np.zeros(len(batch), EVENT)
        events["ts"], events["status"], events["route"] = batch.ts, 200, 1
        paths = [batch.text("path", row) or b"" for row in range(len(batch))]
        events["endpoint"] = [hash_bytes(path) for path in paths]
        users = [batch.text("user_id", row) or b"" for row in range(len(batch))]
        events["user"] = [hash_bytes(user) for user in users]
        roles = Roles()
        read = roles.read(batch, events["token"])
        hosts, history = np.ones(len(batch), np.uint64), np.full(len(batch), 99)
        if place:
            kept = msgspec.json.encode(whole.memory())
            again.recall(msgspec.json.decode(kept, type=MatrixMemory))
            found.append(again.update(events, hosts, read, history, lambda row: "x"))
        found.append(whole.update(events, hosts, read, history, partial(roles.name, batch)))
    assert len(found[1]) == 1
    assert found[1] == found[2]
    assert again.memory() == whole.memory()
