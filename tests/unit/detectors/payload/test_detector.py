"""The detector finds attacks wherever they travel and leaves ordinary requests alone."""

from urllib.parse import quote

import numpy as np
import orjson
import pytest
from tests.unit.detectors.payload.requests import batch_of, headers

from apisentinel.detectors.payload import CAP, FIRM, PayloadDetector, probe, request_score
from apisentinel.detectors.payload.detector import FindingCache
from apisentinel.detectors.payload.limits import MAX_FINDINGS, MAX_MATCH
from apisentinel.records.taxonomy import AttackType

BROWSER = b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0"
STANDARD = headers(
    accept=b"text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
    accept_language=b"en-US,en;q=0.5",
    sec_ch_ua=b'"Chromium";v="130", "Not?A_Brand";v="99"',
    if_none_match=b'W/"5f3-abc"',
    cookie=b"_ga=GA1.2.111.222; session=eyJhIjoxfQ.abc; consent=%7B%22ads%22%3Afalse%7D",
)

ATTACKS = {
    AttackType.SQLI: "1' or '1'='1",
    AttackType.NOSQLI: '{"$ne": null}',
    AttackType.XSS: "<svg/onload=alert(1)>",
    AttackType.CMDI: "127.0.0.1;cat /etc/hosts",
    AttackType.TRAVERSAL: "../../../../etc/passwd",
    AttackType.SSTI: "{{7*7}}",
    AttackType.SSRF: "http://169.254.169.254/latest/meta-data/",
    AttackType.XXE: '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    AttackType.LDAPI: "*)(uid=*))(|(uid=*",
    AttackType.CRLF: "a\r\nSet-Cookie: admin=1",
    AttackType.LOG4SHELL: "${${lower:j}ndi:ldap://h/a}",
    AttackType.DESERIALIZATION: "rO0ABXNyABFqYXZhLnV0aWwuSGFzaE1hcA",
}


def inspect(**columns):
    batch = batch_of(columns)
    return PayloadDetector().inspect(batch, PayloadDetector().screen(batch))


def types(found):
    return {finding.attack_type for findings in found for finding in findings}


@pytest.mark.parametrize(("kind", "payload"), ATTACKS.items(), ids=str)
@pytest.mark.parametrize("place", ["query", "form", "json", "segment", "cookie"])
def test_an_attack_is_found_in_every_place(kind, payload, place):
    sent = quote(payload, safe="").encode()
    columns = {
        "query": {"path": b"/s", "query": b"q=" + sent + b"&page=1"},
        "form": {"path": b"/s", "request_body": b"q=" + sent + b"&page=1"},
        "json": {"path": b"/s", "request_body": orjson.dumps({"a": {"q": payload}})},
        "segment": {"path": b"/items/" + sent},
        "cookie": {"path": b"/s", "headers": headers(cookie=b"lang=en; pref=" + sent)},
    }[place]
    found = inspect(method=b"GET", **columns)
    assert kind in types(found)
    assert found[0][0].raw_llr > 3


@pytest.mark.parametrize(("kind", "payload"), ATTACKS.items(), ids=str)
def test_encoded_attacks_are_found(kind, payload):
    twice = quote(quote(payload, safe=""), safe="").encode()
    assert kind in types(inspect(path=b"/s", query=b"q=" + twice))


@pytest.mark.parametrize(
    "columns",
    [
        {"path": b"/", "user_agent": BROWSER, "headers": STANDARD},
        {"path": b"/search", "query": b"q=rock+and+roll&page=2"},
        {"path": b"/search", "query": b"q=how+to+select+a+good+union+from+the+list"},
        {"path": b"/o", "query": b"name=O%27Brien+and+Sons"},
        {"path": b"/c", "query": b"url=https%3A%2F%2Fwww.example.org%2Fa%2Fb%3Fx%3D1%26y%3D2"},
        {"path": b"/wiki/Foo_(bar)", "referer": b"https://example.org/a?b=c"},
        {"path": b"/a", "request_body": b'{"text": "it\'s 5 > 3 & fine; see you (soon)"}'},
        {"path": b"/a",
        "request_body": b"# Title\n\n- `code` and *more*\n- <https://example.org>\n"},
        {"path": b"/img", "query": b"data=iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAA"},
        {"path": b"/a", "headers": headers(x_new_thing=b'sf-item;a=1;b="x y", (1 2);c=?1')},
        {"path": b"/a", "headers": headers(content_security_policy=b"script-src 'self'")},
    ],
)  # fmt: skip
def test_ordinary_requests_are_not_attacks(columns):
    assert [f for findings in inspect(**columns) for f in findings if f.raw_llr >= 3] == []


def test_standard_headers_count_only_with_firm_evidence():
    weak = inspect(path=b"/", headers=headers(if_match=b"'=0"))
    firm = inspect(path=b"/", headers=headers(if_match=b"${jndi:ldap://h/a}"))
    assert weak in ([], [[]])
    assert AttackType.LOG4SHELL in types(firm)


def test_findings_say_where_and_what():
    (finding,), *_ = inspect(path=b"/s", query=b"q=x&id=1%2527%20or%201%3D1--")
    assert finding.attack_type is AttackType.SQLI
    assert finding.where == "query id"
    assert finding.decode_layers == 2
    assert "1' or 1=1" in finding.match
    assert finding.rules
    assert FIRM <= finding.llr <= CAP


def test_matches_are_short_and_printable():
    findings = inspect(path=b"/s", query=b"q=" + b"%00%07'%20or%201=1" * 200)[0]
    assert all(len(f.match) <= MAX_MATCH and f.match.isprintable() for f in findings)
    assert len(findings) <= MAX_FINDINGS


def test_more_evidence_scores_higher_without_an_upper_end():
    scores = [
        request_score(inspect(path=b"/s", query=b"id=" + quote(value).encode())[0])
        for value in ("1' or 1", "1' or 1=1", "1' or 1=1 union select version() from mysql.user--")
    ]
    assert scores == sorted(scores)
    assert scores[-1] > CAP


def test_the_same_request_has_the_same_findings_in_any_company():
    rows = [{"path": b"/s", "query": b"q=" + quote(v).encode()} for v in ATTACKS.values()]
    rows += [{"path": b"/plain"}] * 3
    alone = [inspect(**row) for row in rows]
    batch = batch_of(*rows)
    detector = PayloadDetector()
    chosen = detector.screen(batch)
    for _ in range(2):
        together = detector.inspect(batch, chosen)
        assert [alone[row][0] for row in chosen] == together
    backwards = detector.inspect(batch, chosen[::-1].copy())
    assert backwards == together[::-1]


def test_request_lines_are_judged():
    assert types(inspect(method=b"\x16\x03\x01", path=b"\x00")) == {AttackType.PROTOCOL}
    assert types(inspect(method=b"DEBUG", path=b"/")) == {AttackType.PROTOCOL}
    assert types(inspect(method=b"GET", path=b"/a%0dtest")) == {AttackType.PROTOCOL}
    assert inspect(method=b"GET", path=b"/") == []
    assert inspect(method=b"PROPFIND", path=b"/a") == []


def test_contradicting_headers_are_judged():
    block = headers(content_length=b"5") + headers(transfer_encoding=b"chunked, x")
    batch = batch_of({"path": b"/", "headers": block + headers(x=b"<b>")})
    rules = {
        r for f in PayloadDetector().inspect(batch, np.array([0], np.int32))[0] for r in f.rules
    }
    assert {"smuggling-lengths", "transfer-encoding-odd"} & rules


def test_probes_are_found_with_their_category():
    found = probe(b"/blog/.git/config")
    assert found is not None
    assert found.firm
    assert found.category == "version control"
    assert probe(b"/~") is None
    copy = probe(b"/images/.bak")
    assert copy is not None
    assert copy.category == "backup copy"
    weak = probe(b"/wp-login.php")
    assert weak is not None
    assert not weak.firm
    assert types(inspect(path=b"/%2e/WEB-INF/web.xml")) >= {AttackType.PROBING}


def test_the_cache_is_bounded_and_forgets_the_oldest():
    cache = FindingCache(4)
    for i in range(10):
        cache.put((1, b"%d" % i), ())
    assert cache.get((1, b"9")) == ()
    assert cache.get((1, b"0")) is None
    assert cache.get((1, b"8")) == ()


def test_an_empty_batch_gives_nothing():
    batch = batch_of()
    assert PayloadDetector().screen(batch).tolist() == []
    assert PayloadDetector().inspect(batch, np.empty(0, np.int32)) == []


def test_repeats_and_side_effects_add_nothing():
    once = inspect(path=b"/s", query=b"a=1%27%20or%201%3D1--")[0]
    many = inspect(
        path=b"/s", query=b"&".join(b"a%d=1%%27%%20or%%201%%3D1--" % i for i in range(9))
    )[0]
    assert [f.attack_type for f in many] == [f.attack_type for f in once]
    assert many[0].raw_llr == pytest.approx(once[0].raw_llr)


def test_text_in_binary_data_counts_less():
    plain = b"xx 1' or 1=1 -- and so on and on"
    noise = bytes(range(32)) * 8
    inside = inspect(path=b"/s", request_body=noise + plain + noise)
    alone = inspect(path=b"/s", request_body=b"q=" + plain)
    assert request_score(inside[0] if inside else []) < request_score(alone[0])
