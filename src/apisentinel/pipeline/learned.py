"""What was learned, loaded from a bundle and ready to judge."""

import os
from dataclasses import dataclass
from pathlib import Path

from apisentinel.detectors.profile import Profile
from apisentinel.models.bundle import Bundle, read_bundle
from apisentinel.models.trust import TrustStore
from apisentinel.pipeline.settings import ScanSettings

PROFILE_PART = "profile/endpoints.safetensors"


@dataclass(frozen=True)
class Learned:
    """The parts of a bundle that this version can use.

    Attributes:
        bundle: Id of the bundle.
        profile: How the API is normally used, None when the bundle has no profile.
    """

    bundle: str
    profile: Profile | None


def trust_folder(settings: ScanSettings) -> Path:
    """Folder of the signing key and of trusted public keys."""
    if settings.trust is not None:
        return settings.trust
    home = os.environ.get("XDG_CONFIG_HOME")
    return (Path(home) if home else Path.home() / ".config") / "apisentinel" / "trust"


def load_learned(folder: Path, trust: TrustStore, settings: ScanSettings) -> Learned:
    """What a bundle holds.

    Raises:
        UntrustedModelError: It was changed, is incomplete, or its signer is not trusted.
        IncompatibleModelError: It was made by a version that learned otherwise.
        ModelError: It cannot be read.
    """
    return learned_of(read_bundle(folder, trust), settings)


def learned_of(bundle: Bundle, settings: ScanSettings) -> Learned:
    """What a verified bundle holds; see `load_learned`."""
    part = bundle.parts.get(PROFILE_PART)
    weights = settings.detectors.profile
    profile = None
    if part is not None and weights.enabled:
        profile = Profile.from_bytes(part, weights)
    return Learned(bundle.id, profile)


def learned_for(settings: ScanSettings) -> Learned | None:
    """What the settings name, None when they name nothing or switch off what is learned.

    Raises:
        ModelError: The bundle cannot be used; see `load_learned`.
    """
    if settings.model is None or not settings.models:
        return None
    return load_learned(settings.model, TrustStore.load(trust_folder(settings)), settings)
