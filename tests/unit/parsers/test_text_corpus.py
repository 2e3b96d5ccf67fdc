"""Every line of the corpus gives exactly the fields, or the reason, that stand beside it."""

import json
from pathlib import Path

import pytest
from tests.unit.parsers.reading import parse, reasons, row

from apisentinel.parsers import registry
from apisentinel.parsers.detect import choose_parser
from apisentinel.parsers.router import LineRouter

CORPUS = Path(__file__).parents[2] / "corpus" / "lines"
CASES = [
    pytest.param(json.loads(text), id=f"{path.stem}-{number}")
    for path in sorted(CORPUS.glob("*.ndjson"))
    for number, text in enumerate(path.read_text().splitlines(), 1)
]
TEXT_FORMATS = sorted(f.name for f in registry.load().values() if f.family == "text")


@pytest.mark.parametrize("case", CASES)
def test_line_gives_the_fields_beside_it(case):
    parsed = parse(case["line"].encode("latin-1") + b"\n")
    if "reason" in case:
        assert reasons(parsed) == {case["reason"]: 1}
    else:
        assert parsed.formats == {case["format"]: 1}
        assert row(parsed) == case["row"]


@pytest.mark.parametrize("name", TEXT_FORMATS)
def test_sample_is_recognised_as_its_own_format(name):
    sample = registry.load()[name].sample.encode()
    assert parse(sample + b"\r\n").formats == {name: 1}


@pytest.mark.parametrize("name", TEXT_FORMATS)
def test_chosen_format_reads_its_sample(name):
    router = LineRouter(registry.make(name), name)
    parsed = parse(registry.load()[name].sample.encode(), router)
    assert len(parsed.batch) == 1
    assert row(parsed)["path"] in {"/cart", "/admin", "/shop/cart", "/cgi-bin/.%2e/.%2e/etc/passwd"}


def test_whole_corpus_in_one_chunk_gives_the_same_rows_as_line_by_line():
    cases = [case.values[0] for case in CASES]
    data = b"".join(case["line"].encode("latin-1") + b"\n" for case in cases)
    parsed = parse(data)
    expected = [case["row"] for case in cases if "row" in case]
    assert [row(parsed, i) for i in range(len(parsed.batch))] == expected
    assert parsed.lines == len(cases)
    assert len(parsed.batch) + sum(n for n, _ in parsed.rejected.values()) == len(cases)


def test_detection_says_what_and_why():
    head = registry.load()["haproxy"].sample.encode() + b"\n"
    chosen = choose_parser(head * 9 + registry.load()["common"].sample.encode() + b"\n")
    assert chosen.router.name == "haproxy"
    assert chosen.why == "haproxy: 9 of the first 10 lines have this format; also common (10 %)"
