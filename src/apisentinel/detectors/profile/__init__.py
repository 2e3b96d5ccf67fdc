"""The learned profile of an API: what its requests normally look like, and which do not."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from apisentinel.detectors.profile.detector import ProfileDetector
    from apisentinel.detectors.profile.learn import Learning
    from apisentinel.detectors.profile.profile import Details, Profile, Scorer
    from apisentinel.detectors.profile.rolling import RollingSample
    from apisentinel.detectors.profile.sample import Sample
    from apisentinel.detectors.profile.settings import ProfileSettings
    from apisentinel.detectors.profile.unusual import Unusual, forgiven, llr_of

__all__ = [
    "Details",
    "Learning",
    "Profile",
    "ProfileDetector",
    "ProfileSettings",
    "RollingSample",
    "Sample",
    "Scorer",
    "Unusual",
    "forgiven",
    "llr_of",
]

_HOMES = {
    "ProfileDetector": "detector", "Learning": "learn", "Profile": "profile", "Scorer": "profile",
    "Details": "profile",
    "RollingSample": "rolling", "Sample": "sample", "ProfileSettings": "settings",
    "Unusual": "unusual",
    "forgiven": "unusual", "llr_of": "unusual",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """Most scans have no profile, so what it takes is loaded when it is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
