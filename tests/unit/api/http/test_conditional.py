"""HEAD is answered like GET without a body; who has the newest version gets none again."""

import pytest


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/api/v1/health"])
def test_head_is_answered_as_get_is_without_a_body(client, path):
    got, head = client.get(path), client.head(path)
    assert head.status_code == got.status_code
    assert head.headers["content-type"] == got.headers["content-type"]
    assert head.headers["content-length"] == got.headers["content-length"]
    assert head.content == b""


def test_head_needs_what_get_needs(client, key):
    assert client.head("/api/v1/keys").status_code == 401
    assert client.head("/api/v1/keys", headers=key("read")).status_code == 403
    assert client.head("/api/v1/keys", headers=key("admin")).status_code == 200


def test_head_of_what_only_takes_posts_is_refused(client, key):
    assert client.head("/api/v1/login").status_code == 405


def test_who_has_the_newest_version_is_told_so(api):
    name = api.get("incidents", limit=1)["items"][0]["id"]
    first = api("GET", f"incidents/{name}")
    etag = first.headers["etag"]
    again = api("GET", f"incidents/{name}", headers={"if-none-match": f'"x", W/{etag}'})
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["etag"] == etag
    assert "content-type" not in again.headers
    other = api("GET", f"incidents/{name}", headers={"if-none-match": etag.split(".")[0] + '"'})
    assert other.content == first.content


def test_a_version_does_not_open_what_is_closed(client):
    assert client.get("/api/v1/settings", headers={"if-none-match": "*"}).status_code == 401
