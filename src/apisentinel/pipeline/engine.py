"""The ordered half of the pipeline: counts requests, judges them, and keeps what the report
needs.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.detectors.anomaly import Anomaly
from apisentinel.detectors.anomaly import Judged as JudgedTicks
from apisentinel.detectors.payload import PayloadDetector
from apisentinel.enrichment import Enricher
from apisentinel.features import FeatureState, Signals, make_events
from apisentinel.features.catalogue import FEATURES
from apisentinel.features.holding_state import Holdings, HoldingState
from apisentinel.features.state import KIND_NAMES
from apisentinel.features.tick_state import Ticks, TickState
from apisentinel.pipeline.judge import Judge, Suspect
from apisentinel.pipeline.learned import Learned
from apisentinel.pipeline.learned_requests import ALONE_LLR, UnusualRequests
from apisentinel.pipeline.prepare import Prepared
from apisentinel.pipeline.profile import Stopwatch
from apisentinel.pipeline.settings import ScanSettings
from apisentinel.pipeline.timeline import Timeline
from apisentinel.pipeline.view import Outcome
from apisentinel.records.case import Case

if TYPE_CHECKING:
    from apisentinel.detectors.profile import Profile
    from apisentinel.pipeline.online_profile import OnlineProfile


class Counted(NamedTuple):
    """A block that the keyed state has seen; `ticks` is None where nobody asks for them, `odd`
    until the models were asked.
    """

    block: Prepared
    events: npt.NDArray[Any]
    signals: Signals
    holdings: Holdings
    ticks: Ticks | None = None
    odd: JudgedTicks | None = None


class Engine:
    """One pipeline: requests go in in order, evidence gathers in `verdicts`.

    Equal requests in equal order give equal results, whatever the size of the blocks. `count`,
    `ask_models` and `judge` may run in three threads, each one call at a time and all in the order
    of the blocks.

    Attributes:
        seq: Number of requests taken so far; the next request gets it plus one.
        cases: The judge with all cases and alerts.
        holdings: Who has what.
        ticks: Traces of the entities for the models; None where models are switched off.
        anomaly: What is told of odd entities; None where models are switched off.
        online: The profile that is learned from what is judged; None where nothing is learned.
        is_trained: A bundle has a profile, which judges in place of the one that is learned.
    """

    def __init__(
        self,
        settings: ScanSettings,
        enricher: Enricher,
        detector: PayloadDetector | None,
        watch: Stopwatch | None = None,
        learned: Learned | None = None,
        *,
        learns: bool = False,
    ) -> None:
        """Prepares a pipeline of which nothing is known yet.

        Args:
            settings: See `ScanSettings`.
            enricher: Its ordered half is used.
            detector: None leaves payloads out.
            watch: Adds up the time of the stages.
            learned: What judges beside the rules.
            learns: Learn the profile of the API from what is judged; the caller hands in `pieces`.
        """
        self.settings = settings
        self.enricher = enricher
        self.state = FeatureState(settings.state)
        bounds = settings.state
        self.holdings = HoldingState(bounds.holdings, bounds.owned, bounds.replies, bounds.places)
        self.ticks = TickState(self.state) if settings.models else None
        self.anomaly = _anomaly(settings, self.state, learned) if settings.models else None
        self.unusual: UnusualRequests | None = None
        self.online = _online(settings) if learns else None
        self.is_trained = False
        self.use_profile(learned)
        self.cases = Judge(settings, self.state, enricher, detector)
        self.timeline = Timeline()
        self.seq = 0
        self.watch = watch or Stopwatch()

    def pieces(self, block: Prepared, seen: int) -> Iterator[Prepared]:
        """The next requests in pieces for `count`.

        Args:
            block: The requests.
            seen: How many were handed in before.
        """
        if self.online is None:
            return iter((block,))
        from apisentinel.pipeline.online_profile import cut  # noqa: PLC0415 (only where it learns)

        return cut(block, seen)

    def count(self, block: Prepared) -> Counted:
        """Gives the next requests their numbers and adds them to the keyed state."""
        batch = block.batch
        n = len(batch)
        batch.numbers["seq"][:] = np.arange(self.seq + 1, self.seq + n + 1)
        self.seq += n
        with self.watch.stage("enrich ordered", n):
            self.enricher.ordered(batch)
        with self.watch.stage("events", n):
            events = make_events(batch)
        with self.watch.stage("state", n):
            signals = self.state.update(batch, events)
        with self.watch.stage("holdings", n):
            holdings = self.holdings.update(batch, events)
        if self.ticks is None:
            return Counted(block, events, signals, holdings)
        with self.watch.stage("ticks", n):
            ticks = self.ticks.update(batch, events, signals, block.fields)
        return Counted(block, events, signals, holdings, ticks)

    def ask_models(self, counted: Counted) -> Counted:
        """Adds what the models say of the ticks of a block."""
        if self.anomaly is None or counted.ticks is None or counted.odd is not None:
            return counted
        with self.watch.stage("models", len(counted.ticks.rows)):
            odd = self._models(self.anomaly, counted.ticks)
        with self.watch.stage("reasons", len(odd.suspicions)):
            odd = self.anomaly.explain(odd)
        return counted._replace(odd=odd)

    def judge(
        self,
        counted: Counted,
        on_outcome: Callable[[Outcome], None] | None = None,
        before_row: Callable[[int], None] | None = None,
        on_known: Callable[[int, Case], None] | None = None,
        on_ticks: Callable[[Ticks, JudgedTicks], None] | None = None,
    ) -> npt.NDArray[np.bool_]:
        """Turns what was counted into evidence, cases and alerts.

        Args:
            counted: From `count`; the models are asked unless `ask_models` has done so.
            on_outcome, before_row, on_known: See `Judge.judge`.
            on_ticks: Called with what the models say, before the first row.

        Returns:
            bool ``(n_rows,)``: requests whose content is an attack.
        """
        counted = self.ask_models(counted)
        block, events, signals, odd = (
            counted.block, counted.events, counted.signals, counted.odd
        )  # fmt: skip
        n = len(events)
        if on_ticks is not None and counted.ticks is not None and odd is not None:
            on_ticks(counted.ticks, odd)
        if self.online is not None and not self.is_trained:
            with self.watch.stage("profile", n):
                block.unusual = self.online.score(block)
        with self.watch.stage("judge", n):
            suspects = self._suspects(odd)
            self._add_unusual(suspects, block, events)
            attacks = self.cases.judge(
                block, events, signals, on_outcome, before_row, on_known, suspects,
                counted.holdings,
            )  # fmt: skip
        with self.watch.stage("timeline", n):
            self.timeline.add(events, attacks)
        if self.online is not None:
            with self.watch.stage("learn", n):
                self._learn(self.online, block, attacks)
        return attacks

    def _learn(
        self, online: "OnlineProfile", block: Prepared, attacks: npt.NDArray[np.bool_]
    ) -> None:
        """Shows judged requests to the profile that is being learned."""

        def accused() -> list[int]:
            return [
                key
                for (kind, key), case in self.cases.ledger.cases.items()
                if kind == "client" and case.alert_ordinal is not None and not case.shared
            ]

        # who stands accused is asked when something is learned: within a block it would depend on
        # where the block ends
        if online.observe(block, ~attacks, accused):
            self.follow_online()

    @staticmethod
    def _models(anomaly: Anomaly, ticks: Ticks) -> JudgedTicks:
        """What the models say of the ticks of a block."""
        p = None
        if anomaly.sequences is not None:
            p = anomaly.sequences.follow(ticks.slots, ticks.tokens, ticks.fresh)
            p = np.ascontiguousarray(p[ticks.rows["row"]])
        return anomaly.judge(ticks.rows, ticks.features, p)

    def advance(self, block: Prepared) -> None:
        """Counts and judges the next requests."""
        for piece in self.pieces(block, self.seq):
            self.judge(self.count(piece))

    def use_profile(self, learned: Learned | None) -> None:
        """Compares requests with another profile from the next block on, or with none."""
        profile = None if learned is None else learned.profile
        self.is_trained = profile is not None
        if profile is None and self.online is not None:
            profile = self.online.profile
        self._compare_with(profile)

    def follow_online(self) -> None:
        """Compares with the profile that is being learned, unless a bundle has one."""
        if self.online is not None and not self.is_trained:
            self._compare_with(self.online.profile)

    def _compare_with(self, profile: "Profile | None") -> None:
        before = self.unusual
        most = math.inf if self.is_trained else ALONE_LLR
        self.unusual = None if profile is None else UnusualRequests(profile, most=most)
        if before is not None and self.unusual is not None:
            # what many do alike is told by endpoint, place and property, which no profile changes
            self.unusual.recall(before.memory())

    def _add_unusual(
        self, suspects: dict[int, list[Suspect]], block: Prepared, events: npt.NDArray[Any]
    ) -> None:
        """Adds the clients of requests that the learned profile finds unusual."""
        if self.unusual is None or block.unusual is None:
            return
        clients = events["client"]
        for row, signature, llr, evidence, brief in self.unusual.told(block, clients):
            key = ("client", int(clients[row]))
            suspect = Suspect(key, evidence, signature, llr, brief)
            suspects.setdefault(row, []).append(suspect)

    def _suspects(self, odd: JudgedTicks | None) -> dict[int, list[Suspect]]:
        """What the judge is told of the entities that the models find odd, by row."""
        out: dict[int, list[Suspect]] = {}
        if odd is not None and self.anomaly is not None:
            for item in odd.suspicions:
                suspect = Suspect(
                    (KIND_NAMES[item.kind], item.key),
                    partial(self.anomaly.evidence, odd, item, in_full=True),
                    llr=item.llr,
                    brief=partial(self.anomaly.evidence, odd, item, in_full=False),
                )
                out.setdefault(item.row, []).append(suspect)
        return out


def _online(settings: ScanSettings) -> "OnlineProfile | None":
    """What learns the profile from the traffic, None where the profile is switched off."""
    chosen = settings.detectors.profile
    if not settings.models or not chosen.enabled or chosen.weight <= 0.0:
        return None
    from apisentinel.pipeline.online_profile import (  # noqa: PLC0415 (only where it learns)
        OnlineProfile,
    )

    return OnlineProfile(chosen)


def _anomaly(
    settings: ScanSettings, state: FeatureState, learned: Learned | None
) -> Anomaly | None:
    """Models of a bundle and comparison with peers, of which nothing is known yet."""
    chosen = settings.detectors.anomaly
    if not chosen.enabled:
        return None
    capacities = tuple(len(state.actors[name].records) for name in KIND_NAMES)
    if learned is None:
        return Anomaly(None, FEATURES, capacities, chosen)
    return Anomaly(learned.ensemble, FEATURES, capacities, chosen, learned.product)
