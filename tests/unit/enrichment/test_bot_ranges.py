"""Published networks in their forms."""

import ipaddress
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apisentinel.enrichment.bot_ranges import Ranges, read_ranges
from apisentinel.enrichment.bots import BotProofs
from apisentinel.enrichment.settings import BotSettings
from apisentinel.errors import ConfigError

GOOGLE = {"creationTime": "2026-11-01T00:00:00", "prefixes": [
    {"ipv4Prefix": "66.249.64.0/27"}, {"ipv6Prefix": "2001:4860:4801:10::/64"},
]}  # fmt: skip


def halves(text: str) -> tuple[int, int]:
    address = ipaddress.ip_address(text)
    value = int(address) | (0xFFFF << 32 if address.version == 4 else 0)
    return value >> 64, value & (1 << 64) - 1


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(GOOGLE),
        '["66.249.64.0/27", "2001:4860:4801:10::/64"]',
        "# list\n66.249.64.0/27 # one\n\n2001:4860:4801:10::/64\n",
    ],
)
def test_forms(tmp_path, text):
    (tmp_path / "list").write_text(text)
    ranges = read_ranges(tmp_path / "list")
    assert ranges.holds(*halves("66.249.64.31"))
    assert not ranges.holds(*halves("66.249.64.32"))
    assert ranges.holds(*halves("2001:4860:4801:10::9"))
    assert not ranges.holds(*halves("2001:4860:4801:11::9"))


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", "no network", "{", '{"prefixes": [{"a": "b."}]}']
)
def test_what_is_no_list_is_a_clear_error(tmp_path, text):
    (tmp_path / "list").write_text(text)
    with pytest.raises(ConfigError, match="list"):
        read_ranges(tmp_path / "list")


@given(
    st.lists(st.tuples(st.integers(0, 255), st.integers(24, 32)), min_size=1, max_size=20),
    st.integers(0, 255),
)
def test_intervals_say_what_networks_say(networks, last):
    texts = [f"93.184.216.{byte}/{length}" for byte, length in networks]
    address = f"93.184.216.{last}"
    naive = any(
        ipaddress.ip_address(address) in ipaddress.ip_network(text, strict=False) for text in texts
    )
    assert Ranges(texts).holds(*halves(address)) is naive


def test_names_and_addresses(tmp_path):
    (tmp_path / "list").write_text(json.dumps(GOOGLE))
    proofs = BotProofs(BotSettings(ranges={"Googlebot": tmp_path / "list"}))
    agent = "Mozilla/5.0 (compatible; Googlebot/2.1)"
    assert proofs.by_address(agent, *halves("66.249.64.1")) == ("googlebot", True)
    assert proofs.by_address(agent, *halves("93.184.216.34")) == ("googlebot", False)
    assert proofs.by_address(agent, *halves("10.0.0.1")) is None
    assert proofs.by_address("bingbot", *halves("93.184.216.34")) is None
    assert proofs.by_address(agent, 0, 0) is None
