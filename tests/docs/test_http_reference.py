"""The page about the HTTP interface says what the application says."""

import runpy
from pathlib import Path

import pytest

from apisentinel.api.read import models

ROOT = Path(__file__).resolve().parents[2]
WRITER = runpy.run_path(str(ROOT / "tools" / "write_http_reference.py"))


@pytest.fixture(scope="module")
def document():
    return WRITER["document"]()


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_page_is_current():
    assert WRITER["PAGE"].read_text("utf-8") == WRITER["page"](), "run `make reference`"


def test_every_route_says_what_it_does(document):
    silent = [
        name
        for name, operation in operations(document)
        if not operation.get("summary") or not operation.get("description")
    ]
    assert silent == []


def test_every_route_has_a_tag_and_a_permission(document):
    lacking = [
        name
        for name, operation in operations(document)
        if not operation.get("tags") or not operation.get("x-permission")
    ]
    assert lacking == []


def test_routes_of_reading_say_how_they_refuse(document):
    lacking = [
        name
        for name, operation in operations(document)
        if any(part in name for part in ("/incidents", "/alerts", "/entities", "/facets"))
        and not {"401", "403", "422", "503"} <= set(operation["responses"])
    ]
    assert lacking == []


@pytest.mark.parametrize(
    "name", ["IncidentRow", "AlertRow", "EventRow", "EntityRow", "EndpointRow", "Chart", "Facets"]
)
def test_shapes_have_an_example_that_fits(document, name):
    (example,) = document["components"]["schemas"][name]["examples"]
    shape = getattr(models, name)
    assert set(example) <= set(shape.model_fields)
    shape.model_validate(example)


def test_every_reference_leads_somewhere(document):
    text = str(document)
    named = {part.split("'")[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= set(document["components"]["schemas"])
