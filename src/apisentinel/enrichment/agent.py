"""What a user agent says about the program behind it: kind, flags, and how much it speaks for
automation.

Works once per distinct string. Word lists are data (`data/agents.toml`); everything else is
grammar: product names, comments, links, what follows ``compatible;``. Nothing is proven by a user
agent: kinds are claims.

References: RFC 9110 section 10.1.5.
"""

import tomllib
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

from apisentinel.records.flags import (
    AGENT_CLAIMS_GOOD_BOT,
    AGENT_HEADLESS,
    AGENT_INCONSISTENT,
    AGENT_OUTDATED,
    AGENT_SCANNER_TOOL,
    AGENT_URL_OR_MAIL,
)
from apisentinel.records.taxonomy import AgentKind

LONGEST = 1024
"""Characters of an agent that are read; real ones are shorter than 512."""
MOST_TOKENS = 64
"""Words of an agent that are read; browsers have about 20."""
KNOWN_WORDS = 1 << 14
"""Words whose crawler stems are remembered; all agents of a large site are made of a few thousand
words.
"""
MODERN_BROWSER = 60
"""Chrome and Firefox versions below this left support before 2019."""
IMPOSSIBLE_VERSION = 400
"""Chrome and Firefox count up by about twelve a year; this is two decades away."""
OLD_DIALECT = "mozilla/5.00"
"""Spelling of a scanner's default agent that no browser has used."""

_KEPT = "abcdefghijklmnopqrstuvwxyz0123456789_.:-"
_SPLIT = {code: " " for code in range(128) if chr(code) not in _KEPT}
_ATTACK_MARKS = (
    "jndi:",
    "<script",
    "/bin/",
    "${",
    "() {",
    "(){",
    "' or ",
    "sleep(",
    "union select",
)


class Agent(NamedTuple):
    """What one user agent says.

    Attributes:
        kind: Claimed kind of program.
        flags: Bits of `records.flags`.
        llr: Log-likelihood ratio automation : person, natural log; negative for ordinary browsers.
    """

    kind: AgentKind
    flags: int
    llr: float


@cache
def _words() -> dict[str, frozenset[str]]:
    """Word lists by group."""
    text = files("apisentinel.enrichment").joinpath("data/agents.toml").read_text("utf-8")
    groups = tomllib.loads(text)
    words = {name: frozenset(group.get("tokens", ())) for name, group in groups.items()}
    words["stems"] = frozenset(groups["crawler"]["stems"])
    words["firm"] = frozenset(groups["crawler"]["firm"])
    words["compatible"] = frozenset(groups["browser"]["compatible"])
    words["starts"] = frozenset(groups["browser"]["starts"])
    words["clean"] = frozenset(groups["browser"]["clean_tokens"])
    words["device_parts"] = frozenset(groups["device"]["parts"])
    words["domains"] = frozenset(groups["link"]["domains"])
    return words


_DECISIVE = (
    ("scanner", AgentKind.SCANNER, AGENT_SCANNER_TOOL, 9.0),
    ("ai_agent", AgentKind.AI_AGENT, 0, 8.5),
    ("good", AgentKind.CRAWLER, AGENT_CLAIMS_GOOD_BOT, 8.5),
    ("headless", AgentKind.TOOL, AGENT_HEADLESS, 7.0),
)
"""Groups whose words decide wherever they stand, strongest first: group, kind, flag, ratio."""


def classify(agent: str) -> Agent:
    """Kind, flags and automation ratio of a user agent.

    Never raises. Cost: about 25 µs, once per distinct string.

    Example:
        >>> classify("curl/8.4.0").kind.value, classify("").kind.value
        ('library', 'empty')
    """
    text = agent[:LONGEST].strip().lower()
    if text in {"", "-"}:
        return Agent(AgentKind.EMPTY, 0, 4.0)
    words = _words()
    tokens = [
        token.strip(".:-")
        for token in text.translate(_SPLIT).split(maxsplit=MOST_TOKENS)[:MOST_TOKENS]
    ]
    names = frozenset(tokens)
    is_browser = bool(tokens) and tokens[0] in words["starts"]
    has_link = _has_link(text, tokens, is_browser=is_browser)
    flags = _oddities(text) | (AGENT_URL_OR_MAIL if has_link else 0)
    for group, kind, flag, llr in _DECISIVE:
        if names & words[group]:
            return Agent(kind, flags | flag, llr)
    stems = frozenset[str]().union(*(_stems(token) for token in tokens))
    if is_browser:
        return _browser(text, names, stems, flags, has_link=has_link)
    return _program(text, tokens, stems, flags, has_link=has_link)


def _program(
    text: str, tokens: list[str], stems: frozenset[str], flags: int, *, has_link: bool
) -> Agent:
    """Agents that do not begin like a browser."""
    words = _words()
    names = frozenset(tokens)
    firm = stems & words["firm"]
    result = Agent(AgentKind.TOOL, flags, 5.2)
    if names & words["monitor"]:
        result = Agent(AgentKind.MONITOR, flags, 7.6)
    elif names & words["player"] and not firm:
        result = Agent(AgentKind.MOBILE_APP, flags, -0.5)
    elif names & words["mobile_app"] and not (stems or has_link):
        result = Agent(AgentKind.MOBILE_APP, flags, -1.0)
    elif names & words["library"] and not (has_link or firm):
        result = Agent(AgentKind.LIBRARY, flags, 7.5)
    elif names & words["tool"]:
        result = Agent(AgentKind.TOOL, flags, 6.5)
    elif firm or has_link:
        result = Agent(AgentKind.CRAWLER, flags, 8.0 if stems and has_link else 7.2)
    elif names & words["device"] or any(word in text for word in words["device_parts"]):
        result = Agent(
            AgentKind.MOBILE_APP if names & words["handheld"] else AgentKind.UNKNOWN, flags, 0.5
        )
    elif stems:
        result = Agent(AgentKind.CRAWLER, flags, 6.0)
    return result


def _browser(
    text: str, names: frozenset[str], stems: frozenset[str], flags: int, *, has_link: bool
) -> Agent:
    """Agents that begin like a browser."""
    words = _words()
    firm = stems & words["firm"]
    if firm == {"bot"} and "android" in names and not any(_is_named_bot(name) for name in names):
        firm = frozenset[str]()  # phones and tablets of a maker called Bot
    score = 0.5 * bool(flags & AGENT_OUTDATED) + 0.7 * bool(stems) - 3.0
    result = Agent(AgentKind.BROWSER, flags, score + (2.0 if flags & AGENT_INCONSISTENT else 0.0))
    is_rendered = names & words["rendered"] or any(name.startswith("google-") for name in names)
    if names & words["monitor"] and (has_link or stems):
        result = Agent(AgentKind.MONITOR, flags, 7.0)
    elif firm or has_link:
        llr = 8.0 if firm and has_link else 7.0 if has_link else 6.4
        result = Agent(AgentKind.CRAWLER, flags, llr)
    elif _unknown_compatible(text):
        result = Agent(AgentKind.CRAWLER, flags, 6.8)
    elif names & words["embedded_library"] or is_rendered:
        result = Agent(AgentKind.TOOL, flags, 5.5)
    elif stems - words["soft"] or ("preview" in stems and "web" in names):
        result = Agent(AgentKind.CRAWLER, flags, 5.3)
    elif _says_nothing(text, names):
        result = Agent(AgentKind.TOOL, flags | AGENT_INCONSISTENT, 4.8)
    return result


def _says_nothing(text: str, names: frozenset[str]) -> bool:
    """True for ``Mozilla/5.0`` with no system and no engine."""
    if not text.startswith("mozilla"):
        return False
    return len(names) <= 3 or ("(" not in text and not names & _words()["device"])


@lru_cache(KNOWN_WORDS)
def _is_named_bot(token: str) -> bool:
    """True for ``examplebot``, not for ``bot`` alone."""
    return any(
        part.endswith("bot") and len(part) > 4 for part in token.replace("_", "-").split("-")
    )


def _unknown_compatible(text: str) -> bool:
    """True for ``Mozilla/5.0 (compatible; Name/1.0)`` with a name that is no browser's."""
    if not text.startswith("mozilla/5"):
        return False
    at = text.find("compatible;")
    if at < 0:
        return False
    name = next(
        (
            word
            for word in text[at + len("compatible;") :].translate(_SPLIT).split()
            if len(word) > 1
        ),
        "",
    )
    return name != "" and not name.startswith(tuple(_words()["compatible"]))


@cache
def _ends() -> tuple[str, ...]:
    """Stems that the name of a crawler ends with."""
    return tuple(sorted(_words()["stems"]))


@cache
def _starts() -> tuple[str, ...]:
    """Stems that it begins with; too many words begin with "bot"."""
    return tuple(sorted(_words()["stems"] - {"bot"}))


@lru_cache(KNOWN_WORDS)
def _stems(token: str) -> frozenset[str]:
    """Words for crawlers at the beginning or end of a part of a token, so that ``cubot`` phones are
    none.
    """
    words = _words()
    if token in words["clean"]:
        return frozenset()
    found: set[str] = set()
    for part in token.replace("_", "-").replace(".", "-").replace(":", "-").split("-"):
        bare = part.rstrip("0123456789").removesuffix("s")
        if len(bare) >= 3 and bare.endswith(_ends()) and part not in words["clean"]:
            found |= {stem for stem in words["stems"] if bare.endswith(stem)}
        if len(bare) >= 3 and bare.startswith(_starts()) and part not in words["clean"]:
            found |= {stem for stem in _starts() if bare.startswith(stem)}
    return frozenset(found)


def _has_link(text: str, tokens: list[str], *, is_browser: bool) -> bool:
    """True when the agent says where its owner can be found. Browsers hold names that look like
    domains.
    """
    if "bsalsa" in text:
        return False  # an embedded Internet Explorer that names its component's home page
    if "http:" in text or "https:" in text or "www." in text or "(at)" in text or "[at]" in text:
        return True
    at = text.find("@")
    if at > 0 and text[at + 1 : at + 2].isalpha() and "." in text[at + 1 :].split(maxsplit=1)[0]:
        return True
    return not is_browser and any(_is_domain(token) for token in tokens)


@lru_cache(KNOWN_WORDS)
def _is_domain(token: str) -> bool:
    """True for ``example.com``, not for ``.net``, version numbers and names of Java packages."""
    name, dot, last = token.rpartition(".")
    return (
        bool(dot)
        and last in _words()["domains"]
        and name[:1].isalnum()
        and not name.replace(".", "").isdigit()
    )


def _oddities(text: str) -> int:
    """Flags for what no browser sends."""
    flags = AGENT_OUTDATED if "msie" in text else 0
    for name in ("chrome/", "firefox/"):
        at = text.find(name)
        if at >= 0:
            major = _leading_number(text[at + len(name) : at + len(name) + 8])
            flags |= (
                AGENT_INCONSISTENT
                if major >= IMPOSSIBLE_VERSION
                else AGENT_OUTDATED
                if 0 <= major < MODERN_BROWSER
                else 0
            )
    if "windows phone" not in text:
        systems = (
            ("windows nt" in text)
            + ("macintosh" in text)
            + ("android" in text)
            + ("iphone" in text)
        )
        flags |= AGENT_INCONSISTENT if systems > 1 else 0
    if text.startswith(OLD_DIALECT) or any(mark in text for mark in _ATTACK_MARKS):
        flags |= AGENT_INCONSISTENT
    return flags


def _leading_number(text: str) -> int:
    """Number at the beginning, -1 without one."""
    digits = text[: len(text) - len(text.lstrip("0123456789"))]
    return int(digits) if digits.isascii() and digits else -1
