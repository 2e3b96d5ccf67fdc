"""The report on the terminal: what happened first, why next, the rest below."""

from collections.abc import Sequence

from rich.console import Console, JustifyMethod
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from apisentinel import __version__
from apisentinel.cli import figures
from apisentinel.cli.console import (
    ASCII,
    PROSE,
    STYLES,
    TYPEWRITER,
    chip,
    console,
    folded,
    foreign,
    glyphs,
)
from apisentinel.cli.incident_text import IncidentText
from apisentinel.cli.sparkline import sparkline
from apisentinel.records.evidence import Incident
from apisentinel.records.report import InputFile, ScanReport, TimelineBucket
from apisentinel.records.taxonomy import Severity, severity_of

MAX_TYPES, MAX_FILES = 4, 10

MAX_SLICES = 120
"""Slices of the timeline; more say nothing more to an eye."""

WIDE = 100
"""Columns from which tables show all their columns."""

EXAMPLE_INDENT = 11

WRAPPING = frozenset({"endpoint ", "attacks "})
"""Columns of tables that may take several lines."""


def show(report: ScanReport, *, top: int, to: Console | None = None) -> None:
    """Prints the report.

    Args:
        report: What to print.
        top: Longest list.
        to: Console to print to; standard output by default.

    Raises:
        BrokenPipeError: The reader has gone.
    """
    out = to or console()
    signs = glyphs(out)
    if out.is_terminal and signs is not ASCII:
        Terminal(out, top).show(report)
        return
    with out.capture() as captured:
        Terminal(out, top).show(report)
    text = "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())
    out.file.write(text if signs is not ASCII else text.translate(TYPEWRITER))


class Terminal:
    """Writes one report to one console."""

    __slots__ = ("glyphs", "out", "top", "width")

    def __init__(self, out: Console, top: int) -> None:
        self.out = out
        self.top = top
        self.width = out.width
        self.glyphs = glyphs(out)

    def show(self, report: ScanReport) -> None:
        """Prints all parts of the report that have content."""
        self._header(report)
        self._timeline(report.timeline)
        self._incidents(report.incidents)
        self._endpoints(report)
        self._clients(report)
        self._input(report)

    def _line(self, *parts: str | Text, style: str = "") -> None:
        self.out.print(Text.assemble(*parts, style=style), width=min(self.width, PROSE))

    def _section(self, name: str, note: str = "") -> None:
        self.out.print()
        text = Text(f"{name} ", STYLES["title"])
        text.append(f"{note} " if note else "", STYLES["quiet"])
        text.append(self.glyphs.rule * max(self.width - text.cell_len, 0), STYLES["quiet"])
        text.truncate(self.width)
        self.out.print(text)

    def _more(self, text: str) -> None:
        self._line(f"{self.glyphs.ellipsis} {text}", style=STYLES["quiet"])

    def _header(self, report: ScanReport) -> None:
        totals, dot = report.totals, f" {self.glyphs.dot} "
        name = Text("API Sentinel ", STYLES["title"])
        self._line(name, Text(__version__, STYLES["quiet"]), dot, figures.period(report.period))
        counts = [figures.plural(totals.requests, "request")]
        named = ("client", totals.clients), ("user", totals.users), ("session", totals.sessions)
        for noun, count in (*named, ("endpoint", totals.endpoints)):
            counts += [figures.plural(count, noun)] if count else []
        self._line(dot.join(counts))
        read = figures.plural(len(report.input.files), "file")
        speed = f"{report.events_per_second:,.0f} lines/s"
        took = f"read {read} in {figures.duration(report.seconds)}{dot}{speed}"
        self._line(took, style=STYLES["quiet"])
        if report.interrupted:
            text = "PARTIAL REPORT: interrupted; what follows covers what was read until then."
            self._line(Text(text, STYLES["bad"]))
        if report.held_back:
            held = figures.plural(report.held_back, "entity", "entities")
            self._line(Text(f"The alert budget held back {held}.", STYLES["bad"]))
        self.out.print()
        self._summary(report)

    def _summary(self, report: ScanReport) -> None:
        if not report.incidents:
            self._line(Text(figures.headline(report), STYLES["title"]))
            return
        parts = [Text(figures.plural(len(report.incidents), "incident"), STYLES["title"])]
        for severity, count in figures.by_severity(report).items():
            parts += [Text.assemble(chip(severity, self.glyphs), f" {count:,}")] if count else []
        worked = sum(incident.succeeded is True for incident in report.incidents)
        if worked:
            parts.append(Text(f"{self.glyphs.yes} {worked:,} may have succeeded", STYLES["bad"]))
        self._line(Text("  ").join(parts))

    def _timeline(self, buckets: tuple[TimelineBucket, ...]) -> None:
        if len(buckets) < 2:
            return
        slices = figures.squeezed(buckets, min(self.width - 36, MAX_SLICES))
        self._section("Timeline", f"{len(slices)} slices, UTC")
        rows = (
            ("requests", [item.requests for item in slices], ""),
            ("errors", [item.errors for item in slices], "yellow"),
            ("attacks", [item.attacks for item in slices], STYLES["bad"]),
        )
        for name, values, style in rows:
            line = sparkline(values, self.glyphs.blocks)
            peak = f"  {sum(values):,} (peak {max(values):,})"
            text = Text.assemble(f"{name:>9} ", (line, style), (peak, STYLES["quiet"]))
            self.out.print(text, overflow="ellipsis", no_wrap=True)
        begin = figures.moment(slices[0].ts)
        end = figures.clock(slices[-1].ts, slices[0].ts)
        gap = " " * max(len(slices) - len(begin) - len(end), 1)
        axis = Text(f"{'':>10}{begin}{gap}{end}", STYLES["quiet"])
        self.out.print(axis, overflow="ellipsis", no_wrap=True)

    def _incidents(self, incidents: Sequence[Incident]) -> None:
        if not incidents:
            return
        shown = incidents[: self.top]
        left = len(incidents) - len(shown)
        part = f"{len(shown):,} of {len(incidents):,}, " if left else ""
        self._section("Incidents", f"{part}highest risk first")
        for index, incident in enumerate(shown):
            if index:
                self.out.print()
            IncidentText(incident, self.out).show()
        if left:
            self.out.print()
            hint = f"--top {len(incidents)}, --html FILE or --json FILE show them"
            self._more(f"{figures.plural(left, 'more incident')}: {hint}")

    def _risk(self, risk: int) -> Text:
        severity = severity_of(risk)
        if severity is Severity.LOW:
            return Text.assemble(
                (f"{risk:>6}" if self.width >= WIDE else f"{risk:>3}", STYLES["quiet"])
            )
        shape = f" {self.glyphs.shapes[severity]} " if self.width >= WIDE else ""
        word = f"{shape}{risk:>3} {severity.value}{' ' if shape else ''}"
        return Text.assemble((word, STYLES[severity]))  # a style of the cell would fill the column

    def _table(self, columns: Sequence[str], rows: Sequence[Sequence[str | Text]]) -> None:
        """Prints a table.

        Args:
            columns: Names; one that begins with a space is left out where it is narrow, one that
                ends with a space holds text.
            rows: One cell for each column.
        """
        kept = [self.width >= WIDE or not name.startswith(" ") for name in columns]
        table = Table(box=None, padding=(0, 2, 0, 0), header_style=STYLES["quiet"])
        for name, keep in zip(columns, kept, strict=True):
            if keep:
                side: JustifyMethod = "left" if name.endswith(" ") else "right"
                wraps = name in WRAPPING
                table.add_column(name.strip(), justify=side, no_wrap=not wraps, overflow="fold")
        for row in rows:
            table.add_row(*(cell for cell, keep in zip(row, kept, strict=True) if keep))
        self.out.print(table)

    def _endpoints(self, report: ScanReport) -> None:
        shown = report.endpoints[: self.top]
        if not shown:
            return
        self._section("Top endpoints")
        columns = ("endpoint ", "requests", " clients", "4xx", "5xx", " p95", " sent", "risk ")
        rows = [
            (
                foreign(item.endpoint),
                f"{item.requests:,}",
                f"{item.clients:,}",
                figures.share(item.errors_4xx),
                figures.share(item.errors_5xx),
                "–" if item.p95_ms is None else figures.milliseconds(item.p95_ms),
                figures.size(item.bytes_out),
                self._risk(item.risk),
            )
            for item in shown
        ]
        self._table(columns, rows)

    def _clients(self, report: ScanReport) -> None:
        shown = report.clients[: self.top]
        if not shown:
            return
        self._section("Clients", "highest risk first")
        rows = [
            (
                foreign(item.client),
                f"{item.requests:,}",
                foreign(item.agent_kind),
                foreign(", ".join(item.attack_types[:MAX_TYPES]) or "–"),
                self._risk(item.risk),
            )
            for item in shown
        ]
        self._table(("client ", "requests", " agent ", "attacks ", "risk "), rows)

    def _input(self, report: ScanReport) -> None:
        lines = report.input
        self._section("Input")
        part = f" ({figures.share(lines.parsed / lines.lines)})" if lines.lines else ""
        late = f"; {lines.late:,} later than the reorder window" if lines.late else ""
        total = figures.plural(lines.lines, "line")
        self._line(f"{lines.parsed:,} of {total} read as requests{part}{late}")
        for file in lines.files[:MAX_FILES]:
            self._file(file)
        if len(lines.files) > MAX_FILES:
            self._more(figures.plural(len(lines.files) - MAX_FILES, "more file"))
        if not lines.unparsed:
            return
        self.out.print()
        self._line("Not read", style=STYLES["quiet"])
        for item in lines.unparsed[: self.top]:
            reason = Text.assemble(f"{item.count:>9,}  ", foreign(item.reason))
            self.out.print(reason, width=self.width)
            example = foreign(item.example, STYLES["quiet"])
            text = folded(example, self.width - EXAMPLE_INDENT)
            self.out.print(Padding(text, (0, 0, 0, EXAMPLE_INDENT)))

    def _file(self, file: InputFile) -> None:
        dot = f" {self.glyphs.dot} "
        why = f", {file.why}" if file.why else ""
        size = f"{figures.plural(file.lines, 'line')}{dot}{figures.size(file.bytes)}"
        detail = foreign(f"  {file.format}{why}{dot}{size}", STYLES["quiet"])
        text = Text.assemble(foreign(file.path), detail)
        if file.problem:
            text.append_text(foreign(f"  {file.problem}", STYLES["bad"]))
        self.out.print(text, width=self.width)
