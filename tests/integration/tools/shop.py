"""A small shop on the loopback, as a process of its own: what the tools attack.

Each client has a door of its own, which is an address of 127.0.0.0/8, and the shop tells the agent
a client of that door. Some answers leak errors as careless software does; nothing is behind them:
there is no database, no file is opened by name, and no command runs.
"""

import contextlib
import html
import secrets
import socket
import sys
from urllib.parse import parse_qs

import uvicorn
from apisentinel_agent.fastapi import protect
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse

from tests.integration.tools.visitors import ACCOUNTS, client_at

PRODUCTS = [
    {"id": n, "name": f"{colour} {thing}", "price": 5 + n * 3 % 40, "stock": n * 7 % 30}
    for n, (colour, thing) in enumerate(
        (
            (c, t)
            for c in ("red", "green", "oak", "brass")
            for t in ("lamp", "chair", "mug", "clock", "bowl", "shelf")
        ),
        1,
    )
]

ASSETS = {
    "app.css": ("text/css", "body{font:1em sans-serif}" * 40),
    "app.js": ("text/javascript", "fetch('/api/products').then(r=>r.json());" * 30),
    "logo.svg": ("image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg'/>" * 20),
}

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
sessions: dict[str, str] = {}
carts: dict[str, list[int]] = {}
orders: dict[str, list[dict]] = {name: [] for name in ACCOUNTS}


@app.middleware("http")
async def who(request: Request, proceed):
    name = sessions.get(request.cookies.get("sessionid", ""))
    if name:
        request.state.user_id = name
    return await proceed(request)


def name_of(request: Request) -> str:
    return getattr(request.state, "user_id", "")


def page(title: str, body: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(
        f"<!doctype html><html><head><title>{html.escape(title)}</title>"
        '<link rel="stylesheet" href="/static/app.css"><script src="/static/app.js"></script>'
        f'</head><body><a href="/"><img src="/static/logo.svg" alt=""></a>'
        '<a href="/about">About</a><a href="/login">Log in</a>'
        '<form action="/search"><input name="q"></form>'
        f"{body}</body></html>",
        status,
    )


@app.get("/")
def home():
    return page("Shop", "".join(f'<a href="/item?id={n}">{n}</a>' for n in range(1, 7)))


@app.get("/about")
def about():
    return page("About", "<p>Lamps and chairs since 1987.</p>")


@app.get("/robots.txt")
def robots():
    return PlainTextResponse("User-agent: *\nDisallow: /admin/\n")


@app.get("/favicon.ico")
def icon():
    return PlainTextResponse("", headers={"Content-Type": "image/x-icon"})


@app.get("/static/{name}")
def asset(name: str):
    if name not in ASSETS:
        return page("Not found", "<p>Not found.</p>", 404)
    kind, text = ASSETS[name]
    return PlainTextResponse(text, media_type=kind)


@app.get("/item")
def item(id: str = "1"):  # noqa: A002 - shops call it so
    if not id.isdigit():  # leaks what a careless shop leaks
        return page(
            "Error",
            "<pre>Warning: SQLite3::query(): Unable to prepare statement: 1, near "
            f"&quot;{html.escape(id[:80])}&quot;: syntax error in /srv/shop/item.php on line 17"
            "</pre>",
            500,
        )
    number = int(id)
    if not 1 <= number <= len(PRODUCTS):
        return page("Not found", "<p>No such product.</p>", 404)
    found = PRODUCTS[number - 1]
    return page(found["name"], f"<h1>{found['name']}</h1><p>{found['price']}</p>")


@app.get("/search")
def search(q: str = ""):
    found = [each for each in PRODUCTS if q.lower() in each["name"]]
    rows = "".join(f'<a href="/item?id={p["id"]}">{p["name"]}</a>' for p in found)
    return page(f"Results for {q}", f"<p>{html.escape(q)}: {len(found)}</p>{rows}")


@app.get("/api/products")
def products(request: Request, page: str = "1"):
    if not page.isdigit():  # leaks a stack
        return JSONResponse({"error": f"ValueError: invalid literal for int(): '{page[:40]}'"}, 500)
    first = (int(page) % 100 - 1) * 6
    return {"items": PRODUCTS[max(first, 0) : first + 6], "page": int(page)}


@app.get("/api/products/{number}")
def product(number: int):
    if not 1 <= number <= len(PRODUCTS):
        return JSONResponse({"error": "no such product"}, 404)
    return PRODUCTS[number - 1]


@app.get("/login")
def login_page():
    return page(
        "Log in",
        '<form action="/login" method="post"><input name="user"><input name="pass" type="password">'
        "</form>",
    )


@app.post("/login")
async def login(request: Request):
    form = parse_qs((await request.body())[:4096].decode("utf-8", "replace"))
    user, password = (form.get(name, [""])[0] for name in ("user", "pass"))
    if not password or ACCOUNTS.get(user) != password:
        return page("Log in", "<p>Wrong name or password.</p>")  # 200, as many do
    token = secrets.token_hex(16)
    sessions[token] = user
    answer = RedirectResponse("/account", 303)
    answer.set_cookie("sessionid", token, httponly=True)
    return answer


@app.get("/account")
def account(request: Request):
    if not name_of(request):
        return RedirectResponse("/login", 303)
    return page("Account", f"<p>Hello {name_of(request)}</p>")


@app.post("/api/cart")
def put(request: Request, body: dict):
    if not name_of(request):
        return JSONResponse({"error": "log in first"}, 401)
    carts.setdefault(name_of(request), []).append(int(body.get("product", 1)))
    return {"items": len(carts[name_of(request)])}


@app.get("/api/orders")
def list_orders(request: Request):
    if not name_of(request):
        return JSONResponse({"error": "log in first"}, 401)
    return {"items": orders[name_of(request)]}


@app.post("/api/orders", status_code=201)
def order(request: Request):
    name = name_of(request)
    if not name:
        return JSONResponse({"error": "log in first"}, 401)
    made = {"number": 1000 + sum(map(len, orders.values())), "items": carts.pop(name, [])}
    orders[name].append(made)
    return made


@app.get("/admin/{rest:path}")
def admin(rest: str):
    return page("Forbidden", "<p>Staff only.</p>", 403)


@app.exception_handler(404)
def missing(request: Request, _):
    return page("Not found", "<p>Nothing here.</p>", 404)


protect(app, service="shop", client=lambda scope: client_at(scope["server"][0]))


def doors(count: int) -> list[socket.socket]:
    """Listening sockets at 127.0.0.2 and the next addresses, all on one port."""
    while True:
        with contextlib.ExitStack() as stack:
            made, port = [], 0
            try:
                for number in range(2, 2 + count):
                    each = stack.enter_context(socket.socket())
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    each.bind((f"127.0.0.{number}", port))
                    each.listen(200)
                    port = each.getsockname()[1]
                    made.append(each)
            except OSError:
                continue  # another program has this port at one of the addresses
            stack.pop_all()
            return made


if __name__ == "__main__":
    listeners = doors(int(sys.argv[1]))

    class Server(uvicorn.Server):
        async def startup(self, sockets=None):
            await super().startup(sockets)
            sys.stdout.write(f"port {listeners[0].getsockname()[1]}\n")
            sys.stdout.flush()

    Server(uvicorn.Config(app, log_level="critical", server_header=False)).run(listeners)
