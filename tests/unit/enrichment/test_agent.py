"""User agents: every word of the lists recognises what it must, and nothing that it must not."""

import tomllib
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.enrichment.batches import batch_of

from apisentinel.enrichment import Enricher, EnrichmentSettings
from apisentinel.enrichment.agent import LONGEST, classify
from apisentinel.records import flags
from apisentinel.records.taxonomy import AGENT_KINDS, AgentKind

GROUPS = tomllib.loads(
    files("apisentinel.enrichment").joinpath("data/agents.toml").read_text("utf-8")
)
HUMAN = {AgentKind.BROWSER, AgentKind.MOBILE_APP, AgentKind.UNKNOWN}
KIND_OF = {
    "scanner": AgentKind.SCANNER,
    "ai_agent": AgentKind.AI_AGENT,
    "good": AgentKind.CRAWLER,
    "headless": AgentKind.TOOL,
    "monitor": AgentKind.MONITOR,
    "library": AgentKind.LIBRARY,
    "tool": AgentKind.TOOL,
    "crawler": AgentKind.CRAWLER,
    "rendered": AgentKind.TOOL,
    "embedded_library": AgentKind.TOOL,
    "mobile_app": AgentKind.MOBILE_APP,
    "player": AgentKind.MOBILE_APP,
    "device": AgentKind.UNKNOWN,
}
VECTORS = [
    (text, KIND_OF[name]) for name, group in GROUPS.items() for text in group.get("vectors", ())
]
DECISIVE = ("scanner", "ai_agent", "good", "headless", "monitor", "library", "tool", "player")


@pytest.mark.parametrize(("agent", "kind"), VECTORS)
def test_strings_of_the_lists_are_recognised(agent, kind):
    assert classify(agent).kind is kind


@pytest.mark.parametrize("agent", GROUPS["browser"]["clean"])
def test_strings_of_people_are_not_taken_for_programs(agent):
    found = classify(agent)
    assert found.kind in HUMAN
    assert found.llr < 0


@pytest.mark.parametrize(
    ("name", "word"), [(name, word) for name in DECISIVE for word in GROUPS[name]["tokens"]]
)
def test_every_word_decides_where_it_stands_alone(name, word):
    found = classify(f"{word}/1.0")
    strongest = next(other for other in DECISIVE if word in GROUPS[other]["tokens"])
    assert name != strongest or found.kind in {KIND_OF[name], AgentKind.CRAWLER}
    assert bool(found.flags & flags.AGENT_SCANNER_TOOL) is (strongest == "scanner")


@pytest.mark.parametrize("stem", GROUPS["crawler"]["firm"])
def test_names_that_end_like_a_crawler_are_crawlers(stem):
    assert classify(f"Acme{stem}/1.0").kind is AgentKind.CRAWLER
    assert classify(f"Mozilla/5.0 (compatible; Acme{stem}/2.1)").kind is AgentKind.CRAWLER


def test_lists_hold_small_letters_and_no_word_twice():
    for name, group in GROUPS.items():
        for key in ("tokens", "stems", "firm", "starts", "compatible", "clean_tokens", "domains"):
            words = group.get(key, [])
            assert words == [word.lower() for word in words], (name, key)
            assert len(words) == len(set(words)), (name, key)


@pytest.mark.parametrize("agent", ["", "-", "   "])
def test_no_agent_is_empty(agent):
    assert classify(agent).kind is AgentKind.EMPTY


CHROME = (
    "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{} Safari/537.36"
)


@pytest.mark.parametrize(
    ("agent", "bit"),
    [
        ("Mozilla/5.0 (compatible; Googlebot/2.1)", flags.AGENT_CLAIMS_GOOD_BOT),
        (CHROME.format("119.0.0.0") + " HeadlessChrome/119.0.0.0", flags.AGENT_HEADLESS),
        (CHROME.format("9999.0"), flags.AGENT_INCONSISTENT),
        ("Mozilla/5.0 (Windows NT 10.0; iPhone) Firefox/119.0", flags.AGENT_INCONSISTENT),
        ("Mozilla/5.0 ${jndi:ldap://x}", flags.AGENT_INCONSISTENT),
        (CHROME.format("41.0"), flags.AGENT_OUTDATED),
        ("Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)", flags.AGENT_OUTDATED),
        ("Acme/1.0 (ops@example.org)", flags.AGENT_URL_OR_MAIL),
        ("Acme/1.0 (+https://example.org/about)", flags.AGENT_URL_OR_MAIL),
        ("sqlmap/1.7", flags.AGENT_SCANNER_TOOL),
    ],
)
def test_oddities_are_flagged(agent, bit):
    assert classify(agent).flags & bit


@given(st.text(max_size=2 * LONGEST) | st.text("mozila/5.0 (;)botcrawl@.:-_é١", max_size=200))
def test_any_text_has_a_kind(agent):
    found = classify(agent)
    assert found.kind in AGENT_KINDS
    assert -10 <= found.llr <= 10
    assert found == classify(agent)


agents = st.none() | st.sampled_from(["", "curl/8", "sqlmap", CHROME.format(119)]) | st.text()


@given(st.lists(agents, max_size=40), st.integers(0, 40))
def test_rows_get_the_class_of_their_text_however_many_were_seen(texts, cut):
    enricher = Enricher(EnrichmentSettings(agents=256))
    for part in (texts[:cut], texts[cut:]):
        batch = batch_of(
            [{"user_agent": text and text.encode("utf-8", "replace")} for text in part]
        )
        enricher.pure(batch)
        enricher.agents.add(batch)
        expected = [classify((text or "").encode("utf-8", "replace").decode()) for text in part]
        assert batch.enriched["agent_kind"].tolist() == [
            AGENT_KINDS.index(a.kind) for a in expected
        ]
        assert batch.enriched["agent_flags"].tolist() == [agent.flags for agent in expected]
        np.testing.assert_allclose(
            batch.enriched["agent_llr"], [a.llr for a in expected], atol=0.01
        )


def test_more_agents_than_the_table_holds_are_still_told_apart():
    enricher = Enricher(EnrichmentSettings(agents=256))
    for start in range(0, 3_000, 500):
        rows = [
            {"user_agent": f"sqlmap/{i}" if i % 2 else f"curl/{i}"}
            for i in range(start, start + 500)
        ]
        batch = batch_of(rows)
        enricher.pure(batch)
        enricher.agents.add(batch)
        kinds = [AGENT_KINDS[code] for code in batch.enriched["agent_kind"]]
        assert kinds == [AgentKind.LIBRARY, AgentKind.SCANNER] * 250
    assert enricher.agents.used <= len(enricher.agents.keys) // 2
