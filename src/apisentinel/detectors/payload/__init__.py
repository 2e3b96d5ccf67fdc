"""Payload detector: attacks in the content of single requests, by rules."""

from apisentinel.detectors.payload.confirm import confirmation
from apisentinel.detectors.payload.detector import PayloadDetector
from apisentinel.detectors.payload.findings import CAP, FIRM, Finding, request_score
from apisentinel.detectors.payload.probes import Probe, probe

__all__ = [
    "CAP",
    "FIRM",
    "Finding",
    "PayloadDetector",
    "Probe",
    "confirmation",
    "probe",
    "request_score",
]
