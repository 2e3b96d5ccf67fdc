"""Values from grammars: equal seeds, every family, nothing without end."""

from collections import Counter

from apisentinel.detectors.payload.features import TYPES
from apisentinel.simulator.values import BENIGN, FAMILIES, samples
from apisentinel.simulator.values.dice import Dice
from apisentinel.simulator.values.grammar import CLOSE, MAX_TEXT, OPEN, load_grammar
from apisentinel.simulator.values.mutate import FRAMES, MUTATIONS

ATTACKS = HONEST = 3_000


def test_equal_seeds_give_equal_values():
    first, second, other = (list(samples(seed, 200, 200)) for seed in (3, 3, 4))
    assert first == second
    assert first != other


def test_every_family_and_every_kind_is_there_and_no_value_twice():
    made = list(samples(5, ATTACKS, HONEST))
    kinds = Counter(sample.kind for sample in made)
    assert set(FAMILIES) == {sample.kind for sample in made if sample.hostile}
    assert set(BENIGN) == {sample.kind for sample in made if not sample.hostile}
    assert min(kinds.values()) >= 30
    assert len({sample.text for sample in made}) == len(made)
    assert set(FAMILIES) == {kind.value for kind in TYPES}


def test_every_form_gives_bounded_text_without_open_rules():
    dice = Dice(1, "forms")
    for document in {*FAMILIES.values(), "benign"}:
        grammar = load_grammar(document)
        for family, forms in grammar.families.items():
            for form in range(len(forms)):
                text = grammar.text(family, form, dice)
                assert len(text) <= MAX_TEXT
                assert OPEN not in text
                assert CLOSE not in text


def test_one_family_can_stand_alone():
    assert {sample.kind for sample in samples(6, 50, 0, ("xxe",))} == {"xxe"}


def test_every_mutation_changes_something():
    for mutate in (*MUTATIONS, *FRAMES):
        dice = Dice(2, "mutations")
        texts = [mutate('1\' or <b> = "x" (2);', dice) for _ in range(20)]
        assert any(text != '1\' or <b> = "x" (2);' for text in texts), mutate
