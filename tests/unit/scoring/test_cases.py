"""Cases are packed as if all of them were encoded anew, whatever changed since the last time."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from apisentinel.records.case import Case, EntityKey
from apisentinel.records.evidence import EntityRef, Evidence
from apisentinel.records.taxonomy import AttackType
from apisentinel.scoring import Cases, Ledger, LedgerSettings

KEYS: list[EntityKey] = [("client", number) for number in range(6)]
ACTIONS = ("add", "touch", "remove", "withdraw", "replace", "pack", "some", "read")


def act(ledger: Ledger, action: str, key: EntityKey, llr: float) -> None:
    cases = ledger.cases
    if action == "add":
        case = ledger.open(key, EntityRef("client", str(key[1])), 1)
        ledger.add(case, Evidence("d", AttackType.XSS, llr), f"s{llr}", 2, 3)
    elif action == "pack":
        cases.pack()
    elif action == "some":
        cases.pack_some(2)
    elif key not in cases:
        return
    elif action == "touch":
        case = cases[key]
        case.requests += 1
    elif action == "remove":
        del cases[key]
    elif action == "withdraw":
        ledger.withdraw(cases[key], f"s{llr}", AttackType.SQLI)
    elif action == "replace":
        cases[key] = Case(key=key, ref=EntityRef("client", "new"), first_ts=9, last_ts=9)
    else:
        assert cases.get(key) is cases[key]


@given(
    st.lists(
        st.tuples(st.sampled_from(ACTIONS), st.sampled_from(KEYS), st.sampled_from([1.0, 3.0])),
        max_size=60,
    )
)
def test_what_is_packed_is_what_is_known(steps: list[tuple[str, EntityKey, float]]) -> None:
    ledger = Ledger(LedgerSettings(cases=100))
    for step in steps:
        act(ledger, *step)
    packed = ledger.cases.pack()
    found = msgspec.msgpack.decode(packed, type=list[Case])
    assert found == list(ledger.cases.values())
    # a successor packs the same bytes
    assert Cases(found).pack() == packed


def test_only_what_may_have_changed_is_packed_again() -> None:
    ledger = Ledger()
    for key in KEYS:
        ledger.open(key, EntityRef("client", str(key[1])), 1)
    ledger.cases.pack()
    kept = dict(ledger.cases.packed)
    assert ledger.cases.touched == set()
    case = ledger.cases.get(KEYS[2])
    assert case is not None
    case.requests = 7
    ledger.cases.pack()
    changed = [key for key in KEYS if ledger.cases.packed[key] is not kept[key]]
    assert changed == [KEYS[2]]


def test_who_asks_for_nobody_touches_nothing() -> None:
    cases = Cases()
    assert cases.get(KEYS[0]) is None
    assert (cases.touched, cases.pack()) == (set(), b"\xdd\0\0\0\0")
