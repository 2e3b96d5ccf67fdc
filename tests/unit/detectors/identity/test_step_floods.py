"""One step beside the login, again and again, and people who try twice."""

import msgspec

from apisentinel.detectors.base import DetectorSettings
from apisentinel.detectors.behaviour import StepFlood
from apisentinel.detectors.identity import Attempt, AttemptGuard, AttemptMemory, Purpose, Said
from apisentinel.records.taxonomy import AttackType

SECOND, MINUTE = 1_000_000, 60_000_000
START = 1_800_000_000 * SECOND
MEDIUM_LLR = 5.07


def step(at: int, purpose: Purpose = Purpose.CODE, *, account: int = 5, body: int = 0,
         session: int = 9, outcome: int = 2) -> Attempt:  # fmt: skip
    return Attempt(
        START + at, 3, purpose, outcome, 7, 7, 11, session, account, 0, body or at + 1, 0,
        200 if outcome == 2 else 401,
    )  # fmt: skip


def floods(attempts: list[Attempt], guard: AttemptGuard | None = None) -> list[Said]:
    guard = guard or AttemptGuard()
    told = [said for attempt in attempts for said in guard.see(attempt)]
    return [said for said in told if getattr(said.signal, "what", "") == "steps"]


def strongest(attempts: list[Attempt], kind: AttackType) -> float:
    found = [said.signal for said in floods(attempts)]
    return max((sign.llr for sign in found if sign.kind is kind), default=0.0)


def test_codes_where_every_answer_is_yes_are_a_flood_and_guessing():
    many = [step(k * 5 * SECOND) for k in range(60)]
    assert strongest(many, AttackType.VOLUME) >= MEDIUM_LLR
    assert strongest(many, AttackType.ENUMERATION) > 0
    assert 0 < strongest(many, AttackType.AUTOMATION) < 0.5


def test_mails_to_one_account_are_a_flood_but_no_guessing():
    many = [step(k * 5 * SECOND, Purpose.RESET, body=4) for k in range(60)]
    assert strongest(many, AttackType.VOLUME) >= MEDIUM_LLR
    assert strongest(many, AttackType.ENUMERATION) == 0


def test_slow_floods_add_up_over_an_hour():
    assert strongest([step(k * 45 * SECOND) for k in range(90)], AttackType.VOLUME) >= MEDIUM_LLR


def test_people_and_offices_are_left_alone():
    assert not floods([step(k * 20 * SECOND, Purpose.RESET) for k in range(8)])
    # a morning of an office: one code for each account
    assert not floods([step(k * SECOND, account=100 + k) for k in range(80)])
    # nobody can tell whose step it is
    assert not floods([step(k * SECOND, account=0, session=0) for k in range(80)])
    # a broken client whose token is refused
    many = [step(k * SECOND, Purpose.REFRESH, outcome=1) for k in range(80)]
    assert not floods(many)


def test_a_restart_in_the_middle_changes_nothing():
    many = [step(k * 5 * SECOND) for k in range(60)]
    guard, other = AttemptGuard(), AttemptGuard()
    first = floods(many[:20], guard)
    memory = msgspec.msgpack.encode(guard.memory())
    other.recall(msgspec.msgpack.decode(memory, type=AttemptMemory))
    assert first + floods(many[20:], other) == floods(many)


def test_the_detector_can_be_switched_off():
    sign = floods([step(k * 5 * SECOND) for k in range(60)])[-1].signal
    assert StepFlood().evidence(sign) is not None
    assert StepFlood(DetectorSettings(enabled=False)).evidence(sign) is None


def test_a_step_that_is_accepted_again_and_again_is_abuse_of_its_flow():
    mixed = [step(k * 8 * SECOND, outcome=1 + k % 2) for k in range(60)]
    assert 0 < strongest(mixed, AttackType.SEQUENCE_ABUSE) < 0.5
    refused = [step(k * 8 * SECOND, outcome=1) for k in range(60)]
    assert strongest(refused, AttackType.SEQUENCE_ABUSE) == 0
    refreshed = [step(k * 8 * SECOND, Purpose.REFRESH) for k in range(60)]
    assert strongest(refreshed, AttackType.SEQUENCE_ABUSE) == 0
