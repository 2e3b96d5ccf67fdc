"""API threat detection: learns how an API is used and finds attacks in its traffic.

For notebooks: ``Engine().process(open_batch(path))`` gives a verdict for each request of a log.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from apisentinel.pipeline.notebook import Engine, open_batch

__version__ = "0.1.0"

__all__ = ["Engine", "__version__", "open_batch"]


def __getattr__(name: str) -> Any:
    """The names for notebooks, loaded when they are asked for: the command line starts without."""
    if name in {"Engine", "open_batch"}:
        from apisentinel.pipeline import notebook  # noqa: PLC0415 (loads all of the pipeline)

        return getattr(notebook, name)
    raise AttributeError(f"module 'apisentinel' has no attribute {name!r}")
