"""What was learned, loaded from a bundle and ready to judge."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from apisentinel.detectors.payload import PayloadDetector
from apisentinel.errors import IncompatibleModelError
from apisentinel.pipeline.settings import ScanSettings

if TYPE_CHECKING:
    from apisentinel.detectors.payload.learned import PayloadModel
    from apisentinel.detectors.profile import Profile, Scorer
    from apisentinel.models.bundle import Bundle
    from apisentinel.models.ensemble import Ensemble
    from apisentinel.models.trust import TrustStore

PROFILE_PART = "profile/endpoints.safetensors"
ENSEMBLE_PART = "ensemble/ensemble.json"
PRIOR = Path(__file__).parent.parent / "models" / "prior"
"""The bundle that comes with the product: an ensemble trained on the simulator alone. The key that
signed it lies beside it, as `prior.pub`; what an installation trusts has no say in it.
"""


PAYLOAD_PRIOR = PRIOR.with_name("payload")
"""The payload model that comes with the product, trained on grammars of our own, with its key."""


@dataclass(frozen=True)
class Learned:
    """The parts of a bundle that this version can use.

    Attributes:
        bundle: Id of the bundle.
        profile: How the API is normally used, None when the bundle has no profile.
        ensemble: Models of the ticks, None when the bundle has none.
        is_prior: The ensemble was trained on the simulator, not on this traffic.
        product: The ensemble that comes with the product, beside one that was trained on this
            traffic.
    """

    bundle: str
    profile: "Profile | None"
    ensemble: "Ensemble | None" = None
    is_prior: bool = False
    product: "Ensemble | None" = None


def trust_folder(settings: ScanSettings) -> Path:
    """Folder of the signing key and of trusted public keys."""
    if settings.trust is not None:
        return settings.trust
    home = os.environ.get("XDG_CONFIG_HOME")
    return (Path(home) if home else Path.home() / ".config") / "apisentinel" / "trust"


def load_learned(folder: Path, trust: "TrustStore", settings: ScanSettings) -> Learned:
    """What a bundle holds.

    Raises:
        UntrustedModelError: It was changed, is incomplete, or its signer is not trusted.
        IncompatibleModelError: It was made by a version that learned otherwise.
        ModelError: It cannot be read.
    """
    from apisentinel.models.bundle import read_bundle  # noqa: PLC0415 (only with a bundle)

    return learned_of(read_bundle(folder, trust), settings)


def learned_of(bundle: "Bundle", settings: ScanSettings) -> Learned:
    """What a verified bundle holds; see `load_learned`."""
    part = bundle.parts.get(PROFILE_PART)
    weights = settings.detectors.profile
    profile = None
    if part is not None and weights.enabled:
        from apisentinel.detectors.profile import Profile  # noqa: PLC0415 (only with a profile)

        profile = Profile.from_bytes(part, weights)
    ensemble = ensemble_of(bundle.parts) if settings.detectors.anomaly.enabled else None
    prior = prior_ensemble(settings)
    if ensemble is None and prior is not None:
        return Learned(bundle.id, profile, prior, is_prior=True)
    return Learned(bundle.id, profile, ensemble, product=prior)


def ensemble_of(parts: Mapping[str, bytes]) -> "Ensemble | None":
    """The ensemble among the parts of a bundle, None when there is none.

    Raises:
        IncompatibleModelError: It is damaged, or was trained on other features.
    """
    if ENSEMBLE_PART not in parts:
        return None
    from apisentinel.features import catalogue  # noqa: PLC0415 (only with models)
    from apisentinel.models.ensemble import Ensemble  # noqa: PLC0415 (only with models)

    ensemble = Ensemble.from_parts(parts)
    if ensemble.feature_names != catalogue.NAMES:
        raise IncompatibleModelError(
            "the ensemble was trained on other features than this version has: train it again"
        )
    return ensemble


def prior_ensemble(settings: ScanSettings) -> "Ensemble | None":
    """The ensemble that comes with the product, None where it is switched off or not there."""
    chosen = settings.detectors.anomaly
    return _prior() if settings.models and chosen.enabled and chosen.prior else None


@cache
def _prior() -> "Ensemble | None":
    """Read once: nothing of it changes, and engines may share it."""
    if not (PRIOR / "manifest.json").is_file():
        return None
    from apisentinel.models.bundle import read_bundle  # noqa: PLC0415 (only with models)
    from apisentinel.models.trust import TrustStore  # noqa: PLC0415 (only with models)

    return ensemble_of(read_bundle(PRIOR, TrustStore.load(PRIOR.parent)).parts)


def learned_for(settings: ScanSettings) -> Learned | None:
    """What the settings name, else what comes with the product; None when both are switched off.

    Raises:
        ModelError: The bundle cannot be used; see `load_learned`.
    """
    if not settings.models:
        return None
    if settings.model is None:
        prior = prior_ensemble(settings)
        return None if prior is None else Learned("", None, prior, is_prior=True)
    from apisentinel.models.trust import TrustStore  # noqa: PLC0415 (only with a bundle)

    return load_learned(settings.model, TrustStore.load(trust_folder(settings)), settings)


def payload_detector(settings: ScanSettings) -> PayloadDetector | None:
    """The payload detector with what was learned of values; None when it is switched off."""
    if not settings.detectors.payload.enabled:
        return None
    model = payload_opinion() if settings.models else None
    if model is None or settings.rules:
        return PayloadDetector(model)
    from apisentinel.detectors.payload.learned import (  # noqa: PLC0415 (only with models)
        ModelAlone,
    )

    return PayloadDetector(ModelAlone(model))


@cache
def payload_opinion() -> "PayloadModel | None":
    """The payload model of the product, None where it is not installed.

    Read once and shared: nothing of it changes.
    """
    if not (PAYLOAD_PRIOR / "manifest.json").is_file():
        return None
    from apisentinel.detectors.payload.learned import (  # noqa: PLC0415 (only with models)
        PayloadModel,
    )
    from apisentinel.models.bundle import read_bundle  # noqa: PLC0415 (only with models)
    from apisentinel.models.trust import TrustStore  # noqa: PLC0415 (only with models)

    return PayloadModel.from_parts(
        read_bundle(PAYLOAD_PRIOR, TrustStore.load(PAYLOAD_PRIOR.parent)).parts
    )


def scorer_of(learned: Learned | None) -> "Scorer | None":
    """What compares requests with the learned profile, None without one."""
    if learned is None or learned.profile is None:
        return None
    from apisentinel.detectors.profile import Scorer  # noqa: PLC0415 (only with a profile)

    return Scorer(learned.profile)
