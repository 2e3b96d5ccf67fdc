"""Charts as SVG without text or script: shapes that scale; words and numbers stand beside them."""

from collections.abc import Sequence

from apisentinel.cli import figures
from apisentinel.cli.markup import Content, Markup, element
from apisentinel.records.report import TimelineBucket

MAX_SLICES = 120
"""Slices of the timeline: each is then at least three pixels wide on a phone."""

TABLE_SLICES = 48
"""Rows of the timeline's table; more would be no alternative to a chart."""

HEIGHT = 100
GAP = 0.12


def timeline(buckets: tuple[TimelineBucket, ...]) -> Markup | None:
    """Requests, errors and attacks over time with summary and table; None with nothing to draw."""
    if len(buckets) < 2:
        return None
    slices = figures.squeezed(buckets, MAX_SLICES)
    busiest = max(slices, key=lambda item: item.requests)
    worst = max(slices, key=lambda item: item.attacks)
    total = sum(item.requests for item in slices)
    attacks = sum(item.attacks for item in slices)
    summary = (
        f"{figures.plural(total, 'request')} in {len(slices)} slices of time, "
        f"most ({busiest.requests:,}) from {figures.moment(busiest.ts)} UTC. "
    )
    peak = f"{attacks:,} with attack content, most ({worst.attacks:,}) from "
    summary += f"{peak}{figures.moment(worst.ts)} UTC." if attacks else "None with attack content."
    rows = figures.squeezed(buckets, TABLE_SLICES)
    return element(
        "figure",
        element("figcaption", element("strong", "Timeline. "), summary),
        element(
            "div",
            _key("requests", "Requests"),
            _key("errors", "Answered with an error (status 400 and above)"),
            _key("attacks", "With attack content"),
            class_="legend",
        ),
        _panel(
            "Requests and errors",
            busiest.requests,
            [
                _bars([item.requests for item in slices], "requests"),
                _bars([item.errors for item in slices], "errors", busiest.requests),
            ],
            slices,
        ),
        _panel(
            "Attacks",
            worst.attacks,
            [_bars([item.attacks for item in slices], "attacks")],
            slices,
            short=True,
        )
        if attacks
        else None,
        element(
            "div",
            element("span", figures.moment(slices[0].ts)),
            element("span", f"{figures.moment(slices[-1].ts)} UTC"),
            class_="axis",
        ),
        table_alternative(
            ("From (UTC)", "Requests", "Errors", "Attacks"),
            [
                (
                    figures.moment(item.ts),
                    f"{item.requests:,}",
                    f"{item.errors:,}",
                    f"{item.attacks:,}",
                )
                for item in rows
            ],
        ),
    )


def _key(name: str, text: str) -> Markup:
    return element(
        "span",
        element("svg", _bar(0, 0, 10, 10, name), viewBox="0 0 10 10", aria_hidden="true"),
        text,
    )


def _panel(
    name: str,
    peak: int,
    layers: list[Markup],
    slices: Sequence[TimelineBucket],
    *,
    short: bool = False,
) -> Markup:
    """One drawing with its scale; the invisible columns on top give each slice its tooltip."""
    tips = [
        element(
            "rect",
            element(
                "title",
                f"{figures.moment(item.ts)} UTC: {item.requests:,} requests, "
                f"{item.errors:,} errors, {item.attacks:,} attacks",
            ),
            x=index,
            y=0,
            width=1,
            height=HEIGHT,
            class_="tip",
        )
        for index, item in enumerate(slices)
    ]
    drawing = element(
        "svg",
        element("title", name),
        layers,
        tips,
        viewBox=f"0 0 {len(slices)} {HEIGHT}",
        preserveAspectRatio="none",
        role="img",
        aria_label=f"{name} over time, at most {peak:,} in a slice",
        class_="chart short" if short else "chart",
    )
    return element(
        "div",
        element("span", f"{peak:,}", class_="peak", aria_hidden="true"),
        drawing,
        class_="panel",
    )


def _bars(values: Sequence[int], name: str, peak: int | None = None) -> Markup:
    """Bars of one series; the smallest value above nothing is still one unit high."""
    top = max(peak or max(values), 1)
    shapes = []
    for index, value in enumerate(values):
        if value > 0:
            height = max(value / top * HEIGHT, 1.5)
            shapes.append(_bar(index + GAP / 2, HEIGHT - height, 1 - GAP, height, name))
    return element("g", shapes)


def _bar(x: float, y: float, width: float, height: float, name: str) -> Markup:
    return element(
        "rect",
        x=_short(x),
        y=_short(y),
        width=_short(width),
        height=_short(height),
        class_=f"fill-{name}",
    )


def _short(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def bar_list(title: str, unit: str, rows: Sequence[tuple[Content, str, int, str]]) -> Markup:
    """Horizontal bars with their names and numbers, a summary and a table.

    Args:
        title: What is counted.
        unit: Noun of the counts.
        rows: For each bar its label, its plain name, its count and the name of its fill.

    Returns:
        A figure.
    """
    peak = max((count for _, _, count, _ in rows), default=0)
    parts = ", ".join(f"{name} {count:,}" for _, name, count, _ in rows if count)
    bars = [
        element(
            "li",
            element("span", label, class_="name"),
            share_bar(count, peak, fill),
            element("span", f"{count:,}", class_="count"),
        )
        for label, _, count, fill in rows
    ]
    summary = f"{parts}." if parts else "None."
    return element(
        "figure",
        element("figcaption", element("strong", f"{title}. "), summary),
        element("ul", bars, class_="bars", aria_hidden="true"),
        table_alternative((title, unit), [(name, f"{count:,}") for _, name, count, _ in rows]),
    )


def share_bar(value: float, peak: float, fill: str) -> Markup:
    """One bar, as long as its share of `peak`."""
    length = min(max(value / peak * 100, 0.0), 100.0) if peak > 0 else 0.0
    shape = _bar(0, 0, max(length, 1.0), 10, fill) if value > 0 else None
    return element(
        "svg",
        shape,
        viewBox="0 0 100 10",
        preserveAspectRatio="none",
        aria_hidden="true",
        class_="bar",
    )


def table_alternative(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    """The numbers of a chart as a table that can be unfolded."""
    head = element(
        "tr",
        [
            element("th", name, scope="col", class_="num" if index else None)
            for index, name in enumerate(heads)
        ],
    )
    body = [
        element(
            "tr",
            [
                element("td", cell, class_="num") if index else element("th", cell, scope="row")
                for index, cell in enumerate(row)
            ],
        )
        for row in rows
    ]
    table = element("table", element("thead", head), element("tbody", body))
    return element(
        "details",
        element("summary", "Show as a table"),
        element("div", table, class_="scroll"),
        class_="alternative",
    )
