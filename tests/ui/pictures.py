"""Takes pictures of the page for the documentation: a service with simulated traffic, Chromium.

python -m tests.ui.pictures            the pictures of docs/assets
python -m tests.ui.pictures all DIR    every screen in both themes, to look at
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.ui.conftest import CHROMIUM
from tests.ui.screens import screens
from tests.ui.service import service_with
from tests.ui.traffic import simulated
from tests.ui.watch import settle

ASSETS = Path(__file__).resolve().parents[2] / "docs" / "assets"

SIZE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}

TYPE = "brute_force"
"""Type of the incident in the pictures: one that worked, so that the page has much to say."""


PATIENCE_S = 120
"""Incidents follow the requests that they are made of; on a busy machine they take their time."""

PERIOD = "from=now-35m&to=now"
"""A little more than the traffic takes."""


def pictures(service):
    """Name of each picture of the documentation, its place in the page and its theme."""
    asked = f"incidents?limit=20&sort=-risk&f=attack_types:has:{TYPE}"
    service.running.wait(lambda: service.get(asked)["items"], f"an incident of {TYPE}", PATIENCE_S)
    told = service.get(asked)["items"]
    worked = [each for each in told if each["succeeded"]] or told
    return {
        "dashboard-overview": (f"?{PERIOD}", "dark"),
        "dashboard-incidents": (f"incidents?{PERIOD}", "light"),
        "dashboard-incident": (f"incidents/{worked[0]['id']}", "light"),
        "dashboard-explorer": (f"explorer?f=risk:gte:60&{PERIOD}", "dark"),
    }


def shoot(page, url, theme, file):
    """One picture of a place in one theme."""
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.goto(url)
    settle(page)
    page.wait_for_timeout(700)
    page.screenshot(path=file)
    sys.stdout.write(f"{file}\n")


def main(arguments):
    """Takes the pictures."""
    if CHROMIUM is None:
        sys.exit("no Chromium: sh tools/ci_tools.sh")
    every = arguments[:1] == ["all"]
    target = Path(arguments[1]) if every else ASSETS
    target.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        traffic = simulated(Path(folder))
        with service_with(Path(folder), browser) as service:
            service.feed(traffic.lines())
            service.wait_until_judged(len(traffic))
            options = {"storage_state": service.state, "timezone_id": "UTC"}
            page = browser.new_context(viewport=SIZE, locale="en-GB", **options).new_page()
            if not every:
                for name, (place, theme) in pictures(service).items():
                    shoot(page, service.url + place, theme, target / f"{name}.png")
                return
            phone = browser.new_context(viewport=PHONE, locale="en-GB", **options).new_page()
            for name, place in screens(service).items():
                file = name.replace(" ", "-")
                for theme in ("light", "dark"):
                    shoot(page, service.url + place, theme, target / f"{file}-{theme}.png")
                shoot(phone, service.url + place, "light", target / f"{file}-phone.png")


if __name__ == "__main__":
    main(sys.argv[1:])
