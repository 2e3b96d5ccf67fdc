"""The ensemble: entities that behave unlike what was learned, and unlike their peers."""

from apisentinel.detectors.anomaly.detector import Anomaly, Judged, Suspicion, odd_llr
from apisentinel.detectors.anomaly.settings import AnomalySettings

__all__ = ["Anomaly", "AnomalySettings", "Judged", "Suspicion", "odd_llr"]
