from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apisentinel.api.query.moments import LATEST_US, moment_text, parse_moment

NOW = 1_800_000_000_000_000


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("now", NOW),
        ("now-15m", NOW - 15 * 60_000_000),
        ("now-500ms", NOW - 500_000),
        ("now+1d", NOW + 86_400_000_000),
        ("now-2w", NOW - 14 * 86_400_000_000),
        ("1700000000", 1_700_000_000_000_000),
        ("1700000000.25", 1_700_000_000_250_000),
        ("1700000000000", 1_700_000_000_000_000),
        ("1700000000000000", 1_700_000_000_000_000),
        ("2023-11-14T22:13:20Z", 1_700_000_000_000_000),
        ("2023-11-14T22:13:20", 1_700_000_000_000_000),
        ("2023-11-15T00:13:20+02:00", 1_700_000_000_000_000),
        ("2023-11-15T00:13:20 02:00", 1_700_000_000_000_000),
        ("2023-11-14 22:13:20", 1_700_000_000_000_000),
        ("2023-11-14", 1_699_920_000_000_000),
    ],
)
def test_a_time_is_read_in_every_form_that_the_grammar_promises(text, moment):
    assert parse_moment(text, NOW) == moment


@pytest.mark.parametrize(
    "text",
    ["", "now-", "now-5", "now-5y", "now--5m", "now-5m5m", "now-9999999999w", "yesterday", "1e9",
     "-5", "٣", "2023-13-01", "2023-11-14T22:13:20Z" + "0" * 40, "99999999999999999999", ".", "inf",
     "now-99999999w", "now+99999999w", "0001-01-01", "9999-12-31T23:59:59-23:00"],
)  # fmt: skip
def test_what_is_no_time_is_refused_with_the_forms_that_are(text):
    with pytest.raises(ValueError, match=r"RFC 3339.*now-15m"):
        parse_moment(text, NOW)


@given(st.integers(0, LATEST_US))
def test_times_are_printed_so_that_they_read_back(moment):
    assert parse_moment(moment_text(moment), NOW) == moment


@given(st.integers(0, 4_000_000_000), st.integers(-14, 14))
def test_rfc_3339_agrees_with_the_calendar(seconds, hours):
    moment = datetime.fromtimestamp(seconds, timezone(timedelta(hours=hours)))
    assert parse_moment(moment.isoformat(), NOW) == seconds * 1_000_000


@given(st.text(max_size=60))
def test_no_text_crashes(text):
    try:
        moment = parse_moment(text, NOW)
    except ValueError:
        return
    assert 0 <= moment <= LATEST_US
