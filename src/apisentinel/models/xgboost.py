"""XGBoost, read from its own binary format into our trees."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np

from apisentinel.errors import IncompatibleModelError
from apisentinel.models.base import Parts, part_of
from apisentinel.models.boosted import BoostedTrees
from apisentinel.models.trees import Forest, Tree
from apisentinel.models.ubjson import read_ubjson


class XgboostModel(BoostedTrees):
    """A trained XGBoost classifier of two classes."""

    name: ClassVar[str] = "xgboost"

    def __init__(self, content: bytes) -> None:
        """Reads a model.

        Args:
            content: As ``Booster.save_raw("ubj")`` gives it.

        Raises:
            IncompatibleModelError: It is damaged, or no classifier of two classes by numeric
                splits.
        """
        super().__init__(*read_booster(content))
        self.content = content

    def to_parts(self) -> Parts:
        """See `Model`."""
        return {f"{self.name}.ubj": self.content}

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        """See `Model`."""
        return cls(part_of(parts, f"{cls.name}.ubj"))


def read_booster(content: bytes) -> tuple[Forest, float]:
    """The trees of a booster and its log-odds before the first tree.

    Raises:
        IncompatibleModelError: See `XgboostModel`.
    """
    try:
        learner = read_ubjson(content)["learner"]
        about, booster = learner["learner_model_param"], learner["gradient_booster"]
        if learner["objective"]["name"] != "binary:logistic" or booster["name"] != "gbtree":
            raise IncompatibleModelError("the booster is no classifier of two classes")
        features = int(about["num_feature"])
        base = float(about["base_score"].strip("[]"))
        trees = [_tree(tree) for tree in booster["model"]["trees"]]
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise IncompatibleModelError(f"the booster is damaged: {error!r}") from error
    if not 0.0 < base < 1.0:
        raise IncompatibleModelError(f"the booster starts with the probability {base}")
    return Forest(trees, features), math.log(base / (1.0 - base))


def _tree(tree: dict[str, Any]) -> Tree:
    left = np.asarray(tree["left_children"], np.int64)
    if len(tree.get("categories", ())):
        raise IncompatibleModelError("the booster splits by categories")
    is_leaf = left < 0
    cuts = np.asarray(tree["split_conditions"], np.float32)
    if np.isnan(cuts).any():
        raise IncompatibleModelError("the booster has cuts that are no numbers")
    return Tree(
        np.where(is_leaf, -1, np.asarray(tree["split_indices"], np.int64)),
        np.nextafter(cuts, np.float32(-np.inf)),  # XGBoost goes left below the cut, not at it
        left,
        np.asarray(tree["right_children"], np.int64),
        np.asarray(tree["default_left"], bool),
        np.where(is_leaf, cuts.astype(np.float64), 0.0),
    )
