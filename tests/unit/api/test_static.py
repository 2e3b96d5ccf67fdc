"""The page is served as files of the build, under a path, coded, and never from elsewhere."""

import pytest
from tests.unit.api.conftest import ORIGIN
from tests.unit.api.http_client import TestClient

from apisentinel.api.access.secret import Secret
from apisentinel.api.app import create_app
from apisentinel.api.http.guard import CONTENT_SECURITY_POLICY
from apisentinel.api.static import add_page, with_base

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / ".vite").mkdir()
    (tmp_path / "index.html").write_text("<html><head></head><body></body></html>", "utf-8")
    (tmp_path / "icon.svg").write_text("<svg/>", "utf-8")
    (tmp_path / ".stamp").write_text("digest", "utf-8")
    (tmp_path / ".vite" / "manifest.json").write_text("{}", "utf-8")
    (tmp_path / "assets" / "a.js").write_bytes(b"plain")
    (tmp_path / "assets" / "a.js.br").write_bytes(b"small")
    (tmp_path / "assets" / "a.js.gz").write_bytes(b"smaller")
    (tmp_path / "assets" / "b.css").write_bytes(b"only plain")
    return tmp_path


@pytest.fixture
def page(app, folder):
    add_page(app, "", folder)
    with TestClient(app, base_url=ORIGIN) as client:
        yield client


def test_assets_are_kept_for_a_year_and_the_page_is_asked_for_again(page):
    kept = page.get("/assets/b.css").headers["cache-control"]
    assert kept == "public, max-age=31536000, immutable"
    for path in ("/", "/icon.svg"):
        assert page.get(path).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("accepted", "coding", "content"),
    [
        ("gzip, deflate, br, zstd", "br", b"small"),
        ("gzip", "gzip", b"smaller"),
        ("identity", None, b"plain"),
        ("br;q=0, gzip", "gzip", b"smaller"),
    ],
)
def test_what_was_compressed_is_sent_so_to_who_takes_it(page, accepted, coding, content):
    with page.stream("GET", "/assets/a.js", headers={"accept-encoding": accepted}) as answer:
        assert b"".join(answer.iter_raw()) == content
    assert answer.headers.get("content-encoding") == coding
    assert answer.headers["vary"] == "accept-encoding"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["content-length"] == str(len(content))


def test_the_copy_of_a_browser_is_confirmed(page):
    first = page.get("/")
    again = page.get("/", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = page.get("/assets/a.js", headers={"accept-encoding": "identity"}).headers["etag"]
    assert page.head("/assets/a.js", headers={"accept-encoding": "gzip"}).headers["etag"] != plain


@pytest.mark.parametrize("path", ["/incidents/abc", "/entities/client/203.0.113.7", "/settings"])
def test_places_within_the_page_are_the_page(page, path):
    answer = page.get(path, headers=BROWSER)
    assert answer.status_code == 200
    assert answer.text == '<html><head><base href="/"></head><body></body></html>'
    assert page.get(path, headers={"accept": "application/json"}).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/assets/gone.js",
        "/assets/",
        "/api/v1/nowhere",
        "/api",
        "/services/nowhere",
        "/assets/%2e%2e/.stamp",
        "/assets/%2e%2e/%2e%2e/secret",
    ],
)
def test_what_is_unknown_is_no_place(page, path):
    answer = page.get(path, headers=BROWSER)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/.stamp", "/.vite/manifest.json", "/assets/a.js.br"])
def test_what_the_build_keeps_for_itself_is_not_sent(page, path):
    assert page.get(path).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_the_page_takes_nothing(page, method):
    assert page.request(method, "/incidents", headers=BROWSER).status_code == 404
    assert page.request(method, "/", headers=BROWSER).status_code == 404


def test_below_a_path_addresses_begin_there(app, folder):
    add_page(app, "/sentinel", folder)
    with TestClient(app, base_url=ORIGIN) as client:
        assert '<base href="/sentinel/">' in client.get("/", headers=BROWSER).text
    with TestClient(app, base_url=ORIGIN, root_path="/sentinel") as client:
        for path in ("/sentinel/", "/sentinel/incidents"):
            assert '<base href="/sentinel/">' in client.get(path, headers=BROWSER).text
        assert client.get("/sentinel/assets/b.css").text == "only plain"


def test_without_a_page_the_service_says_so(app, tmp_path):
    add_page(app, "", tmp_path / "nothing")
    with TestClient(app, base_url=ORIGIN) as client:
        answer = client.get("/")
        assert answer.status_code == 503
        assert "page was not built" in answer.text
        assert client.get("/livez").status_code == 200


def test_the_policy_lets_nothing_in():
    directives = dict(part.split(" ", 1) for part in CONTENT_SECURITY_POLICY.split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == "'self'"
    assert directives["require-trusted-types-for"] == "'script'"
    assert directives["trusted-types"] == "'none'"
    assert "unsafe" not in CONTENT_SECURITY_POLICY


def test_an_application_serves_the_page_of_its_package(service, accounts, clock):
    app = create_app(service, accounts=accounts, secret=Secret(bytes(32)), clock=clock)
    with TestClient(app, base_url=ORIGIN) as client:
        assert "<title>API Sentinel" in client.get("/").text


def test_a_page_without_head_is_refused():
    with pytest.raises(ValueError, match="head"):
        with_base(b"<html>", "/")
