"""How well the product detects: on simulated sites, and on traffic with attacks planted in it."""

from apisentinel.evaluation.benchmark import Benchmark, Scoreboard, evaluate
from apisentinel.evaluation.matching import FAMILIES, Outcome
from apisentinel.evaluation.selftest import SelfTest, self_test

__all__ = ["FAMILIES", "Benchmark", "Outcome", "Scoreboard", "SelfTest", "evaluate",
           "self_test"]  # fmt: skip
