"""One incident in the HTML report: what happened, why we think so, and requests that show it."""

from collections.abc import Iterable, Sequence

from apisentinel.cli import charts, figures
from apisentinel.cli.markup import Content, Markup, element, foreign, join
from apisentinel.records.evidence import Factor, Incident, Sample
from apisentinel.records.taxonomy import REFERENCES, AttackType, Severity, severity_of

MAX_SAMPLES, MAX_ENTITIES, MAX_ENDPOINTS, MAX_FACTORS = 5, 20, 20, 20
"""Longest lists of one incident: what a person reads; the JSON report has all."""

UNFOLDED = 3
"""Incidents at the top whose evidence is open at once; the rest is one click away."""

MAX_REASON, MAX_NAME, MAX_URL, MAX_MATCH, MAX_AGENT, MAX_VALUE = 600, 200, 1_000, 500, 300, 120
MAX_BRIEF, MAX_BRIEF_REASON = 60, 300
"""Characters of attacker text in one place."""

SHAPES = {
    Severity.CRITICAL: "M5 0 10 5 5 10 0 5z",
    Severity.HIGH: "M5 .5 10 9.5H0z",
    Severity.MEDIUM: "M.8.8h8.4v8.4H.8z",
    Severity.LOW: "M5 .4a4.6 4.6 0 1 1 0 9.2A4.6 4.6 0 0 1 5 .4z",
}
"""Outline of the sign of each severity: told apart without colour."""


def anchor(incident: Incident, number: int) -> str:
    """The name under which a link finds the incident; the same for the same input."""
    kept = "".join(
        char for char in incident.id if char.isascii() and (char.isalnum() or char in "-_")
    )[:64]
    return f"incident-{kept}" if kept == incident.id else f"incident-{number}"


def chip(severity: Severity, number: int | None = None) -> Markup:
    """Severity as colour, shape and word, and the risk where it is known."""
    sign = element(
        "svg", element("path", d=SHAPES[severity]), viewBox="0 0 10 10", aria_hidden="true"
    )
    shown = None if number is None else element("b", f"{number} ")
    return element(
        "span", sign, shown, severity.value.capitalize(), class_=f"chip {severity.lower()}"
    )


def risk(number: int) -> Markup:
    """A risk with its severity; low ones without a chip, for most are."""
    severity = severity_of(number)
    return (
        element("span", f"{number}", class_="quiet")
        if severity is Severity.LOW
        else chip(severity, number)
    )


def overview_row(incident: Incident, number: int) -> Sequence[Content]:
    """Cells of the incident in the list of all."""
    names = incident.entities[:1]
    total = max(incident.entities_total, len(incident.entities))
    more = (
        element("span", f" +{total - len(names):,}", class_="quiet") if total > len(names) else None
    )
    link = element("a", ", ".join(figures.titles(incident)), href=f"#{anchor(incident, number)}")
    who = join([[foreign(entity.id, MAX_BRIEF, "code") for entity in names], more])
    return (
        chip(incident.severity, incident.risk),
        link,
        who,
        foreign(incident.reason, MAX_BRIEF_REASON),
        f"{incident.requests:,}",
        _success(incident),
    )


def _success(incident: Incident) -> Markup:
    words = {True: "yes, it seems", False: "no sign", None: "not known"}
    return element(
        "span",
        words[incident.succeeded],
        class_={True: "worked", False: "failed", None: "quiet"}[incident.succeeded],
    )


def article(incident: Incident, number: int) -> Markup:
    """The incident in full."""
    name = anchor(incident, number)
    heading = element(
        "h3",
        chip(incident.severity, incident.risk),
        " ",
        ", ".join(figures.titles(incident)),
        " ",
        element("a", "#", href=f"#{name}", aria_label="Link to this incident", class_="self"),
        id=f"{name}-title",
    )
    return element(
        "article",
        heading,
        foreign(incident.reason, MAX_REASON, "p"),
        element("dl", [_fact(label, value) for label, value in _facts(incident)], class_="facts"),
        _factors(incident),
        _evidence(incident, unfolded=number <= UNFOLDED),
        id=name,
        aria_labelledby=f"{name}-title",
    )


def _fact(label: str, value: Content) -> Markup:
    return element("div", element("dt", label), element("dd", value))


def _facts(incident: Incident) -> Iterable[tuple[str, Content]]:
    named = [
        join([foreign(entity.kind, MAX_NAME), " ", foreign(entity.id, MAX_NAME, "code")])
        for entity in incident.entities[:MAX_ENTITIES]
    ]
    yield "Who", _list(named, max(incident.entities_total, len(incident.entities)))
    yield (
        "Where",
        _list(
            [foreign(name, MAX_NAME, "code") for name in incident.endpoints[:MAX_ENDPOINTS]],
            len(incident.endpoints),
        ),
    )
    yield "When", _shown(figures.when(incident) + ("" if incident.first_ts is None else " UTC"))
    yield "Requests", f"{incident.requests:,}; {figures.alarm(incident)}"
    yield (
        "Worked?",
        element(
            "span",
            figures.success(incident),
            class_={True: "worked", False: "failed", None: None}[incident.succeeded],
        ),
    )
    why = incident.explanation
    if why is not None:
        yield "Otherwise", foreign(why.counterfactual.text, MAX_REASON)
        yield "Confidence", f"{why.confidence} %: {why.data}"
        cards = {item.detector: item.card for item in why.reasons}
        yield "Found by", _list([_card(name, card) for name, card in cards.items()], len(cards))
    yield "Known as", join(_reference(kind) for kind in dict.fromkeys(incident.attack_types))
    yield "Id", foreign(incident.id, MAX_NAME, "code")


def _card(detector: str, card: str) -> Markup:
    """Name of a detector with the page that describes it."""
    return element("span", element("code", detector), " ", element("span", card, class_="quiet"))


def _list(items: list[Markup], total: int) -> Markup:
    more = (
        element("li", f"and {total - len(items):,} more", class_="quiet")
        if total > len(items)
        else None
    )
    return element("ul", [element("li", item) for item in items], more, class_="inline")


def _shown(text: str) -> Markup:
    return foreign(text, MAX_NAME)


def _reference(kind: AttackType) -> Markup:
    entry = REFERENCES[kind]
    ids = [
        f"OWASP {entry.owasp}",
        *(f"CWE-{n}" for n in entry.cwe),
        *(f"CAPEC-{n}" for n in entry.capec),
        *(f"ATT&CK {n}" for n in entry.attack),
    ]
    return element("div", f"{entry.title}: ", element("span", ", ".join(ids), class_="quiet"))


def _factors(incident: Incident) -> Markup | None:
    if not incident.factors:
        return None
    ordered = sorted(incident.factors, key=lambda factor: -abs(factor.contribution))
    shown = ordered[:MAX_FACTORS]
    peak = max(abs(factor.contribution) for factor in ordered)
    rows = [_factor_row(factor, peak, incident.severity) for factor in shown]
    heads = ("Why", "Seen", "Usual here", "Adds to the risk")
    head = element(
        "tr",
        [
            element("th", name, scope="col", class_="num" if 0 < index < 3 else None)
            for index, name in enumerate(heads)
        ],
    )
    more = element(
        "p",
        f"{figures.plural(len(ordered) - len(shown), 'more reason')} in the JSON report.",
        class_="quiet",
    )
    table = element("table", element("thead", head), element("tbody", rows), class_="factors")
    return join(
        [element("div", table, class_="scroll"), more if len(ordered) > len(shown) else None]
    )


def _factor_row(factor: Factor, peak: float, severity: Severity) -> Markup:
    values = (
        foreign(figures.measured(value, factor), MAX_VALUE)
        for value in (factor.actual, factor.usual)
    )
    adds = join(
        [
            element("span", figures.points(factor.contribution), class_="points"),
            charts.share_bar(abs(factor.contribution), peak, severity.lower()),
        ]
    )
    about = [factor.window] if factor.window else []
    if factor.n is not None and factor.usual is not None:
        about.append(f"usual from {figures.plural(factor.n, 'request')}")
    note = element("small", " ", ", ".join(about), class_="quiet") if about else None
    return element(
        "tr",
        element("th", foreign(factor.name, MAX_NAME), note, scope="row"),
        [element("td", value, class_="num") for value in values],
        element("td", element("div", adds), class_="adds"),
    )


def _evidence(incident: Incident, *, unfolded: bool) -> Markup | None:
    if not incident.samples:
        return None
    shown = incident.samples[:MAX_SAMPLES]
    title = f"Evidence: {figures.plural(len(shown), 'sample request')}"
    return element(
        "details",
        element("summary", title),
        element("ol", [element("li", _sample(sample)) for sample in shown], class_="samples"),
        open=unfolded,
    )


def _sample(sample: Sample) -> Markup:
    status = "no status" if sample.status is None else str(sample.status)
    request = element(
        "p",
        foreign(sample.method, MAX_NAME, "b"),
        " ",
        foreign(sample.url, MAX_URL, "code"),
        f" → {status}",
        class_="request",
    )
    facts: list[tuple[str, Content]] = []
    if sample.match:
        facts.append(("Matched", element("mark", foreign(sample.match, MAX_MATCH, "code"))))
        facts.append(("In", foreign(sample.where or "the request", MAX_NAME)))
    if sample.decoded:
        layers = [element("li", foreign(text, MAX_MATCH, "code")) for text in sample.decoded]
        facts.append(("Decoded", element("ol", layers)))
    facts.append(("From", foreign(sample.client, MAX_NAME, "code")))
    facts.append(
        ("At", _shown(f"{figures.moment(sample.ts)}{'' if sample.ts is None else ' UTC'}"))
    )
    facts.append(("Agent", foreign(sample.user_agent or "none", MAX_AGENT, "code")))
    return join(
        [request, element("dl", [_fact(label, value) for label, value in facts], class_="facts")]
    )
