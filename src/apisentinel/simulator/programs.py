"""Turns templates of the data files into operations of the writer.

Words in braces: ``{slot}`` its value, ``{slot:hex8}``, ``{slot:uuid}``, ``{slot:money}``,
``{slot:text10}`` (random letters), ``{slot:pad6}``; ``{price(slot)}`` and ``{n200(slot)}`` numbers
and ``{city(slot)}`` words that belong to a slot's value; ``{[slot*8|item]}`` a list of ids, each
``{it}`` in the item; ``{?flag|text}`` text under a condition; ``{@host}`` parts of the line.
"""

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from apisentinel.errors import ConfigError
from apisentinel.simulator import writer as w
from apisentinel.simulator.rows import COL, ITEM
from apisentinel.simulator.texts import Pool

if TYPE_CHECKING:
    from collections.abc import Callable

EMAIL = "{first(account)}.{last(account)}{n99(account)}@{mail(account)}"
_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_:()")

_FLAGS = {
    "body": w.HAS_BODY, "token": w.HAS_TOKEN, "referer": w.HAS_REFERER, "session": w.HAS_SESSION,
    "extra": w.HAS_EXTRA, "call": w.IS_CALL, "user": w.HAS_USER, "query": w.HAS_QUERY,
    "reply": w.HAS_REPLY, "cred": w.HAS_CRED, "lang": w.HAS_LANG,
}  # fmt: skip

_PARTS = {
    "event": (w.EVENT, 0, 0, 0), "iso": (w.ISO, 0, 0, 0), "millis": (w.MICROS, 1000, 0, 0),
    "address": (w.ADDRESS, 0, 0, 0), "status": (w.STATUS, 0, 0, 0), "size": (w.SIZE, 0, 0, 0),
    "method": (w.METHOD, 0, 0, 0), "host": (w.HOST, 0, 0, 0), "path": (w.PATH, 0, 0, 0),
    "query": (w.QUERY, 0, 0, 0), "body": (w.BODY, 0, 0, 0), "reply": (w.REPLY, 0, 0, 0),
    "headers": (w.HEADERS, 0, 0, 0), "length": (w.LENGTH, 0, 0, 0), "user": (w.USER, 0, 0, 0),
    "ctype": (w.CTYPE, 0, 0, 0), "extra": (w.EXTRA, 0, 0, 0), "token": (w.TOKEN, 0, 0, 0),
    "key": (w.TOKEN, 1, 0, 0), "duration": (w.NUMBER, COL["duration"], 0, 0),
    "agent": (w.VAL, COL["agent"], w.JSON, 0), "referer": (w.VAL, COL["referer"], w.JSON, 0),
    "lang": (w.VAL, COL["lang"], w.JSON, 0), "session": (w.HEX, COL["session"], 16, 0),
    "cred": (w.HEX, COL["cred"], 12, 0), "version": (w.VERSION, 0, 0, 0),
}  # fmt: skip

Op = tuple[int, int, int, int]


class Programs:
    """Collects operations of many templates.

    Args:
        pool: Takes literals.
        tables: Word lists: name → first string and count.
    """

    def __init__(self, pool: Pool, tables: dict[str, tuple[int, int]]) -> None:
        self.pool, self.tables = pool, tables
        self.spans: list[tuple[int, int]] = []
        self.ops: list[Op] = []
        self.lists: list[list[int]] = []
        self.columns: dict[str, int] = {}
        self.list_of: Callable[[str, int], list[int]] = lambda _name, _count: []

    def add(self, template: str, context: int) -> int:
        """Compiles a template and gives the number of its program.

        Raises:
            ConfigError: The template has a word that nobody knows.
        """
        ops = self._compile(template.replace("{email}", EMAIL), context)
        self.spans.append((len(self.ops), len(self.ops) + len(ops)))
        self.ops += ops
        return len(self.spans) - 1

    def arrays(self) -> tuple[Any, Any, Any]:
        """Spans (p, 2), operations (o, 4), lists (l, 11), all int64."""
        return (
            np.array(self.spans, np.int64).reshape(-1, 2),
            np.array(self.ops, np.int64).reshape(-1, 4),
            np.array(self.lists, np.int64).reshape(-1, 11),
        )

    def _compile(self, template: str, context: int) -> list[Op]:
        ops: list[Op] = []
        at = literal = 0
        while at < len(template):
            if template[at] != "{":
                at += 1
                continue
            mark = template[at + 1 : at + 2]
            end = _closing(template, at, mark)
            if end < 0:
                at += 1
                continue
            self._literal(ops, template[literal:at], context)
            ops += self._word(template[at + 1 : end], mark, context)
            at = literal = end + 1
        self._literal(ops, template[literal:], context)
        return ops

    def _literal(self, ops: list[Op], text: str, context: int) -> None:
        if text:
            ops.append((w.LIT, self.pool.index(_escape(text, context)), 0, 0))

    def _word(self, word: str, mark: str, context: int) -> list[Op]:
        if mark == "[":
            return [self._list(word[1:-1], context)]
        if mark == "?":
            flags, _, text = word[1:].partition("|")
            inner = self._compile(text, context)
            mask = sum(_FLAGS[flag] for flag in flags.split(","))
            return [(w.COND, mask, len(inner), 0), *inner]
        if mark == "@":
            return [_PARTS[word[1:]]]
        return [self._slot(word, context)]

    def _slot(self, word: str, context: int) -> Op:  # noqa: PLR0911 (one per form)
        name, _, form = word.partition(":")
        if name.endswith(")"):
            function, _, slot = name[:-1].partition("(")
            column = self._column(slot)
            if function == "price":
                return w.MONEY, column, context, 1
            if function in self.tables:
                first, count = self.tables[function]
                return w.PICK, first, count, column
            if function[0] == "n" and function[1:].isdigit():
                return w.HASHED, column, sum(map(ord, function)), int(function[1:])
            raise ConfigError(f"simulator: no word list '{function}' in {{{word}}}")
        column = self._column(name)
        if form == "uuid":
            return w.UUID, column, 0, 0
        if form == "money":
            return w.MONEY, column, context, 0
        letters = form.rstrip("0123456789")
        size = int(form[len(letters) :] or 0)
        codes = {"hex": w.HEX, "text": w.RANDOM, "pad": w.PAD}
        if not form:
            return w.VAL, column, context, 0
        if letters not in codes:
            raise ConfigError(f"simulator: no form '{form}' in {{{word}}}")
        return codes[letters], column, size, context

    def _column(self, name: str) -> int:
        if name == "it":
            return ITEM
        if name in self.columns:
            return self.columns[name]
        if name in COL:
            return COL[name]
        raise ConfigError(f"simulator: no slot '{name}' in a template")

    def _list(self, text: str, context: int) -> Op:
        head, _, item = text.partition("|")
        name, _, count = head.partition("*")
        ops = self._compile(item, context)
        begin = len(self.ops)
        self.ops += ops
        self.lists.append([*self.list_of(name, int(count)), begin, begin + len(ops)])
        return w.LIST, len(self.lists) - 1, 0, 0


def _closing(template: str, at: int, mark: str) -> int:
    """Place of the brace that ends the word at `at`, -1 when it is no word."""
    if mark == "[":
        return template.find("]}", at) + 1 or -1
    if mark == "?":
        depth = 0
        for k in range(at, len(template)):
            depth += (template[k] == "{") - (template[k] == "}")
            if depth == 0:
                return k
        return -1
    end = template.find("}", at)
    inner = template[at + 1 : end].removeprefix("@")
    return end if end > at and inner and inner[0].isalpha() and set(inner) <= _NAME else -1


def _escape(text: str, context: int) -> str:
    """Text of a template inside the JSON string of its line; values are escaped when written."""
    return json.dumps(text, ensure_ascii=False)[1:-1] if context in (w.JSON, w.DEEP) else text
