"""Judges one value: matches patterns on each reading of it and adds up what they are worth."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace

from apisentinel.detectors.payload import canonical
from apisentinel.detectors.payload.decode import Decoded, Oddity, decode, inside_base64
from apisentinel.detectors.payload.fields import Value, is_printable, nested_values
from apisentinel.detectors.payload.findings import CAP, FIRM, Finding
from apisentinel.detectors.payload.limits import (
    ENOUGH_FIRM,
    MAX_CLOSE,
    MAX_INPUT,
    MAX_MATCH,
    MAX_VALUE,
    MAX_VALUES,
    MAX_VIEWS,
)
from apisentinel.detectors.payload.patterns import Pattern, pattern_sets
from apisentinel.detectors.payload.screen import flag_texts
from apisentinel.detectors.payload.sql_tokens import shape
from apisentinel.records.taxonomy import AttackType

NEXT_KIND = 0.55
"""Each further kind of evidence counts this share of the one before: kinds are related."""

DOCUMENT_BYTES = 512
"""Values longer than this are documents, in which a chance match is likelier."""

DOCUMENT_POWER = 0.4
LEAST_DOCUMENT = 0.3
LINES_SHARE = 0.5
"""Line breaks count this share where they are ordinary: texts in JSON hold whole requests."""

LEAST_BINARY, BINARY_SHARE = 256, 0.6
"""Longer values full of control characters are binary data, where patterns match by chance; they
keep this share, so that control characters are no hiding place.
"""

SHORT_LINES, SHORT_LINES_SHARE = 120, 0.85
"""Texts of this length or less are no pasted requests; line breaks count almost fully there."""

LEAST_FOR_BONUS = 2.0
MAX_RULES = 6
"""Ids that a finding names; the rest adds nothing that a reader needs."""

ENCODING_BONUS = 0.7
"""Added for each odd way of writing once there is evidence of `LEAST_FOR_BONUS` or more."""

_ODD_WAYS = (
    Oddity.PERCENT_U,
    Oddity.OVERLONG,
    Oddity.FULLWIDTH,
    Oddity.UTF7,
    Oddity.REPEATED_PERCENT,
    Oddity.HIDDEN_LETTER,
    Oddity.NUL,
    Oddity.BASE64,
)
_QUOTES = (b"'", b'"', b"`")


@dataclass(slots=True)
class Hit:
    """A pattern that matched, with the reading that it matched on."""

    pattern: Pattern
    view: bytes
    shown: bytes


def clip(text: bytes) -> bytes:
    """Beginning and end of a long value."""
    if len(text) <= MAX_VALUE:
        return text
    return text[: MAX_VALUE * 3 // 4] + b" " + text[-MAX_VALUE // 4 :]


def judge(values: Iterable[Value], field: int, *, marked: bool = False) -> list[Finding]:
    """Findings of some values of a field and of the values inside them.

    Args:
        values: Texts as sent.
        field: Bit of the field in `screen`; its words decide which values are read closely.
        marked: The screen has marked the values themselves, so they are all read.

    Cost: 5 µs, and 20 to 60 µs per value that the words mark.
    """
    findings: list[Finding] = []
    level = [(value, 0) for value in values]
    budget, left, close, firm = MAX_INPUT, MAX_VALUES, MAX_CLOSE, 0
    for _ in range(MAX_VIEWS):
        level = level[:left]
        if not level:
            break
        left -= len(level)
        deeper: list[tuple[Value, int]] = []
        marks: Iterable[bool] = itertools.repeat(True)
        if not marked:
            marks = flag_texts([value.text for value, _ in level], field)
        marked = False
        for value, layers in itertools.compress(level, marks):
            budget -= len(value.text)
            close -= 1
            if budget < 0 or close < 0 or firm >= ENOUGH_FIRM:
                return findings
            found, inside = judge_value(value, layers)
            findings += found
            firm += sum(finding.raw_llr >= FIRM for finding in found)
            deeper += inside
        level = deeper
    return findings


def judge_value(value: Value, layers: int = 0) -> tuple[list[Finding], list[tuple[Value, int]]]:
    """Findings of one value, and the values inside it with their layers."""
    sent = clip(value.text)
    decoded = decode(sent.replace(b"+", b" ") if value.plus else sent)
    plain = canonical.text(decoded.text)
    layers += decoded.layers
    if len(plain) > LEAST_BINARY and not value.binary and not is_printable(decoded.text):
        value = replace(value, binary=True)
    findings = weigh(value, hits_of(value, decoded, plain), decoded.oddity, layers, len(plain))
    deeper = [
        (inner, layers) for inner in nested_values(value, decoded.text) if inner.text != value.text
    ]
    hidden = inside_base64(decoded.text)
    if hidden is not None:
        deeper.append((Value(value.where, hidden, lines=value.lines), layers + 1))
    return findings, deeper


def hits_of(value: Value, decoded: Decoded, plain: bytes) -> list[Hit]:
    """Patterns that match a value in any reading."""
    sets = pattern_sets()
    hits: list[Hit] = []

    def match(view: str, text: bytes, shown: bytes) -> None:
        for patterns in sets[view]:
            found = patterns.match(text)
            if found:
                hits.extend([Hit(pattern, text, shown) for pattern in found])

    # a field as a whole begins with a name: what counts where a value begins does not count here
    match("text", b"?" + plain if value.whole else plain, plain)
    match("exact", decoded.text, decoded.text)
    statement = canonical.sql(plain)
    match("sql", statement, statement)
    command = canonical.shell(_without_names(plain) if value.whole else plain)
    match("shell", command, command)
    if b"/" in plain or b"\\" in plain or b"." in plain:
        resolved = canonical.path(plain)
        match("path", resolved, resolved)
    if b"${" in plain:
        looked = canonical.lookups(plain)
        match("lookup", looked, looked)
    if decoded.stages:
        sent = b"\n".join(decoded.stages).lower()
        match("raw", sent, sent)
    if not value.whole and len(plain) < DOCUMENT_BYTES * 4:
        match("bare", shape(statement), plain)
        for quote in _QUOTES:
            if quote in statement:
                match("quoted", shape(statement, quote), plain)
    return hits


def _without_names(plain: bytes) -> bytes:
    """A query as a whole without the ampersands that only separate its pairs."""
    head, *rest = plain.split(b"&", MAX_VALUES)
    return b"".join([head, *((b"&" if part[:1] in b" &" else b"? ") + part for part in rest)])


def weigh(value: Value, hits: list[Hit], oddity: int, layers: int, length: int) -> list[Finding]:
    """Adds up the hits of each attack type with diminishing returns."""
    types: dict[str, dict[str, tuple[float, Hit]]] = {}
    for hit in hits:
        worth = _worth(value, hit.pattern, length)
        kinds = types.setdefault(hit.pattern.type, {})
        if worth > 0 and (hit.pattern.kind not in kinds or kinds[hit.pattern.kind][0] < worth):
            kinds[hit.pattern.kind] = (worth, hit)
    odd = sum(1 for way in _ODD_WAYS if oddity & way)
    return [_finding(value, kinds, odd, layers) for kinds in types.values() if kinds]


def _worth(value: Value, pattern: Pattern, length: int) -> float:
    """What a match is worth in this kind of text."""
    if value.markup and pattern.type == AttackType.XSS:
        return 0.0
    worth = pattern.llr
    if length > DOCUMENT_BYTES and not pattern.firm:
        worth *= max(LEAST_DOCUMENT, (DOCUMENT_BYTES / length) ** DOCUMENT_POWER)
    if value.binary and not pattern.firm:
        worth *= BINARY_SHARE
    if value.lines and (pattern.type == AttackType.CRLF or pattern.kind == "newline"):
        worth *= LINES_SHARE if length > SHORT_LINES else SHORT_LINES_SHARE
    return worth


def _finding(value: Value, kinds: dict[str, tuple[float, Hit]], odd: int, layers: int) -> Finding:
    """The finding of one attack type in one value."""
    ranked = sorted(kinds.values(), key=lambda pair: (-pair[0], pair[1].pattern.id))
    raw = sum(worth * NEXT_KIND**i for i, (worth, _) in enumerate(ranked))
    if raw > LEAST_FOR_BONUS:
        raw += ENCODING_BONUS * odd
    best = ranked[0][1]
    return Finding(
        attack_type=best.pattern.type,
        llr=min(raw, CAP),
        raw_llr=raw,
        rules=tuple(hit.pattern.id for _, hit in ranked[:MAX_RULES]),
        where=value.where,
        match=shown(best),
        decode_layers=layers,
    )


def shown(hit: Hit) -> str:
    """The matched part, printable and cut."""
    text = hit.shown
    if hit.view == text:
        found = hit.pattern.compiled.search(text)
        if found:
            begin = max(0, found.start() - 8)
            text = text[begin : max(found.end() + 24, begin + 40)]
    clean = text[:MAX_MATCH].decode("utf-8", "replace")
    return (
        clean if clean.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in clean)
    )
