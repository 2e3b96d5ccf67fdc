"""Attempts to sign in and steps beside them: which rows they are, what they add to cases."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.detectors import behaviour
from apisentinel.detectors.identity import (
    Attempt,
    AttemptGuard,
    AttemptMemory,
    IdentitySign,
    Purpose,
    Said,
    purpose_of,
)
from apisentinel.detectors.identity.attempts import FAILED, SUCCEEDED
from apisentinel.detectors.identity.cards import PAYMENT_REQUIRED, WORDS
from apisentinel.features import LOGIN, Signals
from apisentinel.pipeline.prepare import Prepared
from apisentinel.pipeline.settings import Detectors
from apisentinel.records.batch import RequestBatch
from apisentinel.records.case import EntityKey
from apisentinel.records.evidence import EntityRef, Evidence
from apisentinel.records.flags import PATH_LOGIN, PATH_REGISTER
from apisentinel.records.signal import Family

_NAMES = (
    "ts", "endpoint", "client", "network", "agent", "session", "session_given", "credential",
    "account", "secret", "body", "user", "login", "status", "method", "response_bytes",
    "duration_us", "path_flags",
)  # fmt: skip
_LOGIN = int(Purpose.LOGIN)
_DENIED, _PAYMENT, _REFRESH = int(Purpose.DENIED), int(Purpose.PAYMENT), int(Purpose.REFRESH)
TOKEN_LEAST, TOKEN_READ = 20, 4_096
"""Characters in a row that a token has at least: 128 bits (RFC 6749, section 10.10) need 22 of
base64; and bytes of a body that are searched for one.
"""
_TOKEN_PARTS = bytes(
    byte if bytes((byte,)).isalnum() or byte in b"-_.~+/%" else 32 for byte in range(256)
)
LONGEST_REPLY = 2_048
"""Bytes of the reply to a payment that are read; those to one are short."""
REFUSALS = frozenset((400, 401, 402, 403, 404, 409, 410, 422, 429))
"""Statuses by which a step beside the login says no."""
LOWEST = 400
PURPOSES_KEPT = 50_000
"""Endpoints whose purpose is remembered, 16 bytes each; far more than are remembered at once."""


class Told(NamedTuple):
    """Evidence at a row.

    Attributes:
        key: The entity; that of an account stands in no column of the row.
        ref: Its kind and id, None where the row tells.
    """

    key: EntityKey
    evidence: Evidence
    signature: str
    ref: EntityRef | None


class Identities:
    """Feeds attempts to the guard and its signs to detectors. Deterministic in their order."""

    def __init__(self, chosen: Detectors, label: Callable[[int], str]) -> None:
        self._label = label
        self._guard = AttemptGuard(slices=chosen.password_spraying.slices)
        self._purposes: dict[int, int] = {}
        self._steps = np.zeros(0, np.uint64)
        self._by_family: dict[Family, Any] = {
            Family.BRUTE_FORCE: behaviour.BruteForce(chosen.brute_force),
            Family.STUFFING: behaviour.CredentialStuffing(chosen.credential_stuffing),
        }
        self._by_sign: dict[str, Any] = {
            "site": behaviour.PasswordSpraying(chosen.password_spraying),
            "slice": behaviour.PasswordSpraying(chosen.password_spraying),
            "account": behaviour.AccountGuessing(chosen.account_guessing),
            "cards": behaviour.Carding(chosen.carding),
            "codes": behaviour.CodeGuessing(chosen.code_guessing),
            "accounts": behaviour.AccountProbing(chosen.account_probing),
            "prompts": behaviour.PromptFlood(chosen.prompt_flood),
            "steps": behaviour.StepFlood(chosen.step_flood),
            "replay": behaviour.TokenReplay(chosen.token_replay),
        }

    def judge(
        self, block: Prepared, events: npt.NDArray[Any], signals: Signals
    ) -> dict[int, list[Told]]:
        """Evidence of a block by row.

        Args:
            block: The requests, with the marks of the screen.
            events: Their `EVENT` rows after the state update.
            signals: What the state update reported.
        """
        self._learn_purposes(events, signals)
        rows = np.flatnonzero(
            (events["client"] != 0)
            & (
                (events["login"] != 0)
                | np.isin(events["endpoint"], self._steps)
                | ((events["path_flags"] & PATH_REGISTER != 0) & (events["status"] >= LOWEST))
                | (events["status"] == PAYMENT_REQUIRED)
            )
        )
        if not len(rows):
            return {}
        some = events[rows]
        columns = zip(
            *(some[name].tolist() for name in _NAMES),
            (block.fields[rows] != 0).tolist(),
            strict=True,
        )
        out: dict[int, list[Told]] = {}
        for row, values in zip(rows.tolist(), columns, strict=True):
            attempt = self._attempt(block.batch, row, *values)
            if attempt is None:
                continue
            for said in self._guard.see(attempt):
                told = self._told(block.batch, row, attempt, said)
                if told is not None:
                    out.setdefault(row, []).append(told)
        return out

    def _learn_purposes(self, events: npt.NDArray[Any], signals: Signals) -> None:
        """Reads the words of endpoints that are new."""
        fresh = np.flatnonzero(signals.ordinals["endpoint"] == 1)
        if not len(fresh):
            return
        changed = False
        for endpoint in events["endpoint"][fresh].tolist():
            if endpoint in self._purposes:
                continue
            purpose = int(purpose_of(self._label(endpoint)))
            if not purpose:
                continue
            if len(self._purposes) >= PURPOSES_KEPT:
                del self._purposes[next(iter(self._purposes))]
            self._purposes[endpoint] = purpose
            changed = True
        if changed:
            self._steps = np.array(sorted(self._purposes), np.uint64)

    def _attempt(  # noqa: PLR0913, PLR0917 (columns of one row)
        self, batch: RequestBatch, row: int, ts: int, endpoint: int, client: int, network: int,
        agent: int, session: int, session_given: int, credential: int, account: int, secret: int,
        body: int, user: int, login: int, status: int, method: int, size: int, duration: int,
        path_flags: int, is_odd: bool,  # noqa: FBT001 (a column)
    ) -> Attempt | None:  # fmt: skip
        """What a row tries, None when nothing."""
        purpose = self._purposes.get(endpoint, 0)
        if not purpose and path_flags & PATH_REGISTER and status >= LOWEST:
            # a place that never accepted anything has no route yet
            path = (batch.text("path", row) or b"").decode("utf-8", "replace")
            purpose = int(purpose_of(f"POST {path}"))
            if not purpose and not login:
                return None
        purpose = _paying(purpose, status, login)
        outcome, is_declined = login, False
        if purpose:
            outcome = _outcome(status) if 3 <= method <= 5 else 0
            if not outcome:
                return None
            if purpose == _PAYMENT:
                is_declined = _declines(batch.text("response_body", row))
            elif purpose == _REFRESH and not _holds_token(batch.text("request_body", row)):
                body = 0
        elif path_flags & PATH_LOGIN:
            purpose = _LOGIN
            # whoever the log knows is signed in
            outcome = SUCCEEDED if user and login == LOGIN.UNCLEAR else login
        else:
            purpose = _DENIED
            secret = secret or (session if session_given else 0) or credential
        return Attempt(
            ts, purpose=purpose, endpoint=endpoint, outcome=outcome, client=client,
            network=network, agent=agent, session=session if session_given else 0,
            account=account or user, secret=secret, body=body, user=user, status=status,
            size=size, duration=duration, is_odd=is_odd,
            is_declined=is_declined,
        )  # fmt: skip

    def _told(self, batch: RequestBatch, row: int, attempt: Attempt, said: Said) -> Told | None:
        signal = said.signal
        if isinstance(signal, IdentitySign):
            detector, what = self._by_sign[signal.what], f"|{signal.kind}"
        else:
            detector, what = self._by_family[signal.family], ""
        evidence = detector.evidence(signal)
        if evidence is None:
            return None
        signature = f"{detector.id}{what}"
        if said.about == "account":
            key: EntityKey = ("user", said.key)
            name = (batch.text("user_id", row) or b"").decode("utf-8", "replace")
            known = name and said.key == attempt.user
            ref = EntityRef("user", name if known else f"account~{said.key & 0xFFFFFF:06x}")
            return Told(key, evidence, signature, ref)
        keys = {"client": attempt.client, "session": attempt.session, "endpoint": attempt.endpoint}
        return Told((said.about, keys[said.about]), evidence, signature, None)

    def memory(self, *, packed: bool = False) -> AttemptMemory:
        """What a successor has to know; see `AttemptGuard.memory`."""
        return self._guard.memory(packed=packed)

    def pack_some(self, most: int) -> int:
        """See `AttemptGuard.pack_some`."""
        return self._guard.pack_some(most)

    def recall(self, memory: AttemptMemory, purposes: list[tuple[int, int]]) -> None:
        """Takes over what an earlier one remembered."""
        self._guard.recall(memory)
        self._purposes = dict(purposes)
        self._steps = np.array(sorted(self._purposes), np.uint64)

    def purposes(self) -> list[tuple[int, int]]:
        """Endpoint and purpose, oldest first."""
        return list(self._purposes.items())


def _paying(purpose: int, status: int, login: int) -> int:
    """The purpose, as far as it is about paying: 402 always is, what is refused before is not."""
    if not purpose and status == PAYMENT_REQUIRED:
        purpose = _PAYMENT
    return 0 if purpose == _PAYMENT and login else purpose


def _outcome(status: int) -> int:
    """Outcome of a step beside the login: 0 when the server failed or its answer is not known."""
    if status in REFUSALS:
        return FAILED
    return SUCCEEDED if 0 < status < LOWEST else 0


def _holds_token(body: bytes | None) -> bool:
    """Whether a body has something as long as a token, rather than the words that ask for one.

    Example:
        >>> _holds_token(b'{"grant_type":"refresh_token"}')
        False
        >>> _holds_token(b"refresh_token=8xLOxBtZp8dm2Zq1mB9Kxw")
        True
    """
    if body is None:
        return True
    parts = body[:TOKEN_READ].translate(_TOKEN_PARTS).split()
    return max(map(len, parts), default=0) >= TOKEN_LEAST


def _declines(reply: bytes | None) -> bool:
    """Whether a reply says that a card was declined."""
    if reply is None:
        return False
    small = reply[:LONGEST_REPLY].lower()
    return any(word in small for word in WORDS)
