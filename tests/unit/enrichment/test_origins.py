"""What the words of different databases become."""

import pytest
from tests.unit.mmdb_files import database

from apisentinel.enrichment.countries import PLACES
from apisentinel.enrichment.origins import ADDRESSES_KEPT, Origins, origin_of
from apisentinel.enrichment.settings import GeoSettings
from apisentinel.errors import ConfigError
from apisentinel.records.origin import Origin

V4 = 0xFFFF << 32
ASN = {"192.0.2.0/24": {"autonomous_system_number": 3320,
                        "autonomous_system_organization": "Deutsche Telekom AG"}}  # fmt: skip
CITY = {"192.0.2.0/24": {"country": {"iso_code": "DE"},
                         "location": {"latitude": 50.1, "longitude": 8.7,
                                      "accuracy_radius": 50}}}  # fmt: skip


def test_two_databases_make_one_origin(tmp_path):
    (tmp_path / "asn").write_bytes(database(ASN))
    (tmp_path / "city").write_bytes(database(CITY))
    origins = Origins.opened(GeoSettings(asn=tmp_path / "asn", country=tmp_path / "city"))
    assert origins.of(0, V4 | 0xC0000207) == Origin(
        3320, "Deutsche Telekom AG", "DE", (50.1, 8.7, 50.0)
    )
    assert origins.of(0, V4 | 0x01020304) is None
    assert Origins.opened(GeoSettings()) is None


def test_a_wrong_path_is_a_clear_error(tmp_path):
    with pytest.raises(ConfigError, match="nothing"):
        Origins.opened(GeoSettings(asn=tmp_path / "nothing"))


def test_other_words():
    flat = {"asn": "AS7922", "as_name": "Comcast Cable", "country_code": "us"}
    assert origin_of(flat) == Origin(7922, "Comcast Cable", "US", PLACES["US"])
    assert origin_of({"asn": "AS٣", "country": 7, "location": 3}) == Origin()
    assert origin_of({"country": {"iso_code": "<b>"}}).country == ""


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ({"autonomous_system_organization": "AMAZON-02"}, "hosting"),
        ({"traits": {"is_hosting_provider": True}}, "hosting"),
        ({"traits": {"is_anonymous_vpn": True}}, "vpn"),
        ({"traits": {"connection_type": "Cellular"}}, "mobile"),
        ({"as_name": "Vodafone GmbH"}, "mobile"),
        ({"as_name": "Stadtwerke Musterstadt"}, ""),
    ],
)
def test_kinds_of_networks(facts, kind):
    assert origin_of(facts).kind == kind


def test_memory_is_bounded_and_broken_records_count_as_unknown(tmp_path):
    raw = bytearray(database(ASN))
    at = raw.index(b"\x58autonomous") if b"\x58autonomous" in raw else raw.index(b"autonomous") - 1
    raw[at] = 0x00
    raw[at + 1] = 0xFF
    (tmp_path / "asn").write_bytes(raw)
    origins = Origins.opened(GeoSettings(asn=tmp_path / "asn"))
    assert origins.of(0, V4 | 0xC0000207) is None
    assert origins.broken == 1
    for k in range(ADDRESSES_KEPT + 5):
        origins.of(0, V4 | k)
    assert len(origins._known) == ADDRESSES_KEPT
