"""Mobile bank: tokens that run out, second factor, people who travel."""

import json
from urllib.parse import quote_plus

from benchmarks.foreign.core import DAY, HOUR, NAMES, Actor, token, v4
from benchmarks.foreign.site import Site


class Bank(Site):
    """See the module."""

    name, host, format, days = "bank", "mobile.bank.test", "ndjson", 2.0
    people_count, per_visit, log_body, objects, phone = 2200, 13.0, True, 9000, 0.0
    words = ("rent", "groceries", "spotify", "insurance")
    login_path, forgot_path, broken = "/api/v1/login", "/api/v1/login/reset", "/api/v1/transfers"
    admin = [
        ("GET", "/api/v1/backoffice/customers"),
        ("POST", "/api/v1/limits/override"),
        ("GET", "/api/v1/fraud/rules"),
    ]
    probe = [("GET", "/api/v1/payees", "q"), ("GET", "/api/v1/branches", "city")]
    health, front = "/api/v1/ping", "/api/v1/version"

    def agent(self) -> str:
        return self.r.choice(
            [
                "BankApp/7.4.0 (iPhone15,2; iOS 18.1)",
                "BankApp/7.4.0 (iPhone14,5; iOS 17.6)",
                "BankApp/7.3.2 (Android 14; Pixel 8)",
                "BankApp/7.4.0 (Android 13; SM-G991B)",
            ]
        )

    def otp(self, a: Actor, t: float, good: bool) -> float:
        return self.w.hit(
            a,
            t,
            "POST",
            "/api/v1/login/otp",
            status=200 if good else 401,
            size=self.w.size(600 if good else 58, 0.02),
            ms=90,
            body=json.dumps({"code": f"{self.r.randrange(10**6):06d}"}),
            ctype="application/json",
        )

    def visit(self, a: Actor, t: float) -> float:
        w, r = self.w, self.r
        old = a.data.get("session")
        if (
            old and r.random() < 0.3
        ):  # token ran out while the phone slept: several calls fail at once
            a.session = old
            for path in r.sample(
                ["/api/v1/accounts", "/api/v1/messages", "/api/v1/offers", "/api/v1/cards"],
                r.randrange(2, 5),
            ):
                w.hit(a, t + r.random() * 0.1, "GET", path, status=401, size=44)
            a.session = token(r, 20)
            t = w.hit(
                a,
                t + 0.3,
                "POST",
                "/api/v1/token/refresh",
                status=200 if r.random() < 0.9 else 401,
                size=700,
                body='{"grant_type":"refresh_token"}',
                ctype="application/json",
            )
        if r.random() < 0.3:
            t = self.sign_in(a, t)
            for _ in range(r.choice([0] * 9 + [1, 2])):
                t = self.otp(a, w.think(t, 12), False)
            t = self.otp(a, w.think(t, 12), True)
        t = w.hit(a, t, "GET", "/api/v1/accounts", size=w.size(900))
        for _ in range(r.randrange(1, 6)):
            t = self.read_object(a, w.think(t, 6), r.choice(self.own(a, 3)), True)
        if r.random() < 0.3:
            t = w.hit(
                a,
                w.think(t, 20),
                "GET",
                "/api/v1/payees",
                f"q={quote_plus(r.choice(NAMES))}",
                size=w.size(600),
            )
            t = w.hit(
                a,
                w.think(t, 30),
                "POST",
                "/api/v1/transfers",
                status=r.choice([201] * 20 + [422]),
                size=w.size(300),
                ms=300,
                ctype="application/json",
                body=json.dumps(
                    {
                        "from": self.ident(self.own(a)[0]),
                        "iban": "DE" + str(r.randrange(10**19, 10**20)),
                        "amount": round(r.lognormvariate(3.5, 1), 2),
                        "name": r.choice(NAMES),
                        "purpose": self.text(),
                    },
                    ensure_ascii=False,
                ),
            )
        if r.random() < 0.1:
            t = w.hit(
                a,
                t,
                "GET",
                "/api/v1/branches",
                f"city={r.choice(['Berlin', 'K%C3%B6ln', 'Wien'])}",
                size=w.size(4000),
            )
        a.data["session"] = a.session
        return t

    def background(self) -> None:
        w, r = self.w, self.r
        for a in r.sample(self.people, 12):  # an app that lost its refresh token and asks on and on
            t, self_end = w.start + r.random() * w.days * DAY, r.uniform(1, 5) * HOUR
            stop = t + self_end
            self.begin(a)
            while t < stop:
                t = w.hit(a, t, "GET", "/api/v1/messages", status=401, size=44) + 30 + r.random()
        for a in self.people:
            if r.random() < 0.01:
                t = w.start + r.random() * w.days * DAY
                self.visit(
                    self.begin(Actor(v4(r), a.agent, user=a.user, data=a.data)), t
                )  # on holiday

    def read_object(self, a: Actor, t: float, i: int, allowed: bool) -> float:
        return self.w.hit(
            a,
            t,
            "GET",
            f"/api/v1/accounts/{self.ident(i)}/transactions",
            f"limit=30&from=2026-0{self.r.randrange(1, 4)}-01",
            status=200 if allowed else 403,
            size=self.w.size(6200) if allowed else 52,
        )

    def pay(self, a: Actor, t: float, good: bool) -> float:
        return self.w.hit(
            a,
            t,
            "POST",
            "/api/v1/cards/topup",
            status=200 if good else 402,
            ms=800,
            ctype="application/json",
            body=json.dumps(
                {
                    "pan": f"4{self.r.randrange(10**14, 10**15)}",
                    "cvv": f"{self.r.randrange(1000):03d}",
                    "amount": 1,
                }
            ),
        )

    def assign(self, a: Actor, t: float, extra: str) -> float:
        return self.w.hit(
            a,
            t,
            "PATCH",
            "/api/v1/me",
            status=200,
            ctype="application/json",
            body=json.dumps({"nickname": "x", "language": "de", extra: 1}),
        )

    def after_login(self, a: Actor, t: float) -> float:
        w, r = self.w, self.r
        t = w.hit(a, t, "GET", "/api/v1/accounts")
        t = w.hit(
            a,
            t + 1,
            "PATCH",
            "/api/v1/me",
            body='{"phone":"+4915112345678"}',
            ctype="application/json",
        )
        for _ in range(3):
            t = w.hit(
                a,
                t + 4,
                "POST",
                "/api/v1/transfers",
                status=201,
                ctype="application/json",
                ms=300,
                body=json.dumps(
                    {
                        "from": self.ident(self.own(a)[0]),
                        "iban": "LT" + str(r.randrange(10**17, 10**18)),
                        "amount": 4900.0,
                        "name": "J Doe",
                        "purpose": "invoice",
                    }
                ),
            )
        return t
