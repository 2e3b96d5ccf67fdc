"""HTML that is safe by construction: text gets into it only through `element`, which escapes."""

from collections.abc import Iterable
from html import escape

from apisentinel.cli.visible import clip, pieces

VOID = frozenset({"meta", "br"})


class Markup(str):
    """A piece of finished HTML. Only this module makes them."""

    __slots__ = ()


Content = str | Markup | None


def element(
    tag: str, /, *children: Content | Iterable[Content], **attributes: str | float | bool | None
) -> Markup:
    """One element.

    Args:
        tag: Name of the element, never foreign text.
        children: Text, which is escaped, or finished markup, or several of these; None is left out.
        attributes: Values, which are escaped; ``class_`` is ``class``, ``aria_label`` is
            ``aria-label``; None and False leave the attribute out, True gives it an empty value.

    Returns:
        The element as HTML.

    Example:
        >>> element("b", "1 < 2", class_="x")
        '<b class="x">1 &lt; 2</b>'
    """
    named = "".join(
        _attribute(name, "" if value is True else value)
        for name, value in attributes.items()
        if value is not None and value is not False
    )
    opened = f"<{tag}{named}>"
    return Markup(opened if tag in VOID else f"{opened}{join(children)}</{tag}>")


def _attribute(name: str, value: str | float) -> str:
    return f' {name.rstrip("_").replace("_", "-")}="{escape(str(value))}"'


def join(children: Iterable[Content | Iterable[Content]]) -> Markup:
    """Markup and escaped text, one after the other."""
    parts: list[str] = []
    for child in children:
        if isinstance(child, Markup):
            parts.append(child)
        elif isinstance(child, str):
            parts.append(escape(child))
        elif child is not None:
            parts.append(join(child))
    return Markup("".join(parts))


def style(css: str) -> Markup:
    """A style sheet of our own; never foreign text, for it is not escaped."""
    return Markup(f"<style>{css}</style>")


def foreign(text: str, limit: int, tag: str = "bdi") -> Markup:
    """Text of a stranger: isolated in its direction, clipped, hidden characters as escapes.

    Args:
        text: Any text.
        limit: Longest part shown.
        tag: Element around it.

    Returns:
        Inert HTML.
    """
    shown = (
        element("i", piece, class_="esc") if escaped else piece
        for piece, escaped in pieces(clip(text, limit))
    )
    return element(tag, shown, dir="auto" if tag != "bdi" else None)
