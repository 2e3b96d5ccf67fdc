"""Networks from which well-known crawlers come, kept by hand, wide rather than narrow.

Not a copy of the lists that the operators publish, and not complete: a reason for doubt, no proof.
"""

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

_NETWORKS = {
    # Google publishes googlebot.json; crawls from 34.0.0.0/8 and 35.247.0.0/16 are few
    "googlebot": "66.249.64.0/19 192.178.4.0/22 34.0.0.0/8 35.247.0.0/16 2001:4860::/32",
    # Bing publishes bingbot.json; these are the blocks of its owner around those ranges
    "bingbot": "157.54.0.0/15 157.56.0.0/14 207.46.0.0/16 40.64.0.0/10 65.52.0.0/14 131.253.0.0/16 "
    "199.30.0.0/16 13.64.0.0/11 20.0.0.0/8 52.96.0.0/12 52.160.0.0/11 52.224.0.0/11 51.104.0.0/15 "
    "191.232.0.0/13 139.217.0.0/16 2a01:111::/32 2620:1ec::/36",
    # Yandex names its crawlers by reverse DNS in these blocks, all of them its own
    "yandexbot": "5.45.192.0/18 5.255.192.0/18 37.9.64.0/18 37.140.128.0/18 77.88.0.0/18 "
    "84.201.128.0/18 84.252.160.0/19 87.250.224.0/19 90.156.176.0/22 92.255.112.0/20 "
    "93.158.128.0/18 95.108.128.0/17 100.43.64.0/19 130.193.32.0/19 141.8.128.0/18 "
    "178.154.128.0/17 185.32.185.0/24 199.21.96.0/22 199.36.240.0/22 213.180.192.0/19 "
    "2a02:6b8::/29",
    # DuckDuckGo publishes single addresses, nearly all of them in blocks of one cloud
    "duckduckbot": "20.0.0.0/8 40.64.0.0/10 51.0.0.0/8 52.0.0.0/8 57.150.0.0/15 54.208.0.0/13 "
    "107.20.0.0/14 72.94.249.0/24",
    # OpenAI publishes gptbot.json; these are the blocks of the clouds around those ranges
    "gptbot": "4.0.0.0/8 13.64.0.0/11 20.0.0.0/8 23.96.0.0/13 40.64.0.0/10 51.8.0.0/16 52.0.0.0/8 "
    "57.150.0.0/15 74.7.0.0/16 132.196.0.0/16 135.232.0.0/14 172.160.0.0/11 172.192.0.0/12",
    # Apple crawls from its own block only
    "applebot": "17.0.0.0/8 2620:149::/32 2a01:b740::/29",
}
NETWORKS: dict[str, tuple[IPv4Network | IPv6Network, ...]] = {
    name: tuple(ip_network(text) for text in texts.split()) for name, texts in _NETWORKS.items()
}
"""Crawler by a word of its user agent → its networks."""


def confirms(agent: str, address: str) -> bool:
    """True for an address out of the networks of the crawler that an agent claims to be.

    Example:
        >>> confirms("Mozilla/5.0 (compatible; Googlebot/2.1)", "66.249.70.1")
        True
    """
    small = agent.lower()
    name = next((word for word in NETWORKS if word in small), None)
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return name is not None and any(found in network for network in NETWORKS[name])


def contradicts(agent: str, address: str) -> str | None:
    """Name of the crawler that an agent claims to be although its operator does not crawl from
    this address; None when that cannot be said: another crawler, a private address.

    Example:
        >>> contradicts("Mozilla/5.0 (compatible; Googlebot/2.1)", "192.0.2.7")
        >>> contradicts("Mozilla/5.0 (compatible; Googlebot/2.1)", "66.249.70.1")
        >>> contradicts("Mozilla/5.0 (compatible; Googlebot/2.1)", "93.184.216.34")
        'googlebot'
    """
    small = agent.lower()
    name = next((word for word in NETWORKS if word in small), None)
    if name is None:
        return None
    try:
        found = ip_address(address)
    except ValueError:
        return None
    if not found.is_global:
        return None
    return None if any(found in network for network in NETWORKS[name]) else name
