"""What a user agent says about the program behind it: kind, flags, and how much it speaks for
automation.

Works once per distinct string. Word lists are data (`data/agents.toml`); everything else is
grammar: product tokens, comments, URLs, what follows ``compatible;``. Nothing is proven by a user
agent: kinds are claims.

References: RFC 9110 section 10.1.5.
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import re2

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
"""Bytes of an agent that are read; real ones are shorter than 512."""

MOST_TOKENS = 64

_TOKEN = re2.compile(r"[a-z0-9][a-z0-9_.:!\-]*")
_LINK = re2.compile(r"https?:|www\.[a-z0-9]")
_DOMAIN = re2.compile(
    r"\b[a-z0-9\-]+\.(?:com|org|net|io|de|fr|eu|info|co|ru|jp|uk|ai|dev|cz|pl|nl)(?:/|\b)"
)
_MAIL = re2.compile(r"[a-z0-9_.\-]+(?:@|\(at\)| at )[a-z0-9\-]+(?:\.| dot )[a-z]{2,}")
_COMPATIBLE = re2.compile(r"compatib[a-z$]*[;,) ]\s*\+?([a-z0-9_.\-/]+)?")
_CHROME = re2.compile(r"(?:chrome|firefox)/(\d+)")
_ATTACK = re2.compile(r"jndi:|<script|\bunion\b.*\bselect\b|/bin/|\$\{|\(\)\s*\{")

MODERN_BROWSER = 60
"""Chrome and Firefox versions below this left support before 2019."""
IMPOSSIBLE_VERSION = 400


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
    data = tomllib.loads(
        files("apisentinel.enrichment").joinpath("data/agents.toml").read_text("utf-8")
    )
    groups = ("scanner", "library", "tool", "monitor", "ai_agent", "good", "headless", "mobile_app")
    words = {name: frozenset(data[name]["tokens"]) for name in groups}
    words["stems"] = frozenset(data["crawler"]["stems"])
    words["starts"] = frozenset(data["browser"]["starts"])
    words["compatible"] = frozenset(data["browser"]["compatible"])
    words["clean"] = frozenset(data["browser"]["clean_tokens"])
    return words


_KINDS = (
    ("scanner", AgentKind.SCANNER, 9.0),
    ("ai_agent", AgentKind.AI_AGENT, 8.5),
    ("good", AgentKind.CRAWLER, 8.5),
    ("headless", AgentKind.TOOL, 7.0),
)
"""Groups whose words decide wherever they stand, strongest first."""


def classify(agent: str) -> Agent:
    """Kind, flags and automation ratio of a user agent.

    Never raises. Cost: about 30 µs, once per distinct string.

    Example:
        >>> classify("curl/8.4.0").kind.value, classify("").kind.value
        ('library', 'empty')
    """
    text = agent[:LONGEST].strip().lower()
    if text in {"", "-"}:
        return Agent(AgentKind.EMPTY, 0, 4.0)
    words = _words()
    tokens = [token.rstrip(".:-!") for token in _TOKEN.findall(text)[:MOST_TOKENS]]
    names = frozenset(tokens)
    parts = names | {part for token in tokens for part in token.split(":")}
    flags = 0
    has_link = bool(_LINK.search(text)) or bool(_MAIL.search(text))
    if "bsalsa" in text:
        has_link = False  # an embedded Internet Explorer that names its component's home page
    if has_link:
        flags |= AGENT_URL_OR_MAIL
    if names & words["headless"]:
        flags |= AGENT_HEADLESS
    if names & words["good"]:
        flags |= AGENT_CLAIMS_GOOD_BOT
    for group, kind, llr in _KINDS:
        if parts & words[group]:
            flags |= AGENT_SCANNER_TOOL if kind is AgentKind.SCANNER else 0
            return Agent(kind, flags, llr)
    flags |= _oddities(text)
    first = tokens[0] if tokens else ""
    is_browser = any(first.startswith(start) for start in words["starts"]) and not first.startswith(
        "mozillabot"
    )
    return _other(text, tokens, names, flags, is_browser=is_browser, has_link=has_link)


def _other(
    text: str,
    tokens: list[str],
    names: frozenset[str],
    flags: int,
    *,
    is_browser: bool,
    has_link: bool,
) -> Agent:
    """Agents that no decisive word names."""
    words = _words()
    stems = _stems(tokens)
    if names & words["mobile_app"] and not (stems or has_link):
        return Agent(AgentKind.MOBILE_APP, flags, -1.0)
    if not is_browser:
        if names & words["monitor"]:
            return Agent(AgentKind.MONITOR, flags, 7.6)
        if names & words["library"] and not has_link and not stems & {"bot", "crawl", "spider"}:
            return Agent(AgentKind.LIBRARY, flags, 7.5)
        if names & words["tool"]:
            return Agent(AgentKind.TOOL, flags, 6.5)
        has_link = has_link or bool(_DOMAIN.search(text))
        if stems or has_link:
            return Agent(AgentKind.CRAWLER, flags, 8.0 if stems and has_link else 7.2)
        return Agent(
            AgentKind.TOOL if "/" in text or len(tokens) < 4 else AgentKind.UNKNOWN, flags, 3.5
        )
    firm = stems & {
        "bot",
        "crawl",
        "spider",
        "slurp",
        "scrape",
        "scraper",
        "robot",
        "nutch",
        "heritrix",
        "archiver",
        "fetcher",
    }
    if names & words["monitor"] and (has_link or firm or stems):
        return Agent(AgentKind.MONITOR, flags, 7.0)
    if firm:
        return Agent(AgentKind.CRAWLER, flags, 8.0 if has_link else 6.85)
    if has_link:
        return Agent(AgentKind.CRAWLER, flags, 7.4 if stems or "compatible" in text else 6.9)
    named = _COMPATIBLE.search(text)
    if named and text.startswith("mozilla/5"):
        word = (named.group(1) or "").split("/")[0]
        if len(word) > 1 and not any(word.startswith(known) for known in words["compatible"]):
            return Agent(AgentKind.CRAWLER, flags, 6.8)
    if names & (
        words["library"] - {"java", "node", "req", "got", "synapse", "php", "wordpress", ".net"}
    ):
        return Agent(AgentKind.TOOL, flags, 4.5)
    if names & words["tool"] - {"git", "offline", "fetch", "hey", "ab", "thunder", "paw", "debian"}:
        return Agent(AgentKind.TOOL, flags, 4.0)
    if stems - {"search", "reader", "feed", "agent", "preview", "proxy", "scan", "rss"}:
        return Agent(AgentKind.CRAWLER, flags, 3.0)
    if text in {"mozilla", "mozilla/4.0", "mozilla/5.0", "mozilla/5.0 ()"} or (
        len(tokens) <= 3 and text.startswith("mozilla/")
    ):
        return Agent(AgentKind.TOOL, flags | AGENT_INCONSISTENT, 3.5)
    score = (
        1.5 * bool(flags & AGENT_INCONSISTENT)
        + 0.5 * bool(flags & AGENT_OUTDATED)
        + 0.7 * bool(stems)
    )
    return Agent(AgentKind.BROWSER, flags, score - 3.0)


@cache
def _stem_pattern() -> re2._Regexp:
    """Parts of tokens that begin or end with a crawler's word."""
    words = _words()
    stems = sorted(words["stems"], key=lambda stem: (-len(stem), stem))
    heads = "|".join(stem for stem in stems if stem != "bot")
    return re2.compile(rf"(?:^|[^a-z0-9])(?:(?P<head>{heads})|[a-z0-9]*?(?P<tail>{'|'.join(stems)})s?[0-9]*(?:[^a-z0-9]|$))")


def _stems(tokens: list[str]) -> set[str]:
    """Words for crawlers at the beginning or end of a part of a token, so that ``cubot`` phones are none."""
    clean = _words()["clean"]
    text = " " + "  ".join(
        part
        for token in tokens
        if token not in clean
        for part in token.replace("_", "-").replace(".", "-").replace(":", "-").split("-")
        if part not in clean and len(part) > 2  # noqa: PLR2004 (no word is shorter)
    )
    return {found for pair in _stem_pattern().findall(text) for found in pair if found}


def _oddities(text: str) -> int:
    """Flags for what no browser sends."""
    flags = 0
    version = _CHROME.search(text)
    if version:
        major = int(version.group(1)[:6])
        if major >= IMPOSSIBLE_VERSION:
            flags |= AGENT_INCONSISTENT
        elif major < MODERN_BROWSER:
            flags |= AGENT_OUTDATED
    if "msie" in text:
        flags |= AGENT_OUTDATED
    systems = (
        ("windows nt" in text)
        + ("macintosh" in text)
        + ("android" in text)
        + ("iphone" in text and "windows phone" not in text)
    )
    if systems > 1 and "windows phone" not in text:
        flags |= AGENT_INCONSISTENT
    if text.startswith("mozilla/5.00") or _ATTACK.search(text):
        flags |= AGENT_INCONSISTENT
    return flags
