"""What the main thread of a window works, in its own time: a busy machine makes it wait, and does
not make it work more.
"""

from bisect import bisect_right
from contextlib import contextmanager

CATEGORIES = ["toplevel", "devtools.timeline", "__metadata"]
TASK = "RunTask"
FRAME = "FireAnimationFrame"
PATIENCE_MS = 50


class MainThread:
    """Tasks of the main thread while it was looked at; complete when the look is over.

    Attributes:
        tasks: Begin in µs and time of the processor in ms, of each.
        frames: Begins of the frames in µs.
    """

    def __init__(self):
        self.tasks = []
        self.frames = []

    def take(self, events):
        """Takes the thread that worked most: the windows of one test share a browser."""
        threads = {
            (each["pid"], each["tid"])
            for each in events
            if each["name"] == "thread_name" and each["args"]["name"] == "CrRendererMain"
        }
        by_thread = {thread: ([], []) for thread in threads}
        for each in events:
            tasks, frames = by_thread.get((each["pid"], each["tid"]), ([], []))
            if each["name"].endswith(TASK) and "tdur" in each:
                tasks.append((each["ts"], each["tdur"] / 1_000))
            elif each["name"] == FRAME:
                frames.append(each["ts"])
        self.tasks, self.frames = max(
            by_thread.values(), key=lambda pair: sum(ms for _, ms in pair[0])
        )
        self.tasks.sort()
        self.frames.sort()

    def longest_ms(self):
        """The longest task."""
        return max((ms for _, ms in self.tasks), default=0.0)

    def by_frame_ms(self):
        """Work between each frame and the next."""
        sums = [0.0] * len(self.frames)
        for begin, ms in self.tasks:
            place = bisect_right(self.frames, begin) - 1
            if place >= 0:
                sums[place] += ms
        return sums


@contextmanager
def main_thread(page):
    """Looks at the main thread of a window.

    Yields:
        What is complete after the block.
    """
    seen = MainThread()
    events = []
    over = []
    session = page.context.new_cdp_session(page)

    def complete(sent):  # Playwright marks what it calls, and a method of a list takes no marks
        over.append(sent)

    session.on("Tracing.dataCollected", lambda sent: events.extend(sent["value"]))
    session.on("Tracing.tracingComplete", complete)
    session.send(
        "Tracing.start",
        {"transferMode": "ReportEvents", "traceConfig": {"includedCategories": CATEGORIES}},
    )
    yield seen
    session.send("Tracing.end")
    while not over:
        page.wait_for_timeout(PATIENCE_MS)
    session.detach()
    seen.take(events)
