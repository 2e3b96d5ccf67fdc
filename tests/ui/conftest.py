"""A real service with simulated traffic, and a real browser that tolerates no error."""

import os
import shutil

import pytest
from playwright.sync_api import sync_playwright

from tests.ui.service import service_with
from tests.ui.traffic import simulated
from tests.ui.watch import SIZE, Watch

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)


def pytest_collection_modifyitems(items):
    """All of this on one worker: they share a service and a browser."""
    for item in items:
        if "/tests/ui/" in item.path.as_posix():
            item.add_marker(pytest.mark.xdist_group("ui"))
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def browser():
    if CHROMIUM is None:
        tell = pytest.fail if os.environ.get("NEEDS_BROWSER") else pytest.skip
        tell("no Chromium: sh tools/ci_tools.sh, or apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            # the sandbox of Chromium does not work for root or in most containers
            args=["--no-sandbox", "--disable-dev-shm-usage", "--force-color-profile=srgb"],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def traffic(tmp_path_factory):
    """Half an hour of an API that is attacked, and what the attacks are."""
    return simulated(tmp_path_factory.mktemp("traffic"))


@pytest.fixture(scope="session")
def service(tmp_path_factory, traffic, browser):
    with service_with(tmp_path_factory.mktemp("service"), browser) as service:
        service.feed(traffic.lines())
        service.wait_until_judged(len(traffic))
        yield service


@pytest.fixture
def watch(browser, service):
    """Opens profiles of a browser; none may see an error."""
    watch = Watch(browser, service)
    yield watch
    watch.close()


@pytest.fixture
def page(watch):
    """A window of somebody who is logged in as an admin."""
    return watch.open(SIZE)
