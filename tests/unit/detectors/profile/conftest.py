"""A profile of a small shop."""

import numpy as np
import pytest
from tests.unit.detectors.profile.requests import batch_of, orders

from apisentinel.detectors.profile import Learning, ProfileSettings, Sample, Scorer


def learned(requests, **settings):
    """Profile of some requests, and what was left out."""
    chosen = ProfileSettings(**settings)
    sample = Sample(chosen)
    batch = batch_of(requests)
    columns = batch.enriched
    usable = np.ones(len(batch), np.bool_)
    sample.add(batch, columns["endpoint"], columns["h_client"], usable)
    learning = Learning(chosen)
    return learning.profile(sample), learning.left_out


@pytest.fixture(scope="package")
def profile():
    """Learned from 1,500 ordinary requests."""
    return learned(orders(1_500))[0]


@pytest.fixture
def surprise(profile):
    """Gives the surprise of requests."""
    scorer = Scorer(profile)
    return lambda *requests: scorer.score(batch_of(requests)).surprise.tolist()
