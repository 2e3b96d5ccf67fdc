"""Numbers as a sentence tells them: no needless digits, with the unit that they need."""

from apisentinel.records.evidence import Factor


def number(value: float | str | None) -> str:
    """A value for people: no needless digits."""
    if value is None:
        return "unknown"
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if abs(value) >= 10 or value == int(value) else f"{value:.1f}"


_STEPS = {
    "µs": ((1e6, "s"), (1e3, "ms"), (1.0, "µs")),
    "ms": ((1e3, "s"), (1.0, "ms")),
    "B": ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")),
    "s": ((3600.0, "h"), (60.0, "min"), (1.0, "s")),
    "h": ((1.0, "h"),),
    "sd": ((1.0, "standard deviations"),),
}
"""Units that a number in a sentence needs, and the larger ones that it is told in."""


def measured(value: float | str | None, unit: str, name: str = "") -> str:
    """A value for people with its unit, and shares as percentages.

    Example:
        >>> measured(17_900_000.0, "µs"), measured(0.25, "", "share of failed logins")
        ('18 s', '25 %')
        >>> measured(5080.0, "bytes"), measured(1140.0, "s"), measured(0.1, "s")
        ('5.1 kB', '19 min', '0.1 s')
        >>> measured(12.0, "requests")
        '12'
    """
    if isinstance(value, str) or value is None:
        return number(value)
    if name.startswith("share ") and not unit:
        return f"{number(100 * value)} %"
    steps = _STEPS.get("B" if unit == "bytes" else unit)
    if steps is None:
        return number(value)
    factor, name = next((step for step in steps if abs(value) >= step[0]), steps[-1])
    return f"{number(value / factor)} {name}"


def count(value: float | str | None) -> str:
    """How many of something: counts that fade with time are no whole numbers, but read as such.

    Example:
        >>> count(3.8), count(0.4), count(12_345), count("36")
        ('4', '1', '12,345', '36')
    """
    if isinstance(value, str) or value is None:
        return number(value)
    return f"{max(1, round(value)):,}" if value > 0 else f"{round(value):,}"


def times(value: float | str | None) -> str:
    """How often.

    Example:
        >>> times(1), times(2.3)
        ('once', '2 times')
    """
    told = count(value)
    return "once" if told == "1" else f"{told} times"


COMPARISONS = ("rarer", "far ", "somewhat ")
"""How words begin that compare a value with others instead of saying what is usual."""


def usually(factor: Factor) -> str:
    """What is usual, in brackets after the value; nothing when it is not known."""
    if factor.usual is None:
        return ""
    if isinstance(factor.usual, str) and factor.usual.startswith(COMPARISONS):
        return f" ({factor.usual})"
    return f" (usual: {measured(factor.usual, factor.unit, factor.name)})"
