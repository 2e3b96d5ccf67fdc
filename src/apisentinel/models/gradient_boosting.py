"""Gradient Boosting with histograms, as scikit-learn trains it."""

from typing import ClassVar

from apisentinel.models.boosted import BoostedTrees


class GradientBoostingModel(BoostedTrees):
    """A trained Gradient Boosting classifier, read from its trees."""

    name: ClassVar[str] = "gradient_boosting"
