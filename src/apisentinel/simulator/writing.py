"""Honest texts by the thousand: what people write into searches, comments, notes and files.

Most are plain; a few per cent come from the list of odd ones (see ``texts.toml``), with numbers and
names of their own, so that a text is rarely seen twice.
"""

from collections.abc import Callable

import numpy as np

from apisentinel.simulator import spec

TEXTS = 1200
"""Different texts of a pool in one world."""

ODD = {
    "shop_search": 0.05, "saas_search": 0.06, "bank_note": 0.05, "prose": 0.05, "code": 0.03,
    "people": 0.1, "files": 0.08,
}  # fmt: skip
"""Share of odd texts in a pool; `code` are comments, of which some hold code."""

_OPEN = (
    "I",
    "We",
    "My team",
    "The customer",
    "Somebody here",
    "My sister",
    "Our office",
    "The new colleague",
)
_VERB = (
    "would like to",
    "could not",
    "managed to",
    "still has to",
    "wants to",
    "forgot to",
    "has tried to",
)
_DO = (
    "open the page",
    "change the address",
    "find the order",
    "use the new version",
    "pay by card",
    "move the date",
    "check the numbers",
    "finish the draft",
    "send the parcel back",
    "invite two more people",
    "print the label",
    "select a colour",
    "update the plan",
    "drop it at the shop",
    "join the union meeting",
)
_WHEN = (
    "today",
    "since Monday",
    "before the weekend",
    "at the moment",
    "this morning",
    "on the phone",
    "again",
    "in 2026",
)
_END = (".", "!", "...", " :)", ", thanks.", ", please help.", ".", ".")
_MORE = (
    "Works fine.",
    "Not sure why.",
    "See above.",
    "It's urgent!",
    "Colour as shown.",
    "Any news?",
    "Done, moving on.",
    "Looks good to me.",
    "Let's talk about it tomorrow.",
    "I'll check and come back to you.",
    "Price is OK.",
)
_SIZES = (
    "",
    "",
    "",
    " xl",
    " 42",
    " 120 cm",
    " 2m",
    " blue",
    " white",
    " kids",
    " set of 4",
    " sale",
    " 14 inch",
    " black",
)
_MONTHS = (
    "january",
    "feb",
    "march",
    "april",
    "may",
    "june",
    "july",
    "aug",
    "september",
    "oct",
    "november",
    "december",
)
_NOTES = (
    "rent",
    "thanks",
    "invoice",
    "dinner",
    "ticket",
    "gift",
    "gas",
    "phone",
    "insurance",
    "school",
    "holiday",
    "groceries",
)


def _any(rng: np.random.Generator, words: "tuple[str, ...] | list[str]") -> str:
    return words[int(rng.integers(len(words)))]


def sentence(rng: np.random.Generator) -> str:
    """One or two plain sentences."""
    text = " ".join(_any(rng, part) for part in (_OPEN, _VERB, _DO, _WHEN)) + _any(rng, _END)
    for _ in range(int(rng.integers(0, 3))):
        text += f" {_any(rng, _MORE)}"
    return text


def _search(rng: np.random.Generator) -> str:
    words = spec.clients()["words"]
    text = f"{_any(rng, words['adjective'])} {_any(rng, words['noun'])}".lower()
    if rng.random() < 0.4:
        text = text.split()[-1]
    if rng.random() < 0.06:
        at = int(rng.integers(1, len(text)))
        text = text[: at - 1] + text[at:]
    return text + _any(rng, _SIZES)


def _work(rng: np.random.Generator) -> str:
    words = spec.clients()["words"]
    text = f"{_any(rng, words['agenda'])} {_any(rng, words['noun'])}".lower()
    return text if rng.random() < 0.7 else f"{text} q{int(rng.integers(1, 5))}"


def _note(rng: np.random.Generator) -> str:
    words = spec.clients()["words"]
    luck = rng.random()
    if luck < 0.4:
        return f"{_any(rng, _NOTES)} {_any(rng, _MONTHS)}"
    if luck < 0.7:
        return f"{_any(rng, _NOTES)} {_any(rng, words['first']).title()}"
    return f"Inv {int(rng.integers(1000, 99999))}/{int(rng.integers(24, 27))}"


def _person(rng: np.random.Generator) -> str:
    words = spec.clients()["words"]
    return _any(rng, words["last"] if rng.random() < 0.6 else words["first"])


def _file(rng: np.random.Generator) -> str:
    kinds = ("pdf", "png", "jpg", "docx", "xlsx", "md", "csv")
    name = _work(rng).replace(" ", _any(rng, ("-", "_", " ")))
    return f"{name}-{int(rng.integers(1, 99))}.{_any(rng, kinds)}"


def _picture(rng: np.random.Generator) -> str:
    hosts = (
        "cdn.images.example",
        "static.partner.example",
        "img.brand.example",
        "media.supplier.example",
    )
    kind = _any(rng, ("jpg", "webp", "png"))
    return f"https://{_any(rng, hosts)}/p/{int(rng.integers(1, 99999))}.{kind}"


def _hook(rng: np.random.Generator) -> str:
    hosts = (
        "hooks.customer.example",
        "ci.acme.example",
        "automation.example",
        "bot.team.example:8443",
        "in.chat.example",
    )
    return f"https://{_any(rng, hosts)}/in/{int(rng.integers(1, 1 << 30)):x}"


def _query(rng: np.random.Generator) -> str:
    fields = (
        "id",
        "name",
        "title",
        "state",
        "owner { id name }",
        "labels { name }",
        "due",
        "position",
    )
    some = " ".join(dict.fromkeys(_any(rng, fields) for _ in range(int(rng.integers(2, 7)))))
    what = _any(rng, ("boards", "tasks", "members", "files"))
    return f"query Q($first: Int!) {{ {what}(first: $first) {{ {some} }} }}"


_PLAIN: dict[str, Callable[[np.random.Generator], str]] = {
    "shop_search": _search, "saas_search": _work, "bank_note": _note, "prose": sentence,
    "code": sentence, "people": _person, "files": _file, "images": _picture, "hooks": _hook,
    "graphql": _query,
}  # fmt: skip


def compose(pool: str, rng: np.random.Generator) -> list[str]:
    """The texts of a pool in one world, popular ones first."""
    odd = spec.texts()[pool]
    if pool not in _PLAIN:
        return [odd[k] for k in rng.permutation(len(odd)).tolist()]
    plain = _PLAIN[pool]
    share = ODD.get(pool, 0.1)
    return [_own(_any(rng, odd), rng) if rng.random() < share else plain(rng) for _ in range(TEXTS)]


def _own(text: str, rng: np.random.Generator) -> str:
    """An odd text as somebody else would write it: between other words, with other numbers."""
    if len(text) > 40 and rng.random() < 0.5:
        text = f"{sentence(rng)}\n{text}"
    digits = rng.integers(0, 10, len(text)).tolist()
    swap = rng.random() < 0.6
    return "".join(
        str(d) if swap and c in "23456789" else c for c, d in zip(text, digits, strict=True)
    )
