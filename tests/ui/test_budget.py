"""The part of the page's budget that does not depend on how busy the machine is: requests, rows in
the document, and work of the main thread in its own time. `make budget` measures what people wait
for, which needs a quiet machine; sizes are in tests/unit/test_page_budget.py.
"""

import json
import os
import statistics
import sys

from tests.ui.tracing import main_thread
from tests.ui.watch import SIZE, settle

SLACK = float(os.environ.get("UI_SLACK", "2"))
"""Caches and cores that are shared make the same work take up to twice as long."""

FIRST_FILES = 6
"""Round trips before the first chart."""
FRAME_MS = 20
"""Work for one frame of a list that is scrolled, 95 % of them."""
LONG_TASK_MS = 100
ROWS_DRAWN = 80
"""Rows of a list in the document: what is seen twice over."""

SCROLL = """async () => {
    const grid = document.querySelector("[role=grid]");
    grid.scrollTop = 0;
    for (let number = 0; number < 60; number++) {
        await new Promise((drawn) => requestAnimationFrame(drawn));
        grid.scrollTop += grid.clientHeight / 3;
    }
}"""
"""A third of what is seen with each frame, as a thumb that is in a hurry."""

FILES_BEFORE_CHART = """async () => {
    const drawn = () => document.querySelector("figure canvas, figure svg path");
    while (!drawn()) await new Promise((later) => setTimeout(later, 5));
    const end = performance.now();
    return performance.getEntriesByType("resource")
        .filter((each) => each.responseEnd <= end && /\\/assets\\//.test(each.name))
        .map((each) => each.name);
}"""


def share(values):
    """What 95 % of the values do not exceed."""
    return statistics.quantiles(values, n=20)[18]


def test_few_files_come_before_the_first_chart(watch, service):
    page = watch.open(SIZE, path="settings/about")
    page.goto(service.url, wait_until="commit")
    names = page.evaluate(FILES_BEFORE_CHART)
    assert 0 < len(names) <= FIRST_FILES, names


def test_a_list_of_ten_thousand_scrolls_with_little_work(watch):
    page = watch.open(SIZE, path="explorer?from=now-2d")
    grid = page.get_by_role("grid").first
    grid.get_by_role("row").nth(5).wait_for()
    page.evaluate(SCROLL)  # reads what comes with scrolling
    settle(page)
    with main_thread(page) as work:
        page.evaluate(SCROLL)
    frames = work.by_frame_ms()
    sys.stdout.write(f"work for a frame, p95: {share(frames):.1f} ms\n")
    assert int(grid.get_attribute("aria-rowcount")) >= 10_000
    assert grid.get_by_role("row").count() <= ROWS_DRAWN
    assert len(frames) >= 30
    assert share(frames) <= FRAME_MS * SLACK


def test_a_thousand_alerts_a_second_are_no_long_work(watch, service):
    """Frames as the service sends them in a flood: ten a second with a hundred alerts each."""
    row = service.get("alerts?limit=1")["items"][0]
    page = watch.open(SIZE, path="settings/about")
    sockets = []

    def connected(socket):
        socket.on_message(lambda _: None)
        socket.send(json.dumps({"topic": "hello", "cursor": "1", "version": "", "demo": False}))
        sockets.append(socket)

    page.route_web_socket("**/api/v1/stream**", connected)
    page.goto(f"{service.url}alerts")
    settle(page)
    page.get_by_role("grid").first.focus()
    with main_thread(page) as work:
        for tick in range(30):
            items = [row | {"id": f"{tick:04}{number:04}"} for number in range(100)]
            text = json.dumps({"topic": "alerts", "cursor": f"{tick}", "items": items})
            for socket in sockets:
                socket.send(text)
            page.wait_for_timeout(100)
            page.keyboard.press("jk"[tick // 15])
    sys.stdout.write(f"longest task: {work.longest_ms():.1f} ms of work\n")
    assert sockets
    assert work.tasks
    assert work.longest_ms() <= LONG_TASK_MS * SLACK
