"""The training libraries, imported when they are needed."""

import os
from importlib import import_module
from typing import Any

from apisentinel.errors import MissingDependencyError

EXTRA = "train"


def library(name: str) -> Any:
    """A module of the extra ``apisentinel[train]``.

    Raises:
        MissingDependencyError: The extra is not installed.

    Example:
        >>> library("sklearn.ensemble").IsolationForest.__name__
        'IsolationForest'
    """
    # Threads that wait by spinning take the processor from those they wait for: on two busy cores
    # boosting takes 0.5 s with this and 18 s without. Read when a library loads its OpenMP.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if name.startswith("keras"):
        os.environ.setdefault("KERAS_BACKEND", "jax")
        os.environ.setdefault("JAX_PLATFORMS", "cpu")
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingDependencyError(EXTRA, "training of models") from error
