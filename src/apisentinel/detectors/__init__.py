"""Detectors: each gives evidence, none decides. Fusion into a risk happens in `scoring`."""
