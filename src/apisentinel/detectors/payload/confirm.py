"""Does the reply say that an attack worked? Errors of databases, files, products, reflected markup,
the pause that was asked for.

What is sought in a reply depends on what was found in its request, so that an article about
databases confirms nothing. Silence says nothing either: most attacks that work leave no such trace.

References: CWE-209 (error messages), CWE-79 (reflection), OWASP Testing Guide 4.2, WSTG-INPV-05,
-11, -12, -18.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import re2

from apisentinel.detectors.payload.findings import Finding
from apisentinel.records.taxonomy import AttackType

MAX_REPLY = 65_536
"""Bytes of a reply that are read, as much as is kept of one."""

LEAST_LLR = 2.0
"""Nats of a finding below which its reply is not read: any page shows words of its search."""

SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 2, 120
"""Seconds that are told from a slow server, and that a server waits."""
PAUSE_SLACK_S = 0.5, 2.5
"""How much earlier and later than asked a reply may come; a query may run its pause more than
once, which is not counted."""

LEAST_PRODUCT = 1_000
"""Smaller products stand in pages by chance."""
SHORTEST_REFLECTION = 12
"""Bytes of markup that come back; shorter ones are in every page."""


def _compiled(regex: str) -> Any:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.never_capture = False
    options.dot_nl = True
    return re2.compile(regex.encode(), options)


_DATABASE = (
    r"you have an error in your sql syntax|warning: (?:mysqli?|pg|oci|sqlite|odbc|mssql)_\w+\(|"
    r"unclosed quotation mark (?:after|before) the character string|quoted string not properly "
    r"terminated|\bora-\d{5}\b|\bpg::\w*error|psqlexception|postgresql query failed|"
    r"unterminated quoted string at or near|syntax error at or near \W|sqlite3?::(?:sql)?exception|"
    r"sqlite3\.(?:operational|programming)error|sqlite_error|near \"[^\"]{1,40}\": syntax error|"
    r"microsoft ole db provider for|odbc (?:sql server|microsoft access) driver|sqlstate\[\w+\]|"
    r"java\.sql\.sql\w*exception|org\.hibernate\.(?:exception|query)|sqlgrammarexception|"
    r"db2 sql error|dynamic sql error|sybase message|invalid column name '|conversion failed when "
    r"converting the |xpath syntax error: '|duplicate entry '[^']*' for key 'group_key|"
    r"activerecord::statementinvalid|sequelizedatabaseerror|sqlalchemy\.exc\."
)
_FILES = (
    r"root:[x*!]?:0:0:|daemon:[x*]?:\d+:\d+:|\[boot loader\]|; for 16-bit app support|"
    r"\[fonts\]\s+\[extensions\]|-----begin (?:rsa |ec |openssh |dsa )?private key-----|"
    r"\bdb_password ?=|aws_secret_access_key ?=|# /etc/hosts|127\.0\.0\.1\s+localhost\s|"
    r"<web-app[ >]|\[core\]\s+repositoryformatversion|documentroot |\blinux version \d"
)
_COMMANDS = (
    r"\buid=\d+\([\w.-]+\) gid=\d+|root:[x*!]?:0:0:|volume serial number is|windows ip "
    r"configuration|\blinux [\w.-]+ \d+\.\d+\.\d+\S* #\d|total \d+\s+[d-][rwxst-]{9}|"
    r"<title>(?:php \d[\d.]+ - )?phpinfo\(\)|\bdirectory of [a-z]:\\|nt authority\\system|"
    r"packets transmitted, \d+ (?:packets )?received|\bsh: \d*:? ?\S+: not found"
)
_METADATA = (
    r"\bami-id\b|instance-id\s|\"accesskeyid\" ?:|security-credentials|computemetadata|"
    r"\"secretaccesskey\" ?:|\"access_token\" ?:|\"subscriptionid\" ?:|redis_version:|"
    r"\"cluster_name\" ?:|-err wrong number of arguments"
)
_DIRECTORY = (
    r"javax\.naming\.|ldapexception|ldap_search\(|invalid dn syntax|bad search filter|"
    r"xpathexception|system\.xml\.xpath|simplexmlelement::xpath|xmlxpatheval"
)
_DOCUMENT = r"mongoerror|mongoservererror|bsonobj|unknown operator: \$|casterror: cast to "
_OBJECTS = (
    r"java\.io\.(?:invalidclass|streamcorrupted|optionaldata)exception|unserialize\(\): error|"
    r"unpicklingerror|classnotfoundexception: |yaml\.constructor\.constructorerror"
)
_TEMPLATES = (
    r"jinja2\.exceptions|templatesyntaxerror|freemarker\.(?:core|template)\.|twig\\error|"
    r"org\.apache\.velocity|spelevaluationexception|ognl\.\w*exception"
)

_T = AttackType
_SIGNS: dict[AttackType, tuple[str, str]] = {
    _T.SQLI: ("an error of the database", _DATABASE),
    _T.NOSQLI: ("an error of the database", _DOCUMENT),
    _T.LDAPI: ("an error of the directory", _DIRECTORY),
    _T.TRAVERSAL: ("the content of a file", _FILES),
    _T.XXE: ("the content of a file", f"{_FILES}|{_METADATA}"),
    _T.RFI: ("output of a program", f"{_COMMANDS}|{_FILES}"),
    _T.CMDI: ("output of a program", _COMMANDS),
    _T.SSTI: ("an error of the template, or output", f"{_TEMPLATES}|{_COMMANDS}"),
    _T.SSRF: ("an answer from inside", f"{_METADATA}|{_FILES}"),
    _T.DESERIALIZATION: ("an error of the reader", f"{_OBJECTS}|{_COMMANDS}"),
}
"""What is sought after each type, in lower case."""


@cache
def _sign(kind: AttackType) -> Any:
    return _compiled(_SIGNS[kind][1])


_PAUSE = _compiled(
    r"(?:\b(?:pg_)?sleep ?\(? ?['\"]?|waitfor delay ?'?\d+:\d+:|receive_message ?\([^)]*, ?|"
    r"dbms_lock\.sleep ?\( ?|\bping (?:-\w )*-[cn] ?|\btimeout /t ?|thread\.sleep ?\( ?)(\d{1,7})"
)
_PRODUCT = _compiled(r"(?:\{\{|[$#*@%]\{|<%=|\{|\(\() ?(\d{1,9}) ?([*+]) ?(\d{1,9}) ?[})%]")


def confirmation(finding: Finding, reply: bytes | None, duration_us: int) -> str | None:
    """What a reply shows of an attack that worked, None when it shows nothing.

    Args:
        finding: What was found in the request.
        reply: Body of the reply as far as it is known.
        duration_us: Time that the reply took, negative when unknown.

    Example:
        >>> from apisentinel.records.taxonomy import AttackType
        >>> found = Finding(AttackType.CMDI, 8.0, 8.0, ("x",), "query q", "; id", 0)
        >>> confirmation(found, b"uid=33(www-data) gid=33(www-data)", 900)
        'the reply shows output of a program'
    """
    if finding.raw_llr < LEAST_LLR:
        return None
    match = finding.match.lower().encode("utf-8", "replace")
    if finding.attack_type in _PAUSING and (waited := _pause(match, duration_us)):
        return f"the reply took the {waited} seconds asked for"
    if not reply:
        return None
    body = reply[:MAX_REPLY].lower()
    if finding.attack_type in _SIGNS and _sign(finding.attack_type).search(body):
        return f"the reply shows {_SIGNS[finding.attack_type][0]}"
    told = _WAYS.get(finding.attack_type)
    return told(match, body) if told is not None else None


_PAUSING = frozenset((_T.SQLI, _T.CMDI, _T.NOSQLI, _T.SSTI))


def _pause(match: bytes, duration_us: int) -> int | None:
    """Seconds that were asked for and that the reply took."""
    found = _PAUSE.search(match) if duration_us >= SHORTEST_PAUSE_S * 1_000_000 else None
    if found is None:
        return None
    asked = int(found.group(1))
    if asked >= 1_000:
        asked //= 1_000  # scripts count in milliseconds
    if not SHORTEST_PAUSE_S <= asked <= LONGEST_PAUSE_S:
        return None
    early, late = PAUSE_SLACK_S
    return asked if asked - early <= duration_us / 1e6 <= asked + late else None


def _product(match: bytes, body: bytes) -> str | None:
    """The result of a sum or product that only somebody who worked it out can send back."""
    found = _PRODUCT.search(match)
    if found is None:
        return None
    left, sign, right = int(found.group(1)), found.group(2), int(found.group(3))
    result = left * right if sign == b"*" else left + right
    shown = str(result).encode()
    if result < LEAST_PRODUCT or shown in match or shown not in body:
        return None
    return f"the reply shows {result}, the result of the expression"


def _reflected(match: bytes, body: bytes) -> str | None:
    """Markup that comes back in a page as it was sent."""
    if body[:64].lstrip()[:1] in (b"{", b"["):
        return None  # a browser does not run what stands in JSON
    begin = match.find(b"<")
    tag = match[begin:]
    if begin < 0 or len(tag) < SHORTEST_REFLECTION or b" ".join(tag.split()) not in _joined(body):
        return None
    return "the reply holds the markup as it was sent"


def _joined(body: bytes) -> bytes:
    return b" ".join(body.split())


_WAYS: dict[AttackType, Callable[[bytes, bytes], str | None]] = {
    _T.SSTI: _product,
    _T.CMDI: _product,
    _T.XSS: _reflected,
}
