"""How far a value quotes code instead of being code: prose, stack traces, code blocks, formulas.

What breaks out of a string or of a tag works wherever it stands, and is never lessened here. What
needs to stand at the right place to do anything (a program after a semicolon, a relative path, a
comparison) is mostly a quotation when people's words stand before it.
"""

from typing import Any, NamedTuple

import re2

MAX_WORDS = 160
"""Words at the beginning of a text that are looked at; people show how they write early."""

STOP_WORDS = frozenset(
    b"""the an of to for with on at it its it's i i'm i'd my me mine you your we our they their he
    she his her him them this that these those there here was were been be are am do does
    did don't doesn't didn't can can't could would should will won't has have had how why
    what which who whose but so because than also only just still very please thanks thank
    hello dear hi maybe about after before while until without between during every some
    many much more most no yes ok isn't aren't let's i've i'll you're we're der die das den
    dem ein eine einen ist sind und oder nicht mit von zu auf bei wie was ich wir ihr le les
    des une est sont et ou pas avec pour dans sur que qui je vous nous el los las una es son
    y con para por que en del al como se""".split()
)
"""Words that hold sentences together and mean nothing to SQL, to shells or to scripts."""

FULL_STOPS, HALF = 3.0, 0.5
"""Stop words of a text that is prose for certain; part of one that a first word is not worth."""

LEAST_SHARE, FULL_SHARE = 0.3, 0.6
"""Share of plain words among all words from which a text begins to be prose, and is."""

_EDGES = b".,;:!?\"'()[]*_`>-"
_ENDS = (b"--", b" #", b"/*")
"""Signs behind which a database or a shell reads nothing."""


def before_end(text: bytes) -> bytes:
    """The part of a text that an interpreter reads: words in a comment are padding, not prose."""
    for end in _ENDS:
        at = text.find(end)
        if at > 0:
            text = text[:at]
    return text


def prose(text: bytes) -> float:
    """How far canonical text reads like sentences, 0 to 1, continuous in the counts of its words.

    Example:
        >>> round(prose(b"please see the list of open points and tell me"), 1)
        1.0
        >>> prose(before_end(b"1 or 1=1 -- the of to in it"))
        0.0
    """
    words = text.split(b" ", MAX_WORDS)[:MAX_WORDS]
    plain = [word for raw in words if (word := raw.strip(_EDGES)).replace(b"'", b"").isalpha()]
    stops = sum(word in STOP_WORDS for word in plain)
    if not stops:
        return 0.0
    share = len(plain) / len(words)
    known = min(1.0, (stops - HALF) / (FULL_STOPS - HALF))
    return known * min(1.0, max(0.0, (share - LEAST_SHARE) / (FULL_SHARE - LEAST_SHARE)))


class Reading(NamedTuple):
    """How a text reads.

    Attributes:
        words: How far it is prose; see `prose`.
        open_words: The same of what stands before the end that an interpreter sees.
        code: 1 for listings, else 0; see `quotes_code`.
        statement: True for a whole SQL statement.
        opened: True when its first quote opens a quotation.
    """

    words: float
    open_words: float
    code: float
    statement: bool
    opened: bool


def reading(plain: bytes) -> Reading:
    """How a canonical text reads."""
    words = prose(plain)
    head = before_end(plain) if words else plain
    open_words = words if head == plain else prose(head)
    return Reading(words, open_words, quotes_code(plain), is_statement(plain), opens(plain))


def _options() -> Any:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.never_capture = True
    options.dot_nl = True
    return options


def _compiled(regex: str) -> Any:
    return re2.compile(regex.encode(), _options())


class _Any:
    """Some patterns at once, three times as fast as one after the other."""

    def __init__(self, *regexes: str) -> None:
        self._alone = [_compiled(regex) for regex in regexes]
        self._all = re2.Set.SearchSet(_options())
        for regex in ("", *regexes):
            self._all.Add(regex.encode())
        self._all.Compile()

    def match(self, text: bytes) -> bool:
        """True when one of the patterns matches somewhere in `text`."""
        found = self._all.Match(text)
        # the empty pattern always matches; without it the automaton ran out of memory
        return len(found) > 1 if found else any(one.search(text) for one in self._alone)


_TRACE = (
    r"traceback \(most recent call last|\bfile \"[^\"]+\", line \d+"
    r"|\bat [\w.$<>/ ]+\(?[\w$./:-]+:\d+"
    r"|\bcaused by: [\w.]+|exception in thread|\bgoroutine \d+ \[|panicked at"
    r"|\b[a-z.]+exception: \w"
    r"|\b(?:syntax|type|reference|zerodivision|modulenotfound|value|key)error: "
    r"|\.\w{1,4}:\d+:\d+: (?:fatal |error|warning|note)"
)
_CODE = (
    r"^#include ?<|^#! ?/|\bpublic (?:static )?(?:void|class|int|string) \w"
    r"|^import (?:[\w{}*, ]+ from )?['\"][\w@./-]+['\"]"
    r"|\brequire\('\.\.?/[\w./-]+'\)|^\[unit\]|\[service\] exec|^=[a-z]{2,12}\([a-z]+\d+[:,)<>=]"
    r"|\bdef \w+\([^)]*\):|^[\w<>\[\], ]+ \w+ ?= ?new \w+<"
    r"|^(?:const|let|var) \w+(?:: ?[\w<>\[\]]+)? ?= ?[\w\[{(]"
    r"|\breturn [\w.]+\([^)]*\);$|^if ?\([^'\"]*\) ?\{ ?throw new \w+"
    r"|^[\w.-]+ ?\{ ?[a-z-]+ ?: ?[^;{}]+;"
    r"|^(?:\w+=)?\{`[^`]*`\}$"
)
_LISTING = _Any(_TRACE, _CODE)
_FENCE = _compiled(r"(?:^|[^`])```[\w+-]*[ \n][^`]+ ?```(?:$|[^`])")
_SPAN = _compiled(r"(?:^|[ (\[|])`[^ `][^`]*`(?:$|[ .,;:!?)\]|/])")
_DOCUMENT = _compiled(
    r"^<(p|h[1-6]|div|ul|ol|table|blockquote|figure|section|article|details)[ >].*</(?:p|h[1-6]|div"
    r"|ul|ol|table|blockquote|figure|section|article|pre|details)> ?$"
)

_REFERENCE = _compiled(
    r"(?:\]\(|\b(?:from|import|require\() ?['\"]|\burl\(['\"]?|(?:src|href)=['\"]|`)"
    r"(?:\.\./)+[\w-]+[\w./#-]*['\"`) ]"
)

_STATEMENT = _compiled(
    r"^(?:select [^;]+ from|insert into \w+|update \w+ set|delete from) [^;]+;? ?$"
)
_VERBS = (b"select ", b"insert into ", b"update ", b"delete from ")
"""How a text begins that `_STATEMENT` matches."""

SPAN_WORDS = 3.0
"""Words around code in backticks that make it a quotation for certain."""


def quotes_code(text: bytes) -> float:
    """1 for stack traces, code blocks and whole functions, else 0."""
    return float(bool(_LISTING.match(text)) or _is_fenced(text))


def _is_fenced(text: bytes) -> bool:
    return b"```" in text and bool(_FENCE.search(text))


def is_statement(text: bytes) -> bool:
    """True for a whole SQL statement: it begins as one, closes its quotes and hides no end."""
    if not text.startswith(_VERBS):
        return False
    closed = text.count(b"'") % 2 == 0 and text.count(b'"') % 2 == 0
    return closed and before_end(text) == text and bool(_STATEMENT.search(text))


def refers(text: bytes) -> float:
    """1 for a relative path where documents and modules name each other, else 0."""
    return float(b"../" in text and bool(_REFERENCE.search(text)))


CODE_NAMES = frozenset(
    b"code snippet source script html css js markdown md stack stacktrace trace log logs commands"
    b" sql config yaml notebook cell program".split()
)
"""Names of fields that hold code or logs, in the path of a value of JSON."""

CODE_LINES = 2
CODE_BYTES = 200
CODE_BLOCKS = 2
"""Line breaks, or else bytes or blocks in braces, of a text that is no command but a listing."""


def is_listing(where: str, text: bytes) -> bool:
    """True for several lines or blocks in a JSON field that is there for code or logs."""
    if "$" not in where:
        return False
    blocks = text.count(b"{") >= CODE_BLOCKS and text.rstrip().endswith(b"}")
    if not blocks and text.count(b"\n") < CODE_LINES and len(text) < CODE_BYTES:
        return False
    names = where.lower().encode().translate(_NAME_ENDS).split()
    return not CODE_NAMES.isdisjoint(names)


_NAME_ENDS = bytes(b if chr(b).isalnum() and b < 128 else 32 for b in range(256))


def is_document(text: bytes) -> bool:
    """True for the markup of a text editor: it begins and ends with a block of text."""
    return text[:1] == b"<" and bool(_DOCUMENT.search(text))


def spans(text: bytes) -> float:
    """How far the backticks of a text mark code inside sentences, as in Markdown, 0 to 1."""
    pieces = text.split(b"`")
    if len(pieces) < 3 or len(pieces) % 2 == 0:
        return 0.0
    if b"```" in text:
        return float(_is_fenced(text))
    if b"|---" in text or b"| --- |" in text:
        return 1.0
    if not _SPAN.search(text):
        return 0.0
    outside = b" ".join(pieces[::2]).split(b" ", MAX_WORDS)
    words = sum(len(word) > 1 for raw in outside if (word := raw.strip(_EDGES)).isalpha())
    return min(1.0, words / SPAN_WORDS)


def first_quote(text: bytes) -> int:
    """Where the first quote stands, -1 where there is none."""
    return min((at for quote in (b"'", b'"') if (at := text.find(quote)) >= 0), default=-1)


def opens(text: bytes) -> bool:
    """True when the first quote of a text begins a quotation instead of ending one."""
    first = first_quote(text)
    return first > 0 and text[first - 1 : first] in b" (=" and text[first + 1 : first + 2].isalnum()


def largest_value(query: bytes) -> bytes:
    """The longest value of a query as a whole, where all but one pair are short."""
    name, equals, rest = query.partition(b"=")
    text = rest if equals and name.replace(b"_", b"").isalnum() else query
    while True:
        before, mark, last = text.rpartition(b"&")
        if not mark or len(last) > MAX_PAIR or not last.replace(b"=", b"").isalnum():
            return text
        text = before


MAX_PAIR = 40
"""Characters of a pair at the end of a query that is no part of the text before it."""
