"""Findings of the payload detector as evidence, with what the reply says of them."""

from apisentinel.detectors.payload import Finding, confirmation
from apisentinel.enrichment.redact import redact_text
from apisentinel.records.batch import RequestBatch
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.taxonomy import REFERENCES

PAYLOAD, LEARNED_ONLY = "payload", "payload_model"
"""Ids of the detector, and of its learned part where the rules are switched off."""


def confirmed(finding: Finding, batch: RequestBatch, row: int) -> str | None:
    """What the reply to a row shows of an attack that worked; see `confirmation`."""
    reply, duration = batch.text("response_body", row), int(batch.numbers["duration_us"][row])
    return confirmation(finding, reply, duration) if reply or duration > 0 else None


def payload_evidence(
    finding: Finding, llr: float, seq: int, said: str | None, detector: str = PAYLOAD
) -> Evidence:
    """Evidence of a finding.

    Args:
        finding: What was found.
        llr: What it counts, nats.
        seq: Number of the request.
        said: What the reply shows, None for nothing.
        detector: Who says so.
    """
    title = REFERENCES[finding.attack_type].title
    where = redact_text(finding.where.encode("utf-8", "replace"))
    match = redact_text(finding.match.encode("utf-8", "replace"))
    factors = [Factor(f"{title} in {where}", match)]
    if said is not None:
        factors.append(Factor("reply to the attack", said))
    return Evidence(
        detector, finding.attack_type, llr, tuple(factors), (seq,), True if said else None
    )
