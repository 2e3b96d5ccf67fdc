"""A thousand attacks in every field, through the real ingest, on every screen: all stay text."""

import json
from datetime import UTC, datetime, timedelta
from itertools import cycle
from urllib.parse import quote

import pytest

from tests.ui.payloads import FIELDS, RUN, corpus, requests
from tests.ui.screens import screens
from tests.ui.service import service_with
from tests.ui.watch import SIZE, Watch, goto, settle

PAYLOADS = 1_200

DETAILS = 2
"""Incidents, entities and endpoints that are opened one by one."""

DRAWERS = 8
"""Rows of a list that are opened."""

SCROLL_STEP = 0.8
"""Part of the height of a list that a step scrolls: every row is drawn at some time."""

CARRIED_BY_HANDLERS = "[onerror],[onload],[onclick],[onfocus],[ontoggle],[onbegin],[srcdoc]"

NO_ELEMENTS = f"""() => [
    ...document.querySelectorAll("script:not([src]), iframe, object, embed, base ~ base, marquee"),
    ...document.querySelectorAll("a[href^='javascript:' i], {CARRIED_BY_HANDLERS}"),
].map((each) => each.outerHTML.slice(0, 200))"""
"""Elements that no part of the page makes."""


@pytest.fixture(scope="module")
def payloads():
    return corpus(PAYLOADS)


@pytest.fixture(scope="module")
def service(tmp_path_factory, browser, payloads):
    """A service whose every text was written by an attacker."""
    begin = datetime.now(UTC) - timedelta(seconds=0.25 * PAYLOADS + 30)
    made = requests(payloads, begin.timestamp())
    with service_with(tmp_path_factory.mktemp("hostile"), browser) as service:
        service.feed([json.dumps(request).encode() for request in made])
        service.wait_until_judged(PAYLOADS - service.rejected)
        _by_people(service, payloads)
        yield service


def _by_people(service, payloads):
    """What users write, in the hands of a bad one."""
    texts = cycle(payloads[7::17])
    for _ in range(5):
        service.post("keys", {"name": next(texts)[:100], "scopes": ["read"]})
        service.post(
            "users", {"name": next(texts)[:100], "role": "viewer", "password": "x" * 20 + "1aB-"}
        )
        view = {"name": next(texts), "screen": "incidents", "query": {"f": next(texts)}}
        service.post("views", view | {"shared": True})
        service.post("login", {"name": next(texts)[:100], "password": "wrong"})
    for incident in service.get("incidents?limit=10")["items"]:
        service.post(f"incidents/{incident['id']}/comments", {"text": next(texts)})
        service.post(
            f"incidents/{incident['id']}/feedback", {"verdict": "benign", "reason": next(texts)}
        )
        service.running.call(
            f"/api/v1/incidents/{incident['id']}",
            service.key,
            json.dumps({"assignee": next(texts)[:200]}).encode(),
            "PATCH",
            **{"Content-Type": "application/json", "If-Match": "*"},
        )


@pytest.fixture
def watch(browser, service):
    watch = Watch(browser, service)
    yield watch
    watch.close()


def assert_only_text(watch, page):
    watch.check(page)
    assert page.evaluate(NO_ELEMENTS) == []
    assert watch.faults == []


def scroll_through(page):
    """Lets every list draw all rows that it has, a page of them after the other."""
    for grid in page.get_by_role("grid").all():
        for _ in range(200):
            moved = grid.evaluate(
                f"""(grid) => new Promise((done) => {{
                    const box = [grid, grid.parentElement, ...grid.querySelectorAll("*")]
                        .find((each) => each.scrollHeight > each.clientHeight + 8
                            && getComputedStyle(each).overflowY !== "visible");
                    if (!box) return done(false);
                    const before = box.scrollTop;
                    box.scrollTop += box.clientHeight * {SCROLL_STEP};
                    requestAnimationFrame(() => requestAnimationFrame(() =>
                        done(box.scrollTop > before)));
                }})"""
            )
            if not moved:
                break


def test_most_of_the_corpus_arrives(service, payloads):
    """Else the other tests would show nothing."""
    assert len(set(payloads)) == PAYLOADS >= 1_000
    assert service.rejected < PAYLOADS * 0.1
    rows = []
    cursor = ""
    while cursor is not None:
        told = service.get(
            f"events?limit=500&from=now-1d&cursor={quote(cursor)}"
            if cursor
            else "events?limit=500&from=now-1d"
        )
        rows += told["items"]
        cursor = told["next"]
    assert len(rows) == PAYLOADS - service.rejected
    for field in ("path", "query", "user_agent", "referer", "user", "host", "session"):
        seen = {row[field] for row in rows if "__ran" in (row[field] or "")}
        assert len(seen) > PAYLOADS * 0.4, field
    assert service.get("incidents")["total"] >= 10
    assert len(FIELDS) > 15


def test_every_screen_shows_text_and_nothing_else(watch, service):
    page = watch.open(SIZE)
    told = {}
    for name, path in screens(service, details=DETAILS).items():
        goto(page, service, path)
        scroll_through(page)
        told[name] = "__ran" in page.locator("#root").inner_text()
        assert_only_text(watch, page)
    # what an attacker wrote is there to be read
    for name in ("overview", "incidents", "incident 0", "alerts", "explorer", "endpoints"):
        assert told[name], f"{name} shows none of it"


@pytest.mark.parametrize("place", ["explorer", "alerts", "incidents"])
def test_what_rows_open_shows_text_and_nothing_else(watch, service, place):
    page = watch.open(SIZE, path=place)
    grid = page.get_by_role("grid").first
    for _ in range(DRAWERS):
        grid.focus()
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        settle(page)
        for tab in page.get_by_role("tab").all():
            tab.click()
        assert_only_text(watch, page)
        if page.get_by_role("dialog").count():
            page.keyboard.press("Escape")
        elif page.url.rstrip("/") != service.url + place:
            page.go_back()
            settle(page)


def test_an_address_of_an_attacker_shows_text_and_nothing_else(watch, service, payloads):
    """A link that an analyst is sent."""
    page = watch.open(SIZE)
    for payload in payloads[3::400]:
        coded = quote(payload, safe="")
        for path in (
            f"explorer?f=path:has:{coded}&sort={coded}&from={coded}",
            f"entities/client/{coded}",
            f"incidents/{coded}",
            f"endpoints/{coded}",
            f"{coded}",
            f"incidents?f={coded}&sel={coded}#{coded}",
        ):
            watch.expect("", "Failed to load resource")  # such things do not exist
            goto(page, service, path)
            assert_only_text(watch, page)


def test_the_corpus_would_be_noticed(browser, service):
    """Without the page's care and the policy the same texts do run: the watch sees it."""
    with browser.new_context() as context:
        page = context.new_page()
        page.set_content(f"<img src=x onerror='{RUN}'>")
        page.wait_for_timeout(300)
        assert page.evaluate("window.__ran") == 1
