"""What is joined into one incident, what is said about it, and when an alert is raised."""

from apisentinel.incidents import AlertPolicy, AlertSettings, correlate
from apisentinel.incidents.common import traits
from apisentinel.incidents.numbers import measured
from apisentinel.records.case import Case
from apisentinel.records.evidence import EntityRef, Evidence, Factor, Sample
from apisentinel.records.taxonomy import AttackType, Severity
from apisentinel.scoring import Ledger

MINUTE = 60_000_000
EVERYWHERE = {"agent": 0.4, "network": 0.2, "payload": 0.3}
RARE = {"agent": 0.001, "network": 0.001, "payload": 0.0001}


def case(
    ledger: Ledger, name: str, ts: int, kind: str = "client", parent: int = 0, **attributes: str
) -> Case:
    key = (kind, hash(name) & 0xFFFFFFFF)
    made = ledger.open(key, EntityRef(kind, name), ts, parent)
    factor = Factor("SQL injection in query q", "1' or '1'='1")
    ledger.add(made, Evidence("payload", AttackType.SQLI, 9.0, (factor,)), "x", ts, 3)
    made.attributes = attributes
    made.endpoints = {"GET /search": 2}
    AlertPolicy().consider(made, Evidence("payload", AttackType.SQLI, 9.0), ts, 3, "GET /search")
    return made


def joined(cases: list[Case], shares: dict[str, float]) -> list[set[str]]:
    incidents = correlate(
        cases, lambda kind, _: shares[kind], lambda c: (c.last_ts, c.ordinal), lambda ts: f"t{ts}"
    )
    return [{entity.id for entity in incident.entities} for incident in incidents]


def test_a_session_belongs_to_its_client() -> None:
    ledger = Ledger()
    client = case(ledger, "192.0.2.1", MINUTE)
    session = case(ledger, "s1", 2 * MINUTE, "session", parent=client.key[1])
    other = case(ledger, "192.0.2.2", 2 * MINUTE)
    assert sorted(map(len, joined([client, session, other], EVERYWHERE))) == [1, 2]


def test_what_an_endpoint_shows_joins_who_explains_it() -> None:
    ledger = Ledger()
    one, other = case(ledger, "192.0.2.1", MINUTE), case(ledger, "192.0.2.2", MINUTE)
    one.endpoints, other.endpoints = {"GET /search": 9}, {"GET /search": 2}
    endpoint = case(ledger, "GET /search", 2 * MINUTE, "endpoint")
    elsewhere = case(ledger, "GET /other", 2 * MINUTE, "endpoint")
    found = joined([one, other, endpoint, elsewhere], EVERYWHERE)
    assert {"192.0.2.1", "GET /search"} in found
    assert len(found) == 3


def test_who_used_a_key_is_named_beside_it() -> None:
    ledger = Ledger()
    key = case(ledger, "k1", MINUTE, "credential")
    key.clients = {7: EntityRef("client", "192.0.2.7")}
    assert joined([key], EVERYWHERE) == [{"k1", "192.0.2.7"}]


def test_two_rare_attributes_make_a_campaign_and_common_ones_do_not() -> None:
    ledger = Ledger()
    cases = [case(ledger, f"192.0.2.{k}", k * MINUTE, agent="a", payload="p") for k in range(1, 6)]
    assert joined(cases, RARE) == [{f"192.0.2.{k}" for k in range(1, 6)}]
    assert len(joined(cases, EVERYWHERE)) == 5


def test_a_campaign_says_what_its_actors_have_in_common() -> None:
    ledger = Ledger()
    cases = [case(ledger, f"192.0.2.{k}", k * MINUTE, agent="a", payload="sqli|or 1=1")
             for k in range(1, 6)]  # fmt: skip
    for one in cases:
        one.samples = [
            Sample(1, None, one.ref.id, "GET", "/", 200, "curl/8"),
        ]
    (incident,) = correlate(
        cases, lambda kind, _: RARE[kind], lambda c: (c.last_ts, c.ordinal), lambda ts: f"t{ts}"
    )
    told = {f.name: f.actual for f in incident.factors if f.name.startswith("in common")}
    assert told == {
        "in common: same user agent": "curl/8", "in common: same network": "192.0.2.0/24",
        "in common: same endpoint": "GET /search", "in common: same content": "or 1=1",
    }  # fmt: skip
    cases[0].samples = []
    assert traits(cases[:1]) == ()
    assert traits([cases[0], cases[1]])[0].name == "in common: same endpoint"


def test_one_rare_attribute_is_not_enough() -> None:
    ledger = Ledger()
    cases = [case(ledger, f"192.0.2.{k}", k * MINUTE, agent="a") for k in range(1, 4)]
    assert len(joined(cases, RARE)) == 3


def test_a_campaign_ends_when_nothing_happens_for_long() -> None:
    ledger = Ledger()
    cases = [
        case(ledger, f"192.0.2.{k}", k * 600 * MINUTE, agent="a", payload="p") for k in range(1, 4)
    ]
    assert len(joined(cases, RARE)) == 3


def test_an_incident_says_who_what_where_and_its_factors_add_up() -> None:
    ledger = Ledger()
    made = case(ledger, "192.0.2.1", MINUTE)
    made.families[AttackType.SQLI].refused = 4
    (incident,) = correlate([made], lambda *_: 1.0, lambda c: (c.last_ts, 9), lambda ts: f"t{ts}")
    assert incident.severity is Severity.MEDIUM
    for part in ("192.0.2.1", "SQL injection", "1' or '1'='1", "GET /search", "refused"):
        assert part in incident.reason
    assert incident.succeeded is False
    assert abs(sum(f.contribution for f in incident.factors) - (incident.risk - 12.5)) <= 1
    assert incident.requests == 7
    assert incident.requests_before_alert == 3


def test_incidents_do_not_depend_on_the_order_of_the_cases() -> None:
    ledger = Ledger()
    cases = [case(ledger, f"192.0.2.{k}", k * MINUTE, agent="a", payload="p") for k in range(1, 6)]
    one = correlate(cases, lambda k, _: RARE[k], lambda c: (c.last_ts, 1), str)
    two = correlate(cases[::-1], lambda k, _: RARE[k], lambda c: (c.last_ts, 1), str)
    assert one == two


def test_alerts_wait_for_the_window_or_a_rise() -> None:
    policy, ledger = AlertPolicy(AlertSettings(window_minutes=15, step=10)), Ledger()
    made = ledger.open(("client", 1), EntityRef("client", "c"), 0)
    piece = Evidence("payload", AttackType.SQLI, 9.0)
    ledger.add(made, piece, "x", 0, 1)

    def told(risk: float, minute: int) -> bool:
        made.risk = risk
        return policy.consider(made, piece, minute * MINUTE, minute, "GET /") is not None

    assert not told(39.9, 0)
    assert told(45, 1)
    assert not told(50, 2)
    assert told(55, 3)
    assert not told(55, 16)
    assert told(55, 40)
    assert made.alert_ordinal == 1
    assert len({alert.id for alert in policy.alerts}) == 3


def test_the_same_words_at_the_same_place_join_only_at_about_the_same_time() -> None:
    ledger = Ledger()
    rare = RARE | {"endpoint": 0.01}
    first = case(ledger, "192.0.2.1", MINUTE, payload="x", endpoint="e")
    soon = case(ledger, "192.0.2.2", 10 * MINUTE, payload="x", endpoint="e")
    later = case(ledger, "192.0.2.3", 40 * MINUTE, payload="x", endpoint="e")
    same_tool = case(ledger, "192.0.2.4", 80 * MINUTE, payload="x", endpoint="e", agent="a")
    again = case(ledger, "192.0.2.5", 120 * MINUTE, payload="y", endpoint="e", agent="a")
    found = joined([first, soon, later, same_tool, again], rare)
    assert {"192.0.2.1", "192.0.2.2"} in found
    assert {"192.0.2.3"} in found
    assert {"192.0.2.4", "192.0.2.5"} in found


def test_weak_evidence_keeps_no_alert_alive() -> None:
    ledger, policy = Ledger(), AlertPolicy()
    made = case(ledger, "192.0.2.1", MINUTE)
    told = made.alerted_at
    weak = Evidence("automation", AttackType.AUTOMATION, 1.0)
    ledger.add(made, weak, "automation", 50 * MINUTE, 9)
    assert policy.consider(made, weak, 50 * MINUTE, 9, "GET /search") is None
    assert made.alerted_at == told
    assert ledger.is_over(made, 70 * MINUTE, 60 * MINUTE)


def test_the_sentence_has_the_numbers_of_the_factors() -> None:
    ledger = Ledger()
    lead, other = case(ledger, "192.0.2.1", MINUTE), case(ledger, "192.0.2.2", 2 * MINUTE)
    for made, count in ((lead, 9), (other, 12)):
        made.attributes = {"agent": "a", "network": "n"}
        factor = Factor("failed logins in ten minutes", count, 1.0, "attempts")
        guessing = Evidence("brute_force", AttackType.BRUTE_FORCE, 5.0 + count / 10, (factor,))
        ledger.add(made, guessing, "brute_force", 3 * MINUTE, 4)
    lead.peak = 99.0
    (incident,) = correlate(
        [lead, other], lambda *_: 0.001, lambda c: (c.last_ts, c.ordinal), lambda ts: f"t{ts}"
    )
    assert "failed to sign in 9 times" in incident.reason


def test_what_was_seen_names_an_incident_before_what_models_suppose() -> None:
    ledger = Ledger()
    made = case(ledger, "192.0.2.1", MINUTE)
    pause = Factor("usual pause between requests", 115.0, 1.3, "s")
    ledger.add(
        made, Evidence("ensemble", AttackType.SEQUENCE_ABUSE, 12.0, (pause,)), "y", MINUTE, 4
    )
    incident = correlate([made], lambda *_: 0.5, lambda c: (c.last_ts, 4), lambda ts: f"t{ts}")[0]
    assert incident.attack_types == (AttackType.SQLI, AttackType.SEQUENCE_ABUSE)
    assert incident.reason.startswith("192.0.2.1 sent SQL injection in query q")
    assert (
        "unlike its peers, usual pause between requests: 1.9 min (usual: 1.3 s)" in incident.reason
    )


def test_numbers_of_a_sentence_have_their_units() -> None:
    assert measured(17_900_000.0, "µs") == "18 s"
    assert measured(2_400_000, "B") == "2.4 MB"
    assert measured(1.0, "", "share of failed logins") == "100 %"
    assert measured(0.0, "sd") == "0 standard deviations"
    assert measured("rare", "s") == "rare"


def test_weak_signs_of_long_ago_join_nobody_to_what_an_endpoint_showed_then() -> None:
    ledger = Ledger()
    endpoint = case(ledger, "GET /search", 100 * MINUTE, "endpoint")
    later = case(ledger, "192.0.2.1", 600 * MINUTE)
    later.endpoints = {"GET /search": 9}
    # somebody else behind that address did something odd before
    later.first_ts = MINUTE
    session = case(ledger, "s1", 100 * MINUTE, "session", parent=later.key[1])
    assert sorted(map(len, joined([endpoint, later, session], EVERYWHERE))) == [1, 1, 1]


def test_the_same_public_tool_joins_only_at_about_the_same_time() -> None:
    def found(minutes: int, **common: str) -> list[set[str]]:
        ledger = Ledger()
        one = case(ledger, "192.0.2.1", MINUTE, **common)
        other = case(ledger, "198.51.100.1", minutes * MINUTE, **common)
        return joined([one, other], RARE | {"tool": 0.001, "endpoint": 0.01})

    assert len(found(5, tool="1", endpoint="2")) == 1
    assert len(found(40, tool="1", endpoint="2")) == 2
    assert len(found(40, agent="1", endpoint="2")) == 1
