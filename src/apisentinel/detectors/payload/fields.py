"""Splits the fields of a request into values: the texts that an application hands on."""

from collections.abc import Iterator

import msgspec
import orjson

from apisentinel.detectors.payload.limits import MAX_DEPTH, MAX_VALUES


class Value(msgspec.Struct, frozen=True, gc=False):
    """A text with its place.

    Attributes:
        where: Place in words, such as ``query q``.
        text: Bytes as sent.
        plus: True where a plus sign stands for a blank.
        whole: True for a field taken as a whole, in which quotes are no break-out.
        lines: True where line breaks are ordinary, such as texts in JSON.
        markup: True for an XML document, whose tags are no injection.
        binary: True for text found inside binary data, where short patterns match by chance.
    """

    where: str
    text: bytes
    plus: bool = False
    whole: bool = False
    lines: bool = False
    markup: bool = False
    binary: bool = False


_PLAIN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"


SHORTEST_ODD = 8
"""Characters of the shortest word that says something by itself: base64 of a class name cut at both
ends, a procedure or a table of a database.
"""


def _name(raw: bytes) -> str:
    return raw[:40].decode("ascii", "replace")


def is_plain(text: bytes) -> bool:
    """True for a short text of letters, digits and ``-_.~`` only; longer ones may be base64 or the
    name of something that nobody sends.
    """
    return len(text) < SHORTEST_ODD and not text.translate(None, _PLAIN) and b".." not in text


def is_word(text: bytes) -> bool:
    """True for letters, digits and ``-_.~`` only."""
    return not text.translate(None, _PLAIN)


def path_values(path: bytes) -> Iterator[Value]:
    """The path as a whole and each segment that is not plain."""
    yield Value("path", path, whole=True)
    count = 0
    for segment in path.split(b"/"):
        if segment and not is_plain(segment):
            yield Value("path segment", segment)
            count += 1
            if count >= MAX_VALUES:
                return


def pair_values(
    text: bytes, place: str, separator: bytes = b"&", *, plus: bool = True
) -> Iterator[Value]:
    """Values, and names that are no identifiers, of ``a=b&c=d``."""
    seen: dict[bytes, bytes] = {}
    for count, pair in enumerate(text.split(separator)):
        if count >= MAX_VALUES:
            yield Value(place, separator.join(text.split(separator)[count:]), plus, whole=True)
            return
        name, equals, value = pair.removeprefix(b"amp;").partition(b"=")
        name = name.strip()
        if not equals:
            if pair and not is_plain(pair):
                yield Value(place, pair, plus)
            continue
        odd = b"." in name or b"__" in name or len(name) > 64 or _may_be_base64(name)
        if odd or not is_word(name.translate(None, b"[]%25BD")):
            yield Value(f"{place} name", name, plus)
        if name in seen and len(seen) < MAX_VALUES and not is_plain(seen[name] + value):
            yield Value(f"{place} {_name(name)} joined", seen[name] + b"," + value, plus)
        seen[name] = value
        if value and not is_plain(value):
            yield Value(f"{place} {_name(name)}", value, plus)


def _may_be_base64(name: bytes) -> bool:
    """True for a long name of capitals and small letters, which may be base64 of something."""
    return len(name) >= LEAST_BASE64_NAME and not name.islower() and name.isalnum()


LEAST_BASE64_NAME = 9
"""Letters of the shortest name that is read: base64 of a class name of seven."""


def json_values(text: bytes, place: str) -> list[Value] | None:
    """Strings and odd keys of a JSON document, None when it is no JSON."""
    try:
        document = orjson.loads(text)
    except (orjson.JSONDecodeError, RecursionError):
        return None
    out: list[Value] = []
    stack: list[tuple[object, str, int]] = [(document, "$", 0)]
    while stack and len(out) < MAX_VALUES:
        node, at, depth = stack.pop()
        if isinstance(node, str):
            value = node.encode("utf-8", "surrogatepass")
            if value and not is_plain(value):
                out.append(Value(f"{place} {at}", value, lines=True))
        elif isinstance(node, dict) and depth < MAX_DEPTH:
            for key, child in node.items():
                name = key.encode("utf-8", "surrogatepass")
                if b"." in name or not is_plain(name):
                    out.append(Value(f"{place} {at} name", name))
                stack.append((child, f"{at}.{key[:40]}" if depth < 8 else at, depth + 1))
        elif isinstance(node, list) and depth < MAX_DEPTH:
            stack.extend(
                (child, f"{at}[]" if depth < 8 else at, depth + 1) for child in node[:MAX_VALUES]
            )
    return out


def multipart_values(text: bytes, place: str) -> Iterator[Value]:
    """File names, part names and contents of a multipart body."""
    boundary = text.split(b"\n", 1)[0].strip()
    for part in text.split(boundary)[1 : MAX_VALUES // 2]:
        head, blank, content = part.partition(b"\r\n\r\n")
        if not blank:
            head, blank, content = part.partition(b"\n\n")
        name = "part"
        for key, value in _dispositions(head):
            if key == b"name":
                name = _name(value)
            if not is_plain(value) or (b"." in value and key != b"name"):
                yield Value(f"{place} {name} {key.decode('ascii', 'replace')}", value)
        content = content.removesuffix(b"\r\n")
        if not is_printable(content):
            yield from _runs(content, f"{place} {name}")
        elif content and not is_plain(content):
            yield Value(f"{place} {name}", content, lines=True)


def _dispositions(head: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names of a part and of its file, from its headers."""
    for line in head.splitlines()[:20]:
        for piece in line.split(b";"):
            key, equals, value = piece.strip().partition(b"=")
            if equals and key.lower() in (b"name", b"filename", b"filename*"):
                yield key.lower().rstrip(b"*"), value.strip(b'"')


_HTML = frozenset(
    b"a b body div embed form frame h1 head html i iframe img input link math meta object p script"
    b" span style svg table textarea video x xss".split()
)


def is_xml(text: bytes) -> bool:
    """True for a document that begins as XML, or closes a first tag that is none of HTML."""
    start = text[:200].lstrip().lower()
    if start.startswith((b"<?xml", b"<soap", b"<!doctype")):
        return b"<script" not in text.lower() and b"<svg" not in text.lower()
    name = start[1:].split(b">", 1)[0].split(b" ", 1)[0].split(b"/", 1)[0]
    return bool(name) and name not in _HTML and text.rstrip().lower().endswith(b"</" + name + b">")


def markup_values(text: bytes, place: str) -> Iterator[Value]:
    """The document as a whole, and its texts and attribute values."""
    yield Value(place, text, whole=True, lines=True, markup=is_xml(text))
    count = 0
    for piece in text.split(b"<", MAX_VALUES)[1:]:
        tag, _, content = piece.partition(b">")
        for quote in (b'"', b"'"):
            for attribute in tag.split(quote)[1::2]:
                if attribute and not is_plain(attribute) and count < MAX_VALUES:
                    count += 1
                    yield Value(f"{place} attribute", attribute)
        content = content.strip()
        if content and not is_plain(content) and count < MAX_VALUES:
            count += 1
            yield Value(f"{place} text", content, lines=True)


def _strings(text: bytes, place: str) -> Iterator[Value]:
    """Quoted strings of something that looks like JSON but cannot be read."""
    for count, piece in enumerate(text.split(b'"', 2 * MAX_VALUES)[1::2]):
        if count >= MAX_VALUES:
            return
        if piece and not is_plain(piece):
            yield Value(place, piece, lines=True)


_CONTROLS = bytes(b for b in range(32) if b not in b"\t\r\n") + b"\x7f"
_LATIN = b"\xc2\xc3"
"""Lead bytes of Latin-1 in UTF-8; binary data that was read as Latin-1 is full of them."""


def is_printable(text: bytes) -> bool:
    """True unless 2 % of the text or more are control characters, or 15 % are Latin-1 signs."""
    controls = len(text) - len(text.translate(None, _CONTROLS))
    latin = 0 if text.isascii() else len(text) - len(text.translate(None, _LATIN))
    return controls * 50 <= len(text) and latin * 7 <= len(text)


def _runs(text: bytes, place: str) -> Iterator[Value]:
    """Runs of plain text inside binary data; short ones are chance."""
    for run in text.translate(_RUNS).split(b"\0"):
        if len(run) >= SHORTEST_RUN:
            yield Value(f"{place} text", run, whole=True, lines=True, binary=True)


SHORTEST_RUN = 24
"""Bytes of the shortest run of text in binary data that is read."""


def body_values(text: bytes, kind: bytes, place: str = "body") -> Iterator[Value]:
    """Values of a body, by what it looks like; the declared content type only breaks ties."""
    start = text[:200].lstrip()
    if start[:1] in (b"{", b"["):
        found = json_values(text, place)
        if found is not None:
            yield from found
        else:
            yield Value(place, text, whole=True, lines=True)
            yield from _strings(text, place)
    elif start[:2] == b"--" and b"ontent-" in text[:400]:
        yield from multipart_values(text.lstrip(), place)
    elif start[:1] == b"<":
        yield from markup_values(text, place)
    elif not is_printable(text):
        yield from _runs(text, place)
    elif b"=" in text[:256] and (b"json" not in kind) and b"\n" not in text[:64].strip():
        yield from pair_values(text, place)
    else:
        yield Value(place, text, lines=True)


_RUNS = bytes(b if 32 <= b < 127 or b in b"\t\r\n" else 0 for b in range(256))


def nested_values(value: Value, decoded: bytes) -> Iterator[Value]:
    """Values inside a value: JSON, a query string or a URL with parameters."""
    start = decoded[:1]
    if start in (b"{", b"[") and len(decoded) > 8:
        found = json_values(decoded, value.where)
        if found:
            yield from found
    elif b"=" in decoded:
        address, question, query = decoded.partition(b"?")
        if not question or (address[:4].lower() != b"http" and address[:1] != b"/"):
            query = decoded
        names = [pair.partition(b"=")[0] for pair in query.split(b"&")[:8]]
        if (
            (question or len(names) > 1)
            and query.count(b"=") >= len(names) - 1
            and all(is_word(name) for name in names)
        ):
            yield from pair_values(query, value.where)
