"""One incident on the terminal: the sentence, the facts, the reasons, a request that shows it."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from apisentinel.cli import figures
from apisentinel.cli.console import PROSE, STYLES, chip, folded, foreign, glyphs
from apisentinel.records.evidence import Incident, Sample

MAX_FACTORS, MAX_NAMES, MAX_TYPES = 6, 4, 4

MAX_REASON, MAX_URL, MAX_MATCH = 400, 300, 160
"""Characters shown of texts that are longer or shorter than others."""

FACT_INDENT = 12
"""Columns left of the facts: two of the block, ten of the longest name."""

CHIP = 13
"""Columns of the longest severity chip and a space, so that risks stand below each other."""


class IncidentText:
    """Prints one incident."""

    __slots__ = ("glyphs", "incident", "out", "width")

    def __init__(self, incident: Incident, out: Console) -> None:
        self.incident = incident
        self.out = out
        self.width = min(out.width, PROSE)
        self.glyphs = glyphs(out)

    def show(self) -> None:
        """Prints heading, sentence and facts."""
        incident = self.incident
        mark = chip(incident.severity, self.glyphs)
        head = Text.assemble(mark, " " * (CHIP - mark.cell_len), (f"{incident.risk:>3}  ", "bold"))
        kinds = figures.titles(incident)
        more = f" (+{len(kinds) - MAX_TYPES})" if len(kinds) > MAX_TYPES else ""
        head.append(f"{', '.join(kinds[:MAX_TYPES])}{more}", STYLES["title"])
        head.append_text(foreign(f"  {incident.id}", STYLES["quiet"]))
        self.out.print(head)
        self._indented(foreign(incident.reason, limit=MAX_REASON))
        facts = Table.grid(padding=(0, 2, 0, 0))
        facts.add_column(no_wrap=True, style=STYLES["quiet"])
        facts.add_column(overflow="fold")
        for name, value in self._facts():
            facts.add_row(name, value)
        self._indented(facts)

    def _indented(self, what: Text | Table) -> None:
        self.out.print(Padding(what, (0, 0, 0, 2)), width=self.width)

    def _facts(self) -> Iterator[tuple[str, Text | Table]]:
        incident = self.incident
        named = [f"{entity.kind} {entity.id}" for entity in incident.entities]
        yield "who", self._names(named, max(incident.entities_total, len(named)))
        yield "where", self._names(incident.endpoints, len(incident.endpoints))
        if incident.first_ts is not None:
            yield "when", foreign(figures.when(incident, self.glyphs.arrow))
        alarm = figures.alarm(incident)
        yield "requests", Text(f"{incident.requests:,}, {alarm}")
        marks = {
            True: (self.glyphs.yes, STYLES["bad"]),
            False: (self.glyphs.no, STYLES["good"]),
            None: ("?", STYLES["quiet"]),
        }
        sign, style = marks[incident.succeeded]
        yield "success", Text(f"{sign} {figures.success(incident)}", style)
        if incident.factors:
            yield "why", self._factors()
        if incident.explanation is not None:
            yield "unless", foreign(incident.explanation.counterfactual.text, limit=MAX_REASON)
        if incident.samples:
            yield "sample", self._sample(incident.samples[0])

    def _names(self, names: Sequence[str], total: int) -> Text:
        shown = names[:MAX_NAMES]
        text = Text(", ").join(foreign(name) for name in shown)
        text.overflow = "fold"
        if total > len(shown):
            text.append(f" (+{total - len(shown):,} more)", STYLES["quiet"])
        return text

    def _factors(self) -> Table:
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(overflow="fold")
        for _ in range(2):
            table.add_column(justify="right", overflow="fold", max_width=self.width // 4)
        table.add_column(justify="right", no_wrap=True)
        table.add_row(*(Text(name, STYLES["quiet"]) for name in ("", "seen", "usual", "risk")))
        ordered = sorted(self.incident.factors, key=lambda factor: -abs(factor.contribution))
        for factor in ordered[:MAX_FACTORS]:
            values = (figures.measured(value, factor) for value in (factor.actual, factor.usual))
            seen, usual = (foreign(value, limit=MAX_MATCH) for value in values)
            adds = Text(figures.points(factor.contribution), STYLES["title"])
            table.add_row(foreign(factor.name), seen, usual, adds)
        rest = ordered[MAX_FACTORS:]
        if rest:
            adds = Text(figures.points(sum(factor.contribution for factor in rest)))
            name = Text(figures.plural(len(rest), "other reason"), STYLES["quiet"])
            table.add_row(name, "", "", adds)
        return table

    def _sample(self, sample: Sample) -> Text:
        status = "no status" if sample.status is None else sample.status
        text = foreign(f"{sample.method} {sample.url}", limit=MAX_URL)
        text.append(f" {self.glyphs.arrow} {status}", STYLES["quiet"])
        text = folded(text, self.width - FACT_INDENT)
        if sample.match:
            text.append("\nmatched ", STYLES["quiet"])
            text.append_text(foreign(sample.match, "bold", limit=MAX_MATCH))
            text.append(" in ", STYLES["quiet"])
            text.append_text(foreign(sample.where or "the request", limit=MAX_MATCH))
        elif sample.user_agent:
            text.append("\nagent ", STYLES["quiet"])
            text.append_text(foreign(sample.user_agent, limit=MAX_MATCH))
        return text
