"""The report as one HTML file: no script, no network, and of attackers' text only the letters."""

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files

from apisentinel import __version__
from apisentinel.cli import charts, figures
from apisentinel.cli.incident_page import article, chip, overview_row, risk
from apisentinel.cli.markup import Content, Markup, element, foreign, join, style
from apisentinel.records.report import ScanReport

MAX_INCIDENTS = 200
"""Incidents told in full; the JSON report has all.

With the limits of `incident_page` the file stays below some 10 MB, however long texts are.
"""

MAX_ROWS = 200
MAX_FILES = 200
MAX_TEXT = 300
MAX_EXAMPLE = 500


def page(report: ScanReport) -> bytes:
    """The whole report.

    Its content policy forbids scripts, requests, frames and forms, and allows this style sheet.

    Args:
        report: What to show; may hold any text.

    Returns:
        A UTF-8 encoded HTML document.
    """
    css = files("apisentinel.cli").joinpath("report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="generator", content=f"API Sentinel {__version__}"),
        element("title", f"API Sentinel: {figures.headline(report)}"),
        style(css),
    )
    shown = report.incidents[:MAX_INCIDENTS]
    body = element(
        "body",
        element("a", "Skip to the incidents", href="#incidents", class_="skip"),
        element(
            "div",
            _header(report),
            element(
                "main",
                _overview(report),
                _incidents(report),
                [article(i, n) for n, i in enumerate(shown, 1)],
                _endpoints(report),
                _clients(report),
                _input(report),
            ),
            _footer(),
            class_="page",
        ),
    )
    document = f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"
    return document.encode("utf-8", "replace")


def _header(report: ScanReport) -> Markup:
    partial = element(
        "p",
        "Partial report: the scan was interrupted. It covers what was read until then.",
        class_="notice",
        role="note",
    )
    return element(
        "header",
        element("p", element("strong", "API Sentinel"), " scan report", class_="brand"),
        element("h1", figures.headline(report)),
        element("p", figures.period(report.period), class_="quiet"),
        partial if report.interrupted else None,
        element(
            "nav",
            element(
                "ul",
                [
                    element("li", element("a", name, href=f"#{anchor}"))
                    for anchor, name in _parts(report)
                ],
            ),
            aria_label="Parts of the report",
        ),
    )


def _parts(report: ScanReport) -> list[tuple[str, str]]:
    parts = (
        ("overview", "Overview", True),
        ("incidents", "Incidents", True),
        ("endpoints", "Endpoints", bool(report.endpoints)),
        ("clients", "Clients", bool(report.clients)),
        ("input", "Input", True),
    )
    return [(anchor, name) for anchor, name, there in parts if there]


def section(anchor: str, title: str, *children: Content | Sequence[Content]) -> Markup:
    """A part of the report with its heading."""
    return element(
        "section",
        element("h2", title, id=f"{anchor}-title"),
        *children,
        id=anchor,
        aria_labelledby=f"{anchor}-title",
    )


def _overview(report: ScanReport) -> Markup:
    totals = report.totals
    tiles = (
        ("Requests", totals.requests),
        ("Clients", totals.clients),
        ("Users", totals.users),
        ("Sessions", totals.sessions),
        ("Endpoints", totals.endpoints),
        ("Incidents", len(report.incidents)),
    )
    counted = [
        element("div", element("dt", name), element("dd", f"{value:,}"))
        for name, value in tiles
        if value or name in {"Requests", "Incidents"}
    ]
    severities = [
        (chip(severity), severity.value.capitalize(), count, severity.lower())
        for severity, count in figures.by_severity(report).items()
    ]
    kinds = [(name, name, count, "kind") for name, count in figures.by_attack_type(report)]
    pair = element(
        "div",
        charts.bar_list("Incidents by severity", "Incidents", severities),
        charts.bar_list("Incidents by attack type", "Incidents", kinds),
        class_="pair",
    )
    return section(
        "overview",
        "Overview",
        element("dl", counted, class_="tiles"),
        charts.timeline(report.timeline),
        pair if report.incidents else None,
    )


def _incidents(report: ScanReport) -> Markup:
    if not report.incidents:
        return section("incidents", "Incidents", element("p", figures.headline(report)))
    shown = report.incidents[:MAX_INCIDENTS]
    left = len(report.incidents) - len(shown)
    note = (
        f"The {len(shown)} with the highest risk; {left:,} more are in the JSON report (--json)."
        if left
        else "Highest risk first."
    )
    rows = [overview_row(incident, number) for number, incident in enumerate(shown, 1)]
    heads = ("Risk", "Attack", "Who", "What happened", "Requests", "Worked?")
    return section(
        "incidents",
        "Incidents",
        element("p", note, class_="quiet"),
        table(heads, rows, numeric=(4,), class_="index"),
    )


def table(
    heads: Sequence[str],
    rows: Sequence[Sequence[Content]],
    *,
    numeric: Sequence[int] = (),
    class_: str | None = None,
) -> Markup:
    """A table whose first column names the row; cells carry their heading for narrow screens."""
    head = element(
        "tr",
        [
            element("th", name, scope="col", class_="num" if index in numeric else None)
            for index, name in enumerate(heads)
        ],
    )
    body = [
        element(
            "tr",
            [
                element(
                    "td" if index else "th",
                    cell,
                    scope=None if index else "row",
                    class_="num" if index in numeric else None,
                    data_name=heads[index],
                )
                for index, cell in enumerate(row)
            ],
        )
        for row in rows
    ]
    return element(
        "div",
        element("table", element("thead", head), element("tbody", body), class_=class_),
        class_="scroll",
    )


def _capped(number: int, shown: int, noun: str) -> Markup | None:
    return (
        element("p", f"{number - shown:,} more {noun} are in the JSON report.", class_="quiet")
        if number > shown
        else None
    )


def _endpoints(report: ScanReport) -> Markup | None:
    if not report.endpoints:
        return None
    shown = report.endpoints[:MAX_ROWS]
    rows = [
        (
            foreign(item.endpoint, MAX_TEXT, "code"),
            f"{item.requests:,}",
            f"{item.clients:,}",
            figures.share(item.errors_4xx),
            figures.share(item.errors_5xx),
            "–" if item.p95_ms is None else figures.milliseconds(item.p95_ms),
            figures.size(item.bytes_out),
            risk(item.risk),
        )
        for item in shown
    ]
    heads = ("Endpoint", "Requests", "Clients", "4xx", "5xx", "95 % below", "Sent", "Risk")
    return section(
        "endpoints",
        "Endpoints",
        table(heads, rows, numeric=range(1, 7)),
        _capped(len(report.endpoints), len(shown), "endpoints"),
    )


def _clients(report: ScanReport) -> Markup | None:
    if not report.clients:
        return None
    shown = report.clients[:MAX_ROWS]
    rows = [
        (
            foreign(item.client, MAX_TEXT, "code"),
            f"{item.requests:,}",
            foreign(item.agent_kind.replace("_", " "), MAX_TEXT),
            foreign(", ".join(item.attack_types).replace("_", " ") or "–", MAX_TEXT),
            risk(item.risk),
        )
        for item in shown
    ]
    heads = ("Client", "Requests", "Agent", "Attacks", "Risk")
    return section(
        "clients",
        "Clients",
        table(heads, rows, numeric=(1,)),
        _capped(len(report.clients), len(shown), "clients"),
    )


def _input(report: ScanReport) -> Markup:
    lines = report.input
    part = figures.share(lines.parsed / lines.lines) if lines.lines else "none"
    late = (
        f" {figures.plural(lines.late, 'line')} came later than the reorder window allows."
        if lines.late
        else ""
    )
    read = f"{lines.parsed:,} of {figures.plural(lines.lines, 'line')} read as requests ({part})."
    took = f"Read in {figures.duration(report.seconds)}, "
    text = f"{read}{late} {took}{report.events_per_second:,.0f} lines a second."
    files_ = [
        (
            foreign(item.path, MAX_TEXT, "code"),
            join(
                [
                    foreign(item.format, MAX_TEXT),
                    element("br") if item.why else None,
                    foreign(item.why, MAX_TEXT, "small"),
                ]
            ),
            f"{item.lines:,}",
            f"{item.parsed:,}",
            figures.size(item.bytes),
            foreign(item.problem or "–", MAX_TEXT),
        )
        for item in lines.files[:MAX_FILES]
    ]
    unread = [
        (
            foreign(item.reason, MAX_TEXT),
            f"{item.count:,}",
            foreign(item.example, MAX_EXAMPLE, "code"),
        )
        for item in lines.unparsed
    ]
    return section(
        "input",
        "Input",
        element("p", text),
        table(("File", "Format", "Lines", "Read", "Size", "Problem"), files_, numeric=(2, 3, 4))
        if files_
        else None,
        _capped(len(lines.files), len(files_), "files"),
        element("h3", "Lines that could not be read") if unread else None,
        table(("Reason", "Lines", "First example"), unread, numeric=(1,)) if unread else None,
    )


def _footer() -> Markup:
    text = (
        f"API Sentinel {__version__}. Text from requests is shown as it was sent, with secrets "
        "masked; characters that do not show are written as "
    )
    return element("footer", element("p", text, element("i", "\\x1b", class_="esc"), "."))
