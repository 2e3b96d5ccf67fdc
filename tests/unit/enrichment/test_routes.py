"""Routes are learned from paths: identifiers become placeholders, guesses name nothing."""

import re
import string

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.enrichment.batches import batch_of

from apisentinel.enrichment import Enricher
from apisentinel.enrichment.route_tree import API_WORDS, ASSET_WORDS, ROUTE_TEXT, WORDS
from apisentinel.enrichment.routes import HOSTS, ROUTES
from apisentinel.errors import StateError
from apisentinel.kernels.hashing import hash_bytes
from apisentinel.records import flags
from apisentinel.records.batch import RequestBatch
from apisentinel.records.flags import NO_OBJECT


def enriched(enricher: Enricher, *rows) -> RequestBatch:
    batch = batch_of([{"method": "GET", "status": 200} | row for row in rows])
    enricher.pure(batch)
    enricher.ordered(batch)
    return batch


def routes_of(enricher: Enricher, *paths, status: int = 200) -> list[str]:
    batch = enriched(enricher, *({"path": path, "status": status} for path in paths))
    return [enricher.route_label(batch, row) for row in range(len(batch))]


def word(number: int) -> str:
    """A word without digits for each number."""
    letters = string.ascii_lowercase
    return "w" + letters[number // 676 % 26] + letters[number // 26 % 26] + letters[number % 26]


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/", "/"), ("//", "/"), ("/users", "/users"), ("/users/", "/users"), ("/a//b", "/a/b"),
        ("/users/12", "/users/{id}"), ("/users/12/orders/7", "/users/{id}/orders/{id}"),
        ("/o/550e8400-e29b-41d4-a716-446655440000", "/o/{uuid}"),
        ("/o/9f86d081884c7d65", "/o/{hash}"),
        ("/day/2024-05-17", "/day/{date}"), ("/day/2024-05-17T10:00:00Z", "/day/{date}"),
        ("/u/ann@example.org", "/u/{email}"), ("/u/a%40b.c", "/u/{text}"),
        ("/en/shop", "/{locale}/shop"), ("/de-DE/shop", "/{locale}/shop"), ("/a/b/en", "/a/b/en"),
        ("/blog/ten-ways-to-cook-an-egg", "/blog/{slug}"), ("/p/shoe-blue-42", "/p/{slug}"),
        ("/t/aB3dE5gH7jK9mN1pQ", "/t/{token}"), ("/api/v1/oauth2", "/api/v1/oauth2"),
        ("/img/photo0012.jpg", "/img/{slug}.jpg"), ("/img/17.png", "/img/{id}.png"),
        ("/static/app.3f2a1b9c.js", "/static/{slug}.js"), ("/static/app.js", "/static/app.js"),
        ("/x/%2e%2e/etc", "/x/{text}/etc"), ("/x/" + "a" * 60, "/x/{text}"),
        ("/a;jsessionid=1F2E/b", "/a/b"), ("/users:batchGet", "/{text}"),
        ("/10.0.0.1/x", "/{slug}/x"),
    ],
)  # fmt: skip
def test_templates(path, route):
    assert routes_of(Enricher(), path) == [route]


SEGMENT = st.text("abcdefXYZ0123456789-_.~%@é", min_size=1, max_size=50)
KINDS = (
    (r"[0-9]+", "{id}"),
    (r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}", "{uuid}"),
    (r"(?=.*[0-9])[0-9a-fA-F]{8,}", "{hash}"),
)


@settings(max_examples=400)
@given(SEGMENT)
def test_numbers_and_hashes_are_told_by_their_form(segment):
    route = routes_of(Enricher(), "/things/" + segment)[0]
    for pattern, placeholder in KINDS:
        if re.fullmatch(pattern, segment):
            assert route == "/things/" + placeholder
            return
    assert not route.endswith(("{id}", "{uuid}", "{hash}"))


@given(st.lists(st.integers(0, 10**18), min_size=1, max_size=20))
def test_the_number_of_an_object_is_read(numbers):
    batch = enriched(Enricher(), *({"path": f"/users/{n}/profile"} for n in numbers))
    assert batch.enriched["object_id"].tolist() == [n if n < 10**18 else NO_OBJECT for n in numbers]
    assert len(set(batch.enriched["h_object"].tolist())) == len(set(numbers))


def test_things_of_different_places_are_different_objects():
    batch = enriched(Enricher(), {"path": "/users/5"}, {"path": "/orders/5"}, {"path": "/users"})
    one, two, none = batch.enriched["h_object"].tolist()
    assert 0 not in {one, two}
    assert one != two
    assert none == 0


def test_a_parameter_names_the_object_where_the_path_does_not():
    batch = enriched(
        Enricher(), {"path": "/item", "query": "id=7"}, {"path": "/item/9", "query": "id=7"}
    )
    assert batch.enriched["object_id"].tolist() == [7, 9]
    assert int(batch.enriched["h_object"][0]) == hash_bytes(b"7")


@pytest.mark.parametrize(
    ("prefix", "suffix", "limit"),
    [("/blog/", "", WORDS), ("/api/v1/", "", API_WORDS), ("/media/", ".png", ASSET_WORDS)],
)
def test_a_crowded_position_becomes_a_slug_and_known_words_keep_their_route(prefix, suffix, limit):
    enricher = Enricher()
    paths = [f"{prefix}{word(i)}{suffix}" for i in range(limit + 50)]
    labels = routes_of(enricher, *paths)
    assert labels[:limit] == paths[:limit]
    assert set(labels[limit:]) == {f"{prefix}{{slug}}{suffix}"}
    assert routes_of(enricher, *paths) == labels


def test_a_crowded_position_goes_on_below():
    enricher = Enricher()
    routes_of(enricher, *(f"/blog/{word(i)}" for i in range(WORDS + 1)))
    assert routes_of(enricher, "/blog/new-one/comments/5") == ["/blog/{slug}/comments/{id}"]


def test_guesses_of_a_scanner_name_no_route():
    enricher = Enricher()
    routes_of(enricher, "/users", "/users/1")
    before = len(enricher.routes)
    guesses = [f"/{word(i)}/{word(i + 1)}.php" for i in range(2_000)]
    assert set(routes_of(enricher, *guesses, status=404)) == {"{unknown}"}
    assert len(enricher.routes) == before
    assert routes_of(enricher, "/users/99", status=404) == ["/users/{id}"]
    assert routes_of(enricher, "/about") == ["/about"]


def test_guessed_identifiers_have_a_route_but_nothing_grows_below_it():
    enricher = Enricher()
    routes_of(enricher, "/orders")
    assert routes_of(enricher, "/orders/1", status=404) == ["/orders/{id}"]
    assert routes_of(enricher, "/orders/1/2/3", status=404) == ["{unknown}"]
    assert routes_of(enricher, "/orders/1/items") == ["/orders/{id}/items"]


def test_a_path_that_exists_later_gets_its_route():
    enricher = Enricher()
    assert routes_of(enricher, "/new", status=404) == ["{unknown}"]
    assert routes_of(enricher, "/new", status=301) == ["{unknown}"]
    assert routes_of(enricher, "/new", status=200) == ["/new"]
    assert routes_of(enricher, "/new", status=404) == ["/new"]


def test_a_refused_body_speaks_for_the_path():
    enricher = Enricher()
    batch = enriched(
        enricher,
        {"path": "/a", "method": "POST", "status": 400},
        {"path": "/b", "method": "GET", "status": 400},
    )
    assert [enricher.route_label(batch, row) for row in (0, 1)] == ["/a", "{unknown}"]


def test_routes_are_bounded():
    enricher = Enricher()
    paths = [f"/{word(i % 40)}/{word(i // 40 % 40)}/{word(i // 1600)}" for i in range(8_000)]
    labels = routes_of(enricher, *paths)
    assert len(enricher.routes) == ROUTES
    assert labels[-1] == "{other}"
    assert routes_of(enricher, paths[0]) == [paths[0]]


def test_hosts_are_bounded_and_shown_without_port():
    enricher = Enricher()
    rows = [{"path": "/", "host": f"H{i}.example.org:8080"} for i in range(HOSTS + 5)]
    batch = enriched(enricher, *rows, {"path": "/"}, {"path": "/", "host": "h0.EXAMPLE.org"})
    assert enricher.endpoint_label(batch, 0) == "GET h0.example.org /"
    assert enricher.endpoint_label(batch, HOSTS + 1) == "GET {other} /"
    assert enricher.endpoint_label(batch, HOSTS + 5) == "GET /"
    endpoints = batch.enriched["endpoint"]
    assert endpoints[0] == endpoints[-1]
    assert len(set(endpoints[HOSTS : HOSTS + 5].tolist())) == 1


def test_an_endpoint_has_the_same_hash_in_every_run():
    one = enriched(Enricher(), {"path": "/a", "host": "x"}, {"path": "/b/1", "host": "x"})
    two = enriched(Enricher(), {"path": "/b/2", "host": "X:80"}, {"path": "/a", "host": "x"})
    assert one.enriched["endpoint"].tolist() == two.enriched["endpoint"].tolist()[::-1]


def test_an_endpoint_that_nobody_has_seen_is_other():
    assert Enricher().label_of(12345) == "{other}"


@pytest.mark.parametrize(
    ("path", "bits"),
    [
        ("/", flags.PATH_ROOT),
        ("/a/app.css", flags.PATH_ASSET), ("/login.css", flags.PATH_ASSET),
        ("/login", flags.PATH_LOGIN), ("/Login.php", flags.PATH_LOGIN),
        ("/wp-login.php", flags.PATH_LOGIN), ("/user-login/", flags.PATH_LOGIN),
        ("/oauth/token", flags.PATH_LOGIN), ("/token/17", 0), ("/tokens/list", 0),
        ("/api/auth/login", flags.PATH_LOGIN | flags.PATH_API), ("/blogin", 0),
        ("/blog/how-to-reset-your-login", 0), ("/logout", flags.PATH_LOGOUT),
        ("/password/reset", flags.PATH_REGISTER), ("/signup", flags.PATH_REGISTER),
        ("/robots.txt", flags.PATH_ROBOTS), ("/sitemap_index.xml", flags.PATH_ROBOTS),
        ("/blog/feed/", flags.PATH_FEED), ("/a.rss", flags.PATH_FEED),
        ("/feed.xml", flags.PATH_FEED),
        ("/healthz", flags.PATH_HEALTH), ("/status", flags.PATH_HEALTH), ("/status/17", 0),
        ("/wp-admin/x.php", flags.PATH_ADMIN), ("/administrate", 0),
        ("/v2/users", flags.PATH_API), ("/data.json", flags.PATH_API), ("/graphql", flags.PATH_API),
        ("/search", flags.PATH_SEARCH), ("/.well-known/x", flags.PATH_FETCHED_BY_ITSELF),
        ("/favicon.ico", flags.PATH_FETCHED_BY_ITSELF | flags.PATH_ASSET),
        ("/apple-touch-icon-180x180.png", flags.PATH_FETCHED_BY_ITSELF | flags.PATH_ASSET),
        ("/apple/pie", 0), ("/ads.txt", flags.PATH_FETCHED_BY_ITSELF), ("/ads.txt/x", 0),
        ("\x16\x03", flags.PATH_GARBAGE), ("", flags.PATH_GARBAGE), (None, flags.PATH_GARBAGE),
    ],
)  # fmt: skip
def test_flags_of_paths(path, bits):
    assert enriched(Enricher(), {"path": path}).enriched["path_flags"].tolist() == [bits]


def test_what_is_no_path_has_a_route_of_its_own():
    enricher = Enricher()
    batch = enriched(
        enricher,
        {"path": "\x16\x03", "status": 400},
        {"path": "/a", "method": None},
        {"path": "*", "method": "OPTIONS"},
        {"path": "example.org:443", "method": "CONNECT"},
    )
    labels = [enricher.route_label(batch, row) for row in range(4)]
    assert labels == ["{garbage}", "{garbage}", "{other}", "{other}"]


def test_pages_are_told_by_the_query():
    batch = enriched(Enricher(), {"path": "/a", "query": "page=3"}, {"path": "/a"})
    assert batch.enriched["path_flags"].tolist() == [flags.PATH_PAGINATION, 0]


paths = st.lists(
    st.sampled_from(["", "a", "b", "users", "17", "99", "x.png", "login", "..", "%00", "é", "~"])
    | st.text(max_size=8),
    max_size=30,
).map(lambda segments: "/" + "/".join(segments))
requests = st.lists(
    st.fixed_dictionaries(
        {
            "path": paths | st.text(max_size=5),
            "status": st.sampled_from([200, 404, 301, 400, -1]),
            "host": st.sampled_from([None, "a", "b"]),
            "method": st.sampled_from(["GET", "POST", None]),
        }
    ),
    max_size=12,
)


@given(requests, st.integers(0, 12))
def test_blocks_make_no_difference_and_a_snapshot_goes_on(rows, cut):
    whole, first = Enricher(), Enricher()
    expected = enriched(whole, *rows)
    before = enriched(first, *rows[:cut])
    second = Enricher()
    second.restore(first.snapshot())
    after = enriched(second, *rows[cut:])
    for name in ("route", "endpoint", "path_flags", "object_id", "h_object"):
        joined = np.concatenate([before.enriched[name], after.enriched[name]])
        np.testing.assert_array_equal(expected.enriched[name], joined)
    for row in range(len(rows)):
        text = whole.route_label(expected, row)
        assert len(text.encode()) <= 3 * ROUTE_TEXT
        assert whole.endpoint_label(expected, row).endswith(text)


def test_a_snapshot_of_another_version_is_refused():
    arrays = Enricher().snapshot()
    arrays["route_text"] = arrays["route_text"][:7]
    with pytest.raises(StateError, match="route_text"):
        Enricher().restore(arrays)
