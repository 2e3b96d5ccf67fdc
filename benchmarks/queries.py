"""Query strings of ordinary traffic."""

from urllib.parse import quote_plus

import numpy as np

from benchmarks.words import QUALITIES, THINGS, TOPICS, TRICKY

_TRICKY = tuple(quote_plus(text, safe="'()$") for text in TRICKY)
_ORDERS = ("price", "-price", "created_at", "rating")
_LANGUAGES = ("en", "de", "fr")


def queries(kind: str, rng: np.random.Generator, count: int) -> list[str]:
    """Query strings with their question mark; some repeat.

    Args:
        kind: ``search``, ``listing``, ``tag`` (of a campaign by mail) or ``api``.
        rng: Source of randomness.
        count: How many.
    """
    make = {"search": _search, "listing": _listing, "tag": _tag, "api": _api}[kind]
    return [make(n) for n in rng.integers(0, 2**62, count).tolist()]


def _search(n: int) -> str:
    if n & 63 == 0:
        return f"?q={_TRICKY[n % len(_TRICKY)]}&page={n >> 8 & 63}"
    term = f"{QUALITIES[n % len(QUALITIES)]}+{THINGS[(n >> 12) % len(THINGS)]}"
    return f"?q={term}&page={1 + (n >> 24) % 20}"


def _listing(n: int) -> str:
    page, limit = 1 + n % 40, 24 * (1 + (n >> 8) % 4)
    return f"?page={page}&limit={limit}&sort={_ORDERS[(n >> 12) % 4]}&min={(n >> 16) % 60}"


def _tag(n: int) -> str:
    return f"?utm_source=mail&utm_campaign={TOPICS[n % len(TOPICS)]}&c={n:016x}"


def _api(n: int) -> str:
    since = 1_780_000_000 + n % 20_000_000
    return f"?fields=id,name,price&since={since}&lang={_LANGUAGES[n % 3]}"
