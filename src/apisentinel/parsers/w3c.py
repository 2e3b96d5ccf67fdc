"""W3C extended logs: IIS, and Amazon CloudFront's tab-separated files. A ``#Fields:`` line names
the columns.
"""

from apisentinel.errors import ConfigError
from apisentinel.parsers.escapes import PERCENT, PLUS, VERBATIM
from apisentinel.parsers.program import Op, Step, compile_steps
from apisentinel.parsers.registry import Format, Shape, register
from apisentinel.parsers.text import TextParser

DIRECTIVE = b"#fields:"

MOST_FIELDS = 128
"""Columns of a ``#Fields:`` line that are taken; CloudFront has 33, IIS 22."""

IIS = (
    "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip "
    "cs(User-Agent) cs(Referer)"
    " sc-status sc-substatus sc-win32-status time-taken"
)
"""Columns that IIS writes unless told otherwise."""

CLOUDFRONT = (
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status "
    "cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie)"
    " x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken "
    "x-forwarded-for ssl-protocol ssl-cipher"
    " x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields "
    "c-port time-to-first-byte"
    " x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end"
)
"""Columns of a CloudFront standard log."""

_TEXTS = {
    "cs-method": "method",
    "cs-uri-stem": "path",
    "cs-uri-query": "query",
    "c-ip": "peer_ip",
    "cs-username": "user_id",
    "cs(user-agent)": "user_agent",
    "cs(referer)": "referer",
    "cs(host)": "host",
    "cs-host": "host",
    "x-host-header": "host",
    "cs(cookie)": "h:cookie",
    "x-forwarded-for": "h:x-forwarded-for",
    "cs(x-forwarded-for)": "h:x-forwarded-for",
    "cs-protocol": "scheme",
    "x-edge-request-id": "event_id",
}
_NUMBERS = {"sc-status": "status", "sc-bytes": "response_bytes", "cs-bytes": "request_bytes"}
_ENCODED = {"user_agent", "referer", "h:cookie"}


def _field(name: str, until: bytes, *, escape: int) -> Step:
    """The step that reads one column."""
    key = name.lower()
    if key == "date":
        return Step(Op.DATE, until=until)
    if key == "time":
        return Step(Op.CLOCK, until=until)
    if key in _NUMBERS:
        return Step(Op.NUMBER, _NUMBERS[key], until)
    if key == "time-taken":
        return Step(Op.DURATION, "duration_us", until, value=-1)
    if key in {"cs-version", "cs-protocol-version"}:
        return Step(Op.VERSION, "http_version", until)
    column = _TEXTS.get(key, "")
    if key.startswith("cs(") and not column:
        column = "h:" + key[3:-1]
    op = Op.ADDRESS if column in {"peer_ip", "host"} else Op.TEXT
    encoded = column in _ENCODED or column.startswith("h:")
    return Step(op, column, until, escape=escape if encoded else VERBATIM)


def w3c_parser(name: str, fields: str, separator: bytes) -> TextParser:
    """A parser of lines with these columns.

    Args:
        name: Format name for the report.
        fields: Column names as in a ``#Fields:`` line.
        separator: A tab (values percent-encoded) or a blank (blanks written as ``+``).

    Raises:
        ConfigError: Too many columns, or none that tells what was requested.
    """
    names = fields.split()
    if len(names) > MOST_FIELDS:
        raise ConfigError(
            f"a #Fields: line with {len(names)} columns; at most {MOST_FIELDS} are read"
        )
    keys = [key.lower() for key in names]
    if "cs-uri-stem" not in keys:
        raise ConfigError("a #Fields: line without cs-uri-stem describes no requests")
    steps: list[Step] = []
    taken: set[str] = set()
    for i, column in enumerate(names):
        until = separator if i + 1 < len(names) else b""
        step = _field(column, until, escape=PERCENT if separator == b"\t" else PLUS)
        if step.column and step.column in taken:
            step = Step(Op.TEXT, "", until)
        taken.add(step.column)
        steps.append(step)
    if separator == b"\t" and not steps[-1].column:
        steps.pop()
    else:
        steps.append(Step(Op.AT_END))
    steps.append(Step(Op.END))
    return TextParser(name, compile_steps(steps, (name,)))


def fields_parser(line: bytes) -> TextParser | None:
    """A parser for the columns of a ``#Fields:`` line, None when it describes no requests."""
    text = line[len(DIRECTIVE) :].decode("ascii", "replace").strip()
    tabs = "\t" in text or "x-edge-location" in text
    try:
        return w3c_parser(
            "cloudfront" if "x-edge-location" in text else "w3c", text, b"\t" if tabs else b" "
        )
    except ConfigError:
        return None


def iis_parser() -> TextParser:
    """A parser of IIS's usual columns."""
    return w3c_parser("w3c", IIS, b" ")


def cloudfront_parser() -> TextParser:
    """A parser of CloudFront's standard columns."""
    return w3c_parser("cloudfront", CLOUDFRONT, b"\t")


register(
    Format(
        name="w3c",
        title="W3C extended log of IIS; columns from its #Fields: line, else the usual ones",
        sample=(
            "2024-10-10 13:55:36 10.0.0.4 GET /cart id=7 443 - 203.0.113.7 "
            "Mozilla/5.0+(Windows+NT+10.0) - 200 0 0 31"
        ),
        make=iis_parser,
        shapes=(Shape.DASH_DATE,),
        rank=30,
    )
)
register(
    Format(
        name="cloudfront",
        title=(
            "Amazon CloudFront standard log, tab-separated; columns from its #Fields: "
            "line, else the standard ones"
        ),
        sample="2024-10-10\t13:55:36\tFRA56-P1\t2326\t203.0.113.7\tGET\td111.cloudfront.net\t/cart\t200\t-\tcurl/8.5.0\tid=7\t-\tMiss\tZx7x_1q==\tshop.example\thttps\t231\t0.031\t-\tTLSv1.3\tTLS_AES_128_GCM_SHA256\tMiss\tHTTP/2.0\t-\t-\t44730\t0.031\tMiss\ttext/html\t2326\t-\t-",
        make=cloudfront_parser,
        shapes=(Shape.DASH_DATE,),
        rank=20,
    )
)
