"""What an odd entity is called."""

import pytest

from apisentinel.detectors.anomaly.naming import looking_like
from apisentinel.records.taxonomy import AttackType as T

BUYER = {"write_share": 0.8, "endpoints": 2.0, "user_share": 1.0}
READER = {"write_share": 0.0, "requests_10m": 9.0}


@pytest.mark.parametrize(
    ("snapshot", "name"),
    [
        (BUYER, T.SEQUENCE_ABUSE),
        (BUYER | {"user_share": 0.0}, T.AUTOMATION),
        (BUYER | {"endpoints": 9.0}, T.ANOMALY),
        (READER | {"objects": 9.0, "object_share": 0.9, "endpoints": 1.0}, T.SCRAPING),
        (READER | {"endpoints": 9.0, "fresh_share": 0.9}, T.CRAWLING),
        (READER | {"size_z": 4.0, "bytes_10m": 9e6}, T.RESOURCE_ABUSE),
        (READER | {"size_z": 4.0, "bytes_10m": 9e3, "endpoints": 1.0}, T.ANOMALY),
        (BUYER | {"time_z": 4.0, "response_time": 4e6}, T.RESOURCE_ABUSE),
        (READER | {"time_z": 1.5, "response_time": 5e6}, T.RESOURCE_ABUSE),
        (READER | {"time_z": 1.5, "response_time": 1e6, "endpoints": 1.0}, T.ANOMALY),
        (BUYER | {"login_failed_share": 1.0, "accounts": 1.0}, T.BRUTE_FORCE),
        (BUYER | {"login_failed_share": 1.0, "accounts": 8.0}, T.CREDENTIAL_STUFFING),
        ({}, T.ANOMALY),
    ],
)
def test_an_odd_entity_is_called_by_what_it_does(snapshot: dict[str, float], name: T) -> None:
    assert looking_like(snapshot.get) is name
