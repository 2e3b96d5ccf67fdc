"""Detectors of what an actor does over many requests."""

from apisentinel.detectors.behaviour.agents import AgentSwitching, ScannerAgent
from apisentinel.detectors.behaviour.automation import Automation
from apisentinel.detectors.behaviour.brute_force import BruteForce
from apisentinel.detectors.behaviour.crawling import Crawling
from apisentinel.detectors.behaviour.credential_stuffing import CredentialStuffing
from apisentinel.detectors.behaviour.enumeration import Enumeration
from apisentinel.detectors.behaviour.fake_bot import FakeBot
from apisentinel.detectors.behaviour.password_spraying import PasswordSpraying
from apisentinel.detectors.behaviour.resource_abuse import ResourceAbuse
from apisentinel.detectors.behaviour.scanning import Scanning
from apisentinel.detectors.behaviour.scraping import Scraping
from apisentinel.detectors.behaviour.volume import EndpointFlood, Volume

__all__ = [
    "AgentSwitching", "Automation", "BruteForce", "Crawling", "CredentialStuffing", "EndpointFlood",
    "Enumeration",
    "FakeBot", "PasswordSpraying", "ResourceAbuse", "ScannerAgent", "Scanning", "Scraping",
    "Volume",
]  # fmt: skip
