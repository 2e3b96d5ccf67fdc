"""WCAG 2.2 AA as far as a program can tell: axe on every screen in both themes, the main flow with
the keyboard alone, a width of 320 pixels, charts as tables.
"""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.ui.screens import screens
from tests.ui.watch import PHONE, SIZE, goto, settle

AXE = Path(__file__).resolve().parents[2] / "ui" / "node_modules" / "axe-core" / "axe.min.js"

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

THEMES = {"light": ("tag", TAGS), "dark": ("rule", ["color-contrast", "link-in-text-block"])}
"""What is asked in each theme: another one changes nothing but colours."""

REST = """async () => {
    for (let calm = 0, frame = 0; calm < 4 && frame < 120; frame++) {
        await new Promise((drawn) => requestAnimationFrame(drawn));
        const moves = document.getAnimations()
            .some((each) => each.effect?.getComputedTiming().iterations !== Infinity);
        calm = moves ? 0 : calm + 1;
    }
}"""
"""Waits until nothing moves: a colour that is changing would be measured half way."""

ASK_AXE = """async ([type, values]) => {
    const told = await axe.run(document, { runOnly: { type, values } });
    return told.violations.map((each) => ({
        rule: each.id,
        help: each.help,
        where: each.nodes.slice(0, 3)
            .map((node) => [node.target.join(" "), node.html.slice(0, 160),
                (node.any[0] ?? node.all[0] ?? node.none[0])?.message].join(" | ")),
    }));
}"""


@pytest.fixture(scope="session")
def axe():
    if not AXE.is_file():
        pytest.skip("axe-core is not here: python hatch_build.py check")
    return AXE.read_text("utf-8")


def violations(page, axe, asked=("tag", TAGS)):
    page.evaluate(REST)
    page.evaluate(axe)
    return page.evaluate(ASK_AXE, list(asked))


def test_axe_finds_nothing_on_any_screen_in_any_theme(watch, service, axe):
    page = watch.open(SIZE)
    found = {}
    for name, path in screens(service).items():
        goto(page, service, path)
        for theme, asked in THEMES.items():
            page.emulate_media(color_scheme=theme)
            told = violations(page, axe, asked)
            if told:
                found[f"{name}, {theme}"] = told
    assert found == {}


def test_axe_finds_nothing_where_one_logs_in(watch, axe):
    page = watch.open(SIZE, fresh=True)
    page.get_by_label("Password").wait_for()
    assert violations(page, axe) == []


@pytest.mark.parametrize("opened", ["explorer", "alerts"])
def test_axe_finds_nothing_in_drawers_and_help(watch, service, axe, opened):
    page = watch.open(SIZE, path=opened)
    grid = page.get_by_role("grid").first
    grid.get_by_role("row").nth(1).wait_for()
    grid.focus()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.get_by_role("dialog").first.wait_for()
    settle(page)
    assert violations(page, axe) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("?")
    page.get_by_role("dialog").first.wait_for()
    assert violations(page, axe) == []


def test_every_screen_fits_a_phone(watch, service):
    """Nothing but tables of data and charts may be wider than 320 pixels (WCAG 1.4.10)."""
    page = watch.open(PHONE, has_touch=True)
    wide = {}
    for name, path in screens(service).items():
        goto(page, service, path)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            wide[name] = width
    assert wide == {}


def test_the_main_flow_needs_no_mouse(page, service):
    """From the first screen to a verdict: keys only."""
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url(re.compile("/incidents"))
    settle(page)
    focus_by_tab(page, "grid")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    settle(page)
    if page.get_by_role("dialog").count():
        focus_by_tab(page, "button", re.compile("Open incident"))
        page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/incidents/[^?]+"))
    settle(page)
    identity = page.url.split("?")[0].rpartition("/")[2]
    focus_by_tab(page, "radio", re.compile("True positive|False positive|Benign"))
    page.keyboard.press("Space")
    focus_by_tab(page, "button", re.compile("Save verdict"))
    page.keyboard.press("Enter")
    page.get_by_text("Verdict saved").first.wait_for()
    assert service.get(f"incidents/{identity}")["verdict"] is not None


def focus_by_tab(page, role, name=None, most=150):
    """Presses Tab until something has the focus."""
    for _ in range(most):
        told = page.evaluate(
            """() => { const at = document.activeElement;
                return [at.getAttribute("role") || ({A: "link", BUTTON: "button"})[at.tagName]
                    || (at.tagName === "INPUT" ? at.type : at.tagName),
                    at.getAttribute("aria-label") || at.labels?.[0]?.innerText
                    || at.innerText || ""] }"""
        )
        if told[0] == role and (name is None or name.search(told[1])):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not come to a {role} {name and name.pattern}")


def test_help_lists_the_keys_and_the_palette_jumps(page, service):
    page.keyboard.press("?")
    page.get_by_role("dialog").filter(has_text="Keyboard").first.wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    box = (
        page.get_by_role("dialog")
        .get_by_role("combobox")
        .or_(page.get_by_role("dialog").get_by_role("textbox"))
        .first
    )
    box.fill("203.0.113.9")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("203.0.113.9"))


def test_keys_do_nothing_while_one_writes(page):
    """WCAG 2.1.4: a letter in a field is a letter."""
    box = page.locator("[data-filter-input]").first
    if not box.count():
        page.get_by_role("link", name="Explorer").first.click()
        box = page.locator("[data-filter-input]").first
    box.click()
    before = page.url
    page.keyboard.type("gi")
    page.wait_for_timeout(300)
    assert page.url == before


@pytest.mark.parametrize("path", ["", "explorer"])
def test_every_chart_has_words_and_a_table(watch, service, path):
    page = watch.open(SIZE, path=path)
    charts = page.locator("figure")
    charts.first.wait_for()
    for chart in charts.all():
        assert chart.inner_text().strip() or chart.get_attribute("aria-label")
    page.get_by_role("button", name=re.compile("table", re.IGNORECASE)).first.click()
    charts.first.get_by_role("table").first.wait_for()
