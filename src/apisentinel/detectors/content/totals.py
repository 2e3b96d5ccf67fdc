"""Forged totals and prices: sums that do not come from the items, and prices that nobody gave."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.taxonomy import AttackType

MOST_BYTES, MOST_ITEMS, DEEPEST, MOST_ORDERS = 65_536, 200, 4, 8
"""Bytes, items, levels and orders of a body that are looked at."""
FEWEST_VALUES, FEWEST_PRINCIPALS = 30, 8
"""Totals and principals that must be known before what is usual is known."""
HIGHEST, LEAST, CENT = 6.0, 1.5, 0.011
SAME_SHARE = 0.9
"""Share of the usual ratio below which a total is too small."""
PRICES = frozenset(("price", "unitprice", "itemprice", "priceeach", "unitamount", "cost"))
QUANTITIES = frozenset(("qty", "quantity", "count", "units", "number", "amount"))
TOTALS = frozenset(
    ("total", "grandtotal", "totalprice", "totalamount", "sum", "amount", "ordertotal")
)
PLUS = frozenset(
    ("tax", "vat", "shipping", "shippingcost", "delivery", "fee", "fees", "tip", "surcharge")
)
MINUS = frozenset(("discount", "rebate", "coupon", "voucher", "credit", "promotion", "giftcard"))
CODES = (
    "coupon",
    "couponcode",
    "promocode",
    "vouchercode",
    "discountcode",
    "voucher",
    "code",
    "promo",
)
"""Names in small letters without separators; a code may take off what the body does not say."""
CODE_SHARE = 0.5
"""Share of the usual ratio below which a total is too small beside a code."""


class Total(NamedTuple):
    """A total beside the items that it is of.

    Attributes:
        stated: What the client says.
        items: Sum of price x quantity.
        rest: Taxes, shipping and fees less discounts that the body names.
        has_code: The body names a code for a discount.
    """

    stated: float
    items: float
    rest: float
    has_code: bool = False

    @property
    def adds_up(self) -> bool:
        """The total comes from what the body says, to a cent or a thousandth."""
        near = max(CENT, 0.001 * abs(self.stated))
        return min(abs(self.stated - self.items - self.rest), abs(self.stated - self.items)) <= near


def _amount(value: Any) -> float | None:
    if isinstance(value, str):
        if not 0 < len(value) <= 24 or value[-1] not in "0123456789.":
            return None
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e12:
        return None
    return float(value) if math.isfinite(value) else None


def _plain(mapping: dict[str, Any]) -> dict[str, Any]:
    return {key.lower().replace("_", "").replace("-", ""): value for key, value in mapping.items()}


def _first(fields: dict[str, Any], names: frozenset[str]) -> float | None:
    for name, value in fields.items():
        if name in names:
            number = _amount(value)
            if number is not None:
                return number
    return None


def _items(values: list[Any]) -> float | None:
    """Sum of the items of a list, None when one of them has no price."""
    total = 0.0
    for value in values[:MOST_ITEMS]:
        if not isinstance(value, dict):
            return None
        fields = _plain(value)
        price = _first(fields, PRICES)
        if price is None:
            return None
        quantity = _first(fields, QUANTITIES)
        total += price * (1.0 if quantity is None else quantity)
    return total if values and len(values) <= MOST_ITEMS else None


def _order(fields: dict[str, Any]) -> Iterator[Total]:
    """The totals of one object whose names are plain."""
    stated = _first(fields, TOTALS)
    if stated is None:
        return
    rest = 0.0
    for name, value in fields.items():
        number = _amount(value) if name in PLUS or name in MINUS else None
        if number is not None:
            rest += abs(number) if name in PLUS else -abs(number)
    has_code = any(isinstance(fields.get(name), str) and fields[name] for name in CODES)
    for value in fields.values():
        items = _items(value) if isinstance(value, list) else None
        if items is not None:
            yield Total(stated, items, rest, has_code)


def _walk(value: Any, depth: int) -> Iterator[Total]:
    if depth > DEEPEST:
        return
    if isinstance(value, dict):
        yield from _order(_plain(value))
        for inner in value.values():
            if isinstance(inner, dict):
                yield from _walk(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value[:MOST_ORDERS]:
            yield from _walk(inner, depth + 1)


def totals_of(body: bytes | None) -> list[Total]:
    """The totals of a JSON body beside their items; never raises.

    Example:
        >>> totals_of(b'{"items":[{"price":5,"qty":2}],"total":10}')[0].adds_up
        True
    """
    if not body or len(body) > MOST_BYTES or b"[" not in body:
        return []
    try:
        decoded = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return []
    found = []
    for total in _walk(decoded, 0):
        found.append(total)
        if len(found) >= MOST_ORDERS:
            break
    return found


class Totals:
    """A client states a total that its own items do not make, or another price for a product than
    the API itself gave to several others, where nobody else does.

    A total with tax, shipping, fees and discounts that the body names adds up; what this endpoint's
    totals usually are of their items (with taxes included, in another unit) is learned from eight
    principals; only less than that is told. A price counts as given when two principals were given
    it in replies; the one before a change is honoured for a day.

    Catches: orders for a cent, items that are not paid, prices of another day or product.
    Misses: totals that only the server knows; prices that no recorded reply holds; endpoints where
    the client is free to name a price.
    Cost: 30 us for a body with items and a total; 1-2 ns a byte of recorded replies.

    References: OWASP API6:2023; CWE-472, CWE-602; CAPEC-162.
    """

    id = "totals"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def total(
        self, total: Total, *, usual: float, values: int, principals: int, beyond: int
    ) -> Evidence | None:
        """Evidence about a total that does not add up.

        Args:
            total: It.
            usual: What totals here are of their items, as a factor.
            values: Totals that others sent here.
            principals: Who sent them.
            beyond: How many of those were as small a part of their items.
        """
        if not self.settings.enabled or values < FEWEST_VALUES or principals < FEWEST_PRINCIPALS:
            return None
        expected = usual * total.items + total.rest * (usual > 0.0)
        share = CODE_SHARE if total.has_code else SAME_SHARE
        if total.stated >= share * min(expected, usual * total.items):
            return None
        return self._made(
            math.log(0.5 * (values + 1) / (beyond + 0.5)),
            Factor("total of the order", round(total.stated, 2), round(expected, 2), n=values),
            Factor("sum of its items", round(total.items, 2), None),
        )

    def price(
        self, stated: float, given: float, *, same: int, other: int, principals: int
    ) -> Evidence | None:
        """Evidence about a price that the API did not give.

        Args:
            stated: The price in the request.
            given: The price that the API gave to several others.
            same: Requests of others here that stated the price that was given.
            other: Requests of others that did not.
            principals: Who sent them.
        """
        if not self.settings.enabled or same + other < FEWEST_VALUES:
            return None
        if principals < FEWEST_PRINCIPALS:
            return None
        llr = math.log(0.5 * (same + 2) / (1 + 8 * other))
        if stated > given:
            # who pays more is seldom a thief
            llr -= 2.0
        return self._made(
            llr,
            Factor("price in the request", round(stated, 2), round(given, 2), n=same),
            Factor("requests with the price that was given", same, None, "requests"),
        )

    def _made(self, llr: float, *factors: Factor) -> Evidence | None:
        llr = min(HIGHEST, llr) * self.settings.weight
        if llr < LEAST:
            return None
        return Evidence(self.id, AttackType.PARAMETER_TAMPERING, llr, factors)
