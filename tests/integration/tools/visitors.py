"""People who shop while the tools run: pages with what belongs to them, and time to read."""

import http.client
import json
import random
import threading
import urllib.parse

ACCOUNTS = {"ann": "Tulip-42-harbour", "ben": "Otter!sings-loud", "cleo": "9-blue-Windows"}

AGENTS = (
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/142.0.0.0 Safari/537.36"
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/18.6 Safari/605.1.15"
    ),
    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
)

SEARCHES = ("lamp", "O'Brien's mug", "50% off", "select a chair", "shelf 40x60", "brass & oak")
"""Words of people, some of which careless detectors take for attacks."""

PAUSE_S = (0.6, 2.5)
"""Time between two pages, seconds: people in a hurry."""


def client_at(door):
    """The client for whom a door of the shop is there; each has a network of its own.

    The range is the one for measurements.
    """
    return f"198.18.{door.rpartition('.')[2]}.7"


class Visitor(threading.Thread):
    """One person with a browser.

    Args:
        address: The door of the shop that stands for this person.
        port: Of the shop.
        name: Of the account.
        password: Of the account.
        seed: Of what the person looks at.
    """

    def __init__(self, address, port, *, name, password, seed):
        super().__init__(daemon=True)
        self.address, self.port = address, port
        self.account = (name, password)
        self.dice = random.Random(seed)
        self.agent = AGENTS[seed % len(AGENTS)]
        self.leave = threading.Event()
        self.cookie = ""
        self.known = set()
        self.requests = 0
        self.statuses = set()
        self.fault = None

    def run(self):
        try:
            self.shop()
        except Exception as fault:  # noqa: BLE001 - told by the test
            self.fault = fault

    def shop(self):
        name, password = self.account
        self.see("/")
        self.see("/login")
        self.ask("POST", "/login", form={"user": name, "pass": password[:-1]})  # a slip
        self.rest()
        self.ask("POST", "/login", form={"user": name, "pass": password})
        self.see("/account")
        while not self.leave.is_set():
            query = urllib.parse.quote_plus(self.dice.choice(SEARCHES))
            self.see(f"/search?q={query}")
            number = self.dice.randint(1, 20)
            self.see(f"/item?id={number}")
            self.ask("GET", f"/api/products/{number}")
            if self.dice.random() < 0.4:
                self.ask("POST", "/api/cart", data={"product": number})
                self.rest()
            if self.dice.random() < 0.2:
                self.ask("POST", "/api/orders", data={})
                self.ask("GET", "/api/orders")
            self.see("/")

    def see(self, path):
        """A page with its parts, and some time to read it."""
        self.ask("GET", path, accept="text/html,application/xhtml+xml,application/xml;q=0.9,*/*")
        for part in ("/static/app.css", "/static/app.js", "/static/logo.svg", "/favicon.ico"):
            if part not in self.known:
                self.known.add(part)
                self.ask("GET", part)
        self.ask("GET", f"/api/products?page={self.dice.randint(1, 4)}")
        self.rest()

    def rest(self):
        self.leave.wait(self.dice.uniform(*PAUSE_S))

    def ask(self, method, path, *, accept="*/*", form=None, data=None):
        headers = {
            "User-Agent": self.agent,
            "Accept": accept,
            "Accept-Language": "en-GB,en;q=0.8",
            "Accept-Encoding": "gzip, deflate",
            "Referer": f"http://{self.address}:{self.port}/",
        }
        body = None
        if self.cookie:
            headers["Cookie"] = f"sessionid={self.cookie}"
        if form is not None:
            body = urllib.parse.urlencode(form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        elif data is not None:
            body = json.dumps(data)
            headers["Content-Type"] = "application/json"
        line = http.client.HTTPConnection(self.address, self.port, timeout=30)
        try:
            line.request(method, path, body, headers)
            answer = line.getresponse()
            answer.read()
            self.requests += 1
            self.statuses.add(answer.status)
            if cookie := answer.headers.get("Set-Cookie"):
                self.cookie = cookie.partition("=")[2].partition(";")[0]
        finally:
            line.close()
