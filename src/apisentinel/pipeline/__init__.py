"""Wires the stages: files in, report out."""

from apisentinel.pipeline.scan import Progress, ScanResult, scan
from apisentinel.pipeline.score import ScoreSession
from apisentinel.pipeline.settings import ScanSettings

__all__ = ["Progress", "ScanResult", "ScanSettings", "ScoreSession", "scan"]
