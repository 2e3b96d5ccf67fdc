"""The start page: what runs, how to log in, the newest incidents. Files, nothing made from text."""

from functools import cache
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Depends, Response

from apisentinel.api.access import needs

FILES: Final = {
    "start.css": "text/css; charset=utf-8",
    "start.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
"""What the page loads, with its media type."""

router = APIRouter(include_in_schema=False, dependencies=[Depends(needs("public"))])


@cache
def _content(name: str) -> bytes:
    return files("apisentinel.api").joinpath("static", name).read_bytes()


def _file(name: str, media_type: str) -> Response:
    return Response(_content(name), headers={"cache-control": "no-cache"}, media_type=media_type)


@router.get("/")
async def start() -> Response:
    """The page."""
    return _file("start.html", "text/html; charset=utf-8")


@router.get("/assets/start.css")
async def style() -> Response:
    """Its style."""
    return _file("start.css", FILES["start.css"])


@router.get("/assets/start.js")
async def script() -> Response:
    """Its script."""
    return _file("start.js", FILES["start.js"])


@router.get("/assets/icon.svg")
async def icon() -> Response:
    """Its icon."""
    return _file("icon.svg", FILES["icon.svg"])
