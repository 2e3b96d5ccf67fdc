"""Attempts to sign in, and who stands behind an account: memory and rules."""

from apisentinel.detectors.identity.attempts import Attempt, AttemptMemory
from apisentinel.detectors.identity.guard import AttemptGuard, Said
from apisentinel.detectors.identity.places import Purpose, purpose_of
from apisentinel.detectors.identity.signs import IdentitySign
from apisentinel.detectors.identity.tokens import TokenMemory, Tokens, TokenUse
from apisentinel.detectors.identity.travel import Journey
from apisentinel.detectors.identity.visits import TakeoverSign, Visit, VisitMemory, Visits

__all__ = [
    "Attempt", "AttemptGuard", "AttemptMemory", "IdentitySign", "Journey", "Purpose", "Said",
    "TakeoverSign", "TokenMemory", "TokenUse", "Tokens", "Visit", "VisitMemory", "Visits",
    "purpose_of",
]  # fmt: skip
