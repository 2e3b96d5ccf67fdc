import pytest

from apisentinel.api.respond.guards import canonical, objections
from apisentinel.errors import RefusedError
from apisentinel.pipeline.response_settings import ResponseSettings

NONE = {"share_without_alert": 0.0, "requests_without_alert": 0, "clients_without_alert": 0}


def codes(scope, value, *, caller="192.0.2.1", action="block", share=0.0, **settings):
    return [
        each["code"]
        for each in objections(
            scope=scope,
            value=canonical(scope, value),
            action=action,
            caller=caller,
            preview={**NONE, "share_without_alert": share},
            settings=ResponseSettings(**settings),
        )
    ]


@pytest.mark.parametrize(
    ("scope", "value", "caller"),
    [
        ("client", "192.0.2.1", "192.0.2.1"),
        ("network", "192.0.2.0/24", "192.0.2.1"),
        ("client", "2001:db8:0:7::1", "2001:db8:0:7::ffff"),
        ("network", "2001:db8::/48", "2001:db8:0:7::ffff"),
    ],
)
def test_nobody_shuts_themselves_out(scope, value, caller):
    assert codes(scope, value, caller=caller) == ["own_address"]
    assert codes(scope, value, caller=caller, action="watch") == []
    assert codes(scope, value, caller="198.51.100.1") == []


def test_a_network_is_protected_from_within_and_from_around():
    assert codes("client", "203.0.113.5", allow=("203.0.113.0/24",)) == ["allowed_range"]
    assert codes("network", "203.0.0.0/16", allow=("203.0.113.0/24",)) == ["allowed_range"]
    assert codes("network", "203.0.112.0/24", allow=("203.0.113.0/24",)) == []


def test_the_share_of_innocent_traffic_has_a_limit():
    assert codes("user", "ann", share=0.03) == ["share"]
    assert codes("user", "ann", share=0.02) == []
    assert codes("user", "ann", share=0.5, max_share=0.6) == []


@pytest.mark.parametrize("value", ["0.0.0.0/0", "::/0", "203.0.113.0/33", "x", ""])
def test_networks_have_a_widest(value):
    with pytest.raises(RefusedError):
        canonical("network", value)


def test_a_setting_that_is_no_network_is_an_error():
    with pytest.raises(ValueError, match="is no network"):
        ResponseSettings(allow=("203.0.113.5/24",))
