"""Violations of HTTP that hint at an attack: the request line and contradicting headers."""

from collections.abc import Sequence

from apisentinel.detectors.payload.decode import decode
from apisentinel.detectors.payload.findings import CAP, Finding
from apisentinel.detectors.payload.limits import MAX_VALUE
from apisentinel.records.taxonomy import AttackType

_METHODS = frozenset(
    b"GET HEAD POST PUT PATCH DELETE OPTIONS CONNECT PROPFIND PROPPATCH MKCOL COPY MOVE LOCK"
    b" UNLOCK REPORT SEARCH PURGE LINK UNLINK"
    b" MKCALENDAR CHECKOUT MERGE NOTIFY SUBSCRIBE UNSUBSCRIBE ACL BIND M-SEARCH SOURCE QUERY"
    b" PRI VERSION-CONTROL MKACTIVITY".split()
)
_RARE = {b"TRACE": 4.0, b"TRACK": 5.5, b"DEBUG": 5.0, b"CONNECT": 3.0}


def _finding(rule: str, llr: float, where: str, match: bytes) -> Finding:
    shown = "".join(
        c if c.isprintable() else "\ufffd" for c in match[:120].decode("utf-8", "replace")
    )
    return Finding(AttackType.PROTOCOL, min(llr, CAP), llr, (rule,), where, shown, 0)


_VERSIONS = frozenset((b"0.9", b"1.0", b"1.1", b"2.0", b"3.0"))


def line_findings(
    method: bytes | None, path: bytes | None, version: bytes | None = None
) -> list[Finding]:
    """Findings of the request line."""
    out = []
    number = (version or b"").removeprefix(b"HTTP/")
    if len(number) == 3 and number[1:2] == b"." and number not in _VERSIONS:
        # no client speaks it: RFC 9110 section 2.5 knows 0.9, 1.0, 1.1, 2 and 3
        out.append(_finding("version-impossible", 6.2, "version", number))
    if method is not None and method not in _METHODS:
        if method in _RARE:
            out.append(_finding("method-debug", _RARE[method], "method", method))
        elif method.translate(None, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"):
            out.append(_finding("method-garbage", 5.0, "method", method))
        elif len(method) > 17:
            out.append(_finding("method-long", 4.0, "method", method))
        else:
            out.append(_finding("method-unknown", 3.0, "method", method))
    if path and path[:1] not in (b"/", b"*") and b"://" not in path[:24] and method != b"CONNECT":
        odd = len(path) - len(path.translate(None, bytes(range(32)) + bytes(range(127, 256))))
        out.append(_finding("target-garbage", 5.0 if odd else 2.0, "path", path))
    return out


_CONTROL = bytes(b for b in range(32)) + b"\x7f"


def path_findings(path: bytes) -> list[Finding]:
    """Findings of the path: control characters, which no file or route has."""
    text = decode(path[:MAX_VALUE]).text
    if len(text) == len(text.translate(None, _CONTROL)):
        return []
    # pasted prose has line breaks and blanks; a break alone splits headers or fools a filter
    prose = b" " in text and b"\0" not in text
    return [_finding("path-control", 1.0 if prose else 6.2, "path", text)]


_ONCE = frozenset(
    (b"host", b"content-length", b"transfer-encoding", b"content-type", b"authorization", b"range")
)


def header_findings(pairs: Sequence[tuple[bytes, bytes]]) -> list[Finding]:
    """Findings of the headers as a block: what must not be twice, what must not stand together."""
    out = []
    seen: dict[bytes, bytes] = {}
    for name, value in pairs:
        if name in _ONCE and name in seen and seen[name] != value:
            out.append(_finding(f"twice-{name.decode()}", 5.0, f"header {name.decode()}", value))
        seen[name] = value
        if b"\r" in value or b"\n" in value or b"\0" in value:
            out.append(
                _finding(
                    "header-control", 4.5, f"header {name[:40].decode('ascii', 'replace')}", value
                )
            )
    coding = seen.get(b"transfer-encoding", b"").strip().lower()
    if coding and coding not in (
        b"chunked",
        b"gzip, chunked",
        b"deflate, chunked",
        b"identity",
        b"gzip",
        b"trailers",
    ):
        out.append(_finding("transfer-encoding-odd", 5.0, "header transfer-encoding", coding))
    if coding and b"content-length" in seen:
        out.append(_finding("smuggling-lengths", 4.5, "header transfer-encoding", coding))
    length = seen.get(b"content-length", b"0").strip()
    if not length.isdigit():
        out.append(_finding("length-no-number", 5.0, "header content-length", length))
    ranges = seen.get(b"range", b"")
    if ranges.count(b",") > 8:
        out.append(_finding("range-many", 5.0, "header range", ranges))
    return out
