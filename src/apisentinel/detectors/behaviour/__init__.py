"""Detectors of what an actor does over many requests."""

from apisentinel.detectors.behaviour.access_rate import AccessRate
from apisentinel.detectors.behaviour.account_guessing import AccountGuessing
from apisentinel.detectors.behaviour.account_probing import AccountProbing
from apisentinel.detectors.behaviour.account_takeover import AccountTakeover
from apisentinel.detectors.behaviour.agents import AgentSwitching, ScannerAgent
from apisentinel.detectors.behaviour.automation import Automation
from apisentinel.detectors.behaviour.brute_force import BruteForce
from apisentinel.detectors.behaviour.carding import Carding
from apisentinel.detectors.behaviour.closed_endpoint import ClosedEndpoint
from apisentinel.detectors.behaviour.code_guessing import CodeGuessing
from apisentinel.detectors.behaviour.crawling import Crawling
from apisentinel.detectors.behaviour.credential_stuffing import CredentialStuffing
from apisentinel.detectors.behaviour.data_taking import DataTaking
from apisentinel.detectors.behaviour.endpoint_surge import EndpointSurge
from apisentinel.detectors.behaviour.enumeration import Enumeration
from apisentinel.detectors.behaviour.expired_token import ExpiredToken
from apisentinel.detectors.behaviour.fake_bot import FakeBot
from apisentinel.detectors.behaviour.forbidden_functions import ForbiddenFunctions
from apisentinel.detectors.behaviour.foreign_functions import ForeignFunctions
from apisentinel.detectors.behaviour.foreign_objects import ForeignObjects
from apisentinel.detectors.behaviour.impossible_travel import ImpossibleTravel
from apisentinel.detectors.behaviour.many_objects import ManyObjects
from apisentinel.detectors.behaviour.pace import Pace
from apisentinel.detectors.behaviour.parameter_discovery import ParameterDiscovery
from apisentinel.detectors.behaviour.password_spraying import PasswordSpraying
from apisentinel.detectors.behaviour.prompt_flood import PromptFlood
from apisentinel.detectors.behaviour.refused_targets import RefusedTargets
from apisentinel.detectors.behaviour.repeated_calls import RepeatedCalls
from apisentinel.detectors.behaviour.resource_abuse import ResourceAbuse
from apisentinel.detectors.behaviour.scanning import Scanning
from apisentinel.detectors.behaviour.scraping import Scraping
from apisentinel.detectors.behaviour.skipped_steps import SkippedSteps
from apisentinel.detectors.behaviour.step_flood import StepFlood
from apisentinel.detectors.behaviour.token_abuse import TokenAbuse
from apisentinel.detectors.behaviour.token_forgery import TokenForgery
from apisentinel.detectors.behaviour.token_replay import TokenReplay
from apisentinel.detectors.behaviour.token_sharing import TokenSharing
from apisentinel.detectors.behaviour.unusual_replies import UnusualReplies
from apisentinel.detectors.behaviour.volume import EndpointFlood, Volume

__all__ = [
    "AccessRate", "AccountGuessing", "AccountProbing", "AccountTakeover", "AgentSwitching",
    "Automation", "BruteForce", "Carding", "ClosedEndpoint", "CodeGuessing", "Crawling",
    "CredentialStuffing", "DataTaking", "EndpointFlood", "EndpointSurge", "Enumeration",
    "ExpiredToken", "FakeBot", "ForbiddenFunctions", "ForeignFunctions", "ForeignObjects",
    "ImpossibleTravel", "ManyObjects", "Pace", "ParameterDiscovery", "PasswordSpraying",
    "PromptFlood", "RefusedTargets", "RepeatedCalls", "ResourceAbuse", "ScannerAgent",
    "Scanning", "Scraping", "SkippedSteps", "StepFlood", "TokenAbuse", "TokenForgery",
    "TokenReplay", "TokenSharing", "UnusualReplies", "Volume",
]  # fmt: skip
