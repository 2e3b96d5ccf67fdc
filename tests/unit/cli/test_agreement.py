"""What the command line repeats, to start quickly, is equal to the original."""

from apisentinel.cli.options import MAX_CHUNK, MIN_CHUNK, SEVERITIES
from apisentinel.cli.scan import HARMLESS
from apisentinel.parsers.base import REASON_TEXT, Reason
from apisentinel.pipeline import ScanSettings
from apisentinel.records.taxonomy import Severity


def test_severities_are_those_of_the_records():
    assert sorted(SEVERITIES) == sorted(severity.value for severity in Severity)


def test_chunk_limits_are_those_of_the_settings():
    rules = ScanSettings.model_fields["chunk_bytes"].metadata
    low = next(rule.ge for rule in rules if hasattr(rule, "ge"))
    high = next(rule.le for rule in rules if hasattr(rule, "le"))
    assert (low, high) == (MIN_CHUNK, MAX_CHUNK)


def test_harmless_reasons_are_those_of_the_parsers():
    assert {REASON_TEXT[Reason.EMPTY], REASON_TEXT[Reason.COMMENT]} == HARMLESS
