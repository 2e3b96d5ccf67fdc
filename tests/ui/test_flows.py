"""What an analyst does, from the first look to the verdict, in a real browser."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.ui.service import NAME, PASSWORD
from tests.ui.watch import SIZE, goto, settle

TYPE = "brute_force"
"""A campaign of the simulated half hour that worked: the attack to be found."""


@pytest.fixture
def truth(traffic):
    return traffic.campaign(TYPE)


@pytest.fixture
def incident(service, truth):
    """The incident of the campaign at most risk, as the service knows it."""
    return incident_of(service, *planted(truth), condition=f"&f=attack_types:has:{TYPE}&sort=-risk")


def planted(truth):
    """Ids of those who attack: addresses, users, sessions, credentials."""
    return [each["id"] for each in truth["actors"]]


def incident_of(service, *actors, condition=""):
    """The first incident in which one of some takes part, once there is one."""
    found = []

    def is_there():
        found[:] = [
            each
            for each in service.get(f"incidents?limit=200{condition}")["items"]
            if not set(actors).isdisjoint(entity["id"] for entity in each["entities"])
        ]
        return bool(found)

    service.running.wait(is_there, f"an incident of {actors[0]}", 30)
    return found[0]


def row_of(page, incident):
    """The row of an incident: what happened and who it was."""
    return (
        page.get_by_role("grid")
        .get_by_role("row")
        .filter(has_text=incident["reason"][:24])
        .filter(has_text=incident["entities"][0]["id"])
        .first
    )


OUTCOMES = {
    True: ("It seems to have worked.", "it seems to have succeeded."),
    False: ("It did not work.",),
    None: ("Whether it worked is not known.",),
}
"""What the page says of the success of an attack."""


def test_the_attack_is_found_opened_understood_and_judged(page, service, truth, incident):
    # found: from the first screen, by what is seen alone
    page.get_by_role("link", name="Incidents").first.click()
    page.get_by_role("group", name="By severity").get_by_role(
        "button", name=re.compile(incident["severity"], re.IGNORECASE)
    ).click()
    box = page.locator("[data-filter-input]").first
    box.fill(f"attack_types:has:{TYPE}")
    box.press("Enter")
    page.wait_for_url(re.compile("attack_types"))
    settle(page)
    # not on a value, which would filter
    row_of(page, incident).get_by_text(str(incident["risk"]), exact=True).first.click()
    page.get_by_role("dialog").get_by_role("button", name="Open incident").click()
    page.wait_for_url(re.compile(f"/incidents/{incident['id']}"))
    settle(page)
    # understood: who, how, where, why, and what came of it
    main = page.get_by_role("main")
    expect(main.get_by_role("heading", level=1)).to_be_visible()
    text = main.inner_text()
    attackers = {entity["id"] for entity in incident["entities"]} & set(planted(truth))
    assert any(each in text for each in attackers)
    assert "password guessing" in text.lower()
    assert incident["reason"][:40] in text
    assert incident["endpoints"][0] in text
    assert f"{incident['risk']}" in text
    assert any(said in text for said in OUTCOMES[incident["succeeded"]])
    # judged
    judge = main.get_by_role("region", name="Verdict")
    judge.get_by_role("radio", name="True positive").click()
    judge.get_by_role("textbox", name=re.compile("^Why")).fill("Somebody got in.")
    judge.get_by_role("button", name="Save verdict").click()
    page.get_by_text("Verdict saved").first.wait_for()
    kept = service.get(f"incidents/{incident['id']}")
    assert kept["verdict"] == "true_positive"
    assert any("Somebody got in." in each["text"] for each in kept["comments"])
    page.reload()
    settle(page)
    expect(page.get_by_text("Somebody got in.").first).to_be_visible()


def test_contributions_add_up_to_the_risk(page, service, incident):
    told = service.get(f"incidents/{incident['id']}/explanation")
    goto(page, service, f"incidents/{incident['id']}")
    why = (
        page.get_by_role("region", name="Why this risk")
        .or_(page.locator("section").filter(has=page.get_by_role("heading", name="Why this risk")))
        .first
    )
    why.wait_for()
    text = why.inner_text()
    for factor in (told.get("factors") or incident["factors"])[:3]:
        assert str(factor["actual"])[:4] in text or factor["name"].split("_")[0] in text.lower()
    assert str(incident["risk"]) in text


def test_a_value_filters_and_the_address_says_so(page, service, truth):
    totals = {
        each: service.get(f"events?limit=1&from=now-2d&f=client:eq:{each}")["total"]
        for each in planted(truth)
    }
    client = max(totals, key=totals.get)
    page.get_by_role("link", name="Explorer").first.click()
    settle(page)
    box = page.locator("[data-filter-input]").first
    box.fill(f"client:eq:{client}")
    box.press("Enter")
    page.wait_for_url(re.compile(r"f=client:eq:"))
    settle(page)
    grid = page.get_by_role("grid").first
    grid.get_by_text(client).first.wait_for()
    assert totals[client] > 0
    assert int(grid.get_attribute("aria-rowcount")) in {totals[client], totals[client] + 1}


def test_a_shared_address_shows_the_same_in_a_fresh_profile(watch, service, incident):
    ours = watch.open(SIZE, path=f"incidents?f=attack_types:has:{TYPE}&from=now-6h&sort=-risk")
    row_of(ours, incident).wait_for()
    fresh = watch.open(SIZE, fresh=True, path=ours.url.removeprefix(service.url))
    fresh.get_by_label("Name").fill(NAME)
    fresh.get_by_label("Password").fill(PASSWORD)
    fresh.get_by_role("button", name="Log in").click()
    row_of(fresh, incident).wait_for()
    settle(fresh)
    assert fresh.url == ours.url
    assert cells(fresh) == cells(ours)


def cells(page):
    """What the rows of a list say, without how long ago things were."""
    rows = page.get_by_role("grid").first.get_by_role("row").all_inner_texts()
    return [re.sub(r"\d+ \w+ ago|(just )?now", "", row) for row in rows]


def attack(client, count, begin=0):
    """Requests of a client that nobody has seen, with what a database makes of quotes."""
    return [
        json.dumps(
            {
                "method": "GET",
                "url": f"/items?id={number}%27%20UNION%20SELECT%20password%20FROM%20users--",
                "status": 200,
                "client_ip": client,
            }
        ).encode()
        for number in range(begin, begin + count)
    ]


def test_the_live_tail_is_paused_and_goes_on(page, service):
    goto(page, service, "alerts")
    grid = page.get_by_role("grid").first
    service.feed(attack("198.51.100.7", 8))
    grid.get_by_text("198.51.100.7").first.wait_for()
    page.get_by_role("button", name=re.compile("^Pause")).first.click()
    service.feed(attack("198.51.100.8", 8))
    # it is received and counted, and not shown
    page.get_by_text(re.compile(r"\d+ new")).first.wait_for()
    expect(grid.get_by_text("198.51.100.8")).to_have_count(0)
    page.get_by_role("button", name=re.compile("^(Resume|Go live|Show|Live)")).first.click()
    grid.get_by_text("198.51.100.8").first.wait_for()


class Line:
    """The line between a page and the stream, which can be cut."""

    def __init__(self, page):
        self._whole = True
        self._open = []
        page.route_web_socket("**/api/v1/stream**", self._connect)

    def _connect(self, socket):
        if not self._whole:
            socket.close(code=1011)
            return
        socket.connect_to_server()
        self._open.append(socket)

    def cut(self):
        self._whole = False
        for socket in self._open:
            socket.close(code=1011)
        self._open.clear()

    def mend(self):
        self._whole = True


def test_a_lost_connection_comes_back_and_nothing_is_missed(page, service):
    line = Line(page)
    goto(page, service, "alerts")
    grid = page.get_by_role("grid").first
    grid.wait_for()
    line.cut()
    page.get_by_text(re.compile("reconnecting|connection lost", re.IGNORECASE)).first.wait_for()
    service.feed(attack("198.51.100.9", 8))
    line.mend()
    grid.get_by_text("198.51.100.9").first.wait_for()
    page.get_by_text(re.compile(r"^live$", re.IGNORECASE)).first.wait_for()


def test_attacks_of_the_present_reach_the_first_screen(page, service):
    page.get_by_role("heading", level=1).first.wait_for()
    service.feed(attack("192.0.2.10", 12))
    told = incident_of(service, "192.0.2.10")
    page.get_by_role("main").get_by_text(told["reason"][:24]).first.wait_for()
