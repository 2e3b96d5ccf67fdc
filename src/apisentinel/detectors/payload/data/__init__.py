"""Words, patterns and known paths of the payload detector, as TOML documents with test vectors."""

import base64
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def load(name: str) -> dict[str, Any]:
    """One document of this folder, by its name without suffix."""
    return tomllib.loads(files(__name__).joinpath(f"{name}.toml").read_text("utf-8"))


def base64_forms(word: str) -> list[str]:
    """The parts of the base64 text of `word` that do not depend on its neighbours, per alignment.

    Example:
        >>> base64_forms("<script")
        ['PHNjcmlwd', 'xzY3JpcH', '8c2NyaXB0']
    """
    forms = []
    for shift, begin in enumerate((0, 2, 3)):
        text = base64.b64encode(b"\0" * shift + word.encode()).decode()
        forms.append(text[begin : (shift + len(word)) * 8 // 6])
    return forms


def base64_words() -> list[str]:
    """Base64 forms of the words that are sought inside binary data."""
    words = load("screen")["words_in_base64"]["words"]
    return [form for word in words for form in base64_forms(word)]


def probe_words() -> list[bytes]:
    """Words of the known paths, before a slash or the end (which the screen reads as a blank)."""
    document = load("probes")
    words = [ending + " " for group in document["suffix"] for ending in group["endings"]]
    for group in document["group"]:
        for path in group["paths"]:
            words += [f"{path} "] if group.get("exact") else [f"{path} ", f"{path}/"]
    return [word.encode() for word in words]
