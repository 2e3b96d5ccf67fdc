"""Looks for a way around the payload detector: changes what is allowed, keeps what scores lower."""

import random
import tomllib
from pathlib import Path
from urllib.parse import quote

import numpy as np

from apisentinel.detectors.payload import PayloadDetector
from apisentinel.scoring.fusion import pooled_log10_odds, risk_of, type_llr
from tests.evasion import markup, other, shell, sql
from tests.unit.detectors.payload.requests import batch_of

PAYLOADS = tomllib.loads(
    (Path(__file__).parents[1] / "corpus" / "payload_evasion.toml").read_text("utf-8")
)
PASSED_ONCE = PAYLOADS.pop("passed_once")

MUTATORS = {
    "sql": (*sql.PORTABLE, *sql.MYSQL),
    "mysql": (*sql.PORTABLE, *sql.MYSQL),
    "markup": markup.MUTATORS,
    "shell": shell.MUTATORS,
    "paths": other.PATHS,
    "addresses": other.ADDRESSES,
    "lookups": other.LOOKUPS,
    "templates": other.TEMPLATES,
    "documents": other.DOCUMENTS,
}

MEDIUM = 40

MANY_CHANGES = 3
"""Changes of one step, at most."""

LONGEST = 400
"""Characters; longer ones are no better and only slower."""


class Judge:
    """Odds and risk of one value of a query parameter."""

    def __init__(self):
        self.detector = PayloadDetector()

    def odds(self, payload):
        """Log10 odds, as the fusion takes them."""
        sent = quote(payload, safe="").encode()
        batch = batch_of({"path": b"/search", "query": b"q=" + sent + b"&page=1"})
        (found,) = self.detector.inspect(batch, np.zeros(1, np.int32))
        return pooled_log10_odds({each.attack_type: type_llr([each.raw_llr]) for each in found})


def changed(payload, mutators, dice):
    """Another payload that does the same; the same one when nothing can be changed."""
    for _ in range(dice.randint(1, MANY_CHANGES)):
        longer = dice.choice(mutators)(payload, dice)
        if len(longer) <= LONGEST:
            payload = longer
    return payload


def search(payload, mutators, judge, *, queries, seed):
    """The payload with the lowest odds after so many questions, and these odds."""
    dice = random.Random(f"{seed} {payload}")
    best, lowest = payload, judge.odds(payload)
    asked = {payload}
    for _ in range(queries):
        tried = changed(best, mutators, dice)
        if tried in asked:
            tried = changed(payload, mutators, dice)  # from the beginning
            if tried in asked:
                continue
        asked.add(tried)
        odds = judge.odds(tried)
        if odds <= lowest:
            best, lowest = tried, odds
        if risk_of(lowest) < MEDIUM:
            break
    return best, lowest
