"""Every entry of the data files does what its vectors say."""

import numpy as np
import pytest
from tests.unit.detectors.payload.requests import batch_of

from apisentinel.detectors.payload import data, probe, screen
from apisentinel.detectors.payload.canonical import text
from apisentinel.detectors.payload.decode import decode
from apisentinel.detectors.payload.fields import Value
from apisentinel.detectors.payload.findings import FIRM
from apisentinel.detectors.payload.judge import hits_of
from apisentinel.detectors.payload.patterns import (
    SET_SIZE,
    SIMPLE_SIZE,
    SIMPLE_VIEWS,
    VIEWS,
    load_patterns,
    pattern_sets,
)
from apisentinel.detectors.payload.sql_tokens import shape

PATTERNS = load_patterns()


def matching(value: str) -> set[str]:
    decoded = decode(value.encode())
    hits = hits_of(Value("query q", value.encode()), decoded, text(decoded.text))
    return {hit.pattern.id for hit in hits}


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.id)
def test_a_pattern_matches_its_hits_and_not_its_misses(pattern):
    assert pattern.hit
    assert [value for value in pattern.hit if pattern.id not in matching(value)] == []
    assert [value for value in pattern.miss if pattern.id in matching(value)] == []


def test_pattern_ids_are_unique_and_views_known():
    assert len({pattern.id for pattern in PATTERNS}) == len(PATTERNS)
    assert {pattern.view for pattern in PATTERNS} <= set(VIEWS)


def test_sets_are_small_and_every_pattern_is_in_one():
    for view, group in pattern_sets().items():
        most = SIMPLE_SIZE if view in SIMPLE_VIEWS else SET_SIZE
        assert max(len(patterns.patterns) for patterns in group) <= most
    sets = [patterns for group in pattern_sets().values() for patterns in group]
    assert sum(len(patterns.patterns) for patterns in sets) == len(PATTERNS)


def screen_words() -> list[tuple[str, int, str]]:
    """Group, field and word of each entry that counts alone."""
    document = data.load("screen")
    words = [(group, word) for group in document["group"] for word in group["words"]]
    for product in document["product"]:
        group = {"name": product["group"], "fields": product["fields"]}
        words += [
            (group, first + second) for first in product["first"] for second in product["second"]
        ]
    return [
        (group["name"], screen.FIELD_LETTERS[letter], word)
        for group, word in words
        if "with" not in group
        for letter in group["fields"]
    ]


def test_every_word_of_the_screen_marks_its_fields():
    by_field: dict[int, list[str]] = {}
    for _, field, word in screen_words():
        by_field.setdefault(field, []).append(word)
    for field, words in by_field.items():
        marks = screen.flag_texts([f"ab {word} yz".encode() for word in words], field)
        assert [word for word, mark in zip(words, marks, strict=True) if not mark] == []


@pytest.mark.parametrize(
    "group",
    [g for g in data.load("screen")["group"] if "with" in g],
    ids=lambda group: group["name"],
)
def test_a_word_that_needs_company_marks_with_it(group):
    company = screen.CHARACTER_CLASSES[group["with"].split()[0]][:1]
    for letter in group["fields"]:
        field = screen.FIELD_LETTERS[letter]
        texts = [b"a " + company + b" b " + word.encode() + b" c" for word in group["words"]]
        assert all(screen.flag_texts(texts, field))


def test_every_firm_pattern_hit_passes_the_screen():
    missed = []
    for pattern in PATTERNS:
        texts = [value.encode() for value in pattern.hit]
        marks = screen.flag_texts(texts, screen.QUERY)
        missed += [
            (pattern.id, value)
            for value, mark in zip(pattern.hit, marks, strict=True)
            if not mark and pattern.llr >= FIRM
        ]
    assert missed == []


@pytest.mark.parametrize("group", data.load("probes")["group"], ids=lambda group: group["category"])
def test_every_known_path_is_found(group):
    assert [path for path in group["paths"] if probe(path.encode()) is None] == []
    rows = [{"path": path.encode()} for path in group["paths"]]
    assert screen.flag_fields(batch_of(*rows), range_of(rows)).all()


def test_ordinary_paths_are_no_probes():
    assert [path for path in data.load("probes")["miss"] if probe(path.encode())] == []


def test_known_endings_are_found_and_screened():
    for group in data.load("probes")["suffix"]:
        for ending in group["endings"]:
            path = f"/files/report{ending}".encode()
            assert probe(path) is not None
            assert screen.flag_fields(batch_of({"path": path}), range_of([path])).all()


def test_every_word_of_sql_has_a_role():
    for letter, words in data.load("sql_words")["words"].items():
        for word in words:
            forms = (shape(f"{word} (1".encode()) + shape(f"{word} x".encode())).decode()
            assert letter in forms, word


def range_of(rows):
    return np.arange(len(rows))
