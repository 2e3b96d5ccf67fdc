"""Journeys that nobody makes, and those that people make."""

import pytest

from apisentinel.detectors.behaviour import ImpossibleTravel
from apisentinel.detectors.identity import Visit, Visits
from apisentinel.detectors.identity.travel import distance_km, impossible
from apisentinel.records.origin import Origin
from apisentinel.records.taxonomy import AttackType

HOUR, DAY = 3_600_000_000, 86_400_000_000
START = 1_800_000_000_000_000
BERLIN = Origin(3320, "Telekom", "DE", (52.5, 13.4, 20.0))
PARIS = Origin(3215, "Orange", "FR", (48.9, 2.3, 20.0))
LIMA = Origin(6147, "Red Peru", "PE", (-12.0, -77.0, 50.0))


def visit(at: int, origin: Origin | None, *, agent: int = 3, accepted: bool = True) -> Visit:
    place = origin.asn if origin else 9
    return Visit(START + at, 1, place, agent, place, place, 900 + at, 1, False, origin, accepted)


def at_home(visits: Visits, days: int = 5) -> None:
    for day in range(days):
        assert visits.begin(visit(day * DAY, BERLIN)) is None


def test_a_new_program_from_another_continent_within_the_hour_is_an_alert():
    visits = Visits()
    at_home(visits)
    journey = visits.begin(visit(4 * DAY + HOUR, LIMA, agent=8))
    assert journey.llr >= 5.07
    assert 10_900 < journey.km < 11_200
    assert journey.kmh == pytest.approx(journey.km, rel=0.01)
    evidence = ImpossibleTravel().evidence(journey)
    assert evidence.attack_type is AttackType.ACCOUNT_TAKEOVER
    assert evidence.factors[2].actual == "PE, AS6147 Red Peru"


@pytest.mark.parametrize(
    ("name", "at", "origin", "agent"),
    [
        ("a flight", 4 * DAY + 15 * HOUR, LIMA, 8),
        ("a neighbour country by train", 4 * DAY + 3 * HOUR, PARIS, 8),
        ("a data centre", 4 * DAY + HOUR, Origin(16509, "Amazon", "PE", LIMA.place, "hosting"), 8),
        ("a tunnel", 4 * DAY + HOUR, Origin(9, "VPN", "PE", LIMA.place, "vpn"), 8),
        ("a carrier", 4 * DAY + HOUR, Origin(9, "Claro", "PE", LIMA.place, "mobile"), 8),
        ("one operator", 4 * DAY + HOUR, Origin(3320, "Telekom", "PE", LIMA.place), 8),
        ("no place", 4 * DAY + HOUR, Origin(6147, "Red", "PE"), 8),
        ("a wide guess", 4 * DAY + HOUR, Origin(6147, "", "PE", (-12.0, -77.0, 10_800.0)), 8),
    ],
)
def test_what_people_do_is_no_journey(name, at, origin, agent):
    visits = Visits()
    at_home(visits)
    assert visits.begin(visit(at, origin, agent=agent)) is None, name


def test_the_own_program_is_a_hint_only():
    visits = Visits()
    at_home(visits)
    assert visits.begin(visit(4 * DAY + HOUR, LIMA)).llr < 2.0


def test_first_visits_and_refused_ones_say_nothing():
    visits = Visits()
    at_home(visits, 2)
    assert visits.begin(visit(DAY + HOUR, LIMA, agent=8)) is None
    visits = Visits()
    at_home(visits)
    assert visits.begin(visit(4 * DAY + HOUR, LIMA, agent=8, accepted=False)) is None
    # and the refused one is not where the user was
    assert visits.begin(visit(4 * DAY + 2 * HOUR, BERLIN)) is None


def test_a_second_home_is_known_from_then_on():
    visits = Visits()
    at_home(visits)
    visits.begin(visit(4 * DAY + 20 * HOUR, LIMA))
    assert visits.begin(visit(4 * DAY + 21 * HOUR, BERLIN, agent=8)) is None
    assert visits.begin(visit(4 * DAY + 22 * HOUR, LIMA, agent=9)) is None


def test_memory_carries_places_over():
    one, other = Visits(), Visits()
    at_home(one)
    other.recall(one.memory())
    assert other.begin(visit(4 * DAY + HOUR, LIMA, agent=8)).llr >= 5.07
    assert other.memory().located == 6


def test_operator_and_country_count_in_the_ratio():
    """A carrier's new number of the same operator is less strange than another country."""

    def strangeness(origin: Origin) -> float:
        visits = Visits()
        for other in range(2, 30):
            visits.begin(visit(other, LIMA if other % 2 else BERLIN)._replace(user=other))
        at_home(visits, 20)
        new = visit(20 * DAY, origin)._replace(wide=77, network=777)
        visits.login(new.ts, new.client, new.agent, new.session, 1)
        visits.begin(new)
        return visits.change(new._replace(ts=new.ts + 5_000_000, ordinal=2)).strangeness

    assert strangeness(BERLIN) < strangeness(LIMA) - 1.0


def test_distances():
    assert distance_km((0, 0, 0), (0, 180, 0)) == pytest.approx(20_015, rel=1e-3)
    assert distance_km((10, 20, 5), (10, 20, 5)) == 0.0
    assert (
        impossible(BERLIN, LIMA, 0, visits=9, countries=4, is_known_program=False,
                   is_known_country=False) is None
    )  # fmt: skip
