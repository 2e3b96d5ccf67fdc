"""Guided evasion: 200 questions for each search, and most payloads stay at MEDIUM or above.

``EVASION_QUERIES`` and ``EVASION_SEEDS`` make the search longer; ``EVASION_TABLE=FILE`` writes the
table of the quality page.
"""

import os
import posixpath
import random
import socket
import sqlite3
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import pytest

from apisentinel.scoring.fusion import risk_of
from tests.evasion import other, sql
from tests.evasion.search import MEDIUM, MUTATORS, PASSED_ONCE, PAYLOADS, Judge, changed, search

QUERIES = int(os.environ.get("EVASION_QUERIES", "200"))
SEEDS = int(os.environ.get("EVASION_SEEDS", "8"))

FLOOR = 0.91
"""Share of searches that have to end at MEDIUM or above; 0.93 was measured."""

ENOUGH_SEARCHES = 40
"""Fewer say nothing about a share."""

CHANGES = 200
"""Variants of each payload that are checked to mean the same."""

ENOUGH_CHARACTERS = 150
"""A variant of more characters is not changed further."""


@pytest.fixture(scope="module")
def outcomes():
    """Of each family: payload, what it became, and its risk."""
    judge = Judge()
    found = {}
    for family, payloads in PAYLOADS.items():
        found[family] = []
        for payload in payloads:
            for seed in range(SEEDS):
                best, odds = search(payload, MUTATORS[family], judge, queries=QUERIES, seed=seed)
                found[family].append((payload, best, risk_of(odds)))
    if path := os.environ.get("EVASION_TABLE"):
        Path(path).write_text(table(found), encoding="utf-8")
    return found


def staying(rows):
    return sum(risk >= MEDIUM for _, _, risk in rows)


def table(outcomes):
    """The table of the quality page."""
    lines = ["| payloads | searches | end at MEDIUM or above |", "|---|---:|---:|"]
    for family, rows in outcomes.items():
        lines.append(f"| {family} | {len(rows)} | {staying(rows)} |")
    everything = [row for rows in outcomes.values() for row in rows]
    lines.append(f"| all | {len(everything)} | {staying(everything)} |")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("family", PAYLOADS)
def test_payloads_are_found_before_they_are_changed(family):
    judge = Judge()
    risks = {payload: risk_of(judge.odds(payload)) for payload in PAYLOADS[family]}
    assert {payload: risk for payload, risk in risks.items() if risk < MEDIUM} == {}


@pytest.mark.parametrize("payload", PASSED_ONCE)
def test_what_passed_once_is_found(payload):
    assert risk_of(Judge().odds(payload)) >= MEDIUM


@pytest.mark.slow
def test_most_payloads_stay_after_a_search(outcomes):
    everything = [row for rows in outcomes.values() for row in rows]
    gone = [(payload, best) for payload, best, risk in everything if risk < MEDIUM]
    assert len(everything) >= ENOUGH_SEARCHES
    assert staying(everything) / len(everything) >= FLOOR, gone


def variants(payload, mutators):
    dice = random.Random(payload)
    now = payload
    for _ in range(CHANGES):
        now = changed(now, mutators, dice)
        yield now
        if len(now) > ENOUGH_CHARACTERS:
            now = payload


class Database:
    """A shop's database; both statements take what they are given into their text."""

    NUMBER = "select name, price from goods where id = {} and hidden = 0"
    STRING = "select name, price from goods where name = '{}' and hidden = 0"
    BRACKET = "select name, price from goods where (name = '{}') and hidden = 0"

    def __init__(self):
        self.connection = sqlite3.connect(":memory:")
        self.connection.executescript(
            "create table goods(id, name, price, hidden); create table people(name, secret);"
            "insert into goods values (1,'mug',3,0),(2,'lamp',9,0),(7,'safe',99,1);"
            "insert into people values ('ann','tulip'),('ben','otter');"
        )

    def rows(self, statement, payload):
        return sorted(map(repr, self.connection.execute(statement.format(payload)).fetchall()))

    def close(self):
        self.connection.close()


@pytest.mark.parametrize("payload", PAYLOADS["sql"])
def test_changed_sql_gives_the_same_rows(payload):
    database = Database()
    statement = database.STRING if sql.OPENED.match(payload) else database.NUMBER
    statement = database.BRACKET if "')" in payload else statement
    wanted = database.rows(statement, payload)
    assert wanted
    try:
        for each in variants(payload, sql.PORTABLE):
            assert database.rows(statement, each) == wanted, each
    finally:
        database.close()


@pytest.mark.parametrize("payload", PAYLOADS["paths"])
def test_a_changed_path_is_the_same_file(payload):
    base = "/srv/app/"
    wanted = posixpath.normpath(posixpath.join("/", payload.lstrip("./")))
    for each in variants(payload, other.PATHS):
        assert posixpath.normpath(posixpath.join(base, each)).replace("//", "/") == wanted, each


@pytest.mark.parametrize("payload", PAYLOADS["addresses"])
def test_a_changed_address_is_the_same_host(payload):
    wanted = socket.inet_aton(urlsplit(payload).hostname)
    for each in variants(payload, other.ADDRESSES):
        assert socket.inet_aton(urlsplit(each).hostname) == wanted, each


@pytest.mark.parametrize("payload", PAYLOADS["documents"])
def test_a_changed_document_has_the_same_members(payload):
    wanted = orjson.loads(payload)
    for each in variants(payload, (other.document_space, other.escaped_sign)):
        assert orjson.loads(each) == wanted, each


def test_the_search_depends_on_nothing_but_its_seed():
    payload = PAYLOADS["sql"][0]
    runs = [search(payload, MUTATORS["sql"], Judge(), queries=20, seed=5) for _ in range(2)]
    assert runs[0] == runs[1]
