"""How well the product detects: on its own simulation with ground truth, seeded."""

from apisentinel.evaluation.benchmark import Benchmark, Scoreboard, evaluate
from apisentinel.evaluation.matching import FAMILIES, Outcome

__all__ = ["FAMILIES", "Benchmark", "Outcome", "Scoreboard", "evaluate"]
