"""Honest traffic and attack campaigns with ground truth, seeded."""

from apisentinel.simulator.demo import demo_stream
from apisentinel.simulator.settings import ATTACKS, PROFILES, VARIANTS, Plan, plan
from apisentinel.simulator.simulation import Block, Simulation

__all__ = ["ATTACKS", "PROFILES", "VARIANTS", "Block", "Plan", "Simulation", "demo_stream", "plan"]
