"""The Common Log Format and everything that grew out of it: combined, virtual hosts, extra fields,
Traefik.

One program reads them all, because only the end of the line tells them apart; so a line has one
meaning, whichever of the names the user chose.
"""

from apisentinel.parsers.program import (
    DIGIT_AFTER,
    MAY_END,
    SPACES,
    Op,
    Program,
    Step,
    compile_steps,
)
from apisentinel.parsers.registry import Format, Shape, register
from apisentinel.parsers.text import TextParser

VARIANTS = ("common", "combined", "combined-extended", "traefik-clf", "vhost-combined")
"""Names by variant; the last two places are fixed by `text.TRAEFIK` and `text.HOSTED`."""

COMMON, COMBINED, EXTENDED = range(3)

FORWARDED = "h:x-forwarded-for"


def clf_program() -> Program:
    """``[host[:port] ]client ident user [time] "request" status size[ "referer" "agent"][
    more]``.
    """
    steps: list[Step | str] = [
        Step(Op.CLF_HEAD, FORWARDED, b'"', flags=SPACES),
        Step(Op.REQUEST, until=b'" ', flags=DIGIT_AFTER),
        Step(Op.NUMBER, "status", b" ", flags=SPACES),
        Step(Op.NUMBER, "response_bytes"),
        Step(Op.LITERAL, until=b' "', otherwise="bare"),
        Step(Op.QUOTED, "referer", b'" "', otherwise="bare"),
        Step(Op.QUOTED, "user_agent", b'"', flags=MAY_END),
        Step(Op.VARIANT, value=COMBINED),
        "bare",
        Step(Op.AT_END, otherwise="more"),
        Step(Op.END),
        "more",
        Step(Op.CLF_TAIL, FORWARDED, value=EXTENDED),
        Step(Op.END),
    ]
    return compile_steps(steps, VARIANTS)


def clf_parser() -> TextParser:
    """A parser of the whole family."""
    return TextParser("combined", clf_program())


SAMPLE = '203.0.113.7 - alice [10/Oct/2024:13:55:36 +0000] "GET /cart?id=7 HTTP/1.1" 200 2326'
_AGENT = (
    ' "https://shop.example/" "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) '
    'Gecko/20100101 Firefox/130.0"'
)

register(
    Format(
        name="combined",
        title=(
            "nginx and Apache access log, Combined Log Format; extra fields at the end are allowed"
        ),
        sample=SAMPLE + _AGENT,
        make=clf_parser,
        shapes=(Shape.TEXT, Shape.BRACKET, Shape.DASH_DATE, Shape.SLASH_DATE),
        rank=10,
    )
)
register(
    Format(
        name="common",
        title="Common Log Format, without referer and user agent",
        sample=SAMPLE,
        make=clf_parser,
    )
)
register(
    Format(
        name="vhost-combined",
        title="Apache vhost_combined: Combined Log Format behind `host:port ` or `host `",
        sample="shop.example:443 " + SAMPLE + _AGENT,
        make=clf_parser,
    )
)
register(
    Format(
        name="traefik-clf",
        title="Traefik access log in its default text format",
        sample=SAMPLE + ' "-" "-" 512 "shop@docker" "http://10.0.0.5:8080" 12ms',
        make=clf_parser,
    )
)
