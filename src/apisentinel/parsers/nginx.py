"""nginx's error log, and the access logs of Nginx Proxy Manager and Zoraxy."""

from apisentinel.parsers.escapes import VERBATIM
from apisentinel.parsers.program import (
    DIGIT_AFTER,
    MAY_END,
    UNTIL_LAST,
    Op,
    Program,
    Step,
    compile_steps,
)
from apisentinel.parsers.registry import Format, Shape, register
from apisentinel.parsers.text import TextParser

ERROR_STATUS = (
    (b"limiting requests", 503),
    (b"limiting connections", 503),
    (b"was not found in", 401),
    (b"password mismatch", 401),
    (b"no user/password was provided", 401),
    (b"access forbidden by rule", 403),
    (b"directory index of", 403),
    (b"(13: Permission denied)", 403),
    (b"Access denied with code 403", 403),
    (b"(2: No such file", 404),
    (b"is not found (2", 404),
    (b"Primary script unknown", 404),
    (b"too large body", 413),
    (b"client sent invalid", 400),
    (b"plain HTTP request", 400),
    (b"upstream timed out", 504),
    (b"no live upstreams", 502),
    (b"connect() failed", 502),
    (b"upstream prematurely closed", 502),
    (b"upstream sent", 502),
)
"""Words of a message and the status with which nginx answers in that case; a message without them
leaves the status unknown.
"""


def nginx_error_program() -> Program:
    """``date [level] pid#tid: *n message, client: IP, server: NAME, request: "…", host: "…"``.

    The last ``, client: `` of the line counts: the message before it repeats what clients send
    (user names, decoded paths) and could hold a forged one. A request line with such words in it is
    not told apart.
    """
    steps: list[Step | str] = [
        Step(Op.TIME_SLASH, "ts", b" ["),
        Step(Op.FIRST, until=b"] "),
        Step(Op.FIRST, until=b": "),
        Step(Op.LITERAL, until=b"*", otherwise="message"),
        Step(Op.FIRST, until=b" "),
        "message",
        Step(Op.MARK),
        Step(Op.LITERAL, until=b'user "', otherwise="client"),
        Step(Op.TEXT, "user_id", b'"', escape=VERBATIM),
        "client",
        Step(Op.LAST, until=b", client: ", otherwise="refuse"),
        Step(Op.MESSAGE),
        Step(Op.ADDRESS, "peer_ip", b", server: ", otherwise="refuse"),
        Step(Op.FIRST, until=b'request: "', otherwise="refuse"),
        Step(Op.REQUEST, until=b'", ', escape=VERBATIM, otherwise="alone"),
        Step(Op.FIRST, until=b'host: "', otherwise="referrer"),
        Step(Op.ADDRESS, "host", b'"', escape=VERBATIM),
        "referrer",
        Step(Op.FIRST, until=b'referrer: "', otherwise="end"),
        Step(Op.TEXT, "referer", b'"', flags=MAY_END, escape=VERBATIM),
        "end",
        Step(Op.END),
        "alone",
        Step(Op.REQUEST, until=b'"', escape=VERBATIM, flags=MAY_END),
        Step(Op.END),
        "refuse",
        Step(Op.REFUSE),
    ]
    return compile_steps(steps, ("nginx-error",), ERROR_STATUS)


def proxy_manager_program() -> Program:
    """``[time] cache upstream status - METHOD scheme host "uri" [Client IP] [Length n] [Gzip r]
    [Sent-to s] "agent" "referer"``.
    """
    steps: list[Step | str] = [
        Step(Op.LITERAL, until=b"["),
        Step(Op.TIME_CLF, "ts", b"] "),
        Step(Op.NUMBER, "status", b" - ", otherwise="cache"),
        Step(Op.JUMP, otherwise="method"),
        "cache",
        Step(Op.TEXT, "", b" "),
        Step(Op.TEXT, "", b" "),
        Step(Op.NUMBER, "status", b" - "),
        "method",
        Step(Op.TEXT, "method", b" "),
        Step(Op.TEXT, "scheme", b" "),
        Step(Op.ADDRESS, "host", b' "'),
        Step(Op.TARGET, until=b'" [Client '),
        Step(Op.ADDRESS, "peer_ip", b"] [Length "),
        Step(Op.NUMBER, "response_bytes", b"]"),
        Step(Op.FIRST, until=b'] "', otherwise="end"),
        Step(Op.QUOTED, "user_agent", b'" "', otherwise="end"),
        Step(Op.QUOTED, "referer", b'"', flags=MAY_END),
        "end",
        Step(Op.END),
    ]
    return compile_steps(steps, ("nginx-proxy-manager",))


def zoraxy_program() -> Program:
    """``[time] [router:r] [origin:host] [client: IP] [useragent: agent] METHOD uri status``."""
    steps: list[Step | str] = [
        Step(Op.LITERAL, until=b"[", otherwise="dated"),
        Step(Op.JUMP, otherwise="time"),
        "dated",
        Step(Op.TEXT, "", b" ["),
        "time",
        Step(Op.TIME_ISO, "ts", b"] ["),
        Step(Op.FIRST, until=b"[origin:"),
        Step(Op.ADDRESS, "host", b"] [client: ", escape=VERBATIM),
        Step(Op.ADDRESS, "peer_ip", b"] "),
        Step(Op.LITERAL, until=b"[useragent: ", otherwise="method"),
        Step(Op.TEXT, "user_agent", b"] ", flags=UNTIL_LAST, escape=VERBATIM),
        "method",
        Step(Op.TEXT, "method", b" ", escape=VERBATIM),
        Step(Op.TARGET, until=b" ", flags=DIGIT_AFTER, escape=VERBATIM),
        Step(Op.NUMBER, "status"),
        Step(Op.AT_END),
        Step(Op.END),
    ]
    return compile_steps(steps, ("zoraxy",))


def nginx_error_parser() -> TextParser:
    """A parser of the error log."""
    return TextParser("nginx-error", nginx_error_program())


def proxy_manager_parser() -> TextParser:
    """A parser of Nginx Proxy Manager."""
    return TextParser("nginx-proxy-manager", proxy_manager_program())


def zoraxy_parser() -> TextParser:
    """A parser of Zoraxy."""
    return TextParser("zoraxy", zoraxy_program())


register(
    Format(
        name="nginx-error",
        title="nginx error log; the lines that tell a request and its client",
        sample='2024/10/10 13:55:36 [error] 31#31: *17 user "alice": password mismatch, '
        "client: 203.0.113.7, server: shop.example,"
        ' request: "GET /admin HTTP/1.1", host: "shop.example"',
        make=nginx_error_parser,
        shapes=(Shape.SLASH_DATE,),
        rank=20,
    )
)
register(
    Format(
        name="nginx-proxy-manager",
        title="Nginx Proxy Manager access log",
        sample="[10/Oct/2024:13:55:36 +0000] - 200 200 - GET https shop.example "
        '"/cart?id=7" [Client 203.0.113.7] [Length 2326]'
        ' [Gzip -] [Sent-to 10.0.0.5] "curl/8.5.0" "-"',
        make=proxy_manager_parser,
        shapes=(Shape.BRACKET,),
        rank=30,
    )
)
register(
    Format(
        name="zoraxy",
        title="Zoraxy reverse proxy log",
        sample="2024/10/10 13:55:36 [2024-10-10 13:55:36.150624] [router:host-http] "
        "[origin:shop.example] [client: 203.0.113.7]"
        " [useragent: curl/8.5.0] GET /cart?id=7 200",
        make=zoraxy_parser,
        shapes=(Shape.SLASH_DATE, Shape.BRACKET),
        rank=40,
    )
)
