"""What an endpoint is for, as far as signing in and paying are concerned, told from the words of
its route.
"""

from enum import IntEnum
from itertools import pairwise


class Purpose(IntEnum):
    """What a request to an endpoint tries; DENIED is a refusal (401) elsewhere."""

    NONE = 0
    LOGIN = 1
    RESET = 2
    REGISTER = 3
    CODE = 4
    PUSH = 5
    REFRESH = 6
    DENIED = 7
    PAYMENT = 8


STEPS = frozenset((Purpose.RESET, Purpose.REGISTER, Purpose.CODE))
"""What stands beside a login and tells whether an account or a code exists."""

WRITES = frozenset(("POST", "PUT", "PATCH"))

_WORDS: dict[Purpose, frozenset[str]] = {
    # the first that fits counts
    Purpose.REFRESH: frozenset(("refresh", "renew", "refreshtoken")),
    Purpose.PUSH: frozenset(("push", "prompt")),
    Purpose.RESET: frozenset(
        ("reset", "forgot", "forgotten", "recover", "recovery", "lostpassword", "forgotpassword",
         "resetpassword", "passwordreset")
    ),
    Purpose.REGISTER: frozenset(
        ("register", "registration", "signup", "createaccount", "enrol", "enroll")
    ),
    Purpose.CODE: frozenset(
        ("otp", "totp", "mfa", "2fa", "code", "codes", "passcode", "verify", "verification",
         "coupon", "coupons", "voucher", "vouchers", "giftcard", "giftcards", "promo", "redeem",
         "activation", "activate")
    ),
    Purpose.PAYMENT: frozenset(
        ("pay", "payment", "payments", "charge", "charges", "checkout", "card", "cards",
         "paymentmethods", "topup", "donate", "donation", "donations", "billing", "subscribe",
         "purchase", "purchases")
    ),
}  # fmt: skip
_PAIRS = {
    ("sign", "up"): "signup", ("two", "factor"): "2fa", ("gift", "card"): "giftcard",
    ("gift", "cards"): "giftcards", ("lost", "password"): "lostpassword",
    ("create", "account"): "createaccount", ("payment", "methods"): "paymentmethods",
    ("top", "up"): "topup",
}  # fmt: skip
_SECOND_FACTOR = frozenset(("mfa", "2fa", "otp", "totp", "auth", "login", "sessions"))


def purpose_of(label: str) -> Purpose:
    """The purpose of an endpoint.

    Args:
        label: ``METHOD host route``, as the report shows it.

    Example:
        >>> [purpose_of(f"POST shop.example {route}").name
        ...  for route in ("/v1/credentials/reset", "/auth/mfa/push", "/checkout/pay", "/orders")]
        ['RESET', 'PUSH', 'PAYMENT', 'NONE']
    """
    method, _, rest = label.partition(" ")
    if method not in WRITES:
        return Purpose.NONE
    route = rest[rest.find("/") :].lower() if "/" in rest else ""
    parts = [part for part in route.replace("-", "/").replace("_", "/").split("/") if part]
    words = {*parts, *(_PAIRS.get(pair, "") for pair in pairwise(parts))}
    for purpose, known in _WORDS.items():
        if not words & known:
            continue
        if purpose is Purpose.PUSH and not words & _SECOND_FACTOR:
            continue
        if purpose is Purpose.RESET and "{id}" in parts:
            # an object is reset, not a password
            continue
        return purpose
    return Purpose.NONE
