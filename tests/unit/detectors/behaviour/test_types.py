"""Which attack a signal is called, and that switches and weights of the detectors count."""

import pytest

from apisentinel.detectors import behaviour
from apisentinel.detectors.base import DetectorSettings
from apisentinel.detectors.behaviour.crawler_ranges import NETWORKS, contradicts
from apisentinel.records.signal import FACTS, ActorSignal, EndpointSignal, Family
from apisentinel.records.taxonomy import AttackType

ENDPOINT_CASES = [
    ("ManyObjects", "objects", {"has_user": True, "has_object": True}, AttackType.BOLA),
    ("ManyObjects", "objects", {"has_object": True}, AttackType.SCRAPING),
    ("ManyObjects", "objects", {}, AttackType.CRAWLING),
    ("ManyObjects", "objects", {"has_user": True, "writes": True}, AttackType.AUTOMATION),
    ("RefusedTargets", "refusals", {"sources": 9.0}, AttackType.ENUMERATION),
    (
        "RefusedTargets",
        "refusals",
        {"sources": 9.0, "has_user": True, "has_object": True},
        AttackType.BOLA,
    ),
    (
        "RefusedTargets",
        "refusals",
        {"accounts": 9.0, "has_user": True, "writes": True},
        AttackType.PARAMETER_TAMPERING,
    ),
    ("RefusedTargets", "refusals", {"has_user": True}, AttackType.SEQUENCE_ABUSE),
    ("UnusualReplies", "large", {}, AttackType.DATA_EXPOSURE),
    ("UnusualReplies", "slow", {}, AttackType.RESOURCE_ABUSE),
    ("RepeatedCalls", "repeats", {"writes": True}, AttackType.AUTOMATION),
    ("RepeatedCalls", "repeats", {}, AttackType.VOLUME),
    ("RepeatedCalls", "repeats", {"writes": True, "actual": 60.0}, AttackType.VOLUME),
    (
        "RepeatedCalls",
        "repeats",
        {"writes": True, "actual": 60.0, "secrets": 1.0},
        AttackType.AUTOMATION,
    ),
    ("Pace", "pace", {"writes": True, "actual": 60.0}, AttackType.VOLUME),
    ("EndpointSurge", "walk", {"has_object": True}, AttackType.SCRAPING),
    ("EndpointSurge", "walk", {"has_object": True, "sources": 0.9}, AttackType.ENUMERATION),
    ("EndpointSurge", "walk", {"has_object": True, "has_user": True}, AttackType.BOLA),
    ("ClosedEndpoint", "outside", {}, AttackType.BFLA),
    ("ClosedEndpoint", "outside", {"sources": 1.0}, AttackType.INSIDER_MISUSE),
]
ACTOR_CASES = [
    ("ForbiddenFunctions", Family.FORBIDDEN, AttackType.BFLA),
    ("TokenAbuse", Family.TOKENS, AttackType.TOKEN_ABUSE),
    ("AccountTakeover", Family.TAKEOVER, AttackType.ACCOUNT_TAKEOVER),
]


def at_endpoint(what, **about):
    fields = {"actual": 10.0, "usual": 2.0, "sources": 0.0, "accounts": 0.0} | about
    return EndpointSignal(what, 7.0, **fields)


@pytest.mark.parametrize(("name", "what", "about", "kind"), ENDPOINT_CASES)
def test_a_principal_at_an_endpoint_is_called_what_it_does(name, what, about, kind):
    detector = getattr(behaviour, name)
    found = detector().evidence(at_endpoint(what, **about))
    assert (found.attack_type, found.llr) == (kind, 7.0)
    assert found.factors[0].actual == about.get("actual", 10)
    assert detector(DetectorSettings(enabled=False)).evidence(at_endpoint(what, **about)) is None
    half = detector(DetectorSettings(weight=0.5)).evidence(at_endpoint(what, **about))
    assert half.llr == 3.5


@pytest.mark.parametrize("name", sorted({case[0] for case in ENDPOINT_CASES}))
def test_a_signal_about_something_else_says_nothing(name):
    assert getattr(behaviour, name)().evidence(at_endpoint("flood")) is None


@pytest.mark.parametrize(("name", "family", "kind"), ACTOR_CASES)
def test_an_actor_is_called_what_it_does(name, family, kind):
    detector = getattr(behaviour, name)
    told = ActorSignal("user", family, 6.0, dict.fromkeys(FACTS, 3.0))
    found = detector().evidence(told)
    assert (found.attack_type, found.llr) == (kind, 6.0)
    assert detector(DetectorSettings(enabled=False)).evidence(told) is None
    other = ActorSignal("user", Family.VOLUME, 6.0, dict.fromkeys(FACTS, 3.0))
    assert detector().evidence(other) is None


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_a_crawler_is_believed_in_its_networks_only(name):
    agent = f"Mozilla/5.0 (compatible; {name.upper()}/2.0)"
    for network in NETWORKS[name]:
        assert contradicts(agent, str(network[1])) is None
    assert contradicts(agent, "93.184.216.34") == name
    assert contradicts(agent, "10.0.0.1") is None
    assert contradicts(agent, "no address") is None
    assert contradicts("curl/8", "93.184.216.34") is None


def test_a_crawlers_name_from_elsewhere_is_no_alert_by_itself():
    found = behaviour.FakeBot().by_address("Googlebot/2.1", "93.184.216.34")
    assert 0 < found.llr < 4


def test_who_goes_on_under_a_crawlers_name_from_elsewhere_is_told():
    found = behaviour.FakeBot().by_address("Googlebot/2.1", "93.184.216.34", insists=True)
    assert found.llr > 5.07
    assert behaviour.FakeBot().by_address("Googlebot/2.1", "66.249.70.1", insists=True) is None


@pytest.mark.parametrize(
    ("kind", "last_minute", "told"),
    [("user", 40.0, True), ("user", 5.0, False), ("client", 40.0, False)],
)
def test_slow_calls_at_the_same_time_are_more_than_a_job_that_waits(
    kind: str, last_minute: float, *, told: bool
) -> None:
    facts = dict.fromkeys(FACTS, 0.0) | {
        "requests_1m": last_minute, "requests_10m": 40.0, "cost_10m_us": 250e6, "bytes_10m": 1e6,
    }  # fmt: skip
    signal = ActorSignal(kind, Family.RESOURCES, 3.1, facts)
    evidence = behaviour.ResourceAbuse().evidence(signal)
    assert evidence is not None
    assert (evidence.llr > 5.07) == told
    assert evidence.factors[0].unit == "s"
