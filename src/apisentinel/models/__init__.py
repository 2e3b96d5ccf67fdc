"""What is trained: models, their ensemble, and the bundles that carry them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from apisentinel.models.anomaly_ensemble import AnomalyEnsemble

__all__ = ["AnomalyEnsemble"]


def __getattr__(name: str) -> Any:
    """Ten kinds of models are loaded when they are asked for, not with the first array."""
    if name == "AnomalyEnsemble":
        return import_module("apisentinel.models.anomaly_ensemble").AnomalyEnsemble
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
