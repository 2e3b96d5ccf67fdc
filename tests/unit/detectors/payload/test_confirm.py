"""Replies that show that an attack worked, and those that show nothing."""

import pytest

from apisentinel.detectors.payload import Finding, confirmation
from apisentinel.records.taxonomy import AttackType as T


def found(kind, match, raw=8.0):
    return Finding(kind, raw, raw, ("rule",), "query q", match, 0)


CONFIRMED = (
    (T.SQLI, "1' or 1=1--", b"You have an error in your SQL syntax near ''1''", -1),
    (T.SQLI, "1'", b"ERROR: ORA-01756: quoted string not properly terminated", -1),
    (T.SQLI, "1' and sleep(5)--", None, 5_200_000),
    (T.SQLI, "1'; waitfor delay '0:0:7'--", b"ok", 7_900_000),
    (T.CMDI, ";ping -c 4 127.0.0.1", None, 4_100_000),
    (T.NOSQLI, "sleep(3000)", None, 3_050_000),
    (T.CMDI, "; id", b"<pre>uid=33(www-data) gid=33(www-data)</pre>", -1),
    (T.CMDI, "$((1337*31))", b"result 41447", -1),
    (T.TRAVERSAL, "../../etc/passwd", b"root:x:0:0:root:/root:/bin/bash\n", -1),
    (T.XXE, "<!entity", b"root:x:0:0:root:/root:/bin/bash\n", -1),
    (T.SSRF, "http://169.254.169.254/", b"ami-id\nami-launch-index", -1),
    (T.SSTI, "{{1337*31}}", b"<p>41447</p>", -1),
    (T.XSS, "<script>alert(1)</script>", b"<p>You sought <SCRIPT>alert(1)</SCRIPT></p>", -1),
    (T.LDAPI, "*)(uid=*", b"javax.naming.NamingException", -1),
    (T.DESERIALIZATION, "o:1:", b"Notice: unserialize(): Error at offset 3", -1),
)
SILENT = (
    (T.SQLI, "1' or 1=1--", b"<h1>No results</h1>", -1),
    (T.SQLI, "1' and sleep(5)--", None, 900_000),
    (T.SQLI, "1' and sleep(5)--", None, 61_000_000),
    (T.SQLI, "1' and sleep(1)--", None, 1_100_000),
    (T.SQLI, "1' or 1=1--", None, 5_000_000),
    (T.XSS, "<script>alert(1)</script>", b"&lt;script&gt;alert(1)&lt;/script&gt;", -1),
    (T.XSS, "<script>alert(1)</script>", b'{"q":"<script>alert(1)</script>"}', -1),
    (T.SSTI, "{{7*7}}", b"49 results", -1),
    (T.SSTI, "{{1337*31}}", b"you sought {{1337*31}}", -1),
    (T.TRAVERSAL, "../../etc/passwd", b"uid=33(www-data) gid=33(www-data)", -1),
    (T.CRLF, "x", b"root:x:0:0:root", -1),
)


@pytest.mark.parametrize(("kind", "match", "reply", "duration"), CONFIRMED)
def test_a_reply_confirms(kind, match, reply, duration):
    assert confirmation(found(kind, match), reply, duration)


@pytest.mark.parametrize(("kind", "match", "reply", "duration"), SILENT)
def test_a_reply_says_nothing(kind, match, reply, duration):
    assert confirmation(found(kind, match), reply, duration) is None


def test_weak_findings_ask_no_reply():
    assert confirmation(found(T.SQLI, "it's", 1.5), b"sql syntax error ORA-00933", -1) is None
