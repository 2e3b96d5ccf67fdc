"""Access logs of proxies and application servers with a format of their own: Squid, Uvicorn,
Django.
"""

from apisentinel.parsers.escapes import VERBATIM
from apisentinel.parsers.program import DIGIT_AFTER, SPACES, Op, Step, compile_steps
from apisentinel.parsers.registry import Format, Shape, register
from apisentinel.parsers.text import TextParser

MILLISECONDS = 1_000_000


def squid_parser() -> TextParser:
    """``seconds.ms duration client result/status bytes METHOD url user hierarchy type``."""
    steps = [
        Step(Op.TIME_EPOCH, "ts", b" ", flags=SPACES),
        Step(Op.DURATION, "duration_us", b" ", value=MILLISECONDS),
        Step(Op.ADDRESS, "peer_ip", b" "),
        Step(Op.TEXT, "", b"/"),
        Step(Op.NUMBER, "status", b" "),
        Step(Op.NUMBER, "response_bytes", b" "),
        Step(Op.TEXT, "method", b" "),
        Step(Op.TARGET, until=b" ", escape=VERBATIM),
        Step(Op.TEXT, "user_id", b" "),
        Step(Op.FIRST, until=b"/"),
        Step(Op.END),
    ]
    return TextParser("squid", compile_steps(steps, ("squid",)))


def uvicorn_parser() -> TextParser:
    """``[LEVEL:  ]client:port - "request" status …``; there is no time."""
    steps = [
        Step(Op.ADDRESS, "peer_ip", b' - "'),
        Step(Op.REQUEST, until=b'" ', flags=DIGIT_AFTER),
        Step(Op.NUMBER, "status"),
        Step(Op.END),
    ]
    return TextParser("uvicorn", compile_steps(steps, ("uvicorn",)))


def django_parser() -> TextParser:
    """``[time] "request" status size`` of Django's own server; there is no client."""
    steps = [
        Step(Op.LITERAL, until=b"["),
        Step(Op.TIME_CLF, "ts", b'] "'),
        Step(Op.REQUEST, until=b'" ', flags=DIGIT_AFTER),
        Step(Op.NUMBER, "status", b" "),
        Step(Op.NUMBER, "response_bytes"),
        Step(Op.AT_END),
        Step(Op.END),
    ]
    return TextParser("django", compile_steps(steps, ("django",)))


register(
    Format(
        name="squid",
        title="Squid native access log",
        sample=(
            "1728568536.123     30 203.0.113.7 TCP_MISS/200 2326 GET "
            "http://shop.example/cart?id=7 - HIER_DIRECT/10.0.0.5 text/html"
        ),
        make=squid_parser,
        shapes=(Shape.TEXT,),
        rank=50,
    )
)
register(
    Format(
        name="uvicorn",
        title="Uvicorn and Hypercorn access log; without times",
        sample='INFO:     203.0.113.7:44730 - "GET /cart?id=7 HTTP/1.1" 200 OK',
        make=uvicorn_parser,
        shapes=(Shape.TEXT,),
        rank=60,
    )
)
register(
    Format(
        name="django",
        title="Django development server; without clients",
        sample='[10/Oct/2024 13:55:36] "GET /cart?id=7 HTTP/1.1" 200 2326',
        make=django_parser,
        shapes=(Shape.BRACKET,),
        rank=60,
    )
)
