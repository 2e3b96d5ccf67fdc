"""The table of measures is written from whole runs only, in their order."""

import msgspec
import pytest
from tools.write_quality import BEGIN, END, FAMILIES, PAGE, Results, Row, page_with, shown

PAGE_TEXT = f"before\n{BEGIN}old\n{END}after\n"


def results(*, families: frozenset[str] = FAMILIES, quick: bool = False) -> Results:
    rows = [
        Row("payload/x", "payload: x found", 0.98841, 1_200, "rate", "worst | wrap", headline=True),
        Row("payload/y", "payload: y found", 0.5, 10, "rate"),
        Row("payload/z", "payload: z", None, None, "rate", headline=True),
        Row("simulate/right_type", "simulate: right type", 0.9, 300, "rate"),
    ]
    return Results(sorted(families), quick, rows)


def test_the_table_has_headlines_and_chosen_measures() -> None:
    page = page_with(PAGE_TEXT, results())
    assert page == (
        f"before\n{BEGIN}"
        "| measure | value | of | note |\n|---|---:|---:|---|\n"
        "| payload: x found | 0.988 | 1,200 | worst \\| wrap |\n"
        "| simulate: right type | 0.900 | 300 |  |\n"
        f"{END}after\n"
    )
    assert page_with(page, results()) == page


@pytest.mark.parametrize("part", [results(quick=True), results(families=FAMILIES - {"simulate"})])
def test_part_of_a_run_is_not_written(part: Results) -> None:
    with pytest.raises(ValueError, match="part of the measures"):
        page_with(PAGE_TEXT, part)


def test_a_page_without_a_place_is_left_alone() -> None:
    with pytest.raises(ValueError, match="no place"):
        page_with("before\nafter\n", results())


def test_the_page_has_the_place_and_results_have_more_fields() -> None:
    text = PAGE.read_text("utf-8")
    assert text.count(BEGIN) == text.count(END) == 1
    known = b'{"families": [], "quick": true, "rows": [], "version": 1}'
    assert msgspec.json.decode(known, type=Results).quick


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [(0.00025, "fpr", "0.025 %"), (1.0, "auc", "1.000"), (13.08, "count", "13.1"),
     (1_234.0, "count", "1,234"), (2.684, "ratio", "2.68")],
)  # fmt: skip
def test_values_are_for_people(value: float, unit: str, said: str) -> None:
    assert shown(value, unit) == said
