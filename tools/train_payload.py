"""Trains the payload model that comes with the product.

    python tools/train_payload.py [--attacks N] [--honest N] [--texts N] [--output DIR]

Learns from values that our own grammars make, and, as honest text that is hard to tell from code,
from the sources and documentation of this project and of installed packages with permissive
licences (versions as locked). Nothing recorded and no collection of payloads takes part. Equal
arguments and versions give equal models; the signature differs, since its key is made for it and
thrown away.
"""

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from apisentinel import __version__
from apisentinel.evaluation.payload_examples import Recipe, examples, package_texts
from apisentinel.evaluation.payload_training import fit
from apisentinel.models.bundle import write_bundle
from apisentinel.models.trust import Signer, write_public
from apisentinel.pipeline.learned import PAYLOAD_PRIOR

SEED = 9_000
"""Of the shipped model; no test and no measure uses it."""


def main() -> None:
    """Trains and writes the model."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--attacks", type=int, default=36_000)
    parser.add_argument("--honest", type=int, default=48_000)
    parser.add_argument("--texts", type=int, default=36_000, help="texts of packages")
    parser.add_argument("--output", type=Path, default=PAYLOAD_PRIOR)
    arguments = parser.parse_args()
    recipe = Recipe(SEED, arguments.attacks, arguments.honest, arguments.texts)
    texts, digest = package_texts(recipe)
    model, found = fit(examples(recipe, texts), recipe)
    about = {
        "product": __version__, "learned": {"payload": {"source": "grammars", "texts": digest}},
        "requests": 0, "found": found, **recipe.about(),
    }  # fmt: skip
    parts = model.to_parts() | {"about.json": json.dumps(about, sort_keys=True).encode()}
    signer = Signer(Ed25519PrivateKey.generate())
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    name = write_bundle(arguments.output, parts, about, signer, moment)
    write_public(arguments.output.with_suffix(".pub"), signer.public)
    print(name, {key: len(part) for key, part in parts.items()})


if __name__ == "__main__":
    main()
