"""What is known of programs that come under their own name: proven, disproven, or only claimed."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import NamedTuple, TypeVar

import msgspec

from apisentinel.detectors import behaviour
from apisentinel.enrichment import BotProofs, SignedRequest
from apisentinel.enrichment.web_bot_auth import FAILED, VERIFIED
from apisentinel.pipeline.view import View
from apisentinel.records.evidence import Evidence
from apisentinel.records.taxonomy import AttackType

PROVEN_KEPT, NONCES_KEPT, KEYS_KEPT = 20_000, 10_000, 256
"""Pairs of client and agent that are proven, words that signatures say once, and keys that proved
right here, remembered: 100 bytes each. What came first gives way.
"""
BY_NATURE = frozenset(
    (AttackType.CRAWLING, AttackType.SCRAPING, AttackType.AUTOMATION, AttackType.FAKE_BOT)
)
"""What a program that proved who it is does by nature."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class BotMemory(msgspec.Struct, forbid_unknown_fields=True):
    """What a successor has to know, oldest first."""

    proven: list[tuple[int, int, str]] = []
    nonces: list[tuple[str, str, int]] = []
    keys: list[str] = []


class Checked(NamedTuple):
    """What became of a claim.

    Attributes:
        is_settled: Proven or disproven; else it stays a claim.
        evidence: Of a disproven one.
    """

    is_settled: bool
    evidence: Evidence | None


class Bots:
    """Remembers which programs are proven. Deterministic in the order of requests; bounded."""

    def __init__(self, proofs: BotProofs, detector: behaviour.FakeBot) -> None:
        self._proofs = proofs
        self._detector = detector
        self._proven: OrderedDict[tuple[int, int], str] = OrderedDict()
        self._nonces: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._keys: OrderedDict[str, None] = OrderedDict()

    def excuses(self, view: View, attack: AttackType) -> bool:
        """True for what the proven program of a request does by nature."""
        return (
            bool(self._proven)
            and attack in BY_NATURE
            and (view.client, view.event["agent"]) in self._proven
        )

    def name_of(self, client: int) -> str:
        """Name of the last program that a client proved to be, empty without one."""
        found = [name for (key, _), name in self._proven.items() if key == client]
        return found[-1] if found else ""

    def check(self, view: View, *, insists: bool) -> Checked:
        """Looks at address and signature of a request."""
        agent = view.text("user_agent")
        proof = self._proofs.by_signature(_signed(view)) if self._proofs.has_keys else None
        if (
            proof is not None
            and proof.outcome == VERIFIED
            and self._is_replayed(proof.key, proof.nonce, view.event["network"])
        ):
            proof = proof._replace(outcome=FAILED, why="somebody else used this signature before")
        if proof is not None and proof.outcome == VERIFIED:
            _keep(self._keys, proof.key, None, KEYS_KEPT)
            self._prove(view, proof.agent)
            return Checked(True, None)
        if proof is not None and proof.outcome == FAILED:
            # a proxy that changes what is signed breaks all signatures alike
            told = self._detector.disproven(
                agent, proof.why, is_known=proof.key in self._keys, insists=insists
            )
            return Checked(True, told)
        found = self._proofs.by_address(agent, view.event["address_hi"], view.event["address_lo"])
        if found is None:
            return Checked(False, None)
        name, is_theirs = found
        if is_theirs:
            self._prove(view, name)
            return Checked(True, None)
        why = "its operator does not publish this address"
        return Checked(True, self._detector.disproven(agent, why, is_known=True, insists=insists))

    def _prove(self, view: View, name: str) -> None:
        _keep(self._proven, (view.client, view.event["agent"]), name, PROVEN_KEPT)

    def _is_replayed(self, key: str, nonce: str, network: int) -> bool:
        """True for a word said once that came from another network before."""
        if not nonce:
            return False
        before = self._nonces.get((key, nonce))
        if before is None:
            _keep(self._nonces, (key, nonce), network, NONCES_KEPT)
        return before is not None and before != network

    def memory(self) -> BotMemory:
        """What a successor has to know."""
        return BotMemory(
            [(client, agent, name) for (client, agent), name in self._proven.items()],
            [(key, nonce, network) for (key, nonce), network in self._nonces.items()],
            list(self._keys),
        )

    def recall(self, memory: BotMemory) -> None:
        """Takes over what an earlier one remembered."""
        self._proven = OrderedDict(((client, agent), name) for client, agent, name in memory.proven)
        self._nonces = OrderedDict(((key, nonce), net) for key, nonce, net in memory.nonces)
        self._keys = OrderedDict.fromkeys(memory.keys)


def _keep(kept: OrderedDict[K, V], key: K, value: V, most: int) -> None:
    if key not in kept and len(kept) >= most:
        kept.popitem(last=False)
    kept[key] = value


def _signed(view: View) -> SignedRequest:
    """What a signature may cover, as it was received."""
    headers = view.batch.headers(view.row)
    written = next((value for name, value in headers if name.lower() == b"host"), None)
    host = view.text("host") or (written or b"").decode("latin-1")
    scheme = view.text("scheme").lower() or None
    host = host.strip().lower()
    for default in (":443", ":80"):
        host = host.removesuffix(default)
    return SignedRequest(
        view.ts / 1e6, view.text("method"), host or None, scheme, view.text("path"),
        view.text("query"), headers,
    )  # fmt: skip
