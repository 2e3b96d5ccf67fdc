"""Places, counts and limits of the data classifier."""

import json

import msgspec
import pytest

from apisentinel.detectors.data import DataClassifier, class_names, exposure
from apisentinel.detectors.data.limits import MAX_COUNT, MAX_PLACES, MAX_SCANNED
from apisentinel.records.evidence import DataClass
from apisentinel.records.taxonomy import AttackType

classify = DataClassifier().classify

USERS = {
    "page": 1,
    "users": [
        {
            "id": 17,
            "firstName": "Jane",
            "email": "jane@example.com",
            "createdAt": "2026-01-02T03:04:05Z",
        },
        {
            "id": 18,
            "firstName": "Ada",
            "email": "ada@example.com",
            "createdAt": "2026-01-02T03:04:05Z",
        },
    ],
}


def as_json(document: object) -> bytes:
    return json.dumps(document).encode()


def test_json_tells_where_the_values_are():
    assert classify(as_json(USERS)) == (
        DataClass("email", 2, "$.users[].email"),
        DataClass("person_name", 2, "$.users[].firstName"),
    )


def test_other_bodies_have_one_place():
    assert classify(b"write to jane@example.com or ada@example.com") == (
        DataClass("email", 2, "text"),
    )


@pytest.mark.parametrize("cut", range(40, len(as_json(USERS)), 7))
def test_a_cut_document_keeps_its_paths(cut):
    body = as_json(USERS)[:cut]
    assert all(found.where.startswith("$") for found in classify(body))


def test_lines_of_json_are_read_as_json():
    body = b'{"email":"a@example.com"}\n{"email":"b@example.com"}\n'
    assert classify(body) == (DataClass("email", 2, "$[].email"),)


def test_a_name_that_may_be_personal_is_not_shown():
    found = classify(b'{"accounts":{"jane@example.com":{"phone":"+44 20 7946 0958"}}}')
    assert found == (
        DataClass("email", 1, "$.accounts.*"),
        DataClass("phone", 1, "$.accounts.*.phone"),
    )


def test_one_number_is_one_class():
    assert class_names(classify(b"card 4111 1111 1111 1111")) == ("card_number",)


def test_counts_stop_at_the_limit():
    emails = [{"email": f"a{i}@example.com"} for i in range(MAX_COUNT + 50)]
    assert classify(as_json(emails)) == (DataClass("email", MAX_COUNT, "$[].email"),)


def test_places_beyond_the_limit_are_counted_together():
    found = classify(
        as_json({f"mail_{chr(97 + i)}": f"a{i}@example.com" for i in range(MAX_PLACES + 3)})
    )
    assert [entry.count for entry in found] == [1] * MAX_PLACES + [3]
    assert found[-1].where == "elsewhere"


def test_only_the_beginning_is_read():
    assert classify(b" " * MAX_SCANNED + b"jane@example.com") == ()


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b'{"status":"ok"}', b"\0\1\2" * 99, b"[" * 70_000]
)
def test_nothing_is_found_in_nothing(body):
    assert classify(body) == ()


def test_binary_content_is_not_read():
    assert classify(b"jane@example.com", b"image/png") == ()


ORDINARY = {
    "items": [
        {
            "id": 1763000000000123456,
            "uuid": "6f1c2b9a-3d4e-4f5a-8b6c-7d8e9f0a1b2c",
            "order_no": "4111111111111111",
            "ts": 1763000000123,
            "ts_us": 1763000000123456,
            "created_at": "2026-08-17T12:34:45.123456Z",
            "sku": "00123456",
            "hash": "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "version": "10.0.19.1",
            "mac": "00:1a:2b:3c:4d:5e",
            "name": "Blue Chair",
            "title": "Chair 12 of 2019-2020, 1,234.50 EUR",
            "range": "1000-2000",
            "lat": 48.137154,
            "code": "AB-123-45-6789",
            "ref": "0123-4567-8901",
            "period": "2024-01-01/2024-12-31",
            "date": "12/11/2024 10:30",
            "total": 5550132987,
            "token_type": "bearer",
            "expires_in": 3600,
            "hasPassword": True,
            "next_page_token": "a1b2c3d4e5",
        }
    ]
}


def test_ordinary_answers_hold_nothing():
    assert classify(as_json(ORDINARY)) == ()


def test_the_record_says_class_in_json():
    assert (
        msgspec.json.encode(DataClass("email", 2, "text"))
        == b'{"class":"email","count":2,"where":"text"}'
    )


def test_exposure_is_information_without_weight():
    told = exposure(classify(as_json(USERS)))
    assert told is not None
    assert (told.attack_type, told.llr) == (AttackType.DATA_EXPOSURE, 0.0)
    assert [(factor.name, factor.actual) for factor in told.factors] == [
        ("email in the response", 2),
        ("person_name in the response", 2),
    ]


def test_nothing_found_is_no_exposure():
    assert exposure(()) is None
