"""Headers: which ones have a grammar of their own, and how their values are split."""

from collections.abc import Iterator

from apisentinel.detectors.payload.fields import Value, body_values, is_plain, pair_values

STANDARD = frozenset(
    b"accept accept-charset accept-encoding accept-language accept-datetime"
    b" access-control-request-headers access-control-request-method age"
    b" authorization cache-control cdn-loop connection content-encoding content-language"
    b" content-length content-location content-type date dnt early-data etag expect"
    b" forwarded from host if-match if-modified-since if-none-match if-range"
    b" if-unmodified-since keep-alive last-modified max-forwards origin pragma priority"
    b" proxy-authorization"
    b" proxy-connection purpose range save-data te trailer transfer-encoding upgrade"
    b" upgrade-insecure-requests via warning baggage traceparent tracestate x-requested-with"
    b" x-forwarded-proto x-forwarded-host x-forwarded-port x-real-ip x-forwarded-for"
    b" x-request-id x-csrf-token x-xsrf-token x-client-data".split()
)
"""Names with a fixed grammar. Only firm indicators count in their values; all ``sec-`` names belong
here too.
"""


def is_standard(name: bytes) -> bool:
    """True for a header whose value has a grammar of its own."""
    return name in STANDARD or name.startswith((b"sec-", b":"))


def header_values(name: bytes, value: bytes) -> Iterator[Value]:
    """Values of one header."""
    if not value or is_plain(value):
        return
    label = f"header {name[:40].decode('ascii', 'replace')}"
    if name == b"cookie":
        for count, pair in enumerate(value.split(b";")):
            key, _, content = pair.strip().partition(b"=")
            if count > 200:
                return
            if not is_plain(key):
                yield Value("cookie name", key)
            if content and not is_plain(content):
                yield Value(f"cookie {key[:40].decode('ascii', 'replace')}", content.strip(b'"'))
    elif name == b"referer":
        yield from referer_values(value)
    elif value[:1] in (b"{", b"["):
        yield from body_values(value, b"json", label)
    else:
        yield Value(label, value)


def referer_values(value: bytes) -> Iterator[Value]:
    """A referer: its path as a whole, its parameters apart; anything that is no URL as one
    value.
    """
    scheme, colon, rest = value.partition(b"://")
    if not colon or len(scheme) > 20 or not is_plain(scheme.replace(b"+", b"")):
        yield Value("header referer", value)
        return
    target, question, query = rest.partition(b"?")
    host, _, path = target.partition(b"/")
    if not is_plain(host.replace(b":", b"")):
        yield Value("header referer host", host)
    if path and not is_plain(path.replace(b"/", b"")):
        yield Value("header referer path", b"/" + path, whole=True)
        for segment in path.split(b"/"):
            if segment and not is_plain(segment):
                yield Value("header referer path", segment)
    if question:
        query, hash_, fragment = query.partition(b"#")
        yield from pair_values(query, "header referer")
        if hash_ and not is_plain(fragment):
            yield Value("header referer fragment", fragment)
