import pytest
from hypothesis import given
from hypothesis import strategies as st

from apisentinel.api.query.fields import ALERTS, ENDPOINTS, EVENTS, INCIDENTS, RESOURCES
from apisentinel.api.query.filters import (
    LARGEST_NUMBER,
    Filter,
    GrammarError,
    condition_text,
    filter_key,
    join_values,
    parse_condition,
    parse_filter,
    parse_names,
    parse_order,
    split_values,
)
from apisentinel.api.query.matching import RowFilter
from apisentinel.api.query.moments import LATEST_US
from apisentinel.storage.query import Condition, Kind, Op, pattern

NOW = 1_800_000_000_000_000


def one(text, resource=EVENTS):
    return parse_condition(resource, text, NOW)


def refused(text, resource=EVENTS):
    with pytest.raises(GrammarError) as error:
        parse_condition(resource, text, NOW)
    assert error.value.status == 400
    return error.value


# ------------------------------------------------------------------------------------ the grammar


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("client:eq:203.0.113.9", Condition("client", Op.EQ, "203.0.113.9")),
        ("path:has:/a:b", Condition("path", Op.HAS, "/a:b")),
        ("path:eq:a,b\\,c", Condition("path", Op.EQ, "a,b\\,c")),
        ("path:in:a,b\\,c", Condition("path", Op.IN, ("a", "b,c"))),
        ("severity:in:high,CRITICAL", Condition("severity", Op.IN, ("HIGH", "CRITICAL"))),
        ("status:gte:500", Condition("status", Op.GTE, 500)),
        ("score:lte:0.25", Condition("score", Op.LTE, 0.25)),
        ("ts:gte:now-1s", Condition("ts", Op.GTE, NOW - 1_000_000)),
        ("user:eq:", Condition("user", Op.EQ, None)),
        ("user:ne:", Condition("user", Op.NE, None)),
        ("client:cidr:203.0.113.9/24", Condition("client", Op.CIDR, "203.0.113.0/24")),
        ("attack_types:has:SQLI", Condition("attack_types", Op.HAS, "sqli")),
        ("user_agent:re:(?i)sqlmap|nikto", Condition("user_agent", Op.RE, "(?i)sqlmap|nikto")),
    ],
)
def test_a_condition_is_read(text, condition):
    assert one(text) == condition


def test_truth_is_read():
    assert one("succeeded:eq:true", INCIDENTS).value is True


@pytest.mark.parametrize("text", ["", "client", "client:eq", "client=eq=1", ":", "client:1.2.3.4"])
def test_half_a_condition_is_refused_with_the_form(text):
    assert "field:op:value" in str(refused(text))


def test_an_unknown_field_lists_the_known_ones_and_the_nearest():
    error = refused("severty:eq:HIGH")
    assert error.more["suggestion"] == "severity"
    assert error.more["allowed"] == sorted(EVENTS.fields)
    assert "Did you mean severity?" in str(error)


def test_an_unknown_comparison_lists_those_of_the_field():
    assert refused("status:re:5..").more["allowed"] == ["eq", "gte", "in", "lte", "ne"]


def test_an_unknown_choice_lists_the_known_ones():
    error = refused("severity:eq:HIHG")
    assert error.more["suggestion"] == "HIGH"
    assert error.more["allowed"] == ["CRITICAL", "HIGH", "LOW", "MEDIUM"]


@pytest.mark.parametrize(
    "text",
    [
        "status:eq:abc", "status:eq:1.5", "status:eq:٣", "status:gte:", "status:eq:" + "9" * 20,
        "score:gte:nan", "score:gte:inf", "score:gte:1_0", "score:lte:x", "ts:gte:soon",
        "client:cidr:", "client:cidr:1.2.3", "client:cidr:1.2.3.4/99", "path:re:(", "path:re:",
        "path:re:" + "a" * 300, "path:re:\\pL{1000}", "path:in:", "path:in:a,,b", "path:has:",
        "path:eq:" + "a" * 3000, "path:in:" + ",".join("abc" for _ in range(300)),
        "path:in:" + "a" * 9000, "path:eq:a\x00b", "path:eq:\ud800", "path:re:(?=a)",
        "path:re:(a)\\1",
    ],
)  # fmt: skip
def test_values_that_do_not_fit_are_refused(text):
    assert str(refused(text)).startswith("f=")


def test_what_re2_says_of_a_pattern_is_text():
    assert "'a(' is not a pattern of RE2: missing ): a(" in str(refused("path:re:a("))


def test_the_refusal_of_a_long_value_is_short():
    assert len(str(refused("nothing:eq:" + "x" * 4000))) < 1200


def test_too_many_conditions_are_refused():
    with pytest.raises(GrammarError, match="29 conditions"):
        parse_filter(EVENTS, ["status:eq:1"] * 29, NOW, None, None)


def test_a_period_is_read():
    period = parse_filter(EVENTS, [], NOW, "now-1m", "now")
    assert (period.begin, period.end) == (NOW - 60_000_000, NOW)


@pytest.mark.parametrize(("begin", "end"), [("now", "now-1m"), ("x", None), (None, "x")])
def test_a_period_that_is_none_is_refused(begin, end):
    with pytest.raises(GrammarError):
        parse_filter(EVENTS, [], NOW, begin, end)


def test_an_order_is_read():
    assert str(parse_order(EVENTS, None)) == "-ts"
    assert str(parse_order(EVENTS, "risk")) == "risk"
    with pytest.raises(GrammarError, match=r"Allowed: .*risk"):
        parse_order(EVENTS, "-reason")


def test_names_are_read_once_each():
    assert parse_names("cols", "a, b,a", ("a", "b"), 5) == ("a", "b")
    with pytest.raises(GrammarError, match="Did you mean risk"):
        parse_names("cols", "rsik", ("risk",), 5)
    with pytest.raises(GrammarError, match="2 names, 1 at most"):
        parse_names("cols", "a,b", ("a", "b"), 1)


def test_equal_filters_have_equal_keys():
    a, b = one("status:eq:500"), one("path:has:x")
    assert filter_key(EVENTS, [a, b]) == filter_key(EVENTS, [b, a, b])
    assert filter_key(EVENTS, [a]) != filter_key(EVENTS, [b])


def test_a_pattern_that_would_backtrack_is_linear():
    assert not pattern("(a+)+$").search("a" * 8000 + "b")


# ------------------------------------------------------------------------------------- properties

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=80)


def scalars(field):
    if field.choices:
        return st.sampled_from(field.choices)
    return {
        Kind.INTEGER: st.integers(-LARGEST_NUMBER, LARGEST_NUMBER),
        Kind.REAL: st.floats(-1e299, 1e299),
        Kind.MOMENT: st.integers(0, LATEST_US),
        Kind.FLAG: st.booleans(),
    }.get(field.kind, TEXTS)


@st.composite
def conditions(draw):
    resource = draw(st.sampled_from(sorted(RESOURCES.values(), key=lambda known: known.name)))
    field = resource.fields[draw(st.sampled_from(sorted(resource.fields)))]
    op = draw(st.sampled_from(field.ops))
    if op is Op.CIDR:
        value = str(draw(st.ip_addresses())) + "/32"
        return resource, parse_condition(resource, f"{field.name}:cidr:{value}", NOW)
    if op is Op.RE:
        pattern = draw(st.sampled_from(["a", "^/x", "(?i)sql", "[^a]{3}", "a|b:c"]))
        return resource, Condition(field.name, op, pattern)
    if op is Op.IN:
        values = draw(st.lists(scalars(field), min_size=1, max_size=5))
        return resource, Condition(field.name, op, tuple(values))
    if op is Op.EQ and field.kind is Kind.LIST:
        op = Op.HAS
    empty = op in {Op.EQ, Op.NE} and field.kind is not Kind.LIST
    value = draw(st.none() | scalars(field)) if empty else draw(scalars(field))
    return resource, Condition(field.name, op, value)


@given(conditions())
def test_a_condition_reads_back_as_it_was_printed(pair):
    resource, condition = pair
    assert parse_condition(resource, condition_text(resource, condition), NOW) == condition


@given(st.lists(TEXTS, min_size=1, max_size=6))
def test_values_read_back_as_they_were_joined(values):
    assert split_values(join_values(values)) == values


@given(st.text(max_size=200), st.sampled_from(sorted(RESOURCES)))
def test_no_text_crashes_the_grammar(text, name):
    resource = RESOURCES[name]
    try:
        condition = parse_condition(resource, text, NOW)
    except GrammarError:
        return
    RowFilter(resource, Filter((condition,))).matches({})


@given(st.sampled_from(sorted(EVENTS.fields)), st.sampled_from(list(Op)), st.binary(max_size=120))
def test_no_bytes_crash_a_value(field, op, value):
    text = f"{field}:{op}:{value.decode('utf-8', 'replace')}"
    try:
        condition = parse_condition(EVENTS, text, NOW)
    except GrammarError:
        return
    RowFilter(EVENTS, Filter((condition,))).matches({field: None})
    assert parse_condition(EVENTS, condition_text(EVENTS, condition), NOW) == condition


# --------------------------------------------------------------------------------------- matching

EVENT = {
    "seq": 7, "ts": "2026-11-21T10:00:00Z", "client": "203.0.113.9", "user": None, "status": 500,
    "path": "/a:b", "score": 0.5, "severity": "HIGH", "attack_types": ["sqli", "xss"],
    "user_agent": "sqlmap/1.8", "network": "203.0.113.0/24",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("client:eq:203.0.113.9", True), ("client:eq:203.0.113.8", False),
        ("client:ne:203.0.113.9", False), ("client:cidr:203.0.113.0/25", True),
        ("client:cidr:203.0.113.128/25", False), ("client:cidr:2001:db8::/32", False),
        ("user:eq:", True), ("user:ne:", False), ("user:eq:bob", False), ("user:ne:bob", True),
        ("path:eq:/a:b", True), ("path:has:a:", True), ("path:has:A", False),
        ("path:re:^/a.b$", True), ("path:re:^b", False), ("path:in:/x,/a:b", True),
        ("status:gte:500", True), ("status:lte:499", False), ("status:in:500,501", True),
        ("score:gte:0.5", True), ("score:lte:0.4", False), ("duration_us:gte:0", False),
        ("attack_types:has:sqli", True), ("attack_types:eq:xss", True),
        ("attack_types:ne:xss", False), ("attack_types:in:xss,bola", True),
        ("attack_types:in:bola", False), ("detectors:ne:payload", True),
        ("ts:gte:2026-11-21T10:00:00Z", True), ("ts:lte:2026-11-21T09:59:59Z", False),
        ("user_agent:re:(?i)SQLMAP", True), ("referer:re:a", False), ("referer:has:a", False),
        ("path:prefix:/a", True), ("path:prefix:a", False),
    ],
)  # fmt: skip
def test_a_row_passes_or_not(text, passes):
    assert RowFilter(EVENTS, Filter((one(text),))).matches(EVENT) is passes


def test_the_end_of_a_period_is_not_part_of_it():
    noon = parse_filter(EVENTS, [], NOW, "2026-11-21T10:00:00Z", "2026-11-21T10:00:01Z")
    before = parse_filter(EVENTS, [], NOW, "2026-11-21T09:00:00Z", "2026-11-21T10:00:00Z")
    assert RowFilter(EVENTS, noon).matches(EVENT)
    assert not RowFilter(EVENTS, before).matches(EVENT)
    assert not RowFilter(EVENTS, noon).matches({**EVENT, "ts": None})


def test_entities_are_compared_by_their_id():
    alert = {"id": "a-1", "entity": {"kind": "client", "id": "203.0.113.9"}}
    incident = {"id": "i-1", "entities": [{"kind": "user", "id": "bob"}]}
    assert RowFilter(ALERTS, Filter((one("entity:cidr:203.0.113.0/24", ALERTS),))).matches(alert)
    assert RowFilter(ALERTS, Filter((one("entity_kind:eq:client", ALERTS),))).matches(alert)
    assert RowFilter(INCIDENTS, Filter((one("entities:has:bob", INCIDENTS),))).matches(incident)


def test_every_sort_and_key_is_a_field():
    for resource in RESOURCES.values():
        assert resource.key in resource.fields
        assert resource.sort.removeprefix("-") in resource.sortable
        assert resource.time is None or resource.time in resource.fields
    assert ENDPOINTS.fields["method"].groupable
