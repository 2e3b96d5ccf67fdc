"""Hostile and honest values, to train the payload model and to measure it: seeded grammars."""

from apisentinel.simulator.values.generate import BENIGN, FAMILIES, Sample, attack, benign, samples

__all__ = ["BENIGN", "FAMILIES", "Sample", "attack", "benign", "samples"]
