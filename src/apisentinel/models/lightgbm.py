"""LightGBM, read from its own text format into our trees."""

from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np

from apisentinel.errors import IncompatibleModelError
from apisentinel.models.base import Parts, part_of
from apisentinel.models.boosted import BoostedTrees
from apisentinel.models.trees import MAX_TREES, Forest, Tree, at_most

_CATEGORICAL, _DEFAULT_LEFT, _MISSING_NAN, _MISSING_ZERO = 1, 2, 8, 4
"""Bits of a decision type."""

MAX_LINE = 4 << 20
"""Bytes of one line: the leaves of the largest tree."""


class LightgbmModel(BoostedTrees):
    """A trained LightGBM classifier of two classes."""

    name: ClassVar[str] = "lightgbm"

    def __init__(self, content: bytes) -> None:
        """Reads a model.

        Args:
            content: As ``Booster.model_to_string()`` gives it, in UTF-8.

        Raises:
            IncompatibleModelError: It is damaged, or no classifier of two classes by numeric
                splits.
        """
        super().__init__(read_text(content), 0.0)
        self.content = content

    def to_parts(self) -> Parts:
        """See `Model`."""
        return {f"{self.name}.txt": self.content}

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        """See `Model`."""
        return cls(part_of(parts, f"{cls.name}.txt"))


def read_text(content: bytes) -> Forest:
    """The trees of a model in LightGBM's text format.

    Raises:
        IncompatibleModelError: See `LightgbmModel`.
    """
    head, *sections = content.split(b"\nTree=")
    if len(sections) > MAX_TREES:
        raise IncompatibleModelError(f"{len(sections)} trees are more than {MAX_TREES}")
    try:
        about = _fields(head)
        if about[b"objective"] != b"binary sigmoid:1" or about[b"num_class"] != b"1":
            raise IncompatibleModelError("the model is no classifier of two classes")
        whole = len(sections) == len(about[b"tree_sizes"].split())
        if not whole or b"\nend of trees" not in content:
            raise IncompatibleModelError("the model is cut short")
        features = int(about[b"max_feature_idx"]) + 1
        trees = [_tree(_fields(section.split(b"\nend of trees", 1)[0])) for section in sections]
    except (KeyError, ValueError, OverflowError) as error:
        raise IncompatibleModelError(f"the model is damaged: {error!r}") from error
    return Forest(trees, features)


def _fields(text: bytes) -> dict[bytes, bytes]:
    """Lines of ``name=value``."""
    made = {}
    for line in text.split(b"\n"):
        if len(line) > MAX_LINE:
            raise IncompatibleModelError(f"a line of {len(line)} bytes")
        name, sign, value = line.partition(b"=")
        if sign:
            made[name] = value
    return made


def _numbers(
    fields: dict[bytes, bytes], name: bytes, count: int
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    numbers = np.array([float(word) for word in fields[name].split()], np.float64)
    if numbers.size != count or np.isnan(numbers).any():
        raise IncompatibleModelError(f"{name.decode()} has {numbers.size} numbers, not {count}")
    return numbers


def _tree(fields: dict[bytes, bytes]) -> Tree:
    leaves = int(fields[b"num_leaves"])
    if int(fields[b"num_cat"]) or not 0 < leaves <= 1 << 17:
        raise IncompatibleModelError("a tree splits by categories, or has no valid size")
    values = _numbers(fields, b"leaf_value", leaves)
    if leaves == 1:
        one = np.zeros(1)
        return Tree(one - 1, one, one, one, one, values)
    inner = leaves - 1
    decisions = _numbers(fields, b"decision_type", inner).astype(np.int64)
    cuts = _numbers(fields, b"threshold", inner)
    if (decisions & (_CATEGORICAL | _MISSING_ZERO)).any():
        raise IncompatibleModelError("a tree splits by categories or takes zero as missing")
    # Without missing values in training, LightGBM reads a missing value as 0.
    missing_left = np.where(decisions & _MISSING_NAN, (decisions & _DEFAULT_LEFT) > 0, cuts >= 0.0)

    def child(name: bytes) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        places = _numbers(fields, name, inner).astype(np.int64)
        made = np.where(places >= 0, places, inner + ~places)
        return np.concatenate([made, np.zeros(leaves, np.int64)])

    nothing = np.zeros(leaves)
    return Tree(
        np.concatenate([_numbers(fields, b"split_feature", inner), nothing - 1]).astype(np.int64),
        np.concatenate([at_most(cuts), nothing.astype(np.float32)]),
        child(b"left_child"),
        child(b"right_child"),
        np.concatenate([missing_left, nothing > 0]),
        np.concatenate([np.zeros(inner), values]),
    )
