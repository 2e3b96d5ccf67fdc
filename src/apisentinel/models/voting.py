"""The voting ensemble: every model votes from 0 to 1, groups have shares, the sum has a band."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import msgspec
import numpy as np

from apisentinel.models.base import Group, Scores

Band = Literal["critical", "high", "medium", "low"]

BANDS: tuple[Band, ...] = ("low", "medium", "high", "critical")


class VotingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Shares and bands.

    Attributes:
        unsupervised: Share of the models without labels.
        supervised: Share of the trees.
        neural: Share of the networks.
        medium: Percent from which a vote is medium.
        high: Percent from which it is high.
        critical: Percent from which it is critical.
    """

    unsupervised: float = 0.35
    supervised: float = 0.50
    neural: float = 0.15
    medium: float = 40.0
    high: float = 60.0
    critical: float = 80.0

    def __post_init__(self) -> None:
        """Refuses shares and bands that mean nothing."""
        shares = (self.unsupervised, self.supervised, self.neural)
        if min(shares) < 0 or sum(shares) <= 0:
            raise ValueError("shares of a vote are at least 0 and not all 0")
        if not 0 <= self.medium <= self.high <= self.critical <= 100:
            raise ValueError("bands of a vote rise from 0 to 100")


class Vote(NamedTuple):
    """The outcome, ``(n_rows,)`` each.

    Attributes:
        percent: 0 to 100.
        band: Index into `BANDS`.
    """

    percent: Scores
    band: np.ndarray[tuple[int, ...], np.dtype[np.int64]]


class VotingEnsemble:
    """Soft voting by group. A group without a model gives its share to the others."""

    name = "voting"

    def __init__(self, groups: Mapping[str, Group], settings: VotingSettings | None = None) -> None:
        """A vote of models.

        Args:
            groups: Group of each model by name.
            settings: Shares and bands.
        """
        self.groups, self.settings = dict(groups), settings or VotingSettings()

    def vote(self, votes: Mapping[str, Scores]) -> Vote:
        """Weighted mean of the votes of those who voted, and its band.

        Raises:
            ValueError: Nobody with a share voted.
        """
        sums: dict[str, list[Scores]] = {}
        for name, scores in votes.items():
            if name in self.groups:
                sums.setdefault(self.groups[name], []).append(scores)
        shares = {group: getattr(self.settings, group) for group in sums}
        if sum(shares.values()) <= 0:
            raise ValueError("no model with a share of the vote has voted")
        total = sum(shares[group] * np.mean(scores, axis=0) for group, scores in sums.items())
        percent = np.clip(100.0 * total / sum(shares.values()), 0.0, 100.0)
        edges = [self.settings.medium, self.settings.high, self.settings.critical]
        return Vote(percent, np.searchsorted(edges, percent, side="right"))
