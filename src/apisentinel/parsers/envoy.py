"""Envoy's default access log, and Istio's, which has more fields."""

from apisentinel.parsers.program import (
    DIGIT_AFTER,
    PEER_LAST,
    SPACES,
    Op,
    Program,
    Step,
    compile_steps,
)
from apisentinel.parsers.registry import Format, Shape, register
from apisentinel.parsers.text import TextParser

MILLISECONDS = 1_000_000


def envoy_program() -> Program:
    """``[time] "request" code flags [details] received sent ms upstream_ms "XFF" "agent" "id"
    "authority" "upstream" …``.

    The format has no address of the peer; the last entry of the forwarded list, which the edge
    itself wrote, stands for it.
    """
    steps: list[Step | str] = [
        Step(Op.LITERAL, until=b"["),
        Step(Op.TIME_ISO, "ts", b'] "'),
        Step(Op.REQUEST, until=b'" ', flags=DIGIT_AFTER),
        Step(Op.NUMBER, "status", b" "),
        Step(Op.TEXT, "", b" "),
        Step(Op.NUMBER, "request_bytes", b" ", otherwise="details"),
        "sizes",
        Step(Op.NUMBER, "response_bytes", b" "),
        Step(Op.DURATION, "duration_us", b" ", value=MILLISECONDS),
        Step(Op.TEXT, "", b' "'),
        Step(Op.QUOTED, "h:x-forwarded-for", b'" "', flags=PEER_LAST),
        Step(Op.QUOTED, "user_agent", b'" "'),
        Step(Op.TEXT, "event_id", b'" "'),
        Step(Op.ADDRESS, "host", b'"'),
        Step(Op.END),
        "details",
        Step(Op.TEXT, "", b' "', flags=SPACES),
        Step(Op.QUOTED, "", b'" '),
        Step(Op.NUMBER, "request_bytes", b" "),
        Step(Op.JUMP, otherwise="sizes"),
    ]
    return compile_steps(steps, ("envoy",))


def envoy_parser() -> TextParser:
    """A parser of the default format."""
    return TextParser("envoy", envoy_program())


register(
    Format(
        name="envoy",
        title="Envoy and Istio access log in their default text formats",
        sample='[2024-10-10T13:55:36.123Z] "GET /cart?id=7 HTTP/1.1" 200 - 0 2326 30 29 '
        '"203.0.113.7" "curl/8.5.0"'
        ' "cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2" "shop.example" "10.0.0.5:8080"',
        make=envoy_parser,
        shapes=(Shape.BRACKET,),
        rank=15,
    )
)
