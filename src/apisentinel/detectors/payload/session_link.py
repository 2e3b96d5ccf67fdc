"""Session fixation: a link of another site that brings a session id along."""

from apisentinel.detectors.payload.findings import Finding
from apisentinel.detectors.payload.limits import MAX_MATCH
from apisentinel.records.taxonomy import AttackType

SESSION_NAMES = (
    b"phpsessid", b"jsessionid", b"asp.net_sessionid", b"aspsessionid", b"cfid", b"cftoken",
    b"jservsession", b"weblogicsession", b"zenid", b"laravel_session", b"connect.sid",
    b"_flask_session", b"next-auth.session-token", b"meteor_login_token", b"ci_session",
    b"yiisessionid", b"__host-next-auth", b"__secure-next-auth",
    b"sails.sid", b"play_session", b"phpsession", b"rack.session", b"koa.sess", b"koa:sess",
    b"express:sess", b"ring-session", b"gorilla", b"fasthttp_session", b"phoenix_key",
    b"symfony", b"meteor_login", b"flask_session", b"cakephp", b"remember_web",
)  # fmt: skip
"""Names under which frameworks keep sessions; some end in random letters."""

LLR = 5.2
"""Log-likelihood ratio: shops do take such ids back from payment pages, mostly with a cookie."""


def fixation_finding(
    query: bytes | None, referer: bytes | None, host: bytes | None, headers: bytes | None
) -> Finding | None:
    """Finding of a session id in the query of a request that another site leads to.

    A client that has the session as a cookie already is not being led into one.
    """
    name = session_name(query)
    if name is None or not referer:
        return None
    site = referer.lower().partition(b"://")[2].partition(b"/")[0]
    own = (host or _host(headers)).lower()
    if not site or not own or site.split(b":")[0] == own.split(b":")[0]:
        return None
    if headers is not None and name + b"=" in headers.lower():
        return None
    shown = name.decode("ascii", "replace")[:MAX_MATCH]
    return Finding(
        AttackType.TOKEN_ABUSE, LLR, LLR, ("session-fixation",), f"query {shown}", shown, 0
    )


def session_name(query: bytes | None) -> bytes | None:
    """The first name in a query under which frameworks keep sessions, None when there is none."""
    pairs = query.lower().split(b"&") if query else ()
    return next(
        (
            pair.partition(b"=")[0]
            for pair in pairs
            if pair.startswith(SESSION_NAMES) and b"=" in pair
        ),
        None,
    )


def _host(headers: bytes | None) -> bytes:
    """The host header of a block, empty when there is none."""
    _, found, rest = (b"\x1e" + (headers or b"")).partition(b"\x1ehost\x1f")
    return rest.partition(b"\x1e")[0] if found else b""
