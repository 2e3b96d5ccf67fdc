"""A scan without a bundle loads nothing that only a bundle needs: it costs a tenth of a second."""

import subprocess
import sys

PROGRAM = """
import sys
import apisentinel.pipeline
from apisentinel.pipeline.scan import scan
print(*sorted(name for name in sys.modules if name.startswith(("apisentinel.", "cryptography"))))
"""
NEEDLESS = (
    "cryptography", "apisentinel.models.ensemble", "apisentinel.models.bundle",
    "apisentinel.detectors.profile.profile", "apisentinel.detectors.profile.explain",
    "apisentinel.pipeline.learning", "apisentinel.pipeline.service",
)  # fmt: skip


def test_a_scan_without_a_bundle_loads_neither_models_nor_signatures() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True, timeout=60
    )
    loaded = done.stdout.split()
    assert "apisentinel.pipeline.scan" in loaded
    assert [name for name in NEEDLESS if name in loaded] == []
