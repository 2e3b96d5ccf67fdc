"""Learns the profile of the API while traffic is read."""

import itertools
from typing import Any

import numpy as np

from apisentinel.detectors.profile import Learning, Sample
from apisentinel.pipeline.engine import Engine
from apisentinel.pipeline.learned import PROFILE_PART
from apisentinel.pipeline.learning import Judged, OnStep, TrainSettings
from apisentinel.pipeline.settings import ScanSettings

STEPS = 6
"""Steps that learning a profile tells of: paths, parameters, three of trimming, calibration."""


class ProfileLearner:
    """Keeps a sample of the requests that hold no attack, and learns from it at the end."""

    name = "profile"

    def __init__(self, settings: ScanSettings, training: TrainSettings) -> None:
        del training
        self.settings = settings.detectors.profile
        self._sample = Sample(self.settings)
        self._seen = self._attacks = 0
        self._about: dict[str, Any] = {}

    def observe(self, judged: Judged) -> None:
        """Takes note of the next requests."""
        batch = judged.block.batch
        is_attack = judged.attacks | (judged.labels == 1)
        self._seen += len(is_attack)
        self._attacks += int(np.count_nonzero(is_attack))
        self._sample.add(batch, batch.enriched["endpoint"], batch.enriched["h_client"], ~is_attack)

    def finish(self, engine: Engine, on_step: OnStep) -> dict[str, bytes]:
        """The profile as a part of a bundle."""
        del engine
        kept = self._sample.kept
        learning = Learning(self.settings)
        steps = itertools.count()
        profile = learning.profile(
            self._sample, lambda name: on_step(name, min(next(steps) / STEPS, 1.0))
        )
        self._about = {
            "requests": self._seen,
            "attacks_left_out": self._attacks,
            "sample": kept,
            "unusual_left_out": learning.left_out,
            "owners": int(profile.knowledge.used[0]),
            "categories": int(profile.knowledge.used[1]),
            "without_room": int(profile.knowledge.used[2]),
        }
        return {PROFILE_PART: profile.to_bytes()}

    def about(self) -> dict[str, Any]:
        """What the manifest says of it."""
        return self._about
