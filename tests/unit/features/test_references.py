"""Which objects a request names."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apisentinel.enrichment import Enricher, EnrichmentSettings
from apisentinel.features.references import PERSONAL, PUBLIC, SINGLE, STAFF, references
from apisentinel.parsers.json_requests import parse_requests


def named(path: str, body: Any = None, method: str = "GET") -> Any:
    request: dict[str, Any] = {"method": method, "path": path, "status": 200}
    if body is not None:
        request["request_body"] = body if isinstance(body, str) else json.dumps(body)
    batch = parse_requests(json.dumps(request).encode()).batch
    enricher = Enricher(EnrichmentSettings())
    enricher.pure(batch)
    enricher.ordered(batch)
    return references(batch)[0]


@pytest.mark.parametrize(
    ("path", "number", "kind"),
    [
        ("/rest/basket/6", 6, SINGLE),
        ("/api/v2/orders/1812793/invoice.pdf", 1812793, PERSONAL),
        ("/v1/documents/4713644.pdf", 4713644, PERSONAL),
        ("/products/12", 12, PUBLIC),
        ("/admin/api/orders/77", 77, STAFF),
        ("/internal/v1/accounts/1640407", 1640407, STAFF),
        ("/users/usr_90d8c30d", -1, 0),
        ("/files/7b1e0c3a-5d4f-4e7a-9a53-0d7f6f1f2a11", -1, PERSONAL),
        ("/customers/9/cards/44", 44, PERSONAL),
    ],
)
def test_the_last_object_of_a_path_is_found(path: str, number: int, kind: int) -> None:
    first = named(path)[0]
    assert first["thing"] != 0
    assert int(first["number"]) == number
    assert int(first["kind"]) == kind


@pytest.mark.parametrize("path", ["/", "/v1/status", "/about-us", "/api/v2/search", "/s3/v2", "/7"])
def test_words_and_versions_are_no_objects(path: str) -> None:
    assert named(path)[0]["thing"] == 0


def test_a_path_of_the_staff_is_known_without_an_object() -> None:
    assert int(named("/internal/v1/customers")[0]["kind"]) == STAFF


@pytest.mark.parametrize(
    "body",
    [{"ProductId": 3, "BasketId": "7"}, {"a": 1, "basket_id": 7}, "basket_id=7&x=1"],
)
def test_ids_in_bodies_have_the_noun_of_the_path(body: Any) -> None:
    in_path = named("/rest/basket/7")[0]
    found = [item for item in named("/api/items", body, "POST")[1:] if item["thing"]]
    assert in_path["noun"] in [item["noun"] for item in found]
    same = next(item for item in found if item["noun"] == in_path["noun"])
    assert same["thing"] == in_path["thing"]
    assert int(same["number"]) == 7


def test_singular_and_plural_are_one_noun() -> None:
    for one, many in (("order", "orders"), ("address", "addresses"), ("category", "categories")):
        assert named(f"/{one}/5")[0]["noun"] == named(f"/{many}/5")[0]["noun"]


def test_the_same_object_in_another_area_is_in_another_place() -> None:
    shop, admin = named("/api/orders/5")[0], named("/admin/orders/5")[0]
    assert shop["noun"] == admin["noun"]
    assert shop["place"] != admin["place"]


@given(st.text(max_size=60), st.text(max_size=80))
def test_any_text_is_survived(path: str, body: str) -> None:
    found = named("/" + path, body, "POST")
    assert np.all(found["number"] >= -1)
