"""How fast the page is. Not among the tests, which measure no time: `make budget` runs it.

The budget itself stands in the constants. It gets three times of it (UI_SLACK), and on a machine
that is busy with other things in proportion to its load.
"""

import json
import os
import statistics
import sys

import pytest

from tests.ui.screens import screens
from tests.ui.watch import SIZE, settle

SLACK = float(os.environ.get("UI_SLACK", "3")) * max(
    1.0, os.getloadavg()[0] / (os.cpu_count() or 1)
)

FIRST_CHART_S = 2.0
FRAME_P95_MS = 20
LONG_TASK_MS = 100
INTERACTION_P98_MS = 100
FIRST_FILES = 6

SLOW_4G = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1.6e6 / 8,
    "uploadThroughput": 750e3 / 8,
}
"""As browsers' own tools call it: 1.6 Mbit/s down, 150 ms there and back."""

SLOWER_CPU = 4

NOTE_TIMES = """
    window.__chart = null;
    window.__tasks = [];
    window.__events = [];
    new PerformanceObserver((list) => window.__tasks.push(
        ...list.getEntries().map((each) => each.duration))).observe({ type: "longtask" });
    document.addEventListener("keydown", ({ timeStamp }) => requestAnimationFrame(() => {
        const drawn = new MessageChannel();
        drawn.port1.onmessage = () => window.__events.push(performance.now() - timeStamp);
        drawn.port2.postMessage(null);
    }), { capture: true });
    new MutationObserver((_, observer) => {
        if (!document.querySelector("figure canvas, figure svg path")) return;
        requestAnimationFrame(() => { window.__chart ??= performance.now(); });
        observer.disconnect();
    }).observe(document, { childList: true, subtree: true });
"""

PASSES = 3
"""How often a list is scrolled through. The quickest pass counts: what else the machine does can
only make it slower.
"""

SCROLL = """async () => {
    const grid = document.querySelector("[role=grid]");
    const box = [grid, grid.parentElement, ...grid.querySelectorAll("*")].find(
        (each) => each.scrollHeight > each.clientHeight + 8
            && getComputedStyle(each).overflowY !== "visible");
    const frames = [];
    let before = performance.now();
    for (let number = 0; number < 240; number++) {
        box.scrollTop += box.clientHeight / 3;
        await new Promise((drawn) => requestAnimationFrame(drawn));
        const now = performance.now();
        frames.push(now - before);
        before = now;
    }
    return frames.slice(5);
}"""


@pytest.fixture(autouse=True)
def _said(request, record_property):
    """Puts what was measured into the report of the tests."""
    request.node.figures = {}
    yield
    for name, value in request.node.figures.items():
        record_property(name, value)
        sys.stdout.write(f"{name}: {value}\n")


def share(values, part):
    return statistics.quantiles(values, n=100)[int(part * 100) - 1]


def test_the_first_chart_comes_soon_on_a_slow_line(watch, service, request):
    page = watch.open(SIZE, fresh=False, path="settings/about")
    page.context.add_init_script(NOTE_TIMES)
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.send("Network.emulateNetworkConditions", SLOW_4G)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER_CPU})
    page.goto(service.url, wait_until="commit")
    page.locator("figure canvas, figure svg path").first.wait_for(state="attached")
    page.wait_for_timeout(200)
    first = page.evaluate("window.__chart")
    files = page.evaluate(
        """(end) => performance.getEntriesByType("resource")
            .filter((each) => each.responseEnd <= end && /\\/assets\\//.test(each.name)).length""",
        first,
    )
    request.node.figures |= {"first chart, s": round(first / 1000, 2), "files": files}
    assert files <= FIRST_FILES
    assert first / 1000 <= FIRST_CHART_S * SLACK


def test_a_long_list_scrolls_smoothly(watch, service, request):
    page = watch.open(SIZE, path="explorer?from=now-2d")
    rows = page.get_by_role("grid").first
    rows.get_by_role("row").nth(5).wait_for()
    page.evaluate(SCROLL)  # reads what comes with scrolling
    settle(page)
    passes = sorted(share(page.evaluate(SCROLL), 0.95) for _ in range(PASSES))
    request.node.figures["frame p95, ms"] = [round(each, 1) for each in passes]
    assert int(rows.get_attribute("aria-rowcount")) >= 10_000
    assert passes[0] <= FRAME_P95_MS * SLACK


def test_a_thousand_alerts_a_second_hold_nothing_up(watch, service, request):
    """Frames as the service sends them in a flood: ten a second with a hundred alerts each."""
    row = service.get("alerts?limit=1")["items"][0]
    page = watch.open(SIZE, path="settings/about")
    page.context.add_init_script(NOTE_TIMES)
    sockets = []

    def connected(socket):
        socket.on_message(lambda _: None)
        socket.send(json.dumps({"topic": "hello", "cursor": "1", "version": "", "demo": False}))
        sockets.append(socket)

    page.route_web_socket("**/api/v1/stream**", connected)
    page.goto(f"{service.url}alerts")
    settle(page)
    page.get_by_role("grid").first.focus()
    page.evaluate("window.__tasks.length = 0")
    for tick in range(50):
        items = [row | {"id": f"{tick:04}{number:04}"} for number in range(100)]
        text = json.dumps({"topic": "alerts", "cursor": f"{tick}", "items": items})
        for socket in sockets:
            socket.send(text)
        page.wait_for_timeout(100)
        page.keyboard.press("jk"[tick // 25])
    page.wait_for_timeout(300)
    tasks = page.evaluate("window.__tasks") or [0]
    events = page.evaluate("window.__events")
    request.node.figures |= {
        "longest task, ms": round(max(tasks)),
        "key to picture p50, ms": round(share(events, 0.5)),
        "key to picture p98, ms": round(share(events, 0.98)),
    }
    assert sockets
    assert len(events) == 50
    assert max(tasks) <= LONG_TASK_MS * SLACK
    assert share(events, 0.98) <= INTERACTION_P98_MS * SLACK


def test_keys_are_answered_at_once(watch, service, request):
    page = watch.open(SIZE, path="settings/about")
    page.context.add_init_script(NOTE_TIMES)
    page.goto(f"{service.url}{screens(service)['incidents']}")
    settle(page)
    grid = page.get_by_role("grid").first
    grid.focus()
    for number in range(60):
        page.keyboard.press("jk"[number // 15 % 2])
    page.wait_for_timeout(300)
    events = page.evaluate("window.__events")
    slow = share(events, 0.98)
    request.node.figures["key to picture p98, ms"] = round(slow)
    assert len(events) == 60
    assert slow <= INTERACTION_P98_MS * SLACK
