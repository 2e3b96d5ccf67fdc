"""HAProxy's HTTP log (``option httplog``)."""

from apisentinel.parsers.escapes import HASH, VERBATIM
from apisentinel.parsers.program import MAY_END, PORT_ALWAYS, Op, Program, Step, compile_steps
from apisentinel.parsers.registry import Format, Shape, register
from apisentinel.parsers.text import TextParser


def haproxy_program() -> Program:
    """``ip:port [time] frontend backend/server TR/Tw/Tc/Tr/Ta status bytes cookies state conns
    queues {captures} "request"``.
    """
    steps = [
        Step(Op.ADDRESS, "peer_ip", b" [", flags=PORT_ALWAYS, escape=VERBATIM),
        Step(Op.TIME_CLF, "ts", b"] "),
        Step(Op.TEXT, "", b" "),
        Step(Op.TEXT, "", b" "),
        Step(Op.TIMERS, "duration_us", b" "),
        Step(Op.NUMBER, "status", b" "),
        Step(Op.NUMBER, "response_bytes", b" "),
        Step(Op.TEXT, "", b" "),
        Step(Op.TEXT, "", b" "),
        Step(Op.TEXT, "", b" "),
        Step(Op.TEXT, "", b" "),
        Step(Op.TEXT, "", b" "),
        Step(Op.CAPTURES, "h:x-forwarded-for", escape=HASH),
        Step(Op.LITERAL, until=b'"'),
        Step(Op.REQUEST, until=b'"', flags=MAY_END, escape=HASH),
        Step(Op.END),
    ]
    return compile_steps(steps, ("haproxy",))


def haproxy_parser() -> TextParser:
    """A parser of the HTTP log."""
    return TextParser("haproxy", haproxy_program())


register(
    Format(
        name="haproxy",
        title="HAProxy HTTP log, with or without a syslog prefix, with or without captured headers",
        sample="203.0.113.7:44730 [10/Oct/2024:13:55:36.123] https~ shop/web1 "
        "0/0/1/29/30 200 2326 - - ---- 1/1/0/0/0 0/0 {shop.example}"
        ' "GET /cart?id=7 HTTP/1.1"',
        make=haproxy_parser,
        shapes=(Shape.TEXT,),
        rank=20,
    )
)
