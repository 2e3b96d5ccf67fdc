"""Other ways to write a value: mutations that keep what an attack does, encodings of a place."""

from collections.abc import Callable
from html import escape
from urllib.parse import quote

from apisentinel.simulator.values.dice import Dice

_BLANKS = ("/**/", "\t", "\n", "  ", "%0a", "\x0b", "\xa0", "+", "/*!*/", "%09")
_FULLWIDTH = {ord(c): 0xFEE0 + ord(c) for c in "<>'\"()=./;"}


def _case(text: str, dice: Dice) -> str:
    how = dice.below(3)
    if how == 0:
        return text.upper()
    return "".join(c.swapcase() if dice.chance(0.4) else c for c in text)


def _blank(text: str, dice: Dice) -> str:
    other = dice.pick(_BLANKS)
    return "".join(other if c == " " and dice.chance(0.7) else c for c in text)


def _comment(text: str, dice: Dice) -> str:
    return "".join("/**/ " if c == " " and dice.chance(0.3) else c for c in text)


def _percent_all(text: str, dice: Dice) -> str:
    return "".join(f"%{ord(c):02x}" if ord(c) < 128 and dice.chance(0.6) else c for c in text)


def _percent_u(text: str, dice: Dice) -> str:
    odd = "<>'\"()/\\;="
    return "".join(f"%u{ord(c):04x}" if c in odd or dice.chance(0.1) else c for c in text)


def _entities(text: str, dice: Dice) -> str:
    form = dice.pick(("&#{};", "&#x{:x};", "&#0{};"))
    return "".join(form.format(ord(c)) if dice.chance(0.4) else c for c in text)


def _escapes(text: str, dice: Dice) -> str:
    form = dice.pick(("\\u{:04x}", "\\x{:02x}", "\\u{{{:x}}}"))
    return "".join(form.format(ord(c)) if dice.chance(0.3) and ord(c) < 256 else c for c in text)


def _twice(text: str, dice: Dice) -> str:
    return quote(quote(text, safe="" if dice.chance(0.5) else "/"), safe="")


def _wide(text: str, _: Dice) -> str:
    return text.translate(_FULLWIDTH)


def _nul(text: str, dice: Dice) -> str:
    at = dice.below(len(text) + 1)
    return text[:at] + dice.pick(("%00", "\0", "\\0")) + text[at:]


def _broken(text: str, dice: Dice) -> str:
    """Cut at either end: what a filter or a length limit leaves."""
    at = dice.below(max(1, len(text) // 2))
    return text[at:] if dice.chance(0.5) else text[: len(text) - at]


def _padded(text: str, dice: Dice) -> str:
    pad = dice.pick(("a" * 40, " " * 30, "lorem ipsum dolor ", "1&x=", "xyz,", "\n\n"))
    return pad + text if dice.chance(0.5) else text + pad


MUTATIONS: tuple[Callable[[str, Dice], str], ...] = (
    _case, _case, _case, _blank, _blank, _comment, _percent_all, _percent_u, _entities, _escapes,
    _twice, _wide, _nul, _broken, _padded,
)  # fmt: skip


def _json(text: str, dice: Dice) -> str:
    inside = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{{"{dice.pick(("q", "name", "filter", "text"))}":"{inside}"}}'


def _url(text: str, dice: Dice) -> str:
    return f"https://shop.example/{dice.pick(('search', 'go', 'p'))}?q={quote(text, safe='')}"


def _xml(text: str, _: Dice) -> str:
    return f"<item><note>{escape(text)}</note></item>"


def _pair(text: str, dice: Dice) -> str:
    return f"id={dice.below(999)}&q={quote(text, safe='')}"


FRAMES: tuple[Callable[[str, Dice], str], ...] = (_json, _url, _xml, _pair)
"""What honest values and attacks travel in alike."""


def written(text: str, dice: Dice) -> str:
    """A text as it is sent: often percent-encoded, sometimes inside something."""
    if dice.chance(0.06):
        text = dice.pick(FRAMES)(text, dice)
    return quote(text, safe=dice.pick(("", "/", "/:@'()*!~"))) if dice.chance(0.5) else text
