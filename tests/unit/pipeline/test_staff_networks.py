"""Networks of the staff are known by what only they use."""

import numpy as np

from apisentinel.features import EVENT
from apisentinel.pipeline.staff_networks import TRUSTED_FACTOR, StaffNetworks
from apisentinel.records.taxonomy import AttackType

OFFICE, HOME = 900, 901
SHOP, DESK = 1, 2


def events(rows: list[tuple[int, int, int]], status: int = 200) -> np.ndarray:
    out = np.zeros(len(rows), EVENT)
    for k, (endpoint, network, user) in enumerate(rows):
        out[k]["endpoint"], out[k]["network"], out[k]["user"] = endpoint, network, user
        out[k]["status"] = status
    return out


def learned(rows: list[tuple[int, int, int]], status: int = 200, cut: int = 0) -> StaffNetworks:
    networks = StaffNetworks()
    for part in (rows[:cut], rows[cut:]):
        for entry in networks.entries(events(part, status)):
            networks.absorb(entry)
    return networks


def shop() -> list[tuple[int, int, int]]:
    visits = [(SHOP + place, 100 + k, 100 + k) for k in range(12) for place in (0, 10, 20)]
    return visits + [(DESK, OFFICE, 500 + k) for k in range(8)]


def test_the_network_that_alone_uses_an_endpoint_is_the_staffs() -> None:
    known = learned(shop())
    assert known.factor(AttackType.AUTOMATION, OFFICE) == TRUSTED_FACTOR
    assert known.factor(AttackType.AUTOMATION, 105) == 1.0
    assert known.factor(AttackType.BFLA, OFFICE) == 1.0


def test_one_stranger_who_gets_in_is_no_colleague() -> None:
    known = learned([*shop(), (DESK, HOME, 700)])
    assert known.factor(AttackType.AUTOMATION, HOME) == 1.0
    assert known.factor(AttackType.AUTOMATION, OFFICE) == TRUSTED_FACTOR


def test_first_visitors_are_no_office() -> None:
    known = learned([*shop(), (77, 300, 1), (77, 301, 2), (77, 301, 3)])
    assert not known.is_office(77, 302)
    assert known.is_office(DESK, HOME)
    assert not known.is_office(DESK, OFFICE)
    assert known.is_office(12_345, HOME)


def test_refused_requests_teach_nothing() -> None:
    assert learned(shop(), status=403).factor(AttackType.AUTOMATION, OFFICE) == 1.0


def test_where_everything_is_used_from_few_networks_nobody_is_trusted() -> None:
    rows = [(place, OFFICE, 500 + k) for k in range(8) for place in (1, 2, 3)]
    assert learned(rows).factor(AttackType.AUTOMATION, OFFICE) == 1.0


def test_what_is_known_depends_neither_on_blocks_nor_on_a_restart() -> None:
    whole = learned(shop())
    assert all(learned(shop(), cut=cut).memory() == whole.memory() for cut in (1, 17, 40))
    again = StaffNetworks()
    again.recall(whole.memory())
    assert again.factor(AttackType.AUTOMATION, OFFICE) == TRUSTED_FACTOR
