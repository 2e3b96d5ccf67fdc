"""All learned state in one file, written so that a crash leaves the old file or the new one, never
half of one.
"""

import io
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.errors import StateError
from apisentinel.pipeline.engine import Engine

FORMAT = 1
LARGEST_BYTES = 4 << 30
"""Unpacked size that a snapshot may have; larger ones are refused before they fill the memory."""


def save(engine: Engine, path: Path) -> None:
    """Writes the keyed state and the learned routes of an engine.

    Cases and alerts are not part of it: they belong to a report, the state to the traffic.
    """
    arrays: dict[str, npt.NDArray[Any]] = {
        "format": np.array([FORMAT]),
        "seq": np.array([engine.seq]),
    }
    arrays |= {f"state/{name}": array for name, array in engine.state.snapshot().items()}
    arrays |= {f"enrichment/{name}": array for name, array in engine.enricher.snapshot().items()}
    body = io.BytesIO()
    np.savez_compressed(body, allow_pickle=False, **arrays)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("wb") as file:
        file.write(body.getvalue())
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def load(engine: Engine, path: Path) -> None:
    """Takes over a snapshot; the engine continues as if it had seen that traffic.

    Raises:
        StateError: The file is damaged, too large, or of another version or other bounds.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(item.file_size for item in archive.infolist()) > LARGEST_BYTES:
                raise StateError(f"{path} unpacks to more than {LARGEST_BYTES:,} bytes")
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
        raise StateError(f"{path} is no snapshot or is damaged: {error}") from error
    if int(arrays.get("format", np.array([0]))[0]) != FORMAT:
        raise StateError(f"{path} was written by another version; scan the traffic again")
    try:
        engine.state.restore(_part(arrays, "state/"))
        engine.enricher.restore(_part(arrays, "enrichment/"))
        engine.seq = int(arrays["seq"][0])
    except (KeyError, ValueError) as error:
        raise StateError(f"{path} does not fit: {error}") from error


def _part(arrays: dict[str, npt.NDArray[Any]], prefix: str) -> dict[str, npt.NDArray[Any]]:
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
