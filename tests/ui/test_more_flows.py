"""What helps an analyst beyond the main flow: groups, comparisons, files, preferences."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.ui.screens import coded
from tests.ui.watch import SIZE, goto


def test_incidents_are_put_into_groups(page, service):
    told = service.get("incidents?limit=500&sort=-risk")["items"]
    goto(page, service, "incidents")
    page.get_by_label("Group by").select_option("attack_type")
    page.wait_for_url(re.compile("group=attack_type"))
    groups = page.locator(".groups > details")
    groups.first.wait_for()
    assert groups.count() == len({(each["attack_types"] or [""])[0] for each in told})
    counts = [int(re.search(r"(\d+) incident", text)[1]) for text in groups.all_inner_texts()]
    assert sum(counts) == len(told)
    groups.first.locator("summary").click()
    rows = groups.first.get_by_role("grid").get_by_role("row")
    rows.nth(1).wait_for()
    assert str(max(each["risk"] for each in told)) in rows.nth(1).inner_text()


def test_the_period_before_is_laid_over_the_chart(page, service):
    goto(page, service, "explorer?from=now-1h&to=now")
    page.get_by_role("button", name="Before", exact=True).click()
    page.wait_for_url(re.compile("before=1"))
    figure = page.locator("figure").first
    figure.locator(".legend").get_by_text("Before").wait_for()
    page.get_by_text(re.compile("than before|as before|in the period before")).first.wait_for()
    page.reload()
    figure.locator(".legend").get_by_text("Before").wait_for()


def saved(page, name):
    """The JSON that a link or entry of this name saves."""
    with page.expect_download() as download:
        page.get_by_text(name, exact=True).first.click()
    return json.loads(download.value.path().read_text("utf-8")), download.value.suggested_filename


def test_an_incident_is_saved_for_other_tools(page, service):
    incident = service.get("incidents?limit=1&sort=-risk")["items"][0]
    goto(page, service, f"incidents/{incident['id']}")
    page.get_by_role("button", name="Export").first.click()
    bundle, name = saved(page, "STIX 2.1 bundle")
    assert bundle["type"] == "bundle"
    assert incident["id"] in name
    assert "sighting" in {each["type"] for each in bundle["objects"]}


def test_an_endpoint_is_saved_as_openapi(page, service):
    endpoint = service.get("endpoints?limit=1&sort=-requests&f=method:eq:GET")["items"][0]
    goto(page, service, f"endpoints/{coded(endpoint['endpoint'])}")
    document, _ = saved(page, "OpenAPI of what was learned")
    assert document["openapi"].startswith("3.1")
    (item,) = document["paths"].values()
    assert "get" in item


@pytest.fixture
def theme(watch):
    """Sets the theme in a window, and sets it back afterwards."""
    page = watch.open(SIZE, path="settings/look")

    def choose(label):
        with page.expect_response(re.compile("me/preferences$")) as answer:
            page.get_by_label("Theme").select_option(label=label)
            if answer.value.request.method != "PUT":
                page.wait_for_event("response", lambda each: each.request.method == "PUT")

    yield choose
    choose("As the system")


def test_what_one_likes_follows_the_account(watch, theme):
    theme("Dark")
    elsewhere = watch.open(SIZE, path="settings/about")
    expect(elsewhere.locator("html")).to_have_attribute("data-theme", "dark")


@pytest.fixture
def own_keys(watch):
    """Changes keys in a window, and brings the usual ones back afterwards."""
    page = watch.open(SIZE, path="settings/look")

    def kept(act):
        with page.expect_response(lambda each: each.request.method == "PUT" and each.ok):
            act()

    yield lambda label, key: kept(lambda: page.get_by_label(label, exact=True).fill(key))
    page.goto(f"{watch.service.url}settings/look")
    kept(page.get_by_role("button", name="The usual keys").click)


def test_a_key_can_be_another_one(watch, service, own_keys):
    own_keys("Acknowledge", "e")
    incident = service.get("incidents?limit=1&sort=risk&f=status:eq:open")["items"][0]
    page = watch.open(SIZE, path=f"incidents/{incident['id']}")
    page.keyboard.press("?")
    help_shown = page.get_by_role("dialog")
    line = help_shown.locator("dl > div").filter(has_text="Acknowledge")
    expect(line.locator("kbd")).to_have_text("e")
    page.keyboard.press("Escape")
    page.locator("#main").focus()
    page.keyboard.press("a")
    page.keyboard.press("e")
    expect(page.get_by_text("Acknowledged").first).to_be_visible()
    assert service.get(f"incidents/{incident['id']}")["status"] == "acknowledged"


def test_a_key_does_one_thing_only(watch):
    page = watch.open(SIZE, path="settings/look")
    page.get_by_label("Acknowledge", exact=True).fill("f")
    page.get_by_role("alert").get_by_text("does something else already").wait_for()
    expect(page.get_by_label("Acknowledge", exact=True)).to_have_value("a")


def test_a_signal_opens_the_card_of_its_detector(page, service):
    incident = service.get("incidents?limit=1&sort=-risk")["items"][0]
    told = service.get(f"incidents/{incident['id']}/explanation")
    goto(page, service, f"incidents/{incident['id']}")
    expect(page.get_by_text("What would lower it:")).to_be_visible()
    expect(page.get_by_text(told["data"])).to_be_visible()
    page.locator(".contrib .detector-name").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Catches", exact=True)).to_be_visible()
    dialog.get_by_role("link", name="All detectors").click()
    page.wait_for_url(re.compile("settings/detectors"))
    cards = service.get("detectors")["items"]
    expect(page.locator(".cards > details")).to_have_count(len(cards))


def test_an_incident_that_grows_is_told_by_the_stream(page, service):
    """The row changes without a reading: the list is asked for once a minute at most."""
    line = json.dumps(
        {
            "method": "GET",
            "url": "/files?name=..%2F..%2F..%2Fetc%2Fpasswd",
            "status": 200,
            "client_ip": "198.51.100.77",
        }
    ).encode()
    service.feed([line] * 3)
    service.running.wait(
        lambda: service.get("incidents?limit=1&f=entities:has:198.51.100.77")["total"] > 0,
        "an incident",
        30,
    )
    goto(page, service, "incidents?f=entities:has:198.51.100.77")
    grid = page.get_by_role("grid").first
    before = int(grid.get_by_role("row").nth(1).get_by_role("gridcell").nth(5).inner_text())
    service.feed([line] * 5)
    cell = grid.get_by_role("row").nth(1).get_by_role("gridcell").nth(5)
    expect(cell).to_have_text(str(before + 5))
