"""Serves the page: files that the build made, read once, never a path of the request on the disk.

The files of ``assets/`` carry a hash in their name and are kept by browsers for a year; the page
itself is asked for again each time. Every other address that a browser navigates to is a place
within the page.
"""

import hashlib
import html
import mimetypes
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final, NamedTuple

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from apisentinel.api.http.guard import route_path
from apisentinel.api.http.problems import problem

INDEX: Final = "index.html"

ENCODINGS: Final = (("br", ".br"), ("gzip", ".gz"))
"""Codings of HTTP and the ends of the files that hold them, the smallest first."""

FOREVER: Final = "public, max-age=31536000, immutable"
"""A year, the longest that the standard knows: another content has another name."""

REVALIDATE: Final = "no-cache"

HIDDEN: Final = (".stamp", ".vite/")
"""What the build keeps for itself."""

NOT_PAGES: Final = ("api", "services", "v1", "metrics", "livez", "readyz", "assets")
"""First steps of paths that belong to programs: unknown ones are errors, no places."""

NOT_BUILT: Final = b"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>API Sentinel: page not built</title></head>
<body><h1>The page was not built</h1>
<p>The service runs, but its page is not part of this installation.</p>
<p>Install a wheel, or build the page in a working copy with <code>make ui</code>.</p>
<p>Everything that the page shows can be asked for at <code>api/v1</code>.</p></body></html>
"""

TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
}
"""Media types by the end of the name; the machine's own table may say otherwise."""


class Asset(NamedTuple):
    """A file of the page.

    Attributes:
        media_type: Of the content.
        etag: Strong validator of the content as it is, without coding.
        contents: By coding; empty for the content as it is.
    """

    media_type: str
    etag: str
    contents: Mapping[str, bytes]


class Page:
    """What the build made, in memory: about a megabyte.

    Args:
        folder: Where the build put it; it may be missing.
        root_path: Path under which browsers find the service, without a slash at the end.
    """

    def __init__(self, folder: Traversable, root_path: str = "") -> None:
        found = dict(_read(folder, "")) if folder.is_dir() else {}
        index = found.pop(INDEX, None)
        self.index = (
            None if index is None else _asset(INDEX, {"": with_base(index, f"{root_path}/")})
        )
        ends = tuple(end for _, end in ENCODINGS)
        self.assets: dict[str, Asset] = {}
        for name, content in found.items():
            if name.endswith(ends) or name.startswith(HIDDEN):
                continue
            contents = {"": content}
            contents |= {
                coding: found[name + end] for coding, end in ENCODINGS if name + end in found
            }
            self.assets[name] = _asset(name, contents)

    def answer(self, path: str, headers: Headers) -> Response | None:
        """The answer to GET of a path, None for what is no part of the page.

        Args:
            path: Below the path of the service, with a slash before it.
            headers: Of the request.
        """
        name = path.removeprefix("/")
        asset = self.assets.get(name)
        if asset is not None:
            return _send(asset, headers, FOREVER if name.startswith("assets/") else REVALIDATE)
        if name and not _is_place(name, headers):
            return None
        if self.index is None:
            return Response(NOT_BUILT, 503, {"cache-control": "no-store"}, TYPES[".html"])
        return _send(self.index, headers, REVALIDATE)


def with_base(page: bytes, base: str) -> bytes:
    """A page whose relative addresses begin at `base`, wherever in the page the browser is.

    Example:
        >>> with_base(b"<html><head><title>x</title></head></html>", "/sentinel/")
        b'<html><head><base href="/sentinel/"><title>x</title></head></html>'

    Raises:
        ValueError: It has no head.
    """
    begin, head, rest = page.partition(b"<head>")
    if not head:
        raise ValueError("index.html has no <head>")
    return begin + head + f'<base href="{html.escape(base)}">'.encode() + rest


def accepted(header: str) -> frozenset[str]:
    """The codings that a browser takes, of an Accept-Encoding header.

    Example:
        >>> sorted(accepted("gzip, br;q=0.9, zstd;q=0"))
        ['br', 'gzip']
    """
    names = set()
    for part in header.split(","):
        name, _, weight = part.partition(";")
        if weight.replace(" ", "").rstrip("0").rstrip(".") not in {"q=", "q"}:
            names.add(name.strip().lower())
    return frozenset(names)


def add_page(app: FastAPI, root_path: str, folder: Traversable | None = None) -> None:
    """Makes the page the answer to everything for which an application has no route.

    It is public as a whole: it holds no data, and what it shows it asks for like anybody else.
    """
    page = Page(folder or files("apisentinel").joinpath("_ui"), root_path)

    async def otherwise(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000, "reason": ""})
            return
        answer = None
        if scope["method"] in {"GET", "HEAD"}:
            answer = page.answer(route_path(scope), Headers(scope=scope))
        if answer is None:
            answer = problem(404, "Not Found", request_id=scope["state"]["request_id"])
        await answer(scope, receive, send)

    app.router.default = otherwise


def _is_place(name: str, headers: Headers) -> bool:
    """Whether a browser navigates to a place within the page."""
    if name.partition("/")[0] in NOT_PAGES:
        return False
    return "text/html" in headers.get("accept", "")


def _send(asset: Asset, headers: Headers, keep: str) -> Response:
    taken = accepted(headers.get("accept-encoding", ""))
    coding = next(
        (coding for coding, _ in ENCODINGS if coding in taken & asset.contents.keys()), ""
    )
    etag = f'"{asset.etag}{coding and f"-{coding}"}"'
    sent = {"cache-control": keep, "etag": etag}
    if len(asset.contents) > 1:
        sent["vary"] = "accept-encoding"
    if etag in headers.get("if-none-match", ""):
        return Response(status_code=304, headers=sent)
    if coding:
        sent["content-encoding"] = coding
    return Response(asset.contents[coding], headers=sent, media_type=asset.media_type)


def _asset(name: str, contents: Mapping[str, bytes]) -> Asset:
    end = f".{name.rpartition('.')[2]}"
    kind = TYPES.get(end) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Asset(kind, hashlib.sha256(contents[""]).hexdigest()[:32], contents)


def _read(folder: Traversable, before: str) -> list[tuple[str, bytes]]:
    found = []
    for entry in folder.iterdir():
        name = before + entry.name
        if entry.is_dir():
            found += _read(entry, f"{name}/")
        elif entry.is_file():
            found.append((name, entry.read_bytes()))
    return found
