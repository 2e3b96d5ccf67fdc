"""Numbers, sizes, times and names as people read them; shared by the reports."""

import math
from collections import Counter
from collections.abc import Callable
from datetime import datetime

from apisentinel.cli.visible import visible
from apisentinel.records.evidence import Factor, Incident
from apisentinel.records.report import Period, ScanReport, TimelineBucket
from apisentinel.records.taxonomy import REFERENCES, Severity

SEVERITIES = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW)
"""Worst first, as every list of a report has them."""


def plural(number: int, noun: str, many: str | None = None) -> str:
    """A count with its noun.

    Example:
        >>> plural(1, "request"), plural(1200, "query", "queries")
        ('1 request', '1,200 queries')
    """
    return f"{number:,} {noun if number == 1 else many or noun + 's'}"


def size(number: float) -> str:
    """Bytes in a unit that keeps the number short.

    Example:
        >>> size(1536), size(12)
        ('1.5 KiB', '12 B')
    """
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(number) < 1024:
            return (
                f"{number:,.0f} {unit}" if unit == "B" or number >= 100 else f"{number:,.1f} {unit}"
            )
        number /= 1024
    return f"{number:,.1f} TiB"


def share(value: float) -> str:
    """A share of 0–1 in percent; a small one is not rounded to nothing.

    Example:
        >>> share(0.5), share(0.0001), share(0.0), share(0.998)
        ('50 %', '<0.1 %', '0 %', '99.8 %')
    """
    if 0 < value < 0.001:
        return "<0.1 %"
    if 0.999 < value < 1:
        return ">99.9 %"
    percent = value * 100
    return f"{percent:.0f} %" if 10 <= percent <= 99 or percent in (0, 100) else f"{percent:.1f} %"


def duration(seconds: float) -> str:
    """A time span in its two largest units.

    Example:
        >>> duration(0.4), duration(75), duration(90_000)
        ('0.4 s', '1 min 15 s', '1 d 1 h')
    """
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    whole = round(seconds)
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    first = next(i for i, (_, length) in enumerate(units) if whole >= length)
    name, length = units[first]
    text = f"{whole // length} {name}"
    if first + 1 < len(units):
        smaller, small = units[first + 1]
        rest = whole % length // small
        text += f" {rest} {smaller}" if rest else ""
    return text


def milliseconds(value: float) -> str:
    """A latency, in seconds from one second on.

    Example:
        >>> milliseconds(12.3), milliseconds(1500)
        ('12 ms', '1.5 s')
    """
    if value >= 1000:
        return f"{value / 1000:,.1f} s"
    return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"


def number(value: float | str | None) -> str:
    """A value of a factor without needless digits; unknown is a dash.

    Example:
        >>> number(1234.0), number(0.123456), number(None), number("x")
        ('1,234', '0.123', '–', 'x')
    """
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if not math.isfinite(value):
        return str(value)
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.1f}" if abs(value) >= 100 else f"{value:,.3g}"


def measured(value: float | str | None, factor: Factor) -> str:
    """A value of a factor with the factor's unit; shares in percent, sizes in a readable unit.

    Example:
        >>> measured(0.25, Factor("x", 0.25, unit="share"))
        '25 %'
        >>> measured(2.0, Factor("x", 2.0, unit="per hour"))
        '2 per hour'
        >>> [measured(seen, Factor("x", seen, unit="pages")) for seen in (102.8, 1)]
        ['103 pages', '1 page']
    """
    unit = factor.unit
    if value is None or not unit:
        return number(value)
    if isinstance(value, str) or not math.isfinite(value):
        return f"{number(value)} {unit}"
    if unit in FORMATTED:
        return FORMATTED[unit](value)
    if unit.endswith("s") and len(unit) > 2 and " " not in unit:
        # counts that fade with time are no whole numbers, but read as such
        shown = number(round(value) if abs(value) >= 10 else value)
        return f"{shown} {unit.removesuffix('s') if shown == '1' else unit}"
    return f"{number(value)} {unit}"


FORMATTED: dict[str, Callable[[float], str]] = {"share": share, "bytes": size, "ms": milliseconds}
"""Units whose values have a form of their own."""


def points(value: float) -> str:
    """What a factor adds to the risk.

    Example:
        >>> points(12.4), points(-0.2)
        ('+12', '−0.2')
    """
    digits = f"{abs(value):.0f}" if abs(value) >= 1 or value == 0 else f"{abs(value):.1f}"
    return f"{'−' if value < 0 else '+'}{digits}"


def moment(ts: str | None) -> str:
    """An RFC 3339 time without its fraction and zone (reports name the zone once: UTC)."""
    return "no time" if ts is None else visible(ts[:19].replace("T", " "))


def clock(ts: str | None, like: str | None) -> str:
    """A moment; only its time of day when its date is that of `like`."""
    shown = moment(ts)
    return shown[11:] if ts is not None and like is not None and ts[:10] == like[:10] else shown


def elapsed(begin: str | None, end: str | None) -> float | None:
    """Seconds between two RFC 3339 times, None when one is unknown or no time."""
    if begin is None or end is None:
        return None
    try:
        return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds()
    except ValueError:
        return None


def period(value: Period) -> str:
    """The time that a report covers, in words."""
    if value.begin is None or value.end is None:
        return "times unknown"
    seconds = elapsed(value.begin, value.end)
    length = f" ({duration(seconds)})" if seconds else ""
    return f"{moment(value.begin)} – {clock(value.end, value.begin)} UTC{length}"


def when(incident: Incident, arrow: str = "–") -> str:
    """When an incident took place and when the alert was raised, in UTC."""
    if incident.first_ts is None:
        return "the log has no times"
    first, last = moment(incident.first_ts), clock(incident.last_ts, incident.first_ts)
    seconds = elapsed(incident.first_ts, incident.last_ts)
    length = f" ({duration(seconds)})" if seconds else ""
    raised = clock(incident.alert_ts, incident.first_ts)
    return f"{first} {arrow} {last}{length}" + (f", alert {raised}" if incident.alert_ts else "")


def alarm(incident: Incident) -> str:
    """How far the actor had come when the alert was raised."""
    before = incident.requests_before_alert
    if before > 1:
        return f"first alert at request {before:,} of the actor"
    return "alert at the first request"


def titles(incident: Incident) -> list[str]:
    """Names of the attack types of an incident, for people."""
    return [REFERENCES[kind].title for kind in incident.attack_types] or ["Unusual behaviour"]


def success(incident: Incident) -> str:
    """Whether the attack worked, as far as responses tell."""
    if incident.succeeded is None:
        return "not known from the log"
    return (
        "the responses suggest that it worked" if incident.succeeded else "no sign that it worked"
    )


def by_severity(report: ScanReport) -> dict[Severity, int]:
    """Incidents of each severity, worst first, zeros included."""
    counts = Counter(incident.severity for incident in report.incidents)
    return {severity: counts[severity] for severity in SEVERITIES}


def by_attack_type(report: ScanReport) -> list[tuple[str, int]]:
    """Title of each attack type and the number of incidents that show it, most first."""
    counts = Counter(
        kind for incident in report.incidents for kind in dict.fromkeys(incident.attack_types)
    )
    return [
        (REFERENCES[kind].title, count)
        for kind, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]


def headline(report: ScanReport) -> str:
    """The result of the scan in one sentence."""
    if not report.input.parsed:
        return (
            "No requests were read."
            if not report.input.lines
            else "Not one line could be read as a request."
        )
    if not report.incidents:
        return "No incidents found."
    worst = [
        f"{count:,} {severity.lower()}" for severity, count in by_severity(report).items() if count
    ]
    worked = sum(incident.succeeded is True for incident in report.incidents)
    text = f"{plural(len(report.incidents), 'incident')}: {', '.join(worst)}."
    return text + (f" {worked:,} may have succeeded." if worked else "")


def squeezed(buckets: tuple[TimelineBucket, ...], columns: int) -> list[TimelineBucket]:
    """The timeline in at most `columns` slices of equal length: neighbours are added up."""
    length = -(-len(buckets) // columns)
    if length <= 1:
        return list(buckets)
    groups = [buckets[low : low + length] for low in range(0, len(buckets), length)]
    return [
        TimelineBucket(
            group[0].ts,
            sum(b.requests for b in group),
            sum(b.errors for b in group),
            sum(b.attacks for b in group),
        )
        for group in groups
    ]
