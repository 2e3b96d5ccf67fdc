"""What is trained: models, their ensemble, and the bundles that carry them."""

from apisentinel.models.anomaly_ensemble import AnomalyEnsemble

__all__ = ["AnomalyEnsemble"]
