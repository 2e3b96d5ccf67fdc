"""Cards that are tried out, and people who pay."""

import msgspec
import pytest

from apisentinel.detectors.behaviour import Carding
from apisentinel.detectors.identity import Attempt, AttemptGuard, AttemptMemory, Purpose, purpose_of
from apisentinel.records.taxonomy import AttackType

SECOND, MINUTE, HOUR, DAY = 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000
START = 1_800_000_000 * SECOND
MEDIUM_LLR = 5.07


def paid(at: int, status: int = 402, *, body: int = 0, client: int = 7, session: int = 0,
         user: int = 0, words: bool = False, odd: bool = False) -> Attempt:  # fmt: skip
    return Attempt(
        START + at, 3, Purpose.PAYMENT, 2 if status < 400 else 1, client, client >> 8, 11, session,
        user, 0, body or at + 1, user, status, is_odd=odd, is_declined=words,
    )  # fmt: skip


def highest(attempts: list[Attempt]) -> float:
    guard = AttemptGuard()
    found = [said.signal for attempt in attempts for said in guard.see(attempt)]
    return max((sign.llr for sign in found), default=0.0)


@pytest.mark.parametrize(("count", "step"), [(7, 5 * SECOND), (8, 30 * SECOND), (10, 4 * MINUTE)])
def test_declined_ones_in_a_row_are_an_alert_and_three_are_not(count, step):
    assert highest([paid(k * step) for k in range(count)]) >= MEDIUM_LLR
    assert highest([paid(k * step) for k in range(3)]) == 0.0


def test_slow_lists_add_up_over_a_day():
    assert highest([paid(k * HOUR) for k in range(20)]) >= MEDIUM_LLR


def test_a_session_or_user_is_told_whatever_the_address():
    guard = AttemptGuard()
    told = {
        (said.about, said.key)
        for k in range(9)
        for said in guard.see(paid(k * MINUTE, client=7 + 256 * k, session=5, user=6))
    }
    assert told == {("session", 0), ("account", 6)}


def test_the_evidence_counts_what_was_declined():
    guard = AttemptGuard()
    *_, last = [said for k in range(9) for said in guard.see(paid(k * SECOND))]
    evidence = Carding().evidence(last.signal)
    assert evidence.attack_type is AttackType.ENUMERATION
    assert evidence.factors[0].actual == pytest.approx(9, abs=0.1)


@pytest.mark.parametrize(
    ("name", "attempts"),
    [
        ("one request again and again", [paid(k * SECOND, body=5) for k in range(30)]),
        ("a form that is filled in badly", [paid(k * MINUTE, 422) for k in range(8)]),
        ("two cards, twice, then it works",
         [paid(0), paid(MINUTE), paid(2 * MINUTE), paid(3 * MINUTE), paid(4 * MINUTE, 200)]),
        ("a till", [paid(k * MINUTE, 402 if k % 6 == 0 else 200) for k in range(300)]),
        ("what is not there", [paid(k * SECOND, 404) for k in range(50)]),
        ("injections", [paid(k * SECOND, odd=True) for k in range(50)]),
    ],
)  # fmt: skip
def test_people_and_programs_that_pay(name, attempts):
    assert highest(attempts) < MEDIUM_LLR, name


def test_a_reply_that_says_so_counts_whatever_its_status():
    assert highest([paid(k * SECOND, 200, words=True) for k in range(7)]) >= MEDIUM_LLR
    assert highest([paid(k * SECOND, 400, words=True) for k in range(7)]) >= MEDIUM_LLR


def test_memory_carries_it_over():
    one, other = AttemptGuard(), AttemptGuard()
    for k in range(6):
        one.see(paid(k * SECOND))
    other.recall(msgspec.msgpack.decode(msgspec.msgpack.encode(one.memory()), type=AttemptMemory))
    assert other.see(paid(9 * SECOND)) == one.see(paid(9 * SECOND)) != []


@pytest.mark.parametrize(
    ("route", "purpose"),
    [
        ("POST a/v2/orders/{id}/pay", Purpose.PAYMENT),
        ("POST a/payment-methods", Purpose.PAYMENT),
        ("POST /gift-card/redeem", Purpose.CODE),
        ("GET /payments", Purpose.NONE),
        ("POST /payees", Purpose.NONE),
    ],
)
def test_places_where_people_pay(route, purpose):
    assert purpose_of(route) is purpose
