"""Attempts to sign in: who is blamed for what, alone and behind addresses that many share."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apisentinel.detectors.identity import Attempt, AttemptGuard, AttemptMemory, Purpose, purpose_of
from apisentinel.records.signal import ActorSignal, Family
from apisentinel.records.taxonomy import AttackType

SECOND, MINUTE, HOUR, DAY = 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000
START = 1_800_000_000 * SECOND
FAILED, SUCCEEDED = 1, 2
MEDIUM_LLR, HIGH_LLR = 5.07, 8.75
"""Nats of one attack type at which the risk of an entity is 40 and 60."""


def attempt(
    at: int, *, client: int = 1, account: int = 0, ok: bool = False, **more: int
) -> Attempt:
    fields = {
        "purpose": Purpose.LOGIN, "endpoint": 9, "network": client >> 4, "agent": 77,
        "session": 0, "secret": 0, "body": 0, "user": 0,
    }  # fmt: skip
    outcome = SUCCEEDED if ok else FAILED
    return Attempt(START + at, client=client, account=account, outcome=outcome, **(fields | more))


def told(guard: AttemptGuard, attempts: list[Attempt]) -> list:
    return [said for one in attempts for said in guard.see(one)]


def strongest(said: list, about: str, kind: object) -> float:
    found = [
        one.signal.llr for one in said
        if one.about == about
        and (getattr(one.signal, "kind", "") == kind or getattr(one.signal, "family", None) is kind)
    ]  # fmt: skip
    return max(found, default=0.0)


@pytest.mark.parametrize(
    ("before", "more", "told_at"),
    [
        ([], {}, 6),
        ([attempt(-7_200 * SECOND, client=2, account=5, ok=True)], {}, 8),
        ([], {"session": 4}, 8),
    ],
    ids=["stranger", "known network", "with a session"],
)
def test_strangers_are_told_at_the_sixth_failure_and_people_at_the_eighth(before, more, told_at):
    """People try up to seven passwords of their own."""
    tries = [attempt(k * 5 * SECOND, account=5, **more) for k in range(told_at)]
    less = told(AttemptGuard(), [*before, *tries[:-1]])
    assert strongest(less, "client", Family.BRUTE_FORCE) < MEDIUM_LLR
    said = told(AttemptGuard(), [*before, *tries])
    assert strongest(said, "client", Family.BRUTE_FORCE) >= MEDIUM_LLR


def test_a_password_manager_that_repeats_itself_is_no_guesser():
    tries = [attempt(k * 5 * SECOND, account=5, secret=3) for k in range(40)]
    done = attempt(230 * SECOND, account=5, secret=4, ok=True)
    assert not told(AttemptGuard(), [*tries, done])


def test_a_person_who_finds_the_right_password_is_forgiven():
    guard = AttemptGuard()
    tries = [attempt(k * 9 * SECOND, account=5, secret=k + 1) for k in range(5)]
    told(guard, [*tries, attempt(60 * SECOND, account=5, secret=90, ok=True)])
    again = [attempt(300 * SECOND + k, account=6, secret=k + 1) for k in range(3)]
    assert strongest(told(guard, again), "client", Family.BRUTE_FORCE) < MEDIUM_LLR


def test_a_list_of_pairs_is_told_at_the_fifth_account():
    said = told(
        AttemptGuard(), [attempt(k * SECOND, account=k + 1, secret=k + 1) for k in range(5)]
    )
    assert strongest(said, "client", Family.STUFFING) >= MEDIUM_LLR


@pytest.mark.parametrize(("hours", "hit"), [(0.2, True), (8, False)])
def test_a_success_hours_after_a_list_is_somebody_elses(hours: float, hit: bool):
    guard = AttemptGuard()
    told(guard, [attempt(k * SECOND, account=k + 1, secret=k + 1) for k in range(20)])
    late = told(guard, [attempt(int(hours * HOUR), account=99, secret=99, ok=True)])
    assert (
        any(said.signal.succeeded for said in late if isinstance(said.signal, ActorSignal)) is hit
    )


def test_slow_guessing_adds_up_over_days():
    guard = AttemptGuard()
    slow = [attempt(k * 50 * MINUTE, account=5, secret=k + 1) for k in range(90)]
    assert strongest(told(guard, slow), "client", Family.BRUTE_FORCE) >= MEDIUM_LLR


def office(people: int, *, failures: int = 1) -> list[Attempt]:
    """Everybody of an office signs in, each after some failures with passwords of their own."""
    out = []
    for person in range(people):
        at = person * 20 * SECOND
        out += [
            attempt(at + k * SECOND, account=100 + person, secret=1000 * person + k + 1)
            for k in range(failures if person % 3 == 0 else 0)
        ]
        out.append(attempt(at + 9 * SECOND, account=100 + person, secret=1000 * person, ok=True))
    return out


@given(people=st.integers(3, 300), failures=st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_an_office_in_the_morning_is_never_told_high(people, failures):
    said = told(AttemptGuard(), office(people, failures=failures))
    assert strongest(said, "client", Family.BRUTE_FORCE) < HIGH_LLR
    assert strongest(said, "client", Family.STUFFING) < MEDIUM_LLR
    assert not [one for one in said if one.about == "account"]


@given(people=st.integers(20, 200), failures=st.integers(0, 2), agents=st.integers(1, 5))
@settings(max_examples=25, deadline=None)
def test_guessing_from_inside_an_office_names_the_account_and_the_session(people, failures, agents):
    guard = AttemptGuard()
    told(guard, office(people, failures=failures))
    later = people * 20 * SECOND
    guesses = [
        attempt(later + k * SECOND, account=7, secret=k + 1, session=55, agent=70 + k % agents)
        for k in range(20)
    ]
    said = told(guard, guesses)
    # the address is not blamed, the account is named and so is the session
    assert strongest(said, "client", Family.BRUTE_FORCE) < MEDIUM_LLR
    assert strongest(said, "account", Family.BRUTE_FORCE) >= MEDIUM_LLR
    assert strongest(said, "session", Family.BRUTE_FORCE) >= MEDIUM_LLR
    assert {one.key for one in said if one.about == "account"} == {7}


def test_a_list_from_inside_an_office_is_found_all_the_same():
    guard = AttemptGuard()
    told(guard, office(60))
    later = 60 * 20 * SECOND
    tries = [attempt(later + k * SECOND, account=5000 + k, secret=9000 + k) for k in range(30)]
    assert strongest(told(guard, tries), "client", Family.STUFFING) >= MEDIUM_LLR


def test_one_account_guessed_at_from_many_addresses_is_named():
    guard = AttemptGuard()
    tries = [
        attempt(k * 5 * MINUTE, client=1000 + 16 * k, account=5, secret=k + 1) for k in range(24)
    ]
    assert strongest(told(guard, tries), "account", AttackType.BRUTE_FORCE) >= MEDIUM_LLR


def test_an_owner_on_the_move_is_not_taken_for_many():
    guard = AttemptGuard()
    out = []
    for trip in range(8):
        client = 1000 + 16 * trip
        out += [attempt(trip * HOUR + k, client=client, account=5, secret=k + 1) for k in range(2)]
        out.append(attempt(trip * HOUR + 9, client=client, account=5, secret=99, ok=True))
    assert not told(guard, out)


def crowd(hours: int, per_hour: int = 20) -> list[Attempt]:
    """People who sign in, one in fifteen of whom gives up."""
    return [
        attempt(
            hour * HOUR + k * MINUTE, client=50_000 + 16 * (hour * per_hour + k),
            account=70_000 + hour * per_hour + k, secret=1 + k, ok=k % 15 != 0,
        )
        for hour in range(hours) for k in range(per_hour)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "account", "secret"),
    [
        (AttackType.CREDENTIAL_STUFFING, lambda k: 200_000 + k, lambda k: 300_000 + k),
        (AttackType.PASSWORD_SPRAYING, lambda k: 200_000 + k, lambda k: 300_000 + k % 2),
        (AttackType.BRUTE_FORCE, lambda _: 200_000, lambda k: 300_000 + k),
    ],
)
def test_many_sources_with_one_try_each_are_called_what_they_do(kind, account, secret):
    guard = AttemptGuard()
    assert not [one for one in told(guard, crowd(8)) if one.about == "endpoint"]
    tries = [
        attempt(8 * HOUR + k * 20 * SECOND, client=90_000 + 16 * k, account=account(k),
                secret=secret(k))
        for k in range(60)
    ]  # fmt: skip
    assert strongest(told(guard, tries), "endpoint", kind) >= MEDIUM_LLR


def test_an_attack_that_is_over_is_not_told_again():
    guard = AttemptGuard()
    told(guard, crowd(8))
    told(guard, [
        attempt(8 * HOUR + k * SECOND, client=90_000 + 16 * k, account=200_000 + k, secret=1 + k)
        for k in range(60)
    ])  # fmt: skip
    after = [one._replace(ts=one.ts + 10 * HOUR) for one in crowd(8)]
    assert not [one for one in told(guard, after) if one.about == "endpoint"]


@pytest.mark.parametrize("gap", [20 * SECOND, 25 * MINUTE])
def test_codes_are_guessed_fast_and_slowly(gap):
    guard = AttemptGuard()
    tries = [attempt(k * gap, purpose=Purpose.CODE, body=k + 1) for k in range(20)]
    assert strongest(told(guard, tries), "client", AttackType.ENUMERATION) >= MEDIUM_LLR


def test_a_mistyped_code_is_nothing():
    guard = AttemptGuard()
    out = []
    for day in range(20):
        out.append(attempt(day * DAY, purpose=Purpose.CODE, body=2 * day + 1))
        out.append(attempt(day * DAY + 9 * SECOND, purpose=Purpose.CODE, body=2 * day, ok=True))
    assert not told(guard, out)


@pytest.mark.parametrize("ok", [False, True])
def test_resets_for_account_after_account_are_probing(ok):
    tries = [attempt(k * MINUTE, purpose=Purpose.RESET, account=k + 1, ok=ok) for k in range(16)]
    said = told(AttemptGuard(), tries)
    assert strongest(said, "client", AttackType.ENUMERATION) >= MEDIUM_LLR


def test_replies_that_differ_for_known_accounts_are_noted():
    guard = AttemptGuard()
    known = [attempt(k * SECOND, client=500 + 16 * k, account=k + 1, ok=True) for k in range(12)]
    told(guard, known)
    asked = []
    for k in range(24):
        size = 200 if k % 2 else 900
        account = 1 + k // 2 if k % 2 else 5000 + k
        asked.append(attempt(HOUR + k * SECOND, purpose=Purpose.RESET, endpoint=8, account=account,
                             ok=True, status=200, size=size))  # fmt: skip
    said = told(guard, asked)
    assert said[-1].signal.secrets == 1
    alike = [one._replace(size=300) for one in asked]
    guard = AttemptGuard()
    told(guard, known)
    assert told(guard, alike)[-1].signal.secrets == 0


def test_prompts_until_somebody_gives_in():
    tries = [
        attempt(k * 20 * SECOND, client=1 + 16 * (k % 2), purpose=Purpose.PUSH, account=5, ok=True)
        for k in range(6)
    ]
    said = told(AttemptGuard(), tries)
    assert strongest(said, "account", AttackType.ACCOUNT_TAKEOVER) >= MEDIUM_LLR
    assert not told(AttemptGuard(), tries[:2])


def test_a_refresh_token_in_two_hands():
    mine = [attempt(k * HOUR, purpose=Purpose.REFRESH, body=4, ok=True) for k in range(3)]
    guard = AttemptGuard()
    assert not told(guard, mine)
    moved = attempt(4 * HOUR, purpose=Purpose.REFRESH, body=4, ok=True, client=999, agent=77)
    assert not told(guard, [moved])
    theirs = attempt(5 * HOUR, purpose=Purpose.REFRESH, body=4, ok=True, client=999, agent=78)
    assert strongest(told(guard, [theirs]), "client", AttackType.TOKEN_ABUSE) >= MEDIUM_LLR


def refresh(at: int, *, client: int, user: int = 0) -> Attempt:
    return attempt(
        at, purpose=Purpose.REFRESH, body=4, ok=True, client=client, agent=client, user=user
    )


def test_a_body_that_everybody_sends_is_no_refresh_token():
    apps = [refresh(k * MINUTE, client=16 * k, user=k) for k in range(1, 30)]
    assert not told(AttemptGuard(), apps)
    nobody = [refresh(k * MINUTE, client=16 * k) for k in range(1, 30)]
    assert len(told(AttemptGuard(), nobody)) == 2, "without users it shows after a few"


def test_a_stolen_refresh_token_of_a_known_user_is_told():
    uses = [refresh(0, client=16, user=7), refresh(HOUR, client=32, user=7)]
    said = told(AttemptGuard(), uses)
    assert strongest(said, "client", AttackType.TOKEN_ABUSE) >= MEDIUM_LLR


def test_a_session_that_ran_out_is_no_guess():
    app = [
        attempt(k * 30 * SECOND, purpose=Purpose.DENIED, session=5, secret=5, user=3)
        for k in range(2_000)
    ]
    assert not told(AttemptGuard(), app)
    key = [attempt(k * MINUTE, purpose=Purpose.DENIED, secret=5) for k in range(2_000)]
    assert not told(AttemptGuard(), key)


def test_keys_and_sessions_that_are_guessed_are_told():
    keys = [attempt(k * 5 * SECOND, purpose=Purpose.DENIED, secret=k + 1) for k in range(7)]
    assert strongest(told(AttemptGuard(), keys), "client", Family.BRUTE_FORCE) >= MEDIUM_LLR
    sessions = [
        attempt(k * SECOND, purpose=Purpose.DENIED, session=k + 1, secret=k + 1) for k in range(60)
    ]
    assert strongest(told(AttemptGuard(), sessions), "client", Family.BRUTE_FORCE) >= MEDIUM_LLR


def test_an_office_whose_failures_name_nobody():
    """Many logs know the user only once somebody is signed in."""
    people = []
    for k in range(200):
        at = k * 40 * SECOND
        people += [attempt(at + t * SECOND) for t in range(k % 8 == 0)]
        people.append(attempt(at + 20 * SECOND, account=k + 1, ok=True))
    guard = AttemptGuard()
    assert not told(guard, people)
    last = 200 * 40 * SECOND
    guesses = [attempt(last + k * 3 * SECOND) for k in range(12)]
    assert strongest(told(guard, guesses), "client", Family.BRUTE_FORCE) >= MEDIUM_LLR


def test_failures_of_nobody_are_closed_by_whoever_signs_in_there():
    people = []
    for k in range(300):
        at, client = k * 5 * MINUTE, 16 * (k % 100) + 1
        people += [attempt(at, client=client)] * (k % 4 == 0)
        people.append(attempt(at + 9 * SECOND, client=client, account=k % 100 + 1, ok=True))
    assert not told(AttemptGuard(), people)


@pytest.mark.parametrize(("good", "expected"), [(True, False), (False, True)])
def test_vouchers_are_refused_more_often_than_passwords(good: bool, expected: bool):
    """Four of ten that people try do not work; of those that are guessed none does."""
    tries = [
        attempt(k * 15 * MINUTE, client=16 * k, purpose=Purpose.CODE, body=k + 1,
                ok=good and k % 5 > 1)
        for k in range(200)
    ]  # fmt: skip
    said = told(AttemptGuard(), tries)
    found = strongest(said, "endpoint", AttackType.ENUMERATION) >= MEDIUM_LLR
    assert found is expected


def test_signing_in_to_an_own_account_does_not_hide_guesses():
    tries = []
    for k in range(30):
        tries += [attempt((4 * k + t) * 5 * SECOND) for t in range(2)]
        tries.append(attempt((4 * k + 2) * 5 * SECOND, account=8, ok=True))
    assert strongest(told(AttemptGuard(), tries), "client", Family.BRUTE_FORCE) >= MEDIUM_LLR


def test_a_successor_continues_as_if_nothing_had_happened():
    stream = [*crowd(3), *office(20, failures=2)]
    stream += [
        attempt(k * SECOND, client=1 + 16 * (k % 7), account=k % 5, secret=k,
                purpose=k % 7 + 1, body=k % 11, ok=k % 3 == 0)
        for k in range(400)
    ]  # fmt: skip
    whole, first, second = AttemptGuard(), AttemptGuard(), AttemptGuard()
    told(first, stream[:200])
    first.memory(packed=True)
    told(first, stream[200:260])
    first.pack_some(3)
    told(first, stream[260:300])
    packed = msgspec.msgpack.encode(first.memory(packed=True))
    assert msgspec.msgpack.decode(packed) == msgspec.msgpack.decode(
        msgspec.msgpack.encode(first.memory())
    )
    second.recall(msgspec.msgpack.decode(packed, type=AttemptMemory))
    told(whole, stream[:300])
    assert told(whole, stream[300:]) == told(second, stream[300:])
    assert whole.memory() == second.memory()


def test_memory_is_bounded():
    guard = AttemptGuard()
    for k in range(3000):
        guard.see(attempt(k * 10, client=1, account=k + 1, secret=k + 1, session=2))
    memory = guard.memory()
    for _, _, source in memory.sources:
        assert len(source.failed) <= 48
        assert len(source.secrets) <= 48
    assert len(memory.places[0].voices) == 1


def test_what_an_endpoint_is_for():
    cases = {
        "POST a.example /v1/sessions/mfa": Purpose.CODE,
        "POST a.example /v3/auth/refresh": Purpose.REFRESH,
        "POST a.example /api/auth/forgot": Purpose.RESET,
        "POST a.example /v3/support/devices/{id}/reset": Purpose.NONE,
        "POST a.example /users/sign-up": Purpose.REGISTER,
        "GET a.example /auth/otp": Purpose.NONE,
        "POST a.example /notifications/push": Purpose.NONE,
        "POST a.example /cart/gift-cards": Purpose.CODE,
    }
    assert {label: purpose_of(label) for label in cases} == cases


def test_accounts_that_are_made_are_the_work_of_a_script() -> None:
    def kinds(outcome: int) -> set[AttackType]:
        guard = AttemptGuard()
        tries = [
            Attempt(
                START + k * SECOND, 3, Purpose.REGISTER, outcome, 7, 7, 11, 0, 100 + k, 0, k + 1, 0
            )
            for k in range(30)
        ]
        told = [said.signal for one in tries for said in guard.see(one)]
        return {sign.kind for sign in told if getattr(sign, "what", "") == "accounts"}

    assert kinds(SUCCEEDED) == {AttackType.AUTOMATION}
    assert AttackType.ENUMERATION in kinds(FAILED)


def unclear(at: int, **more: int) -> Attempt:
    """An attempt at a form of which nobody knows yet how it refuses."""
    return attempt(at, **more)._replace(outcome=3)


def test_people_behind_one_address_are_no_list_before_a_form_refused_anybody():
    people = [
        unclear(k * 30 * SECOND, account=k + 1, secret=k + 1, agent=100 + k % 5) for k in range(20)
    ]
    assert not told(AttemptGuard(), people)


def test_one_program_that_tries_account_after_account_is_a_list_all_the_same():
    tries = [unclear(k * SECOND, account=k + 1, secret=k + 1) for k in range(8)]
    said = told(AttemptGuard(), tries)
    assert strongest(said, "client", Family.STUFFING) >= MEDIUM_LLR


def test_an_attack_that_is_over_is_not_told_because_others_mistype():
    guard = AttemptGuard()
    people = [
        attempt(k * 40 * SECOND, client=5000 + k, account=9000 + k, secret=k, ok=True)
        for k in range(300)
    ]
    over = 300 * 40 * SECOND
    attack = [
        attempt(over + k * SECOND, client=100 + k, account=k + 1, secret=k + 1) for k in range(150)
    ]
    assert [one for one in told(guard, [*people, *attack]) if one.about == "endpoint"]
    # twelve people an hour mistype and give up
    later = over + 4 * HOUR
    mistyped = [
        attempt(later + k * 5 * MINUTE, client=7000 + 16 * k, account=8000 + k, secret=k)
        for k in range(14)
    ]
    assert not [one for one in told(guard, mistyped) if one.about == "endpoint"]


@pytest.mark.parametrize(("refused", "is_told"), [(5, False), (12, True)])
def test_accounts_are_looked_for_where_the_log_does_not_name_them(refused, is_told):
    asked = [attempt(k * 8 * SECOND, purpose=Purpose.RESET, account=0) for k in range(refused)]
    said = told(AttemptGuard(), asked)
    assert (strongest(said, "client", AttackType.ENUMERATION) >= MEDIUM_LLR) is is_told


def test_accepted_resets_without_a_name_are_no_search():
    asked = [attempt(k * 8 * SECOND, purpose=Purpose.RESET, account=0, ok=True) for k in range(20)]
    assert strongest(told(AttemptGuard(), asked), "client", AttackType.ENUMERATION) == 0.0
