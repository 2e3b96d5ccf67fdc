"""Parts of a table that share no actor, and a last part that lies after all others."""

import numpy as np
import numpy.typing as npt

Groups = npt.NDArray[np.int64]


def assign_folds(groups: Groups, count: int, *, seed: int) -> npt.NDArray[np.int64]:
    """Fold of each row, ``(n_rows,)``; all rows of a group are in one, folds are about equal.

    Example:
        >>> folds = assign_folds(np.array([7, 7, 8, 9, 9, 9]), 2, seed=1)
        >>> bool(folds[0] == folds[1] and folds[3] == folds[5])
        True
    """
    _, members, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(sizes.size)
    order = order[np.argsort(-sizes[order], kind="stable")]  # large groups first
    loads = np.zeros(count)
    fold_of = np.empty(sizes.size, np.int64)
    if sizes.size > 50 * count:  # many small groups are even by themselves
        fold_of[order] = np.arange(sizes.size) % count
    else:
        for group in order:
            fold_of[group] = int(loads.argmin())
            loads[fold_of[group]] += sizes[group]
    return fold_of[members]


def split_by_time(
    times: npt.NDArray[np.int64], groups: Groups, share: float = 0.25
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Rows to learn from and rows to measure: the latest share of the time, without actors that
    were there before.
    """
    cut = np.quantile(times, 1.0 - share)
    early = times <= cut
    measured = ~early & ~np.isin(groups, np.unique(groups[early]))
    return early, measured


def cap_groups(groups: Groups, share: float, *, seed: int) -> npt.NDArray[np.bool_]:
    """Rows that stay when no group may have more than a share of all rows; at least eight stay."""
    most = max(8, int(np.ceil(share * groups.size)))
    order = np.random.default_rng(seed).permutation(groups.size)
    ordered = order[np.argsort(groups[order], kind="stable")]
    _, starts, counts = np.unique(groups[ordered], return_index=True, return_counts=True)
    rank = np.arange(groups.size) - np.repeat(starts, counts)
    keep = np.zeros(groups.size, bool)
    keep[ordered[rank < most]] = True
    return keep
