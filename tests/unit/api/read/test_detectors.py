"""The cards of the detectors, as the service tells them."""

import pytest

from apisentinel.api.read.explanation import DETECTORS
from apisentinel.pipeline.detector_cards import OTHER_NAMES


def test_every_detector_has_a_card_that_says_what_it_catches_and_misses(api):
    told = api.get("detectors")
    assert {card["id"] for card in told["items"]} == DETECTORS
    assert told["total"] == len(DETECTORS)
    for card in told["items"]:
        assert card["text"], card["id"]
        assert card["catches"], card["id"]
        assert card["misses"], card["id"]
        assert "Catches:" not in " ".join(card["text"])


@pytest.mark.parametrize(("name", "card"), [("brute_force", "brute_force"), *OTHER_NAMES.items()])
def test_a_card_is_found_by_every_name_that_evidence_goes_by(api, name, card):
    told = api.get(f"detectors/{name}")
    assert told["id"] == card
    assert told["enabled"] is True
    assert told["weight"] == 1.0


def test_an_unknown_detector_is_a_404(api):
    assert api.get("detectors/nobody", status=404)["status"] == 404


def test_detectors_that_spoke_have_cards(api):
    for item in api.everything("incidents"):
        for spoke in api.get(f"incidents/{item['id']}/explanation")["detectors"]:
            assert api.get(f"detectors/{spoke['id']}")["text"]
