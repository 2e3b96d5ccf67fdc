"""A row of numbers as a row of bars."""

from collections.abc import Sequence


def sparkline(values: Sequence[int], blocks: str) -> str:
    """One character per value; the first means nothing at all, so that one event stays visible.

    Args:
        values: Numbers, not negative.
        blocks: Characters for nothing, and then from low to high.

    Returns:
        As many characters as values.

    Example:
        >>> sparkline([0, 1, 50, 100], " ▁▂▃▄▅▆▇█")
        ' ▁▄█'
    """
    peak = max(values, default=0)
    if not peak:
        return blocks[0] * len(values)
    levels = len(blocks) - 1
    return "".join(
        blocks[-(-value * levels // peak)] if value > 0 else blocks[0] for value in values
    )
