"""Access logs of Amazon's load balancers and of S3. CloudFront is a W3C format (`w3c`)."""

from apisentinel.parsers.escapes import VERBATIM
from apisentinel.parsers.program import DIGIT_AFTER, MAY_END, Op, Program, Step, compile_steps
from apisentinel.parsers.registry import Format, Shape, register
from apisentinel.parsers.text import TextParser

SECONDS, MILLISECONDS = 1_000_000_000, 1_000_000

_BALANCER: list[Step | str] = [
    Step(Op.TIME_ISO, "ts", b" "),
    Step(Op.TEXT, "", b" "),
    Step(Op.ADDRESS, "peer_ip", b" "),
    Step(Op.TEXT, "", b" "),
    Step(Op.DURATION, "", b" ", value=SECONDS),
    Step(Op.DURATION, "duration_us", b" ", value=SECONDS),
    Step(Op.DURATION, "", b" ", value=SECONDS),
    Step(Op.NUMBER, "status", b" "),
    Step(Op.TEXT, "", b" "),
    Step(Op.NUMBER, "request_bytes", b" "),
    Step(Op.NUMBER, "response_bytes", b' "'),
    Step(Op.REQUEST, until=b'" "'),
    Step(Op.QUOTED, "user_agent", b'"', flags=MAY_END),
    Step(Op.END),
]


def balancer_program(*, typed: bool) -> Program:
    """``[type ]time balancer client:port target:port t t t status status received sent "request"
    "agent" …``.

    Args:
        typed: An Application Load Balancer writes ``http``, ``https``, ``h2``, ``ws`` … in front, a
            Classic one does not. All fields behind the agent are read over, so that new ones do no
            harm.
    """
    return compile_steps(
        [*([Step(Op.TEXT, "", b" ")] if typed else []), *_BALANCER],
        ("aws-alb" if typed else "aws-elb",),
    )


def s3_program() -> Program:
    """``owner bucket [time] ip requester id operation key "request" status error sent size total
    turn "referer" "agent" …``.
    """
    steps = [
        Step(Op.TEXT, "", b" "),
        Step(Op.TEXT, "host", b" ["),
        Step(Op.TIME_CLF, "ts", b"] "),
        Step(Op.ADDRESS, "peer_ip", b" "),
        Step(Op.TEXT, "user_id", b" "),
        Step(Op.TEXT, "event_id", b" "),
        Step(Op.TEXT, "", b" "),
        Step(Op.TEXT, "", b' "'),
        Step(Op.REQUEST, until=b'" ', flags=DIGIT_AFTER, escape=VERBATIM),
        Step(Op.NUMBER, "status", b" "),
        Step(Op.TEXT, "", b" "),
        Step(Op.NUMBER, "response_bytes", b" "),
        Step(Op.TEXT, "", b" "),
        Step(Op.DURATION, "duration_us", b" ", value=MILLISECONDS),
        Step(Op.TEXT, "", b' "'),
        Step(Op.QUOTED, "referer", b'" "'),
        Step(Op.QUOTED, "user_agent", b'"', flags=MAY_END),
        Step(Op.END),
    ]
    return compile_steps(steps, ("aws-s3",))


def alb_parser() -> TextParser:
    """A parser of Application Load Balancers."""
    return TextParser("aws-alb", balancer_program(typed=True))


def elb_parser() -> TextParser:
    """A parser of Classic Load Balancers."""
    return TextParser("aws-elb", balancer_program(typed=False))


def s3_parser() -> TextParser:
    """A parser of S3 server access logs."""
    return TextParser("aws-s3", s3_program())


_REST = (
    "app/shop/490d68edf04676fe 203.0.113.7:44730 10.0.0.5:8080 0.000 0.030 0.000 200 200 231 2326"
    ' "GET https://shop.example:443/cart?id=7 HTTP/1.1" "curl/8.5.0" '
    "ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2"
)
register(
    Format(
        name="aws-alb",
        title="AWS Application Load Balancer access log",
        sample=f"https 2024-10-10T13:55:36.123456Z {_REST} "
        "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/t/73e2d6"
        "bc24d8a067"
        ' "Root=1-58337262-36d228ad5d99923122bbe354" "shop.example" "-" 0 '
        '2024-10-10T13:55:36.093000Z "forward" "-" "-" "-" "-" "-" "-"',
        make=alb_parser,
        shapes=(Shape.TEXT,),
        rank=30,
    )
)
register(
    Format(
        name="aws-elb",
        title="AWS Classic Load Balancer access log",
        sample=f"2024-10-10T13:55:36.123456Z {_REST}",
        make=elb_parser,
        shapes=(Shape.DASH_DATE,),
        rank=40,
    )
)
register(
    Format(
        name="aws-s3",
        title="Amazon S3 server access log",
        sample="79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be shop "
        "[10/Oct/2024:13:55:36 +0000] 203.0.113.7 -"
        ' 3E57427F33A59F07 REST.GET.OBJECT cart "GET /shop/cart?id=7 HTTP/1.1" 200 - '
        '2326 2326 30 29 "-" "curl/8.5.0" -',
        make=s3_parser,
        shapes=(Shape.TEXT,),
        rank=40,
    )
)
