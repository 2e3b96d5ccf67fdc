"""Judges one value: matches patterns on each reading of it and adds up what they are worth."""

import itertools
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain

import msgspec
from msgspec.structs import replace

from apisentinel.detectors.payload import canonical, quotation
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
from apisentinel.detectors.payload.opinion import Looked, Opinion
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

ENCODED_SLASH_SHARE = 0.35
"""An encoded slash counts this share outside paths, where every browser encodes it."""

SHORT_LINES, SHORT_LINES_SHARE = 120, 0.85
"""Texts of this length or less are no pasted requests; line breaks count almost fully there."""

LEAST_QUOTED = 3.0
"""Evidence of a type below which it does not matter whether the value is a quotation, and which a
quotation keeps, so that the score has no step there.
"""

TAIL_SHARE = 0.5
"""Words behind a match say half as much as words before it: an attack can be followed by any."""

QUOTED: dict[str, dict[str, float]] = {
    AttackType.CMDI.value: {
        "separator": 0.65, "program-argument": 0.6, "substitution": 0.6, "obfuscation": 0.5,
        "binary-path": 0.5, "leading-separator": 0.9, "code-statement": 0.6, "php-function": 0.45,
        "php-variable": 0.45, "script-code": 0.5, "python": 0.5, "node": 0.5, "newline": 0.6,
        "sensitive-argument": 0.4, "windows": 0.4, "java": 0.5,
    },
    AttackType.TRAVERSAL.value: {
        "up": 0.65, "secret-file": 0.4, "log-file": 0.5, "absolute": 0.9, "up-obfuscated": 0.65,
        "up-encoded-slash": 0.8, "windows-folder": 0.5,
    },
    AttackType.XSS.value: {"call": 0.45, "call-any": 0.9, "document": 0.6, "dynamic-code": 0.5},
    AttackType.SSRF.value: {"internal-host": 0.4, "scheme": 0.3},
    AttackType.CRLF.value: {"header": 0.5},
    AttackType.NOSQLI.value: {"script": 0.6},
    AttackType.SSTI.value: {"delimiters": 0.6},
}  # fmt: skip
"""Share that a match loses in a quotation, by attack type and kind; kinds that break out or that
work anywhere lose nothing.
"""

SQL_QUOTED = 0.65
"""The same for SQL outside quotes; `SQL_OPENED` where the first quote only opens a quotation."""
SQL_OPENED = 0.5

STATEMENT_SHARE = 0.5
"""How far a whole SQL statement is a quotation: an injection is part of one."""

SHAPES_KEPT = 4_096
"""Shapes of statements whose patterns are remembered, each of `MAX_TOKENS` bytes at most."""

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
_ANY_ODD_WAY = sum(_ODD_WAYS)
_QUOTES = (b"'", b'"', b"`")


class Hit(msgspec.Struct, frozen=True, gc=False):
    """A pattern that matched, with the reading that it matched on."""

    pattern: Pattern
    view: bytes
    shown: bytes


def clip(text: bytes) -> bytes:
    """Beginning and end of a long value."""
    if len(text) <= MAX_VALUE:
        return text
    return text[: MAX_VALUE * 3 // 4] + b" " + text[-MAX_VALUE // 4 :]


def judge(
    values: Iterable[Value],
    field: int,
    opinion: Opinion | None = None,
    *,
    marked: bool | Sequence[bool] = False,
) -> list[Finding]:
    """Findings of some values of a field and of the values inside them.

    Args:
        values: Texts as sent.
        field: Bit of the field in `screen`; its words decide which values are read closely.
        opinion: Has the last word on each value, None for the rules.
        marked: True when the screen has marked the values themselves, so they are all read; or
            which of them `flag_texts` has marked.

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
        marks: Iterable[bool]
        if marked is False:
            marks = flag_texts([value.text for value, _ in level], field)
        else:
            marks = itertools.repeat(True) if marked is True else marked
        marked = False
        for value, layers in itertools.compress(level, marks):
            budget -= len(value.text)
            close -= 1
            if budget < 0 or close < 0 or firm >= ENOUGH_FIRM:
                return findings
            found, inside = judge_value(value, layers, opinion)
            findings += found
            firm += sum(finding.raw_llr >= FIRM for finding in found)
            deeper += inside
        level = deeper
    return findings


def judge_value(
    value: Value, layers: int = 0, opinion: Opinion | None = None
) -> tuple[list[Finding], list[tuple[Value, int]]]:
    """Findings of one value, and the values inside it with their layers."""
    value, decoded, looked = look(value, layers)
    findings = list(looked.findings) if opinion is None else opinion.findings(value, looked)
    deeper = [
        (inner, looked.layers)
        for inner in nested_values(value, decoded.text)
        if inner.text != value.text
    ]
    hidden = inside_base64(decoded.text)
    if hidden is not None:
        deeper.append((Value(value.where, hidden, lines=value.lines), looked.layers + 1))
    return findings, deeper


def look(value: Value, layers: int = 0) -> tuple[Value, Decoded, Looked]:
    """The value with what it turned out to be, its decoded text, and what the rules made of it."""
    sent = clip(value.text)
    decoded = decode(sent.replace(b"+", b" ") if value.plus else sent)
    plain = canonical.text(decoded.text)
    layers += decoded.layers
    if len(plain) > LEAST_BINARY and not value.binary and not is_printable(decoded.text):
        value = replace(value, binary=True)
    hits = hits_of(value, decoded, plain)
    findings, reading = weigh(value, hits, decoded.oddity, layers, plain)
    return value, decoded, Looked(plain, findings, decoded.oddity, layers, reading)


def hits_of(value: Value, decoded: Decoded, plain: bytes) -> list[Hit]:
    """Patterns that match a value in any reading."""
    sets = pattern_sets()
    hits: list[Hit] = []

    def match(view: str, text: bytes, shown: bytes) -> None:
        for patterns in sets[view]:
            for pattern in patterns.match(text):
                hits.append(Hit(pattern, text, shown))

    # a field as a whole begins with a name: what counts where a value begins does not count here
    match("text", b"?" + plain if value.whole else plain, plain)
    match("exact", decoded.text, decoded.text)
    statement = _statement(decoded.text, plain)
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
        tokens = shape(statement)
        hits += [Hit(pattern, tokens, plain) for pattern in _of_shape("bare", tokens)]
        for quote in _QUOTES:
            if quote in statement:
                tokens = shape(statement, quote)
                hits += [Hit(pattern, tokens, plain) for pattern in _of_shape("quoted", tokens)]
    return hits


@lru_cache(SHAPES_KEPT)
def _of_shape(view: str, tokens: bytes) -> tuple[Pattern, ...]:
    """Patterns that match a shape of SQL; most values have one of a few shapes."""
    return tuple(chain.from_iterable(group.match(tokens) for group in pattern_sets()[view]))


def _statement(sent: bytes, plain: bytes) -> bytes:
    """A value as a database reads it: without comments, those that end with a line among them."""
    head, line_end, _ = sent.rpartition(b"\n")
    if line_end and (b"#" in head or b"--" in head):
        plain = canonical.text(canonical.sql_lines(sent))
    return canonical.sql(plain)


def _without_names(plain: bytes) -> bytes:
    """A query as a whole without the ampersands that only separate its pairs."""
    head, *rest = plain.split(b"&", MAX_VALUES)
    return b"".join([head, *((b"&" if part[:1] in b" &" else b"? ") + part for part in rest)])


def weigh(
    value: Value, hits: list[Hit], oddity: int, layers: int, plain: bytes
) -> tuple[list[Finding], quotation.Reading | None]:
    """Adds up the hits of each attack type with diminishing returns; and how the value reads, where
    that mattered.

    Args:
        value: Text as sent.
        hits: Patterns that matched.
        oddity: Bits of its odd ways of writing.
        layers: Encodings that were undone.
        plain: Its canonical text, which tells a quotation.
    """
    types: dict[str, list[tuple[float, Hit]]] = {}
    for hit in hits:
        worth = _worth(value, hit.pattern, len(plain))
        if worth > 0:
            types.setdefault(hit.pattern.family, []).append((worth, hit))
    odd = (oddity & _ANY_ODD_WAY).bit_count()
    quoting: _Quoting | None = None
    findings = []
    for worths in types.values():
        ranked = _ranked(worths)
        raw = _sum(ranked, odd)
        if raw >= LEAST_QUOTED and any(_loses(hit.pattern) for _, hit in worths):
            quoting = quoting or _Quoting(value, plain)
            if quoting.possible:
                ranked = _ranked([(worth * quoting.left(hit), hit) for worth, hit in worths])
                raw = max(_sum(ranked, odd), LEAST_QUOTED)
        findings.append(_finding(value, ranked, raw, layers))
    return findings, None if quoting is None or value.whole else quoting.reading


def _ranked(worths: list[tuple[float, Hit]]) -> list[tuple[float, Hit]]:
    """The strongest hit of each kind, strongest first."""
    if len(worths) == 1:
        return worths
    kinds: dict[str, tuple[float, Hit]] = {}
    for worth, hit in worths:
        kind = hit.pattern.kind
        if kind not in kinds or kinds[kind][0] < worth:
            kinds[kind] = (worth, hit)
    return sorted(kinds.values(), key=lambda pair: (-pair[0], pair[1].pattern.id))


def _sum(ranked: list[tuple[float, Hit]], odd: int) -> float:
    """What hits of different kinds are worth together, with odd ways of writing."""
    raw = sum(worth * NEXT_KIND**i for i, (worth, _) in enumerate(ranked))
    return raw + ENCODING_BONUS * odd if raw > LEAST_FOR_BONUS else raw


class _Quoting:
    """How far one value is a quotation, and what its matches keep."""

    __slots__ = (
        "code", "document", "open_words", "opened", "plain", "possible", "reading", "refers",
        "spans", "statement", "unmarked", "words",
    )  # fmt: skip

    def __init__(self, value: Value, plain: bytes) -> None:
        self.plain = plain
        self.unmarked = plain.replace(b"`", b" ")
        if value.whole:
            self.unmarked = _without_names(self.unmarked)
            plain = quotation.largest_value(plain)
        self.reading = reading = quotation.reading(plain)
        self.words, self.open_words, self.code = reading.words, reading.open_words, reading.code
        if quotation.is_listing(value.where, value.text):
            self.code = 1.0
        self.refers = quotation.refers(plain)
        self.statement = STATEMENT_SHARE * reading.statement
        self.spans = quotation.spans(plain) if b"`" in plain else 0.0
        self.document = float(quotation.is_document(plain))
        self.possible = (
            max(self.words, self.code, self.spans, self.document, self.refers, self.statement) > 0
        )
        self.opened = float(reading.opened)

    def left(self, hit: Hit) -> float:
        """Share of its worth that a match keeps."""
        pattern = hit.pattern
        share = 1.0
        if pattern.type == AttackType.SQLI:
            inside = pattern.view == "quoted"
            loss = SQL_OPENED * max(self.opened, self.code) if inside else SQL_QUOTED
            loss = 0.0 if pattern.firm else loss
            statement = self.statement if pattern.kind != "system-table" else 0.0
            document = statement if inside else max(self.document, statement)
        else:
            loss = QUOTED.get(pattern.family, _NO_KINDS).get(pattern.kind, 0.0)
            document = self.refers if pattern.type == AttackType.TRAVERSAL else 0.0
            if self.spans and pattern.type == AttackType.CMDI and self._marks_only(hit):
                share -= self.spans
        if loss:
            share *= 1.0 - loss * max(self.code, document, self.around(hit))
        return share

    def around(self, hit: Hit) -> float:
        """Prose before a match, or the lesser witness of prose anywhere."""
        ends = hit.pattern.type in (AttackType.SQLI, AttackType.CMDI)
        anywhere = (self.open_words if ends else self.words) * TAIL_SHARE
        begin = self._begin(hit) if anywhere else 0
        if hit.pattern.type == AttackType.TRAVERSAL and hit.view[begin - 1 : begin] == b" ":
            return self.words  # a path that follows words and a blank leads nowhere
        if hit.view[begin : begin + 2] == b"$(" and hit.view[begin - 1 : begin] != b" ":
            return anywhere  # runs wherever it stands, and people put a blank before it
        return max(anywhere, quotation.prose(self.plain[:begin])) if begin else anywhere

    def _begin(self, hit: Hit) -> int:
        """Where a match begins; token shapes have no places, so the first sign counts there."""
        if hit.pattern.view == "quoted":
            return quotation.first_quote(self.plain)
        if hit.pattern.view == "bare":
            bare = self.plain.translate(_WORDS)
            at = bare.find(b"\0")
            return at if at >= 0 else len(bare)
        found = hit.pattern.compiled.search(hit.view)
        return min(found.start(), len(self.plain)) if found else 0

    def _marks_only(self, hit: Hit) -> bool:
        """True for a match that needs the backticks."""
        text = canonical.shell(self.unmarked) if hit.pattern.view == "shell" else self.unmarked
        return not hit.pattern.compiled.search(text)


_NO_KINDS: dict[str, float] = {}


def _loses(pattern: Pattern) -> bool:
    """True for a pattern whose match may lose worth in a quotation; see `_Quoting.left`."""
    known = _LOSING.get(pattern.id)
    if known is None:
        family = pattern.family
        known = _LOSING[pattern.id] = (
            not pattern.firm
            if family == "sqli"
            else family == "cmdi" or pattern.kind in QUOTED.get(family, _NO_KINDS)
        )
    return known


_LOSING: dict[str, bool] = {}
"""What `_loses` said, by the pattern's id."""
_WORDS = bytes(b if 97 <= b < 123 or b >= 0x80 or b in b" ,.!?:-_" else 0 for b in range(256))
"""Letters and the signs between the words of a sentence; anything else becomes NUL."""


def _worth(value: Value, pattern: Pattern, length: int) -> float:
    """What a match is worth in this kind of text."""
    if value.markup and pattern.type == AttackType.XSS:
        return 0.0
    worth = pattern.llr
    if length > DOCUMENT_BYTES and not pattern.firm:
        worth *= max(LEAST_DOCUMENT, (DOCUMENT_BYTES / length) ** DOCUMENT_POWER)
    if value.binary and not pattern.firm:
        worth *= BINARY_SHARE
    if pattern.kind == "up-encoded-slash" and not value.where.startswith("path"):
        worth *= ENCODED_SLASH_SHARE
    if value.lines and (pattern.type == AttackType.CRLF or pattern.kind == "newline"):
        worth *= LINES_SHARE if length > SHORT_LINES else SHORT_LINES_SHARE
    return worth


def _finding(value: Value, ranked: list[tuple[float, Hit]], raw: float, layers: int) -> Finding:
    """The finding of one attack type in one value."""
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
