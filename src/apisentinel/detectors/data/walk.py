"""A JSON body as one text: each value with its label, and where it came from."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

import orjson

from apisentinel.detectors.data.fields import FieldName, field_name, fits, is_person
from apisentinel.detectors.data.limits import MAX_DEPTH, MAX_NAME, MAX_TEXT, MAX_VALUES, SHOWN_DEPTH

TEXT_PLACE = "text"
"""Place of everything in a body that is no JSON."""

MIN_VALUE = 6
"""Characters of a value that can be anything without a telling name: ``a@b.cd`` is the shortest."""

MIN_NUMBER = 1_000_000
"""Smallest number that is anything without a telling name: local phone numbers have 7 digits."""

MAX_TIME = 35
"""Characters of a time by RFC 3339 with nine decimals."""

UUID_LENGTH = 36

CUT_MARKS = (b"},", b"}", b'",', b'"')
"""Where a cut document may have ended well, best first."""

_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_CLOSING = bytes.maketrans(b"[{", b"]}")


class _Node(NamedTuple):
    """A value of a document with its name, path and depth."""

    value: object
    name: FieldName
    role: str | None
    path: str
    depth: int


@dataclass(slots=True)
class Passages:
    """A text with its passages.

    Attributes:
        text: The labelled values, one after the other.
        labels: Where the label of each value begins, ascending.
        values: Where each value begins.
        places: Path of each value.
        told: (class, index of value) of values whose field name says what they are.
    """

    text: bytes
    labels: list[int] = field(default_factory=lambda: [0])
    values: list[int] = field(default_factory=lambda: [0])
    places: list[str] = field(default_factory=lambda: [TEXT_PLACE])
    told: set[tuple[str, int]] = field(default_factory=set)

    def index(self, at: int) -> int:
        """Number of the passage at a position of the text."""
        return bisect_right(self.labels, at) - 1


def passages(body: bytes) -> Passages:
    """The passages of a body; one that cannot be read as JSON is a single passage."""
    if body.lstrip()[:1] not in (b"{", b"["):
        return Passages(body)
    for text in _readings(body):
        try:
            document = orjson.loads(text)
        except (orjson.JSONDecodeError, RecursionError):
            continue
        return _Walk().run(document)
    return Passages(body)


def _readings(body: bytes) -> Iterator[bytes]:
    """The body, its lines as one list, and what is whole in it when it has been cut."""
    yield body
    if b"\n{" in body:
        yield b"[" + b",".join(line for line in body.splitlines() if line.strip()) + b"]"
    for mark in CUT_MARKS:
        cut = body.rfind(mark)
        if cut > 0:
            whole = body[: cut + 1]
            yield whole + _closers(whole)


def _closers(whole: bytes) -> bytes:
    """Brackets that a cut document lacks; deep nesting is not completed."""
    outside = b"".join(whole.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2])
    brackets = outside.translate(None, _NO_BRACKETS)
    for _ in range(MAX_DEPTH):
        shorter = brackets.replace(b"{}", b"").replace(b"[]", b"")
        if len(shorter) == len(brackets):
            break
        brackets = shorter
    return brackets[::-1].translate(_CLOSING)[: 2 * MAX_DEPTH]


class _Walk:
    """Collects the values of a document, in their order."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.size = 0
        self.found = Passages(b"", [], [], [])

    def run(self, document: object) -> Passages:
        stack: list[_Node] = [_Node(document, FieldName("", None, ""), None, "$", 0)]
        while stack and len(self.found.places) < MAX_VALUES and self.size < MAX_TEXT:
            node = stack.pop()
            value = node.value
            if isinstance(value, str):
                if node.role is not None or not _is_dull(value):
                    self._add(value.encode("utf-8", "replace"), node)
            elif isinstance(value, int):
                if (node.role is not None or abs(value) >= MIN_NUMBER) and not isinstance(
                    value, bool
                ):
                    self._add(b"%d" % value, node)
            elif isinstance(value, dict | list) and node.depth < MAX_DEPTH:
                stack.extend(
                    reversed(
                        self._members(node, value)
                        if isinstance(value, dict)
                        else _elements(node, value)
                    )
                )
        self.found.text = b"".join(self.pieces)
        return self.found

    def _members(self, node: _Node, members: dict[str, object]) -> list[_Node]:
        out = []
        person = "name" in members and is_person(node.name.words, members)
        told_apart, depth = node.depth < SHOWN_DEPTH, node.depth + 1
        for key, child in islice(members.items(), MAX_VALUES):
            name = field_name(key[: MAX_NAME + 1])
            path = f"{node.path}.{name.shown}" if told_apart else node.path
            if name.shown == "*" and not _is_dull(key):
                self._add(key.encode("utf-8", "replace"), _Node(None, name, None, path, depth))
            role = "person_name" if person and name.words == "name" else name.role
            out.append(_Node(child, name, role, path, depth))
        return out

    def _add(self, value: bytes, node: _Node) -> None:
        found, label = self.found, node.name.label
        if node.role is not None and fits(node.name, node.role, value):
            found.told.add((node.role, len(found.places)))
        found.labels.append(self.size)
        found.values.append(self.size + len(label) + 2)
        found.places.append(node.path)
        self.pieces += (label, b": ", value, b"\n")
        self.size += len(label) + len(value) + 3


def _elements(node: _Node, values: list[object]) -> list[_Node]:
    path = f"{node.path}[]" if node.depth < SHOWN_DEPTH else node.path
    return [
        _Node(value, node.name, node.role, path, node.depth + 1) for value in values[:MAX_VALUES]
    ]


def _is_dull(value: str) -> bool:
    """True for what says nothing without a telling name: short, one word, a time, a UUID."""
    if len(value) < MIN_VALUE or value.isalpha():
        return True
    if value[4:5] == "-" and value[7:8] == "-" and value[:4].isdigit():
        return len(value) <= MAX_TIME
    return (
        len(value) == UUID_LENGTH and value[8] == "-" == value[13] and value[18] == "-" == value[23]
    )
