"""The report of a scan: the document of ``scan --json`` and the source of the terminal and HTML
reports.
"""

import msgspec

from apisentinel.records.evidence import Incident


class InputFile(msgspec.Struct, frozen=True):
    """One file of the input. `why` says in words how the format was found; `problem` what ended the
    file early.
    """

    path: str
    format: str
    lines: int
    parsed: int
    bytes: int
    why: str = ""
    problem: str = ""


class Unparsed(msgspec.Struct, frozen=True):
    """Lines that were not understood, by reason, with the first one as example (cut, text of an
    attacker).
    """

    reason: str
    count: int
    example: str


class Input(msgspec.Struct, frozen=True):
    """What was read. lines = parsed + sum of the counts in `unparsed`; `late` lines are among the
    parsed.
    """

    files: tuple[InputFile, ...]
    lines: int
    parsed: int
    unparsed: tuple[Unparsed, ...]
    late: int = 0


class Period(msgspec.Struct, frozen=True, rename={"begin": "from", "end": "to"}):
    """First and last event time, RFC 3339, None without times."""

    begin: str | None
    end: str | None


class Totals(msgspec.Struct, frozen=True):
    """Counts over the whole input; entities are estimates (HyperLogLog) once their tables are
    full.
    """

    requests: int
    clients: int
    users: int
    sessions: int
    endpoints: int


class EndpointSummary(msgspec.Struct, frozen=True):
    """Traffic of one endpoint. Rates are shares 0–1; `p95_ms` is None without durations."""

    endpoint: str
    requests: int
    clients: int
    errors_4xx: float
    errors_5xx: float
    p95_ms: float | None
    bytes_out: int
    risk: int


class ClientSummary(msgspec.Struct, frozen=True):
    """One of the clients with the highest risk, then the most requests."""

    client: str
    requests: int
    risk: int
    attack_types: tuple[str, ...]
    agent_kind: str


class TimelineBucket(msgspec.Struct, frozen=True):
    """Requests of one slice of the period: all of them, errors (status >= 400), those with payload
    evidence.
    """

    ts: str
    requests: int
    errors: int
    attacks: int


class ScanReport(msgspec.Struct, frozen=True):
    """The document of ``scan --json``, version 1.

    Attributes:
        held_back: Entities whose alerts the budget held back.
    """

    input: Input
    period: Period
    totals: Totals
    seconds: float
    events_per_second: float
    incidents: tuple[Incident, ...]
    endpoints: tuple[EndpointSummary, ...]
    clients: tuple[ClientSummary, ...]
    timeline: tuple[TimelineBucket, ...] = ()
    held_back: int = 0
    interrupted: bool = False
    version: int = 1
