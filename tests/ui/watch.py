"""Windows in which nothing may go wrong: an error of the console, a refused piece of content, a
script of an attacker or a request to elsewhere fails the test.
"""

from urllib.parse import urlsplit

SIZE = {"width": 1440, "height": 900}
PHONE = {"width": 320, "height": 720}
"""The width at which WCAG 1.4.10 wants no scrolling sideways."""

PATIENCE_MS = 20_000
"""Machines may be busy; nothing here measures time."""

NOTE_VIOLATIONS = """
    window.__violations = [];
    window.__ran = 0;
    document.addEventListener("securitypolicyviolation", (event) => window.__violations.push(
        `${event.effectiveDirective} ${event.blockedURI} ${event.sample}`));
"""
"""Runs before the page. `__ran` is what the attacks of the tests count up."""

EXPECTED = (("/api/v1/me", "401"),)
"""Ends of addresses and statuses that are no error: asking who one is, before one has logged in."""


class Watch:
    """All windows of one test.

    Args:
        browser: To open them in.
        service: That they show.
    """

    def __init__(self, browser, service):
        self._browser = browser
        self.service = service
        self.faults = []
        self._contexts = []
        self._expected = list(EXPECTED)

    def expect(self, end, text):
        """Lets a message of the console pass when its address ends, or its text has, so."""
        self._expected.append((end, text))

    def open(self, size=None, *, path="", fresh=False, **options):
        """A new profile with one window.

        Args:
            size: Of the window.
            path: To show, below the address of the service.
            fresh: Nobody is logged in.
            options: Of the context.
        """
        context = self._browser.new_context(
            viewport=size or SIZE,
            storage_state=None if fresh else self.service.state,
            locale="en-GB",
            timezone_id="UTC",
            reduced_motion="reduce",
            **options,
        )
        self._contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(NOTE_VIOLATIONS)
        page = context.new_page()
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.faults.append(f"uncaught: {error}"))
        page.on("dialog", self._dialog)
        page.on("request", self._request)
        page.goto(self.service.url + path)
        settle(page)
        return page

    def _hear(self, message):
        if message.type not in {"error", "warning"}:
            return
        place = message.location.get("url", "")
        for end, text in self._expected:
            if urlsplit(place).path.endswith(end) and text in message.text:
                return
        self.faults.append(f"{message.type}: {message.text} ({place})")

    def _dialog(self, dialog):
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _request(self, request):
        if not request.url.startswith((self.service.url, "data:", "blob:")):
            self.faults.append(f"request to {request.url}")

    def check(self, page):
        """Notes what was refused or has run in a window, before it shows something else."""
        self.faults += [f"refused: {each}" for each in page.evaluate("window.__violations")]
        if page.evaluate("window.__ran"):
            self.faults.append(f"a script ran on {page.url}")

    def close(self):
        """Closes everything.

        Raises:
            AssertionError: Something went wrong in a window.
        """
        for context in self._contexts:
            for page in context.pages:
                if page.url.startswith(self.service.url):
                    self.check(page)
            context.close()
        assert not self.faults, "\n".join(self.faults)


def settle(page):
    """Comes back when the page shows what it asked for."""
    page.wait_for_load_state("networkidle")
    page.locator("#root > *").first.wait_for(state="attached")


def goto(page, service, path):
    """Opens a place of the page anew."""
    page.goto(service.url + path)
    settle(page)
