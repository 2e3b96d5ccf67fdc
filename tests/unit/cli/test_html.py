"""The HTML report: inert whatever the traffic held, bounded, readable for everybody."""

import base64
import hashlib
from html.parser import HTMLParser
from importlib.resources import files

import pytest
from tests.unit.cli.report_samples import (
    PAYLOADS,
    empty_report,
    hostile_report,
    incident,
    sample,
    site_report,
)

from apisentinel.cli import html
from apisentinel.cli.markup import element
from apisentinel.records.evidence import EntityRef

KNOWN_TAGS = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "a",
    "div",
    "header",
    "p",
    "strong",
    "h1",
    "h2",
    "h3",
    "nav",
    "ul",
    "ol",
    "li",
    "main",
    "section",
    "dl",
    "dt",
    "dd",
    "figure",
    "figcaption",
    "span",
    "svg",
    "g",
    "rect",
    "path",
    "details",
    "summary",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "small",
    "bdi",
    "code",
    "i",
    "b",
    "br",
    "mark",
    "article",
    "footer",
}
KNOWN_ATTRIBUTES = {
    "charset",
    "http-equiv",
    "content",
    "name",
    "href",
    "class",
    "id",
    "lang",
    "role",
    "scope",
    "open",
    "dir",
    "data-name",
    "aria-label",
    "aria-labelledby",
    "aria-hidden",
    "viewbox",
    "preserveaspectratio",
    "x",
    "y",
    "width",
    "height",
    "d",
}


class Page(HTMLParser):
    """What a browser would see: elements, attributes, text."""

    def __init__(self, content):
        super().__init__(convert_charrefs=True)
        self.elements, self.text, self.open, self.comments = [], [], [], 0
        self.feed(content.decode())
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"{tag} closes something else"

    def handle_comment(self, data):
        self.comments += 1

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def page(report):
    return Page(html.page(report))


def shape(parsed):
    return [(tag, sorted(attributes)) for tag, attributes in parsed.elements]


REPORTS = [
    site_report(),
    empty_report(),
    site_report(interrupted=True),
    *map(hostile_report, PAYLOADS),
]


@pytest.mark.parametrize("report", REPORTS)
def test_only_known_elements_and_attributes_appear(report):
    parsed = page(report)
    assert {tag for tag, _ in parsed.elements} <= KNOWN_TAGS
    assert {name for _, attributes in parsed.elements for name in attributes} <= KNOWN_ATTRIBUTES
    assert parsed.open == []
    assert parsed.comments == 0


@pytest.mark.parametrize("text", PAYLOADS)
def test_a_payload_changes_nothing_but_text(text):
    """The page has the shape that harmless text gives it; only visible escapes come on top."""
    plain = [item for item in shape(page(hostile_report("harmless"))) if item[0] != "i"]
    assert [item for item in shape(page(hostile_report(text))) if item[0] != "i"] == plain


@pytest.mark.parametrize("text", PAYLOADS)
def test_links_lead_into_the_page_only(text):
    parsed = page(hostile_report(text))
    ids = {attributes["id"] for _, attributes in parsed.elements if "id" in attributes}
    for link in parsed.all("a"):
        assert link["href"].removeprefix("#") in ids | {"incidents"}
    assert not {"src", "srcset", "action", "style", "ping"} & {
        n for _, a in parsed.elements for n in a
    }


@pytest.mark.parametrize("text", PAYLOADS)
def test_nothing_hidden_reaches_the_page(text):
    content = html.page(hostile_report(text)).decode()
    body = content.partition("</style>")[2]
    assert all(char.isprintable() or char == "\n" for char in body)


def test_the_policy_allows_our_style_sheet_and_nothing_else():
    css = files("apisentinel.cli").joinpath("report.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policies = [m["content"] for m in page(site_report()).all("meta") if m.get("http-equiv")]
    assert policies == [
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    ]


def test_the_style_sheet_loads_nothing():
    css = files("apisentinel.cli").joinpath("report.css").read_text("utf-8")
    assert "url(" not in css
    assert "@import" not in css
    assert "</" not in css


def test_ids_are_unique():
    ids = [attributes["id"] for _, attributes in page(site_report()).elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_each_incident_has_an_anchor_and_a_link():
    parsed = page(site_report())
    targets = {link["href"] for link in parsed.all("a")}
    assert {f"#incident-inc-{number:04x}" for number in range(1, 6)} <= targets


def test_an_id_of_a_stranger_becomes_no_anchor():
    parsed = page(hostile_report('a b"c'))
    assert [a["id"] for a in parsed.all("article")] == ["incident-1", "incident-2"]


def test_charts_have_a_summary_and_a_table():
    parsed = page(site_report())
    figures = len(parsed.all("figure"))
    assert figures == 3
    assert len(parsed.all("figcaption")) == figures
    assert len([d for d in parsed.all("details") if d.get("class") == "alternative"]) == figures
    assert all(
        svg.get("aria-hidden") == "true" or svg.get("aria-label") for svg in parsed.all("svg")
    )


def test_the_page_says_what_the_terminal_says():
    text = " ".join(" ".join(page(site_report()).text).split())
    for words in (
        "5 incidents: 1 critical, 2 high, 1 medium, 1 low. 2 may have succeeded.",
        "31 answers of 2.1 MB suggest that data left.",
        "the responses suggest that it worked",
        "no sign that it worked",
        "first alert at request 38 of the actor",
        "OWASP API2:2023",
        "and 202 more",
        "the compressed data ends early",
        "does not match the format",
    ):
        assert words in text


def test_a_partial_report_says_so():
    assert "Partial report" in " ".join(page(site_report(interrupted=True)).text)


def test_many_incidents_stay_bounded_and_are_counted():
    flood = "A" * 3_000
    many = tuple(
        incident(
            number,
            50,
            site_report().incidents[3].severity,
            site_report().incidents[3].attack_types,
            flood,
            samples=(sample(flood, match=flood, where=flood, user_agent=flood),) * 20,
            entities=(EntityRef("client", flood),) * 200,
            endpoints=(flood,) * 200,
        )
        for number in range(1_000)
    )
    content = html.page(site_report(incidents=many))
    assert len(content) < 10_000_000
    assert len(Page(content).all("article")) == html.MAX_INCIDENTS
    assert "800 more are in the JSON report" in content.decode()


def test_elements_escape_text_and_attributes():
    made = element("p", "<b>&", element("i", "x"), title='"><script>', class_="k", hidden=None)
    assert made == '<p title="&quot;&gt;&lt;script&gt;" class="k">&lt;b&gt;&amp;<i>x</i></p>'


def luminance(colour):
    digits = colour.lstrip("#")
    digits = "".join(c * 2 for c in digits) if len(digits) == 3 else digits
    parts = [int(digits[index : index + 2], 16) / 255 for index in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first, second):
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def themes():
    css = files("apisentinel.cli").joinpath("report.css").read_text("utf-8")
    blocks = [part.partition("}")[0] for part in css.split(":root {")[1:]]
    return [
        dict(item.strip().split(": ") for item in block.split(";") if item.strip().startswith("--"))
        for block in blocks
    ]


TEXT_PAIRS = [
    ("--ink", "--page"),
    ("--ink", "--panel"),
    ("--ink", "--sunk"),
    ("--soft", "--page"),
    ("--soft", "--panel"),
    ("--soft", "--sunk"),
    ("--link", "--page"),
    ("--link", "--panel"),
    ("--ink", "--mark"),
    ("--ink", "--escape"),
    ("--bad", "--panel"),
    ("--bad", "--sunk"),
    ("--good", "--panel"),
    ("--good", "--sunk"),
    ("--on-critical", "--critical"),
    ("--on-high", "--high"),
    ("--on-medium", "--medium"),
    ("--on-low", "--low"),
]
SHAPE_PAIRS = [
    (name, "--panel")
    for name in ("--critical", "--high", "--medium", "--low", "--requests", "--errors", "--kind")
]


@pytest.mark.parametrize("theme", range(3), ids=["light", "dark", "print"])
def test_text_contrast_meets_wcag_aa(theme):
    colours = themes()[theme]
    weak = {pair: contrast(*(colours[name] for name in pair)) for pair in TEXT_PAIRS}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("theme", range(3), ids=["light", "dark", "print"])
def test_shapes_stand_out_from_their_ground(theme):
    colours = themes()[theme]
    weak = {pair: contrast(*(colours[name] for name in pair)) for pair in SHAPE_PAIRS}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 3} == {}
