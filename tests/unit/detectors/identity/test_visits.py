"""Changes of contacts right after a login: thieves, and people who do the same."""

import msgspec
import pytest

from apisentinel.detectors.behaviour import AccountTakeover
from apisentinel.detectors.identity import Visit, VisitMemory, Visits
from apisentinel.records.taxonomy import AttackType

SECOND, MINUTE, HOUR, DAY = 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000
START = 1_800_000_000 * SECOND
MEDIUM_LLR = 5.07


def visit(at: int, ordinal: int, *, user: int = 1, home: bool = True, session: int = 0,
          client: int = 0, is_program: bool = False) -> Visit:  # fmt: skip
    place = 10 if home else 20
    return Visit(
        START + at, user, client or place, 3 if home else 4, place, place, session or 900 + at,
        ordinal, is_program,
    )  # fmt: skip


def living(visits: Visits, days: int = 20) -> None:
    """Other people and this user come as they always do."""
    for day in range(days):
        for other in range(2, 12):
            visits.begin(visit(day * DAY, 1, user=other, home=False, session=other + 100 * day))
        visits.begin(visit(day * DAY + HOUR, 1, session=7000 + day))


def changed(visits: Visits, at: int, steps: int, *, after: int = 8 * SECOND, **more: object):
    """Signs in and changes the contact with the request so many after the login."""
    first = visit(at, 1, session=55, **more)  # type: ignore[arg-type]  # what `visit` takes
    visits.login(first.ts, first.client, first.agent, 55, 1)
    visits.begin(first._replace(ordinal=2))
    return visits.change(first._replace(ts=first.ts + after, ordinal=1 + steps))


def test_a_stranger_who_changes_the_contact_at_once_is_told():
    visits = Visits()
    living(visits)
    sign = changed(visits, 30 * DAY, 2, home=False)
    assert sign.llr >= MEDIUM_LLR + 1
    assert (sign.steps, sign.seconds) == (2, 8.0)
    evidence = AccountTakeover().told(sign)
    assert evidence.attack_type is AttackType.ACCOUNT_TAKEOVER
    assert [factor.actual for factor in evidence.factors][:2] == [2, 8.0]


def test_a_user_without_history_is_judged_by_the_haste_alone():
    assert changed(Visits(), 0, 2).llr >= MEDIUM_LLR
    assert changed(Visits(), 0, 6).llr < MEDIUM_LLR
    assert changed(Visits(), 0, 2, after=5 * MINUTE).llr < MEDIUM_LLR


def test_people_at_home_may_change_what_they_like():
    visits = Visits()
    living(visits)
    assert (sign := changed(visits, 30 * DAY, 4)) is None or sign.llr < 2.0


def test_a_traveller_who_looks_around_first_is_left_alone():
    visits = Visits()
    living(visits)
    sign = changed(visits, 30 * DAY, 9, home=False, after=3 * MINUTE)
    assert sign is None or sign.llr < MEDIUM_LLR


def test_orders_right_afterwards_add_to_it_once_each():
    visits = Visits()
    first = changed(visits, 0, 3)
    assert first.llr < MEDIUM_LLR
    thief = visit(0, 5, session=55)
    taken = [visits.take(thief._replace(ts=thief.ts + (20 + k) * SECOND)) for k in range(6)]
    told = [sign.llr for sign in taken if sign is not None]
    assert told == sorted(told)
    assert len(told) == 3
    assert told[-1] >= MEDIUM_LLR
    assert visits.take(thief._replace(ts=thief.ts + HOUR)) is None


def test_one_program_that_changes_contact_after_contact():
    visits = Visits()
    levels = [changed(visits, k * MINUTE, 5, user=k + 1, is_program=True).llr for k in range(3)]
    assert levels[0] < levels[1] < levels[2]
    assert levels[1] >= MEDIUM_LLR


def test_a_change_without_a_login_needs_a_stranger():
    visits = Visits()
    living(visits)
    assert visits.change(visit(30 * DAY, 3)) is None
    sign = visits.change(visit(31 * DAY, 3, home=False))
    assert sign is not None
    assert sign.steps == -1


@pytest.mark.parametrize("cut", [1, 40, 120])
def test_a_successor_continues_as_if_nothing_had_happened(cut):
    def run(visits: Visits, steps: range) -> list:
        out = []
        for k in steps:
            at = k * 7 * MINUTE
            if k % 3 == 0:
                one = visit(at, 1, user=1 + k % 5, home=k % 2 == 0, session=k)
                visits.begin(one)
                visits.login(one.ts, one.client, one.agent, one.session, 1)
            elif k % 3 == 1:
                out.append(visits.change(visit(at - MINUTE, 2, user=1 + k % 5, session=k - 1)))
            else:
                out.append(visits.take(visit(at, 4, user=1 + k % 5, session=k - 2)))
        return out

    whole, first, second = Visits(), Visits(), Visits()
    run(first, range(cut))
    second.recall(msgspec.msgpack.decode(msgspec.msgpack.encode(first.memory()), type=VisitMemory))
    run(whole, range(cut))
    assert run(whole, range(cut, 200)) == run(second, range(cut, 200))
    assert whole.memory() == second.memory()


def test_hashes_of_all_64_bits_are_remembered():
    visits, most = Visits(), (1 << 64) - 1
    visits.login(START, 5, most, most, 1)
    memory = msgspec.msgpack.decode(msgspec.msgpack.encode(visits.memory()), type=VisitMemory)
    assert memory == visits.memory()
    assert memory.logins[0][0] <= most
