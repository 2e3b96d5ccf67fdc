"""Finds anomalies in any metric: one number at a time, each judged by the numbers before it."""

from apisentinel.detectors.series.detector import SeriesDetector
from apisentinel.detectors.series.views import HISTORY

__all__ = ["HISTORY", "SeriesDetector"]
