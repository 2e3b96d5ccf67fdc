"""Signs requests as Web Bot Auth does, for tests: written apart from what verifies them."""

import base64
import json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from apisentinel.enrichment.web_bot_auth import thumbprint

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
AGENT = "bot.example"


def public(key: Ed25519PrivateKey) -> str:
    return base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).rstrip(b"=").decode()


def key_set(path: Path, key: Ed25519PrivateKey = KEY) -> Path:
    path.write_text(json.dumps({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": public(key)}]}))
    return path


def signed(
    created: int,
    *,
    host: str = "shop.example",
    key: Ed25519PrivateKey = KEY,
    named: Ed25519PrivateKey | None = None,
    life: int = 600,
    nonce: str = "",
    covered: str = '"@authority" "signature-agent"',
    more: str = "",
    agent: str = AGENT,
) -> dict[str, str]:
    """The three headers of a signature."""
    said = (
        f"({covered});created={created};expires={created + life}"
        f';keyid="{thumbprint(public(named or key))}";alg="ed25519"'
        + (f';nonce="{nonce}"' if nonce else "")
        + ';tag="web-bot-auth"'
    )
    lines = {
        '"@authority"': host, '"signature-agent"': f'"https://{agent}"', '"@path"': "/a",
        '"@method"': "GET", '"@query"': "?b=1", '"x-extra"': "1",
    }  # fmt: skip
    base = [f"{name}: {lines[name]}" for name in covered.split()]
    base.append(f'"@signature-params": {said}{more}')
    value = base64.b64encode(key.sign("\n".join(base).encode())).decode()
    return {
        "signature-agent": f'"https://{agent}"',
        "signature-input": f"sig1={said}{more}",
        "signature": f"sig1=:{value}:",
    }
