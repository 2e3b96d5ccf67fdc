"""The learned profile of an API: what its requests normally look like, and which do not."""

from apisentinel.detectors.profile.detector import ProfileDetector, forgiven, llr_of
from apisentinel.detectors.profile.learn import Learning
from apisentinel.detectors.profile.profile import Profile, Scorer, Unusual
from apisentinel.detectors.profile.sample import Sample
from apisentinel.detectors.profile.settings import ProfileSettings

__all__ = [
    "Learning",
    "Profile",
    "ProfileDetector",
    "ProfileSettings",
    "Sample",
    "Scorer",
    "Unusual",
    "forgiven",
    "llr_of",
]
