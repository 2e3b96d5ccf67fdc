"""What cannot be simulated is refused with words that help."""

import math

import pytest

from apisentinel.errors import ConfigError
from apisentinel.simulator import ATTACKS, PROFILES, Simulation, plan


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"hours": 0}, "--hours"),
        ({"hours": -1}, "--hours"),
        ({"hours": 1e9}, "a year"),
        ({"hours": math.nan}, "--hours"),
        ({"hours": math.inf}, "--hours"),
        ({"rate": 0}, "--rate"),
        ({"rate": -3}, "--rate"),
        ({"rate": 1e12}, "--rate"),
        ({"rate": math.nan}, "--rate"),
        ({"seed": -1}, "--seed"),
        ({"seed": 2**80}, "--seed"),
        ({"density": 0.9}, "--density"),
        ({"density": -0.1}, "--density"),
        ({"density": math.nan}, "--density"),
        ({"profile": "wek"}, "did you mean 'week'"),
        ({"profile": "default,domains=shp"}, "did you mean 'shop'"),
        ({"profile": "default,colour=red"}, "cannot use 'colour=red'"),
        ({"profile": "default,renderer=z"}, "renderer=a|b"),
        ({"attacks": "sqly"}, "did you mean 'sqli'"),
        ({"attacks": "anomaly"}, "there is no attack type 'anomaly'"),
        ({"attacks": ","}, "name types"),
        ({"attacks": "sqli,,nonsense"}, "nonsense"),
    ],
)
def test_impossible_wishes_are_refused(arguments, words):
    wanted = {"hours": 1.0, "rate": 1.0} | arguments
    hours, rate = wanted.pop("hours"), wanted.pop("rate")
    with pytest.raises(ConfigError) as caught:
        plan(hours, rate, **wanted)
    assert words in str(caught.value)


def test_types_are_taken_once_and_in_order():
    assert plan(1, 1, attacks=" xss, sqli,xss ").attacks == ("xss", "sqli")


def test_named_attacks_run_in_a_quiet_profile_too():
    wanted = plan(1, 1, profile="week", attacks="sqli")
    assert wanted.attacks == ("sqli",)
    assert wanted.density > 0


def test_density_zero_means_no_attacks():
    assert plan(1, 1, density=0.0).attacks == ()


def test_profiles_say_what_they_are():
    assert plan(1, 1, profile="week").attacks == ()
    assert plan(1, 1, profile="train").density == 0.1
    assert plan(1, 1).attacks == ATTACKS
    assert PROFILES["demo"].opening


def test_domains_share_the_rate():
    shares = dict(plan(1, 1, profile="train,domains=iot+bank").settings.domains)
    assert set(shares) == {"iot", "bank"}
    assert abs(sum(shares.values()) - 1) < 1e-9


@pytest.mark.parametrize(("hours", "rate"), [(1e-12, 1.0), (0.001, 1e-9), (0.01, 0.5)])
def test_next_to_nothing_can_be_simulated(hours, rate):
    simulation = Simulation(plan(hours, rate))
    lines = sum(block.ts.size for block in simulation.blocks())
    assert lines == simulation.lines < 500


def test_a_year_of_a_huge_site_is_planned_within_bounds():
    simulation = Simulation(plan(24 * 366, 5000, profile="train,domains=bank"))
    assert len(simulation.campaigns) <= 20_000
    begin, end = next(simulation._slices())
    assert (end - begin) / 1e6 * 5000 < 200_000
