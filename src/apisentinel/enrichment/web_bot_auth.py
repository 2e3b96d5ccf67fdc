"""Web Bot Auth: programs that sign their requests, verified with keys from local files.

A signature counts where it says everything that the profile asks for and the log has everything
that it covers; else nothing is known and it stays a claim.

References: RFC 9421 (HTTP message signatures); RFC 7517, 7638, 8037 (keys);
draft-ietf-webbotauth-httpsig-protocol (the profile).
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from apisentinel.enrichment.structured import (
    Covered,
    SignatureInput,
    bare,
    dictionary,
    signature_input,
)
from apisentinel.errors import ConfigError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

TAG = "web-bot-auth"
MOST_KEYS, MOST_BYTES = 256, 1 << 20
LEEWAY_S, LONGEST_LIFE_S = 300, 24 * 3_600
"""Clocks that differ, and the longest life that the profile recommends."""
VERIFIED, FAILED, CLAIMED = "verified", "failed", "claimed"

Headers = Sequence[tuple[bytes, bytes]]


class Request(NamedTuple):
    """What a signature may cover, as received; None where the log does not say.

    Attributes:
        ts: Event time, s.
    """

    ts: float
    method: str
    authority: str | None
    scheme: str | None
    path: str
    query: str | None
    headers: Headers


class Proof(NamedTuple):
    """What became of a signature: ``verified``, ``failed`` or ``claimed``, and why.

    `key` is the id of a key that is known, `nonce` what the signature says once; empty otherwise.
    """

    outcome: str
    agent: str
    why: str
    key: str = ""
    nonce: str = ""


class Directory:
    """Keys of programs, by the id that signatures name."""

    def __init__(self, files: Sequence[Path]) -> None:
        """Reads the keys.

        Args:
            files: JWKS files, each named by the host of ``Signature-Agent``.

        Raises:
            ConfigError: A file cannot be read or has no Ed25519 key.
        """
        self._keys: dict[str, tuple[str, Ed25519PublicKey]] = {}
        for path in files:
            agent = path.name.lower().removesuffix(".json").removesuffix(".jwks")
            for key, public in _keys(path):
                self._keys[key] = (agent, public)

    def verify(self, request: Request) -> Proof | None:
        """What the signature of a request says, None when there is none of a program."""
        fields = _fields(request.headers)
        if "signature-input" not in fields or "signature" not in fields:
            return None
        signatures = dictionary(fields["signature"])
        for label, value in dictionary(fields["signature-input"]).items():
            said = signature_input(value)
            if said is not None and said.parameters.get("tag") == TAG:
                return self._verify(request, fields, said, signatures.get(label, ""))
        return None

    def _verify(
        self, request: Request, fields: Mapping[str, str], said: SignatureInput, written: str
    ) -> Proof:
        claimed = _agent(fields.get("signature-agent", ""))
        key, nonce = said.parameters.get("keyid", ""), said.parameters.get("nonce", "")
        known = self._keys.get(key)
        if known is None:
            return Proof(CLAIMED, claimed, "its key is not known here")
        agent, public = known
        if claimed and claimed != agent:
            return Proof(FAILED, claimed, f"it is the key of {agent}", key)
        if _has_expired(said.parameters, request.ts):
            return Proof(FAILED, agent, "it has expired", key)
        base = _base(request, fields, said)
        doubt = _doubt(said, request.ts, names_agent=bool(claimed))
        if doubt or base is None:
            return Proof(CLAIMED, agent, doubt or "it covers what the log does not hold", key)
        if not _is_right(public, written, base):
            return Proof(FAILED, agent, "the signature is wrong", key)
        return Proof(VERIFIED, agent, "its signature is right", key, nonce)


def _is_right(public: "Ed25519PublicKey", written: str, base: str) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 (30 ms, seldom)

    try:
        public.verify(_binary(written), base.encode("utf-8", "surrogateescape"))
    except (InvalidSignature, ValueError):
        return False
    return True


def _keys(path: Path) -> list[tuple[str, "Ed25519PublicKey"]]:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 (30 ms, seldom)
        Ed25519PublicKey,
    )

    try:
        if path.stat().st_size > MOST_BYTES:
            raise ConfigError(f"{path}: larger than {MOST_BYTES >> 20} MiB")
        found: Any = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: no key set can be read: {error}") from error
    listed = found.get("keys") if isinstance(found, dict) else None
    out = []
    for key in listed[:MOST_KEYS] if isinstance(listed, list) else ():
        if not isinstance(key, dict) or (key.get("kty"), key.get("crv")) != ("OKP", "Ed25519"):
            continue
        x = str(key.get("x", ""))
        try:
            raw = base64.urlsafe_b64decode(x + "=" * (-len(x) % 4))
            out.append((thumbprint(x), Ed25519PublicKey.from_public_bytes(raw)))
        except (ValueError, binascii.Error) as error:
            raise ConfigError(f"{path}: a key is broken: {error}") from error
    if not out:
        raise ConfigError(f"{path}: holds no Ed25519 key")
    return out


def thumbprint(x: str) -> str:
    """Id of an Ed25519 key, given its ``x`` (RFC 7638, RFC 8037).

    Example:
        >>> thumbprint("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
        'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k'
    """
    text = json.dumps({"crv": "Ed25519", "kty": "OKP", "x": x}, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def _fields(headers: Headers) -> dict[str, str]:
    """Header values by name; several of one name are joined as HTTP says."""
    out: dict[str, str] = {}
    for name, value in headers:
        key = name.decode("latin-1").lower()
        text = value.decode("utf-8", "surrogateescape").strip()
        out[key] = f"{out[key]}, {text}" if key in out else text
    return out


def _agent(field: str) -> str:
    """Host that ``Signature-Agent`` names, in small letters; empty without one."""
    if not field:
        return ""
    value = field if field.startswith('"') else next(iter(dictionary(field).values()), "")
    text = bare(value)
    try:
        return (urlsplit(text).hostname or text).lower()
    except ValueError:
        return text.lower()


def _has_expired(parameters: Mapping[str, str], ts: float) -> bool:
    expires = parameters.get("expires", "")
    return expires.isascii() and expires.isdigit() and ts > int(expires[:15]) + LEEWAY_S


def _doubt(said: SignatureInput, ts: float, *, names_agent: bool) -> str:
    """Why a signature says nothing, whether it is right or wrong; empty when it does."""
    names = {covered.name for covered in said.covered}
    if not names & {"@authority", "@target-uri"}:
        return "the signature does not cover the host"
    if names_agent and "signature-agent" not in names:
        return "the signature does not cover the agent"
    created, expires = (said.parameters.get(name, "")[:15] for name in ("created", "expires"))
    if not (created.isascii() and created.isdigit() and expires.isascii() and expires.isdigit()):
        return "it does not say when it was made and how long it holds"
    if int(expires) - int(created) > LONGEST_LIFE_S or ts < int(created) - LEEWAY_S:
        return "it holds too long, or from later on"
    return ""


def _base(request: Request, fields: Mapping[str, str], said: SignatureInput) -> str | None:
    """What was signed (RFC 9421, section 2.5); None when the log does not hold all of it."""
    lines = []
    for covered in said.covered:
        value = _component(request, fields, covered)
        if value is None:
            return None
        lines.append(f'"{covered.name}"{covered.parameters}: {value}')
    return "\n".join([*lines, f'"@signature-params": {said.raw}'])


def _component(request: Request, fields: Mapping[str, str], covered: Covered) -> str | None:
    name, parameters = covered
    if name.startswith("@"):
        if parameters:
            return None
        return _derived(request, name)
    value = fields.get(name)
    if not parameters or value is None:
        return value
    if parameters.startswith(';key="') and parameters.endswith('"'):
        return dictionary(value).get(parameters[6:-1])
    return None


def _derived(request: Request, name: str) -> str | None:
    host, scheme = request.authority, request.scheme
    query = request.query
    target = request.path + (f"?{query}" if query else "")
    values: dict[str, str | None] = {
        "@method": request.method, "@authority": host, "@scheme": scheme,
        "@path": request.path or "/", "@query": f"?{query or ''}", "@request-target": target,
        "@target-uri": f"{scheme}://{host}{target}" if scheme and host else None,
    }  # fmt: skip
    return values.get(name)


def _binary(written: str) -> bytes:
    """Bytes of ``:base64:``.

    Raises:
        ValueError: It is written differently.
    """
    if len(written) < 2 or written[0] != ":" or written[-1] != ":":
        raise ValueError("no byte sequence")
    return base64.b64decode(written[1:-1], validate=True)
