"""Attacks on ourselves, now and then: whether they are still found tells that we are not blind.

They are judged beside the traffic, by a session with the detection settings of the service and
small tables of its own. So nothing of them can be learned, stored, counted or told as an alert.
"""

import math
import threading
from typing import NamedTuple

import msgspec
import structlog

from apisentinel.clock import Clock
from apisentinel.features import FeatureSettings
from apisentinel.pipeline.canary_requests import ATTACKS
from apisentinel.pipeline.live.faults import described
from apisentinel.pipeline.score import ScoreSession
from apisentinel.pipeline.settings import ScanSettings
from apisentinel.records.taxonomy import AttackType

TABLES = FeatureSettings(
    clients=64, sessions=64, users=256, credentials=64, endpoints=256, pairs=1_024, networks=64,
    objects=1_024, agents=256, holdings=1_024, owned=1_024, replies=256, places=64,
)  # fmt: skip
"""Room for the actors of one round: below 2 MiB."""

CLIENT = "192.0.2.{}"
"""Addresses for documentation, RFC 5737: no client has one."""

STEP_US = 1_000_000
"""Time between two requests of an attack."""

POLL_S = 1.0

_log = structlog.get_logger("apisentinel.canary")


class Round(NamedTuple):
    """Outcome of a round.

    Attributes:
        at: When it ended: µs, wall clock.
        seconds: Kind of attack → time from handing it over until it was found; infinite when it
            was not.
    """

    at: int
    seconds: dict[AttackType, float]

    @property
    def missed(self) -> list[AttackType]:
        """Kinds that were not found."""
        return [kind for kind, taken in self.seconds.items() if math.isinf(taken)]


class Canary:
    """A thread that attacks every so many minutes; `round` does it once.

    Attributes:
        last: The latest round, None before the first one and when it is off.
        problem: Why no round can be done, empty when one can.
    """

    def __init__(self, detection: ScanSettings, minutes: float, clock: Clock) -> None:
        """Prepares.

        Args:
            detection: Settings of the service; detectors that are off there are off here.
            minutes: Pause between two rounds; 0 is off.
            clock: Of the service.
        """
        self.detection = detection.model_copy(update={"state": TABLES})
        self.minutes = minutes
        self.clock = clock
        self.last: Round | None = None
        self.problem = ""
        self._due = clock.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="canary", daemon=True)

    @property
    def is_on(self) -> bool:
        """Whether there are rounds at all."""
        return self.minutes > 0

    @property
    def seconds(self) -> dict[AttackType, float]:
        """Those of the latest round."""
        return {} if self.last is None else self.last.seconds

    def start(self) -> None:
        """Begins, with a round at once."""
        if self.is_on:
            self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Ends after the attack at hand."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stop.is_set():
            self.tick()
            self._stop.wait(POLL_S)

    def tick(self) -> None:
        """Does a round when one is due."""
        now = self.clock.monotonic()
        if now < self._due:
            return
        self._due = now + self.minutes * 60
        try:
            self.last = self.round()
            self.problem = ""
        except Exception as error:  # noqa: BLE001 (that it cannot attack must not end the thread)
            self.problem = type(error).__name__
            _log.error("the canary cannot attack", **described(error))
            return
        if self.last.missed:
            _log.error("attacks are not found", kinds=[kind.value for kind in self.last.missed])

    def round(self) -> Round:
        """Attacks once in every way, with nothing known before."""
        session = ScoreSession(self.detection)
        begin = self.clock.now()
        seconds = {}
        for number, kind in enumerate(ATTACKS, 1):
            if self._stop.is_set():
                break
            seconds[kind] = self._attack(session, kind, number, begin)
        return Round(self.clock.now(), seconds)

    def _attack(self, session: ScoreSession, kind: AttackType, number: int, begin: int) -> float:
        """Time until an attack is found."""
        client = CLIENT.format(number)
        lines = [
            msgspec.json.encode(
                {"client_ip": client, "ts": (begin + step * STEP_US) / 1e6, **request}
            )
            for step, request in enumerate(ATTACKS[kind])
        ]
        start = self.clock.monotonic()
        answers = session.score(b"\n".join(lines)).splitlines()
        taken = self.clock.monotonic() - start
        found = any(kind in msgspec.json.decode(line).get("attack_types", ()) for line in answers)
        return taken if found else math.inf
