"""Decision trees as packed nodes, and the one kernel that walks all of them.

A node is one 64-bit word: threshold, feature, left child. Values and thresholds are float32 turned
into integers of the same order, so that a step is two loads and one comparison without a branch. A
row holds every feature twice, with missing values above all numbers and below all numbers; a node
points to the copy that sends a missing value its way. Leaves point to themselves.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.errors import IncompatibleModelError
from apisentinel.kernels.compiler import kernel
from apisentinel.models.arrays import Arrays, take

FEATURE_BITS, CHILD_BITS = 14, 18
MAX_FEATURES = 1 << (FEATURE_BITS - 1)
MAX_TREE_NODES = 1 << CHILD_BITS
MAX_TREES = 4096
MAX_DEPTH = 64
"""Steps from root to leaf; leaf-wise boosting of 31 leaves needs 30 at most."""

ABOVE, BELOW = 2**31 - 1, -(2**31)
"""Keys of missing values: above and below every number."""

_FEATURE_SHIFT = CHILD_BITS
_FEATURE_MASK = (1 << FEATURE_BITS) - 1
_CHILD_MASK = (1 << CHILD_BITS) - 1


class Tree(NamedTuple):
    """One tree in plain arrays, ``(n_nodes,)`` each, root first.

    A row goes left when its value is missing and `missing_left`, or when value <= threshold.

    Attributes:
        feature: int, -1 for a leaf.
        threshold: float32.
        left: Index of the left child.
        right: Index of the right child.
        missing_left: bool.
        value: float64, what a leaf adds.
    """

    feature: npt.NDArray[Any]
    threshold: npt.NDArray[Any]
    left: npt.NDArray[Any]
    right: npt.NDArray[Any]
    missing_left: npt.NDArray[Any]
    value: npt.NDArray[Any]


def float_keys(values: npt.NDArray[np.float32]) -> npt.NDArray[np.int32]:
    """Integers in the order of the numbers; -0.0 equals 0.0; missing values are not handled.

    Example:
        >>> float_keys(np.array([-np.inf, -1.0, -0.0, 0.0, 2.0], np.float32)).tolist()
        [-2139095041, -1065353217, 0, 0, 1073741824]
    """
    bits = (np.asarray(values, np.float32) + np.float32(0.0)).view(np.int32)
    keys: npt.NDArray[np.int32] = np.where(bits < 0, bits ^ np.int32(ABOVE), bits)
    return keys


def at_most(thresholds: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """The largest float32 that is not above each threshold: for float32 values ``x <= threshold``
    stays the same question.
    """
    with np.errstate(over="ignore"):
        near = np.asarray(thresholds, np.float64).astype(np.float32)
    lower: npt.NDArray[np.float32] = np.where(
        near.astype(np.float64) > thresholds, np.nextafter(near, np.float32(-np.inf)), near
    )
    return lower


class Forest:
    """Trees whose leaves are added up.

    Attributes:
        nodes: int64 ``(n_nodes,)``, packed.
        values: float64 ``(n_nodes,)``, what a leaf adds.
        roots: int64 ``(n_trees,)``, first node of each tree.
        depths: int64 ``(n_trees,)``, steps to its deepest leaf.
        n_features: Columns of a table.
    """

    def __init__(self, trees: Sequence[Tree], n_features: int) -> None:
        """Packs trees.

        Raises:
            IncompatibleModelError: A tree is no tree, or larger than any limit.
        """
        if not 0 < n_features <= MAX_FEATURES or len(trees) > MAX_TREES:
            raise IncompatibleModelError(f"{len(trees)} trees over {n_features} features")
        packed = [_packed(tree, n_features) for tree in trees]
        sizes = [nodes.size for nodes, _, _ in packed]
        self.n_features = n_features
        self.nodes = _joined([nodes for nodes, _, _ in packed], np.int64)
        self.values = _joined([values for _, values, _ in packed], np.float64)
        self.roots = np.concatenate([[0], np.cumsum(sizes)])[:-1].astype(np.int64)
        self.depths = np.array([depth for _, _, depth in packed], np.int64)

    def add_up(self, keys: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
        """Sums of the leaves, ``(n_rows,)``, of rows from `sort_keys`."""
        if keys.shape[1] != 2 * self.n_features:
            raise IncompatibleModelError(
                f"the trees know {self.n_features} features, not {keys.shape[1] // 2}"
            )
        sums = np.zeros(keys.shape[0])
        add_leaves(keys, self.nodes, self.roots, self.depths, self.values, sums)
        return sums

    def to_arrays(self) -> Arrays:
        """The trees as arrays to keep."""
        return {
            "nodes": self.nodes,
            "values": self.values,
            "roots": self.roots,
            "depths": self.depths,
            "n_features": np.array([self.n_features], np.int64),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "Forest":
        """The trees of `to_arrays`, proved to stay inside their arrays.

        Raises:
            IncompatibleModelError: They are damaged.
        """
        forest = cls.__new__(cls)
        forest.nodes = take(arrays, "nodes", "int64", None)
        forest.values = take(arrays, "values", "float64", forest.nodes.size)
        forest.roots = take(arrays, "roots", "int64", None)
        forest.depths = take(arrays, "depths", "int64", forest.roots.size)
        forest.n_features = int(take(arrays, "n_features", "int64", 1)[0])
        _check(forest)
        return forest


def _check(forest: Forest) -> None:
    ends = np.concatenate([forest.roots[1:], [forest.nodes.size]])
    sizes = ends - forest.roots
    if not (
        0 < forest.n_features <= MAX_FEATURES
        and forest.roots.size <= MAX_TREES
        and (forest.roots.size == 0 or forest.roots[0] == 0)
        and (sizes > 0).all()
        and (sizes <= MAX_TREE_NODES).all()
        and ((forest.depths >= 0) & (forest.depths <= MAX_DEPTH)).all()
        and np.isfinite(forest.values).all()
    ):
        raise IncompatibleModelError("the trees have no valid shape")
    size_of = np.repeat(sizes, sizes)
    left = forest.nodes & _CHILD_MASK
    is_leaf = (forest.nodes >> 32) == ABOVE
    feature = (forest.nodes >> _FEATURE_SHIFT) & _FEATURE_MASK
    if (left + ~is_leaf >= size_of).any() or (feature >= 2 * forest.n_features).any():
        raise IncompatibleModelError("a tree leads out of itself")


def _joined(parts: list[npt.NDArray[Any]], dtype: Any) -> npt.NDArray[Any]:
    return np.concatenate(parts).astype(dtype) if parts else np.zeros(0, dtype)


def _packed(
    tree: Tree, n_features: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], int]:
    """Nodes, values and depth of one tree, children side by side, level by level."""
    n = len(tree.feature)
    if not 0 < n <= MAX_TREE_NODES:
        raise IncompatibleModelError(f"a tree of {n} nodes")
    feature = np.asarray(tree.feature, np.int64)
    left, right = np.asarray(tree.left, np.int64), np.asarray(tree.right, np.int64)
    is_leaf = feature < 0
    inner = ~is_leaf
    children = np.concatenate([left[inner], right[inner]])
    if (
        (feature >= n_features).any()
        or (children <= 0).any()
        or (children >= n).any()
        or np.unique(children).size != children.size
        or np.isnan(tree.threshold[inner]).any()
    ):
        raise IncompatibleModelError("a tree is no tree")
    order, place, depth = _levels(is_leaf, left, right)
    keys = float_keys(np.asarray(tree.threshold, np.float32)).astype(np.int64)
    column = feature + np.where(np.asarray(tree.missing_left, bool), n_features, 0)
    inner = inner[order]
    own = np.arange(order.size)
    nodes = np.where(
        inner,
        (keys[order] << 32)
        | (np.where(inner, column[order], 0) << _FEATURE_SHIFT)
        | np.where(inner, place[np.where(inner, left[order], 0)], 0),
        (np.int64(ABOVE) << 32) | own,
    )
    values = np.where(inner, 0.0, np.asarray(tree.value, np.float64)[order])
    if not np.isfinite(values).all():
        raise IncompatibleModelError("a leaf has no finite value")
    return nodes, values, depth


def _levels(
    is_leaf: npt.NDArray[np.bool_], left: npt.NDArray[np.int64], right: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], int]:
    """Old indices in their new order, the new place of each, and the depth."""
    level = np.zeros(1, np.int64)
    levels = [level]
    while True:
        parents = level[~is_leaf[level]]
        if parents.size == 0:
            break
        if len(levels) > MAX_DEPTH:
            raise IncompatibleModelError(f"a tree is deeper than {MAX_DEPTH}")
        level = np.stack([left[parents], right[parents]], axis=1).ravel()
        levels.append(level)
    order = np.concatenate(levels)
    place = np.zeros(is_leaf.size, np.int64)
    place[order] = np.arange(order.size)
    return order, place, len(levels) - 1


def sort_keys(table: npt.NDArray[np.float32]) -> npt.NDArray[np.int32]:
    """Rows as the trees read them, int32 ``(n_rows, 2 * n_features)``."""
    rows, columns = table.shape
    keys = np.empty((rows, 2 * columns), np.int32)
    make_keys(np.ascontiguousarray(table, np.float32).view(np.int32), keys)
    return keys


@kernel("void(int32[:,::1], int32[:,::1])")
def make_keys(bits, keys):
    """Sortable integers of float32 bits, twice: missing above all, missing below all."""
    columns = bits.shape[1]
    for i in range(bits.shape[0]):
        for j in range(columns):
            b = np.int64(bits[i, j])
            missing = (b & 0x7FFFFFFF) > 0x7F800000
            key = b if b >= 0 else -(b & 0x7FFFFFFF) - 1
            if b == -2147483648:
                key = np.int64(0)
            keys[i, j] = np.int32(2147483647) if missing else np.int32(key)
            keys[i, columns + j] = np.int32(-2147483648) if missing else np.int32(key)


@kernel("void(int32[:,::1], int64[::1], int64[::1], int64[::1], float64[::1], float64[::1])")
def add_leaves(keys, nodes, roots, depths, values, sums):
    """Adds each tree's leaf to each row's sum, tree by tree, 64 rows at a time.

    Eight rows walk side by side, since each step of one waits for memory.
    """
    rows = keys.shape[0]
    for begin in range(0, rows, 64):
        end = min(begin + 64, rows)
        for t in range(roots.shape[0]):
            root, depth = roots[t], depths[t]
            i = begin
            while i + 8 <= end:
                a = b = c = d = e = f = g = h = np.int64(0)
                for _ in range(depth):
                    n = nodes[root + a]
                    a = (n & 0x3FFFF) + np.int64(keys[i, (n >> 18) & 0x3FFF] > (n >> 32))
                    n = nodes[root + b]
                    b = (n & 0x3FFFF) + np.int64(keys[i + 1, (n >> 18) & 0x3FFF] > (n >> 32))
                    n = nodes[root + c]
                    c = (n & 0x3FFFF) + np.int64(keys[i + 2, (n >> 18) & 0x3FFF] > (n >> 32))
                    n = nodes[root + d]
                    d = (n & 0x3FFFF) + np.int64(keys[i + 3, (n >> 18) & 0x3FFF] > (n >> 32))
                    n = nodes[root + e]
                    e = (n & 0x3FFFF) + np.int64(keys[i + 4, (n >> 18) & 0x3FFF] > (n >> 32))
                    n = nodes[root + f]
                    f = (n & 0x3FFFF) + np.int64(keys[i + 5, (n >> 18) & 0x3FFF] > (n >> 32))
                    n = nodes[root + g]
                    g = (n & 0x3FFFF) + np.int64(keys[i + 6, (n >> 18) & 0x3FFF] > (n >> 32))
                    n = nodes[root + h]
                    h = (n & 0x3FFFF) + np.int64(keys[i + 7, (n >> 18) & 0x3FFF] > (n >> 32))
                sums[i] += values[root + a]
                sums[i + 1] += values[root + b]
                sums[i + 2] += values[root + c]
                sums[i + 3] += values[root + d]
                sums[i + 4] += values[root + e]
                sums[i + 5] += values[root + f]
                sums[i + 6] += values[root + g]
                sums[i + 7] += values[root + h]
                i += 8
            while i < end:
                a = np.int64(0)
                for _ in range(depth):
                    n = nodes[root + a]
                    a = (n & 0x3FFFF) + np.int64(keys[i, (n >> 18) & 0x3FFF] > (n >> 32))
                sums[i] += values[root + a]
                i += 1
