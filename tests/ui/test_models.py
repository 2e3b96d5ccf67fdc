"""The screen of the models: two real bundles of a service of its own are switched by clicks, and
what is judged by is asked of the service.
"""

import re

import pytest
from playwright.sync_api import expect

from apisentinel.clock import SystemClock
from apisentinel.pipeline.learned_profile import ProfileLearner
from apisentinel.pipeline.learning import TrainSettings, train
from apisentinel.pipeline.settings import ScanSettings
from tests.integration.test_service import command
from tests.ui.service import service_with
from tests.ui.watch import SIZE, Watch

LEARNED_FROM = 1_500
"""Requests of a bundle: enough to know an API by, little to wait for."""
FED = 4_000


@pytest.fixture(scope="module")
def settings_home(tmp_path_factory):
    """Keys that sign bundles are made here, not where this person has theirs."""
    home = tmp_path_factory.mktemp("config")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(home))
        yield home


@pytest.fixture(scope="module")
def bundles(settings_home, tmp_path_factory, traffic):
    """Folders of two bundles that learned from different halves of the traffic."""
    folder = tmp_path_factory.mktemp("bundles")
    lines = traffic.lines()
    found = []
    for seed in (1, 2):
        log = folder / f"{seed}.ndjson"
        log.write_bytes(b"\n".join(lines[(seed - 1) * LEARNED_FROM : seed * LEARNED_FROM]))
        settings, training = ScanSettings(), TrainSettings(trials=0, seed=seed)
        output = folder / f"bundle{seed}"
        learner = ProfileLearner(settings, training)
        train([str(log)], output, settings, training, SystemClock(), learners=[learner])
        found.append(output)
    return found


@pytest.fixture(scope="module")
def own_service(tmp_path_factory, traffic, browser, bundles):
    """A service with traffic, incidents and two bundles, of which none judges yet."""
    folder = tmp_path_factory.mktemp("models")
    with service_with(folder, browser) as service:
        service.feed(traffic.lines()[:FED])
        service.wait_until_judged(FED)
        for bundle in bundles:
            command("models", "add", str(bundle), "--data-dir", str(folder / "data"))
        service.bundles = [row["id"] for row in service.get("models")["items"]][::-1]
        yield service


@pytest.fixture
def window(browser, own_service):
    watch = Watch(browser, own_service)
    yield watch.open(SIZE, path="models")
    watch.close()


def states(service):
    return {row["id"]: row["state"] for row in service.get("models")["items"]}


def switch(page, action, bundle=None, why=""):
    """Clicks an action, says why and confirms."""
    place = page.get_by_role("row", name=bundle) if bundle else page
    place.get_by_role("button", name=action, exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(re.compile("Why")).fill(why)
    dialog.get_by_role("button", name=action, exact=True).click()
    expect(dialog).to_have_count(0)


def state_shown(page, bundle, state):
    expect(page.get_by_role("row", name=bundle).get_by_role("cell").first).to_have_text(state)


def test_bundles_are_activated_watched_in_the_shadow_and_rolled_back(window, own_service):
    page, (first, second) = window, own_service.bundles
    state_shown(page, first, "Candidate")
    switch(page, "Activate", first, "the first one")
    state_shown(page, first, "Active")
    assert states(own_service) == {first: "active", second: "candidate"}

    switch(page, "To the shadow", second, "to compare")
    state_shown(page, second, "Shadow")
    assert states(own_service) == {first: "active", second: "shadow"}

    switch(page, "Activate", second, "it is better")
    state_shown(page, second, "Active")
    state_shown(page, first, "Retired")

    switch(page, "Go back to the one before", why="it is not")
    state_shown(page, first, "Active")
    state_shown(page, second, "Retired")
    assert states(own_service) == {first: "active", second: "retired"}
    whys = [step["why"] for step in own_service.get("models")["history"]]
    assert {"the first one", "to compare", "it is better", "it is not"} <= set(whys)
    expect(page.get_by_text("it is better").first).to_be_visible()


def test_a_bundle_tells_of_itself_and_its_differences(window, own_service):
    page, (first, second) = window, own_service.bundles
    page.get_by_role("button", name=second, exact=True).click()
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_role("rowheader", name="seed").first).to_be_visible()
    page.wait_for_url(re.compile(f"sel={second}"))
    assert own_service.get(f"models/{first}/diff?other={second}")["differences"]["seed"]


def test_another_threshold_is_tried_on_stored_incidents(window, own_service):
    page = window
    _, told = own_service.post("thresholds/simulate", {"threshold": 80, "days": 7})
    slider = page.get_by_role("slider")
    slider.focus()
    for _ in range(20):
        slider.press("ArrowRight")
    expect(page.get_by_text("80", exact=False).first).to_be_visible()
    count = page.locator(".agree dd").first
    expect(count).to_contain_text(re.compile(rf"\b{told['alarms']}\b"))
    assert told["incidents"] > told["alarms"] > 0
