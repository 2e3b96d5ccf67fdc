"""Prompt injection: orders to a language model in a text."""

from functools import cache

import re2

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.taxonomy import AttackType

# letters of western languages: the class of all letters makes automata that RE2 gives up on
_LETTER = r"[a-z\x{df}-\x{ff}]"
_NEXT = r"[^a-z\x{df}-\x{ff}]{1,3}"
_WORDS = rf"(?:(?:{_LETTER}|')+{_NEXT}){{0,4}}"
_DROP = rf"(?:ignor|disregard|forget|overrid|bypass|oublie){_LETTER}*|vergiss|olvida"
_RULES = (
    r"instructions?|rules?|guidelines?|polic(?:y|ies)|prompts?|restrictions?|anweisungen|regeln|"
    r"vorgaben|instrucciones|consignes|istruzioni"
)
_EARLIER = rf"(?:before|above|previous{_LETTER}*|prior)"
_ROLE = r"(?:you (?:are|'re)|act as|pretend (?:that )?you (?:are|'re)|du bist)"
_FREE = (
    r"(?:dan\b|developer mode|jailbroken|unrestricted|without (?:any )?(?:rules|limits|filters))"
)
_TELL = r"(?:reveal|repeat|print|show|output|leak|display)"
_TOLD = (
    r"(?:(?:system|hidden|initial) prompt|(?:words|text|instructions) above|"
    r"your (?:instructions|rules|prompt|guidelines))"
)
_MARKS = (
    r"</?(?:system|user_message|assistant|im_start|im_end|instructions?)>|\[\[?/?inst\]\]?|"
    r"<\|(?:im_start|im_end|system|endoftext)\|>|^\W{0,4}system ?(?:prompt|override)? ?:|"
    r"#{2,} ?(?:new |system )?instructions?"
)
_PATTERNS: tuple[tuple[float, str], ...] = (
    (5.9, f"(?:{_DROP}){_NEXT}{_WORDS}(?:{_RULES})"),
    (5.5, rf"(?:{_DROP}){_NEXT}(?:everything|anything|all|the text){_NEXT}{_WORDS}{_EARLIER}"),
    (5.6, f"{_ROLE}{_NEXT}{_WORDS}{_FREE}"),
    (5.0, "you have no (?:restrictions|rules|limits|guidelines)"),
    (5.6, rf"{_TELL}{_NEXT}(?:{_LETTER}+{_NEXT}){{0,5}}{_TOLD}"),
    (4.6, _MARKS),
    (4.4, "do not (?:mention|tell|reveal|log) (?:this|that you|the user)"),
    (4.2, "(?:must|will) (?:now )?obey|above all (?:other )?(?:policies|rules|instructions)"),
    (4.0, "from now on,? (?:you |only |answer|respond|reply|act)"),
    (3.6, rf"call the {_LETTER}+ (?:tool|function)|raw tool output|developer mode|jailbreak"),
)  # fmt: skip
"""Nats and pattern of each kind of order."""

MODEL_WORDS = frozenset(
    ("assistant", "assist", "ask", "chat", "copilot", "completion", "completions", "prompt", "llm",
     "ai", "agent", "bot", "answer", "answers", "generate", "summarize", "summarise", "translate",
     "question", "questions", "messages", "conversation", "conversations", "rag", "gpt")
)  # fmt: skip
ELSEWHERE_SHARE = 0.75
"""How much an order says where no language model is known to read."""
SECOND_SHARE = 0.5
LEAST_TEXT = 12
SHOWN = 100


@cache
def _compiled() -> tuple[tuple[float, "re2._Regexp"], ...]:
    return tuple((llr, re2.compile("(?i)" + pattern)) for llr, pattern in _PATTERNS)


class Instructions:
    """A text orders whoever reads it to drop its rules, to play a role without them, to tell what
    it was told, or ends the message and opens one of the system's.

    Catches: the usual injections in six languages, in any field; more surely where the path says
    that a language model answers.
    Misses: orders in other words, in pictures, or hidden in documents that are fetched.
    Cost: 30 µs for a text with such words, nothing for others.

    References: OWASP LLM01:2025; CWE-1427.
    """

    id = "instructions"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, text: str, where: str, path: str) -> Evidence | None:
        """Evidence about one text at one path."""
        if not self.settings.enabled or len(text) < LEAST_TEXT:
            return None
        found: list[tuple[float, str]] = []
        for llr, pattern in _compiled():
            match = pattern.search(text)
            if match:
                found.append((llr, text[max(match.start() - 8, 0) : match.end() + 24][:SHOWN]))
        if not found:
            return None
        found.sort(key=lambda item: -item[0])
        llr = found[0][0] + SECOND_SHARE * (found[1][0] if len(found) > 1 else 0.0)
        words = path.lower().replace("-", "/").replace("_", "/").split("/")
        if MODEL_WORDS.isdisjoint(words):
            llr *= ELSEWHERE_SHARE
        factor = Factor(f"orders to a language model in {where[:80]}", found[0][1])
        llr *= self.settings.weight
        return Evidence(self.id, AttackType.PROMPT_INJECTION, llr, (factor,))
